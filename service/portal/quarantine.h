// Whether a portal is worth calling at all: its quarantine and its circuit breaker, which are one thing with two
// causes.
//
// A portal that says no to everything (blocked for overload, deleted, unpaid, its webhook revoked) is quarantined: an
// operator must act, and every call in between costs the portal's limit and the caller's time for nothing. Saying so
// once is not enough: one probe follows at once, and only if it is refused as well do calls fail. A portal that answers
// nothing at all (it hangs, resets, is not there) opens the breaker: what waits would only fill the memory.
//
// Either way calls fail at once, a probe goes out now and then, and the first one that is answered ends it. Pure state:
// time comes with each call. Loop thread only; owned by a scheduler.
#ifndef IMBOT_SERVICE_PORTAL_QUARANTINE_H_
#define IMBOT_SERVICE_PORTAL_QUARANTINE_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "service/base/clock.h"
#include "service/portal/portal_snapshot.h"
#include "service/translate/error_table.h"

namespace imbot::portal {

// How long until the first probe; doubled after each one that failed, up to the greatest.
struct ProbePace {
  std::chrono::milliseconds first;
  std::chrono::milliseconds greatest;
};
inline constexpr ProbePace kClosedPace{std::chrono::seconds(30), std::chrono::minutes(10)};
inline constexpr ProbePace kBreakerPace{std::chrono::seconds(1), std::chrono::seconds(30)};

// The breaker opens after so many requests in a row without a reply, over at least that time: a portal that restarts is
// waited for.
inline constexpr int kBreakerFailures = 10;
inline constexpr std::chrono::seconds kBreakerSpan{2};
// Or when nothing has come back for so long, while more than a few requests wait for an answer, the oldest of them all
// that time.
inline constexpr std::chrono::seconds kBreakerPatience{15};

// Who must act before the portal can be called again. `reason` as in PortalSnapshot::Quarantine.
translate::Actor WhoMustAct(std::string_view reason, bool breaker);

class Quarantine {
 public:
  // `breaker_failures` 0: the breaker never opens.
  explicit Quarantine(std::string portal, int breaker_failures = kBreakerFailures)
      : portal_(std::move(portal)), breaker_failures_(breaker_failures) {}

  // Calls fail at once.
  bool closed() const { return state_ == State::kClosed; }
  // The portal answers nothing, rather than having said no. Only while closed().
  bool breaker() const { return breaker_; }
  // When a probe is due; nothing while none is, or while one is under way.
  std::optional<base::MonoTime> probe_at() const;

  // The portal answered, whatever it said of the call: ends everything.
  void OnAnswered();
  // Something at its address answered, which proves nothing of the portal behind: ends what silence began.
  void OnAlive();
  // It refused a request as it refuses all (RetryAdvice::kPortalClosed). `reason`: its code; `message`: clean.
  void OnClosed(std::string_view reason, std::string_view message, base::MonoTime now);
  // A request brought no reply, or none of the portal itself. `reason`: ErrorInfo's.
  void OnNoAnswer(std::string_view reason, std::string_view message, base::MonoTime now);
  // Nothing has come back since the oldest request in flight left, for longer than the breaker's patience.
  void OnHanging(base::MonoTime now);

  void OnProbeSent();
  // It brought no proof that the portal may be called again.
  void OnProbeFailed(base::MonoTime now);
  // An operator's word; whether it was closed.
  bool Release();

  // What a call is told. Only while closed().
  absl::Status Refusal(std::string_view method, base::MonoTime now) const;
  std::optional<PortalSnapshot::Quarantine> Snapshot(base::MonoTime now) const;

 private:
  enum class State {
    kOpen,
    kSuspected,  // it said no once: calls go on while a probe asks again
    kClosed,
  };
  void Close(bool breaker, std::string_view reason, std::string_view message, base::MonoTime now);
  void Reset();

  const std::string portal_;
  const int breaker_failures_;
  State state_ = State::kOpen;
  bool breaker_ = false;
  std::string reason_, message_;
  base::MonoTime since_, probe_at_;
  std::chrono::milliseconds pause_{0};
  bool probing_ = false;
  uint64_t probes_ = 0;
  int failures_ = 0;  // requests in a row without a reply
  base::MonoTime first_failure_;
};

}  // namespace imbot::portal

#endif  // IMBOT_SERVICE_PORTAL_QUARANTINE_H_
