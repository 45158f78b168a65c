// Certificates and keys of TLS, looked at before they are used. Stateless; thread-safe.
#ifndef IMBOT_SERVICE_BASE_SERVER_CERTIFICATE_H_
#define IMBOT_SERVICE_BASE_SERVER_CERTIFICATE_H_

#include <optional>
#include <string>
#include <string_view>

#include "service/base/secret.h"

namespace imbot::base {

// Whether a text holds a certificate in PEM, and the first one is whole. Other text may stand before it.
bool HoldsCertificate(std::string_view pem);

// The first part that is wrong, and why: nothing of what it holds.
struct CertificateMistake {
  enum class Part { kChain, kKey, kClientCa };
  Part part;
  std::string text;
};

// All in PEM: the chain begins with the server's own certificate, whose key needs no password; `client_ca` is empty if
// no client has to show a certificate. Nothing if they are good.
std::optional<CertificateMistake> FindCertificateMistake(std::string_view chain, const Secret& key,
                                                         std::string_view client_ca);

}  // namespace imbot::base

#endif  // IMBOT_SERVICE_BASE_SERVER_CERTIFICATE_H_
