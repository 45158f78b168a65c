// A std::mutex that clang's thread-safety analysis understands.
//
// Why not absl::Mutex: Debian's build of it reports false races under ThreadSanitizer.
// Thread-safe. Never call out of the owning class while holding one: swap the work out, unlock, call.
#ifndef IMBOT_SERVICE_BASE_MUTEX_H_
#define IMBOT_SERVICE_BASE_MUTEX_H_

#include <chrono>
#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define IMBOT_TSA(x) __attribute__((x))
#else
#define IMBOT_TSA(x)
#endif
#define IMBOT_GUARDED_BY(x) IMBOT_TSA(guarded_by(x))
#define IMBOT_PT_GUARDED_BY(x) IMBOT_TSA(pt_guarded_by(x))
#define IMBOT_REQUIRES(...) IMBOT_TSA(requires_capability(__VA_ARGS__))
#define IMBOT_EXCLUDES(...) IMBOT_TSA(locks_excluded(__VA_ARGS__))

namespace imbot::base {

class IMBOT_TSA(capability("mutex")) Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void Lock() IMBOT_TSA(acquire_capability()) { mutex_.lock(); }
  void Unlock() IMBOT_TSA(release_capability()) { mutex_.unlock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

// Holds a Mutex for a scope.
class IMBOT_TSA(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) IMBOT_TSA(acquire_capability(mutex)) : mutex_(mutex) { mutex_.Lock(); }
  ~MutexLock() IMBOT_TSA(release_capability()) { mutex_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

// Condition variable for Mutex. Spurious wake-ups happen: wait in a loop over the condition.
class CondVar {
 public:
  void Wait(Mutex& mutex) IMBOT_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    condition_.wait(lock);
    lock.release();
  }
  // False if `deadline` passed.
  bool WaitUntil(Mutex& mutex, std::chrono::steady_clock::time_point deadline) IMBOT_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    const bool in_time = condition_.wait_until(lock, deadline) == std::cv_status::no_timeout;
    lock.release();
    return in_time;
  }
  void NotifyOne() { condition_.notify_one(); }
  void NotifyAll() { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

}  // namespace imbot::base

#endif  // IMBOT_SERVICE_BASE_MUTEX_H_
