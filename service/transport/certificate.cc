#include "service/transport/certificate.h"

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <ctime>
#include <memory>

namespace imbot::transport {

std::optional<base::WallTime> CertificateExpiry(CURL* easy) {
  const curl_tlssessioninfo* tls = nullptr;
  if (curl_easy_getinfo(easy, CURLINFO_TLS_SSL_PTR, &tls) != CURLE_OK || tls == nullptr ||
      tls->backend != CURLSSLBACKEND_OPENSSL || tls->internals == nullptr) {
    return std::nullopt;
  }
  SSL* const ssl = static_cast<SSL*>(tls->internals);
  if (SSL_session_reused(ssl) != 0) return std::nullopt;
  const std::unique_ptr<X509, decltype(&X509_free)> shown(SSL_get1_peer_certificate(ssl), X509_free);
  std::tm ends{};
  if (shown == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(shown.get()), &ends) != 1) return std::nullopt;
  return std::chrono::system_clock::from_time_t(timegm(&ends));
}

}  // namespace imbot::transport
