// What a portal's limit lets out and teaches, and what can be seen of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/portal/scheduler_fixture.h"

namespace imbot::portal {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

class Limit : public SchedulerFixture {};

TEST_F(Limit, SpreadsWhatLeavesByThePortalsLimit) {
  SchedulerOptions options = Window(100);
  options.batching = false;
  Start(options, kStandardPlan);
  SubmitMany(60, {.timeout = 600s});
  EXPECT_EQ(loop_.fake().sent(), 48u) << "two fewer than the portal takes at once";
  loop_.Advance(500ms);
  EXPECT_EQ(loop_.fake().sent(), 49u);
  loop_.Advance(1s);
  EXPECT_EQ(loop_.fake().sent(), 51u);
  AnswerEverything();
  scheduler_->Stop();
}

TEST_F(Limit, WaitsInsteadOfFailingWhereSomebodyElseUsesThePortalsLimit) {
  Start(Window(16), kStandardPlan);
  const int call = Submit();
  AnswerLimit(0);
  EXPECT_FALSE(answered(call));
  EXPECT_EQ(metrics_.limit_refusals.value(), 1);
  EXPECT_EQ(loop_.fake().sent(), 1u);
  loop_.Advance(1499ms);
  EXPECT_EQ(loop_.fake().sent(), 1u) << "the bucket counts as full: 50, and one more, is 48 in 1.5 s";
  loop_.Advance(1ms);
  ASSERT_EQ(loop_.fake().sent(), 2u);
  AnswerOk(1);
  EXPECT_EQ(results_[call], "0");
  EXPECT_EQ(answer(call).attempts, 2);
  EXPECT_EQ(answer(call).queued, 1500ms);
}

TEST_F(Limit, WaitsLongerWithEachRefusalAndRecoversWithASuccess) {
  Start(Window(1), {.burst = 50, .per_second = 10});
  Submit({.timeout = 600s});
  std::vector<base::Duration> waits;
  for (size_t i = 0; i < 9; ++i) {
    AnswerLimit(i);
    const base::MonoTime from = loop_.Now();
    while (loop_.fake().sent() == i + 1) loop_.Advance(100ms);
    waits.push_back(loop_.Now() - from);
  }
  EXPECT_THAT(waits, ElementsAre(300ms, 300ms, 400ms, 800ms, 1600ms, 3200ms, 6400ms, 12800ms, 15s));
  AnswerOk(9);
  loop_.Advance(60s);
  Submit();
  EXPECT_EQ(loop_.fake().sent(), 11u) << "at once";
  AnswerLimit(10);
  loop_.Advance(300ms);
  EXPECT_EQ(loop_.fake().sent(), 12u);
  AnswerEverything();
}

TEST_F(Limit, FailsAStreamThatWasRefusedForTheLimitSinceItCanNotBeginAgain) {
  Start(Window(1), kStandardPlan);
  const int stream = Submit({.stream = true});
  AnswerLimit(0);
  EXPECT_EQ(Reason(stream), "QUERY_LIMIT_EXCEEDED");
  EXPECT_EQ(Outcome(stream), "NOT_EXECUTED");
  EXPECT_TRUE(RetryDelay(answer(stream).status).has_value());
}

TEST_F(Limit, DoesNotHammerAPortalThatRefusesThoughItsPlanHasNoLimit) {
  Start(Window(1));
  Submit();
  AnswerLimit(0);
  EXPECT_EQ(loop_.fake().sent(), 1u);
  loop_.Advance(10s);
  EXPECT_EQ(loop_.fake().sent(), 2u);
  AnswerEverything();
}

// --- One bucket for several portals ---

class SharedBucket : public SchedulerFixture {
 protected:
  void Share(RatePlan plan) {
    bucket_ = std::make_shared<LeakyBucket>(plan);
    scheduler_ = Make("acme", bucket_, Window(16));
    other_ = Make("other", bucket_, Window(16));
  }
  void TearDown() override {
    other_.reset();
    SchedulerFixture::TearDown();
  }
  size_t SentTo(const std::string& portal) {
    size_t count = 0;
    for (size_t i = 0; i < loop_.fake().sent(); ++i) {
      count += loop_.fake().request(i).url.Reveal().starts_with("https://" + portal) ? 1 : 0;
    }
    return count;
  }

