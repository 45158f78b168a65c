// Every example of the documentation over sockets: from a client through the gateway's own program to a portal that
// answers what the page shows. An address for a download is the simulator's own here, since the gateway asks no other.

#include <gtest/gtest.h>

#include <iostream>
#include <map>
#include <set>
#include <string>

#include "bitrix24/rest/options.pb.h"
#include "client_lib/json_reader/json_reader.h"
#include "proto/contract.h"
#include "tests/conformance/compare.h"
#include "tests/conformance/equivalences.h"
#include "tests/conformance/examples.h"
#include "tests/support/gateway.h"
#include "tests/support/simulator.h"

namespace imbot::conformance {
namespace {

using imbot::testing::Gateway;
using imbot::testing::GatewayOptions;
using imbot::testing::RpcResult;
using imbot::testing::Simulator;
using imbot::testing::TemporaryFolder;

constexpr int kFirstBotId = 1000;
constexpr int kBots = 400;
constexpr char kContent[] = "what lies behind a download's address";
constexpr char kBotSecret[] = "secret-of-the-example-bots";

std::map<std::string, const google::protobuf::MethodDescriptor*> Rpcs() {
  std::map<std::string, const google::protobuf::MethodDescriptor*> rpcs;
  for (const auto* file : contract::Files()) {
    for (int i = 0; i < file->service_count(); ++i) {
      for (int j = 0; j < file->service(i)->method_count(); ++j) {
        const auto* method = file->service(i)->method(j);
        if (!method->options().HasExtension(bitrix24::rest::method)) continue;
        rpcs[method->options().GetExtension(bitrix24::rest::method).name()] = method;
      }
    }
  }
  return rpcs;
}

// A bot for each call, since an example may remove its bot.
GatewayOptions Options(const Simulator& simulator) {
  GatewayOptions options;
  options.portal_url = simulator.http_url();
  options.log_level = "info";
  options.environment = {{"IMBOT_EXAMPLE_SECRET", kBotSecret}};
  options.configuration = "handler_hosts: [example.com]\nbots:\n";
  for (int i = 0; i < kBots; ++i) {
    options.configuration += "  - {portal: acme, name: example" + std::to_string(i) +
                             ", bot_id: " + std::to_string(kFirstBotId + i) +
                             ", secret: {env: IMBOT_EXAMPLE_SECRET}}\n";
  }
  return options;
}

class Socket : public ::testing::Test {
 protected:
  void SetUp() override {
    for (RequestExample& example : Requests()) {
      if (!example.related) requests_.emplace(example.method, std::move(example));
    }
    for (ResponseExample& example : Responses()) {
      if (!example.is_error) results_.emplace(example.method, std::move(example));
    }
  }

  static const bitrix24::rest::Method& OptionsOf(const google::protobuf::MethodDescriptor& rpc) {
    return rpc.options().GetExtension(bitrix24::rest::method);
  }

  const google::protobuf::MethodDescriptor& Rpc(const std::string& method) const { return *rpcs_.at(method); }

  // What the page of the method shows as its answer. Those of imbot.app.* say it in words.
  Json AnswerOf(const std::string& method) const {
    if (method == "imbot.app.register") return {{"result", 13}};
    if (method.rfind("imbot.app.", 0) == 0) return {{"result", true}};
    return results_.at(method).body;
  }

  // Calls in the name of a fresh bot, while the portal answers exactly this; a file lies on the portal itself.
  RpcResult Call(const std::string& method, const Json& request, int http_status, Json answer) {
    if (Rpc(method).server_streaming() && answer.contains("result")) {
      std::string url = answer.at("result").at("downloadUrl").get<std::string>();
      answer["result"]["downloadUrl"] = simulator_.http_url() + url.substr(url.find("/rest/"));
      simulator_.Post("/faults", {{"method", "download"},
                                  {"kind", "body"},
                                  {"at", "before_auth"},
                                  {"args", {{"body", kContent}, {"content_type", "text/plain"}}}});
    }
    simulator_.Post("/faults", {{"method", method},
                                {"kind", "body"},
                                {"at", "before_auth"},
                                {"count", -1},
                                {"args", {{"status", http_status}, {"body", answer.dump()}}}});
    if (++bot_ == kBots) throw std::logic_error("more calls than bots: raise kBots");
    const auto message =
        client::ReadRequest(Rpc(method), request.dump(), {"acme/example" + std::to_string(bot_), "acme"});
    if (!message.ok()) throw std::logic_error(std::string(message.status().message()));
    RpcResult result = gateway_.client().Call(Rpc(method), **message);
    simulator_.Delete("/faults");
    return result;
  }

  ExpectedIdentity Identity(const std::string& method) const {
    ExpectedIdentity identity;
    if (OptionsOf(Rpc(method)).bot_effect() != bitrix24::rest::BOT_EFFECT_REGISTER) {
      identity.bot_id = kFirstBotId + bot_;
      identity.secret = kBotSecret;
    }
    return identity;
  }

