#include "service/portal/departures.h"

#include <gtest/gtest.h>

namespace imbot::portal {
namespace {

using namespace std::chrono_literals;

constexpr base::MonoTime kStart = base::MonoTime(1000h);

TEST(Departures, KnowsNothingWhileNobodyWaits) {
  Departures departures;
  for (int i = 0; i < 100; ++i) departures.OnLeft(10, /*others_wait=*/false, kStart + i * 1s);
  EXPECT_EQ(departures.per_second(), std::nullopt)
      << "calls leave as they come: that says nothing of how fast they could";
}

TEST(Departures, CountsWhatLeavesWhileOthersWait) {
  Departures departures;
  departures.OnLeft(1, true, kStart);
  departures.OnLeft(50, true, kStart + 1s);
  EXPECT_EQ(departures.per_second(), std::nullopt) << "too short a time to say";
  departures.OnLeft(50, true, kStart + 2s);
  EXPECT_EQ(departures.per_second(), 50);
}

TEST(Departures, FollowsARateThatChanges) {
  Departures departures;
  departures.OnLeft(1, true, kStart);
  departures.OnLeft(200, true, kStart + 2s);
  EXPECT_EQ(departures.per_second(), 100);
  departures.OnLeft(20, true, kStart + 4s);
  EXPECT_EQ(departures.per_second(), 55);
  for (int i = 3; i < 12; ++i) departures.OnLeft(20, true, kStart + i * 2s);
  EXPECT_NEAR(*departures.per_second(), 10, 0.2);
}

TEST(Departures, ForgetsTheRateWhenNobodyIsLeftWaiting) {
  Departures departures;
  departures.OnLeft(1, true, kStart);
  departures.OnLeft(50, true, kStart + 2s);
  departures.OnLeft(50, false, kStart + 3s);
  EXPECT_EQ(departures.per_second(), std::nullopt);
  departures.OnLeft(1, true, kStart + 100s);
  departures.OnLeft(20, true, kStart + 102s);
  EXPECT_EQ(departures.per_second(), 10) << "the pause is not counted";
}

}  // namespace
}  // namespace imbot::portal
