// The portals' inbound webhooks: the URLs to which calls are posted. A webhook's code is a secret and part of its URL.
#ifndef IMBOT_SERVICE_CREDENTIALS_WEBHOOK_URLS_H_
#define IMBOT_SERVICE_CREDENTIALS_WEBHOOK_URLS_H_

#include <map>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "service/base/secret.h"

namespace imbot::credentials {

// Immutable after the last Add(); thread-safe then.
class WebhookUrls {
 public:
  // `base_url`: `https://acme.bitrix24.com`, without a path or with the folder a self-hosted portal lives in.
  void Add(std::string portal, std::string_view base_url, int64_t user_id, const base::Secret& code);

  // `https://acme.bitrix24.com/rest/1/<code>/imbot.v2.Bot.get`.
  absl::StatusOr<base::Secret> UrlFor(std::string_view portal, std::string_view method) const;

 private:
  std::map<std::string, base::Secret, std::less<>> prefixes_;
};

}  // namespace imbot::credentials

#endif  // IMBOT_SERVICE_CREDENTIALS_WEBHOOK_URLS_H_
