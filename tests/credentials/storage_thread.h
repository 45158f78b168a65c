// The storage thread in tests.
#ifndef IMBOT_TESTS_CREDENTIALS_STORAGE_THREAD_H_
#define IMBOT_TESTS_CREDENTIALS_STORAGE_THREAD_H_

#include <deque>
#include <utility>

#include "service/base/executor.h"

namespace imbot::fakes {

// Turned by the test; its timers never come due. What it has not done when it dies is forgotten, as with a killed
// process.
class StorageThread final : public base::Executor {
 public:
  void Post(base::Task task) override { tasks_.push_back(std::move(task)); }
  base::TimerId PostAt(base::MonoTime, base::Task) override { return base::TimerId::kNone; }
  void CancelTimer(base::TimerId) override {}
  bool InThisThread() const override { return true; }

  // False: nothing to do.
  bool Run() {
    bool ran = false;
    for (; !tasks_.empty(); ran = true) {
      base::Task task = std::move(tasks_.front());
      tasks_.pop_front();
      std::move(task)();
    }
    return ran;
  }

 private:
  std::deque<base::Task> tasks_;
};

}  // namespace imbot::fakes

#endif  // IMBOT_TESTS_CREDENTIALS_STORAGE_THREAD_H_