  std::shared_ptr<LeakyBucket> bucket_;
  std::unique_ptr<Scheduler> other_;
};

TEST_F(SharedBucket, LetsNoMoreLeaveThanOnePortalAloneMaySend) {
  Share({.burst = 10, .per_second = 2});
  for (int i = 0; i < 6; ++i) {
    Submit({.command = false});
    SubmitTo(*other_, {.command = false});
  }
  EXPECT_EQ(loop_.fake().sent(), 8u);
  loop_.Advance(500ms);
  EXPECT_EQ(loop_.fake().sent(), 9u);
  loop_.Advance(10s);
  EXPECT_EQ(loop_.fake().sent(), 12u);
  AnswerEverything();
}

TEST_F(SharedBucket, LetsPortalsTakeTurns) {
  Share(kNarrow);
  for (int i = 0; i < 12; ++i) {
    Submit({.timeout = 600s, .command = false});
    SubmitTo(*other_, {.timeout = 600s, .command = false});
  }
  for (int i = 0; i < 10; ++i) {
    loop_.Advance(500ms);
    AnswerEverything();
  }
  EXPECT_GE(SentTo("acme"), 4u);
  EXPECT_GE(SentTo("other"), 4u);
  EXPECT_EQ(loop_.fake().sent(), 11u);
  scheduler_->Stop();
  other_->Stop();
}

TEST_F(SharedBucket, HoldsBothBackWhenOneIsRefused) {
  Share(kStandardPlan);
  Submit();
  AnswerLimit(0);
  SubmitTo(*other_, {});
  EXPECT_EQ(loop_.fake().sent(), 1u);
  loop_.Advance(10s);
  EXPECT_EQ(loop_.fake().sent(), 3u);
  AnswerEverything();
}

TEST_F(SharedBucket, GivesTheTurnOfAPortalThatIsTakenAwayToTheNext) {
  Share(kNarrow);
  Submit({.command = false});
  SubmitTo(*other_, {.command = false});
  Submit({.command = false});
  other_.reset();
  loop_.Advance(1s);
  EXPECT_EQ(SentTo("acme"), 2u);
  AnswerEverything();
}

// --- Visible ---

TEST_F(Limit, TellsWhatItIsDoing) {
  Start(Window(1), kStandardPlan);
  Submit({.bytes = 10});
  Submit({.bytes = 20});
  loop_.Advance(1s);
  Submit({.bytes = 30, .priority = Priority::kBulk});
  Submit({.stream = true});
  PortalSnapshot snapshot = scheduler_->Snapshot();
  EXPECT_EQ(snapshot.queued_calls, 2u);
  EXPECT_EQ(snapshot.queued_bulk_calls, 1u);
  EXPECT_EQ(snapshot.queued_bytes, 50u);
  EXPECT_EQ(snapshot.longest_wait, 1s);
  EXPECT_EQ(snapshot.in_flight, 2u);
  EXPECT_EQ(snapshot.plan.burst, 50);
  EXPECT_EQ(snapshot.bucket_level, 1) << "the first has leaked away";
  EXPECT_EQ(snapshot.next_request_in, 0s);
  EXPECT_EQ(snapshot.requests, 2u);
  EXPECT_EQ(snapshot.calls, 2u);
  AnswerLimit(0);
  snapshot = scheduler_->Snapshot();
  EXPECT_EQ(snapshot.limit_refusals, 1u);
  EXPECT_EQ(snapshot.bucket_level, 50);
  EXPECT_EQ(snapshot.next_request_in, 1500ms);
  EXPECT_EQ(snapshot.in_flight, 1u);
  AnswerOk(1);
  loop_.Advance(10s);
  AnswerEverything();
  snapshot = scheduler_->Snapshot();
  EXPECT_EQ(snapshot.batches, 1u);
  EXPECT_EQ(snapshot.calls, 5u) << "one of them twice";
  EXPECT_EQ(snapshot.queued_calls, 0u);
  EXPECT_EQ(snapshot.queued_bulk_calls, 0u);
  EXPECT_EQ(snapshot.longest_wait, std::nullopt);
}

}  // namespace
}  // namespace imbot::portal
