// The documentation's examples over sockets: a gateway, and a portal that answers what a page shows. An address for a
// download is the simulator's own here, since the gateway asks no other.
#ifndef IMBOT_TESTS_CONFORMANCE_SOCKET_FIXTURE_H_
#define IMBOT_TESTS_CONFORMANCE_SOCKET_FIXTURE_H_

#include <gtest/gtest.h>

#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "bitrix24/rest/options.pb.h"
#include "proto/contract.h"
#include "tests/conformance/compare.h"
#include "tests/conformance/equivalences.h"
#include "tests/conformance/examples.h"
#include "tests/support/gateway.h"
#include "tests/support/simulator.h"

namespace imbot::conformance {

inline constexpr int kFirstBotId = 1000;
inline constexpr int kBots = 400;
inline constexpr char kContent[] = "what lies behind a download's address";
inline constexpr char kBotSecret[] = "secret-of-the-example-bots";

inline std::map<std::string, const google::protobuf::MethodDescriptor*> Rpcs() {
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

class SocketFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    for (RequestExample& example : Requests()) {
      if (!example.related) requests_.emplace(example.method, std::move(example));
    }
    for (ResponseExample& example : Responses()) {
      if (!example.is_error) results_.emplace(example.method, std::move(example));
    }
  }

  // A bot for each call, since an example may remove its bot.
  static testing::GatewayOptions Options(const testing::Simulator& simulator) {
    testing::GatewayOptions options;
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

  // The portal answers exactly this, until simulator_.Delete("/faults"); a file lies on the portal itself.
  void PlayAnswer(const std::string& method, int http_status, Json answer) const {
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
  }

  // The name of a bot that nobody has used.
  std::string FreshBot() {
    if (++bot_ == kBots) throw std::logic_error("more calls than bots: raise kBots");
    return "acme/example" + std::to_string(bot_);
  }

  // What the gateway adds to a request in the name of the last bot.
  ExpectedIdentity Identity(const std::string& method) const {
    ExpectedIdentity identity;
    if (OptionsOf(Rpc(method)).bot_effect() != bitrix24::rest::BOT_EFFECT_REGISTER) {
      identity.bot_id = kFirstBotId + bot_;
      identity.secret = kBotSecret;
    }
    return identity;
  }

  // Compares what the portal got last with the example.
  void ExpectAtThePortal(const RequestExample& example, Uses* uses) const {
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
    Expect(CompareRequest(example.body, sent, OptionsOf(Rpc(example.method)), Identity(example.method), uses),
           example.where);
    for (const std::string& mended : example.mended) {
      if (mended == "not base64") uses->Note(Equivalence::kNotBase64);
      if (mended == "no body") uses->Note(Equivalence::kNoBody);
    }
  }

  static void Expect(const std::vector<std::string>& differences, const std::string& where) {
    for (const std::string& difference : differences) ADD_FAILURE() << where << ": " << difference;
  }

  const std::map<std::string, const google::protobuf::MethodDescriptor*> rpcs_ = Rpcs();
  std::map<std::string, RequestExample> requests_;  // the first of each method's own page
  std::map<std::string, ResponseExample> results_;
  const testing::Simulator simulator_;
  const testing::TemporaryFolder folder_;
  const testing::Gateway gateway_{folder_, Options(simulator_)};
  int bot_ = -1;
};

}  // namespace imbot::conformance

#endif  // IMBOT_TESTS_CONFORMANCE_SOCKET_FIXTURE_H_
