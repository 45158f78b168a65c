// What the transport needs to know of a URL before it is called. Read by libcurl's own parser, so that nothing is
// checked against one host and sent to another.
#ifndef IMBOT_SERVICE_TRANSPORT_URL_H_
#define IMBOT_SERVICE_TRANSPORT_URL_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "service/base/secret.h"
#include "service/transport/address.h"

namespace imbot::transport {

struct Endpoint {
  bool tls = false;
  std::string host;  // lower case, without brackets
  uint16_t port = 0;
  std::optional<Address> literal;  // set if the host is an address

  // "https://host:port": names connections that can stand for each other. No secret.
  std::string Key() const;

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

// Nothing, unless the URL is http or https, without user and password, and its host an address or an ASCII name without
// a trailing dot.
std::optional<Endpoint> ParseEndpoint(const base::Secret& url);

// The part of `url` that alone decides about its endpoint: everything before its path. Empty if there is no path; if
// that part holds anything but letters, digits and `:/.-[]`, so that readers could differ about its end; or if the rest
// holds what may make the whole unusable: spaces, controls, bytes beyond ASCII.
std::string_view OriginOf(std::string_view url);

// ParseEndpoint for a proxy, which may have a user and a password.
std::optional<Endpoint> ParseProxyEndpoint(const base::Secret& url);

}  // namespace imbot::transport

#endif  // IMBOT_SERVICE_TRANSPORT_URL_H_
