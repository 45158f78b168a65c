#include "service/transport/kept_sockets.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>

#include "service/base/strings.h"

namespace imbot::transport {
namespace {

std::string Key(std::string_view own, int own_port, std::string_view peer, int peer_port) {
  return base::StrCat(own, " ", own_port, " ", peer, " ", peer_port);
}

struct End {
  std::string address;
  int port = 0;
};

std::optional<End> EndOf(const sockaddr_storage& storage) {
  std::optional<Address> address;
  int port = 0;
  if (storage.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(storage);
    address = Address::FromBytes(std::span(reinterpret_cast<const uint8_t*>(&v4.sin_addr), sizeof(v4.sin_addr)));
    port = ntohs(v4.sin_port);
  } else if (storage.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage);
    address = Address::FromBytes(std::span(reinterpret_cast<const uint8_t*>(&v6.sin6_addr), sizeof(v6.sin6_addr)));
    port = ntohs(v6.sin6_port);
  }
  if (!address.has_value()) return std::nullopt;
  return End{address->ToString(), port};
}

}  // namespace

void KeptSockets::Closing(int socket) {
  std::erase(unnamed_, socket);
  absl::erase_if(by_ends_, [socket](const auto& entry) { return entry.second == socket; });
}

void KeptSockets::NameThem() {
  std::vector<int> not_connected;
  for (const int socket : unnamed_) {
    sockaddr_storage own{}, peer{};
    socklen_t own_size = sizeof(own), peer_size = sizeof(peer);
    const bool connected = getsockname(socket, reinterpret_cast<sockaddr*>(&own), &own_size) == 0 &&
                           getpeername(socket, reinterpret_cast<sockaddr*>(&peer), &peer_size) == 0;
    const std::optional<End> here = connected ? EndOf(own) : std::nullopt;
    const std::optional<End> there = connected ? EndOf(peer) : std::nullopt;
    if (here.has_value() && there.has_value()) {
      by_ends_[Key(here->address, here->port, there->address, there->port)] = socket;
    } else {
      not_connected.push_back(socket);
    }
  }
  unnamed_ = std::move(not_connected);
}

bool KeptSockets::HasInput(const SocketEnd& own, const SocketEnd& peer) {
  // libcurl writes addresses as EndOf does.
  const std::string key = Key(own.address, own.port, peer.address, peer.port);
  auto found = by_ends_.find(key);
  if (found == by_ends_.end()) {
    NameThem();
    found = by_ends_.find(key);
    if (found == by_ends_.end()) return false;
  }
  pollfd waiting{found->second, POLLIN, 0};
  return poll(&waiting, 1, 0) != 0;
}

}  // namespace imbot::transport
