// What the scheduler asks for before it sends: how to be let in to the portal. Implemented by credentials/, connected
// in gateway.cc.
#ifndef IMBOT_SERVICE_PORTAL_CREDENTIAL_SOURCE_H_
#define IMBOT_SERVICE_PORTAL_CREDENTIAL_SOURCE_H_

#include <string_view>

#include "absl/status/statusor.h"
#include "service/base/secret.h"

namespace imbot::portal {

// Thread-safe; never blocks.
class CredentialSource {
 public:
  virtual ~CredentialSource() = default;
  // The URL to which a call of `method` is posted, with whatever proves the gateway's right in it (a webhook's code).
  // FAILED_PRECONDITION, reason CREDENTIALS_UNAVAILABLE, if there is none for the portal.
  virtual absl::StatusOr<base::Secret> UrlFor(std::string_view portal, std::string_view method) = 0;
};

}  // namespace imbot::portal

#endif  // IMBOT_SERVICE_PORTAL_CREDENTIAL_SOURCE_H_
