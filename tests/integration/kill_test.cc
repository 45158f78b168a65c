// The gateway killed with SIGKILL at points spread over a registration: after a restart it has the bot, or registers it
// again with the same secret, and the portal never holds a bot that the gateway lost.

#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <future>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>

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

struct Dialect {
  std::string service;
  std::string method;  // REST
};

const Dialect kV2{"bitrix24.imbot.v2.BotService", "imbot.v2.Bot.register"};
const Dialect kV1{"bitrix24.imbot.v1.BotService", "imbot.register"};

class Registrations {
 public:
  Registrations() { Restart(); }

  std::string Request(const Dialect& dialect, const std::string& code) const {
    if (dialect.service == kV2.service) {
      return Json{{"portal", "acme"}, {"fields", {{"code", code}, {"properties", {{"name", code}}}}}}.dump();
    }
    return Json{{"portal", "acme"},
                {"CODE", code},
                {"EVENT_HANDLER", "https://bots.example.com/events"},
                {"PROPERTIES", {{"NAME", code}}}}
        .dump();
  }

  RpcResult Register(const Dialect& dialect, const std::string& code) const {
    return gateway_->Call(dialect.service + "/RegisterBot", Request(dialect, code));
  }

  // Starts a registration that somebody else will interrupt.
  std::future<RpcResult> RegisterInBackground(const Dialect& dialect, const std::string& code) const {
    return std::async(std::launch::async,
                      [client = testing::RpcClient(gateway_->grpc_port()), name = dialect.service + "/RegisterBot",
                       request = Request(dialect, code)] { return client.Call(name, request); });
  }

  void Kill() {
    gateway_->process().Signal(SIGKILL);
    ASSERT_EQ(gateway_->process().Wait(std::chrono::seconds(10)), -SIGKILL);
  }

  void Restart() {
    gateway_.reset();
    GatewayOptions options;
    options.portal_url = simulator_.http_url();
    options.configuration = "handler_hosts: [bots.example.com]\n";
    gateway_ = std::make_unique<Gateway>(folder_, options);
  }

  // What must hold after the restart, whenever the kill came. Returns whether the gateway had the bot by itself.
  bool CheckAfterRestart(const Dialect& dialect, const std::string& code) {
    // Recovery of what was left pending happens right after the start, beside calls.
    bool had_it = false;
    if (HeldByPortal(code)) {
      const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
      while (!had_it && std::chrono::steady_clock::now() < deadline) {
        const RpcResult got = Get(code);
        had_it = got.ok();
        if (!had_it && got.Reason() != "REGISTRATION_PENDING") {
          ADD_FAILURE() << code << ": the portal holds a bot the gateway lost: " << got.status.error_message();
          break;
        }
        if (!had_it) std::this_thread::sleep_for(std::chrono::milliseconds(20));
      }
    }
    const RpcResult again = Register(dialect, code);
    EXPECT_TRUE(again.ok()) << code << ": " << again.status.error_message();
    EXPECT_TRUE(Get(code).ok());
    EXPECT_TRUE(HeldByPortal(code));
    EXPECT_EQ(SecretsUsedFor(dialect, code).size(), 1u) << code << ": every attempt carries the same secret";
    return had_it;
  }

  RpcResult Get(const std::string& code) const {
    return gateway_->Call("bitrix24.imbot.v2.BotService/GetBot", Json{{"bot", "acme/" + code}}.dump());
  }

  bool HeldByPortal(const std::string& code) const {
    const Json state = simulator_.State();
    for (const Json& bot : state.at("bots")) {
      if (bot.at("code") == code) return true;
    }
    return false;
  }

  // Every secret with which a registration of this code reached the portal's door, executed or not.
  std::set<std::string> SecretsUsedFor(const Dialect& dialect, const std::string& code) const {
    std::set<std::string> secrets;
    for (const Json& request : simulator_.Received()) {
      if (request.at("target").get<std::string>().find("/" + dialect.method) == std::string::npos) continue;
      const Json body = Json::parse(request.at("body").get<std::string>());
      if (dialect.method == kV2.method && body.at("fields").at("code") == code)
        secrets.insert(body.at("fields").at("botToken"));
      if (dialect.method == kV1.method && body.at("CODE") == code) secrets.insert(body.at("CLIENT_ID"));
    }
    return secrets;
  }

  const Simulator& simulator() const { return simulator_; }

 private:
  const Simulator simulator_{{"--received-limit=100000"}};
  const TemporaryFolder folder_;
  std::unique_ptr<Gateway> gateway_;
};

