// A chaos run: callers, the gateway, a portal, trouble all the time, and the gateway killed with SIGKILL and started
// again in the same folder; then silence, a last repeat of what was given up, and the comparison with the portal's
// ledger (once_check.h). Used by `make soak` (imbot_soak_once) and, shorter, by once_test.
#ifndef IMBOT_TESTS_CHAOS_ONCE_H_
#define IMBOT_TESTS_CHAOS_ONCE_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "tests/chaos/gate.h"
#include "tests/chaos/once_calls.h"
#include "tests/chaos/once_check.h"
#include "tests/chaos/once_faults.h"

namespace imbot::chaos {

struct OnceOptions {
  Workload workload = Workload::kSends;
  LostIds lost_ids = LostIds::kNever;
  Expect expect = Expect::kAnything;
  size_t calls = 10'000;
  size_t callers = 20;
  int kills = 20;
  uint64_t seed = 1;
  std::chrono::milliseconds patience{120'000};  // see CallerOptions
  bool new_key_after_unknown = false;           // the same
  // Between two steps of trouble, at most.
  std::chrono::milliseconds pause{120};
};

struct OnceResult {
  Verdict verdict;
  std::map<std::string, Faults::Count> faults;
  Counters gate;
  int kills = 0;
  std::chrono::milliseconds took{0};
};

// Throws std::runtime_error if a program does not come up.
OnceResult RunOnce(const OnceOptions& options);

// Tables for people, the seed among them.
std::string ToString(const OnceOptions& options, const OnceResult& result);

}  // namespace imbot::chaos

#endif  // IMBOT_TESTS_CHAOS_ONCE_H_
