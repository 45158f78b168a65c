// What a chaos gate does to which connection, and its text form.
//
// One rule to a line; `#` begins a comment:
//
//   seed 42
//   connection 3 to-client at 120 reset
//   connection 2.. every 5 to-server at 0 delay 50ms
//   connection * chance 10% to-client at 1..4000 cut
//   connection 1..4 refuse
//
// Connections are counted from 1. `at N`: before byte N of that direction, counted from 0, passes; so `at 0` waits for
// the first byte. `at A..B`: at a place in between that the seed picks. `chance`: the seed picks the connections.
// Without `at`, at 0. What can happen:
//
//   refuse         the connection is reset at once; the server never sees it
//   delay 50ms     nothing passes in that direction for so long
//   throttle 1000  at most so many bytes a second from there on
//   corrupt 4      so many bytes arrive changed
//   stall [50ms]   nothing more is read: back-pressure; without a time until Gate::Release()
//   half-close     the receiver sees the end, what comes later is swallowed; the other direction goes on
//   cut            both sides see an orderly end
//   reset          both sides see a reset
//
// Everything that is picked depends on the seed, the rule's line and the connection's number alone.
#ifndef IMBOT_TESTS_CHAOS_SCHEDULE_H_
#define IMBOT_TESTS_CHAOS_SCHEDULE_H_

#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace imbot::chaos {

enum class Direction { kToServer, kToClient };
enum class Trouble { kRefuse, kDelay, kThrottle, kCorrupt, kStall, kHalfClose, kCut, kReset };

struct Rule {
  uint64_t first = 1;
  uint64_t last = std::numeric_limits<uint64_t>::max();
  uint64_t every = 1;  // counted from `first`
  double chance = 1;
  Direction direction = Direction::kToClient;
  uint64_t at_least = 0, at_most = 0;  // a place in between
  Trouble trouble = Trouble::kCut;
  std::chrono::milliseconds time{0};  // of a delay or stall; 0: a stall without end
  uint64_t bytes = 0;                 // a second of a throttle; changed by corruption
};

struct Schedule {
  uint64_t seed = 1;
  std::vector<Rule> rules;
};

// Throws std::invalid_argument, which names the line and what is wrong with it: a schedule is part of a test.
Schedule ParseSchedule(std::string_view text);

// A rule as it applies to one connection.
struct Event {
  Direction direction;
  uint64_t at;
  Trouble trouble;
  std::chrono::milliseconds time;
  uint64_t bytes;
  uint64_t random;  // for what a trouble picks while it goes on
};
// In the order of their places, and of the rules where those are equal.
std::vector<Event> EventsFor(const Schedule& schedule, uint64_t connection);

// The next number of a sequence (SplitMix64).
uint64_t NextRandom(uint64_t* state);

}  // namespace imbot::chaos

#endif  // IMBOT_TESTS_CHAOS_SCHEDULE_H_
