// What the configuration means for each part: its fields where they are set, the part's own defaults elsewhere.
//
// Pure functions. The configuration has been checked: see config/validate.h.
#ifndef IMBOT_SERVICE_GATEWAY_SETTINGS_H_
#define IMBOT_SERVICE_GATEWAY_SETTINGS_H_

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include "imbot/gateway/v1/config.pb.h"
#include "service/config/config.h"
#include "service/portal/leaky_bucket.h"
#include "service/portal/scheduler.h"
#include "service/rpc/call_frame.h"
#include "service/rpc/server.h"
#include "service/transport/http_options.h"
#include "service/transport/resolver.h"

namespace imbot {

rpc::CallLimits CallLimitsFrom(const gateway::v1::Limits& limits);
portal::SchedulerOptions SchedulerOptionsFrom(const gateway::v1::Limits& limits);
portal::RatePlan RatePlanOf(const gateway::v1::Portal& portal);
// What the portal allows one method in ten minutes; 0: nothing limits it.
std::chrono::seconds OperatingLimitOf(const gateway::v1::Portal& portal);
// Host and port of a portal's address.
std::string AuthorityOf(const gateway::v1::Portal& portal);
transport::HttpOptions HttpOptionsFrom(const config::Config& configuration);
transport::ResolverOptions ResolverOptionsFrom(const gateway::v1::Transport& wanted);
rpc::Listener ListenerFrom(const std::string& address, const std::optional<config::TlsMaterial>& tls);
rpc::ServerOptions ServerOptionsFrom(const config::Config& configuration);
// Threads that talk to portals.
size_t LoopCountOf(const config::Config& configuration);

}  // namespace imbot

#endif  // IMBOT_SERVICE_GATEWAY_SETTINGS_H_
