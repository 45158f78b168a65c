#include "service/portal/quarantine.h"

#include <algorithm>

#include "service/base/error.h"
#include "service/base/strings.h"

namespace imbot::portal {

using base::MonoTime;
using std::chrono::duration_cast;
using std::chrono::milliseconds;

translate::Actor WhoMustAct(std::string_view reason, bool breaker) {
  if (!breaker) return translate::Actor::kOperator;
  // The network, the portal's address, its certificate. Whoever runs the gateway can only look on at everything else.
  for (const std::string_view operators : {"CONNECT_FAILED", "DNS_FAILED", "TLS_FAILED", "ADDRESS_REFUSED",
                                           "REDIRECT_REFUSED", "PORTAL_MOVED", "CREDENTIALS_UNAVAILABLE"}) {
    if (reason == operators) return translate::Actor::kOperator;
  }
  return translate::Actor::kBitrix24;
}

std::optional<MonoTime> Quarantine::probe_at() const {
  if (state_ == State::kOpen || probing_) return std::nullopt;
  return probe_at_;
}

void Quarantine::OnAnswered() {
  failures_ = 0;
  if (state_ != State::kOpen) Reset();
}

void Quarantine::OnAlive() {
  failures_ = 0;
  if (state_ == State::kClosed && breaker_) Reset();
}

void Quarantine::OnClosed(std::string_view reason, std::string_view message, MonoTime now) {
  failures_ = 0;                            // it answers
  if (state_ == State::kSuspected) return;  // the probe decides
  if (state_ == State::kClosed && !breaker_) return;
  // From an open breaker too: now it is known what is the matter.
  state_ = state_ == State::kClosed ? State::kClosed : State::kSuspected;
  breaker_ = false;
  reason_ = reason;
  message_ = message;
  since_ = now;
  probe_at_ = state_ == State::kClosed ? now + kClosedPace.first : now;
  pause_ = kClosedPace.first;
}

void Quarantine::OnNoAnswer(std::string_view reason, std::string_view message, MonoTime now) {
  if (failures_++ == 0) first_failure_ = now;
  if (breaker_failures_ == 0 || state_ == State::kClosed || failures_ < breaker_failures_ ||
      now - first_failure_ < kBreakerSpan)
    return;
  Close(/*breaker=*/true, reason, message, now);
}

void Quarantine::OnHanging(MonoTime now) {
  if (state_ == State::kClosed) return;
  Close(/*breaker=*/true, "PORTAL_TIMEOUT",
        base::StrCat("nothing has come back for more than ", kBreakerPatience.count(), " s"), now);
}

void Quarantine::Close(bool breaker, std::string_view reason, std::string_view message, MonoTime now) {
  state_ = State::kClosed;
  breaker_ = breaker;
  reason_ = reason;
  message_ = message;
  since_ = now;
  pause_ = breaker ? kBreakerPace.first : kClosedPace.first;
  probe_at_ = now + pause_;
}

void Quarantine::OnProbeSent() {
  probing_ = true;
  ++probes_;
}

void Quarantine::OnProbeFailed(MonoTime now) {
  if (!std::exchange(probing_, false)) return;
  if (state_ == State::kOpen) return;
  if (state_ == State::kSuspected) return Close(/*breaker=*/false, std::string(reason_), std::string(message_), now);
  pause_ = std::min(pause_ * 2, breaker_ ? kBreakerPace.greatest : kClosedPace.greatest);
  probe_at_ = now + pause_;
}

bool Quarantine::Release() {
  const bool was_closed = state_ == State::kClosed;
  Reset();
  return was_closed;
}

void Quarantine::Reset() {
  state_ = State::kOpen;
  breaker_ = probing_ = false;
  reason_.clear();
  message_.clear();
  failures_ = 0;
  probes_ = 0;
}

absl::Status Quarantine::Refusal(std::string_view method, MonoTime now) const {
  const auto wait = std::max(milliseconds(100), duration_cast<milliseconds>(probe_at_ - now));
  if (breaker_) {
    return base::Error(absl::StatusCode::kUnavailable, "PORTAL_QUARANTINED",
                       base::StrCat(method, ": portal ", portal_, " does not answer (", reason_,
                                    "), so nothing was sent; it is asked again by itself. Last: ", message_))
        .Metadata("quarantine_reason", reason_)
        .Metadata("actor", translate::ActorName(WhoMustAct(reason_, breaker_)))
        .RetryAfter(wait)
        .Build();
  }
  return base::Error(absl::StatusCode::kFailedPrecondition, "PORTAL_QUARANTINED",
                     base::StrCat(method, ": portal ", portal_, " refuses every call (", reason_,
                                  "), so nothing was sent. An operator has to act; the portal is asked again by "
                                  "itself. It said: ",
                                  message_))
      .Metadata("quarantine_reason", reason_)
      .Metadata("actor", translate::ActorName(WhoMustAct(reason_, breaker_)))
      .RetryAfter(wait)
      .Build();
}

std::optional<PortalSnapshot::Quarantine> Quarantine::Snapshot(MonoTime now) const {
  if (state_ != State::kClosed) return std::nullopt;
  PortalSnapshot::Quarantine out;
  out.reason = reason_;
  out.message = message_;
  out.breaker = breaker_;
  out.since = now - since_;
  out.next_probe_in = probing_ ? base::Duration(0) : std::max(base::Duration(0), base::Duration(probe_at_ - now));
  out.probes = probes_;
  return out;
}

}  // namespace imbot::portal
