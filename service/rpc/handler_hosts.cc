#include "service/rpc/handler_hosts.h"

#include "service/base/error.h"
#include "service/base/strings.h"

namespace imbot::rpc {

absl::Status CheckHandlerHosts(const std::vector<translate::HandlerUrl>& urls, const std::set<std::string>& hosts,
                               std::string_view rest_method, std::string_view portal) {
  std::vector<const translate::HandlerUrl*> refused;
  for (const auto& url : urls) {
    if (!hosts.contains(translate::HostOf(url.url))) refused.push_back(&url);
  }
  if (refused.empty()) return absl::OkStatus();
  base::Error error(
      absl::StatusCode::kPermissionDenied, "HANDLER_URL_NOT_ALLOWED",
      base::StrCat(rest_method, ": ", refused[0]->path,
                   " names a host that is not on the configuration's list `handler_hosts`; the portal would send the "
                   "bot's secret there. The operator has to list the host"));
  for (const auto* url : refused)
    error.Violation(url->path, "its host is not on the configuration's list `handler_hosts`");
  return error.Metadata("method", rest_method).Metadata("portal", portal).Build();
}

}  // namespace imbot::rpc
