// RawService through the real program: a method no rpc exists for, what is added to it, what is refused, what comes
// back.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/sha.h>

#include <string>
#include <vector>

#include "tests/support/gateway.h"
#include "tests/support/simulator.h"

namespace imbot {
namespace {

using ::testing::ElementsAre;
using testing::Gateway;
using testing::GatewayOptions;
using testing::Json;
using testing::RpcOptions;
using testing::RpcResult;
using testing::Simulator;
using testing::TemporaryFolder;

constexpr char kCall[] = "imbot.gateway.v1.RawService/Call";

// The violated fields' paths.
std::vector<std::string> Paths(const RpcResult& result) {
  std::vector<std::string> paths;
  const google::rpc::BadRequest bad = result.BadRequest();
  for (const auto& violation : bad.field_violations()) paths.push_back(violation.field());
  return paths;
}

class Raw : public ::testing::Test {
 protected:
  static GatewayOptions Options(const Simulator& simulator) {
    GatewayOptions options;
    options.portal_url = simulator.http_url();
    options.configuration = "anonymous_raw_allowed: true\nhandler_hosts: [bots.example.com]\ndefault_portal: acme\n";
    return options;
  }
  RpcResult Call(const Json& request) const { return gateway_.Call(kCall, request.dump()); }
  Json Result(const Json& request) const {
    const RpcResult result = Call(request);
    EXPECT_TRUE(result.ok()) << result.status.error_message();
    return result.ok() ? Json::parse(result.json) : Json();
  }
  // The portal answers its next call with this body.
  void Answer(const std::string& body) const {
    simulator_.Post(
        "/faults",
        {{"method", "*"}, {"kind", "body"}, {"at", "before_auth"}, {"args", {{"body", body}, {"code", 200}}}});
  }
  // The body of the last request, as the portal's socket had it.
  std::string LastBody() const { return simulator_.Received().back().at("body").get<std::string>(); }
  size_t Requests() const { return simulator_.Received().size(); }
  // The bot's id.
  int64_t Register(const std::string& code) const {
    const RpcResult result = gateway_.Call(
        "bitrix24.imbot.v2.BotService/RegisterBot",
        Json({{"portal", "acme"}, {"fields", {{"code", code}, {"properties", {{"name", code}}}}}}).dump());
    EXPECT_TRUE(result.ok()) << result.status.error_message();
    return result.ok() ? std::stoll(Json::parse(result.json).at("bot").at("id").get<std::string>()) : 0;
  }
  // As the portal was told it.
  std::string SecretOfTheLastRegistration() const {
    const std::vector<Json> received = simulator_.Received();
    for (const Json& request : received) {
      const Json body = Json::parse(request.at("body").get<std::string>(), nullptr, false);
      if (body.contains("fields") && body.at("fields").contains("botToken")) return body.at("fields").at("botToken");
    }
    return "";
  }

