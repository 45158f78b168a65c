// The edge of "once" that Bitrix24's own source documents: a portal that dies between the reservation of a templateId
// and the filling in of its message's id refuses repeats for an hour, and then sends them as new messages
// (WIRE_FACTS 8). So the gateway repeats for an hour at most, and sends nothing after it. Both clocks are moved: the
// portal's by its control endpoint, the gateway's record of the key by the hand of the test, while the gateway is down.

#include <gtest/gtest.h>
#include <signal.h>
#include <sqlite3.h>

#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/support/gateway.h"
#include "tests/support/http.h"
#include "tests/support/simulator.h"

namespace imbot {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::Gateway;
using testing::GatewayOptions;
using testing::Json;
using testing::RpcResult;
using testing::Simulator;
using testing::TemporaryFolder;

constexpr char kMethod[] = "imbot.v2.Chat.Message.send";
constexpr char kText[] = "once";
// The portal asks to wait 5 seconds after MESSAGE_DUPLICATED_BY_UUID: time for one more repeat, not for two.
constexpr milliseconds kDeadline{9'000};

class OnceAndTheHour : public ::testing::Test {
 protected:
  OnceAndTheHour() { Start(); }

  void SetUp() override {
    const RpcResult registered =
        gateway_->Call("bitrix24.imbot.v2.BotService/RegisterBot",
                       R"({"portal": "acme", "fields": {"code": "support", "properties": {"name": "Support"}}})");
    ASSERT_TRUE(registered.ok()) << registered.status.error_message();
  }

  void Start() {
    GatewayOptions options;
    options.portal_url = simulator_.http_url();
    options.log_level = "info";
    gateway_ = std::make_unique<Gateway>(folder_, options);
  }

  // Always the same call.
  RpcResult Send(milliseconds deadline = kDeadline) const {
    const Json request = {{"bot", "acme/support"}, {"dialogId", "chat5"}, {"fields", {{"message", kText}}}};
    return gateway_->Call("bitrix24.imbot.v2.MessageService/SendMessage", request.dump(),
                          {.metadata = {{"idempotency-key", "1"}}, .deadline = deadline});
  }

  // The next message is lost at that point of the portal's work.
  void LoseTheNextAt(const std::string& point) const {
    simulator_.Post("/faults", {{"method", kMethod}, {"count", 1}, {"kind", "reset"}, {"at", point}});
  }

  // Bodies of the requests that asked for the message.
  std::vector<Json> Asked() const {
    std::vector<Json> bodies;
    for (const Json& request : simulator_.Received()) {
      if (request.at("target").get<std::string>().find(kMethod) != std::string::npos)
        bodies.push_back(Json::parse(request.at("body").get<std::string>()));
    }
    return bodies;
  }
  // How often the message is there.
  int Messages() const { return simulator_.ExecutedSince(0, kMethod, /*changes=*/true); }

  // The same again, past the gateway.
  testing::HttpReply AskDirectly() const {
    for (const Json& request : simulator_.Received()) {
      const auto target = request.at("target").get<std::string>();
      if (target.find(kMethod) == std::string::npos) continue;
      return testing::Http("POST", simulator_.http_port(), target, request.at("body").get<std::string>());
    }
    return {};
  }

  // Restarts the gateway with a record of the key that is older by so much.
  void RestartWithOlderRecord(milliseconds by) {
    gateway_->process().Signal(SIGTERM);
    ASSERT_EQ(gateway_->process().Wait(seconds(20)), 0);
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open((folder_.path() + "/store.db").c_str(), &database), SQLITE_OK);
    const std::string update =
        "UPDATE idempotency_keys SET first_attempt_unix_ms = first_attempt_unix_ms - " + std::to_string(by.count());
    char* problem = nullptr;
    EXPECT_EQ(sqlite3_exec(database, update.c_str(), nullptr, nullptr, &problem), SQLITE_OK)
        << (problem == nullptr ? "" : problem);
    sqlite3_free(problem);
    EXPECT_EQ(sqlite3_changes(database), 1);
    sqlite3_close(database);
    Start();
  }
  void MoveThePortalsClock(milliseconds by) const { simulator_.Post("/clock", {{"advance_ms", by.count()}}); }

  const Simulator simulator_;
  const TemporaryFolder folder_;
  std::unique_ptr<Gateway> gateway_;
};

TEST_F(OnceAndTheHour, ALostReservationIsAskedForAgainWithTheSameIdUntilTheDeadline) {
  LoseTheNextAt("after_reserve");
  const auto begun = std::chrono::steady_clock::now();
  const RpcResult result = Send();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, kDeadline);
  EXPECT_FALSE(result.ok());
  EXPECT_EQ(result.Outcome(), "UNKNOWN") << result.status.error_message();
  EXPECT_EQ(result.Reason(), "MESSAGE_DUPLICATED_BY_UUID");
  // The one that was lost, one at once, and one when the portal said that it was worth another try.
  const std::vector<Json> asked = Asked();
  EXPECT_EQ(asked.size(), 3u);
  std::set<Json> ids;
  for (const Json& body : asked) ids.insert(body.at("fields").at("templateId"));
  EXPECT_EQ(ids.size(), 1u);
  EXPECT_EQ(Messages(), 0);
}

