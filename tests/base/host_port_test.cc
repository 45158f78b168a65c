#include "service/base/host_port.h"

#include <gtest/gtest.h>

namespace imbot::base {
namespace {

TEST(ParseHostPort, ReadsAddressesOfBothFamilies) {
  const auto v4 = ParseHostPort("10.0.0.1:50051");
  ASSERT_TRUE(v4.has_value());
  EXPECT_EQ(v4->host, "10.0.0.1");
  EXPECT_EQ(v4->port, 50051);
  EXPECT_FALSE(v4->ipv6);
  EXPECT_EQ(v4->ToString(), "10.0.0.1:50051");
  const auto v6 = ParseHostPort("[::1]:0");
  ASSERT_TRUE(v6.has_value());
  EXPECT_EQ(v6->host, "::1");
  EXPECT_EQ(v6->port, 0);
  EXPECT_TRUE(v6->ipv6);
  EXPECT_EQ(v6->ToString(), "[::1]:0");
  EXPECT_EQ(ParseHostPort("localhost:65535")->ToString(), "127.0.0.1:65535");
}

TEST(ParseHostPort, RefusesWhatIsNoAddress) {
  for (const char* const text :
       {"", ":", ":80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:8a", "127.0.0.1: 80",
        "::1:80", "[::1]", "[::1]80", "[127.0.0.1]:80", "example.com:80", "*:80", "127.1:80", "256.0.0.1:80"}) {
    EXPECT_FALSE(ParseHostPort(text).has_value()) << text;
  }
}

TEST(HostPort, KnowsWhatOnlyThisMachineReaches) {
  EXPECT_TRUE(ParseHostPort("127.0.0.1:1")->IsLoopback());
  EXPECT_TRUE(ParseHostPort("127.8.9.10:1")->IsLoopback());
  EXPECT_TRUE(ParseHostPort("localhost:1")->IsLoopback());
  EXPECT_TRUE(ParseHostPort("[::1]:1")->IsLoopback());
  EXPECT_TRUE(ParseHostPort("[0:0:0:0:0:0:0:1]:1")->IsLoopback());
  EXPECT_FALSE(ParseHostPort("0.0.0.0:1")->IsLoopback());
  EXPECT_FALSE(ParseHostPort("[::]:1")->IsLoopback());
  EXPECT_FALSE(ParseHostPort("10.0.0.1:1")->IsLoopback());
  // Mapped: on a dual-stack socket it is loopback too, but nobody writes it; the stricter reading costs nothing.
  EXPECT_FALSE(ParseHostPort("[::ffff:127.0.0.1]:1")->IsLoopback());
}

}  // namespace
}  // namespace imbot::base
