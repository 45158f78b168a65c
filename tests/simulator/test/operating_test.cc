// How long a method may run. Expected values: WIRE_FACTS.md 3 (ten minutes in buckets of one, by caller and method,
// calls of at most 0.1 seconds not counted, 429 without a time to wait for), 1.4 (`operating` and `operating_reset_at`)
// and 2 (what a batch's commands are billed to).
#include "tests/simulator/rest/operating.h"

#include <chrono>
#include <string>

#include "tests/simulator/test/portal_fixture.h"

namespace simulator {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

PortalClock::TimePoint At(int64_t s) {
  return PortalClock::TimePoint(seconds(1'700'000'040 + s));  // the beginning of a minute
}

TEST(OperatingLimiter, BlocksAboveTheLimitAndForgetsByTheMinute) {
  PortalOptions options;
  options.operating_limit = seconds(10);
  OperatingLimiter limiter(&options);
  for (int i = 0; i < 2; ++i) limiter.Bill("k", At(0), seconds(5));
  EXPECT_FALSE(limiter.Blocked("k", At(1))) << "the limit itself is allowed";
  limiter.Bill("k", At(60), seconds(1));
  EXPECT_TRUE(limiter.Blocked("k", At(61)));
  EXPECT_FALSE(limiter.Blocked("other", At(61)));
  EXPECT_EQ(limiter.State("k", At(61)).reset_at, 1'700'000'040 + 600);
  EXPECT_TRUE(limiter.Blocked("k", At(599)));
  EXPECT_FALSE(limiter.Blocked("k", At(600))) << "the first minute is forgotten";
  EXPECT_DOUBLE_EQ(limiter.State("k", At(600)).seconds, 1);
  EXPECT_DOUBLE_EQ(limiter.State("k", At(660)).seconds, 0);
}

TEST(OperatingLimiter, CountsNoShortCallsAndNothingWithoutALimit) {
  PortalOptions options;
  OperatingLimiter limiter(&options);
  limiter.Bill("k", At(0), milliseconds(100));
  EXPECT_DOUBLE_EQ(limiter.State("k", At(0)).seconds, 0);
  limiter.Bill("k", At(0), milliseconds(101));
  EXPECT_DOUBLE_EQ(limiter.State("k", At(0)).seconds, 0.101);
  limiter.Bill("k", At(0), seconds(1000));
  EXPECT_FALSE(limiter.Blocked("k", At(0)));
}

class OperatingTest : public PortalTest {
 protected:
  // Each call is billed five seconds, and ten are allowed.
  void Limit() const {
    ASSERT_EQ(ControlPost("/options", Json{{"operating_limit_ms", 10'000}, {"operating_cost_ms", 5'000}}).status, 200);
  }
  Reply Time(const std::string& code = "simulator") const { return GetUrl(http(), "/rest/1/" + code + "/server.time"); }
  Json Batch(const Json& cmd) const { return Result("batch", Json{{"cmd", cmd}}); }
};

TEST_F(OperatingTest, AMethodOverItsLimitIsBlockedAlone) {
  Limit();
  for (int i = 1; i <= 3; ++i) EXPECT_EQ(Time().json()["time"]["operating"], 5 * i);
  const Reply blocked = Time();
  EXPECT_EQ(blocked.status, 429);
  EXPECT_EQ(blocked.body, R"({"error":"OPERATION_TIME_LIMIT","error_description":"Method is blocked due to )"
                          R"(operation time limit."})");
  EXPECT_EQ(Rest("imbot.v2.Revision.get", Json::object()).status, 200) << "others are not concerned";
  ControlPost("/webhooks", Json{{"user", 1}, {"code", "second"}});
  EXPECT_EQ(Time("second").status, 200) << "nor another webhook's";
  EXPECT_EQ(Control("/ledger")["executed"].size(), 5U);
  ControlPost("/clock", Json{{"advance_ms", 600'000}});
  EXPECT_EQ(Time().status, 200);
}

TEST_F(OperatingTest, ResetAtTellsWhenSomeOfItIsForgotten) {
  Limit();
  const Json first = Time().json()["time"];
  const int64_t reset_at = first["operating_reset_at"].get<int64_t>();
  ControlPost("/clock", Json{{"advance_ms", 120'000}});
  Time();
  const Json third = Time().json()["time"];
  EXPECT_EQ(third["operating_reset_at"], reset_at);
  EXPECT_EQ(Time().status, 429);
  const int64_t left = reset_at - third["finish"].get<int64_t>();
  EXPECT_GT(left, 0);
  ControlPost("/clock", Json{{"advance_ms", (left + 1) * 1000}});
  EXPECT_EQ(Time().status, 200);
}

TEST_F(OperatingTest, InABatchEachCommandIsBilledToItsMethod) {
  Limit();
  ControlPost("/webhooks", Json{{"user", 1}, {"code", "second"}});
  const Json cmd = Json{{"a", "server.time"}, {"b", "server.time"}, {"c", "server.time"}, {"d", "server.time"}};
  const Json result = Batch(cmd);
  EXPECT_EQ(result["result_time"]["c"]["operating"], 15);
  EXPECT_EQ(result["result_error"]["d"]["error"], "OPERATION_TIME_LIMIT") << "and the reply is a 200";
  EXPECT_EQ(Batch(Json{{"a", "imbot.v2.Revision.get"}})["result"].size(), 1U);
  EXPECT_EQ(Time().status, 200) << "alone it has a count of its own";
  const Reply other = PostJson(http(), "/rest/1/second/batch", Json{{"cmd", {{"a", "server.time"}}}});
  EXPECT_EQ(other.json()["result"]["result_error"]["a"]["error"], "OPERATION_TIME_LIMIT") << "all webhooks share it";
}

TEST_F(OperatingTest, OrTheBatchAsAWholeIsBilled) {
  Limit();
  ControlPost("/options", Json{{"operating_bills_batch", true}});
  const Json cmd = Json{{"a", "server.time"}, {"b", "server.time"}, {"c", "server.time"}};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Batch(cmd)["result"].size(), 3U);
  EXPECT_EQ(Error("batch", Json{{"cmd", cmd}}, 429), "OPERATION_TIME_LIMIT");
  EXPECT_EQ(Time().status, 200);
  ControlPost("/clock", Json{{"advance_ms", 600'000}});
  Batch(cmd);
  const Json times = Batch(cmd)["result_time"];
  EXPECT_EQ(times["a"]["operating"], 5) << "what was billed before this batch";
  EXPECT_EQ(times["a"]["operating"], times["c"]["operating"]) << "the same for all";
}

TEST_F(OperatingTest, WithoutALimitNothingIsBlocked) {
  ControlPost("/options", Json{{"operating_cost_ms", 1'000'000}});
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Time().status, 200);
  ControlPost("/options", Json{{"operating", false}});
  EXPECT_FALSE(Time().json()["time"].contains("operating")) << "self-hosted portals tell nothing";
}

}  // namespace
}  // namespace simulator
