// Whether a failed call is made again, and after how long. Pure functions; thread-safe.
#ifndef IMBOT_CLIENT_INTERNAL_RETRY_H_
#define IMBOT_CLIENT_INTERNAL_RETRY_H_

#include <chrono>
#include <optional>

#include "imbot/client/error.h"
#include "imbot/client/options.h"

namespace imbot::client::internal {

struct Attempts {
  int made = 0;                     // at least 1: the failed one
  std::chrono::nanoseconds left{};  // of the call's time
  bool repeatable = false;          // MethodInfo::repeatable
  double random = 0;                // in [0, 1)
};

// The pause before the next attempt; nothing if there is to be none.
std::optional<std::chrono::nanoseconds> NextPause(const RetryOptions& options, const Error& error,
                                                  const Attempts& attempts);

// The outcome of attempts one after another that all failed.
Outcome OutcomeOfBoth(Outcome earlier, Outcome last);

}  // namespace imbot::client::internal

#endif  // IMBOT_CLIENT_INTERNAL_RETRY_H_
