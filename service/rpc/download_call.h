// One server-streaming call: the handler finds the file, whose pieces come through a pipe and go out one message at a
// time, the next when gRPC has taken the last. A reader that stops lets the pipe fill, and thereby stops the portal.
//
// It owns itself, like UnaryCall, and lives on the rpc's completion thread, to which the portal's loop (a piece in the
// pipe) and the handler's answer come. Never blocks.
#ifndef IMBOT_SERVICE_RPC_DOWNLOAD_CALL_H_
#define IMBOT_SERVICE_RPC_DOWNLOAD_CALL_H_

#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "service/rpc/call_frame.h"
#include "service/rpc/file_pipe.h"
#include "service/rpc/stream_rpc.h"

namespace imbot::rpc {

class DownloadCall final : public StreamRpc::Reactor, public std::enable_shared_from_this<DownloadCall> {
 public:
  static std::shared_ptr<DownloadCall> Start(std::shared_ptr<const CallEnvironment> environment,
                                             const translate::MethodSpec& method, StreamRpc& rpc);

  void OnRead(bool ok, const grpc::ByteBuffer& message) override;
  void OnWritten(bool ok) override;
  void OnSettled() override;
  void OnCancelled() override;
  void OnDone() override;

 private:
  DownloadCall(std::shared_ptr<const CallEnvironment> environment, const translate::MethodSpec& method, StreamRpc& rpc);

  // Once there is a request, or it is clear that there won't be one: until then the call counts for nothing, so that
  // one that never comes to it holds up no shutdown.
  absl::Status Enter(Call* call);
  // Writes the next piece, or ends the call if there won't be one.
  void Next();
  // The next message; nothing if there is none, or not yet.
  std::unique_ptr<google::protobuf::Message> NextMessage();
  // The handler's answer: OK once the pipe has got everything.
  void Answer(absl::Status status, CallInfo info);

  CallFrame frame_;
  StreamRpc& rpc_;  // not after the call has ended
  const std::shared_ptr<CompletionThread> thread_;
  const std::shared_ptr<DownloadPipe> pipe_ = std::make_shared<DownloadPipe>();
  bool entered_ = false;
  bool writing_ = false;
  bool described_ = false;  // the first message has gone out
  bool ended_ = false;
  struct Ending {
    absl::Status status;
    CallInfo info;
  };
  std::optional<Ending> ending_;  // the handler's answer, until the pipe is empty
  std::shared_ptr<CallInProgress> in_progress_;
};

}  // namespace imbot::rpc

#endif  // IMBOT_SERVICE_RPC_DOWNLOAD_CALL_H_
