#include "service/rpc/tls.h"

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include "service/base/strings.h"
#include "tests/rpc/rpc_harness.h"
#include "tests/transport/test_certificates.h"

namespace imbot::rpc_test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using transport::Identity;
using transport::TestAuthority;

std::shared_ptr<grpc::Channel> ConnectTls(int port, const grpc::SslCredentialsOptions& options) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetSslTargetNameOverride("localhost");
  return grpc::CreateCustomChannel(base::StrCat("127.0.0.1:", port), grpc::SslCredentials(options), arguments);
}

HarnessOptions OptionsOf(const Identity& server, const std::string& client_ca) {
  HarnessOptions options;
  options.listeners.push_back(
      {"127.0.0.1:0", rpc::TlsOptions{server.certificate_pem(), base::Secret(server.key_pem()), client_ca}});
  return options;
}

TEST(Tls, SpeaksTls) {
  const TestAuthority authority;
  Harness harness(OptionsOf(authority.Issue({"localhost"}), ""));
  harness.handler.Play(PlayedHandler::Echo);
  grpc::SslCredentialsOptions trusting;
  trusting.pem_root_certs = authority.certificate_pem();
  EXPECT_TRUE(CallEcho(ConnectTls(harness.server().ports()[0], trusting), "x").status.ok());
  grpc::SslCredentialsOptions other;
  other.pem_root_certs = TestAuthority("Another authority").certificate_pem();
  EXPECT_EQ(CallEcho(ConnectTls(harness.server().ports()[0], other), "x").status.error_code(),
            grpc::StatusCode::UNAVAILABLE);
}

TEST(Tls, AsksClientsForACertificateIfToldSo) {
  const TestAuthority authority, clients("Authority of clients");
  const Identity client = clients.Issue({"client.test"});
  Harness harness(OptionsOf(authority.Issue({"localhost"}), clients.certificate_pem()));
  harness.handler.Play(PlayedHandler::Echo);
  grpc::SslCredentialsOptions credentials;
  credentials.pem_root_certs = authority.certificate_pem();
  EXPECT_FALSE(CallEcho(ConnectTls(harness.server().ports()[0], credentials), "x").status.ok());
  credentials.pem_cert_chain = client.certificate_pem();
  credentials.pem_private_key = client.key_pem();
  const Result result = CallEcho(ConnectTls(harness.server().ports()[0], credentials), "x");
  EXPECT_TRUE(result.status.ok()) << result.status.error_message();
}

TEST(Tls, NamesTheListenerAndNothingOfTheKey) {
  const std::string certificate = TestAuthority().Issue({"localhost"}).certificate_pem();
  rpc::ServerOptions options;
  options.listeners.push_back({"127.0.0.1:0", rpc::TlsOptions{certificate, base::Secret("canary-3f9a"), ""}});
  const auto server = rpc::Server::Create(std::move(options), {});
  EXPECT_EQ(server.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(server.status().message()), HasSubstr("127.0.0.1:0: the private key"));
  EXPECT_THAT(std::string(server.status().message()), Not(HasSubstr("canary")));
}

}  // namespace
}  // namespace imbot::rpc_test
