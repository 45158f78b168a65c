// From an HTTP request to a method's name, its credentials and its parameters, as the portal's entry point reads them
// (WIRE_FACTS.md 1.1, 1.2). Thread-safe: free functions without state.
#ifndef IMBOT_TESTS_SIMULATOR_REST_REQUEST_H_
#define IMBOT_TESTS_SIMULATOR_REST_REQUEST_H_

#include <optional>
#include <string>

#include "tests/simulator/net/http_types.h"
#include "tests/simulator/php/json.h"

namespace simulator {

struct RestRequest {
  bool found = false;     // the path is one of the REST entry's
  bool version3 = false;  // /rest/api/…
  std::string host;       // as the client wrote it, with its port
  std::string method;     // without .json and .xml
  std::optional<std::string> webhook_user;
  std::optional<std::string> webhook_code;
  std::optional<std::string> access_token;
  bool session = false;          // a browser's session: `sessid`
  bool guest = false;            // a visitor's of a web site or a conference: `livechat_auth_id`, `call_auth_id`
  bool link_token = false;       // a non-empty `token`: the signed-link check
  Json params = Json::object();  // without the reserved names
};

RestRequest ReadRestRequest(const HttpRequest& http);

// Takes out the names that the entry point keeps for itself (auth, start, token and so on).
void RemoveReservedNames(Json* params);

// Content-Type application/json, with or without a charset, or any +json.
bool IsJsonContentType(std::string_view content_type);

}  // namespace simulator

#endif  // IMBOT_TESTS_SIMULATOR_REST_REQUEST_H_
