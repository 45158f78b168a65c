#include "service/credentials/webhook_urls.h"

#include <utility>

#include "service/base/error.h"
#include "service/base/strings.h"

namespace imbot::credentials {

void WebhookUrls::Add(std::string portal, std::string_view base_url, int64_t user_id, const base::Secret& code) {
  while (!base_url.empty() && base_url.back() == '/') base_url.remove_suffix(1);
  prefixes_.insert_or_assign(std::move(portal),
                             base::Secret(base::StrCat(base_url, "/rest/", user_id, "/", code.Reveal(), "/")));
}

absl::StatusOr<base::Secret> WebhookUrls::UrlFor(std::string_view portal, std::string_view method) const {
  const auto it = prefixes_.find(portal);
  if (it == prefixes_.end()) {
    return base::Error(
               absl::StatusCode::kFailedPrecondition, "CREDENTIALS_UNAVAILABLE",
               base::StrCat("the configuration has no webhook for portal ", portal, "; the operator has to add one"))
        .Build();
  }
  return base::Secret(base::StrCat(it->second.Reveal(), method));
}

}  // namespace imbot::credentials
