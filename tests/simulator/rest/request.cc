#include "tests/simulator/rest/request.h"

#include <array>
#include <utility>
#include <vector>

#include "tests/simulator/php/coerce.h"
#include "tests/simulator/php/parse_str.h"

namespace simulator {
namespace {

constexpr std::array<std::string_view, 12> kReserved = {
    "auth",         "access_token", "auth_connector", "aplogin", "ap",    "sessid", "livechat_auth_id",
    "call_auth_id", "state",        "start",          "token",   "method"};

std::vector<std::string> Segments(std::string_view path) {
  std::vector<std::string> segments;
  while (!path.empty()) {
    const size_t slash = path.find('/');
    const std::string_view segment = path.substr(0, slash);
    if (!segment.empty()) segments.push_back(RawUrlDecode(segment));
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  }
  return segments;
}

void StripSuffix(std::string* method) {
  for (const std::string_view suffix : {".json", ".xml"}) {
    if (method->size() > suffix.size() && method->substr(method->size() - suffix.size()) == suffix) {
      method->resize(method->size() - suffix.size());
      return;
    }
  }
}

// array_replace: the top level only, the body's value wins.
void ReplaceTop(Json from, Json* into) {
  if (from.is_array()) {
    for (size_t i = 0; i < from.size(); ++i) (*into)[std::to_string(i)] = std::move(from[i]);
    return;
  }
  if (!from.is_object()) return;
  for (auto it = from.begin(); it != from.end(); ++it) (*into)[it.key()] = std::move(it.value());
}

std::optional<std::string> BearerToken(const HttpRequest& http) {
  const std::string_view header = FindHeader(http.headers, "Authorization");
  constexpr std::string_view kPrefix = "bearer ";
  if (header.size() <= kPrefix.size() || AsciiLower(header.substr(0, kPrefix.size())) != kPrefix) return std::nullopt;
  return Trim(header.substr(kPrefix.size()));
}

}  // namespace

void RemoveReservedNames(Json* params) {
  for (const std::string_view name : kReserved) {
    if (Find(*params, name) != nullptr) params->erase(std::string(name));
  }
}

bool IsJsonContentType(std::string_view content_type) {
  const std::string type = AsciiLower(Trim(content_type.substr(0, content_type.find(';'))));
  if (type == "application/json") return true;
  return type.size() > 5 && type.substr(type.size() - 5) == "+json";
}

RestRequest ReadRestRequest(const HttpRequest& http) {
  RestRequest request;
  request.host = http.host;
  const size_t question = http.target.find('?');
  const std::string path = http.target.substr(0, question);
  std::vector<std::string> segments = Segments(path);
  if (segments.empty() || segments[0] != "rest") return request;
  segments.erase(segments.begin());
  if (!segments.empty() && segments[0] == "api") {
    request.version3 = true;
    segments.erase(segments.begin());
  }
  if (segments.size() == 3) {
    request.webhook_user = segments[0];
    request.webhook_code = segments[1];
    request.method = segments[2];
  } else if (segments.size() == 1) {
    request.method = segments[0];
  } else if (segments.size() == 2) {
    // A webhook's address without a method, or with its user cut off: the last part is taken for a method, and is none.
    request.method = segments[1];
  } else {
    return request;
  }
  request.found = true;
  StripSuffix(&request.method);

  if (question != std::string::npos) {
    std::string_view query = std::string_view(http.target).substr(question + 1);
    request.params = ParseStr(query.substr(0, query.find('#')));
  }
  if (http.method == "POST") {
    if (IsJsonContentType(FindHeader(http.headers, "Content-Type"))) {
      // Invalid JSON is swallowed: the call goes on with what the query string says.
      if (std::optional<Json> body = ParseJson(http.body)) ReplaceTop(*std::move(body), &request.params);
    } else {
      ReplaceTop(ParseStr(Trim(http.body)), &request.params);
    }
  }

  request.access_token = BearerToken(http);
  for (const std::string_view name : {"auth", "access_token"}) {
    const Json* value = FindSet(request.params, name);
    if (!request.access_token && value != nullptr && value->is_string())
      request.access_token = value->get<std::string>();
  }
  if (!request.webhook_code) {
    const Json* user = FindSet(request.params, "aplogin");
    const Json* code = FindSet(request.params, "ap");
    if (user != nullptr && code != nullptr) {
      request.webhook_user = ToString(user);
      request.webhook_code = ToString(code);
    }
  }
  request.session = !IsEmpty(Find(request.params, "sessid"));
  request.guest = !IsEmpty(Find(request.params, "livechat_auth_id")) || !IsEmpty(Find(request.params, "call_auth_id"));
  request.link_token = !IsEmpty(Find(request.params, "token"));
  RemoveReservedNames(&request.params);
  return request;
}

}  // namespace simulator
