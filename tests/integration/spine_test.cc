// Every method of the first slice from a client's socket to the portal's, through the real program, with the portal's
// ledger as witness.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/gateway.h"
#include "tests/support/simulator.h"

namespace imbot {
namespace {

using testing::Gateway;
using testing::GatewayOptions;
using testing::Json;
using testing::RpcResult;
using testing::Simulator;
using testing::TemporaryFolder;

class Spine : public ::testing::Test {
 protected:
  static GatewayOptions Options(const Simulator& simulator) {
    GatewayOptions options;
    options.portal_url = simulator.http_url();
    options.configuration = "handler_hosts: [bots.example.com]\n";
    return options;
  }

  Json Call(const std::string& method, const Json& request) {
    const RpcResult result = gateway_.Call(method, request.dump());
    EXPECT_TRUE(result.ok()) << method << ": " << result.status.error_message();
    return result.ok() ? Json::parse(result.json) : Json();
  }
  void RegisterV2(const std::string& code) {
    Call("bitrix24.imbot.v2.BotService/RegisterBot",
         {{"portal", "acme"}, {"fields", {{"code", code}, {"properties", {{"name", code}}}}}});
  }
  void RegisterV1(const std::string& code) {
    Call("bitrix24.imbot.v1.BotService/RegisterBot", {{"portal", "acme"},
                                                      {"CODE", code},
                                                      {"EVENT_HANDLER", "https://bots.example.com/e"},
                                                      {"PROPERTIES", {{"NAME", code}}}});
  }
  // The last executed call: what the portal understood.
  Json LastExecuted() const { return simulator_.Executed().back(); }