class KilledRegistration : public ::testing::TestWithParam<bool> {
 protected:
  const Dialect& dialect() const { return GetParam() ? kV2 : kV1; }
};

TEST_P(KilledRegistration, IsNotLostWhenTheRequestIsHeldBeforeItsExecution) {
  Registrations bots;
  bots.simulator().Post("/faults",
                        Json::array({{{"method", dialect().method}, {"count", 1}, {"kind", "hold_before"}}}));
  auto call = bots.RegisterInBackground(dialect(), "before");
  while (bots.SecretsUsedFor(dialect(), "before").empty()) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  bots.Kill();
  EXPECT_FALSE(call.get().ok());
  bots.simulator().Post("/release");
  bots.Restart();
  bots.CheckAfterRestart(dialect(), "before");
}

TEST_P(KilledRegistration, IsFoundAgainWhenTheReplyWasLost) {
  Registrations bots;
  bots.simulator().Post("/faults", Json::array({{{"method", dialect().method}, {"count", 1}, {"kind", "hold_after"}}}));
  auto call = bots.RegisterInBackground(dialect(), "after");
  while (!bots.HeldByPortal("after")) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  bots.Kill();
  EXPECT_FALSE(call.get().ok());
  bots.simulator().Post("/release");
  bots.Restart();
  EXPECT_TRUE(bots.CheckAfterRestart(dialect(), "after")) << "the gateway asks the portal about what it left pending";
}

// 60 kills at times spread over the call, from before it is sent until after it is answered.
TEST_P(KilledRegistration, IsNeverLostAtAnyPointOfTheCall) {
  constexpr int kKills = 30;  // for each dialect
  Registrations bots;
  bots.simulator().Post("/options", {{"delay_ms", 10}});
  std::map<std::string, int> ended;
  for (int i = 0; i < kKills; ++i) {
    const std::string code = "spread" + std::to_string(i);
    auto call = bots.RegisterInBackground(dialect(), code);
    std::this_thread::sleep_for(std::chrono::microseconds(700 * i));
    bots.Kill();
    const RpcResult result = call.get();
    bots.Restart();
    if (result.ok()) {
      // What was answered is known at once, without asking the portal.
      EXPECT_TRUE(bots.Get(code).ok()) << code;
    }
    const bool had_it = bots.CheckAfterRestart(dialect(), code);
    ++ended[result.ok() ? "answered before the kill" : had_it ? "found again" : "registered again"];
  }
  for (const auto& [how, count] : ended) RecordProperty(how, count);
  int total = 0;
  for (const auto& [how, count] : ended) total += count;
  EXPECT_EQ(total, kKills);
  EXPECT_GE(ended.size(), 2u) << "the points were not spread over the call";
}

// The positive control: a gateway that does remember nothing (its state is gone) is found out by the same check.
TEST_P(KilledRegistration, IsFoundToBeLostWhenTheStateIsThrownAway) {
  const Simulator simulator;
  GatewayOptions options;
  options.portal_url = simulator.http_url();
  options.configuration = "handler_hosts: [bots.example.com]\n";
  const Registrations helper;
  std::set<std::string> secrets;
  for (int i = 0; i < 2; ++i) {
    const TemporaryFolder forgotten;
    Gateway gateway(forgotten, options);
    gateway.Call(dialect().service + "/RegisterBot", helper.Request(dialect(), "lost"));
    if (i == 1) {
      EXPECT_NE(gateway
                    .Call("bitrix24.imbot.v2.MessageService/SendMessage",
                          Json{{"bot", "acme/lost"}, {"dialogId", "chat5"}, {"fields", {{"message", "x"}}}}.dump())
                    .status.error_code(),
                grpc::StatusCode::OK);
    }
  }
  for (const Json& request : simulator.Received()) {
    if (request.at("target").get<std::string>().find("/" + dialect().method) == std::string::npos) continue;
    const Json body = Json::parse(request.at("body").get<std::string>());
    secrets.insert(GetParam() ? body.at("fields").at("botToken").get<std::string>()
                              : body.at("CLIENT_ID").get<std::string>());
  }
  EXPECT_EQ(secrets.size(), 2u);
}

INSTANTIATE_TEST_SUITE_P(Dialects, KilledRegistration, ::testing::Bool(),
                         [](const auto& dialect) { return dialect.param ? "V2" : "V1"; });

}  // namespace
}  // namespace imbot
