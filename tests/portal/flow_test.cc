// Whose turn it is, what order is kept, who is refused and when.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/portal/scheduler_fixture.h"

namespace imbot::portal {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

class Flow : public SchedulerFixture {};

// --- Order ---

TEST_F(Flow, KeepsTheOrderOfAKeyInsideABatch) {
  Occupy();
  Submit({.order_key = "chat5", .caller = "a"});
  Submit({.order_key = "chat5", .caller = "a"});
  Submit({.order_key = "chat5", .caller = "a"});
  AnswerOk(0);
  EXPECT_THAT(CallsOf(1), ElementsAre(1, 2, 3));
  AnswerEverything();
}

TEST_F(Flow, KeepsTheOrderOfAKeyAcrossCallers) {
  Occupy();
  Submit({.order_key = "chat5", .caller = "a"});
  Submit({.order_key = "chat5", .caller = "b"});
  Submit({.order_key = "chat5", .caller = "a"});
  Submit({.order_key = "chat5", .caller = "c"});
  AnswerOk(0);
  EXPECT_THAT(CallsOf(1), ElementsAre(1, 2, 3, 4));
  AnswerEverything();
}

TEST_F(Flow, NeverHasTwoRequestsWithCallsOfOneKeyInFlight) {
  Occupy(2);
  Submit({.order_key = "chat5", .command = false});
  Submit({.order_key = "chat5"});
  Submit({.order_key = "chat6"});
  AnswerOk(0);
  EXPECT_THAT(CallsOf(2), ElementsAre(2)) << "alone";
  AnswerOk(1);
  EXPECT_THAT(CallsOf(3), ElementsAre(4)) << "3 waits for the answer of 2";
  AnswerOk(3);
  EXPECT_EQ(loop_.fake().sent(), 4u);
  AnswerOk(2);
  EXPECT_THAT(CallsOf(4), ElementsAre(3));
  AnswerEverything();
}

TEST_F(Flow, HoldsBackWhoComesAfterACallThatWasRefusedForItsLimit) {
  Start(Window(4), kStandardPlan);
  Submit({.order_key = "chat5"});
  Submit({.order_key = "chat5"});
  AnswerLimit(0);
  EXPECT_EQ(loop_.fake().sent(), 1u);
  loop_.Advance(10s);
  EXPECT_THAT(CallsOf(1), ElementsAre(0, 1));
  AnswerEverything();
}

TEST_F(Flow, DoesNotKeepInteractiveCallsBehindBulkOnesOfTheirDialogThatStillWait) {
  Occupy();
  Submit({.order_key = "chat5", .caller = "a", .priority = Priority::kBulk});
  Submit({.order_key = "chat5", .caller = "a"});
  AnswerOk(0);
  EXPECT_THAT(CallsOf(1), ElementsAre(2));
  AnswerOk(1);
  EXPECT_THAT(CallsOf(2), ElementsAre(1));
  AnswerEverything();
}

// --- Fairness ---

TEST_F(Flow, LetsCallersTakeTurnsHoweverManyCallsOneHas) {
  Occupy();
  SubmitMany(4, {.caller = "noisy"});
  SubmitMany(2, {.caller = "quiet"});
  AnswerOk(0);
  EXPECT_THAT(CallsOf(1), ElementsAre(1, 5, 2, 6, 3, 4));
  AnswerEverything();
}

TEST_F(Flow, GivesAQuietCallerTheNextTurnThoughThousandsOfCallsWait) {
  Occupy();
  SubmitMany(3'000, {.timeout = 3600s, .caller = "noisy"});
  AnswerOk(0);
  const int quiet = Submit({.caller = "quiet"});
  AnswerOk(1);
  EXPECT_THAT(CallsOf(2), testing::Contains(quiet)) << "one batch later";
  scheduler_->Stop();
}

TEST_F(Flow, GivesTheFirstTurnToWhoHadToSitARequestOut) {
  Occupy();
  Submit({.caller = "a"});
  Submit({.caller = "b", .alone = true});
  SubmitMany(3, {.caller = "a"});
  AnswerOk(0);
  EXPECT_THAT(CallsOf(1), ElementsAre(1, 3, 4, 5));
  SubmitMany(2, {.caller = "a"});
  AnswerOk(1);
  EXPECT_THAT(CallsOf(2), ElementsAre(2));
  AnswerEverything();
}

// --- Bulk ---

TEST_F(Flow, SendsInteractiveCallsBeforeBulkOnes) {
  Occupy();
  Submit(Bulk());
  Submit({.caller = "a"});
  AnswerOk(0);
  EXPECT_THAT(CallsOf(1), ElementsAre(2));
  AnswerOk(1);
  EXPECT_THAT(CallsOf(2), ElementsAre(1));
  AnswerEverything();
}

TEST_F(Flow, KeepsSomeOfTheBucketFromBulk) {
  SchedulerOptions options = Window(100);
  options.batching = false;
  Start(options, {.burst = 12, .per_second = 1});  // of which two are kept free
  SubmitMany(12, Bulk());
  EXPECT_EQ(loop_.fake().sent(), 6u);
  for (int i = 0; i < 4; ++i) Submit({.caller = "a"});
  EXPECT_EQ(loop_.fake().sent(), 10u) << "four are left for others";
  AnswerEverything();
  scheduler_->Stop();
}

TEST_F(Flow, KeepsAQuarterOfTheWindowFromBulk) {
  SchedulerOptions options = Window(4);
  options.batching = false;
  Start(options);
  SubmitMany(5, Bulk());
  EXPECT_EQ(loop_.fake().sent(), 3u);
  const int call = Submit({.caller = "a"});
  EXPECT_THAT(CallsOf(3), ElementsAre(call));
  AnswerEverything();
}

TEST_F(Flow, KeepsAPlaceInASmallWindowFromBulk) {
  Start(Window(2));
  SubmitMany(3, Bulk());
  EXPECT_EQ(loop_.fake().sent(), 1u);
  const int call = Submit({.caller = "a"});
  EXPECT_THAT(CallsOf(1), ElementsAre(call));
  AnswerEverything();
}

TEST_F(Flow, SendsAnInteractiveCallAtOnceThoughFullBatchesOfBulkFillTheWiderWindow) {
  // Bulk with full batches has four windows where a limit bounds what leaves; an interactive call must not wait until
  // it is back within one.
  Start(Window(4), kStandardPlan);
  SubmitMany(2'000, {.timeout = 3600s, .caller = "bulk", .priority = Priority::kBulk});
  ASSERT_GT(scheduler_->in_flight(), 4u);
  const size_t before = loop_.fake().sent();
  const int call = Submit({.caller = "a"});
  ASSERT_EQ(loop_.fake().sent(), before + 1);
  EXPECT_THAT(CallsOf(before), ElementsAre(call));
  scheduler_->Stop();
}

// --- Streams ---

TEST_F(Flow, LetsStreamsAndInteractiveCallsTakeTurnsWhereTheBucketIsShort) {
  Start(Window(16), kNarrow);
  Submit({.caller = "a"});
  const int stream = Submit({.caller = "b", .stream = true});
  Submit({.caller = "a"});
  loop_.Advance(500ms);
  Submit({.caller = "a"});
  loop_.Advance(500ms);
  EXPECT_THAT(CallsOf(1), ElementsAre(stream)) << "messages without end would never let it leave";
  EXPECT_THAT(CallsOf(2), ElementsAre(2, 3));
  AnswerEverything();
}

// --- Bounds ---

TEST_F(Flow, TakesTheNewestCallOfWhoHasMostOutWhereThereIsNoRoom) {
  Bounded(4);
  SubmitMany(3, {.caller = "noisy"});
  SubmitMany(1, {.caller = "quiet"});
  const int newcomer = Submit({.caller = "third"});
  loop_.Run();
  EXPECT_FALSE(answered(newcomer));
  EXPECT_EQ(Reason(3), "QUEUE_FULL") << "the noisy caller's last";
  EXPECT_EQ(Outcome(3), "NOT_EXECUTED");
  EXPECT_EQ(RetryDelay(answer(3).status), 1000);
  EXPECT_EQ(answers_.size(), 1u);
  AnswerEverything();
}

TEST_F(Flow, RefusesTheNewcomerIfItsCallerWouldHaveAsManyAsAnybody) {
  Bounded(4);
  SubmitMany(2, {.caller = "a"});
  SubmitMany(2, {.caller = "b"});
  const int newcomer = Submit({.caller = "a"});
  loop_.Run();
  EXPECT_EQ(Reason(newcomer), "QUEUE_FULL");
  EXPECT_EQ(answers_.size(), 1u);
  AnswerEverything();
}

TEST_F(Flow, TakesBulkOutForAnInteractiveCallWhoeverHasMost) {
  Bounded(4);
  SubmitMany(3, {.caller = "a"});
  const int bulk = Submit(Bulk("b"));
  const int newcomer = Submit({.caller = "a"});
  loop_.Run();
  EXPECT_EQ(Reason(bulk), "QUEUE_FULL");
  EXPECT_FALSE(answered(newcomer));
  const int more = Submit(Bulk("b"));
  loop_.Run();
  EXPECT_EQ(Reason(more), "QUEUE_FULL") << "but not the other way round";
  AnswerEverything();
}

TEST_F(Flow, CountsBytesAsItCountsCalls) {
  Bounded(100, 1'000);
  Submit({.bytes = 600, .caller = "large"});
  Submit({.bytes = 300, .caller = "large"});
  SubmitMany(3, {.bytes = 30, .caller = "small"});
  const int newcomer = Submit({.bytes = 100, .caller = "third"});
  loop_.Run();
  EXPECT_FALSE(answered(newcomer));
  EXPECT_EQ(Reason(2), "QUEUE_FULL");
  EXPECT_EQ(answers_.size(), 1u);
  EXPECT_EQ(metrics_.queued_bytes.value(), 790);
  AnswerEverything();
}

// --- Deadlines ---

TEST_F(Flow, RefusesAtOnceACallThatCouldNotBeAnsweredInTime) {
  SchedulerOptions options = Window(16);
  options.batching = false;
  Start(options, kNarrow);
  SubmitMany(9);  // eight of them wait: the last leaves in 4 s
  const int refused = Submit({.timeout = 2s});
  EXPECT_FALSE(answered(refused)) << "not from inside Submit";
  loop_.Run();
  EXPECT_EQ(answer(refused).status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Reason(refused), "DEADLINE_TOO_SHORT");
  EXPECT_EQ(Outcome(refused), "NOT_EXECUTED");
  ASSERT_TRUE(RetryDelay(answer(refused).status).has_value());
  EXPECT_GE(*RetryDelay(answer(refused).status), 2'000);
  EXPECT_EQ(answer(refused).attempts, 0);
  const int patient = Submit({.timeout = 10s});
  loop_.Run();
  EXPECT_FALSE(answered(patient));
  scheduler_->Stop();
}

TEST_F(Flow, NeverRefusesACallForItsDeadlineThatMayLeaveAtOnce) {
  // However slow the portal has been: else nobody would find out that it no longer is.
  Submit({.timeout = 60s});
  loop_.Advance(50s);
  AnswerOk(0);
  const int call = Submit({.timeout = 10ms});
  loop_.Run();
  EXPECT_FALSE(answered(call));
  EXPECT_EQ(loop_.fake().sent(), 2u);
  AnswerEverything();
}

TEST_F(Flow, ExpectsAShortWaitWhereCallsLeaveTogether) {
  Start(Window(16), kNarrow);
  SubmitMany(40, {.timeout = 60s});  // one leaves, the others are one batch
  const int call = Submit({.timeout = 11s});
  loop_.Run();
  EXPECT_FALSE(answered(call));
  AnswerEverything();
  scheduler_->Stop();
}

TEST_F(Flow, NeverSendsACallAtOrAfterItsDeadline) {
  // The loop is late: a reply is handled at the very time at which the deadline of a call that waits passes.
  Occupy();
  const int late = Submit({.timeout = 2s});
  const int behind = Submit();
  loop_.Advance(2s - 1ms);
  loop_.Post([&] {
    clock_.Advance(1ms);  // which this task takes
    AnswerOk(0);
  });
  loop_.Run();
  EXPECT_EQ(Reason(late), "DEADLINE_EXCEEDED");
  EXPECT_EQ(Outcome(late), "NOT_EXECUTED");
  EXPECT_EQ(answer(late).attempts, 0);
  EXPECT_THAT(CallsOf(1), ElementsAre(behind));
  AnswerEverything();
}

TEST_F(Flow, DropsACallAtItsDeadlineThatWentBackIntoTheQueue) {
  Occupy();
  Submit();
  const int call = Submit({.timeout = 5s});
  AnswerOk(0);
  ASSERT_THAT(CallsOf(1), ElementsAre(1, call));
  loop_.fake().Answer(1, 400, R"({"error": "ERROR_BATCH_METHOD_NOT_ALLOWED", "error_description": ""})");
  EXPECT_THAT(CallsOf(2), ElementsAre(1));
  loop_.Advance(5s);
  EXPECT_EQ(Reason(call), "DEADLINE_EXCEEDED");
  EXPECT_EQ(Outcome(call), "NOT_EXECUTED") << "the portal refused it, which proves it";
  EXPECT_EQ(answer(call).attempts, 1);
  AnswerEverything();
  EXPECT_EQ(loop_.fake().sent(), 3u);
}

TEST_F(Flow, TellsACallThatWasRefusedForTheLimitSoIfItHasNoTimeToWait) {
  Start(Window(1), kStandardPlan);
  const int call = Submit({.timeout = 1500ms});
  AnswerLimit(0);
  EXPECT_EQ(Reason(call), "QUERY_LIMIT_EXCEEDED");
  EXPECT_EQ(Outcome(call), "NOT_EXECUTED");
}

TEST_F(Flow, DoesNotLetACallWaitAgainWhoseReplyIsAwaitedBeyondItsDeadline) {
  Start(Window(1), kStandardPlan);
  const int call = Submit({.timeout = 2s, .await_reply = true});
  loop_.Advance(3s);
  EXPECT_FALSE(answered(call));
  AnswerLimit(0);
  ASSERT_TRUE(answered(call));
  EXPECT_EQ(Reason(call), "QUERY_LIMIT_EXCEEDED");
  EXPECT_EQ(Outcome(call), "NOT_EXECUTED");
  loop_.Advance(60s);
  EXPECT_EQ(loop_.fake().sent(), 1u);
}

}  // namespace
}  // namespace imbot::portal
