#include "imbot/client/internal/retry.h"

#include <algorithm>

namespace imbot::client::internal {
namespace {

using std::chrono::duration;
using std::chrono::duration_cast;
using std::chrono::nanoseconds;

bool MayBeRepeated(const Error& error, bool repeatable) {
  switch (error.outcome) {
    case Outcome::kExecuted:
      return false;
    case Outcome::kNotExecuted:
      // Other refusals, such as of a wrong field, would only be repeated.
      return error.retry_delay.has_value() || error.code == absl::StatusCode::kUnavailable;
    case Outcome::kUnknown:
      break;
  }
  if (!repeatable) return false;
  switch (error.code) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
      return true;
    default:
      return error.retry_delay.has_value();
  }
}

}  // namespace

std::optional<nanoseconds> NextPause(const RetryOptions& options, const Error& error, const Attempts& attempts) {
  if (attempts.made >= options.max_attempts || !MayBeRepeated(error, attempts.repeatable)) return std::nullopt;
  // Half of it is jitter: clients that failed together come back apart.
  duration<double, std::nano> backoff = options.initial_backoff;
  for (int i = 1; i < attempts.made && backoff < options.max_backoff; ++i) backoff *= 2;
  backoff = std::min<duration<double, std::nano>>(backoff, options.max_backoff) * (0.5 + attempts.random / 2);
  if (error.retry_delay.has_value()) {
    // Never earlier than the gateway says, and a little later by chance.
    backoff = std::max(backoff, duration<double, std::nano>(*error.retry_delay) * (1 + attempts.random / 10));
  }
  const auto pause = duration_cast<nanoseconds>(backoff);
  if (pause >= attempts.left) return std::nullopt;
  return pause;
}

Outcome OutcomeOfBoth(Outcome earlier, Outcome last) {
  if (earlier == Outcome::kExecuted || last == Outcome::kExecuted) return Outcome::kExecuted;
  return earlier == Outcome::kUnknown ? Outcome::kUnknown : last;
}

}  // namespace imbot::client::internal
