// The policy on handler URLs: the portal sends a bot's secret to its handlers, so that only hosts which the operator
// listed may be one. Stateless; thread-safe.
#ifndef IMBOT_SERVICE_RPC_HANDLER_HOSTS_H_
#define IMBOT_SERVICE_RPC_HANDLER_HOSTS_H_

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "service/translate/request_fields.h"

namespace imbot::rpc {

// OK, or PERMISSION_DENIED, reason HANDLER_URL_NOT_ALLOWED, with a violation for each URL whose host is not in `hosts`
// (lower case).
absl::Status CheckHandlerHosts(const std::vector<translate::HandlerUrl>& urls, const std::set<std::string>& hosts,
                               std::string_view rest_method, std::string_view portal);

}  // namespace imbot::rpc

#endif  // IMBOT_SERVICE_RPC_HANDLER_HOSTS_H_
