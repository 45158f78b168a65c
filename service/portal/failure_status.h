// The error for a request that brought no reply. Pure function; thread-safe.
#ifndef IMBOT_SERVICE_PORTAL_FAILURE_STATUS_H_
#define IMBOT_SERVICE_PORTAL_FAILURE_STATUS_H_

#include <string_view>

#include "absl/status/status.h"
#include "service/transport/transport.h"

namespace imbot::portal {

// What a transfer may have done to the portal.
enum class Effect {
  kMayChange,
  kReadsOnly,  // whatever was sent, nothing was done that a repeat would do twice
};
absl::Status FailureStatus(const transport::Failure& failure, std::string_view method, std::string_view portal,
                           Effect effect = Effect::kMayChange);

}  // namespace imbot::portal

#endif  // IMBOT_SERVICE_PORTAL_FAILURE_STATUS_H_
