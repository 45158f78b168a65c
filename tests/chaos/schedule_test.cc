#include "tests/chaos/schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <stdexcept>
#include <tuple>

namespace imbot::chaos {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

// The troubles that connections 1 to `count` meet.
std::vector<size_t> EventsPerConnection(const Schedule& schedule, uint64_t count) {
  std::vector<size_t> sizes;
  for (uint64_t i = 1; i <= count; ++i) sizes.push_back(EventsFor(schedule, i).size());
  return sizes;
}

TEST(Schedule, ChoosesConnectionsByNumber) {
  using Sizes = std::vector<size_t>;
  EXPECT_EQ(EventsPerConnection(ParseSchedule("connection 2 to-client cut"), 4), (Sizes{0, 1, 0, 0}));
  EXPECT_EQ(EventsPerConnection(ParseSchedule("connection 2..3 to-client cut"), 4), (Sizes{0, 1, 1, 0}));
  EXPECT_EQ(EventsPerConnection(ParseSchedule("connection 3.. to-client cut"), 4), (Sizes{0, 0, 1, 1}));
  EXPECT_EQ(EventsPerConnection(ParseSchedule("connection * to-client cut"), 4), (Sizes{1, 1, 1, 1}));
  EXPECT_EQ(EventsPerConnection(ParseSchedule("connection 2.. every 3 refuse"), 8), (Sizes{0, 1, 0, 0, 1, 0, 0, 1}));
}

TEST(Schedule, ReadsEveryTrouble) {
  const Schedule schedule = ParseSchedule(R"(
seed 7   # a comment
connection * to-server at 1 delay 50ms
connection * to-server at 2 throttle 1000
connection * to-client at 3 corrupt 4
connection * to-client at 4 stall
connection * to-client at 5 stall 2s
connection * to-client at 6 half-close
connection * to-client at 7 cut
connection * to-client at 8 reset
)");
  EXPECT_EQ(schedule.seed, 7u);
  const auto events = EventsFor(schedule, 1);
  ASSERT_EQ(events.size(), 8u);
  const auto event = [&](size_t i) {
    return std::tuple(events[i].direction, events[i].trouble, events[i].time.count(), events[i].bytes);
  };
  EXPECT_EQ(event(0), std::tuple(Direction::kToServer, Trouble::kDelay, 50, 0u));
  EXPECT_EQ(event(1), std::tuple(Direction::kToServer, Trouble::kThrottle, 0, 1000u));
  EXPECT_EQ(event(2), std::tuple(Direction::kToClient, Trouble::kCorrupt, 0, 4u));
  EXPECT_EQ(event(3), std::tuple(Direction::kToClient, Trouble::kStall, 0, 0u));
  EXPECT_EQ(event(4), std::tuple(Direction::kToClient, Trouble::kStall, 2000, 0u));
  EXPECT_EQ(event(5), std::tuple(Direction::kToClient, Trouble::kHalfClose, 0, 0u));
  EXPECT_EQ(event(6), std::tuple(Direction::kToClient, Trouble::kCut, 0, 0u));
  EXPECT_EQ(event(7), std::tuple(Direction::kToClient, Trouble::kReset, 0, 0u));
}

TEST(Schedule, OrdersEventsByTheirPlace) {
  const auto events =
      EventsFor(ParseSchedule("connection * to-client at 9 cut\nconnection * to-client at 3 delay 1s"), 1);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].trouble, Trouble::kDelay);
  EXPECT_EQ(events[1].trouble, Trouble::kCut);
}

TEST(Schedule, PicksAboutAsManyConnectionsAsTheChanceSays) {
  const Schedule schedule = ParseSchedule("connection * chance 10% to-client cut");
  size_t picked = 0;
  for (uint64_t i = 1; i <= 10'000; ++i) picked += EventsFor(schedule, i).size();
  EXPECT_GT(picked, 850u);
  EXPECT_LT(picked, 1150u);
}

TEST(Schedule, PicksPlacesWithinTheRange) {
  const Schedule schedule = ParseSchedule("connection * to-client at 10..19 cut");
  std::set<uint64_t> places;
  for (uint64_t i = 1; i <= 1'000; ++i) places.insert(EventsFor(schedule, i).at(0).at);
  EXPECT_EQ(places.size(), 10u);
  EXPECT_EQ(*places.begin(), 10u);
  EXPECT_EQ(*places.rbegin(), 19u);
}

TEST(Schedule, RepeatsItselfForASeedAndDiffersForAnother) {
  const std::string rules = "connection * chance 50% to-client at 0..1000000 cut";
  const auto places = [&](const std::string& seed) {
    std::vector<uint64_t> all;
    for (uint64_t i = 1; i <= 100; ++i) {
      for (const Event& event : EventsFor(ParseSchedule("seed " + seed + "\n" + rules), i)) all.push_back(event.at);
    }
    return all;
  };
  EXPECT_EQ(places("1"), places("1"));
  EXPECT_NE(places("1"), places("2"));
}

TEST(Schedule, NamesTheLineThatIsWrong) {
  const auto parsing = [](const char* text) { return [text] { ParseSchedule(text); }; };
  const auto says = [](const char* what) { return ThrowsMessage<std::invalid_argument>(HasSubstr(what)); };
  EXPECT_THAT(parsing("\nconnection 1 to-client explode"), says("line 2: `explode` is not known"));
  EXPECT_THAT(parsing("conection 1 cut"), says("`conection` begins no rule"));
  EXPECT_THAT(parsing("connection x cut"), says("`x` is no number"));
  EXPECT_THAT(parsing("connection 3..2 to-client cut"), says("ends before it begins"));
  EXPECT_THAT(parsing("connection 1 cut"), says("lacks to-server or to-client"));
  EXPECT_THAT(parsing("connection 1 to-client delay"), says("lacks a time"));
  EXPECT_THAT(parsing("connection 1 to-client delay 5"), says("`5` is no time"));
  EXPECT_THAT(parsing("connection 1 to-client throttle 0"), says("0 bytes"));
  EXPECT_THAT(parsing("connection 1 to-client cut now"), says("`now` is too much"));
  EXPECT_THAT(parsing("connection 1 chance 5 to-client cut"), says("`5` is no chance"));
  EXPECT_THAT(parsing("connection 1 every 0 to-client cut"), says("never"));
}

}  // namespace
}  // namespace imbot::chaos
