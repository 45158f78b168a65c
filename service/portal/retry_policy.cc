#include "service/portal/retry_policy.h"

#include <algorithm>

#include "service/base/strings.h"

namespace imbot::portal {

using base::Outcome;
using bitrix24::rest::RETRY_DEDUPLICATED;
using bitrix24::rest::RETRY_NEVER;
using std::chrono::milliseconds;
using translate::RetryAdvice;

namespace {

// A portal that answers with an error of its own, rather than with none, will hardly answer otherwise for long.
constexpr int kCodedAttempts = 3;

base::Duration PauseAfter(int attempts, milliseconds at_least, double lot) {
  const int doublings = std::clamp(attempts - 1, 0, 16);
  const milliseconds whole = std::min(kGreatestPause, kFirstPause * (1 << doublings));
  const std::chrono::duration<double, std::milli> drawn(static_cast<double>(whole.count()) * (0.5 + lot / 2));
  return std::max(std::chrono::duration_cast<base::Duration>(drawn), base::Duration(at_least));
}

bool MayBeRepeated(const FailedAttempt& attempt, bitrix24::rest::Retry retry, int attempts) {
  switch (attempt.advice) {
    case RetryAdvice::kWait:
      return true;
    case RetryAdvice::kWaitSameIdentity:
      return retry == RETRY_DEDUPLICATED;
    case RetryAdvice::kUnknownOutcome:
      if (!attempt.code.empty() && attempts >= kCodedAttempts) return false;
      return retry != RETRY_NEVER && attempt.passing;
    case RetryAdvice::kNever:
    case RetryAdvice::kRepairAuth:
    case RetryAdvice::kPortalClosed:
      return false;
  }
  return false;
}

}  // namespace

FailedAttempt Describe(const translate::ParsedReply& reply) {
  return {.advice = reply.advice,
          .outcome = reply.outcome,
          .passing = reply.actor == translate::Actor::kBitrix24,
          .code = reply.code,
          .retry_after = reply.retry_after};
}

FailedAttempt Describe(const transport::Failure& failure) {
  using Kind = transport::Failure::Kind;
  FailedAttempt attempt;
  attempt.outcome = failure.sent ? Outcome::kUnknown : Outcome::kNotExecuted;
  switch (failure.kind) {
    case Kind::kDns:
    case Kind::kConnect:
    case Kind::kTimeout:
    case Kind::kReset:
    case Kind::kBadReply:
      attempt.passing = true;
      attempt.advice = failure.sent ? RetryAdvice::kUnknownOutcome : RetryAdvice::kWait;
      break;
    case Kind::kTls:            // for the operator to mend
    case Kind::kBlocked:        // the same
    case Kind::kAborted:        // by the caller
    case Kind::kStopped:        // by the gateway
    case Kind::kReplyTooLarge:  // so would the next one be
      attempt.advice = failure.sent ? RetryAdvice::kUnknownOutcome : RetryAdvice::kNever;
      break;
  }
  return attempt;
}

Verdict Judge(const FailedAttempt& attempt, const Standing& standing) {
  const auto is = [&](const std::string& code) { return base::EqualsIgnoreCase(code, attempt.code); };
  if (standing.maybe_executed && !attempt.code.empty() &&
      std::any_of(standing.done_codes.begin(), standing.done_codes.end(), is)) {
    return {.next = Verdict::Next::kDoneBefore};
  }
  if (!MayBeRepeated(attempt, standing.retry, standing.attempts)) return {};
  const base::Duration pause = PauseAfter(standing.attempts, attempt.retry_after, standing.lot);
  const base::MonoTime at = standing.now + pause;
  if (at + standing.reply_time >= standing.deadline) return {};
  const bool in_doubt = standing.maybe_executed || attempt.outcome == Outcome::kUnknown;
  if (standing.retry == RETRY_DEDUPLICATED && in_doubt && at >= standing.repeat_until) return {};
  return {.next = Verdict::Next::kRepeat, .pause = pause};
}

absl::Status InDoubt(const absl::Status& status) {
  return base::WithOutcome(status, Outcome::kUnknown, "an earlier attempt may have been executed. The last one: ");
}

}  // namespace imbot::portal
