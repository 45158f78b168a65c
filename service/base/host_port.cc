#include "service/base/host_port.h"

#include <arpa/inet.h>

#include <charconv>

#include "service/base/strings.h"

namespace imbot::base {

bool HostPort::IsLoopback() const {
  if (ipv6) {
    in6_addr address{};
    return inet_pton(AF_INET6, host.c_str(), &address) == 1 && IN6_IS_ADDR_LOOPBACK(&address);
  }
  return host.starts_with("127.");
}

std::string HostPort::ToString() const {
  return ipv6 ? StrCat("[", host, "]:", port) : StrCat(host, ":", port);
}

std::optional<HostPort> ParseHostPort(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == text.npos) return std::nullopt;
  HostPort result;
  const std::string_view digits = text.substr(colon + 1);
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), result.port);
  if (digits.empty() || parsed.ec != std::errc() || parsed.ptr != digits.data() + digits.size()) return std::nullopt;

  std::string_view host = text.substr(0, colon);
  in6_addr address{};  // large enough for both families
  if (host.starts_with('[') && host.ends_with(']')) {
    result.host = std::string(host.substr(1, host.size() - 2));
    result.ipv6 = true;
    if (inet_pton(AF_INET6, result.host.c_str(), &address) != 1) return std::nullopt;
    return result;
  }
  result.host = host == "localhost" ? "127.0.0.1" : std::string(host);
  if (inet_pton(AF_INET, result.host.c_str(), &address) != 1) return std::nullopt;
  return result;
}

}  // namespace imbot::base