  static void Expect(const std::vector<std::string>& differences, const std::string& where) {
    for (const std::string& difference : differences) ADD_FAILURE() << where << ": " << difference;
  }

  const std::map<std::string, const google::protobuf::MethodDescriptor*> rpcs_ = Rpcs();
  std::map<std::string, RequestExample> requests_;  // the first of each method's own page
  std::map<std::string, ResponseExample> results_;
  const Simulator simulator_;
  const TemporaryFolder folder_;
  const Gateway gateway_{folder_, Options(simulator_)};
  int bot_ = -1;
};

TEST_F(Socket, EveryExampleRequestArrivesAtThePortalAsItStands) {
  Uses uses;
  std::set<std::string> methods;
  int own = 0, related = 0;
  for (const RequestExample& example : Requests()) {
    SCOPED_TRACE(example.where);
    const RpcResult result = Call(example.method, example.body, 200, AnswerOf(example.method));
    ASSERT_TRUE(result.ok()) << example.method << ": " << result.status.error_message();
    Json received = simulator_.Get("/received?limit=1").at("received").at(0);
    if (Rpc(example.method).server_streaming()) {  // the file itself was fetched after the call
      EXPECT_EQ(received.at("httpMethod"), "GET");
      const std::vector<Json> all = simulator_.Received();
      received = all.at(all.size() - 2);
    }
    EXPECT_EQ(received.at("httpMethod"), "POST");
    const std::string target = received.at("target").get<std::string>();
    EXPECT_EQ(target.substr(target.rfind('/') + 1).substr(0, example.method.size()), example.method) << target;
    const Json sent = Json::parse(received.at("body").get<std::string>());
    Expect(CompareRequest(example.body, sent, OptionsOf(Rpc(example.method)), Identity(example.method), &uses),
           example.where);
    for (const std::string& mended : example.mended) {
      if (mended == "not base64") uses.Note(Equivalence::kNotBase64);
      if (mended == "no body") uses.Note(Equivalence::kNoBody);
    }
    ++(example.related ? related : own);
    methods.insert(example.method);
  }
  std::cout << own << " example requests of " << methods.size() << " methods and " << related
            << " of related pages, over sockets\n";
  std::vector<EquivalenceRow> rows(std::begin(kCodecRequests), std::end(kCodecRequests));
  rows.insert(rows.end(), std::begin(kGatewayRequests), std::end(kGatewayRequests));
  EXPECT_TRUE(uses.Print(rows, std::cout));
  EXPECT_EQ(methods.size(), 67u);
  EXPECT_GE(own, 66);
}

TEST_F(Socket, NothingOfAnyExampleResponseIsLostOnItsWayToTheCaller) {
  Uses uses;
  int results = 0, errors = 0;
  for (const ResponseExample& example : Responses()) {
    SCOPED_TRACE(example.where);
    const Json& request = requests_.at(example.method).body;
    if (!example.is_error) {
      const RpcResult result = Call(example.method, request, 200, example.body);
      ASSERT_TRUE(result.ok()) << example.method << ": " << result.status.error_message();
      if (Rpc(example.method).server_streaming()) {
        const auto* field = result.response->GetDescriptor()->FindFieldByName("content");
        EXPECT_EQ(result.response->GetReflection()->GetString(*result.response, field), kContent);
        result.response->Clear();  // beside the file there is nothing
      }
      Expect(CompareResponse(example.body.at("result"), *result.response, &uses), example.where);
      EXPECT_EQ(result.trailers.count("x-imbot-portal-duration-ms"), example.body.contains("time") ? 1u : 0u);
      if (example.body.contains("time")) uses.Note(Equivalence::kTime);
      ++results;
      continue;
    }
    ++errors;
    for (const int http_status : example.http_statuses) {
      const RpcResult result = Call(example.method, request, http_status, example.body);
      ASSERT_FALSE(result.ok());
      const std::string code = example.body.at("error").get<std::string>();
      EXPECT_EQ(result.Reason(), code);
      EXPECT_EQ(result.Info().domain(), "bitrix24.com");
      EXPECT_EQ(result.Info().metadata().at("code"), code);
      EXPECT_EQ(result.Info().metadata().at("http_status"), std::to_string(http_status));
      EXPECT_EQ(result.Info().metadata().at("method"), example.method);
      EXPECT_FALSE(result.Outcome().empty());
      EXPECT_NE(result.status.error_message().find(DescriptionOf(example)), std::string::npos)
          << result.status.error_message();
    }
  }
  std::cout << results + errors << " example responses (" << errors << " errors), over sockets\n";
  EXPECT_TRUE(uses.Print({std::begin(kResponses), std::end(kResponses)}, std::cout));
  EXPECT_GE(results + errors, 67);
}

}  // namespace
}  // namespace imbot::conformance
