#include "tests/chaos/connection.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace imbot::chaos {
namespace {

// Small, so that back-pressure reaches the sender soon.
constexpr size_t kBuffer = 16 * 1024;

// With SO_LINGER 0 the kernel answers with a reset, and throws away what was not sent.
void CloseSocket(int fd, bool reset) {
  if (fd < 0) return;
  if (reset) {
    const linger now{1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  }
  close(fd);
}

bool WouldBlock(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

}  // namespace

Connection::Connection(int client, int server_port, const std::vector<Event>& events, Counters* counters)
    : counters_(*counters), client_(client) {
  for (const Direction direction : {Direction::kToServer, Direction::kToClient}) {
    Pipe& pipe = pipes_[direction == Direction::kToServer ? 0 : 1];
    pipe.direction = direction;
    for (const Event& event : events) {
      if (event.direction == direction) pipe.events.push_back(event);
    }
  }
  ++counters_.open;
  const int yes = 1;
  setsockopt(client_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
  server_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  setsockopt(server_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(server_port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(server_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 && errno != EINPROGRESS) {
    ++counters_.unreachable;
    Close(/*reset=*/true);
  }
}

Connection::~Connection() {
  Close(/*reset=*/true);
}

void Connection::Close(bool reset) {
  if (closed()) return;
  CloseSocket(client_, reset);
  CloseSocket(server_, reset);
  client_ = server_ = -1;
  --counters_.open;
}

bool Connection::WantsToRead(const Pipe& pipe) const {
  if (!connected_ || pipe.ended || pipe.stalled) return false;
  return pipe.swallows || pipe.buffer.size() < kBuffer;
}

bool Connection::WantsToWrite(const Pipe& pipe, Clock::time_point now) const {
  return connected_ && !Blocked(pipe, now) && !pipe.shut && (!pipe.buffer.empty() || pipe.ended);
}

void Connection::Want(std::vector<pollfd>* polled) const {
  const Clock::time_point now = Clock::now();
  for (const int fd : {client_, server_}) {
    short wanted = 0;
    if (!connected_ && fd == server_) wanted = POLLOUT;
    for (const Pipe& pipe : pipes_) {
      if (Source(pipe) == fd && WantsToRead(pipe)) wanted = static_cast<short>(wanted | POLLIN);
      if (Target(pipe) == fd && WantsToWrite(pipe, now)) wanted = static_cast<short>(wanted | POLLOUT);
    }
    // Of a descriptor that is waited for nothing, poll still reports an end, again and again.
    polled->push_back({wanted == 0 ? -1 : fd, wanted, 0});
  }
}

std::optional<Connection::Clock::time_point> Connection::WakeAt() const {
  std::optional<Clock::time_point> at;
  const Clock::time_point now = Clock::now();
  for (const Pipe& pipe : pipes_) {
    if (pipe.stalled || pipe.blocked_until <= now || (pipe.buffer.empty() && !pipe.ended)) continue;
    if (!at.has_value() || pipe.blocked_until < *at) at = pipe.blocked_until;
  }
  return at;
}

void Connection::Release(Clock::time_point now) {
  for (Pipe& pipe : pipes_) pipe.stalled = false;
  Advance(now);
}

void Connection::Connect(Clock::time_point now) {
  pollfd polled{server_, POLLOUT, 0};
  if (poll(&polled, 1, 0) != 1) return;
  int error = 0;
  socklen_t size = sizeof(error);
  getsockopt(server_, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) {
    ++counters_.unreachable;
    return Close(/*reset=*/true);
  }
  connected_ = true;
  Advance(now);
}

void Connection::Advance(Clock::time_point now) {
  if (closed()) return;
  if (!connected_) return Connect(now);
  for (Pipe& pipe : pipes_) {
    if (!closed() && WantsToRead(pipe)) Read(&pipe);
    if (!closed()) Write(&pipe, now);
  }
  if (!closed() && pipes_[0].shut && pipes_[1].shut && pipes_[0].ended && pipes_[1].ended) Close(/*reset=*/false);
}

void Connection::Read(Pipe* pipe) {
  char bytes[kBuffer];
  const size_t room = pipe->swallows ? sizeof(bytes) : kBuffer - pipe->buffer.size();
  const ssize_t got = recv(Source(*pipe), bytes, room, 0);
  if (got > 0) {
    if (!pipe->swallows) pipe->buffer.append(bytes, static_cast<size_t>(got));
  } else if (got == 0) {
    pipe->ended = true;
  } else if (!WouldBlock(errno)) {
    Close(/*reset=*/true);  // as the other side would have seen it without a gate
  }
}

void Connection::Write(Pipe* pipe, Clock::time_point now) {
  while (!closed() && WantsToWrite(*pipe, now)) {
    // An event comes before its byte: with nothing to pass, nothing happens yet. An end is something.
    if (!pipe->events.empty() && pipe->events.front().at <= pipe->passed) {
      const Event event = pipe->events.front();
      pipe->events.erase(pipe->events.begin());
      if (!Fire(pipe, event, now)) return;
      continue;
    }
    if (pipe->buffer.empty()) {
      shutdown(Target(*pipe), SHUT_WR);
      pipe->shut = true;
      return;
    }
    size_t size = pipe->buffer.size();
    if (!pipe->events.empty()) size = std::min<uint64_t>(size, pipe->events.front().at - pipe->passed);
    if (pipe->bytes_a_second > 0) size = std::min<uint64_t>(size, std::max<uint64_t>(1, pipe->bytes_a_second / 100));
    std::string bytes = pipe->buffer.substr(0, size);
    uint64_t random = pipe->random;
    const uint64_t to_change = std::min<uint64_t>(pipe->to_corrupt, size);
    for (uint64_t i = 0; i < to_change; ++i) {
      bytes[i] = static_cast<char>(bytes[i] ^ static_cast<char>(1 + NextRandom(&random) % 255));
    }
    const ssize_t sent = send(Target(*pipe), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) {
      if (!WouldBlock(errno)) Close(/*reset=*/true);
      return;
    }
    const auto count = static_cast<uint64_t>(sent);
    const uint64_t changed = std::min(to_change, count);  // the kernel may have taken fewer
    for (uint64_t i = 0; i < changed; ++i) NextRandom(&pipe->random);
    pipe->to_corrupt -= changed;
    counters_.corrupted_bytes += changed;
    pipe->buffer.erase(0, count);
    pipe->passed += count;
    (pipe->direction == Direction::kToServer ? counters_.bytes_to_server : counters_.bytes_to_client) += count;
    if (pipe->bytes_a_second > 0) {
      pipe->blocked_until = now + std::chrono::microseconds(count * 1'000'000 / pipe->bytes_a_second);
    }
  }
}

bool Connection::Fire(Pipe* pipe, const Event& event, Clock::time_point now) {
  switch (event.trouble) {
    case Trouble::kRefuse:
      return true;  // happened when it was accepted
    case Trouble::kDelay:
      ++counters_.delays;
      pipe->blocked_until = now + event.time;
      return true;
    case Trouble::kThrottle:
      ++counters_.throttles;
      pipe->bytes_a_second = event.bytes;
      return true;
    case Trouble::kCorrupt:
      pipe->to_corrupt = event.bytes;
      pipe->random = event.random;
      return true;
    case Trouble::kStall:
      ++counters_.stalls;
      if (event.time.count() > 0) {
        pipe->blocked_until = now + event.time;
      } else {
        pipe->stalled = true;
      }
      return true;
    case Trouble::kHalfClose:
      ++counters_.half_closes;
      shutdown(Target(*pipe), SHUT_WR);
      pipe->shut = pipe->swallows = true;
      pipe->buffer.clear();
      return false;
    case Trouble::kCut:
    case Trouble::kReset:
      ++(event.trouble == Trouble::kCut ? counters_.cuts : counters_.resets);
      Close(event.trouble == Trouble::kReset);
      return false;
  }
  return true;
}

}  // namespace imbot::chaos
