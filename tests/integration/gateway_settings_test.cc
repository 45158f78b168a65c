// What the configuration means for each part of the gateway. The values are those of config.proto.
#include "service/gateway_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>
#include <string>

#include "google/protobuf/text_format.h"
#include "service/base/secret.h"
#include "service/config/validate.h"

namespace imbot {
namespace {

using namespace std::chrono_literals;
using gateway::v1::Limits;
using ::testing::SizeIs;
using transport::Address;

template <typename Message>
Message Parse(const std::string& text) {
  Message message;
  if (!google::protobuf::TextFormat::ParseFromString(text, &message)) throw std::logic_error(text);
  return message;
}

config::Config Configured(const std::string& text) {
  config::Config configuration;
  configuration.settings = Parse<config::Settings>(text);
  configuration.grpc_tls.resize(static_cast<size_t>(configuration.settings.listeners().grpc_size()));
  return configuration;
}

// Every number that the limits come to, in any part.
std::string Everything(const Limits& limits) {
  config::Config configuration;
  *configuration.settings.mutable_limits() = limits;
  const rpc::CallLimits calls = CallLimitsFrom(limits);
  const portal::SchedulerOptions scheduler = SchedulerOptionsFrom(limits);
  const transport::HttpOptions http = HttpOptionsFrom(configuration);
  const rpc::ServerOptions server = ServerOptionsFrom(configuration);
  std::ostringstream out;
  out << calls.max_request_bytes << ' ' << calls.default_deadline.count() << ' ' << calls.max_deadline.count() << ' '
      << calls.max_stream_deadline.count() << ' ' << scheduler.max_in_flight << ' ' << scheduler.batch_linger.count()
      << ' ' << scheduler.max_attempts << ' ' << scheduler.breaker_failures << ' ' << scheduler.max_queued_calls << ' '
      << scheduler.max_queued_bytes << ' ' << scheduler.reply_timeout.count() << ' ' << http.connect_timeout.count()
      << ' ' << http.max_reply_bytes << ' ' << http.max_connections_per_host << ' ' << server.max_receive_bytes << ' '
      << server.drain_delay.count();
  return out.str();
}

TEST(GatewaySettings, ALimitReachesThePartThatKeepsIt) {
  const auto limits = Parse<Limits>(R"(
      default_deadline { seconds: 1 } max_deadline { seconds: 2 } in_flight_per_portal: 3 queued_calls_per_portal: 4
      queued_bytes_per_portal: 5 max_request_bytes: 6000 max_reply_bytes: 7000 connect_timeout { seconds: 8 }
      portal_reply_timeout { seconds: 9 } shutdown_drain_delay { seconds: 11 } max_transfer_time { seconds: 12 }
      max_attempts: 13 breaker_failures: 14 batch_linger { nanos: 15000000 })");
  const rpc::CallLimits calls = CallLimitsFrom(limits);
  EXPECT_EQ(calls.default_deadline, 1s);
  EXPECT_EQ(calls.max_deadline, 2s);
  EXPECT_EQ(calls.max_request_bytes, 6000u);
  EXPECT_EQ(calls.max_stream_deadline, 12s);
  const portal::SchedulerOptions scheduler = SchedulerOptionsFrom(limits);
  EXPECT_EQ(scheduler.max_in_flight, 3u);
  EXPECT_EQ(scheduler.max_queued_calls, 4u);
  EXPECT_EQ(scheduler.max_queued_bytes, 5u);
  EXPECT_EQ(scheduler.reply_timeout, 9s);
  EXPECT_EQ(scheduler.max_attempts, 13);
  EXPECT_EQ(scheduler.breaker_failures, 14);
  EXPECT_EQ(scheduler.batch_linger, 15ms);
  config::Config configuration;
  *configuration.settings.mutable_limits() = limits;
  const transport::HttpOptions http = HttpOptionsFrom(configuration);
  EXPECT_EQ(http.max_reply_bytes, 7000u);
  EXPECT_EQ(http.connect_timeout, 8s);
  EXPECT_EQ(ServerOptionsFrom(configuration).drain_delay, 11s);
}

// A limit that is added to the contract and to no part is found here.
TEST(GatewaySettings, EveryLimitReachesSomePart) {
  const std::set<std::string> kept_by_the_whole = {"shutdown_grace"};
  const std::string defaults = Everything(Limits());
  const auto& descriptor = *Limits::descriptor();
  for (int i = 0; i < descriptor.field_count(); ++i) {
    const auto& field = *descriptor.field(i);
    const bool duration = field.message_type() != nullptr;
    const auto changed = Parse<Limits>(field.name() + (duration ? " { nanos: 7000000 }" : ": 777"));
    EXPECT_EQ(Everything(changed) == defaults, kept_by_the_whole.contains(field.name())) << field.name();
  }
}

TEST(GatewaySettings, TheDefaultsOfTheContractAreThoseOfTheParts) {
  config::Settings settings;
  config::ApplyDefaults(&settings);
  settings.mutable_limits()->clear_batch_linger();  // the part's own is none: its tests are about other things
  EXPECT_EQ(Everything(settings.limits()), Everything(Limits()));
}

// The documentation: 50 and 2 a second; on the Enterprise plan 250 and 5 (limits.md).
TEST(GatewaySettings, APortalsPlanSaysWhatItTakes) {
  const auto plan = [](const char* text) {
    const portal::RatePlan rate = RatePlanOf(Parse<gateway::v1::Portal>(text));
    return std::to_string(static_cast<int>(rate.burst)) + ", " + std::to_string(static_cast<int>(rate.per_second));
  };
  EXPECT_EQ(plan(""), "50, 2");
  EXPECT_EQ(plan("plan: PORTAL_PLAN_STANDARD"), "50, 2");
  EXPECT_EQ(plan("plan: PORTAL_PLAN_ENTERPRISE"), "250, 5");
  EXPECT_EQ(plan("plan: PORTAL_PLAN_SELF_HOSTED"), "0, 0");
  EXPECT_EQ(plan("plan: PORTAL_PLAN_SELF_HOSTED rate_limit { burst: 100 per_second: 10 }"), "100, 10");
}

TEST(GatewaySettings, ACloudPortalLetsOneMethodTakeSevenMinutesOfTen) {
  EXPECT_EQ(OperatingLimitOf({}), 420s);
  EXPECT_EQ(OperatingLimitOf(Parse<gateway::v1::Portal>("plan: PORTAL_PLAN_ENTERPRISE")), 420s);
  EXPECT_EQ(OperatingLimitOf(Parse<gateway::v1::Portal>("plan: PORTAL_PLAN_SELF_HOSTED")), 0s);
  EXPECT_EQ(OperatingLimitOf(Parse<gateway::v1::Portal>("operating_limit { seconds: 480 }")), 480s);
}

TEST(GatewaySettings, PortalsOfOneHostShareItsLimit) {
  const auto authority = [](const std::string& url) {
    gateway::v1::Portal portal;
    portal.set_base_url(url);
    return AuthorityOf(portal);
  };
  EXPECT_EQ(authority("https://Acme.Bitrix24.com"), authority("https://acme.bitrix24.com/"));
  EXPECT_NE(authority("https://acme.bitrix24.com"), authority("https://acme.bitrix24.eu"));
  EXPECT_NE(authority("http://127.0.0.1:8080"), authority("http://127.0.0.1:8081"));
}

TEST(GatewaySettings, ThereIsAConnectionForEveryRequestThatMayBeUnderWay) {
  EXPECT_GE(HttpOptionsFrom(Configured("limits { in_flight_per_portal: 900 }")).max_connections_per_host, 900u);
  EXPECT_GE(HttpOptionsFrom(Configured("limits { in_flight_per_portal: 900 }")).max_connections, 900u);
  EXPECT_GE(HttpOptionsFrom(Configured("")).max_connections_per_host, 16u + 8u) << "uploads have their own";
}

TEST(GatewaySettings, OnlyPublicAddressesAreReachedUnlessTheConfigurationSaysMore) {
  const auto allows = [](const std::string& transport, const char* address) {
    return HttpOptionsFrom(Configured("transport {" + transport + "}"))
        .address_policy("acme.example", *Address::Parse(address));
  };
  for (const char* address : {"10.0.0.1", "192.168.1.1", "fc00::1"}) {
    EXPECT_FALSE(allows("", address)) << address;
    EXPECT_FALSE(allows("allow_loopback_addresses: true", address)) << address;
    EXPECT_TRUE(allows("allow_private_addresses: true", address)) << address;
  }
  for (const char* address : {"127.0.0.1", "::1"}) {
    EXPECT_FALSE(allows("", address)) << address;
    EXPECT_FALSE(allows("allow_private_addresses: true", address)) << address;
    EXPECT_TRUE(allows("allow_loopback_addresses: true", address)) << address;
  }
  EXPECT_FALSE(allows("allow_private_addresses: true allow_loopback_addresses: true", "169.254.169.254"))
      << "a cloud's metadata, never";
  EXPECT_TRUE(allows("", "8.8.8.8"));
}

TEST(GatewaySettings, TheTransportTakesWhatItIsTold) {
  EXPECT_TRUE(HttpOptionsFrom(Configured("")).http2);
  EXPECT_FALSE(HttpOptionsFrom(Configured("transport { http2: false }")).http2);
  config::Config configuration = Configured("transport { ca_file: 'ca.pem' loop_threads: 3 }");
  configuration.proxy = base::Secret("http://user:pw@proxy:3128");
  EXPECT_EQ(HttpOptionsFrom(configuration).ca_file, "ca.pem");
  EXPECT_EQ(HttpOptionsFrom(configuration).proxy.Reveal(), "http://user:pw@proxy:3128");
  EXPECT_EQ(LoopCountOf(configuration), 3u);
  EXPECT_GE(LoopCountOf(Configured("")), 1u);
  EXPECT_LE(LoopCountOf(Configured("")), 4u);
}

TEST(GatewaySettings, NameServersAreAskedInTheirOrder) {
  EXPECT_EQ(ResolverOptionsFrom({}).servers, "");
  EXPECT_EQ(ResolverOptionsFrom(
                Parse<gateway::v1::Transport>("name_servers: '10.0.0.53:53' name_servers: '[2001:db8::53]:5353'"))
                .servers,
            "10.0.0.53:53,[2001:db8::53]:5353");
}

TEST(GatewaySettings, EachListenerHasItsOwnCertificate) {
  config::Config configuration = Configured(
      "listeners { grpc { address: '127.0.0.1:1' } grpc { address: '[::1]:2' } }"
      "limits { max_request_bytes: 3000000 }");
  configuration.grpc_tls[1] = config::TlsMaterial{"chain", base::Secret("key"), "client ca"};
  const rpc::ServerOptions options = ServerOptionsFrom(configuration);
  ASSERT_THAT(options.listeners, SizeIs(2));
  EXPECT_EQ(options.listeners[0].address, "127.0.0.1:1");
  EXPECT_FALSE(options.listeners[0].tls.has_value());
  EXPECT_EQ(options.listeners[1].address, "[::1]:2");
  ASSERT_TRUE(options.listeners[1].tls.has_value());
  EXPECT_EQ(options.listeners[1].tls->certificate_chain_pem, "chain");
  EXPECT_EQ(options.listeners[1].tls->private_key_pem.Reveal(), "key");
  EXPECT_EQ(options.listeners[1].tls->client_ca_pem, "client ca");
  EXPECT_GT(options.max_receive_bytes, 3'000'000) << "a request that is a little too large gets the gateway's error";
}

}  // namespace
}  // namespace imbot
