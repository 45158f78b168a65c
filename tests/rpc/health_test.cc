// https://github.com/grpc/grpc/blob/master/doc/health-checking.md
#include "service/rpc/health.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/rpc/health_client.h"
#include "tests/rpc/rpc_harness.h"

namespace imbot::rpc_test {
namespace {

constexpr char kService[] = "imbot.test.v1.EchoService";

TEST(Health, TellsTheGatewayAndEachService) {
  Harness harness;
  const auto channel = harness.Connect();
  EXPECT_EQ(HealthOf(channel, ""), "SERVING");
  for (const auto* service : harness.methods().services())
    EXPECT_EQ(HealthOf(channel, service->full_name()), "SERVING");
  EXPECT_EQ(HealthOf(channel, "no.such.Service"), "NOT_FOUND");
  harness.server().health().SetServing(kService, false);
  EXPECT_EQ(HealthOf(channel, kService), "NOT_SERVING");
  EXPECT_EQ(HealthOf(channel, ""), "SERVING");
}

TEST(Health, AsksForNoToken) {
  HarnessOptions options;
  options.callers = *rpc::CallerSet::Create({{{"billing", false}, kTokenSha256}});
  Harness harness(std::move(options));
  EXPECT_EQ(HealthOf(harness.Connect(), ""), "SERVING");
}

TEST(Health, TellsAWatcherWhatIsSoAndThenEachChange) {
  Harness harness;
  HealthWatch watch(harness.Connect(), kService), other(harness.Connect(), kService);
  EXPECT_EQ(watch.Next(), "SERVING");
  EXPECT_EQ(other.Next(), "SERVING");
  harness.server().health().SetServing(kService, true);  // no change
  harness.server().health().SetServing("imbot.gateway.v1.RawService", false);
  harness.server().health().SetServing(kService, false);
  EXPECT_EQ(watch.Next(), "NOT_SERVING");
  EXPECT_EQ(other.Next(), "NOT_SERVING");
  harness.server().health().SetServing(true);
  EXPECT_EQ(watch.Next(), "SERVING");
}

TEST(Health, TellsAWatcherOfAnUnknownServiceWhenItBecomesKnown) {
  Harness harness;
  HealthWatch watch(harness.Connect(), "acme.later.v1.LaterService");
  EXPECT_EQ(watch.Next(), "SERVICE_UNKNOWN");
  harness.server().health().SetServing("acme.later.v1.LaterService", true);
  EXPECT_EQ(watch.Next(), "SERVING");
}

TEST(Health, RefusesARequestThatIsNone) {
  Harness harness;
  const auto channel = harness.Connect();
  for (const char* method : {"/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch"}) {
    EXPECT_EQ(CallBytes(channel, method, "\x0a\x05x").status.error_code(), grpc::StatusCode::INVALID_ARGUMENT)
        << method;
  }
}

TEST(Health, SurvivesWatchersThatComeAndGoWhileItChanges) {
  Harness harness;
  const auto channel = harness.Connect();
  std::atomic<bool> over{false};
  std::thread changer([&] {
    for (bool serving = false; !over; serving = !serving) harness.server().health().SetServing(serving);
  });
  for (int i = 0; i < 100; ++i) {
    HealthWatch watch(channel, kService);
    const std::string first = watch.Next();
    EXPECT_TRUE(first == "SERVING" || first == "NOT_SERVING") << first;
    if (i % 2 == 0) {
      EXPECT_NE(watch.Next(), first) << "what has not changed is not told again";
    }
  }
  over = true;
  changer.join();
}

}  // namespace
}  // namespace imbot::rpc_test
