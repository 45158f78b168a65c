// The two sides that a chaos run compares: what callers were told about each of their calls, and what the portal wrote
// down. Plain data.
#ifndef IMBOT_TESTS_CHAOS_ONCE_RECORD_H_
#define IMBOT_TESTS_CHAOS_ONCE_RECORD_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/simulator.h"

namespace imbot::chaos {

// What may be done with a call of which nobody knows what became (the contract's option `retry`).
enum class Repeat { kDeduplicated, kNever, kIdempotent };

// What a status says about the attempt that it ended: the outcome in its ErrorInfo; without one (the client's own
// deadline, a gateway that was killed) nothing.
enum class Said { kOk, kNotExecuted, kExecuted, kUnknown, kNothing };

struct Attempt {
  std::string key;
  int64_t started_us = 0, ended_us = 0;  // Unix time
  Said said = Said::kNothing;
  std::string status;  // for people: `UNAVAILABLE CONNECT_FAILED NOT_EXECUTED`
  int64_t id = 0;      // of the message that the answer names; 0: none
};

// One call: what its caller wants done once. Attempts are repeats with the same key.
struct Record {
  size_t caller = 0;
  std::string lane;  // calls of one caller and lane are to arrive in order; empty: no order
  std::string mark;  // text that no other call has
  Repeat repeat = Repeat::kDeduplicated;
  std::vector<Attempt> attempts;
};

// A call that the portal executed, wholly or in part.
struct Execution {
  std::string mark;
  std::string method;
  uint64_t seq = 0;      // order
  uint64_t request = 0;  // HTTP request; a batch's commands share one
  int64_t time_ms = 0;   // Unix time
  bool changed = false;  // false: a repeat that was recognised
  bool batched = false;
  bool delivered = false;  // the reply was sent off whole
  bool finished = false;   // false: a fault ended it after its change
  int64_t id = 0;          // of the message
};

// Every mark begins so.
inline constexpr char kMarkStart[] = "once ";

// What `executed` of the simulator's ledger says about calls with a mark.
std::vector<Execution> ExecutionsOf(const std::vector<testing::Json>& executed);

}  // namespace imbot::chaos

#endif  // IMBOT_TESTS_CHAOS_ONCE_RECORD_H_
