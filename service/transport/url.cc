#include "service/transport/url.h"

#include <curl/curl.h>

#include <algorithm>
#include <memory>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace imbot::transport {
namespace {

struct UrlCleanup {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

std::optional<std::string> Part(CURLU* url, CURLUPart part, unsigned int flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return std::nullopt;
  std::string copy(text);
  curl_free(text);
  return copy;
}

bool IsHostName(std::string_view host) {
  return !host.empty() && host.size() < 254 && host.front() != '.' && host.back() != '.' &&
         std::all_of(host.begin(), host.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '.' || c == '_';
         });
}

std::optional<Endpoint> Parse(const base::Secret& url, bool user_allowed) {
  const std::string_view text = url.Reveal();
  if (text.empty() || text.find('\0') != std::string_view::npos) return std::nullopt;
  const std::unique_ptr<CURLU, UrlCleanup> parsed(curl_url());
  // A Secret's bytes are those of a std::string, so a zero follows them.
  if (parsed == nullptr || curl_url_set(parsed.get(), CURLUPART_URL, text.data(), 0) != CURLUE_OK) return std::nullopt;
  if (!user_allowed &&
      (Part(parsed.get(), CURLUPART_USER).has_value() || Part(parsed.get(), CURLUPART_PASSWORD).has_value())) {
    return std::nullopt;
  }
  const std::optional<std::string> scheme = Part(parsed.get(), CURLUPART_SCHEME);
  std::optional<std::string> host = Part(parsed.get(), CURLUPART_HOST);
  const std::optional<std::string> port = Part(parsed.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
  uint32_t number = 0;
  if (!scheme.has_value() || !host.has_value() || !port.has_value() || !absl::SimpleAtoi(*port, &number) ||
      number == 0 || number > 65535 || Part(parsed.get(), CURLUPART_ZONEID).has_value()) {
    return std::nullopt;
  }
  Endpoint endpoint;
  if (*scheme == "https") {
    endpoint.tls = true;
  } else if (*scheme != "http") {
    return std::nullopt;
  }
  if (host->front() == '[' && host->back() == ']') {
    endpoint.host = host->substr(1, host->size() - 2);
    endpoint.literal = Address::Parse(endpoint.host);
    if (!endpoint.literal.has_value()) return std::nullopt;
    endpoint.host = endpoint.literal->ToString();
  } else {
    if (!IsHostName(*host)) return std::nullopt;
    endpoint.host = absl::AsciiStrToLower(*host);
    endpoint.literal = Address::Parse(endpoint.host);
  }
  endpoint.port = static_cast<uint16_t>(number);
  return endpoint;
}

}  // namespace

std::string Endpoint::Key() const {
  const bool v6 = literal.has_value() && !literal->is_v4();
  return absl::StrCat(tls ? "https://" : "http://", v6 ? "[" : "", host, v6 ? "]" : "", ":", port);
}

std::string_view OriginOf(std::string_view url) {
  const size_t scheme = url.find("://");
  const size_t path = scheme == url.npos ? url.npos : url.find('/', scheme + 3);
  if (path == url.npos) return {};
  const auto visible = [](char c) { return c > ' ' && c <= '~'; };
  const auto plain = [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           std::string_view(":/.-[]").find(c) != std::string_view::npos;
  };
  const std::string_view origin = url.substr(0, path);
  const bool clear = std::all_of(origin.begin(), origin.end(), plain) && std::all_of(url.begin(), url.end(), visible);
  return clear ? origin : std::string_view();
}

std::optional<Endpoint> ParseEndpoint(const base::Secret& url) {
  return Parse(url, false);
}
std::optional<Endpoint> ParseProxyEndpoint(const base::Secret& url) {
  return Parse(url, true);
}

}  // namespace imbot::transport
