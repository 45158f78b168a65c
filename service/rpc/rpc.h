// One rpc as gRPC hands it over, whatever its method: what is common to unary ones (UnaryRpc) and streams (StreamRpc).
//
// It makes of completion-queue tags what those who serve an rpc want to hear, and holds what they are for as long as
// gRPC may still touch it. Everything happens on the thread of the rpc's completion queue. It is created to wait for a
// call, belongs to itself, and frees itself when gRPC has let go of it.
#ifndef IMBOT_SERVICE_RPC_RPC_H_
#define IMBOT_SERVICE_RPC_RPC_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include <memory>

#include "service/rpc/completion_thread.h"

namespace imbot::rpc {

class Rpc {
 public:
  // Who serves an rpc. Called on its thread alone, never from inside a call to the Rpc.
  class Reactor {
   public:
    virtual ~Reactor() = default;
    // The caller has gone, or ran out of time, before Finish(). Nothing more can be sent; the rpc ends by itself.
    virtual void OnCancelled() {}
    // gRPC has let go of the rpc, which is no more.
    virtual void OnDone() {}
  };

  Rpc(const Rpc&) = delete;
  Rpc& operator=(const Rpc&) = delete;

  grpc::ServerContext& context() { return context_; }
  const std::shared_ptr<CompletionThread>& thread() const { return thread_; }

  // The end; with a last message if there is one. Trailers are in the context by then. A second one does nothing. A
  // unary rpc can't end with OK and no message.
  void Finish(const grpc::Status& status);
  void Finish(const grpc::ByteBuffer& message);

 protected:
  // A tag whose event is a method of the rpc.
  template <typename Derived>
  class Tag final : public CompletionThread::Event {
   public:
    using Method = void (Derived::*)(bool);
    Tag(Derived& rpc, Method method) : rpc_(rpc), method_(method) {}
    void Happened(bool ok) override { (rpc_.*method_)(ok); }

   private:
    Derived& rpc_;
    const Method method_;
  };

  // `context` is a member of the derived class, and not there yet.
  Rpc(grpc::ServerContext& context, std::shared_ptr<CompletionThread> thread);
  virtual ~Rpc();

  // The rpc is there, complete, and gRPC is going to be asked for a call. What it is to be given.
  void* BeginAwaiting(CompletionThread::Event* arrived);
  // An operation begins, whose tag comes back once and then ends with End(). What gRPC is to be given.
  void* Begin(CompletionThread::Event* event);
  // With the last of them the rpc is done, and `this` no more.
  void End();
  // The call is there; `over_` will come too.
  void Arrived() { ++awaited_; }
  void SetReactor(std::shared_ptr<Reactor> reactor) { reactor_ = std::move(reactor); }
  // Whether there is nobody to send anything to, or nothing more to be sent.
  bool over() const { return finished_ || cancelled_; }
  bool cancelled() const { return cancelled_; }

 private:
  virtual void SendEnd(const grpc::Status& status, void* tag) = 0;
  virtual void SendEnd(const grpc::ByteBuffer& message, void* tag) = 0;
  // The caller has gone. Whether gRPC can be given an end at once; otherwise Finish() follows by itself.
  virtual bool OnGone() { return true; }

  void OnOver(bool ok);
  void OnFinished(bool) { End(); }

  grpc::ServerContext& context_;
  const std::shared_ptr<CompletionThread> thread_;
  std::shared_ptr<Reactor> reactor_;
  int awaited_ = 0;         // tags that are to come back
  bool finished_ = false;   // Finish() was called
  bool cancelled_ = false;  // before it was
  Tag<Rpc> over_{*this, &Rpc::OnOver};
  Tag<Rpc> finish_{*this, &Rpc::OnFinished};
};

}  // namespace imbot::rpc

#endif  // IMBOT_SERVICE_RPC_RPC_H_
