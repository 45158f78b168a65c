#include "service/rpc/completion_thread.h"

#include <grpc/support/time.h>
#include <pthread.h>

#include <utility>

namespace imbot::rpc {
namespace {

thread_local const CompletionThread* current_thread = nullptr;

}  // namespace

CompletionThread::CompletionThread(std::unique_ptr<grpc::ServerCompletionQueue> queue) : queue_(std::move(queue)) {}

CompletionThread::~CompletionThread() {
  // Of a server that could not be started; otherwise both have been done.
  queue_->Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (queue_->Next(&tag, &ok)) continue;
}

void CompletionThread::Start() {
  thread_ = std::thread([this] {
    current_thread = this;
    pthread_setname_np(pthread_self(), "imbot-rpc");
    void* tag = nullptr;
    bool ok = false;
    while (queue_->Next(&tag, &ok)) static_cast<Event*>(tag)->Happened(ok);
  });
}

void CompletionThread::Stop() {
  Run([this] {
    stopping_ = true;
    EndIfEmpty();
  });
  if (thread_.joinable()) thread_.join();
}

bool CompletionThread::IsCurrent() const {
  return current_thread == this;
}

void CompletionThread::Run(Task task) {
  if (IsCurrent()) return task();
  {
    base::MutexLock lock(mutex_);
    if (!ended_) {
      tasks_.push_back(std::move(task));
      // The one way to wake a thread that waits in Next(). Under the lock, since it may not come after the queue's end.
      if (!std::exchange(woken_, true)) alarm_.Set(queue_.get(), gpr_inf_past(GPR_CLOCK_MONOTONIC), &wake_);
      return;
    }
  }
  task();
}

void CompletionThread::RunTasks() {
  while (true) {
    {
      base::MutexLock lock(mutex_);
      running_.swap(tasks_);
    }
    for (Task& task : running_) {
      task();
      task = nullptr;
    }
    running_.clear();
    base::MutexLock lock(mutex_);
    if (tasks_.empty()) {
      woken_ = false;
      return;
    }
    // What has come meanwhile waits behind gRPC's own events: thousands of answers must not hold up who calls. After
    // the queue's end there are none.
    if (!ended_) return alarm_.Set(queue_.get(), gpr_inf_past(GPR_CLOCK_MONOTONIC), &wake_);
  }
}

void CompletionThread::Leave() {
  --living_;
  EndIfEmpty();
}

void CompletionThread::EndIfEmpty() {
  if (!stopping_ || living_ > 0) return;
  base::MutexLock lock(mutex_);
  if (!std::exchange(ended_, true)) queue_->Shutdown();
}

}  // namespace imbot::rpc
