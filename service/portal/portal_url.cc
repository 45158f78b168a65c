#include "service/portal/portal_url.h"

#include "service/base/strings.h"

namespace imbot::portal {

std::string_view Authority(std::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme == url.npos) return {};
  url.remove_prefix(scheme + 3);
  return url.substr(0, url.find('/'));
}

std::string_view WebhookCode(std::string_view url) {
  constexpr std::string_view kRest = "/rest/";
  const size_t rest = url.find(kRest);
  if (rest == url.npos) return {};
  const auto parts = base::StrSplit(url.substr(rest + kRest.size()), '/');
  return parts.size() >= 3 ? parts[1] : std::string_view();
}

}  // namespace imbot::portal
