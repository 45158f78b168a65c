// Certificates made on the spot for tests over TLS: an authority, and what it signs.
#ifndef IMBOT_TESTS_TRANSPORT_TEST_CERTIFICATES_H_
#define IMBOT_TESTS_TRANSPORT_TEST_CERTIFICATES_H_

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <vector>

namespace imbot::transport {

struct OpenSslFree {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
};

struct Identity {
  std::shared_ptr<EVP_PKEY> key;
  std::shared_ptr<X509> certificate;

  std::string certificate_pem() const;
  // Under a password if there is one.
  std::string key_pem(const char* password = nullptr) const;
};

class TestAuthority {
 public:
  explicit TestAuthority(const std::string& name = "Test authority");

  // `names` are DNS names, wildcards too, or IPv4 addresses. Valid from `from_days` to `to_days`, counted from now.
  Identity Issue(const std::vector<std::string>& names, int from_days = -1, int to_days = 30) const;
  // With a key that is shorter than today's TLS takes.
  Identity IssueWeak() const;
  std::string certificate_pem() const { return self_.certificate_pem(); }
  // The authority's certificate as a PEM file, which lives as long as the authority.
  const std::string& file() const { return file_; }

  ~TestAuthority();
  TestAuthority(const TestAuthority&) = delete;
  TestAuthority& operator=(const TestAuthority&) = delete;

 private:
  Identity self_;
  std::string file_;
};

}  // namespace imbot::transport

#endif  // IMBOT_TESTS_TRANSPORT_TEST_CERTIFICATES_H_