  const Simulator simulator_;
  const TemporaryFolder folder_;
  const Gateway gateway_{folder_, Options(simulator_)};
};

TEST_F(Spine, RegistersUpdatesGetsAndUnregistersABotOfV2) {
  const Json registered =
      Call("bitrix24.imbot.v2.BotService/RegisterBot",
           {{"portal", "acme"},
            {"fields",
             {{"code", "support_bot"}, {"properties", {{"name", "Support Bot"}, {"workPosition", "AI Assistant"}}}}}});
  EXPECT_EQ(registered.at("bot").at("code"), "support_bot");
  EXPECT_EQ(registered.at("bot").at("eventMode"), "fetch") << "the portal's default";
  EXPECT_EQ(registered.at("users").at(0).at("name"), "Support Bot");
  Call("bitrix24.imbot.v2.BotService/UpdateBot", {{"bot", "acme/support_bot"}, {"fields", {{"isHidden", true}}}});
  const Json got = Call("bitrix24.imbot.v2.BotService/GetBot", {{"bot", "acme/support_bot"}});
  EXPECT_EQ(got.at("bot").at("isHidden"), true);
  EXPECT_EQ(got.at("bot").at("id"), registered.at("bot").at("id"));
  Call("bitrix24.imbot.v2.BotService/UnregisterBot", {{"bot", "acme/support_bot"}});
  EXPECT_TRUE(simulator_.State().at("bots").empty());
  const RpcResult gone = gateway_.Call("bitrix24.imbot.v2.BotService/GetBot", R"({"bot": "acme/support_bot"})");
  EXPECT_EQ(gone.status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(gone.Reason(), "BOT_UNKNOWN");
  EXPECT_EQ(gone.Outcome(), "NOT_EXECUTED");
}

TEST_F(Spine, SendsUpdatesAndDeletesAMessageOfV2) {
  RegisterV2("support");
  const Json sent = Call("bitrix24.imbot.v2.MessageService/SendMessage",
                         {{"bot", "acme/support"},
                          {"dialogId", "chat5"},
                          {"fields",
                           {{"message", "Привет & <b>100%</b> \"quoted\" \\ $result"},
                            {"keyboard", {{"BUTTONS", {{{"TEXT", "Open"}, {"LINK", "https://example.com"}}}}}}}}});
  const Json call = LastExecuted();
  EXPECT_EQ(call.at("method"), "imbot.v2.Chat.Message.send");
  EXPECT_EQ(call.at("params").at("fields").at("message"), "Привет & <b>100%</b> \"quoted\" \\ $result");
  EXPECT_EQ(call.at("params").at("fields").at("keyboard").at("BUTTONS").at(0).at("TEXT"), "Open");
  EXPECT_EQ(call.at("params").at("fields").at("keyboard").at("BOT_ID"), call.at("params").at("botId"))
      << "the gateway fills in the bot";
  Call("bitrix24.imbot.v2.MessageService/UpdateMessage",
       {{"bot", "acme/support"},
        {"messageId", sent.at("id")},
        {"fields", {{"message", "Updated text"}, {"removeKeyboard", true}}}});
  EXPECT_EQ(LastExecuted().at("params").at("fields").at("keyboard"), "N");
  Call("bitrix24.imbot.v2.MessageService/DeleteMessage", {{"bot", "acme/support"}, {"messageId", sent.at("id")}});
  EXPECT_EQ(LastExecuted().at("method"), "imbot.v2.Chat.Message.delete");
}

TEST_F(Spine, SpeaksTheOlderDialectInItsOwnSpelling) {
  RegisterV1("echo");
  Call("bitrix24.imbot.v1.MessageService/AddMessage",
       {{"bot", "acme/echo"}, {"DIALOG_ID", "chat5"}, {"MESSAGE", "Hello"}, {"URL_PREVIEW", false}, {"SYSTEM", false}});
  const Json call = LastExecuted();
  EXPECT_EQ(call.at("method"), "imbot.message.add");
  EXPECT_EQ(call.at("params").at("URL_PREVIEW"), "N");
  EXPECT_EQ(call.at("params").at("SYSTEM"), "N");
}

TEST_F(Spine, ReadsThePortalsRevision) {
  const Json revision = Call("bitrix24.imbot.v2.RevisionService/GetRevision", {{"portal", "acme"}});
  EXPECT_FALSE(revision.empty());
}

TEST_F(Spine, TellsTheRequestIdAndThePortalsTimeInTrailers) {
  RegisterV2("support");
  const RpcResult result = gateway_.Call("bitrix24.imbot.v2.MessageService/SendMessage",
                                         R"({"bot": "acme/support", "dialogId": "chat5", "fields": {"message": "x"}})");
  ASSERT_EQ(result.trailers.count("x-imbot-call"), 1u);
  EXPECT_THAT(result.trailers.find("x-imbot-call")->second,
              ::testing::MatchesRegex(
                  "request-id=\"[0-9a-f]{32}\", queued-ms=[0-9.]+, portal-duration-ms=[0-9.]+, operating-ms=[0-9.]+, "
                  "operating-reset-at=[0-9]+"))
      << "it went alone: no batch-size";
}

TEST_F(Spine, MapsAnErrorOfThePortal) {
  RegisterV2("support");
  const RpcResult result =
      gateway_.Call("bitrix24.imbot.v2.MessageService/SendMessage",
                    R"({"bot": "acme/support", "dialogId": "chat99999999", "fields": {"message": "x"}})");
  EXPECT_FALSE(result.ok());
  EXPECT_EQ(result.Info().domain(), "bitrix24.com");
  EXPECT_EQ(result.Outcome(), "NOT_EXECUTED");
  EXPECT_EQ(result.Info().metadata().at("portal"), "acme");
  EXPECT_EQ(result.Info().metadata().at("method"), "imbot.v2.Chat.Message.send");
  EXPECT_EQ(result.Info().metadata().at("http_status"), "400");
  EXPECT_EQ(result.Info().metadata().count("request_id"), 1u);
}

TEST_F(Spine, TheSameKeySendsAMessageOnce) {
  RegisterV2("support");
  const std::string request = R"({"bot": "acme/support", "dialogId": "chat5", "fields": {"message": "once"}})";
  const RpcResult first =
      gateway_.Call("bitrix24.imbot.v2.MessageService/SendMessage", request, {.metadata = {{"idempotency-key", "k1"}}});
  const RpcResult again =
      gateway_.Call("bitrix24.imbot.v2.MessageService/SendMessage", request, {.metadata = {{"idempotency-key", "k1"}}});
  const RpcResult other =
      gateway_.Call("bitrix24.imbot.v2.MessageService/SendMessage", request, {.metadata = {{"idempotency-key", "k2"}}});
  ASSERT_TRUE(first.ok() && again.ok() && other.ok());
  EXPECT_EQ(Json::parse(first.json).at("id"), Json::parse(again.json).at("id"));
  EXPECT_NE(Json::parse(first.json).at("id"), Json::parse(other.json).at("id"));
}

TEST_F(Spine, RefusesAHandlerThatTheOperatorDidNotList) {
  RegisterV2("support");
  const RpcResult result = gateway_.Call(
      "bitrix24.imbot.v2.BotService/UpdateBot",
      R"({"bot": "acme/support", "fields": {"eventMode": "EVENT_MODE_WEBHOOK", "webhookUrl": "https://evil.example.net/x"}})");
  EXPECT_EQ(result.status.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(result.Reason(), "HANDLER_URL_NOT_ALLOWED");
  EXPECT_EQ(result.BadRequest().field_violations(0).field(), "fields.webhookUrl");
}

TEST_F(Spine, NamesAnUnknownPortal) {
  const RpcResult result = gateway_.Call("bitrix24.imbot.v2.RevisionService/GetRevision", R"({"portal": "nobody"})");
  EXPECT_EQ(result.status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(result.Reason(), "PORTAL_UNKNOWN");
}

}  // namespace
}  // namespace imbot
