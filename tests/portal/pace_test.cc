#include "service/portal/pace.h"

#include <gtest/gtest.h>

namespace imbot::portal {
namespace {

using namespace std::chrono_literals;

TEST(Pace, AllowsFiftyCommandsBeforeAnythingIsKnown) {
  const Pace pace;
  EXPECT_EQ(pace.MostCommands(600s), 50u);
}

TEST(Pace, AllowsNoMoreThanItsGuessFitsIntoAShortTimeBeforeAnythingIsKnown) {
  const Pace pace;  // 200 ms
  EXPECT_EQ(pace.MostCommands(2s), 10u);
  EXPECT_EQ(pace.Expect(1), 200ms);
}

TEST(Pace, ExpectsLittleOfABatchBeforeThereWasOneSoThatNoGuessRefusesWhoComesFirst) {
  Pace pace;
  EXPECT_EQ(pace.Expect(2), 200ms) << "no less than of a call alone";
  EXPECT_EQ(pace.Expect(50), 2500ms);
  pace.OnAnswered(1, 10ms);
  EXPECT_LT(pace.Expect(50), 2s) << "a command takes no longer than a call alone";
  pace.OnAnswered(50, 10s);
  EXPECT_GE(pace.Expect(50), 10s);
}

TEST(Pace, AllowsOneCommandHoweverShortTheTime) {
  const Pace pace;
  EXPECT_EQ(pace.MostCommands(0s), 1u);
  EXPECT_EQ(pace.MostCommands(-5s), 1u);
}

TEST(Pace, AllowsWhatFitsWithRoomForCommandsThatTakeLongerThanBefore) {
  Pace pace;
  pace.OnAnswered(10, 10s);  // 1 s each; 3 s, since one sample says little
  EXPECT_EQ(pace.MostCommands(600s), 13u) << "40 s of the portal's 60";
  EXPECT_EQ(pace.MostCommands(12s), 4u);
  for (int i = 0; i < 100; ++i) pace.OnAnswered(10, 10s);
  EXPECT_EQ(pace.MostCommands(600s), 39u) << "nearer to what each took, the more they took the same";
}

TEST(Pace, ExpectsTheLongSideOfWhatVaries) {
  Pace pace;
  for (int i = 0; i < 100; ++i) pace.OnAnswered(10, i % 2 == 0 ? 1s : 3s);
  EXPECT_GE(pace.Expect(10), 3s);
  EXPECT_LE(pace.Expect(10), 8s);
}

TEST(Pace, FollowsAPortalThatBecomesFaster) {
  Pace pace;
  for (int i = 0; i < 50; ++i) pace.OnAnswered(50, 40s);
  EXPECT_LT(pace.MostCommands(10s), 14u);
  for (int i = 0; i < 50; ++i) pace.OnAnswered(10, 500ms);
  EXPECT_EQ(pace.MostCommands(10s), 50u);
}

TEST(Pace, TellsCallsAloneFromCommands) {
  Pace pace;
  for (int i = 0; i < 50; ++i) pace.OnAnswered(1, 100ms);
  for (int i = 0; i < 50; ++i) pace.OnAnswered(50, 1s);
  EXPECT_NEAR(std::chrono::duration<double>(pace.Expect(1)).count(), 0.1, 0.001);
  EXPECT_NEAR(std::chrono::duration<double>(pace.Expect(10)).count(), 0.2, 0.01);
}

TEST(Pace, TakesACommandForNoSlowerThanACallAloneUntilThereWasABatch) {
  Pace pace;
  for (int i = 0; i < 50; ++i) pace.OnAnswered(1, 10ms);
  EXPECT_EQ(pace.MostCommands(1s), 50u);
  Pace slow;
  for (int i = 0; i < 50; ++i) slow.OnAnswered(1, 10s);
  EXPECT_EQ(slow.MostCommands(600s), 50u) << "most of a slow request is not its command";
}

TEST(Pace, HalvesBatchesThatDidNotFitAndLetsThemGrowAgain) {
  Pace pace;
  pace.OnTooSlow(50);
  EXPECT_EQ(pace.MostCommands(600s), 25u);
  pace.OnTooSlow(25);
  EXPECT_EQ(pace.MostCommands(600s), 12u);
  pace.OnAnswered(11, 100ms);
  EXPECT_EQ(pace.MostCommands(600s), 12u) << "smaller ones prove nothing";
  pace.OnAnswered(12, 100ms);
  EXPECT_EQ(pace.MostCommands(600s), 16u);
  for (int i = 0; i < 10; ++i) pace.OnAnswered(pace.MostCommands(600s), 100ms);
  EXPECT_EQ(pace.MostCommands(600s), 50u);
}

TEST(Pace, NeverAllowsLessThanOneCommand) {
  Pace pace;
  for (int i = 0; i < 10; ++i) pace.OnTooSlow(1);
  EXPECT_EQ(pace.MostCommands(600s), 1u);
}

}  // namespace
}  // namespace imbot::portal
