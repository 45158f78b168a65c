// Portals and methods that are blocked, through the real program: what the gateway holds back, what it says, how it
// goes on.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/gateway.h"
#include "tests/support/simulator.h"

namespace imbot {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using testing::Gateway;
using testing::GatewayOptions;
using testing::Json;
using testing::RpcClient;
using testing::RpcOptions;
using testing::RpcResult;
using testing::Simulator;
using testing::TemporaryFolder;

constexpr char kRegister[] = "bitrix24.imbot.v2.BotService/RegisterBot";
constexpr char kGetBot[] = "bitrix24.imbot.v2.BotService/GetBot";
constexpr char kListBots[] = "bitrix24.imbot.v2.BotService/ListBots";

// Whether it comes to hold; looks again and again.
template <typename Condition>
bool Within(seconds limit, const Condition& condition) {
  const auto end = steady_clock::now() + limit;
  while (!condition()) {
    if (steady_clock::now() > end) return false;
    std::this_thread::sleep_for(milliseconds(50));
  }
  return true;
}

RpcResult RegisterBot(const Gateway& gateway, const std::string& portal) {
  return gateway.Call(
      kRegister,
      Json({{"portal", portal}, {"fields", {{"code", "support"}, {"properties", {{"name", "Support"}}}}}}).dump());
}

// --- The time that a portal lets one method take.

struct Drive {
  std::map<std::string, int> ends;  // OK, or the reason
  int blocked = 0;                  // calls that the portal refused for the time their method had taken
  std::map<std::string, int> others;
};

// 200 calls of one method that each cost 10 s of the 420 a portal allows, by ten callers; then 20 of another.
Drive DriveToTheLimit(const std::string& plan, bool bills_batch) {
  const Simulator simulator({"--operating-limit-ms=420000", "--operating-cost-ms=10000", "--per-command-ms=5",
                             std::string("--operating-bills-batch=") + (bills_batch ? "on" : "off")});
  const TemporaryFolder folder;
  GatewayOptions options;
  options.portal_url = simulator.http_url();
  options.plan = plan;
  options.log_level = "info";
  const Gateway gateway(folder, options);
  EXPECT_TRUE(RegisterBot(gateway, "acme").ok());
  Drive drive;
  std::vector<std::future<std::map<std::string, int>>> callers;
  for (int caller = 0; caller < 10; ++caller) {
    callers.push_back(std::async(std::launch::async, [&gateway] {
      std::map<std::string, int> ends;
      for (int call = 0; call < 20; ++call) {
        const RpcResult result = gateway.Call(kGetBot, R"({"bot": "acme/support"})");
        ++ends[result.ok() ? "OK" : result.Reason()];
        if (result.Reason() != "METHOD_HELD") continue;
        EXPECT_EQ(result.Outcome(), "NOT_EXECUTED");
        EXPECT_TRUE(result.RetryInfo().has_value());
      }
      return ends;
    }));
  }
  for (auto& caller : callers) {
    for (const auto& [end, count] : caller.get()) drive.ends[end] += count;
  }
  for (int call = 0; call < 20; ++call) {
    const RpcResult result = gateway.Call(kListBots, R"({"bot": "acme/support"})");
    ++drive.others[result.ok() ? "OK" : result.Reason()];
  }
  const Json ledger = simulator.Get("/ledger");
  for (const Json& call : ledger.at("rejected")) {
    if (call.value("error", Json::object()).value("error", "") == "OPERATION_TIME_LIMIT") ++drive.blocked;
  }
  return drive;
}

TEST(OperatingBudget, AMethodIsHeldBeforeThePortalBlocksItAndOthersGoOn) {
  const Drive drive = DriveToTheLimit("self_hosted\n    operating_limit: 420s", /*bills_batch=*/false);
  EXPECT_EQ(drive.blocked, 0);
  EXPECT_FALSE(drive.ends.contains("OPERATION_TIME_LIMIT"));
  EXPECT_GE(drive.ends.at("OK"), 30) << "most of the 42 that the limit allows";
  EXPECT_EQ(drive.ends.at("OK") + drive.ends.at("METHOD_HELD"), 200);
  EXPECT_EQ(drive.others, (std::map<std::string, int>{{"OK", 20}}));
}

TEST(OperatingBudget, WithoutItThePortalBlocksTheMethod) {
  const Drive drive = DriveToTheLimit("self_hosted\n    operating_limit: 0s", /*bills_batch=*/false);
  EXPECT_GT(drive.blocked, 100);
  EXPECT_GT(drive.ends.at("OPERATION_TIME_LIMIT"), 100);
  EXPECT_EQ(drive.others, (std::map<std::string, int>{{"OK", 20}})) << "the portal blocks one method, not all";
}

TEST(OperatingBudget, APortalThatBillsABatchForItsCommandsIsNotDrivenToTheLimitEither) {
  const Drive drive = DriveToTheLimit("self_hosted\n    operating_limit: 420s", /*bills_batch=*/true);
  EXPECT_EQ(drive.blocked, 0);
  EXPECT_FALSE(drive.ends.contains("OPERATION_TIME_LIMIT"));
  EXPECT_GE(drive.ends.at("OK"), 30);
  EXPECT_EQ(drive.others, (std::map<std::string, int>{{"OK", 20}}));
}

// --- Portals that refuse everything.

// What a portal says until somebody has acted, as WIRE_FACTS 1.6 has it.
struct Refusal {
  const char* portal;
  const char* code;
  int http_status;
  const char* text;
};
constexpr Refusal kRefusals[] = {
    {"overloaded", "OVERLOAD_LIMIT", 503, "REST API is blocked due to overload."},
    {"deleted", "PORTAL_DELETED", 403, "Portal was deleted"},
    {"unpaid", "PAYMENT_REQUIRED", 401, "Subscription has ended"},
    {"unsubscribed", "ACCESS_DENIED", 401, "REST is available only by subscription."},
    {"revoked", "INVALID_CREDENTIALS", 401, "Invalid request credentials"},
};

class Quarantined : public ::testing::Test {
 protected:
  Quarantined() {
    GatewayOptions options;
    options.portal_url = acme_.http_url();
    for (const Refusal& refusal : kRefusals) {
      simulators_[refusal.portal] = std::make_unique<Simulator>();
      options.portals += std::string("  - {name: ") + refusal.portal + ", base_url: \"" +
                         simulators_[refusal.portal]->http_url() +
                         "\", allow_plain_http: true, plan: self_hosted, webhook: {user_id: 1, code: {file: "
                         "webhook_code}}}\n";
    }
    gateway_ = std::make_unique<Gateway>(folder_, options);
    admin_ = std::make_unique<RpcClient>(gateway_->admin_port());
    for (const Refusal& refusal : kRefusals) EXPECT_TRUE(RegisterBot(*gateway_, refusal.portal).ok());
  }
  static void Begin(const Simulator& simulator, const Refusal& refusal) {
    simulator.Post(
        "/faults",
        Json::array(
            {{{"method", "*"},
              {"count", -1},
              {"kind", "error"},
              {"args", {{"error", refusal.code}, {"description", refusal.text}, {"code", refusal.http_status}}}}}));
  }
  RpcResult Call(const std::string& portal) const {
    return gateway_->Call(kGetBot, Json({{"bot", portal + "/support"}}).dump());
  }
  Json Status(const std::string& portal) const {
    const RpcResult result = admin_->Call("imbot.gateway.v1.AdminService/GetStatus", Json({{"portal", portal}}).dump());
    EXPECT_TRUE(result.ok()) << result.status.error_message();
    return Json::parse(result.json).at("portals").at(0);
  }
  bool IsQuarantined(const std::string& portal) const { return Status(portal).contains("quarantine"); }

