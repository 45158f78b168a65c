// A thread on which rpcs live: it serves one of gRPC's completion queues, and runs what other threads have to say to
// the rpcs of that queue.
//
// All of an rpc happens on its one thread, so nothing of it needs a lock. A portal's loop answers dozens of rpcs at a
// time; they are handed over together and cost one wake-up. With gRPC's callbacks, each of them fights for its
// connection with the threads that read from it: a server that does nothing else takes 1.4 times the CPU then.
//
// Shared by the server and by the rpcs that live on it, which may keep it longer. Run() is thread-safe; the rest is as
// it says.
#ifndef IMBOT_SERVICE_RPC_COMPLETION_THREAD_H_
#define IMBOT_SERVICE_RPC_COMPLETION_THREAD_H_

#include <grpcpp/alarm.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/server_context.h>

#include <memory>
#include <thread>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "service/base/mutex.h"
#include "service/rpc/connections.h"

namespace imbot::rpc {

class CompletionThread {
 public:
  // What the tags of the queue point to. A tag is an Event*, whatever it is derived to.
  class Event {
   public:
    // On the thread, once for each operation that was begun with it; `ok` as gRPC says it.
    virtual void Happened(bool ok) = 0;

   protected:
    ~Event() = default;
  };
  using Task = absl::AnyInvocable<void()>;

  // `queue` belongs to a server that has not been started, `connections` are that server's.
  CompletionThread(std::unique_ptr<grpc::ServerCompletionQueue> queue, std::shared_ptr<const Connections> connections);
  // REQUIRES: Stop() has returned, if Start() was called.
  ~CompletionThread();
  CompletionThread(const CompletionThread&) = delete;
  CompletionThread& operator=(const CompletionThread&) = delete;

  // The owner's: once, when the server has been started.
  void Start();
  // The owner's: when the server has shut down, so that every rpc ends by itself. Waits for that, and for the thread.
  void Stop();

  // Runs `task` on the thread: within this call if it is that thread, or if there is none any more (then there is
  // nothing it could disturb); else soon, after all that was handed over before.
  void Run(Task task) IMBOT_EXCLUDES(mutex_);

  // For rpcs, on the thread or before it has been started.
  grpc::ServerCompletionQueue& queue() { return *queue_; }
  // An rpc lives here from now on, until Leave(); with the last one goes a thread that was told to stop.
  void Enter() { ++living_; }
  void Leave();
  // For rpcs, on the thread: the rpc is about to be answered. Where several are, what goes to one connection leaves
  // together.
  void BeforeAnswer(const grpc::ServerContext& context);

 private:
  class Wake final : public Event {
   public:
    explicit Wake(CompletionThread& thread) : thread_(thread) {}
    void Happened(bool) override { thread_.RunTasks(); }

   private:
    CompletionThread& thread_;
  };

  bool IsCurrent() const;
  void RunTasks() IMBOT_EXCLUDES(mutex_);
  void SendGathered();
  void EndIfEmpty() IMBOT_EXCLUDES(mutex_);

  const std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  const std::shared_ptr<const Connections> connections_;
  Wake wake_{*this};
  grpc::Alarm alarm_;  // set while `woken_`
  std::thread thread_;

  // The thread's.
  int living_ = 0;
  bool stopping_ = false;
  std::vector<Task> running_;
  bool gathering_ = false;
  std::vector<std::shared_ptr<Connection>> corked_;  // while gathering

  base::Mutex mutex_;
  std::vector<Task> tasks_ IMBOT_GUARDED_BY(mutex_);
  bool woken_ IMBOT_GUARDED_BY(mutex_) = false;  // there are tasks and the thread is going to look
  bool ended_ IMBOT_GUARDED_BY(mutex_) = false;  // the queue takes no operation any more
};

}  // namespace imbot::rpc

#endif  // IMBOT_SERVICE_RPC_COMPLETION_THREAD_H_
