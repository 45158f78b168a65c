#include "tests/transport/test_certificates.h"

#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <stdexcept>

#include "absl/functional/function_ref.h"

namespace imbot::transport {
namespace {

void Check(bool ok) {
  if (!ok) throw std::runtime_error("OpenSSL failed");
}

void AddExtension(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  Check(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

Identity Make(EVP_PKEY* key, const std::string& subject, const Identity* issuer, const std::vector<std::string>& names,
              int from_days, int to_days) {
  Identity made;
  made.key = std::shared_ptr<EVP_PKEY>(key, OpenSslFree());
  made.certificate = std::shared_ptr<X509>(X509_new(), OpenSslFree());
  X509* certificate = made.certificate.get();
  Check(made.key != nullptr && certificate != nullptr);
  X509_set_version(certificate, X509_VERSION_3);
  uint64_t serial = 0;
  Check(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof(serial)) == 1);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), from_days * 86400L);
  X509_gmtime_adj(X509_getm_notAfter(certificate), to_days * 86400L);
  X509_set_pubkey(certificate, made.key.get());
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(subject.c_str()), -1, -1,
                             0);
  X509_set_issuer_name(certificate, issuer == nullptr ? name : X509_get_subject_name(issuer->certificate.get()));
  if (issuer == nullptr) {
    AddExtension(certificate, NID_basic_constraints, "critical,CA:TRUE");
    AddExtension(certificate, NID_key_usage, "critical,keyCertSign,cRLSign");
  } else {
    std::string list;
    for (const std::string& each : names) {
      const bool address = each.find_first_not_of("0123456789.") == each.npos;
      list += (list.empty() ? "" : ",") + std::string(address ? "IP:" : "DNS:") + each;
    }
    AddExtension(certificate, NID_subject_alt_name, list);
    AddExtension(certificate, NID_ext_key_usage, "serverAuth,clientAuth");
  }
  Check(X509_sign(certificate, issuer == nullptr ? made.key.get() : issuer->key.get(), EVP_sha256()) > 0);
  return made;
}

std::string Pem(absl::FunctionRef<int(BIO*)> write) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), BIO_free);
  Check(write(out.get()) == 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return std::string(data, static_cast<size_t>(size));
}

}  // namespace

std::string Identity::certificate_pem() const {
  return Pem([&](BIO* out) { return PEM_write_bio_X509(out, certificate.get()); });
}

std::string Identity::key_pem(const char* password) const {
  return Pem([&](BIO* out) {
    return PEM_write_bio_PKCS8PrivateKey(out, key.get(), password == nullptr ? nullptr : EVP_aes_256_cbc(), password,
                                         password == nullptr ? 0 : static_cast<int>(std::strlen(password)), nullptr,
                                         nullptr);
  });
}

TestAuthority::TestAuthority(const std::string& name) : self_(Make(EVP_EC_gen("P-256"), name, nullptr, {}, -10, 30)) {
  file_ = ::testing::TempDir() + "imbot-authority-XXXXXX";
  const int fd = mkstemp(file_.data());
  Check(fd >= 0);
  FILE* out = fdopen(fd, "w");
  Check(PEM_write_X509(out, self_.certificate.get()) == 1);
  fclose(out);
}

TestAuthority::~TestAuthority() {
  unlink(file_.c_str());
}

Identity TestAuthority::Issue(const std::vector<std::string>& names, int from_days, int to_days) const {
  return Make(EVP_EC_gen("P-256"), "Test server", &self_, names, from_days, to_days);
}

Identity TestAuthority::IssueWeak() const {
  return Make(EVP_RSA_gen(1024), "Test server", &self_, {"localhost"}, -1, 30);
}

}  // namespace imbot::transport
