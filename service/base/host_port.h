// An address to listen on, as people write it in a configuration: `127.0.0.1:50051`, `[::1]:50051`, `localhost:50051`.
#ifndef IMBOT_SERVICE_BASE_HOST_PORT_H_
#define IMBOT_SERVICE_BASE_HOST_PORT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace imbot::base {

struct HostPort {
  std::string host;  // an IP address without brackets; `localhost` has become 127.0.0.1
  uint16_t port = 0;
  bool ipv6 = false;

  // Whether only this machine can reach it.
  bool IsLoopback() const;
  std::string ToString() const;  // with brackets around IPv6
};

// Nothing, unless `text` is an IP address or `localhost`, a colon and a port from 0 to 65535 (0: a free one). No other
// names: what they stand for could change between the check and the listening.
std::optional<HostPort> ParseHostPort(std::string_view text);

}  // namespace imbot::base

#endif  // IMBOT_SERVICE_BASE_HOST_PORT_H_
