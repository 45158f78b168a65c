// Which call that waits is replaced by a later one.
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

class Collapsing : public SchedulerFixture {
 protected:
  Options Edit(std::vector<std::string> fields = {"message"}) {
    return {.order_key = "message7", .caller = "bot", .collapse = std::move(fields)};
  }
};

TEST_F(Collapsing, ReplacesAnEditThatStillWaitsByTheNext) {
  Occupy();
  const int first = Submit(Edit());
  const int second = Submit(Edit());
  const int third = Submit(Edit());
  EXPECT_TRUE(answer(first).status.ok());
  EXPECT_TRUE(answer(first).superseded);
  EXPECT_EQ(answer(first).attempts, 0);
  EXPECT_TRUE(answer(second).superseded);
  EXPECT_EQ(scheduler_->queued(), 1u);
  EXPECT_EQ(metrics_.superseded.value(), 2);
  AnswerEverything();
  EXPECT_THAT(Sent(), ElementsAre(ElementsAre(0), ElementsAre(third)));
  EXPECT_FALSE(answer(third).superseded);
}

TEST_F(Collapsing, KeepsThePlaceInTheQueue) {
  Occupy();
  Submit({.caller = "a"});
  Submit(Edit());
  Submit({.caller = "c"});
  const int last = Submit(Edit());
  AnswerOk(0);
  EXPECT_THAT(CallsOf(1), ElementsAre(1, last, 3));
  AnswerEverything();
}

TEST_F(Collapsing, LeavesAnEditThatHasLeft) {
  Start(Window(1));
  Submit(Edit());
  const int second = Submit(Edit());
  EXPECT_TRUE(answers_.empty());
  AnswerOk(0);
  EXPECT_FALSE(answer(0).superseded);
  EXPECT_THAT(CallsOf(1), ElementsAre(second));
  AnswerEverything();
}

TEST_F(Collapsing, LeavesAnEditThatSetsWhatTheNextDoesNot) {
  Occupy();
  Submit(Edit({"keyboard", "message"}));
  Submit(Edit({"message"}));
  EXPECT_TRUE(answers_.empty());
  Submit(Edit({"keyboard", "message"}));
  EXPECT_TRUE(answered(2));
  EXPECT_FALSE(answered(1));
  AnswerEverything();
}

TEST_F(Collapsing, LeavesAnEditOfAnotherCallerOrLaneOrMessageOrOneThatDidNotAsk) {
  Occupy();
  Options other = Edit();
  Submit(Edit());
  other.caller = "another";
  Submit(other);
  other = Edit();
  other.priority = Priority::kBulk;
  Submit(other);
  other = Edit();
  other.order_key = "message8";
  Submit(other);
  other = Edit();
  other.collapse = {};
  Submit(other);
  EXPECT_TRUE(answers_.empty());
  AnswerEverything();
}

TEST_F(Collapsing, LeavesAnEditBehindWhichAnotherCallOfItsMessageWaits) {
  Occupy();
  Submit(Edit());
  Options between = Edit();
  between.collapse = {};
  Submit(between);
  Submit(Edit());
  EXPECT_TRUE(answers_.empty());
  AnswerOk(0);
  EXPECT_THAT(CallsOf(1), ElementsAre(1, 2, 3));
  AnswerEverything();
}

TEST_F(Collapsing, ReplacesAnEditThatWasRefusedForTheLimitAndWaitsAgain) {
  Start(Window(1), kStandardPlan);
  Submit(Edit());
  AnswerLimit(0);
  const int second = Submit(Edit());
  EXPECT_TRUE(answer(0).superseded);
  loop_.Advance(10s);
  EXPECT_THAT(CallsOf(1), ElementsAre(second));
  AnswerEverything();
}

TEST_F(Collapsing, NeedsNoRoomInAFullQueue) {
  Bounded(2);
  Submit({.caller = "a"});
  const int first = Submit(Edit());
  const int second = Submit(Edit());
  loop_.Run();
  EXPECT_TRUE(answer(first).superseded);
  EXPECT_FALSE(answered(second));
  EXPECT_FALSE(answered(1)) << "and costs nobody else a place";
  AnswerEverything();
}

TEST_F(Collapsing, NeedsNoMoreTimeThanWhatItReplaces) {
  SchedulerOptions options = Window(16);
  options.batching = false;
  Start(options, kNarrow);
  SubmitMany(1, {.caller = "bot"});
  Options edit = Edit();
  edit.timeout = 3s;
  const int first = Submit(edit);
  SubmitMany(20, {.timeout = 3600s, .caller = "bot"});
  const int second = Submit(edit);
  loop_.Run();
  EXPECT_TRUE(answer(first).superseded);
  EXPECT_FALSE(answered(second));
  scheduler_->Stop();
}

}  // namespace
}  // namespace imbot::portal
