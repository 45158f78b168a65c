// `imbot` beside a gateway with one bot and a simulated portal.
#ifndef IMBOT_TESTS_INTEGRATION_IMBOT_FIXTURE_H_
#define IMBOT_TESTS_INTEGRATION_IMBOT_FIXTURE_H_

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/gateway.h"
#include "tests/support/imbot.h"
#include "tests/support/simulator.h"

namespace imbot {

class ImbotFixture : public ::testing::Test {
 protected:
  using Json = testing::Json;

  // The token is `abc`, whose SHA-256 stands in FIPS 180-4.
  static constexpr char kCallers[] =
      "callers: [{name: crm, token_sha256: ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad}]\n";

  static testing::GatewayOptions Options(const testing::Simulator& simulator, const std::string& more) {
    testing::GatewayOptions options;
    options.portal_url = simulator.http_url();
    options.environment = {{"IMBOT_TEST_BOT_SECRET", "secret-of-support"}};
    options.configuration = more;
    return options;
  }

  explicit ImbotFixture(const std::string& configuration = "")
      : gateway_(std::make_unique<testing::Gateway>(folder_, Options(simulator_, configuration))) {}

  // Registers acme/support; with a token where callers need one.
  void RegisterBot(const std::map<std::string, std::string>& metadata = {}) const {
    testing::RpcOptions options;
    options.metadata = metadata;
    const auto result = gateway_->Call(
        "bitrix24.imbot.v2.BotService/RegisterBot",
        R"({"portal": "acme", "fields": {"code": "support", "properties": {"name": "Support"}}})", options);
    ASSERT_TRUE(result.ok()) << result.status.error_message();
  }
  std::map<std::string, std::string> Environment() const {
    return {{"IMBOT_GATEWAY", "127.0.0.1:" + std::to_string(gateway_->grpc_port())},
            {"IMBOT_ADMIN", "127.0.0.1:" + std::to_string(gateway_->admin_port())}};
  }
  testing::ImbotRun Run(const std::vector<std::string>& words, const std::string& input = "") const {
    return testing::RunImbot(words, Environment(), input);
  }

  void HoldTheNextSend() const { simulator_.HoldTheNext("imbot.v2.Chat.Message.send"); }
  // Messages that the portal has sent; a repeat it has recognised is none.
  int SentMessages() const {
    int sent = 0;
    const auto executed = simulator_.Executed();
    for (const Json& call : executed) {
      if (call.at("method") == "imbot.v2.Chat.Message.send" && call.value("changed", true)) ++sent;
    }
    return sent;
  }

  const testing::Simulator simulator_;
  const testing::TemporaryFolder folder_;
  std::unique_ptr<testing::Gateway> gateway_;
};

}  // namespace imbot

#endif  // IMBOT_TESTS_INTEGRATION_IMBOT_FIXTURE_H_
