// The simulator's only event loop: sockets, timers and posted work, all on one thread.
//
// Owned by Simulator. Everything that has state (portals, ledger, faults, connections) lives on the loop's thread, so
// none of it needs a lock; other threads may only call Post() and Stop(). It never blocks but in epoll_wait.
#ifndef IMBOT_TESTS_SIMULATOR_NET_EVENT_LOOP_H_
#define IMBOT_TESTS_SIMULATOR_NET_EVENT_LOOP_H_

#include <chrono>
#include <coroutine>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace simulator {

// Receives readiness of one file descriptor. Called on the loop's thread.
class FdHandler {
 public:
  virtual ~FdHandler() = default;
  virtual void OnEvents(uint32_t events) = 0;
};

class EventLoop {
 public:
  using Clock = std::chrono::steady_clock;
  using TimerId = uint64_t;

  // Null if the kernel gives no epoll or event descriptor.
  static std::unique_ptr<EventLoop> Create();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Runs until Stop(). May be called once.
  void Run();

  // Thread-safe.
  void Stop();
  void Post(std::function<void()> work);

  // Loop thread only. A watched handler is kept alive until Unwatch(); events of an unwatched one are dropped.
  void Watch(int fd, uint32_t events, std::shared_ptr<FdHandler> handler);
  void Modify(int fd, uint32_t events);
  void Unwatch(int fd);

  TimerId After(std::chrono::nanoseconds delay, std::function<void()> work);
  void Cancel(TimerId id);

  // Forgets timers and posted work, so that suspended coroutines can be destroyed. Only after Run() has returned.
  void DropPending();

  // co_await loop.Sleep(d): resumes on the loop's thread after `d`; does not suspend for zero.
  struct SleepAwaiter {
    EventLoop* loop;
    std::chrono::nanoseconds delay;
    bool await_ready() const noexcept { return delay.count() <= 0; }
    void await_suspend(std::coroutine_handle<> handle);
    void await_resume() const noexcept {}
  };
  SleepAwaiter Sleep(std::chrono::nanoseconds delay) { return SleepAwaiter{this, delay}; }

 private:
  EventLoop(int epoll_fd, int event_fd);
  void RunPosted();
  void RunTimers();
  int TimeoutMs() const;

  const int epoll_fd_;
  const int event_fd_;

  // Loop thread only.
  struct Watched {
    uint64_t id;
    std::shared_ptr<FdHandler> handler;
  };
  std::unordered_map<int, Watched> by_fd_;
  std::unordered_map<uint64_t, std::shared_ptr<FdHandler>> by_id_;
  uint64_t next_id_ = 1;
  std::map<std::pair<Clock::time_point, TimerId>, std::function<void()>> timers_;
  std::unordered_map<TimerId, Clock::time_point> timer_times_;

  std::mutex mutex_;
  std::vector<std::function<void()>> posted_;  // guarded by mutex_
  bool stop_ = false;                          // guarded by mutex_
};

}  // namespace simulator

#endif  // IMBOT_TESTS_SIMULATOR_NET_EVENT_LOOP_H_
