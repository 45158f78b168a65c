#include "service/rpc/completion_thread.h"

#include <grpc/support/time.h>
#include <pthread.h>

#include <algorithm>
#include <utility>

namespace imbot::rpc {
namespace {

thread_local const CompletionThread* current_thread = nullptr;

// Tasks that are run before what they have gathered is sent: the first answer waits for the last one.
constexpr size_t kGathered = 64;

}  // namespace

CompletionThread::CompletionThread(std::unique_ptr<grpc::ServerCompletionQueue> queue,
                                   std::shared_ptr<const Connections> connections)
    : queue_(std::move(queue)), connections_(std::move(connections)) {}

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
    gathering_ = running_.size() > 1;
    for (size_t i = 0; i < running_.size(); ++i) {
      running_[i]();
      running_[i] = nullptr;
      if (i % kGathered == kGathered - 1) SendGathered();
    }
    running_.clear();
    SendGathered();
    gathering_ = false;
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

void CompletionThread::BeforeAnswer(const grpc::ServerContext& context) {
  if (!gathering_) return;
  std::shared_ptr<Connection> connection = connections_->Find(context.peer());
  if (connection == nullptr || std::find(corked_.begin(), corked_.end(), connection) != corked_.end()) return;
  connection->Cork();
  corked_.push_back(std::move(connection));
}

// One that another thread gathers for as well is let go by both: then some leaves a little earlier.
void CompletionThread::SendGathered() {
  for (const auto& connection : corked_) connection->Uncork();
  corked_.clear();
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