  const Simulator simulator_;
  const TemporaryFolder folder_;
  const Gateway gateway_{folder_, Options(simulator_)};
};

TEST_F(Raw, CallsAMethodThatHasNoRpc) {
  const Json answer = Result({{"portal", "acme"}, {"method", "server.time"}});
  EXPECT_TRUE(answer.at("result").is_string()) << answer;
  EXPECT_EQ(simulator_.Received().back().at("target").get<std::string>().find("/rest/1/"), 0u);
  EXPECT_EQ(LastBody(), "{}");
}

TEST_F(Raw, SendsIntegralNumbersAsIntegersAndEverythingElseAsItStands) {
  Answer(R"({"result":true,"time":{}})");
  const Json answer = Result({{"method", "im.example.call"},
                              {"params",
                               {{"ID", 5},
                                {"NEGATIVE", -7},
                                {"MOST", 9007199254740992},
                                {"RATIO", 1.5},
                                {"WHOLE", 3.0},
                                {"TEXT", "Привет \"\\\n"},
                                {"YES", true},
                                {"NOTHING", nullptr},
                                {"LIST", {1, "two", Json::array(), Json::object()}},
                                {"start", 50}}}});
  EXPECT_EQ(answer, Json({{"result", true}}));
  EXPECT_EQ(LastBody(),
            R"({"ID":5,"LIST":[1,"two",[],{}],"MOST":9007199254740992,"NEGATIVE":-7,"NOTHING":null,"RATIO":1.5,)"
            R"("TEXT":"Привет \"\\\n","WHOLE":3,"YES":true,"start":50})");
}

TEST_F(Raw, GivesTheResultBackUnchangedButIntegersBeyondADoubleAsTexts) {
  Answer(R"({"result":{"a":[1,"2",null,true,1.25,{"b":[]}],"exact":9007199254740992,"most":9007199254740993,
             "least":-9007199254740993,"uint":18446744073709551615,"huge":123456789012345678901234567890,"":"empty",
             "A":{},"false":false},"next":50,"total":1073,"time":{"duration":0.5}})");
  EXPECT_EQ(Result({{"method", "im.example.list"}}),
            Json::parse(R"({"result":{"a":[1,"2",null,true,1.25,{"b":[]}],"exact":9007199254740992,
               "most":"9007199254740993","least":"-9007199254740993","uint":"18446744073709551615",
               "huge":"123456789012345678901234567890","":"empty","A":{},"false":false},"next":"50","total":"1073"})"));
  Answer(R"({"result":null})");
  EXPECT_EQ(Result({{"method", "im.example.nothing"}}), Json({{"result", nullptr}}));
  Answer(R"({"result":[]})");
  EXPECT_EQ(Result({{"method", "im.example.nothing"}}), Json({{"result", Json::array()}}));
}

TEST_F(Raw, AddsTheBotsIdAndSecretAsTheMethodsApiSpellsThem) {
  const int64_t id = Register("support");
  const std::string secret = SecretOfTheLastRegistration();
  ASSERT_FALSE(secret.empty());
  Answer(R"({"result":true})");
  Result({{"bot", "acme/support"}, {"method", "imbot.v2.Example.call"}, {"params", {{"a", 1}}}});
  EXPECT_EQ(Json::parse(LastBody()), Json({{"a", 1}, {"botId", id}, {"botToken", secret}}));
  Answer(R"({"result":true})");
  Result({{"bot", "support"}, {"method", "imbot.example.call"}});
  EXPECT_EQ(Json::parse(LastBody()), Json({{"BOT_ID", id}, {"CLIENT_ID", secret}}));
  Answer(R"({"result":true})");
  Result({{"portal", "acme"}, {"method", "imbot.example.call"}});
  EXPECT_EQ(LastBody(), "{}") << "nothing is added without `bot`";
}

