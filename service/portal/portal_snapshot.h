// What one portal is doing at one moment: for operators, never for a decision.
#ifndef IMBOT_SERVICE_PORTAL_PORTAL_SNAPSHOT_H_
#define IMBOT_SERVICE_PORTAL_PORTAL_SNAPSHOT_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "service/base/clock.h"
#include "service/portal/leaky_bucket.h"

namespace imbot::portal {

struct PortalSnapshot {
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
