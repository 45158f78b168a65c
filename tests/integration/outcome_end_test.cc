// Deadlines and ends of the gateway itself, where the caller is the one who waits in vain.

#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include "tests/integration/outcome_methods.h"
#include "tests/integration/outcome_table.h"
#include "tests/support/gateway.h"
#include "tests/support/simulator.h"

namespace imbot::testing {
namespace {

using namespace std::chrono_literals;

class Ends : public ::testing::Test {
 protected:
  std::unique_ptr<Gateway> Start(const std::string& limits) {
    GatewayOptions options;
    options.portal_url = simulator_.http_url();
    options.limits = limits + "  max_attempts: 1\n  breaker_failures: 0\n";  // what one attempt came to
    options.log_level = "info";
    auto gateway = std::make_unique<Gateway>(folder_, options);
    const RpcResult registered = gateway->Call(Register("support").rpc, Register("support").RequestTo("acme"));
    EXPECT_TRUE(registered.ok()) << registered.status.error_message();
    return gateway;
  }
  void Fault(const std::string& kind) const { simulator_.Post("/faults", {{"method", kSend.rest}, {"kind", kind}}); }
  int Executed() const {
    int count = 0;
    for (const Json& entry : simulator_.Executed()) count += entry.at("method") == kSend.rest;
    return count;
  }
  void AwaitHeld() const {
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (simulator_.Get("/stats").at("held") != 1 && std::chrono::steady_clock::now() < deadline)
      std::this_thread::sleep_for(5ms);
  }
  static RpcResult Send(const Gateway& gateway) { return gateway.Call(kSend.rpc, kSend.RequestTo("acme")); }

  const TemporaryFolder folder_;
  const Simulator simulator_;
};

TEST_F(Ends, ADeadlineAfterTheSendingLeavesTheOutcomeOpenAndOneBeforeItDoesNot) {
  const auto gateway = Start("  default_deadline: 700ms\n  max_deadline: 700ms\n");
  const Told late{"DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED", "UNKNOWN", false};
  const Told never{"DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED", "NOT_EXECUTED", false};
  Fault("hold_after");
  EXPECT_EQ(ToText(ToldBy(Send(*gateway).status)), ToText(late));
  EXPECT_EQ(Executed(), 1);
  // Messages of one dialog leave one after another: this one waits for the first, which is still held.
  EXPECT_EQ(ToText(ToldBy(Send(*gateway).status)), ToText(never));
  EXPECT_EQ(Executed(), 1);
  simulator_.Post("/release");
  EXPECT_EQ(ToText(ToldBy(Send(*gateway).status)), ToText(Told()));
  EXPECT_EQ(Executed(), 2) << "what was told NOT_EXECUTED never goes out";
}

TEST_F(Ends, AGatewayThatStopsSaysWhatItKnows) {
  const auto gateway = Start("  shutdown_grace: 700ms\n");
  Fault("hold_after");
  auto sent = std::async(std::launch::async, [&] { return Send(*gateway); });
  AwaitHeld();
  auto queued = std::async(std::launch::async, [&] { return Send(*gateway); });
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (gateway->Metrics().find("imbot_portal_queued_calls 1") == std::string::npos &&
         std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(5ms);
  gateway->process().Signal(SIGTERM);
  EXPECT_EQ(ToText(ToldBy(sent.get().status)), "UNAVAILABLE SHUTTING_DOWN UNKNOWN");
  EXPECT_EQ(ToText(ToldBy(queued.get().status)), "UNAVAILABLE SHUTTING_DOWN NOT_EXECUTED RetryInfo");
  EXPECT_EQ(gateway->process().Wait(15s), 0);
  EXPECT_EQ(Executed(), 1);
  simulator_.Post("/release");
}

TEST_F(Ends, AGatewayThatIsKilledClaimsNothing) {
  const auto gateway = Start("");
  Fault("hold_after");
  auto sent = std::async(std::launch::async, [&] { return Send(*gateway); });
  AwaitHeld();
  gateway->process().Signal(SIGKILL);
  const Told told = ToldBy(sent.get().status);
  EXPECT_EQ(ToText(told), "UNAVAILABLE");
  EXPECT_EQ(Contradiction(told, Executed()), "");
  simulator_.Post("/release");
}

}  // namespace
}  // namespace imbot::testing
