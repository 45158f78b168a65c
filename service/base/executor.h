// Where work runs: a single thread with a queue and timers.
//
// Implementations: transport's curl loop (portal work), base::WorkerThread (disk), a manual one in tests. What is
// posted to one executor runs in the order of posting, never concurrently, so state owned by an executor needs no lock.
#ifndef IMBOT_SERVICE_BASE_EXECUTOR_H_
#define IMBOT_SERVICE_BASE_EXECUTOR_H_

#include <cstdint>

#include "absl/functional/any_invocable.h"
#include "service/base/clock.h"

namespace imbot::base {

using Task = absl::AnyInvocable<void()>;
enum class TimerId : uint64_t { kNone = 0 };

class Executor {
 public:
  virtual ~Executor() = default;

  // Thread-safe. Runs `task` soon on the executor's thread. After the executor has stopped, `task` is destroyed without
  // being run.
  virtual void Post(Task task) = 0;

  // The three below: executor thread only.
  // Runs `task` at `when`, or soon if that has passed.
  virtual TimerId PostAt(MonoTime when, Task task) = 0;
  // Drops a timer that has not fired; an unknown id is ignored.
  virtual void CancelTimer(TimerId id) = 0;
  virtual bool InThisThread() const = 0;
};

}  // namespace imbot::base

#endif  // IMBOT_SERVICE_BASE_EXECUTOR_H_
