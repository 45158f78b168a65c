#include "service/rpc/spare_poller.h"

#include <gtest/gtest.h>

#include "tests/rpc/rpc_harness.h"

namespace imbot::rpc_test {
namespace {

TEST(SparePoller, CallsAreAnsweredWhileItIsHeldAndAfterwards) {
  Harness harness;
  harness.handler.Play(PlayedHandler::Echo);
  const auto channel = harness.Connect();
  auto poller = rpc::SparePoller::Hold(2);
  ASSERT_NE(poller, nullptr);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(CallEcho(channel, "x").status.ok());
  poller.reset();
  EXPECT_TRUE(CallEcho(channel, "x").status.ok());
}

TEST(SparePoller, OnlyOneIsHeldAtATime) {
  const Harness harness;
  auto poller = rpc::SparePoller::Hold(1);
  ASSERT_NE(poller, nullptr);
  EXPECT_EQ(rpc::SparePoller::Hold(1), nullptr);
  poller.reset();
  EXPECT_NE(rpc::SparePoller::Hold(1), nullptr);
}

TEST(SparePoller, NoneIsSpareWhereThereAreMoreCores) {
  EXPECT_EQ(rpc::SparePoller::Hold(3), nullptr);
}

TEST(SparePoller, GoesBeforeAServerThatThenShutsDownInPeace) {
  Harness harness;
  harness.handler.Play(PlayedHandler::Echo);
  EXPECT_TRUE(CallEcho(harness.Connect(), "x").status.ok());
  auto poller = rpc::SparePoller::Hold(2);
  ASSERT_NE(poller, nullptr);
  poller.reset();
  EXPECT_TRUE(harness.server().Shutdown(std::chrono::seconds(60)));
}

}  // namespace
}  // namespace imbot::rpc_test
