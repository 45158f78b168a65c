// One thread with a queue and timers: where blocking work runs (disk, database).
//
// Owned by whoever needs the thread; Post() from any thread. It never runs two tasks at once, and never runs a task
// after Stop() has returned.
#ifndef IMBOT_SERVICE_BASE_WORKER_THREAD_H_
#define IMBOT_SERVICE_BASE_WORKER_THREAD_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "service/base/clock.h"
#include "service/base/executor.h"
#include "service/base/mutex.h"

namespace imbot::base {

// Thread-safe, but for the timers.
class WorkerThread final : public Executor {
 public:
  // `name` shows in top and in a debugger; the kernel keeps 15 characters.
  explicit WorkerThread(std::string name);
  // Stops.
  ~WorkerThread() override;
  WorkerThread(const WorkerThread&) = delete;
  WorkerThread& operator=(const WorkerThread&) = delete;

  void Post(Task task) override;
  TimerId PostAt(MonoTime when, Task task) override;
  void CancelTimer(TimerId id) override;
  bool InThisThread() const override;

  // Runs everything that was posted before, drops timers that have not come due and whatever is posted from now on,
  // joins the thread. A second call waits for the first. REQUIRES: not this thread.
  void Stop() IMBOT_EXCLUDES(mutex_);

  // Tasks that wait for their turn. For metrics.
  size_t queued() const IMBOT_EXCLUDES(mutex_);

 private:
  void Run(const std::string& name);
  // Waits for work, the next timer or the end; false once stopped with nothing left to do.
  bool NextBatch(std::vector<Task>* batch) IMBOT_EXCLUDES(mutex_);
  void RunDueTimers();

  // Guarded by mutex_.
  mutable Mutex mutex_;
  CondVar wake_;
  std::vector<Task> queue_ IMBOT_GUARDED_BY(mutex_);
  bool stopping_ IMBOT_GUARDED_BY(mutex_) = false;

  // Own thread only. By time, then by order of asking.
  std::map<std::pair<MonoTime, TimerId>, Task> timers_;
  std::map<TimerId, MonoTime> timer_times_;
  uint64_t last_timer_ = 0;

  // Guards the join; held by nobody else. The thread is last: it must start when all above exists.
  Mutex join_mutex_;
  std::thread thread_;
};

}  // namespace imbot::base

#endif  // IMBOT_SERVICE_BASE_WORKER_THREAD_H_
