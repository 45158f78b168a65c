// What the gateway tells its caller when the network between it and a portal misbehaves, with the portal's ledger as
// witness: NOT_EXECUTED is never said of a call that stands in it.

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/chaos/gate.h"
#include "tests/support/gateway.h"
#include "tests/support/simulator.h"

namespace imbot {
namespace {

using chaos::Gate;
using chaos::ParseSchedule;
using testing::Gateway;
using testing::GatewayOptions;
using testing::Json;
using testing::RpcClient;
using testing::RpcResult;
using testing::Simulator;
using testing::TemporaryFolder;

constexpr std::chrono::milliseconds kLong{10'000};

class Chaos : public ::testing::Test {
 protected:
  static GatewayOptions Options(const Gate& gate) {
    GatewayOptions options;
    options.portal_url = "http://127.0.0.1:" + std::to_string(gate.port());
    // Each attempt is a call of its own here.
    options.limits = "  portal_reply_timeout: 3s\n  max_attempts: 1\n  breaker_failures: 0\n";
    options.log_level = "info";
    return options;
  }

  void SetUp() override {
    const RpcResult registered =
        gateway_.Call("bitrix24.imbot.v2.BotService/RegisterBot",
                      R"({"portal": "acme", "fields": {"code": "support", "properties": {"name": "Support"}}})");
    ASSERT_TRUE(registered.ok()) << registered.status.error_message();
  }

  // From now on, and for new connections only. The gateway keeps connections, and may find out that one is dead only by
  // using it: so it is made to, until it has to open one.
  void Trouble(const std::string& schedule) {
    gate_.Listen(true);
    gate_.SetSchedule(ParseSchedule("connection * refuse"));
    gate_.ResetAll();
    const uint64_t before = gate_.counters().refused;
    for (int i = 0; i < 20 && gate_.counters().refused == before; ++i) {
      gateway_.Call("bitrix24.imbot.v2.RevisionService/GetRevision", R"({"portal": "acme"})");
    }
    ASSERT_GT(gate_.counters().refused, before);
    gate_.SetSchedule(ParseSchedule(schedule));
    refused_ = gate_.counters().refused;
  }

  static RpcResult Send(const RpcClient& client, const std::string& text, std::chrono::milliseconds deadline) {
    const Json request = {{"bot", "acme/support"}, {"dialogId", "chat5"}, {"fields", {{"message", text}}}};
    return client.Call("bitrix24.imbot.v2.MessageService/SendMessage", request.dump(),
                       {.metadata = {}, .deadline = deadline});
  }
  RpcResult Send(const std::string& text, std::chrono::milliseconds deadline = std::chrono::seconds(10)) {
    return Send(gateway_.client(), text, deadline);
  }

  // How often the portal executed the sending of each text.
  std::map<std::string, int> Sent() const {
    std::map<std::string, int> sent;
    for (const Json& call : simulator_.Executed()) {
      if (call.at("method") == "imbot.v2.Chat.Message.send") ++sent[call.at("params").at("fields").at("message")];
    }
    return sent;
  }

  const Simulator simulator_;
  Gate gate_{simulator_.http_port()};
  const TemporaryFolder folder_;
  const Gateway gateway_{folder_, Options(gate_)};
  uint64_t refused_ = 0;  // while Trouble() prepared
};

TEST_F(Chaos, AGateThatPassesEverythingIsNotNoticed) {
  Trouble("");
  const RpcResult result = Send("plain");
  ASSERT_TRUE(result.ok()) << result.status.error_message();
  EXPECT_EQ(Sent(), (std::map<std::string, int>{{"plain", 1}}));
  const auto counters = gate_.counters();
  EXPECT_GT(counters.bytes_to_server, 100u) << ToString(counters);
  EXPECT_EQ(counters.cuts + counters.corrupted_bytes + counters.refused, refused_) << ToString(counters);
}

struct Case {
  std::string name;
  std::string schedule;
  std::set<std::string> outcomes;  // "OK" or an outcome
  bool executed;
};

TEST_F(Chaos, EachTroubleHasTheOutcomeThatTheLedgerAllows) {
  // After its first byte a request may have been executed, as far as the gateway can know: UNKNOWN. A connection that
  // ends before anything was sent leaves both open.
  const std::vector<Case> cases = {
      {"refused", "connection * refuse", {"NOT_EXECUTED", "UNKNOWN"}, false},
      {"request reset at its first byte", "connection * to-server at 0 reset", {"UNKNOWN"}, false},
      {"request cut at its first byte", "connection * to-server at 0 cut", {"UNKNOWN"}, false},
      {"request reset in the middle", "connection * to-server at 120 reset", {"UNKNOWN"}, false},
      {"request half-closed in the middle", "connection * to-server at 120 half-close", {"UNKNOWN"}, false},
      {"reply reset at its first byte", "connection * to-client at 0 reset", {"UNKNOWN"}, true},
      {"reply cut at its first byte", "connection * to-client at 0 cut", {"UNKNOWN"}, true},
      {"reply cut in its headers", "connection * to-client at 40 cut", {"UNKNOWN"}, true},
      {"reply reset in its body", "connection * to-client at 260 reset", {"UNKNOWN"}, true},
      {"reply half-closed", "connection * to-client at 0 half-close", {"UNKNOWN"}, true},
      {"status line corrupted", "connection * to-client at 0 corrupt 12", {"UNKNOWN"}, true},
      {"reply stalled", "connection * to-client at 0 stall", {"UNKNOWN"}, true},
      {"request stalled", "connection * to-server at 0 stall", {"UNKNOWN"}, false},
      {"reply delayed", "connection * to-client at 0 delay 200ms", {"OK"}, true},
      {"request delayed", "connection * to-server at 10 delay 200ms", {"OK"}, true},
      {"reply throttled", "connection * to-client at 0 throttle 4000", {"OK"}, true},
      {"request throttled", "connection * to-server at 0 throttle 4000", {"OK"}, true},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.name);
    Trouble(one.schedule);
    const RpcResult result = Send(one.name);
    const std::string outcome = result.ok() ? "OK" : result.Outcome();
    std::printf("%-36s %-18s %-24s %-14s executed %d\n", one.name.c_str(),
                result.ok() ? "OK" : std::to_string(result.status.error_code()).c_str(), result.Reason().c_str(),
                outcome.c_str(), Sent()[one.name]);
    EXPECT_TRUE(one.outcomes.contains(outcome)) << outcome;
    EXPECT_EQ(Sent()[one.name] > 0, one.executed);
    gate_.Release();
  }
}

TEST_F(Chaos, APortalThatTakesNoConnectionExecutedNothing) {
  Trouble("");
  gate_.Listen(false);
  const RpcResult result = Send("nobody there");
  EXPECT_EQ(result.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(result.Outcome(), "NOT_EXECUTED");
  EXPECT_TRUE(Sent().empty());
  gate_.Listen(true);
  EXPECT_TRUE(Send("back again").ok());
}

TEST_F(Chaos, ABrokenConnectionDoesNotTouchTheNextCall) {
  Trouble("connection 1 to-client at 0 reset");
  EXPECT_FALSE(Send("first").ok());
  const RpcResult second = Send("second");
  EXPECT_TRUE(second.ok()) << second.status.error_message();
}

// Any bytes of a request or a reply changed, connections ending anywhere: whatever the caller is told agrees with the
// ledger.
TEST_F(Chaos, NoSeedMakesTheGatewayContradictTheLedger) {
  int calls = 0;
  std::map<std::string, int> outcomes;
  std::map<std::string, std::string> told;
  for (int seed = 1; seed <= 4; ++seed) {
    Trouble("seed " + std::to_string(seed) + R"(
      connection * chance 30% to-client at 0..4000 cut
      connection * chance 30% to-client at 0..4000 reset
      connection * chance 30% to-server at 0..4000 reset
      connection * to-server at 4000 cut
      connection * chance 20% to-client at 0..2000 corrupt 3
      connection * chance 20% to-server at 0..2000 corrupt 3
      connection * chance 10% to-server at 0..900 delay 20ms
      connection * chance 10% refuse)");
    for (int i = 0; i < 40; ++i) {
      const std::string text = "call " + std::to_string(++calls);
      const RpcResult result = Send(text);
      told[text] = result.ok() ? "OK" : result.Outcome();
      ++outcomes[told[text]];
    }
  }
  Trouble("");
  const auto sent = Sent();
  for (const auto& [text, outcome] : told) {
    if (outcome == "NOT_EXECUTED") {
      EXPECT_FALSE(sent.contains(text)) << text;
    }
    if (outcome == "EXECUTED") {
      EXPECT_TRUE(sent.contains(text)) << text;
    }
  }
  for (const auto& [outcome, count] : outcomes) std::printf("%-14s %d\n", outcome.c_str(), count);
  std::printf("%s\n", ToString(gate_.counters()).c_str());
  EXPECT_GT(outcomes["OK"], 0);
  EXPECT_GT(outcomes["UNKNOWN"], 0);
}

// The gate stands as well between a client and the gateway.
TEST_F(Chaos, StandsBetweenAClientAndTheGatewayToo) {
  Trouble("");
  Gate front(gateway_.grpc_port(), ParseSchedule("connection * to-server at 1000000 reset"));
  const RpcClient client(front.port());
  EXPECT_TRUE(Send(client, "through the front gate", kLong).ok());
  EXPECT_GT(front.counters().bytes_to_client, 0u);
  front.SetSchedule(ParseSchedule("connection * to-client at 0 reset"));
  front.ResetAll();
  EXPECT_EQ(Send(client, "lost", std::chrono::seconds(2)).status.error_code() == grpc::StatusCode::OK, false);
}

}  // namespace
}  // namespace imbot
