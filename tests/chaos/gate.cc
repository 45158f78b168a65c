#include "tests/chaos/gate.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "tests/chaos/connection.h"

namespace imbot::chaos {

std::string ToString(const Counters& counters) {
  std::ostringstream out;
  out << counters.connections << " connections (" << counters.refused << " refused, " << counters.unreachable
      << " unreachable, " << counters.open << " open), " << counters.delays << " delays, " << counters.throttles
      << " throttles, " << counters.stalls << " stalls, " << counters.half_closes << " half-closes, " << counters.cuts
      << " cuts, " << counters.resets << " resets, " << counters.corrupted_bytes << " bytes corrupted, "
      << counters.bytes_to_server << " bytes to the server, " << counters.bytes_to_client << " to the client";
  return out.str();
}

Gate::Gate(int server_port, Schedule schedule) : server_port_(server_port), schedule_(std::move(schedule)) {
  if (pipe2(wake_, O_NONBLOCK | O_CLOEXEC) != 0) throw std::runtime_error("chaos gate: no pipe");
  OpenListener();
  if (listener_ < 0) {
    close(wake_[0]);
    close(wake_[1]);
    throw std::runtime_error("chaos gate: can't listen");
  }
  thread_ = std::thread([this] { Run(); });
}

Gate::~Gate() {
  Post([this] { stopping_ = true; });
  thread_.join();
  if (listener_ >= 0) close(listener_);
  close(wake_[0]);
  close(wake_[1]);
}

void Gate::OpenListener() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int yes = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port_));  // 0 the first time
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const raw = reinterpret_cast<sockaddr*>(&address);
  if (bind(fd, raw, sizeof(address)) != 0 || listen(fd, 512) != 0 || getsockname(fd, raw, &size) != 0) {
    close(fd);
    return;
  }
  port_ = ntohs(address.sin_port);
  listener_ = fd;
}

Counters Gate::counters() {
  Counters counters;
  Post([this, &counters] { counters = work_; });
  return counters;
}

bool Gate::WaitUntil(const std::function<bool(const Counters&)>& wanted, std::chrono::milliseconds timeout) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, timeout, [&] { return wanted(counters_); });
}

void Gate::SetSchedule(Schedule schedule) {
  Post([this, &schedule] {
    schedule_ = std::move(schedule);
    number_ = 0;
  });
}

void Gate::Release() {
  Post([this] {
    for (const auto& connection : connections_) connection->Release(Clock::now());
  });
}

void Gate::ResetAll() {
  Post([this] {
    for (const auto& connection : connections_) {
      if (!connection->closed()) ++work_.resets;
      connection->Close(/*reset=*/true);
    }
  });
}

void Gate::Listen(bool listen) {
  Post([this, listen] {
    if (!listen && listener_ >= 0) {
      close(listener_);
      listener_ = -1;
    } else if (listen && listener_ < 0) {
      OpenListener();
    }
  });
}

void Gate::Post(std::function<void()> command) {
  bool done = false;
  std::unique_lock lock(mutex_);
  commands_.push_back([this, &done, &command] {
    command();
    const std::lock_guard inner(mutex_);
    counters_ = work_;
    done = true;
  });
  const char byte = 0;
  (void)!write(wake_[1], &byte, 1);
  changed_.wait(lock, [&] { return done; });
}

void Gate::Accept() {
  for (;;) {
    const int client = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (client < 0) return;
    ++work_.connections;
    const std::vector<Event> events = EventsFor(schedule_, ++number_);
    const bool refused =
        std::any_of(events.begin(), events.end(), [](const Event& event) { return event.trouble == Trouble::kRefuse; });
    if (refused) {
      ++work_.refused;
      const linger now{1, 0};
      setsockopt(client, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
      close(client);
      continue;
    }
    connections_.push_back(std::make_unique<Connection>(client, server_port_, events, &work_));
  }
}

void Gate::Run() {
  while (!stopping_) {
    std::vector<pollfd> polled = {{wake_[0], POLLIN, 0}, {listener_, POLLIN, 0}};
    std::optional<Clock::time_point> wake;
    for (const auto& connection : connections_) {
      connection->Want(&polled);
      const auto at = connection->WakeAt();
      if (at.has_value() && (!wake.has_value() || *at < *wake)) wake = at;
    }
    int timeout = -1;
    if (wake.has_value()) {
      // Up to the next millisecond: waking early would only mean to wait again.
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(*wake - Clock::now());
      timeout = static_cast<int>(std::max<int64_t>(0, left.count()));
    }
    poll(polled.data(), polled.size(), timeout);

    char drained[64];
    while (read(wake_[0], drained, sizeof(drained)) > 0) continue;
    std::vector<std::function<void()>> commands;
    {
      const std::lock_guard lock(mutex_);
      commands.swap(commands_);
    }
    for (const auto& command : commands) command();
    if (listener_ >= 0) Accept();
    for (const auto& connection : connections_) connection->Advance(Clock::now());
    std::erase_if(connections_, [](const auto& connection) { return connection->closed(); });
    {
      const std::lock_guard lock(mutex_);
      counters_ = work_;
    }
    changed_.notify_all();
  }
  connections_.clear();
  const std::lock_guard lock(mutex_);
  counters_ = work_;
}

}  // namespace imbot::chaos
