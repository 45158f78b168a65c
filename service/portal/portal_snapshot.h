// What one portal is doing at one moment: for operators, never for a decision.
#ifndef IMBOT_SERVICE_PORTAL_PORTAL_SNAPSHOT_H_
#define IMBOT_SERVICE_PORTAL_PORTAL_SNAPSHOT_H_

#include <cstddef>

namespace imbot::portal {

struct PortalSnapshot {
  size_t queued_calls = 0;
  size_t queued_bytes = 0;
  size_t in_flight = 0;  // requests, those whose body is a stream among them
};

}  // namespace imbot::portal

#endif  // IMBOT_SERVICE_PORTAL_PORTAL_SNAPSHOT_H_
