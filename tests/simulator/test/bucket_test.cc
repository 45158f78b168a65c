// The leaky bucket. Expected values: WIRE_FACTS.md 3 (50 at once, 2 a second; Enterprise 250 and 5; by portal and
// source address; 503 with a documented body) and page api-reference/chat-bots/chat-bots-v2/index.md (2 a second).
#include "tests/simulator/rest/bucket.h"

#include <chrono>
#include <string>

#include "tests/simulator/test/portal_fixture.h"

namespace simulator {
namespace {

using std::chrono::milliseconds;

PortalClock::TimePoint At(int64_t ms) {
  return PortalClock::TimePoint(milliseconds(1'700'000'000'000 + ms));
}

int AdmittedOf(LeakyBucket* bucket, int requests, int64_t ms) {
  int admitted = 0;
  for (int i = 0; i < requests; ++i) admitted += bucket->Admit(50, 2, At(ms)) ? 1 : 0;
  return admitted;
}

TEST(LeakyBucket, TakesItsCapacityAtOnceAndNoMore) {
  LeakyBucket bucket;
  EXPECT_EQ(AdmittedOf(&bucket, 100, 0), 50);
  EXPECT_DOUBLE_EQ(bucket.Level(2, At(0)), 50);
}

TEST(LeakyBucket, HasRoomForOneMoreEachHalfSecond) {
  LeakyBucket bucket;
  AdmittedOf(&bucket, 50, 0);
  EXPECT_EQ(AdmittedOf(&bucket, 5, 499), 0);
  EXPECT_EQ(AdmittedOf(&bucket, 5, 500), 1);
  EXPECT_EQ(AdmittedOf(&bucket, 5, 999), 0);
  EXPECT_EQ(AdmittedOf(&bucket, 5, 1'000), 1) << "what was refused has cost nothing";
  EXPECT_EQ(AdmittedOf(&bucket, 50, 3'500), 5);
  EXPECT_EQ(AdmittedOf(&bucket, 100, 3'500 + 25'000), 50) << "empty after 25 seconds";
}

TEST(LeakyBucket, LevelSinksAtTheLeaksRate) {
  LeakyBucket bucket;
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(bucket.Admit(250, 5, At(0)));
  EXPECT_DOUBLE_EQ(bucket.Level(5, At(1'000)), 5);
  EXPECT_DOUBLE_EQ(bucket.Level(5, At(2'000)), 0);
  EXPECT_DOUBLE_EQ(bucket.Level(5, At(9'000)), 0);
}

TEST(LeakyBucket, LosesNothingOverAMillionRequestsAtItsRate) {
  LeakyBucket bucket;
  AdmittedOf(&bucket, 50, 0);
  for (int64_t i = 1; i <= 1'000'000; ++i) {
    ASSERT_TRUE(bucket.Admit(50, 2, At(i * 500))) << i;
    ASSERT_FALSE(bucket.Admit(50, 2, At(i * 500 + 499))) << i;
  }
}

class BucketTest : public PortalTest {
 protected:
  Reply Call() const { return GetUrl(http(), Url("server.time")); }
  Reply CallFrom(const std::string& source, const std::string& host = "localhost") const {
    ClientConnection connection(http(), source);
    EXPECT_TRUE(connection.Write(FormatRequest("GET", Url("server.time"), "", "", host)));
    return connection.ReadReply();
  }
  // A bucket that leaks one in 1000 seconds: nothing comes back while a test runs, but by the clock.
  void Limit(int capacity) const {
    ASSERT_EQ(ControlPost("/options", Json{{"bucket", capacity}, {"bucket_leak", 0.001}}).status, 200);
  }
};

TEST_F(BucketTest, IsOffUntilItIsAskedFor) {
  for (int i = 0; i < 60; ++i) EXPECT_EQ(Call().status, 200);
  EXPECT_EQ(Control("/state")["buckets"], Json::array());
}

TEST_F(BucketTest, RefusesBeforeExecutionWithTheDocumentedBody) {
  Limit(3);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Call().status, 200);
  const Reply refused = Call();
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.body, R"({"error":"QUERY_LIMIT_EXCEEDED","error_description":"Too many requests"})");
  EXPECT_EQ(PostJson(http(), "/rest/1/wrong/nothing", Json::object()).error(), "QUERY_LIMIT_EXCEEDED")
      << "before the method and the credentials are looked at";
  const Json ledger = Control("/ledger");
  EXPECT_EQ(ledger["executed"].size(), 3U);
  ASSERT_EQ(ledger["rejected"].size(), 2U);
  EXPECT_EQ(ledger["rejected"][0]["error"]["error"], "QUERY_LIMIT_EXCEEDED");
  EXPECT_EQ(Control("/stats")["bucketRefused"], 2);
  const Json bucket = Control("/state")["buckets"][0];
  EXPECT_EQ(bucket["source"], "127.0.0.1");
  EXPECT_NEAR(bucket["level"].get<double>(), 3, 0.1);
  EXPECT_EQ(bucket["admitted"], 3);
  EXPECT_EQ(bucket["refused"], 2);
}

TEST_F(BucketTest, FollowsThePortalsClock) {
  Limit(2);
  Call();
  Call();
  EXPECT_EQ(Call().status, 503);
  ControlPost("/clock", Json{{"advance_ms", 1'000'000}});
  EXPECT_EQ(Call().status, 200);
  EXPECT_EQ(Call().status, 503);
  ControlPost("/clock", Json{{"advance_ms", 2'000'000}});
  EXPECT_NEAR(Control("/state")["buckets"][0]["level"].get<double>(), 0, 0.01);
}

TEST_F(BucketTest, IsOnePerPortalAndSourceAddress) {
  ControlPost("/webhooks", Json{{"portal", "other.test"}, {"code", "simulator"}});
  Limit(1);
  EXPECT_EQ(CallFrom("127.0.0.1").status, 200);
  EXPECT_EQ(CallFrom("127.0.0.1").status, 503);
  EXPECT_EQ(CallFrom("127.0.0.2").status, 200) << "another address";
  EXPECT_EQ(CallFrom("127.0.0.2").status, 503);
  EXPECT_EQ(CallFrom("127.0.0.1", "other.test").status, 200) << "another portal";
  EXPECT_EQ(CallFrom("127.0.0.1", "other.test").status, 503);
  EXPECT_EQ(Control("/state")["buckets"].size(), 2U);
  EXPECT_EQ(Control("/state?portal=other.test")["buckets"].size(), 1U);
}

TEST_F(BucketTest, MayBeOneForAllAddresses) {
  ControlPost("/options", Json{{"bucket_per_source", false}});
  Limit(1);
  EXPECT_EQ(CallFrom("127.0.0.1").status, 200);
  EXPECT_EQ(CallFrom("127.0.0.2").status, 503);
}

TEST_F(BucketTest, ABatchIsOneRequest) {
  Limit(1);
  Json cmd = Json::array();
  for (int i = 0; i < 50; ++i) cmd.push_back("server.time");
  EXPECT_EQ(Result("batch", Json{{"cmd", cmd}})["result"].size(), 50U);
  EXPECT_EQ(Error("batch", Json{{"cmd", cmd}}, 503), "QUERY_LIMIT_EXCEEDED");
}

TEST_F(BucketTest, ResetEmptiesItAndZeroTurnsItOff) {
  Limit(1);
  Call();
  EXPECT_EQ(Call().status, 503);
  ControlPost("/reset", Json::object());
  EXPECT_EQ(Control("/stats")["bucketRefused"], 0);
  EXPECT_EQ(Call().status, 200) << "the options stay";
  EXPECT_EQ(Call().status, 503);
  ControlPost("/options", Json{{"bucket", 0}});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Call().status, 200);
  for (const Json& wrong : {Json{{"bucket", "many"}}, Json{{"bucket", -1}}, Json{{"bucket_leak", 0}}})
    EXPECT_EQ(ControlPost("/options", wrong).status, 400) << wrong;
}

TEST_F(BucketTest, KeepsItsRateInRealTime) {
  ASSERT_EQ(ControlPost("/options", Json{{"bucket", 2}, {"bucket_leak", 20}}).status, 200);
  const auto start = std::chrono::steady_clock::now();
  std::chrono::duration<double> took{0};
  int admitted = 0;
  while (took.count() < 0.5) {
    admitted += Call().status == 200 ? 1 : 0;
    took = std::chrono::steady_clock::now() - start;
  }
  EXPECT_LE(admitted, 2 + 20 * took.count() + 1);
  // Below that only by what this thread missed while it was not running.
  EXPECT_GE(admitted, 0.8 * 20 * took.count());
  EXPECT_GT(Control("/stats")["bucketRefused"], 0) << "it was asked for more than it gives";
}

}  // namespace
}  // namespace simulator
