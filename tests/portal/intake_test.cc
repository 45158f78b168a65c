// What an operator decides about a portal: pause, drain, resume, flush.
#include "tests/portal/scheduler_fixture.h"

namespace imbot::portal {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;

class OperatorTest : public SchedulerFixture {};

TEST_F(OperatorTest, APausedPortalTakesNothingNewAndSaysWhoMustAct) {
  scheduler_->SetIntake(Intake::kPaused);
  const int call = Submit();
  loop_.Run();
  ASSERT_TRUE(answered(call));
  EXPECT_EQ(answer(call).status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Reason(call), "PORTAL_PAUSED");
  EXPECT_EQ(Outcome(call), "NOT_EXECUTED");
  EXPECT_EQ(MetadataOf(answer(call).status, "actor"), "OPERATOR");
  EXPECT_EQ(RetryDelay(answer(call).status), 5'000);
  EXPECT_EQ(loop_.fake().sent(), 0u);
}

TEST_F(OperatorTest, WhatWaitsWhenAPortalIsPausedLeavesWhenItIsResumed) {
  Occupy();
  const int waiting = Submit();
  scheduler_->SetIntake(Intake::kPaused);
  AnswerOk(0);
  loop_.Run();
  EXPECT_EQ(loop_.fake().sent(), 1u) << "nothing leaves";
  EXPECT_FALSE(answered(waiting));
  scheduler_->SetIntake(Intake::kOpen);
  ASSERT_EQ(loop_.fake().sent(), 2u);
  EXPECT_THAT(CallsOf(1), ElementsAre(waiting));
  AnswerEverything();
}

TEST_F(OperatorTest, ACallThatWaitsAtAPausedPortalEndsAtItsDeadlineUnsent) {
  Occupy();
  const int waiting = Submit({.timeout = seconds(5)});
  scheduler_->SetIntake(Intake::kPaused);
  AnswerOk(0);
  loop_.Advance(seconds(5));
  ASSERT_TRUE(answered(waiting));
  EXPECT_EQ(Reason(waiting), "DEADLINE_EXCEEDED");
  EXPECT_EQ(Outcome(waiting), "NOT_EXECUTED");
}

TEST_F(OperatorTest, ADrainedPortalLetsLeaveWhatWaitsAndTakesNothingNew) {
  Occupy();
  const int waiting = Submit();
  scheduler_->SetIntake(Intake::kDraining);
  const int late = Submit();
  AnswerOk(0);
  ASSERT_EQ(loop_.fake().sent(), 2u);
  AnswerEverything();
  loop_.Run();
  EXPECT_TRUE(answer(waiting).status.ok());
  EXPECT_EQ(Reason(late), "PORTAL_PAUSED");
}

TEST_F(OperatorTest, AFlushAnswersWhatWaitsAndLetsGoOnWhatWasSent) {
  Occupy();
  const std::vector<int> waiting = SubmitMany(3);
  EXPECT_EQ(scheduler_->Flush(), 3u);
  for (const int call : waiting) {
    EXPECT_EQ(Reason(call), "QUEUE_FLUSHED");
    EXPECT_EQ(Outcome(call), "NOT_EXECUTED");
    EXPECT_EQ(RetryDelay(answer(call).status), 1'000);
  }
  AnswerOk(0);
  EXPECT_TRUE(answer(0).status.ok());
  EXPECT_EQ(scheduler_->Flush(), 0u);
}

}  // namespace
}  // namespace imbot::portal
