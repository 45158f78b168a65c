// One unary call from its first byte to its last: authenticate, parse, hand to the CallHandler, answer.
//
// It owns itself: the rpc holds it until OnDone, the handler until it has answered; whichever is later frees it. It
// lives on the rpc's completion thread, to which the handler's answer is brought from wherever it is given. The rpc
// ends exactly once, by the answer or by the caller's going away, whichever comes first. A caller that goes away is let
// go at once; the line in the access log waits for the handler's answer, so that it can say what became of the call.
// Never blocks.
#ifndef IMBOT_SERVICE_RPC_UNARY_CALL_H_
#define IMBOT_SERVICE_RPC_UNARY_CALL_H_

#include <memory>

#include "absl/status/status.h"
#include "service/rpc/call.h"
#include "service/rpc/call_frame.h"
#include "service/rpc/rpc.h"

namespace imbot::rpc {

class UnaryCall final : public Rpc::Reactor, public std::enable_shared_from_this<UnaryCall> {
 private:
  class OnlyStart {
    friend class UnaryCall;
    OnlyStart() = default;
  };

 public:
  static std::shared_ptr<UnaryCall> Start(std::shared_ptr<const CallEnvironment> environment,
                                          const translate::MethodSpec& method, Rpc& rpc,
                                          const grpc::ByteBuffer& request);
  UnaryCall(OnlyStart, std::shared_ptr<const CallEnvironment> environment, const translate::MethodSpec& method,
            Rpc& rpc);

  void OnCancelled() override;
  void OnDone() override;

 private:
  void Run(const grpc::ByteBuffer& request);
  // What the handler has to say, on any thread.
  void Answer(absl::Status status, std::unique_ptr<google::protobuf::Message> response, CallInfo info);
  // The first to end the call is heard.
  void End(absl::Status status, std::unique_ptr<google::protobuf::Message> response, CallInfo info);

  struct Answered {
    absl::Status status;
    std::unique_ptr<google::protobuf::Message> response;
    CallInfo info;
  };

  CallFrame frame_;
  const std::shared_ptr<CompletionThread> thread_;
  bool ended_ = false;
  std::shared_ptr<CallInProgress> in_progress_;
  std::unique_ptr<Answered> answer_;  // on its way from the handler's thread
};

}  // namespace imbot::rpc

#endif  // IMBOT_SERVICE_RPC_UNARY_CALL_H_
