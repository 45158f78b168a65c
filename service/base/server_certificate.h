// What a TLS server needs, looked at before it serves. Stateless; thread-safe.
#ifndef IMBOT_SERVICE_BASE_SERVER_CERTIFICATE_H_
#define IMBOT_SERVICE_BASE_SERVER_CERTIFICATE_H_

#include <string_view>

#include "absl/status/status.h"
#include "service/base/secret.h"

namespace imbot::base {

// All in PEM: the chain begins with the server's own certificate, whose key needs no password; `client_ca` is empty if
// no client has to show a certificate. INVALID_ARGUMENT, saying which is wrong, and nothing of what it holds.
absl::Status CheckServerCertificate(std::string_view chain, const Secret& key, std::string_view client_ca);

}  // namespace imbot::base

#endif  // IMBOT_SERVICE_BASE_SERVER_CERTIFICATE_H_
