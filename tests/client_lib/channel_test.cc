// Channels: options, TLS, and their end. No server of this process uses gRPC's callbacks, so the clients' threads are
// the only ones there are.
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <future>
#include <iterator>
#include <memory>
#include <string>

#include "bitrix24/imbot/v2/message_service.grpc.pb.h"
#include "imbot/client/client.h"
#include "tests/support/process.h"
#include "tests/transport/test_certificates.h"

namespace imbot::client {
namespace {

using bitrix24::imbot::v2::MessageService;
using bitrix24::imbot::v2::SendMessageRequest;
using bitrix24::imbot::v2::SendMessageResponse;
using transport::Identity;
using transport::TestAuthority;

using namespace std::chrono_literals;

class Service : public MessageService::Service {
  grpc::Status SendMessage(grpc::ServerContext* context, const SendMessageRequest*,
                           SendMessageResponse* response) override {
    response->set_id(static_cast<int64_t>(context->client_metadata().count("authorization")));
    return grpc::Status::OK;
  }
};

class TlsTest : public ::testing::Test {
 protected:
  void Serve(const Identity& identity, bool asks_clients) {
    grpc::SslServerCredentialsOptions options(asks_clients ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                                                           : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
    options.pem_key_cert_pairs.push_back({identity.key_pem(), identity.certificate_pem()});
    std::ifstream ca(authority_.file());
    options.pem_root_certs = {std::istreambuf_iterator<char>(ca), {}};
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::SslServerCredentials(options), &port_);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr);
  }
  Reply<SendMessageResponse> Send(Tls tls, TokenSource token = nullptr) const {
    ClientOptions options;
    options.target = "127.0.0.1:" + std::to_string(port_);  // by no name: Debian's c-ares loses a few bytes for each
    options.security = std::move(tls);
    options.token = std::move(token);
    options.retry.max_attempts = 2;
    auto client = Client::Create(options);
    EXPECT_TRUE(client.ok()) << client.status();
    return client->Call(&MessageService::Stub::SendMessage, SendMessageRequest());
  }

  const imbot::testing::TemporaryFolder folder_;
  const TestAuthority authority_, other_authority_{"Another authority"};
  Service service_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

TEST_F(TlsTest, BelievesWhomItsAuthoritySignedForThatName) {
  Serve(authority_.Issue({"127.0.0.1"}), /*asks_clients=*/false);
  const auto sent = Send({.ca_file = authority_.file()}, TokenFromString("t"));
  ASSERT_TRUE(sent.ok()) << sent.error();
  EXPECT_EQ(sent->id(), 1) << "and sends its token";
}

TEST_F(TlsTest, SendsNothingToAnyoneElse) {
  Serve(authority_.Issue({"elsewhere.test"}), /*asks_clients=*/false);
  for (const Tls& tls : {Tls{.ca_file = authority_.file()}, Tls{.ca_file = other_authority_.file()}, Tls{}}) {
    const auto sent = Send(tls);
    ASSERT_FALSE(sent.ok());
    EXPECT_EQ(sent.error().reason, kGatewayUnreachable) << sent.error();
    EXPECT_EQ(sent.error().outcome, Outcome::kNotExecuted);
  }
  EXPECT_TRUE(Send({.ca_file = authority_.file(), .server_name = "elsewhere.test"}).ok()) << "but by the name it has";
}

TEST_F(TlsTest, ShowsItsCertificateWhereOneIsAskedFor) {
  Serve(authority_.Issue({"127.0.0.1"}), /*asks_clients=*/true);
  const Identity own = authority_.Issue({"crm.test"});
  const auto sent = Send({.ca_file = authority_.file(),
                          .certificate_file = folder_.Write("client.pem", own.certificate_pem()),
                          .key_file = folder_.Write("client.key", own.key_pem())});
  EXPECT_TRUE(sent.ok()) << sent.error();
  const auto without = Send({.ca_file = authority_.file()});
  ASSERT_FALSE(without.ok());
  EXPECT_EQ(without.error().code, absl::StatusCode::kUnavailable);
}

TEST_F(TlsTest, AFileThatIsNoPemIsRefusedByName) {
  const std::string path = folder_.Write("ca.pem", "not a certificate");
  const auto client = Client::Create({.target = "localhost:1", .security = Tls{.ca_file = path}});
  EXPECT_EQ(client.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(std::string(client.status().message()).find(path), std::string::npos);
}

TEST(ClientOptions, NameEverythingThatIsWrong) {
  const auto refusal = [](const ClientOptions& options) {
    return std::string(Client::Create(options).status().message());
  };
  ClientOptions options{.target = "localhost:1"};
  EXPECT_EQ(refusal(options), "");
  options = {.target = ""};
  EXPECT_NE(refusal(options).find("target"), std::string::npos);
  options = {.target = "localhost:1", .security = PlainText(), .token = TokenFromString("t")};
  EXPECT_NE(refusal(options).find("send_token"), std::string::npos);
  options = {.target = "localhost:1", .security = Tls{.key_file = "key.pem"}};
  EXPECT_NE(refusal(options).find("certificate_file and key_file"), std::string::npos);
  options = {.target = "localhost:1", .security = Tls{.ca_file = "/nowhere/ca.pem"}};
  EXPECT_NE(refusal(options).find("/nowhere/ca.pem"), std::string::npos);
  options = {.target = "localhost:1", .default_timeout = 0ms, .keepalive_time = 1s, .max_message_bytes = 1};
  for (const char* name : {"default_timeout", "keepalive_time", "max_message_bytes"}) {
    EXPECT_NE(refusal(options).find(name), std::string::npos) << name;
  }
}

// Of a call that outlives its client, the callback is the last that knows the channel.
TEST(Client, MayGoWhileItsCallIsUnderWayWithoutWaitingForIt) {
  for (int i = 0; i < 100; ++i) {
    std::promise<void> ended;
    {
      const auto client =
          Client::Create({.target = "127.0.0.1:1", .security = PlainText(), .retry = {.max_attempts = 1}});
      ASSERT_TRUE(client.ok()) << client.status();
      client->CallAsync(&MessageService::Stub::SendMessage, SendMessageRequest(), {},
                        [&](const Reply<SendMessageResponse>&) { ended.set_value(); });
    }
    ASSERT_EQ(ended.get_future().wait_for(20s), std::future_status::ready);
  }
}

}  // namespace
}  // namespace imbot::client
