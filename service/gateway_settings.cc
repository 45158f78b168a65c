#include "service/gateway_settings.h"

#include <algorithm>
#include <cstdint>
#include <thread>

#include "google/protobuf/util/time_util.h"
#include "service/base/host_port.h"
#include "service/base/strings.h"
#include "service/portal/portal_url.h"
#include "service/transport/address.h"

namespace imbot {

using std::chrono::milliseconds;

namespace {

milliseconds Milliseconds(const google::protobuf::Duration& duration) {
  return milliseconds(google::protobuf::util::TimeUtil::DurationToMilliseconds(duration));
}

}  // namespace

rpc::CallLimits CallLimitsFrom(const gateway::v1::Limits& limits) {
  rpc::CallLimits out;
  if (limits.has_max_request_bytes()) out.max_request_bytes = limits.max_request_bytes();
  if (limits.has_default_deadline()) out.default_deadline = Milliseconds(limits.default_deadline());
  if (limits.has_max_deadline()) out.max_deadline = Milliseconds(limits.max_deadline());
  if (limits.has_max_transfer_time()) out.max_stream_deadline = Milliseconds(limits.max_transfer_time());
  return out;
}

portal::SchedulerOptions SchedulerOptionsFrom(const gateway::v1::Limits& limits) {
  portal::SchedulerOptions out;
  if (limits.has_in_flight_per_portal()) out.max_in_flight = limits.in_flight_per_portal();
  if (limits.has_batch_linger()) out.batch_linger = Milliseconds(limits.batch_linger());
  if (limits.has_max_attempts()) out.max_attempts = static_cast<int>(limits.max_attempts());
  if (limits.has_breaker_failures()) out.breaker_failures = static_cast<int>(limits.breaker_failures());
  if (limits.has_queued_calls_per_portal()) out.max_queued_calls = limits.queued_calls_per_portal();
  if (limits.has_queued_bytes_per_portal()) out.max_queued_bytes = limits.queued_bytes_per_portal();
  if (limits.has_portal_reply_timeout()) out.reply_timeout = Milliseconds(limits.portal_reply_timeout());
  return out;
}

portal::RatePlan RatePlanOf(const gateway::v1::Portal& portal) {
  if (portal.has_rate_limit()) return {portal.rate_limit().burst(), portal.rate_limit().per_second()};
  switch (portal.plan()) {
    case gateway::v1::PORTAL_PLAN_ENTERPRISE:
      return portal::kEnterprisePlan;
    case gateway::v1::PORTAL_PLAN_SELF_HOSTED:
      return portal::kUnlimitedPlan;
    default:
      return portal::kStandardPlan;
  }
}

std::chrono::seconds OperatingLimitOf(const gateway::v1::Portal& portal) {
  if (portal.has_operating_limit()) return std::chrono::seconds(portal.operating_limit().seconds());
  return std::chrono::seconds(portal.plan() == gateway::v1::PORTAL_PLAN_SELF_HOSTED ? 0 : 420);
}

std::string AuthorityOf(const gateway::v1::Portal& portal) {
  return base::ToLower(portal::Authority(portal.base_url()));
}

transport::HttpOptions HttpOptionsFrom(const config::Config& configuration) {
  const auto& wanted = configuration.settings.transport();
  transport::HttpOptions out;
  out.ca_file = wanted.ca_file();
  out.proxy = configuration.proxy.Copy();
  out.address_policy = transport::AllowScopes(
      {.private_networks = wanted.allow_private_addresses(), .loopback = wanted.allow_loopback_addresses()});
  if (wanted.has_http2()) out.http2 = wanted.http2();
  const auto& limits = configuration.settings.limits();
  if (limits.has_connect_timeout()) out.connect_timeout = Milliseconds(limits.connect_timeout());
  if (limits.has_max_reply_bytes()) out.max_reply_bytes = limits.max_reply_bytes();
  // A call that may go out must not wait for a connection.
  const portal::SchedulerOptions calls = SchedulerOptionsFrom(limits);
  out.max_connections_per_host = std::max(out.max_connections_per_host, calls.max_in_flight + calls.max_streams);
  out.max_connections = std::max(out.max_connections, out.max_connections_per_host);
  return out;
}

transport::ResolverOptions ResolverOptionsFrom(const gateway::v1::Transport& wanted) {
  transport::ResolverOptions out;
  for (const std::string& text : wanted.name_servers()) {
    // Checked when the configuration was read; `localhost` is an address by now.
    const auto server = base::ParseHostPort(text);
    if (server.has_value()) base::StrAppend(&out.servers, out.servers.empty() ? "" : ",", server->ToString());
  }
  return out;
}

rpc::Listener ListenerFrom(const std::string& address, const std::optional<config::TlsMaterial>& tls) {
  rpc::Listener out;
  out.address = address;
  if (tls.has_value()) out.tls = rpc::TlsOptions{tls->certificate_chain, tls->private_key.Copy(), tls->client_ca};
  return out;
}

rpc::ServerOptions ServerOptionsFrom(const config::Config& configuration) {
  rpc::ServerOptions out;
  for (int i = 0; i < configuration.settings.listeners().grpc_size(); ++i) {
    out.listeners.push_back(ListenerFrom(configuration.settings.listeners().grpc(i).address(),
                                         configuration.grpc_tls.at(static_cast<size_t>(i))));
  }
  const auto& limits = configuration.settings.limits();
  // A request that is a little too large gets our error rather than gRPC's.
  out.max_receive_bytes = static_cast<int>(CallLimitsFrom(limits).max_request_bytes) + (1 << 20);
  if (limits.has_shutdown_drain_delay()) out.drain_delay = Milliseconds(limits.shutdown_drain_delay());
  return out;
}

size_t LoopCountOf(const config::Config& configuration) {
  if (configuration.settings.transport().has_loop_threads()) return configuration.settings.transport().loop_threads();
  return std::clamp(std::thread::hardware_concurrency(), 1u, 4u);
}

}  // namespace imbot
