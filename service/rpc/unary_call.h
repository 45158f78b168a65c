// One unary call from its first byte to its last: parse, authenticate, hand to the CallHandler, answer.
//
// It owns itself: gRPC holds it until OnDone, the handler until it has answered; whichever is later frees it. gRPC's
// side ends exactly once, by the answer or by the caller's going away, whichever comes first. A caller that goes away
// is let go at once; the line in the access log waits for the handler's answer, so that it can say what became of the
// call. Runs on gRPC's callback threads and on whatever thread the handler answers from. Never blocks.
#ifndef IMBOT_SERVICE_RPC_UNARY_CALL_H_
#define IMBOT_SERVICE_RPC_UNARY_CALL_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <memory>

#include "absl/status/status.h"
#include "service/base/mutex.h"
#include "service/rpc/call.h"
#include "service/rpc/call_frame.h"

namespace imbot::rpc {

class UnaryCall final : public grpc::ServerUnaryReactor, public std::enable_shared_from_this<UnaryCall> {
 public:
  // For gRPC's method handler. `context`, `request` and `response` are gRPC's, alive until OnDone.
  static grpc::ServerUnaryReactor* Start(std::shared_ptr<const CallEnvironment> environment,
                                         const translate::MethodSpec& method, grpc::CallbackServerContext* context,
                                         const grpc::ByteBuffer& request, grpc::ByteBuffer* response) noexcept;

  void OnCancel() noexcept override IMBOT_EXCLUDES(mutex_);
  void OnDone() noexcept override IMBOT_EXCLUDES(mutex_);
  // Both reactions only compute and post, so they need no thread of gRPC's executor, which costs each call a wake-up
  // and a switch. gRPC calls this its own affair, though any reactor may answer; another version may ask otherwise.
  bool InternalInlineable() override { return true; }

 private:
  class OnlyStart {
    friend class UnaryCall;
    OnlyStart() = default;
  };

 public:
  UnaryCall(OnlyStart, std::shared_ptr<const CallEnvironment> environment, const translate::MethodSpec& method,
            grpc::CallbackServerContext* context, grpc::ByteBuffer* response);

 private:
  void Run(const grpc::ByteBuffer& request);
  // Any thread; what the handler, or the pipeline before it, has to say. The first one to end the call is heard.
  void Answer(absl::Status status, std::unique_ptr<google::protobuf::Message> response, CallInfo info)
      IMBOT_EXCLUDES(mutex_);

  CallFrame frame_;  // the method handler's, then his who ended the call; after a cancellation, the late answer's
  grpc::ByteBuffer* const response_;  // not after the call has ended
  std::shared_ptr<UnaryCall> self_;   // gRPC's hold; dropped in OnDone

  base::Mutex mutex_;
  bool ended_ IMBOT_GUARDED_BY(mutex_) = false;
  bool abandoned_ IMBOT_GUARDED_BY(mutex_) = false;  // by the caller
  std::shared_ptr<CallInProgress> in_progress_ IMBOT_GUARDED_BY(mutex_);
};

}  // namespace imbot::rpc

#endif  // IMBOT_SERVICE_RPC_UNARY_CALL_H_
