#include "service/base/server_certificate.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

#include "service/base/strings.h"

namespace imbot::base {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Context = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

// A key with a password is one that nobody could open.
int NoPassword(char*, int, int, void*) {
  return 0;
}

Bio Read(std::string_view pem) {
  return {BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free};
}

Certificate NextCertificate(BIO* pem) {
  return {PEM_read_bio_X509(pem, nullptr, NoPassword, nullptr), X509_free};
}

// With what OpenSSL itself says: a fixed text, such as `ee key too small`.
std::string Refused(std::string_view what) {
  const char* const why = ERR_reason_error_string(ERR_peek_last_error());
  return StrCat("OpenSSL refuses ", what, ": ", why == nullptr ? "no reason given" : why);
}

// As gRPC will use them, in its order.
std::optional<CertificateMistake> Find(std::string_view chain, const Secret& secret, std::string_view client_ca) {
  using enum CertificateMistake::Part;
  const Context context(SSL_CTX_new(TLS_method()), SSL_CTX_free);
  const Bio chain_pem = Read(chain), key_pem = Read(secret.Reveal());
  const Certificate own = NextCertificate(chain_pem.get());
  if (own == nullptr) return {{kChain, "the certificate is none in PEM"}};
  if (SSL_CTX_use_certificate(context.get(), own.get()) != 1) return {{kChain, Refused("the certificate")}};
  while (const Certificate next = NextCertificate(chain_pem.get())) {
    if (SSL_CTX_add1_chain_cert(context.get(), next.get()) != 1)
      return {{kChain, Refused("a certificate of the chain")}};
  }
  const Key key(PEM_read_bio_PrivateKey(key_pem.get(), nullptr, NoPassword, nullptr), EVP_PKEY_free);
  if (key == nullptr) return {{kKey, "the private key is none in PEM, or needs a password"}};
  if (X509_check_private_key(own.get(), key.get()) != 1) return {{kKey, "the private key is not the certificate's"}};
  if (SSL_CTX_use_PrivateKey(context.get(), key.get()) != 1 || SSL_CTX_check_private_key(context.get()) != 1)
    return {{kKey, Refused("the private key")}};
  if (!client_ca.empty() && NextCertificate(Read(client_ca).get()) == nullptr)
    return {{kClientCa, "what clients' certificates are checked with is no certificate in PEM"}};
  return std::nullopt;
}

}  // namespace

bool HoldsCertificate(std::string_view pem) {
  const bool holds = NextCertificate(Read(pem).get()) != nullptr;
  ERR_clear_error();
  return holds;
}

std::optional<CertificateMistake> FindCertificateMistake(std::string_view chain, const Secret& key,
                                                         std::string_view client_ca) {
  std::optional<CertificateMistake> mistake = Find(chain, key, client_ca);
  // OpenSSL keeps what went wrong for whoever asks this thread next.
  ERR_clear_error();
  return mistake;
}

}  // namespace imbot::base
