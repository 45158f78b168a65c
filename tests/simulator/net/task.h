// Task<T>: a lazily started coroutine, awaited by exactly one other coroutine or driven by its owner.
//
// Handlers that must pause in the middle (a fault between reserving a templateId and storing the message, the time of a
// batch's command) are coroutines, so that they read top to bottom. Destroying a Task destroys the suspended frame and
// all it awaits; whoever holds a handle to resume (a timer, the list of held calls) must have dropped it before. Loop
// thread only.
#ifndef IMBOT_TESTS_SIMULATOR_NET_TASK_H_
#define IMBOT_TESTS_SIMULATOR_NET_TASK_H_

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

namespace simulator {

template <typename T>
class [[nodiscard]] Task {
 public:
  struct promise_type {
    std::optional<T> value;
    std::coroutine_handle<> continuation;

    Task get_return_object() { return Task(std::coroutine_handle<promise_type>::from_promise(*this)); }
    std::suspend_always initial_suspend() noexcept { return {}; }
    struct FinalAwaiter {
      bool await_ready() const noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> handle) noexcept {
        std::coroutine_handle<> next = handle.promise().continuation;
        return next ? next : std::noop_coroutine();
      }
      void await_resume() const noexcept {}
    };
    FinalAwaiter final_suspend() noexcept { return {}; }
    void return_value(T result) { value.emplace(std::move(result)); }
    // Nothing of the simulator throws but bad_alloc: there is nobody who could do better.
    void unhandled_exception() noexcept { std::terminate(); }
  };

  Task() = default;
  explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      if (handle_) handle_.destroy();
      handle_ = std::exchange(other.handle_, nullptr);
    }
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  // For the owner of a root task.
  void Start() { handle_.resume(); }
  bool done() const { return handle_ && handle_.done(); }

  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) noexcept {
    handle_.promise().continuation = awaiting;
    return handle_;
  }
  T await_resume() { return std::move(*handle_.promise().value); }

 private:
  std::coroutine_handle<promise_type> handle_ = nullptr;
};

}  // namespace simulator

#endif  // IMBOT_TESTS_SIMULATOR_NET_TASK_H_
