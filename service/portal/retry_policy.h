// What becomes of a call whose attempt failed: it is answered, counts as done, or is made again.
//
// By what is known, not by hope. Rejected before execution: again, within the deadline. Nobody knows whether it was
// executed: again only where the method's `retry` option makes that harmless, and only where the portal or the way to
// it failed, since the same request would be refused for the same reason again. Pure functions.
#ifndef IMBOT_SERVICE_PORTAL_RETRY_POLICY_H_
#define IMBOT_SERVICE_PORTAL_RETRY_POLICY_H_

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "bitrix24/rest/options.pb.h"
#include "service/base/clock.h"
#include "service/base/error.h"
#include "service/translate/reply.h"
#include "service/transport/transport.h"

namespace imbot::portal {

// The pause before the second attempt, doubled for each later one up to the greatest. Half of it is drawn by lot, so
// that calls that failed together don't come back together.
inline constexpr std::chrono::milliseconds kFirstPause{100};
inline constexpr std::chrono::milliseconds kGreatestPause{5'000};
// For how long a portal holds on to a templateId whose message it has not stored (WIRE_FACTS 8): it recognises a repeat
// for that long; one that comes later would be sent as a new message.
inline constexpr std::chrono::seconds kReservation{3'600};

// What an attempt came to that did not succeed.
struct FailedAttempt {
  translate::RetryAdvice advice = translate::RetryAdvice::kNever;
  base::Outcome outcome = base::Outcome::kUnknown;
  // Waiting may mend it: the portal itself failed, or the way to it.
  bool passing = false;
  std::string_view code{};  // of the portal; empty if it gave none
  std::chrono::milliseconds retry_after{0};
};
FailedAttempt Describe(const translate::ParsedReply& reply);
FailedAttempt Describe(const transport::Failure& failure);

// Where the call stands.
struct Standing {
  bitrix24::rest::Retry retry = bitrix24::rest::RETRY_NEVER;
  std::span<const std::string> done_codes{};
  int attempts = 1;             // with this one
  bool maybe_executed = false;  // by an attempt before this one
  base::MonoTime now{};
  base::MonoTime deadline{};
  base::MonoTime repeat_until{};  // for RETRY_DEDUPLICATED after an unknown outcome
  base::Duration reply_time{0};   // what an answer is expected to take
  double lot = 0;                 // from 0 to 1
};

struct Verdict {
  enum class Next { kAnswer, kDoneBefore, kRepeat };
  Next next = Next::kAnswer;
  base::Duration pause{0};  // before the repeat
};
Verdict Judge(const FailedAttempt& attempt, const Standing& standing);

// Whether it may have changed something that nobody knows of.
inline bool LeavesDoubt(base::Outcome outcome, bitrix24::rest::Retry retry) {
  return outcome == base::Outcome::kUnknown && retry != bitrix24::rest::RETRY_READ;
}
// The same error of a call that an earlier attempt may have executed.
absl::Status InDoubt(const absl::Status& status);

}  // namespace imbot::portal

#endif  // IMBOT_SERVICE_PORTAL_RETRY_POLICY_H_
