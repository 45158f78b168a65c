#include "service/rpc/server.h"

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <thread>

#include "google/rpc/error_details.pb.h"
#include "service/base/file_descriptor.h"
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

TEST(Server, SaysWhichAddressesItCantListenOnAndWhy) {
  Harness harness;
  const std::string taken = base::StrCat("127.0.0.1:", harness.server().ports()[0]);
  rpc::ServerOptions options;
  // 192.0.2.0/24 is nobody's (RFC 5737).
  for (const std::string& address : {std::string("127.0.0.1:0"), taken, std::string("192.0.2.1:0"), std::string("x")})
    options.listeners.push_back({address, std::nullopt});
  const auto server = rpc::Server::Create(std::move(options), {});
  EXPECT_EQ(server.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(std::string(server.status().message()),
            base::StrCat("can't listen on ", taken,
                         ": Address already in use; 192.0.2.1:0: Cannot assign requested address; x: not an IP address "
                         "and a port"));
}

bool HasIpv6() {
  const base::FileDescriptor socket(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  return bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

TEST(Server, ListensOnIpv6OrSaysThatThereIsNone) {
  if (!HasIpv6()) {
    rpc::ServerOptions none;
    none.listeners.push_back({"[::1]:0", std::nullopt});
    EXPECT_THAT(std::string(rpc::Server::Create(std::move(none), {}).status().message()), HasSubstr("[::1]:0: "));
    return;
  }
  HarnessOptions options;
  options.listeners.push_back({"[::1]:0", std::nullopt});
  Harness harness(std::move(options));
  harness.handler.Play(PlayedHandler::Echo);
  const auto channel =
      grpc::CreateChannel(base::StrCat("[::1]:", harness.server().ports()[0]), grpc::InsecureChannelCredentials());
  EXPECT_TRUE(CallEcho(channel, "x").status.ok());
}

TEST(Server, TakesIpv4OnTheAddressOfAllOfIpv6) {
  HarnessOptions options;
  options.listeners.push_back({"[::]:0", std::nullopt});
  Harness harness(std::move(options));
  harness.handler.Play(PlayedHandler::Echo);
  EXPECT_TRUE(CallEcho(harness.Connect(), "x").status.ok()) << "the harness connects to 127.0.0.1";
}

}  // namespace
}  // namespace imbot::rpc_test
