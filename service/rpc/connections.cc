#include "service/rpc/connections.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cstring>

#include "service/base/strings.h"

namespace imbot::rpc {

void Connection::SetCork(int on) {
  setsockopt(socket_.get(), IPPROTO_TCP, TCP_CORK, &on, sizeof on);
}

void Connections::Add(std::string peer, std::shared_ptr<Connection> connection) {
  base::MutexLock lock(mutex_);
  open_.insert_or_assign(std::move(peer), std::move(connection));
}

void Connections::Remove(const std::string& peer, const Connection& connection) {
  base::MutexLock lock(mutex_);
  const auto it = open_.find(peer);
  if (it != open_.end() && it->second.get() == &connection) open_.erase(it);
}

std::shared_ptr<Connection> Connections::Find(const std::string& peer) const {
  base::MutexLock lock(mutex_);
  const auto it = open_.find(peer);
  return it == open_.end() ? nullptr : it->second;
}

size_t Connections::size() const {
  base::MutexLock lock(mutex_);
  return open_.size();
}

std::string PeerUri(const sockaddr_storage& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &address, sizeof v4);
    inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
    return base::StrCat("ipv4:", text, ":", ntohs(v4.sin_port));
  }
  if (address.ss_family != AF_INET6) return "";
  sockaddr_in6 v6;
  std::memcpy(&v6, &address, sizeof v6);
  if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
    inet_ntop(AF_INET, &v6.sin6_addr.s6_addr[12], text, sizeof text);
    return base::StrCat("ipv4:", text, ":", ntohs(v6.sin6_port));
  }
  inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
  const std::string link = v6.sin6_scope_id == 0 ? "" : base::StrCat("%25", v6.sin6_scope_id);
  return base::StrCat("ipv6:%5B", text, link, "%5D:", ntohs(v6.sin6_port));
}

}  // namespace imbot::rpc
