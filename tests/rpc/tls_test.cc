#include "service/rpc/tls.h"

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstring>

#include "service/base/strings.h"
#include "tests/rpc/rpc_harness.h"

namespace imbot::rpc_test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct Certificate {
  std::string certificate_pem;
  std::string key_pem;
};

std::string ReadAll(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<size_t>(size));
}

// For `localhost`, signed by itself, valid for an hour; its key under a password if there is one; a weak one
// is shorter than today's TLS takes.
Certificate MakeCertificate(const char* password = nullptr, bool weak = false) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(weak ? EVP_RSA_gen(1024) : EVP_EC_gen("P-256"),
                                                                EVP_PKEY_free);
  const std::unique_ptr<X509, decltype(&X509_free)> x509(X509_new(), X509_free);
  X509_set_version(x509.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x509.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(x509.get()), -60);
  X509_gmtime_adj(X509_getm_notAfter(x509.get()), 3600);
  X509_set_pubkey(x509.get(), key.get());
  X509_NAME* name = X509_get_subject_name(x509.get());
  const std::string host = "localhost";
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(host.c_str()), -1, -1, 0);
  X509_set_issuer_name(x509.get(), name);
  X509_EXTENSION* names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:localhost");
  X509_add_ext(x509.get(), names, -1);
  X509_EXTENSION_free(names);
  X509_sign(x509.get(), key.get(), EVP_sha256());
  const std::unique_ptr<BIO, decltype(&BIO_free)> certificate(BIO_new(BIO_s_mem()), BIO_free),
      pem(BIO_new(BIO_s_mem()), BIO_free);
  PEM_write_bio_X509(certificate.get(), x509.get());
  PEM_write_bio_PKCS8PrivateKey(pem.get(), key.get(), password == nullptr ? nullptr : EVP_aes_256_cbc(), password,
                                password == nullptr ? 0 : static_cast<int>(std::strlen(password)), nullptr, nullptr);
  return {ReadAll(certificate.get()), ReadAll(pem.get())};
}

std::shared_ptr<grpc::Channel> ConnectTls(int port, const grpc::SslCredentialsOptions& options) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetSslTargetNameOverride("localhost");
  return grpc::CreateCustomChannel(base::StrCat("127.0.0.1:", port), grpc::SslCredentials(options), arguments);
}

// What is wrong with it; "" if nothing is.
std::string Wrong(const std::string& certificate, const std::string& key, const std::string& client_ca = "") {
  const auto made = rpc::CredentialsOf(rpc::TlsOptions{certificate, base::Secret(key), client_ca});
  EXPECT_TRUE(made.ok() || made.status().code() == absl::StatusCode::kInvalidArgument) << made.status();
  return std::string(made.status().message());
}

TEST(Tls, SpeaksTls) {
  const Certificate certificate = MakeCertificate();
  HarnessOptions options;
  options.listeners.push_back(
      {"127.0.0.1:0", rpc::TlsOptions{certificate.certificate_pem, base::Secret(certificate.key_pem), ""}});
  Harness harness(std::move(options));
  harness.handler.Play(PlayedHandler::Echo);
  grpc::SslCredentialsOptions trusting;
  trusting.pem_root_certs = certificate.certificate_pem;
  EXPECT_TRUE(CallEcho(ConnectTls(harness.server().ports()[0], trusting), "x").status.ok());
  grpc::SslCredentialsOptions other;
  other.pem_root_certs = MakeCertificate().certificate_pem;
  EXPECT_EQ(CallEcho(ConnectTls(harness.server().ports()[0], other), "x").status.error_code(),
            grpc::StatusCode::UNAVAILABLE);
}

TEST(Tls, AsksClientsForACertificateIfToldSo) {
  const Certificate certificate = MakeCertificate(), clients = MakeCertificate();
  HarnessOptions options;
  options.listeners.push_back(
      {"127.0.0.1:0",
       rpc::TlsOptions{certificate.certificate_pem, base::Secret(certificate.key_pem), clients.certificate_pem}});
  Harness harness(std::move(options));
  harness.handler.Play(PlayedHandler::Echo);
  grpc::SslCredentialsOptions credentials;
  credentials.pem_root_certs = certificate.certificate_pem;
  EXPECT_FALSE(CallEcho(ConnectTls(harness.server().ports()[0], credentials), "x").status.ok());
  credentials.pem_cert_chain = clients.certificate_pem;
  credentials.pem_private_key = clients.key_pem;
  const Result result = CallEcho(ConnectTls(harness.server().ports()[0], credentials), "x");
  EXPECT_TRUE(result.status.ok()) << result.status.error_message();
}

TEST(Tls, TakesACertificateWithItsKey) {
  const Certificate good = MakeCertificate();
  EXPECT_EQ(Wrong(good.certificate_pem, good.key_pem), "");
  EXPECT_EQ(Wrong(good.certificate_pem, good.key_pem, MakeCertificate().certificate_pem), "");
}

TEST(Tls, SaysWhichPartIsWrong) {
  const Certificate good = MakeCertificate();
  EXPECT_EQ(Wrong("no certificate", good.key_pem), "the certificate is none in PEM");
  EXPECT_EQ(Wrong(good.certificate_pem, good.certificate_pem), "the private key is none in PEM, or needs a password");
  EXPECT_EQ(Wrong(good.certificate_pem, MakeCertificate("password").key_pem),
            "the private key is none in PEM, or needs a password");
  EXPECT_EQ(Wrong(good.certificate_pem, MakeCertificate().key_pem), "the private key is not the certificate's");
  const Certificate weak = MakeCertificate(nullptr, /*weak=*/true);
  EXPECT_EQ(Wrong(weak.certificate_pem, weak.key_pem), "OpenSSL refuses the certificate: ee key too small");
  EXPECT_EQ(Wrong(good.certificate_pem + weak.certificate_pem, good.key_pem),
            "OpenSSL refuses a certificate of the chain: ca key too small");
  EXPECT_EQ(Wrong(good.certificate_pem, good.key_pem, "none"),
            "what clients' certificates are checked with is no certificate in PEM");
}

TEST(Tls, NamesTheListenerAndNothingOfTheKey) {
  rpc::ServerOptions options;
  options.listeners.push_back(
      {"127.0.0.1:0", rpc::TlsOptions{MakeCertificate().certificate_pem, base::Secret("canary-3f9a"), ""}});
  const auto server = rpc::Server::Create(std::move(options), {});
  EXPECT_EQ(server.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(server.status().message()), HasSubstr("127.0.0.1:0: the private key"));
  EXPECT_THAT(std::string(server.status().message()), Not(HasSubstr("canary")));
}

}  // namespace
}  // namespace imbot::rpc_test
