// How long a method may run. The limit, the window and what a reply tells are the documentation's (WIRE_FACTS 3).
#include "service/portal/operating_budget.h"

#include <gtest/gtest.h>

namespace imbot::portal {
namespace {

using namespace std::chrono_literals;
using base::MonoTime;

constexpr char kSend[] = "imbot.v2.Chat.Message.send";
constexpr char kList[] = "imbot.v2.Chat.User.list";

class OperatingBudgetTest : public testing::Test {
 protected:
  bool MayLeave(std::string_view method = kSend) { return budget_.MayLeave(method, now_); }
  // As many as may.
  int Leave(int calls, std::string_view method = kSend) {
    int left = 0;
    for (; left < calls && MayLeave(method); ++left) budget_.OnLeft(method);
    return left;
  }
  // The answer of one that left, with what is used by then; nothing: an error, which tells nothing.
  void Back(std::optional<double> operating, std::chrono::seconds reset_in = 600s, std::string_view method = kSend,
            bool in_batch = false) {
    translate::ReplyTime time;
    if (operating.has_value()) {
      time.duration = 50ms;
      time.operating = operating;
      time.operating_reset_at =
          std::chrono::duration_cast<std::chrono::seconds>((wall_ + reset_in).time_since_epoch()).count();
    }
    budget_.OnBack(method, time, in_batch, now_, wall_);
  }
  void One(double operating, std::chrono::seconds reset_in = 600s, std::string_view method = kSend) {
    ASSERT_EQ(Leave(1, method), 1);
    Back(operating, reset_in, method);
  }
  void Advance(std::chrono::seconds time) {
    now_ += time;
    wall_ += time;
  }

