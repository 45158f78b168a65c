// One client-streaming call: its first message names everything, each carries a piece of the file, which goes straight
// into the pipe to the portal. It reads no further than the pipe has room.
//
// It owns itself, like UnaryCall, and lives on the rpc's completion thread, to which the portal's loop (room in the
// pipe) and the handler's answer come. The answer may come before the caller has sent everything (the portal refused),
// and then ends the call. Never blocks.
#ifndef IMBOT_SERVICE_RPC_UPLOAD_CALL_H_
#define IMBOT_SERVICE_RPC_UPLOAD_CALL_H_

#include <memory>

#include "absl/status/status.h"
#include "service/rpc/call_frame.h"
#include "service/rpc/file_pipe.h"
#include "service/rpc/stream_rpc.h"

namespace imbot::rpc {

class UploadCall final : public StreamRpc::Reactor, public std::enable_shared_from_this<UploadCall> {
 public:
  static std::shared_ptr<UploadCall> Start(std::shared_ptr<const CallEnvironment> environment,
                                           const translate::MethodSpec& method, StreamRpc& rpc);

  void OnRead(bool ok, const grpc::ByteBuffer& message) override;
  void OnSettled() override;
  void OnCancelled() override;
  void OnDone() override;

 private:
  UploadCall(std::shared_ptr<const CallEnvironment> environment, const translate::MethodSpec& method, StreamRpc& rpc);

  absl::Status TakeMessage(const grpc::ByteBuffer& bytes);
  void TakeFirst(std::unique_ptr<google::protobuf::Message> message);
  void End(absl::Status status, std::unique_ptr<google::protobuf::Message> response, CallInfo info);

  CallFrame frame_;
  StreamRpc& rpc_;  // not after the call has ended
  const std::shared_ptr<CompletionThread> thread_;
  const std::shared_ptr<UploadPipe> pipe_ = std::make_shared<UploadPipe>();
  Call call_;             // until it is handed over
  bool started_ = false;  // the handler has it
  bool ended_ = false;
  bool abandoned_ = false;  // by the caller
  std::shared_ptr<CallInProgress> in_progress_;
};

}  // namespace imbot::rpc

#endif  // IMBOT_SERVICE_RPC_UPLOAD_CALL_H_