TEST_F(OnceAndTheHour, AReservationThatIsFilledInMeanwhileEndsOk) {
  // The first attempt is slow; the gateway gives it up and asks again.
  gateway_.reset();
  GatewayOptions options;
  options.portal_url = simulator_.http_url();
  options.limits = "  portal_reply_timeout: 1s\n";
  gateway_ = std::make_unique<Gateway>(folder_, options);
  simulator_.Post(
      "/faults",
      {{"method", kMethod}, {"count", 1}, {"kind", "delay"}, {"at", "after_reserve"}, {"args", {{"ms", 3'000}}}});
  const RpcResult result = Send(seconds(15));
  EXPECT_TRUE(result.ok()) << result.status.error_message();
  EXPECT_GE(Asked().size(), 3u) << "given up, refused, answered";
  EXPECT_EQ(Messages(), 1);
}

class OnceAfterAnHour : public OnceAndTheHour, public ::testing::WithParamInterface<const char*> {};

TEST_P(OnceAfterAnHour, NothingIsSentThoughThePortalWouldSendItAgain) {
  LoseTheNextAt(GetParam());
  EXPECT_EQ(Send(seconds(2)).Outcome(), "UNKNOWN");
  const int before = Messages();
  RestartWithOlderRecord(minutes(60));
  MoveThePortalsClock(minutes(60));
  const size_t asked = Asked().size();
  const RpcResult repeat = Send();
  EXPECT_EQ(repeat.status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(repeat.Reason(), "IDEMPOTENCY_KEY_UNRESOLVED");
  EXPECT_EQ(repeat.Outcome(), "UNKNOWN");
  EXPECT_EQ(Asked().size(), asked) << "something was sent";
  EXPECT_EQ(Messages(), before);
  // For comparison: what a repeat would have done.
  EXPECT_EQ(AskDirectly().status, 200);
  EXPECT_EQ(Messages(), before + 1);
}

TEST_P(OnceAfterAnHour, BeforeItsEndTheSameIsStillAskedForAndRefused) {
  LoseTheNextAt(GetParam());
  EXPECT_EQ(Send(seconds(2)).Outcome(), "UNKNOWN");
  const int before = Messages();
  RestartWithOlderRecord(minutes(50));
  MoveThePortalsClock(minutes(50));
  const size_t asked = Asked().size();
  const RpcResult repeat = Send(seconds(2));
  EXPECT_EQ(repeat.Reason(), "MESSAGE_DUPLICATED_BY_UUID");
  EXPECT_EQ(repeat.Outcome(), "UNKNOWN");
  EXPECT_GT(Asked().size(), asked);
  EXPECT_EQ(Messages(), before);
}

// The positive control: a gateway that does not know how old its record is (its clock stood still) sends again.
TEST_P(OnceAfterAnHour, TheAgeOfTheRecordIsWhatHoldsTheRepeatBack) {
  LoseTheNextAt(GetParam());
  EXPECT_EQ(Send(seconds(2)).Outcome(), "UNKNOWN");
  const int before = Messages();
  RestartWithOlderRecord(minutes(0));
  MoveThePortalsClock(minutes(60));
  EXPECT_TRUE(Send().ok());
  EXPECT_EQ(Messages(), before + 1);
}

INSTANTIATE_TEST_SUITE_P(Points, OnceAfterAnHour, ::testing::Values("after_reserve", "after_store"),
                         [](const auto& point) {
                           return std::string(point.param) == "after_store" ? "LostAfterItWasStored"
                                                                            : "LostBeforeItWasStored";
                         });

}  // namespace
}  // namespace imbot
