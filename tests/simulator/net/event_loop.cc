#include "tests/simulator/net/event_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace simulator {
namespace {

constexpr uint64_t kWakeId = 0;

}  // namespace

std::unique_ptr<EventLoop> EventLoop::Create() {
  const int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_fd < 0) return nullptr;
  const int event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (event_fd < 0) {
    close(epoll_fd);
    return nullptr;
  }
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kWakeId;
  if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, event_fd, &event) != 0) {
    close(event_fd);
    close(epoll_fd);
    return nullptr;
  }
  return std::unique_ptr<EventLoop>(new EventLoop(epoll_fd, event_fd));
}

EventLoop::EventLoop(int epoll_fd, int event_fd) : epoll_fd_(epoll_fd), event_fd_(event_fd) {}

EventLoop::~EventLoop() {
  close(event_fd_);
  close(epoll_fd_);
}

void EventLoop::Run() {
  std::array<epoll_event, 256> events;
  for (;;) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (stop_) return;
    }
    const int n = epoll_wait(epoll_fd_, events.data(), static_cast<int>(events.size()), TimeoutMs());
    if (n < 0 && errno != EINTR) return;
    for (int i = 0; i < n; ++i) {
      const epoll_event& event = events[static_cast<size_t>(i)];
      if (event.data.u64 == kWakeId) {
        uint64_t ignored = 0;
        while (read(event_fd_, &ignored, sizeof(ignored)) > 0) {
        }
        continue;
      }
      // Looked up by id, not by pointer: an earlier event of this round may have closed this descriptor.
      auto it = by_id_.find(event.data.u64);
      if (it == by_id_.end()) continue;
      const std::shared_ptr<FdHandler> handler = it->second;
      handler->OnEvents(event.events);
    }
    RunTimers();
    RunPosted();
  }
}

void EventLoop::Stop() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stop_ = true;
  }
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(event_fd_, &one, sizeof(one));
}

void EventLoop::Post(std::function<void()> work) {
  bool wake = false;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    wake = posted_.empty();
    posted_.push_back(std::move(work));
  }
  if (!wake) return;
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(event_fd_, &one, sizeof(one));
}

void EventLoop::RunPosted() {
  std::vector<std::function<void()>> work;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    work.swap(posted_);
  }
  for (auto& item : work) item();
}

void EventLoop::RunTimers() {
  if (timers_.empty()) return;
  const Clock::time_point now = Clock::now();
  while (!timers_.empty() && timers_.begin()->first.first <= now) {
    auto node = timers_.extract(timers_.begin());
    timer_times_.erase(node.key().second);
    node.mapped()();
  }
}

int EventLoop::TimeoutMs() const {
  if (timers_.empty()) return -1;
  const auto left = timers_.begin()->first.first - Clock::now();
  if (left <= Clock::duration::zero()) return 0;
  // Rounded up: waking a little early would spin.
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(left).count();
  return static_cast<int>(std::min<int64_t>(ms, 60'000));
}

void EventLoop::Watch(int fd, uint32_t events, std::shared_ptr<FdHandler> handler) {
  const uint64_t id = next_id_++;
  epoll_event event{};
  event.events = events;
  event.data.u64 = id;
  if (epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) != 0) return;
  by_fd_[fd] = Watched{id, handler};
  by_id_[id] = std::move(handler);
}

void EventLoop::Modify(int fd, uint32_t events) {
  auto it = by_fd_.find(fd);
  if (it == by_fd_.end()) return;
  epoll_event event{};
  event.events = events;
  event.data.u64 = it->second.id;
  epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, fd, &event);
}

void EventLoop::Unwatch(int fd) {
  auto it = by_fd_.find(fd);
  if (it == by_fd_.end()) return;
  epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr);
  by_id_.erase(it->second.id);
  by_fd_.erase(it);
}

EventLoop::TimerId EventLoop::After(std::chrono::nanoseconds delay, std::function<void()> work) {
  const TimerId id = next_id_++;
  const Clock::time_point when = Clock::now() + delay;
  timers_.emplace(std::make_pair(when, id), std::move(work));
  timer_times_.emplace(id, when);
  return id;
}

void EventLoop::Cancel(TimerId id) {
  auto it = timer_times_.find(id);
  if (it == timer_times_.end()) return;
  timers_.erase(std::make_pair(it->second, id));
  timer_times_.erase(it);
}

void EventLoop::DropPending() {
  timers_.clear();
  timer_times_.clear();
  std::vector<std::function<void()>> posted;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    posted.swap(posted_);
  }
}

void EventLoop::SleepAwaiter::await_suspend(std::coroutine_handle<> handle) {
  loop->After(delay, [handle] { handle.resume(); });
}

}  // namespace simulator
