// The one door through which other threads reach a loop: tasks in, a wake-up out.
//
// Shared by the loop and by whoever may still post after the loop has gone (a resolver's late answer): a closed inbox
// destroys what it is given. Thread-safe, but for Take and Close, which are the loop's.
#ifndef IMBOT_SERVICE_TRANSPORT_INBOX_H_
#define IMBOT_SERVICE_TRANSPORT_INBOX_H_

#include <functional>
#include <thread>
#include <utility>
#include <vector>

#include "service/base/executor.h"
#include "service/base/mutex.h"

namespace imbot::transport {

class Inbox {
 public:
  // `wake` interrupts the loop's wait. It is called with the inbox locked, so that it never meets a loop that has gone,
  // and must not block.
  explicit Inbox(std::function<void()> wake) : wake_(std::move(wake)) {}

  void Post(base::Task task) IMBOT_EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    if (closed_) return;  // `task` dies after the lock was released: parameters outlive locals
    tasks_.push_back(std::move(task));
    // The first task wakes for all that follow it, and the loop's own thread looks into the inbox before it waits.
    if (tasks_.size() == 1 && std::this_thread::get_id() != owner_) wake_();
  }
  // Interrupts the loop's wait without a task.
  void Wake() IMBOT_EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    if (!closed_) wake_();
  }

  // Called by the loop's thread before anything else.
  void SetOwner() IMBOT_EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    owner_ = std::this_thread::get_id();
  }
  std::vector<base::Task> Take() IMBOT_EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    return std::exchange(tasks_, {});
  }
  bool empty() const IMBOT_EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    return tasks_.empty();
  }
  // Thread-safe. False too once the inbox is closed.
  bool InOwnerThread() const IMBOT_EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    return std::this_thread::get_id() == owner_;
  }
  // From now on tasks are destroyed unrun. Returns those that were there, to be destroyed by the caller.
  std::vector<base::Task> Close() IMBOT_EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    closed_ = true;
    owner_ = std::thread::id();
    return std::exchange(tasks_, {});
  }

 private:
  const std::function<void()> wake_;
  mutable base::Mutex mutex_;
  std::vector<base::Task> tasks_ IMBOT_GUARDED_BY(mutex_);
  std::thread::id owner_ IMBOT_GUARDED_BY(mutex_);
  bool closed_ IMBOT_GUARDED_BY(mutex_) = false;
};

}  // namespace imbot::transport

#endif  // IMBOT_SERVICE_TRANSPORT_INBOX_H_
