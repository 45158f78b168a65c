#include "service/rpc/tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <string_view>

namespace imbot::rpc {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

// A key with a password is one that nobody could open.
int NoPassword(char*, int, int, void*) {
  return 0;
}

Bio Read(std::string_view pem) {
  return {BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free};
}

Certificate FirstCertificate(std::string_view pem) {
  const Bio bio = Read(pem);
  return {PEM_read_bio_X509_AUX(bio.get(), nullptr, NoPassword, nullptr), X509_free};
}

absl::Status Check(const TlsOptions& tls) {
  const Certificate certificate = FirstCertificate(tls.certificate_chain_pem);
  if (certificate == nullptr) return absl::InvalidArgumentError("the certificate is none in PEM");
  const Bio bio = Read(tls.private_key_pem.Reveal());
  const Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassword, nullptr), EVP_PKEY_free);
  if (key == nullptr) return absl::InvalidArgumentError("the private key is none in PEM, or needs a password");
  if (X509_check_private_key(certificate.get(), key.get()) != 1)
    return absl::InvalidArgumentError("the private key is not the certificate's");
  if (!tls.client_ca_pem.empty() && FirstCertificate(tls.client_ca_pem) == nullptr)
    return absl::InvalidArgumentError("what clients' certificates are checked with is no certificate in PEM");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> CredentialsOf(const std::optional<TlsOptions>& tls) {
  if (!tls.has_value()) return grpc::InsecureServerCredentials();
  const absl::Status checked = Check(*tls);
  // OpenSSL keeps what went wrong for whoever asks this thread next.
  ERR_clear_error();
  if (!checked.ok()) return checked;
  grpc::SslServerCredentialsOptions options(tls->client_ca_pem.empty()
                                                ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
                                                : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = tls->client_ca_pem;
  options.pem_key_cert_pairs.push_back({std::string(tls->private_key_pem.Reveal()), tls->certificate_chain_pem});
  return grpc::SslServerCredentials(options);
}

}  // namespace imbot::rpc