TEST_F(Raw, HidesSecretsInAResult) {
  Register("support");
  const std::string secret = SecretOfTheLastRegistration();
  Answer(R"({"result":{"appId":"custom)" + secret + R"(","urls":["https://x/rest/1/simulator/download?id=1"]}})");
  EXPECT_EQ(Result({{"method", "im.example.list"}}),
            Json::parse(R"({"result":{"appId":"custom***","urls":["https://x/rest/1/***/download?id=1"]}})"));
}

TEST_F(Raw, MapsAnErrorOfThePortalAndNamesTheMethod) {
  const RpcResult result = Call({{"method", "im.no.such.method"}});
  EXPECT_EQ(result.Reason(), "ERROR_METHOD_NOT_FOUND");
  EXPECT_EQ(result.Outcome(), "NOT_EXECUTED");
  EXPECT_EQ(result.Info().metadata().at("method"), "im.no.such.method");
  EXPECT_EQ(result.Info().metadata().at("portal"), "acme");
}

TEST_F(Raw, DoesNotRepeatAnUnknownOutcome) {
  simulator_.Post("/faults", {{"method", "server.time"}, {"kind", "reset_after"}, {"count", -1}});
  const RpcResult result = Call({{"method", "server.time"}});
  EXPECT_EQ(result.Outcome(), "UNKNOWN");
  EXPECT_EQ(simulator_.Executed().size(), 1u);
}

TEST_F(Raw, RefusesMethodsItMustNotCarry) {
  for (const char* method :
       {"batch", "BATCH", "Batch.json", "batch.xml", "imbot.v2.Event.get", "imbot.v2.event.GET.json", "im.v2.Event.get",
        "imbot.v2.File.download", "im.v2.File.download", "download", "imbot.v2.Bot.register", "imbot.register",
        "IMBOT.REGISTER", "imbot.v2.Bot.unregister", "imbot.unregister"}) {
    const RpcResult result = Call({{"method", method}});
    EXPECT_EQ(result.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << method;
    EXPECT_EQ(result.Reason(), "RAW_METHOD_REFUSED") << method;
    EXPECT_EQ(result.Outcome(), "NOT_EXECUTED") << method;
    EXPECT_THAT(Paths(result), ElementsAre("method")) << method;
  }
  EXPECT_EQ(Requests(), 0u);
}

TEST_F(Raw, RefusesParametersThatAuthenticateOrChangeAToken) {
  const int64_t id = Register("support");
  const size_t before = Requests();
  const std::vector<std::pair<Json, std::string>> cases = {
      {{{"auth", "x"}}, "params.auth"},
      {{{"AUTH", "x"}}, "params.AUTH"},
      {{{"access_token", "x"}}, "params.access_token"},
      {{{"sessid", "x"}}, "params.sessid"},
      {{{"ap", "x"}}, "params.ap"},
      {{{"aplogin", "x"}}, "params.aplogin"},
      {{{"auth_connector", "x"}}, "params.auth_connector"},
      {{{"livechat_auth_id", "x"}}, "params.livechat_auth_id"},
      {{{"call_auth_id", "x"}}, "params.call_auth_id"},
      {{{"token", "x"}}, "params.token"},
      {{{"method", "x"}}, "params.method"},
      {{{"state", "x"}}, "params.state"},
      {{{"botToken", "x"}}, "params.botToken"},
      {{{"BOT_TOKEN", "x"}}, "params.BOT_TOKEN"},
      {{{"CLIENT_ID", "x"}}, "params.CLIENT_ID"},
      {{{"clientId", "x"}}, "params.clientId"},
      {{{"fields", {{"botToken", "x"}}}}, "params.fields.botToken"},
      {{{"list", {{{"BOT_TOKEN", "x"}}}}}, "params.list[0].BOT_TOKEN"},
      {{{"botId", id}}, "params.botId"},
      {{{"BOT_ID", id}}, "params.BOT_ID"},
  };
  for (const auto& [params, path] : cases) {
    const RpcResult result = Call({{"bot", "support"}, {"method", "imbot.v2.Bot.update"}, {"params", params}});
    EXPECT_EQ(result.Reason(), "RAW_METHOD_REFUSED") << params;
    EXPECT_THAT(Paths(result), ElementsAre(path)) << params;
  }
  EXPECT_EQ(Requests(), before);
  // The same names where they mean nothing to the portal's entry are a caller's own business.
  Answer(R"({"result":true})");
  Result({{"portal", "acme"},
          {"method", "im.example.call"},
          {"params", {{"BOT_ID", 5}, {"data", {{"auth", "none"}, {"token", "t"}}}}}});
}

TEST_F(Raw, RefusesWhatIsNoMethodOrNoObject) {
  for (const char* method :
       {"", "im/../batch", "im.x?auth=1", "im x", "im.x/", "im.%62atch", ".batch", "batch.", "им"}) {
    const RpcResult result = Call({{"method", method}});
    EXPECT_EQ(result.Reason(), "VALIDATION_FAILED") << method;
    EXPECT_THAT(Paths(result), ElementsAre("method")) << method;
  }
  EXPECT_THAT(Paths(Call({{"portal", "acme"}})), ElementsAre("method"));
  for (const Json& params : {Json::array({1}), Json("text"), Json(5), Json(true)}) {
    EXPECT_THAT(Paths(Call({{"method", "im.x"}, {"params", params}})), ElementsAre("params")) << params;
  }
  EXPECT_THAT(Paths(Call({{"method", "im.x"}, {"bot", ""}})), ElementsAre("bot"));
  EXPECT_EQ(Requests(), 0u);
}

TEST_F(Raw, SendsABotsEventsOnlyToHostsOnTheList) {
  Register("support");
  const size_t before = Requests();
  for (const char* name : {"webhookUrl", "WEBHOOK_URL", "EVENT_HANDLER", "EVENT_MESSAGE_ADD", "handler", "HANDLER"}) {
    const RpcResult result = Call({{"bot", "support"},
                                   {"method", "imbot.update"},
                                   {"params", {{"FIELDS", {{name, "https://evil.example.org/x"}}}}}});
    EXPECT_EQ(result.Reason(), "HANDLER_URL_NOT_ALLOWED") << name;
    EXPECT_THAT(Paths(result), ElementsAre(std::string("params.FIELDS.") + name));
  }
  EXPECT_EQ(Requests(), before);
  Answer(R"({"result":true})");
  Result({{"portal", "acme"},
          {"method", "event.bind"},
          {"params", {{"event", "ONAPPINSTALL"}, {"handler", "https://bots.example.com/x"}}}});
}

TEST_F(Raw, TellsUnknownPortalsAndBotsApart) {
  EXPECT_EQ(Call({{"portal", "nowhere"}, {"method", "server.time"}}).Reason(), "PORTAL_UNKNOWN");
  EXPECT_EQ(Call({{"bot", "acme/nobody"}, {"method", "server.time"}}).Reason(), "BOT_UNKNOWN");
  EXPECT_EQ(Requests(), 0u);
}

// Callers by token: only the one who may.
TEST(RawPolicy, LetsInOnlyWhomTheConfigurationNames) {
  const auto sha256 = [](const std::string& text) {
    std::string hex;
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
    for (const unsigned char byte : digest) {
      static constexpr char kHex[] = "0123456789abcdef";
      hex += {kHex[byte >> 4], kHex[byte & 15]};
    }
    return hex;
  };
  const Simulator simulator;
  const TemporaryFolder folder;
  GatewayOptions options;
  options.portal_url = simulator.http_url();
  options.configuration = "callers:\n  - {name: plain, token_sha256: " + sha256("token-of-plain") +
                          "}\n  - {name: trusted, token_sha256: " + sha256("token-of-trusted") +
                          ", raw_allowed: true}\n";
  const Gateway gateway(folder, options);
  const std::string request = R"({"portal": "acme", "method": "server.time"})";
  const auto as = [](const std::string& token) {
    RpcOptions rpc;
    rpc.metadata = {{"authorization", "Bearer " + token}};
    return rpc;
  };
  EXPECT_EQ(gateway.Call(kCall, request).status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  const RpcResult refused = gateway.Call(kCall, request, as("token-of-plain"));
  EXPECT_EQ(refused.status.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(refused.Reason(), "CALLER_NOT_ALLOWED");
  EXPECT_TRUE(simulator.Received().empty());
  EXPECT_TRUE(gateway.Call(kCall, request, as("token-of-trusted")).ok());
}

TEST(RawPolicy, IsDeniedWhereNobodySaidOtherwise) {
  const Simulator simulator;
  const TemporaryFolder folder;
  GatewayOptions options;
  options.portal_url = simulator.http_url();
  const Gateway gateway(folder, options);
  EXPECT_EQ(gateway.Call(kCall, R"({"portal": "acme", "method": "server.time"})").Reason(), "CALLER_NOT_ALLOWED");
}

}  // namespace
}  // namespace imbot
