#include "tests/simulator/net/listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "tests/simulator/net/http1_session.h"
#include "tests/simulator/net/http2_session.h"

namespace simulator {

std::shared_ptr<Listener> Listener::Open(EventLoop* loop, const Settings& settings, std::string* error) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    *error = std::string("socket: ") + std::strerror(errno);
    return nullptr;
  }
  const int one = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(settings.port));
  socklen_t length = sizeof(address);
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 || listen(fd, 4096) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    *error = "port " + std::to_string(settings.port) + " on 127.0.0.1: " + std::strerror(errno);
    close(fd);
    return nullptr;
  }
  std::shared_ptr<Listener> listener(new Listener(loop, settings, fd, ntohs(address.sin_port)));
  loop->Watch(fd, EPOLLIN, listener);
  return listener;
}

Listener::Listener(EventLoop* loop, const Settings& settings, int fd, int port)
    : loop_(loop), settings_(settings), port_(port), fd_(fd) {}

Listener::~Listener() {
  if (fd_ >= 0) close(fd_);
}

void Listener::Close() {
  if (fd_ < 0) return;
  loop_->Unwatch(fd_);
  close(fd_);
  fd_ = -1;
}

void Listener::OnEvents(uint32_t) {
  for (;;) {
    const int fd = accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    Accept(fd);
  }
}

void Listener::Accept(int fd) {
  const Settings settings = settings_;
  Connection::Start(
      loop_, fd, settings.tls,
      [settings](const std::shared_ptr<Connection>& connection, std::string_view alpn) -> std::unique_ptr<Session> {
        if (alpn == "h2") return std::make_unique<Http2Session>(connection, settings.handler, settings.max_body);
        return std::make_unique<Http1Session>(connection, settings.tls != nullptr, settings.handler, settings.max_body);
      },
      settings.stats);
}

}  // namespace simulator
