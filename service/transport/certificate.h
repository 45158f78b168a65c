// What a connection's certificate tells. Stateless; thread-safe but for the handle, which is its loop's.
#ifndef IMBOT_SERVICE_TRANSPORT_CERTIFICATE_H_
#define IMBOT_SERVICE_TRANSPORT_CERTIFICATE_H_

#include <curl/curl.h>

#include <optional>

#include "service/base/clock.h"

namespace imbot::transport {

// When the certificate ends that the server showed in the handshake of the connection that `easy` uses. Nothing without
// TLS, and of a resumed session: what that remembers is the certificate of the handshake before, which the server may
// have replaced since.
// REQUIRES: `easy` has a connection, as in curl's pre-request callback.
std::optional<base::WallTime> CertificateExpiry(CURL* easy);

}  // namespace imbot::transport

#endif  // IMBOT_SERVICE_TRANSPORT_CERTIFICATE_H_
