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
    // Once for all that follow; a loop that does not wait looks into the inbox before it does.
    if (std::exchange(waiting_, false)) wake_();
  }
  // Ends the loop's wait, or the next one, without a task.
  void Wake() IMBOT_EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    if (closed_) return;
    woken_ = true;
    if (std::exchange(waiting_, false)) wake_();
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
  // The loop is about to wait, and what is posted from now on wakes it. False, and it must not wait, if there are tasks
  // already, or it was to be woken.
  [[nodiscard]] bool BeginWait() IMBOT_EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    waiting_ = tasks_.empty() && !std::exchange(woken_, false);
    return waiting_;
  }
  void EndWait() IMBOT_EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    waiting_ = false;
    woken_ = false;
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
  bool waiting_ IMBOT_GUARDED_BY(mutex_) = false;
  bool woken_ IMBOT_GUARDED_BY(mutex_) = false;  // since the last wait
  std::thread::id owner_ IMBOT_GUARDED_BY(mutex_);
  bool closed_ IMBOT_GUARDED_BY(mutex_) = false;
};

}  // namespace imbot::transport

#endif  // IMBOT_SERVICE_TRANSPORT_INBOX_H_
