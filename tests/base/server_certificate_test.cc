#include "service/base/server_certificate.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/transport/test_certificates.h"

namespace imbot::base {
namespace {

using transport::Identity;
using transport::TestAuthority;
using enum CertificateMistake::Part;

class ServerCertificate : public ::testing::Test {
 protected:
  // "" if nothing is wrong.
  static std::string Wrong(const std::string& chain, const std::string& key, const std::string& client_ca = "") {
    const auto mistake = FindCertificateMistake(chain, Secret(key), client_ca);
    if (!mistake.has_value()) return "";
    const char* const part = mistake->part == kChain ? "chain" : mistake->part == kKey ? "key" : "client CA";
    return std::string(part) + ": " + mistake->text;
  }

  const TestAuthority authority_;
  const Identity good_ = authority_.Issue({"localhost"});
  const std::string certificate_ = good_.certificate_pem(), key_ = good_.key_pem();
};

TEST_F(ServerCertificate, IsTakenWithItsKey) {
  EXPECT_EQ(Wrong(certificate_, key_), "");
  EXPECT_EQ(Wrong(certificate_ + authority_.certificate_pem(), key_, authority_.certificate_pem()), "");
}

TEST_F(ServerCertificate, SaysWhichPartIsWrong) {
  EXPECT_EQ(Wrong("no certificate", key_), "chain: the certificate is none in PEM");
  EXPECT_EQ(Wrong(certificate_, certificate_), "key: the private key is none in PEM, or needs a password");
  EXPECT_EQ(Wrong(certificate_, good_.key_pem("password")), "key: the private key is none in PEM, or needs a password");
  EXPECT_EQ(Wrong(certificate_, authority_.Issue({"localhost"}).key_pem()),
            "key: the private key is not the certificate's");
  EXPECT_EQ(Wrong(certificate_, key_, "none"),
            "client CA: what clients' certificates are checked with is no certificate in PEM");
}

TEST_F(ServerCertificate, SaysWhatOpenSslDoesNotTake) {
  const Identity weak = authority_.IssueWeak();
  EXPECT_EQ(Wrong(weak.certificate_pem(), weak.key_pem()), "chain: OpenSSL refuses the certificate: ee key too small");
  EXPECT_EQ(Wrong(certificate_ + weak.certificate_pem(), key_),
            "chain: OpenSSL refuses a certificate of the chain: ca key too small");
}

TEST_F(ServerCertificate, IsFoundInAText) {
  EXPECT_TRUE(HoldsCertificate(certificate_));
  EXPECT_TRUE(HoldsCertificate("subject=CN = localhost\n" + certificate_));
  EXPECT_FALSE(HoldsCertificate(key_));
  EXPECT_FALSE(HoldsCertificate("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"));
  EXPECT_FALSE(HoldsCertificate(certificate_.substr(0, certificate_.size() / 2)));
  EXPECT_FALSE(HoldsCertificate(""));
}

}  // namespace
}  // namespace imbot::base
