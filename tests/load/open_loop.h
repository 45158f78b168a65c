// Independent callers that send messages in an open loop: each when its time has come, whatever became of the ones
// before. ghz can't: its workers wait for each other's answers, and share what tells callers apart.
//
// Every caller has a token, a dialog and a connection of its own, and numbers its messages, so that the portal's ledger
// tells what arrived, how often and in what order. Arrivals are a Poisson process over all callers together, from a
// seed.
#ifndef IMBOT_TESTS_LOAD_OPEN_LOOP_H_
#define IMBOT_TESTS_LOAD_OPEN_LOOP_H_

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace imbot::load {

struct Caller {
  std::string token;  // empty: none
  std::string bot;
  std::string dialog;
};

struct OpenLoopOptions {
  std::string target;  // host:port
  std::vector<Caller> callers;
  double rate = 100;  // calls a second, of all callers
  std::chrono::milliseconds time{10'000};
  std::chrono::milliseconds deadline{30'000};  // of each call
  std::string priority;                        // metadata; empty: none
  std::string label = "m";                     // the messages' texts begin with it
  unsigned seed = 1;
};

// What became of one call.
struct Sent {
  size_t caller = 0;
  uint64_t number = 0;                      // of this caller's messages, from 0
  std::chrono::microseconds started_at{0};  // since the first call could start
  std::chrono::microseconds took{0};
  int code = 0;                               // gRPC's
  std::string reason;                         // of the ErrorInfo
  std::string outcome;                        // the same
  std::chrono::milliseconds retry_after{-1};  // RetryInfo; negative: there was none
};

// Text of a caller's message: `LABEL CALLER NUMBER` and what fills it up to the length of a usual one.
std::string TextOf(const std::string& label, size_t caller, uint64_t number);

// Returns when every call has ended, in the order of their starts. `late`: by how much the latest start missed its
// time.
std::deque<Sent> RunOpenLoop(const OpenLoopOptions& options, std::chrono::microseconds* late);

}  // namespace imbot::load

#endif  // IMBOT_TESTS_LOAD_OPEN_LOOP_H_
