#include "tests/simulator/net/tls.h"

#include <fcntl.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <string_view>

namespace simulator {
namespace {

struct Freer {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};
using Key = std::unique_ptr<EVP_PKEY, Freer>;
using Certificate = std::unique_ptr<X509, Freer>;

std::string LastError() {
  char buffer[256] = "unknown";
  ERR_error_string_n(ERR_get_error(), buffer, sizeof(buffer));
  return buffer;
}

bool AddExtension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
  if (extension == nullptr) return false;
  const bool added = X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

constexpr long kHour = 3600;
constexpr long kDay = 24 * kHour;

Certificate NewCertificate(const char* name, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key,
                           TlsFault fault = TlsFault::kNone) {
  Certificate certificate(X509_new());
  if (certificate == nullptr) return nullptr;
  X509_set_version(certificate.get(), 2);
  // Random serial numbers: a client that remembers an earlier run's would refuse the same number with another key.
  unsigned char serial[8];
  if (RAND_bytes(serial, sizeof(serial)) != 1) return nullptr;
  serial[0] = static_cast<unsigned char>((serial[0] & 0x3F) | 0x40);  // positive, and no leading zero
  ASN1_INTEGER* number = X509_get_serialNumber(certificate.get());
  ASN1_STRING_set(number, serial, sizeof(serial));
  const bool expired = fault == TlsFault::kExpired;
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), expired ? -2 * kDay : -kHour);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), expired ? -kDay : 30 * kDay);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME* subject = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), issuer == nullptr ? subject : X509_get_subject_name(issuer));
  X509* const signer = issuer == nullptr ? certificate.get() : issuer;
  bool good = AddExtension(certificate.get(), signer, NID_subject_key_identifier, "hash");
  if (issuer == nullptr) {
    good = good && AddExtension(certificate.get(), signer, NID_basic_constraints, "critical,CA:TRUE") &&
           AddExtension(certificate.get(), signer, NID_key_usage, "critical,keyCertSign,cRLSign");
  } else {
    good = good && AddExtension(certificate.get(), signer, NID_authority_key_identifier, "keyid") &&
           AddExtension(certificate.get(), signer, NID_basic_constraints, "critical,CA:FALSE") &&
           AddExtension(certificate.get(), signer, NID_ext_key_usage, "serverAuth") &&
           AddExtension(certificate.get(), signer, NID_subject_alt_name,
                        fault == TlsFault::kWrongName ? "DNS:elsewhere.test"
                                                      : "DNS:localhost,DNS:portal.test,DNS:*.portal.test,IP:127.0.0.1");
  }
  if (!good || X509_sign(certificate.get(), issuer_key, EVP_sha256()) == 0) return nullptr;
  return certificate;
}

template <typename Writer>
bool WriteFile(const std::string& path, int mode, Writer writer) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  if (fd < 0) return false;
  std::FILE* file = fdopen(fd, "w");
  if (file == nullptr) {
    close(fd);
    return false;
  }
  const bool written = writer(file);
  return std::fclose(file) == 0 && written;
}

int SelectProtocol(SSL*, const unsigned char** out, unsigned char* out_length, const unsigned char* in,
                   unsigned in_length, void* arg) {
  const std::string_view* const offered = static_cast<const std::string_view*>(arg);
  // The server's order of preference decides. No common protocol: go on without, as nginx does.
  unsigned char* selected = nullptr;
  if (SSL_select_next_proto(&selected, out_length, reinterpret_cast<const unsigned char*>(offered->data()),
                            static_cast<unsigned>(offered->size()), in, in_length) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *out = selected;
  return SSL_TLSEXT_ERR_OK;
}

constexpr std::string_view kHttp1Only("\x08http/1.1", 9);
constexpr std::string_view kHttp2First("\x02h2\x08http/1.1", 12);

}  // namespace

bool GenerateCertificates(const std::string& directory, TlsFault fault, TlsFiles* files, std::string* error) {
  files->ca = directory + "/ca.pem";
  files->cert = directory + "/cert.pem";
  files->key = directory + "/key.pem";
  const Key ca_key(EVP_EC_gen("P-256"));
  const Key key(EVP_EC_gen("P-256"));
  if (ca_key == nullptr || key == nullptr) {
    *error = "making keys: " + LastError();
    return false;
  }
  const Certificate ca = NewCertificate("imbot simulator CA", ca_key.get(), nullptr, ca_key.get());
  const Certificate leaf =
      ca == nullptr ? nullptr : NewCertificate("imbot simulator", key.get(), ca.get(), ca_key.get(), fault);
  // What clients are told to trust; its key is thrown away.
  const Key other_key(EVP_EC_gen("P-256"));
  const Certificate other_ca =
      other_key == nullptr ? nullptr : NewCertificate("imbot simulator CA", other_key.get(), nullptr, other_key.get());
  const X509* const trusted = fault == TlsFault::kUnknownCa ? other_ca.get() : ca.get();
  if (leaf == nullptr || trusted == nullptr) {
    *error = "making certificates: " + LastError();
    return false;
  }
  if (!WriteFile(files->ca, 0644, [&](std::FILE* file) { return PEM_write_X509(file, trusted) == 1; }) ||
      !WriteFile(files->cert, 0644, [&](std::FILE* file) { return PEM_write_X509(file, leaf.get()) == 1; }) ||
      !WriteFile(files->key, 0600, [&](std::FILE* file) {
        return PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1;
      })) {
    *error = "writing certificates into " + directory + ": " + std::strerror(errno);
    return false;
  }
  return true;
}

SslContext MakeServerContext(const TlsFiles& files, bool http2, std::string* error) {
  SslContext context(SSL_CTX_new(TLS_server_method()));
  if (context == nullptr) {
    *error = LastError();
    return nullptr;
  }
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  if (SSL_CTX_use_certificate_chain_file(context.get(), files.cert.c_str()) != 1) {
    *error = files.cert + ": " + LastError();
    return nullptr;
  }
  if (SSL_CTX_use_PrivateKey_file(context.get(), files.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    *error = files.key + ": " + LastError();
    return nullptr;
  }
  static const unsigned char kSessionContext[] = "imbot-simulator";
  SSL_CTX_set_session_id_context(context.get(), kSessionContext, sizeof(kSessionContext) - 1);
  const std::string_view* const offered = http2 ? &kHttp2First : &kHttp1Only;
  SSL_CTX_set_alpn_select_cb(context.get(), SelectProtocol, const_cast<std::string_view*>(offered));
  return context;
}

}  // namespace simulator
