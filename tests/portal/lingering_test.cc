// How a batch that is not full waits for more calls beside requests under way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/portal/scheduler_fixture.h"

namespace imbot::portal {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::SizeIs;

// With a linger of 2 ms, and calls of which some are under way.
class Lingering : public SchedulerFixture {
 protected:
  Lingering() {
    SchedulerOptions options = Window(16);
    options.batch_linger = 2ms;
    Start(options);
  }
};

TEST_F(Lingering, SendsACallAtOnceToAnIdlePortal) {
  for (int i = 0; i < 3; ++i) {
    Submit();
    AnswerOk(i);
  }
  EXPECT_THAT(Sent(), ElementsAre(ElementsAre(0), ElementsAre(1), ElementsAre(2)));
}

TEST_F(Lingering, SendsTogetherWhatComesWhileARequestIsYoung) {
  SubmitMany(2);
  loop_.Advance(1ms);
  SubmitMany(2);
  EXPECT_THAT(Sent(), ElementsAre(ElementsAre(0)));
  loop_.Advance(1ms);
  EXPECT_THAT(Sent(), ElementsAre(ElementsAre(0), ElementsAre(1, 2, 3)));
  AnswerEverything();
}

TEST_F(Lingering, SendsACallAtOnceBesideARequestThatIsOld) {
  Submit();
  loop_.Advance(2ms);
  Submit();
  EXPECT_THAT(Sent(), ElementsAre(ElementsAre(0), ElementsAre(1)));
  AnswerEverything();
}

TEST_F(Lingering, SendsWhatWaitsAsSoonAsThePortalHasAnsweredEverything) {
  SubmitMany(3);
  AnswerOk(0);
  EXPECT_THAT(Sent(), ElementsAre(ElementsAre(0), ElementsAre(1, 2)));
  AnswerEverything();
}

TEST_F(Lingering, SendsAFullBatchAtOnce) {
  SubmitMany(1 + 49);
  EXPECT_EQ(loop_.fake().sent(), 1u);
  Submit();
  EXPECT_THAT(CallsOf(1), SizeIs(50));
  AnswerEverything();
}

TEST_F(Lingering, HoldsNothingUpThatLeavesAlone) {
  SubmitMany(3, {.alone = true});
  SubmitMany(2, {.command = false});
  EXPECT_EQ(loop_.fake().sent(), 5u);
  AnswerEverything();
}

TEST_F(Lingering, HoldsNoInteractiveCallUpForABulkRequest) {
  Submit({.priority = Priority::kBulk});
  Submit();
  EXPECT_EQ(loop_.fake().sent(), 2u);
  AnswerEverything();
}

TEST_F(Lingering, RefusesNoCallForTheSakeOfThoseThatLinger) {
  SchedulerOptions options = Window(16);
  options.batch_linger = 2ms;
  options.max_queued_calls = 2;
  Start(options);
  SubmitMany(4);
  EXPECT_THAT(Sent(), ElementsAre(ElementsAre(0), ElementsAre(1, 2)));
  EXPECT_TRUE(answers_.empty());
  AnswerEverything();
}

TEST_F(Lingering, ExpectsNoWaitOfACallThatCouldLeaveAtOnce) {
  Submit();
  loop_.Advance(10s);
  AnswerOk(0);  // what a command of this portal takes
  Submit();
  Submit();
  Submit({.timeout = 3s});
  EXPECT_THAT(Sent(), ElementsAre(ElementsAre(0), ElementsAre(1), ElementsAre(2)));
  EXPECT_EQ(answers_.size(), 1u) << "it lingers itself now";
  AnswerEverything();
}

TEST_F(Lingering, LetsNobodyRunOutOfTime) {
  Submit();
  Submit({.timeout = 2ms});
  EXPECT_EQ(loop_.fake().sent(), 2u);
  AnswerEverything();
}

TEST_F(Lingering, LosesNoCallThatIsCancelledMeanwhile) {
  SubmitMany(3);
  Cancel(1);
  loop_.Advance(2ms);
  EXPECT_THAT(Sent(), ElementsAre(ElementsAre(0), ElementsAre(2)));
  AnswerEverything();
  EXPECT_TRUE(answers_.contains(1));
}

}  // namespace
}  // namespace imbot::portal
