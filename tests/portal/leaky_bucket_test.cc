#include "service/portal/leaky_bucket.h"

#include <gtest/gtest.h>

namespace imbot::portal {
namespace {

using namespace std::chrono_literals;
using base::MonoTime;

// Any time; the bucket knows no other clock than what it is told.
constexpr MonoTime kStart = MonoTime(1000h);

// Lets requests leave while it may, without time going on.
int LeaveAtOnce(LeakyBucket& bucket, MonoTime now, size_t reserve = 0) {
  int left = 0;
  for (; left < 1000 && bucket.NextAt(now, 1, reserve) <= now; ++left) bucket.Add(now);
  return left;
}

TEST(LeakyBucket, LetsABurstLeaveAtOnceAndKeepsTwoRequestsToSpare) {
  LeakyBucket standard(kStandardPlan);
  EXPECT_EQ(LeaveAtOnce(standard, kStart), 48);
  LeakyBucket enterprise(kEnterprisePlan);
  EXPECT_EQ(LeaveAtOnce(enterprise, kStart), 248);
}

TEST(LeakyBucket, LetsOneLeaveInEachInterval) {
  LeakyBucket bucket(kStandardPlan);
  LeaveAtOnce(bucket, kStart);
  for (int i = 1; i <= 100; ++i) {
    EXPECT_EQ(bucket.NextAt(kStart + (i - 1) * 500ms), kStart + i * 500ms);
    bucket.Add(kStart + i * 500ms);
  }
}

TEST(LeakyBucket, NeverLetsAPortalsOwnBucketOverflow) {
  // The portal's: fifty, two a second.
  double level = 0;
  LeakyBucket bucket(kStandardPlan);
  MonoTime now = kStart;
  int left = 0;
  while (now < kStart + 600s) {
    const MonoTime next = std::max(bucket.NextAt(now), now);
    level = std::max(0.0, level - std::chrono::duration<double>(next - now).count() * 2) + 1;
    now = next;
    bucket.Add(now);
    ++left;
    ASSERT_LE(level, 50);
    // A pause now and then.
    if (left % 97 == 0) {
      level = std::max(0.0, level - 2 * 13.7);
      now += 13700ms;
    }
  }
  EXPECT_GT(left, 1200) << "and makes use of it: two a second, and what a burst adds";
}

TEST(LeakyBucket, IsEmptyAgainAfterAPause) {
  LeakyBucket bucket(kStandardPlan);
  LeaveAtOnce(bucket, kStart);
  EXPECT_EQ(LeaveAtOnce(bucket, kStart + 24s), 48);
}

TEST(LeakyBucket, TellsWhenTheLastOfSeveralMayLeave) {
  LeakyBucket bucket(kStandardPlan);
  EXPECT_EQ(bucket.NextAt(kStart, 48), kStart);
  EXPECT_EQ(bucket.NextAt(kStart, 50), kStart + 1s);
  EXPECT_EQ(bucket.NextAt(kStart, 0), kStart);
}

TEST(LeakyBucket, LeavesRoomForOthersWhereItIsAskedWithAReserve) {
  LeakyBucket bucket(kStandardPlan);
  EXPECT_EQ(LeaveAtOnce(bucket, kStart, 4), 44);
  EXPECT_EQ(LeaveAtOnce(bucket, kStart), 4);
  EXPECT_EQ(bucket.NextAt(kStart, 1, 4), kStart + 2500ms);
}

TEST(LeakyBucket, LetsOneAtATimeLeaveWhereThePlanIsNoLargerThanWhatIsSpared) {
  LeakyBucket bucket({.burst = 1, .per_second = 4});
  EXPECT_EQ(LeaveAtOnce(bucket, kStart), 1);
  EXPECT_EQ(bucket.NextAt(kStart), kStart + 250ms);
  EXPECT_EQ(LeaveAtOnce(bucket, kStart + 250ms, 4), 1) << "a reserve larger than it holds nobody back for ever";
}

TEST(LeakyBucket, KnowsNoLimitWithoutAPlan) {
  LeakyBucket bucket(kUnlimitedPlan);
  EXPECT_EQ(LeaveAtOnce(bucket, kStart), 1000);
  EXPECT_EQ(bucket.Level(kStart), 0);
}

TEST(LeakyBucket, TellsWhatIsInIt) {
  LeakyBucket bucket(kStandardPlan);
  EXPECT_EQ(bucket.Level(kStart), 0);
  for (int i = 0; i < 10; ++i) bucket.Add(kStart);
  EXPECT_EQ(bucket.Level(kStart), 10);
  EXPECT_EQ(bucket.Level(kStart + 1s), 8);
  EXPECT_EQ(bucket.Level(kStart + 1h), 0);
}

TEST(LeakyBucket, CountsAsFullOnceThePortalHasRefused) {
  LeakyBucket bucket(kStandardPlan);
  bucket.Add(kStart);
  bucket.OnRefused(kStart, kStart);
  EXPECT_EQ(bucket.Level(kStart), 50);
  EXPECT_EQ(bucket.NextAt(kStart), kStart + 1500ms) << "until 48 are in it, the next one included";
}

TEST(LeakyBucket, WaitsTwiceAsLongAfterEachRefusalUpToFifteenSeconds) {
  LeakyBucket bucket(kStandardPlan);
  MonoTime now = kStart;
  const base::Duration expected[] = {1500ms, 1500ms, 2s, 4s, 8s, 15s, 15s};
  for (const base::Duration wait : expected) {
    bucket.Add(now);
    bucket.OnRefused(now + 1ms, now);
    EXPECT_EQ(bucket.NextAt(now + 1ms), now + 1ms + wait);
    now = bucket.NextAt(now + 1ms);
  }
  bucket.Add(now);
  bucket.OnTaken();
  now += 60s;
  bucket.OnRefused(now, now);
  EXPECT_EQ(bucket.NextAt(now), now + 1500ms) << "from the beginning, once the portal took one";
}

TEST(LeakyBucket, HearsOnceOfSeveralRefusalsOfWhatWasUnderWayTogether) {
  LeakyBucket bucket(kStandardPlan);
  for (int i = 0; i < 20; ++i) bucket.OnRefused(kStart + 100ms, kStart);
  EXPECT_EQ(bucket.NextAt(kStart + 100ms), kStart + 1600ms);
}

TEST(LeakyBucket, WaitsAfterARefusalWithoutAPlanToo) {
  LeakyBucket bucket(kUnlimitedPlan);
  bucket.OnRefused(kStart, kStart);
  EXPECT_EQ(bucket.NextAt(kStart), kStart + 500ms);
  EXPECT_EQ(bucket.NextAt(kStart + 500ms), kStart + 500ms);
}

TEST(LeakyBucket, TellsThoseWhoShareItHowManyAreAhead) {
  LeakyBucket bucket(kStandardPlan);
  const int a = 0;
  const int b = 0;
  EXPECT_EQ(bucket.Ahead(&a, 0), 0u);
  bucket.Wait(&a, 0);
  bucket.Wait(&b, 0);
  bucket.Wait(&a, 0);  // it waits already
  EXPECT_EQ(bucket.Ahead(&a, 0), 0u);
  EXPECT_EQ(bucket.Ahead(&b, 0), 1u);
  const int newcomer = 0;
  EXPECT_EQ(bucket.Ahead(&newcomer, 0), 2u);
  bucket.StopWaiting(&a, 0);
  EXPECT_EQ(bucket.Ahead(&b, 0), 0u);
  EXPECT_EQ(bucket.Ahead(&a, 0), 1u);
}

TEST(LeakyBucket, PutsWhoWaitsWithAReserveAheadOfNobodyWithASmallerOne) {
  LeakyBucket bucket(kStandardPlan);
  const int a = 0;
  const int b = 0;
  bucket.Wait(&a, 4);
  bucket.Wait(&b, 4);
  EXPECT_EQ(bucket.Ahead(&b, 4), 1u);
  EXPECT_EQ(bucket.Ahead(&b, 0), 0u);
  bucket.Wait(&b, 0);
  EXPECT_EQ(bucket.Ahead(&b, 4), 1u) << "it is not ahead of itself";
}

}  // namespace
}  // namespace imbot::portal
