#include "service/base/server_certificate.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

namespace imbot::base {
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

const char* Mistake(std::string_view chain, const Secret& secret, std::string_view client_ca) {
  const Certificate certificate = FirstCertificate(chain);
  if (certificate == nullptr) return "the certificate is none in PEM";
  const Bio bio = Read(secret.Reveal());
  const Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassword, nullptr), EVP_PKEY_free);
  if (key == nullptr) return "the private key is none in PEM, or needs a password";
  if (X509_check_private_key(certificate.get(), key.get()) != 1) return "the private key is not the certificate's";
  if (!client_ca.empty() && FirstCertificate(client_ca) == nullptr)
    return "what clients' certificates are checked with is no certificate in PEM";
  return nullptr;
}

}  // namespace

absl::Status CheckServerCertificate(std::string_view chain, const Secret& key, std::string_view client_ca) {
  const char* const mistake = Mistake(chain, key, client_ca);
  // OpenSSL keeps what went wrong for whoever asks this thread next.
  ERR_clear_error();
  return mistake == nullptr ? absl::OkStatus() : absl::InvalidArgumentError(mistake);
}

}  // namespace imbot::base