  const Simulator acme_;
  std::map<std::string, std::unique_ptr<Simulator>> simulators_;
  const TemporaryFolder folder_;
  std::unique_ptr<Gateway> gateway_;
  std::unique_ptr<RpcClient> admin_;
};

TEST_F(Quarantined, EachReasonIsEnteredReportedProbedAndReleased) {
  std::map<std::string, steady_clock::time_point> since;
  for (const Refusal& refusal : kRefusals) {
    SCOPED_TRACE(refusal.portal);
    const Simulator& simulator = *simulators_.at(refusal.portal);
    Begin(simulator, refusal);
    EXPECT_EQ(Call(refusal.portal).Reason(), refusal.code) << "the portal's own word, the first time";
    ASSERT_TRUE(Within(seconds(10), [&] { return IsQuarantined(refusal.portal); }));
    since[refusal.portal] = steady_clock::now();
    // The call and the probe that asked again.
    const int64_t requests = simulator.Requests();
    const RpcResult refused = Call(refusal.portal);
    EXPECT_EQ(refused.status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
    EXPECT_EQ(refused.Reason(), "PORTAL_QUARANTINED");
    EXPECT_EQ(refused.Outcome(), "NOT_EXECUTED");
    EXPECT_EQ(refused.Info().metadata().at("quarantine_reason"), refusal.code);
    EXPECT_EQ(refused.Info().metadata().at("actor"), "OPERATOR");
    EXPECT_TRUE(refused.RetryInfo().has_value());
    EXPECT_EQ(simulator.Requests(), requests) << "nothing was sent";
    const Json quarantine = Status(refusal.portal).at("quarantine");
    EXPECT_EQ(quarantine.at("reason"), refusal.code);
    EXPECT_EQ(quarantine.at("actor"), "ACTOR_OPERATOR");
    EXPECT_THAT(gateway_->Metrics(), ::testing::HasSubstr(std::string("portal=\"") + refusal.portal + "\""));
  }
  EXPECT_TRUE(gateway_->Call("bitrix24.imbot.v2.RevisionService/GetRevision", R"({"portal": "acme"})").ok())
      << "the healthy one is not touched";

  // An operator lets one of them go; the others find out by themselves, after the 30 s of the first probe.
  for (const Refusal& refusal : kRefusals) simulators_.at(refusal.portal)->Delete("/faults");
  const RpcResult released = admin_->Call("imbot.gateway.v1.AdminService/ReleasePortal", R"({"portal": "deleted"})");
  EXPECT_TRUE(released.ok()) << released.status.error_message();
  EXPECT_TRUE(Call("deleted").ok());
  for (const Refusal& refusal : kRefusals) {
    if (std::string(refusal.portal) == "deleted") continue;
    SCOPED_TRACE(refusal.portal);
    ASSERT_TRUE(Within(seconds(45), [&] { return !IsQuarantined(refusal.portal); }));
    const auto lasted = steady_clock::now() - since.at(refusal.portal);
    EXPECT_GE(lasted, seconds(28)) << "no sooner than the probe was due";
    EXPECT_TRUE(Call(refusal.portal).ok());
  }
}

TEST_F(Quarantined, ARefusalThatIsNotRepeatedBlocksNobody) {
  const Simulator& simulator = *simulators_.at("overloaded");
  simulator.Post("/faults", Json::array({{{"method", "imbot.v2.Bot.get"},
                                          {"count", 1},
                                          {"kind", "error"},
                                          {"args", {{"error", "OVERLOAD_LIMIT"}, {"code", 503}}}}}));
  EXPECT_EQ(Call("overloaded").Reason(), "OVERLOAD_LIMIT");
  for (int call = 0; call < 10; ++call) EXPECT_TRUE(Call("overloaded").ok());
  EXPECT_FALSE(IsQuarantined("overloaded"));
}

TEST_F(Quarantined, APortalThatResetsEverythingOpensTheBreakerAndComesBackByItself) {
  const Simulator& simulator = *simulators_.at("overloaded");
  simulator.Post("/faults", Json::array({{{"method", "*"}, {"count", -1}, {"kind", "reset_before"}}}));
  std::vector<std::future<RpcResult>> calls;
  for (int i = 0; i < 20; ++i)
    calls.push_back(std::async(std::launch::async, [&] {
      return gateway_->Call(kGetBot, R"({"bot": "overloaded/support"})", {.metadata = {}, .deadline = seconds(6)});
    }));
  ASSERT_TRUE(Within(seconds(10), [&] { return IsQuarantined("overloaded"); }));
  const Json quarantine = Status("overloaded").at("quarantine");
  EXPECT_EQ(quarantine.at("circuitBreaker"), true);
  EXPECT_EQ(quarantine.at("reason"), "TRANSPORT_FAILED");
  const RpcResult refused = Call("overloaded");
  EXPECT_EQ(refused.Reason(), "PORTAL_QUARANTINED");
  EXPECT_EQ(refused.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(refused.Info().metadata().at("actor"), "BITRIX24");
  for (auto& call : calls) EXPECT_FALSE(call.get().ok());
  simulator.Delete("/faults");
  ASSERT_TRUE(Within(seconds(40), [&] { return !IsQuarantined("overloaded"); }));
  EXPECT_TRUE(Call("overloaded").ok());
}

}  // namespace
}  // namespace imbot
