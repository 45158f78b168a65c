// What one portal is doing at one moment: for operators, never for a decision.
#ifndef IMBOT_SERVICE_PORTAL_PORTAL_SNAPSHOT_H_
#define IMBOT_SERVICE_PORTAL_PORTAL_SNAPSHOT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "service/base/clock.h"
#include "service/portal/leaky_bucket.h"

namespace imbot::portal {

// Whether a portal takes calls, as an operator has decided.
enum class Intake {
  kOpen,
  kPaused,    // nothing leaves, nothing new is taken; what waits goes on waiting
  kDraining,  // nothing new is taken, what waits still leaves
};

struct PortalSnapshot {
  // Why calls fail at once, by the portal's own doing.
  struct Quarantine {
    std::string reason;    // the portal's code, or the failure that it answered nothing but
    std::string message;   // holds no secret
    bool breaker = false;  // it answers nothing, rather than having said no
    base::Duration since{0};
    base::Duration next_probe_in{0};
    uint64_t probes = 0;
  };
  // A method that is held back, or that the portal has blocked, for the time it has taken.
  struct HeldMethod {
    std::string method;
    base::Duration until{0};  // from now
    double operating_seconds = 0;
    bool blocked_by_portal = false;
  };
  // The last request that failed as a whole.
  struct LastError {
    std::string reason;
    std::string method;
    std::string message;  // holds no secret
    base::Duration ago{0};
  };

  Intake intake = Intake::kOpen;
  std::optional<Quarantine> quarantine;
  std::vector<HeldMethod> held_methods;
  std::optional<LastError> last_error;
  // When the certificate ends that the portal showed last; nothing before the first TLS handshake.
  std::optional<base::WallTime> certificate_expires_at;
  size_t waiting_to_repeat = 0;  // calls between two attempts, or behind their method's budget
  size_t queued_calls = 0;
  size_t queued_bulk_calls = 0;  // of those
  size_t queued_bytes = 0;
  std::optional<base::Duration> longest_wait;  // of a call that still waits
  size_t in_flight = 0;                        // requests, those whose body is a stream among them
  RatePlan plan;
  double bucket_level = 0;
  base::Duration next_request_in{0};  // until the limit lets one more leave
  // Since the start.
  uint64_t requests = 0;
  uint64_t calls = 0;  // that left in those, repeats counted
  uint64_t batches = 0;
  uint64_t limit_refusals = 0;
};

}  // namespace imbot::portal

#endif  // IMBOT_SERVICE_PORTAL_PORTAL_SNAPSHOT_H_
