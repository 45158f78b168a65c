// What stands in the URLs to which portals are asked. Pure functions on the text; thread-safe.
#ifndef IMBOT_SERVICE_PORTAL_PORTAL_URL_H_
#define IMBOT_SERVICE_PORTAL_PORTAL_URL_H_

#include <string_view>

namespace imbot::portal {

// Host and port, as written in the URL.
std::string_view Authority(std::string_view url);
// The secret in `.../rest/1/<code>/method`; empty for a URL of another form.
std::string_view WebhookCode(std::string_view url);

}  // namespace imbot::portal

#endif  // IMBOT_SERVICE_PORTAL_PORTAL_URL_H_
