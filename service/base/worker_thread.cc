#include "service/base/worker_thread.h"

#include <pthread.h>

namespace imbot::base {
namespace {

// The executor whose thread this is. A comparison of thread ids would race with the constructor that stores the id.
thread_local const WorkerThread* current_worker = nullptr;

}  // namespace

WorkerThread::WorkerThread(std::string name) : thread_([this, name = std::move(name)] { Run(name); }) {}

WorkerThread::~WorkerThread() {
  Stop();
}

void WorkerThread::Post(Task task) {
  MutexLock lock(mutex_);
  // A dropped task is destroyed by the caller's stack, after the lock: what it holds may call back into this object.
  if (stopping_) return;
  queue_.push_back(std::move(task));
  wake_.NotifyOne();
}

TimerId WorkerThread::PostAt(MonoTime when, Task task) {
  const TimerId id{++last_timer_};
  timers_.emplace(std::pair(when, id), std::move(task));
  timer_times_.emplace(id, when);
  return id;
}

void WorkerThread::CancelTimer(TimerId id) {
  const auto it = timer_times_.find(id);
  if (it == timer_times_.end()) return;
  // The task dies with `node`, when both maps are whole again: its destructor may come back here.
  const auto node = timers_.extract(std::pair(it->second, id));
  timer_times_.erase(it);
}

bool WorkerThread::InThisThread() const {
  return current_worker == this;
}

void WorkerThread::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    wake_.NotifyOne();
  }
  MutexLock lock(join_mutex_);
  if (thread_.joinable()) thread_.join();
}

size_t WorkerThread::queued() const {
  MutexLock lock(mutex_);
  return queue_.size();
}

bool WorkerThread::NextBatch(std::vector<Task>* batch) {
  MutexLock lock(mutex_);
  while (queue_.empty() && !stopping_) {
    if (timers_.empty()) {
      wake_.Wait(mutex_);
    } else if (!wake_.WaitUntil(mutex_, timers_.begin()->first.first)) {
      break;
    }
  }
  batch->swap(queue_);
  return !stopping_ || !batch->empty();
}

void WorkerThread::RunDueTimers() {
  // Those that are due now, not those that they add: a timer that re-arms itself in the past must not starve the queue.
  const MonoTime now = std::chrono::steady_clock::now();
  const uint64_t last = last_timer_;
  auto it = timers_.begin();
  while (it != timers_.end() && it->first.first <= now) {
    if (static_cast<uint64_t>(it->first.second) > last) {
      ++it;
      continue;
    }
    auto node = timers_.extract(it);
    timer_times_.erase(node.key().second);
    node.mapped()();
    it = timers_.begin();  // The task may have added and cancelled any of them.
  }
}

void WorkerThread::Run(const std::string& name) {
  current_worker = this;
  pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
  std::vector<Task> batch;
  while (NextBatch(&batch)) {
    for (Task& task : batch) {
      task();
      task = nullptr;
    }
    batch.clear();
    RunDueTimers();
  }
  timer_times_.clear();
  // Moved out first: the destructor of a dropped task may call PostAt or CancelTimer.
  const auto dropped = std::move(timers_);
  timers_.clear();
}

}  // namespace imbot::base
