#include "service/rpc/server.h"

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <thread>

#include "google/rpc/error_details.pb.h"
#include "service/base/strings.h"
#include "tests/rpc/health_client.h"
#include "tests/rpc/rpc_harness.h"

namespace imbot::rpc_test {
namespace {

using imbot::test::v1::EchoResponse;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

TEST(Server, FinishesWhatItBeganAndRefusesWhatIsNewWhenItDrains) {
  Harness harness;
  const auto channel = harness.Connect();
  PendingCall begun(channel, kEcho, "");
  const auto held = harness.handler.TakeCall();
  harness.server().BeginDrain();
  EXPECT_EQ(HealthOf(channel, ""), "NOT_SERVING");
  EXPECT_EQ(HealthOf(channel, "imbot.test.v1.EchoService"), "NOT_SERVING");

  const Result refused = CallEcho(channel, "x");
  EXPECT_EQ(refused.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(refused.Reason(), "SHUTTING_DOWN");
  EXPECT_EQ(refused.Metadata("outcome"), "NOT_EXECUTED");
  google::rpc::RetryInfo retry;
  ASSERT_TRUE(refused.details.details(1).UnpackTo(&retry));
  EXPECT_EQ(retry.retry_delay().seconds(), 1);

  bool nothing_cancelled = false;
  std::thread stopper([&] { nothing_cancelled = harness.server().Shutdown(seconds(60)); });
  held->reply.Answer(absl::OkStatus(), std::make_unique<EchoResponse>(), {});
  EXPECT_TRUE(begun.Wait().status.ok()) << begun.Wait().status.error_message();
  stopper.join();
  EXPECT_TRUE(nothing_cancelled);
  EXPECT_EQ(harness.handler.cancels(), 0);
}

TEST(Server, RefusesNewCallsBeforeItLooksAtAnythingElse) {
  HarnessOptions options;
  options.callers = *rpc::CallerSet::Create({{{"billing", false}, kTokenSha256}});
  Harness harness(std::move(options));
  const auto channel = harness.Connect();
  ASSERT_EQ(CallEcho(channel, "x").Reason(), "CALLER_TOKEN_MISSING");
  harness.server().BeginDrain();
  EXPECT_EQ(CallEcho(channel, "x").Reason(), "SHUTTING_DOWN");
}

TEST(Server, SaysNotServingBeforeItRefusesTheFirstCall) {
  HarnessOptions options;
  options.drain_delay = milliseconds(300);
  Harness harness(std::move(options));
  harness.handler.Play(PlayedHandler::Echo);
  const auto channel = harness.Connect();
  HealthWatch watch(channel, "imbot.test.v1.EchoService");
  ASSERT_EQ(watch.Next(), "SERVING");
  ASSERT_TRUE(CallEcho(channel, "x").status.ok());
  const auto begin = base::Clock::System().Now();
  std::thread stopper([&] { EXPECT_TRUE(harness.server().Shutdown(seconds(60))); });
  // The listeners are still there: whoever watches learns it, and a call gets a clear answer.
  EXPECT_EQ(watch.Next(), "NOT_SERVING");
  // Calls may still be taken between the two steps, but not for long.
  Result refused = CallEcho(channel, "x");
  while (refused.status.ok()) refused = CallEcho(channel, "x");
  EXPECT_EQ(refused.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  stopper.join();
  const auto took = base::Clock::System().Now() - begin;
  EXPECT_GE(took, milliseconds(300)) << "the drain delay";
  EXPECT_LT(took, seconds(30)) << "a watcher of health must not hold the shutdown up until its grace time is over";
  EXPECT_EQ(watch.Next(), "END");
}

TEST(Server, CancelsWhatIsLeftWhenTheGraceTimeIsOver) {
  Harness harness;
  PendingCall begun(harness.Connect(), kEcho, "");
  const auto held = harness.handler.TakeCall();
  EXPECT_FALSE(harness.server().Shutdown(milliseconds(50)));
  EXPECT_EQ(harness.handler.cancels(), 1);
  EXPECT_EQ(begun.Wait().status.error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST(Server, TakesNoConnectionOnceItHasShutDown) {
  Harness harness;
  const auto channel = harness.Connect();
  EXPECT_TRUE(harness.server().Shutdown(seconds(60)));
  EXPECT_TRUE(harness.server().Shutdown(seconds(60))) << "a second time does nothing";
  EXPECT_EQ(CallEcho(channel, "x").status.error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST(Server, ServesOnSeveralThreads) {
  HarnessOptions options;
  options.completion_threads = 3;
  Harness harness(std::move(options));
  std::vector<std::unique_ptr<PendingCall>> calls;
  for (int i = 0; i < 30; ++i) calls.push_back(std::make_unique<PendingCall>(harness.Connect(), kEcho, ""));
  std::vector<std::unique_ptr<HeldCall>> held;
  for (size_t i = 0; i < calls.size(); ++i) held.push_back(harness.handler.TakeCall());
  for (const auto& call : held) call->reply.Answer(absl::OkStatus(), std::make_unique<EchoResponse>(), {});
  for (const auto& call : calls) EXPECT_TRUE(call->Wait().status.ok());
  EXPECT_TRUE(harness.server().Shutdown(seconds(60)));
}

TEST(Server, ListensOnSeveralFreePortsAndTellsThem) {
  HarnessOptions options;
  options.listeners.push_back({"127.0.0.1:0", std::nullopt});
  options.listeners.push_back({"127.0.0.1:0", std::nullopt});
  Harness harness(std::move(options));
  harness.handler.Play(PlayedHandler::Echo);
  ASSERT_EQ(harness.server().ports().size(), 2u);
  EXPECT_NE(harness.server().ports()[0], harness.server().ports()[1]);
  EXPECT_TRUE(CallEcho(harness.Connect(0), "x").status.ok());
  EXPECT_TRUE(CallEcho(harness.Connect(1), "x").status.ok());
}

TEST(Server, SaysWhichAddressItCantListenOn) {
  Harness harness;
  const std::string taken = base::StrCat("127.0.0.1:", harness.server().ports()[0]);
  rpc::ServerOptions options;
  options.listeners.push_back({taken, std::nullopt});
  const auto server = rpc::Server::Create(std::move(options), {});
  EXPECT_EQ(server.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(server.status().message()), HasSubstr(taken));
}

struct Certificate {
  std::string certificate_pem;
  std::string key_pem;
};

std::string ReadAll(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<size_t>(size));
}

// For `localhost`, signed by itself, valid for an hour.
Certificate MakeCertificate() {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
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
  PEM_write_bio_PrivateKey(pem.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return {ReadAll(certificate.get()), ReadAll(pem.get())};
}

std::shared_ptr<grpc::Channel> ConnectTls(int port, const grpc::SslCredentialsOptions& options) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetSslTargetNameOverride("localhost");
  return grpc::CreateCustomChannel(base::StrCat("127.0.0.1:", port), grpc::SslCredentials(options), arguments);
}

TEST(Server, SpeaksTls) {
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

TEST(Server, AsksClientsForACertificateIfToldSo) {
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

TEST(Server, RefusesAKeyThatIsNone) {
  rpc::ServerOptions options;
  options.listeners.push_back({"127.0.0.1:0", rpc::TlsOptions{"no certificate", base::Secret("canary-3f9a"), ""}});
  const auto server = rpc::Server::Create(std::move(options), {});
  EXPECT_EQ(server.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(server.status().message()), ::testing::Not(HasSubstr("canary")));
}

}  // namespace
}  // namespace imbot::rpc_test