  OperatingBudget budget_{420s};
  MonoTime now_{1'000'000s};
  base::WallTime wall_{1'772'000'000s};
};

TEST_F(OperatingBudgetTest, OfAMethodWhoseCostIsUnknownAFewMayBeUnderWay) {
  EXPECT_EQ(Leave(50), 6) << "even at 60 s each, less than 420";
  EXPECT_FALSE(budget_.HeldUntil(kSend, now_).has_value()) << "it waits for an answer, it is not held";
  EXPECT_EQ(Leave(50, kList), 6) << "each method by itself";
}

TEST_F(OperatingBudgetTest, CallsTooShortToBeCountedAreNotLimited) {
  One(0);
  EXPECT_EQ(Leave(1'000), 1'000);
}

TEST_F(OperatingBudgetTest, APortalThatDoesNotCountIsNotLimited) {
  ASSERT_EQ(Leave(1), 1);
  translate::ReplyTime time;
  time.duration = 2s;
  budget_.OnBack(kSend, time, false, now_, wall_);
  EXPECT_EQ(Leave(1'000), 1'000);
}

TEST_F(OperatingBudgetTest, AnErrorTellsNothing) {
  ASSERT_EQ(Leave(50), 6);
  Back(std::nullopt);
  EXPECT_EQ(Leave(50), 1);
}

TEST_F(OperatingBudgetTest, WhatIsUsedAndWhatIsUnderWayStayBelowNineTenthsOfTheLimit) {
  for (int call = 1; call <= 3; ++call) One(10.0 * call);
  // 378 - 30 = 348 are left: 34 calls of 10 s.
  EXPECT_EQ(Leave(50), 34);
  EXPECT_FALSE(budget_.HeldUntil(kSend, now_).has_value());
}

TEST_F(OperatingBudgetTest, AMethodIsHeldWhenNothingOfItIsUnderWayAndNothingFits) {
  for (int call = 1; call <= 38; ++call) One(10.0 * call, 420s);
  EXPECT_FALSE(MayLeave()) << "380 are used";
  EXPECT_EQ(budget_.HeldUntil(kSend, now_), now_ + 421s) << "a second more than the portal says";
  EXPECT_TRUE(MayLeave(kList)) << "others go on";
  const auto held = budget_.Held(now_);
  ASSERT_EQ(held.size(), 1u);
  EXPECT_EQ(held[0].method, kSend);
  EXPECT_EQ(held[0].operating_seconds, 380);
  EXPECT_EQ(held[0].until, 421s);
  EXPECT_FALSE(held[0].blocked_by_portal);
}

TEST_F(OperatingBudgetTest, WhenThePortalForgetsSomeOneCallFindsOutHowMuch) {
  for (int call = 1; call <= 38; ++call) One(10.0 * call, 60s);
  ASSERT_FALSE(MayLeave());
  Advance(61s);
  EXPECT_FALSE(budget_.HeldUntil(kSend, now_).has_value());
  EXPECT_EQ(Leave(50), 1);
  Back(300, 60s);
  EXPECT_EQ(Leave(50), 7) << "78 are left, of 10 s each";
}

TEST_F(OperatingBudgetTest, APortalThatStillHasNoRoomHoldsItAgain) {
  for (int call = 1; call <= 38; ++call) One(10.0 * call, 60s);
  ASSERT_FALSE(MayLeave());
  Advance(61s);
  ASSERT_EQ(Leave(50), 1);
  Back(390, 120s);
  EXPECT_FALSE(MayLeave());
  EXPECT_EQ(budget_.HeldUntil(kSend, now_), now_ + 121s);
}

TEST_F(OperatingBudgetTest, AClockThatDisagreesHoldsForAMinuteAtLeast) {
  for (int call = 1; call <= 38; ++call) One(10.0 * call, -3'600s);
  Advance(2s);
  ASSERT_FALSE(MayLeave());
  EXPECT_EQ(budget_.HeldUntil(kSend, now_), now_ + 60s);
}

TEST_F(OperatingBudgetTest, AMethodThatThePortalHasBlockedIsHeldUntilTheLastKnownTime) {
  One(0, 200s);
  ASSERT_EQ(Leave(1), 1);
  Back(std::nullopt);
  budget_.OnBlocked(kSend, now_);
  EXPECT_EQ(budget_.HeldUntil(kSend, now_), now_ + 201s);
  EXPECT_TRUE(budget_.Held(now_)[0].blocked_by_portal);
}

TEST_F(OperatingBudgetTest, AMethodThatWasBlockedBeforeAnythingIsKnownIsHeldTenMinutes) {
  ASSERT_EQ(Leave(1), 1);
  Back(std::nullopt);
  budget_.OnBlocked(kSend, now_);
  EXPECT_EQ(budget_.HeldUntil(kSend, now_), now_ + 600s);
}

TEST_F(OperatingBudgetTest, AnswersThatOvertakeEachOtherDoNotLowerWhatIsUsed) {
  for (int call = 1; call <= 3; ++call) One(10.0 * call);
  ASSERT_EQ(Leave(3), 3);
  Back(60);
  Back(50);
  Back(40);
  EXPECT_EQ(Leave(50), 10) << "318 are left, and the 30 s that were told at once may have been one call's";
}

TEST_F(OperatingBudgetTest, ABatchsCommandsHaveAnAccountOfTheirOwnAndTheFullerOneCounts) {
  for (int call = 1; call <= 30; ++call) One(10.0 * call);
  ASSERT_EQ(Leave(2), 2);
  Back(10, 600s, kSend, /*in_batch=*/true);
  Back(20, 600s, kSend, /*in_batch=*/true);
  EXPECT_EQ(Leave(50), 7) << "300 of the other are used";
}

TEST_F(OperatingBudgetTest, AnOperatorLetsOneCallOfAHeldMethodTry) {
  EXPECT_FALSE(budget_.Release(now_));
  for (int call = 1; call <= 38; ++call) One(10.0 * call);
  ASSERT_FALSE(MayLeave());
  EXPECT_TRUE(budget_.Release(now_));
  EXPECT_EQ(Leave(50), 1);
}

TEST_F(OperatingBudgetTest, WithoutALimitNothingIsCounted) {
  OperatingBudget none(0s);
  for (int i = 0; i < 1'000; ++i) {
    ASSERT_TRUE(none.MayLeave(kSend, now_));
    none.OnLeft(kSend);
  }
  none.OnBack(kSend, {.duration = 1s, .operating = 10'000, .operating_reset_at = {}}, false, now_, wall_);
  EXPECT_TRUE(none.MayLeave(kSend, now_));
}

}  // namespace
}  // namespace imbot::portal
