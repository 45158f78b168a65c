#include "service/rpc/acceptor.h"

#include <fcntl.h>
#include <grpc/support/log.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "service/base/host_port.h"
#include "service/base/strings.h"

namespace imbot::rpc {
namespace {

constexpr uint64_t kWake = 0;  // then the listening sockets, from 1 on, then connections
// Of one listening socket, before others get their turn.
constexpr int kAcceptedAtOnce = 64;
// When there is no file descriptor, or no memory, for a connection.
constexpr std::chrono::milliseconds kPause{100};

std::string ErrorText(int error) {
  return std::generic_category().message(error);
}

// Of an address in digits: nobody is asked.
std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> SocketAddress(const base::HostPort& where) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(where.host.c_str(), std::to_string(where.port).c_str(), &hints, &found) != 0) found = nullptr;
  return {found, freeaddrinfo};
}

int PortOf(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  sockaddr_in6 any{};  // the port is at the same place for both families
  std::memcpy(&any, &address, sizeof any);
  return ntohs(any.sin6_port);
}

void SetOption(int socket, int level, int option, int value) {
  setsockopt(socket, level, option, &value, sizeof value);
}

bool IsShortage(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

}  // namespace

Acceptor::Acceptor(std::shared_ptr<Connections> connections, std::chrono::milliseconds user_timeout)
    : connections_(std::move(connections)),
      user_timeout_(user_timeout),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      ready_(epoll_.ok() && wake_.ok() && Add(wake_.get(), EPOLLIN, kWake)) {}

Acceptor::~Acceptor() {
  Stop();
  // Nobody would hear of their end any more.
  for (const auto& [id, watched] : watched_) connections_->Remove(watched.peer, *watched.connection);
}

absl::StatusOr<int> Acceptor::Listen(const std::string& address, Give give) {
  if (!ready_) return absl::UnavailableError(base::StrCat(address, ": no file descriptor is left"));
  const auto where = base::ParseHostPort(address);
  if (!where.has_value()) return absl::InvalidArgumentError(base::StrCat(address, ": not an IP address and a port"));
  const auto bound = SocketAddress(*where);
  if (bound == nullptr) return absl::UnavailableError(base::StrCat(address, ": the system knows no such address"));
  base::FileDescriptor socket(::socket(bound->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP));
  const auto failed = [&address] { return absl::UnavailableError(base::StrCat(address, ": ", ErrorText(errno))); };
  if (!socket.ok() && errno == EAFNOSUPPORT && where->host == "::")
    return Listen(base::StrCat("0.0.0.0:", where->port), std::move(give));
  if (!socket.ok()) return failed();
  // A port is free again as soon as nobody listens there, whatever is left of its connections.
  SetOption(socket.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (where->ipv6) SetOption(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, 0);
  // Connections inherit these.
  SetOption(socket.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  SetOption(socket.get(), IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(user_timeout_.count()));
  if (bind(socket.get(), bound->ai_addr, bound->ai_addrlen) != 0 || listen(socket.get(), SOMAXCONN) != 0 ||
      !Add(socket.get(), EPOLLIN, last_id_ + 1))
    return failed();
  ++last_id_;
  const int port = PortOf(socket.get());
  listening_.push_back({std::move(socket), std::move(give)});
  return port;
}

void Acceptor::Start() {
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "imbot-accept");
    Run();
  });
}

void Acceptor::Stop() {
  if (thread_.joinable()) {
    eventfd_write(wake_.get(), 1);
    thread_.join();
  }
  listening_.clear();
}

void Acceptor::Run() {
  std::array<epoll_event, 64> events;
  while (true) {
    const int count = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()),
                                 paused_ ? static_cast<int>(kPause.count()) : -1);
    if (count == 0) SetPaused(false);
    for (int i = 0; i < count; ++i) {
      const uint64_t id = events[static_cast<size_t>(i)].data.u64;
      if (id == kWake) return;
      if (id <= listening_.size()) {
        for (int j = 0; j < kAcceptedAtOnce && AcceptOne(listening_[id - 1]); ++j) continue;
      } else if (const auto it = watched_.find(id); it != watched_.end()) {
        connections_->Remove(it->second.peer, *it->second.connection);
        epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, it->second.connection->socket(), nullptr);
        watched_.erase(it);
        // There may be room again.
        if (paused_) SetPaused(false);
      }
    }
  }
}

bool Acceptor::AcceptOne(Listening& listening) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  base::FileDescriptor socket(
      accept4(listening.socket.get(), reinterpret_cast<sockaddr*>(&address), &size, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!socket.ok()) {
    if (IsShortage(errno)) {
      const int error = errno;
      if (!std::exchange(told_, true))
        gpr_log(GPR_ERROR, "connections can't be accepted: %s", ErrorText(error).c_str());
      SetPaused(true);
    } else if (errno == EAGAIN) {
      told_ = false;  // nobody waits: it has ended
    }
    // Anything but EAGAIN: that one has gone, and the next event brings the others.
    return false;
  }
  const std::string peer = PeerUri(address);
  Watch(peer, socket.get());
  listening.give(std::move(socket));
  return true;
}

void Acceptor::Watch(const std::string& peer, int socket) {
  base::FileDescriptor own(fcntl(socket, F_DUPFD_CLOEXEC, 0));
  // Without it the connection is as good as any, but gathers nothing.
  if (!own.ok()) return;
  // Its end, from either side; gRPC shuts down what it closes.
  if (!Add(own.get(), EPOLLRDHUP, ++last_id_)) return;
  const auto connection = std::make_shared<Connection>(std::move(own));
  watched_[last_id_] = {peer, connection};
  connections_->Add(peer, connection);
}

void Acceptor::SetPaused(bool paused) {
  paused_ = paused;
  for (size_t i = 0; i < listening_.size(); ++i) {
    epoll_event event{.events = paused ? 0 : uint32_t{EPOLLIN}, .data = {.u64 = i + 1}};
    epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, listening_[i].socket.get(), &event);
  }
}

bool Acceptor::Add(int fd, uint32_t events, uint64_t id) const {
  epoll_event event{.events = events, .data = {.u64 = id}};
  return epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

}  // namespace imbot::rpc
