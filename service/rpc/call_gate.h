// Counts the calls that are under way and, once closed, lets no further one in: how a shutdown waits for what was
// begun.
//
// Shared by every service that takes calls. Thread-safe. Knows nothing of gRPC.
#ifndef IMBOT_SERVICE_RPC_CALL_GATE_H_
#define IMBOT_SERVICE_RPC_CALL_GATE_H_

#include <cstdint>

#include "service/base/clock.h"
#include "service/base/mutex.h"

namespace imbot::rpc {

class CallGate {
 public:
  // False once closed; otherwise the call counts until Leave().
  bool Enter() IMBOT_EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    if (closed_) return false;
    ++inside_;
    return true;
  }
  void Leave() IMBOT_EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    // Under the lock: whoever waits may destroy the gate as soon as it can take the lock.
    if (--inside_ == 0) empty_.NotifyAll();
  }
  // From now on Enter() says no. Calls inside go on.
  void Close() IMBOT_EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    closed_ = true;
  }
  int64_t inside() const IMBOT_EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    return inside_;
  }
  // Blocks until nobody is inside, or `deadline` of the system's clock; whether it became empty. Close() first.
  bool WaitUntilEmpty(base::MonoTime deadline) IMBOT_EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    while (inside_ > 0) {
      if (!empty_.WaitUntil(mutex_, deadline)) return inside_ == 0;
    }
    return true;
  }

 private:
  mutable base::Mutex mutex_;
  base::CondVar empty_;
  bool closed_ IMBOT_GUARDED_BY(mutex_) = false;
  int64_t inside_ IMBOT_GUARDED_BY(mutex_) = 0;
};

}  // namespace imbot::rpc

#endif  // IMBOT_SERVICE_RPC_CALL_GATE_H_
