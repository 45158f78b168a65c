// One server-streaming call: the handler finds the file, whose pieces come through a pipe and go out one message at a
// time, the next when gRPC has taken the last. A reader that stops lets the pipe fill, and thereby stops the portal.
//
// It owns itself, like UnaryCall. Runs on gRPC's callback threads, on the portal's loop (a piece in the pipe), and on
// whatever thread the handler answers from. Never blocks.
#ifndef IMBOT_SERVICE_RPC_DOWNLOAD_CALL_H_
#define IMBOT_SERVICE_RPC_DOWNLOAD_CALL_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "service/base/mutex.h"
#include "service/rpc/call_frame.h"
#include "service/rpc/file_pipe.h"

namespace imbot::rpc {

class DownloadCall final : public grpc::ServerWriteReactor<grpc::ByteBuffer>,
                           public std::enable_shared_from_this<DownloadCall> {
 public:
  // For gRPC's method handler. `context` and `request` are gRPC's, alive until OnDone.
  static grpc::ServerWriteReactor<grpc::ByteBuffer>* Start(std::shared_ptr<const CallEnvironment> environment,
                                                           const translate::MethodSpec& method,
                                                           grpc::CallbackServerContext* context,
                                                           const grpc::ByteBuffer& request) noexcept;

  void OnWriteDone(bool ok) noexcept override IMBOT_EXCLUDES(mutex_);
  void OnCancel() noexcept override IMBOT_EXCLUDES(mutex_);
  void OnDone() noexcept override IMBOT_EXCLUDES(mutex_);

 private:
  DownloadCall(std::shared_ptr<const CallEnvironment> environment, const translate::MethodSpec& method,
               grpc::CallbackServerContext* context);

  void Run(const grpc::ByteBuffer& request);
  // Writes the next piece, or ends the call if there won't be one.
  void Next() IMBOT_EXCLUDES(mutex_);
  // The handler's answer: OK once the pipe has got everything.
  void Answer(absl::Status status, CallInfo info) IMBOT_EXCLUDES(mutex_);

  CallFrame frame_;
  const std::shared_ptr<DownloadPipe> pipe_ = std::make_shared<DownloadPipe>();
  std::shared_ptr<DownloadCall> self_;  // gRPC's hold; dropped in OnDone
  grpc::ByteBuffer message_;            // being written

  base::Mutex mutex_;
  bool writing_ IMBOT_GUARDED_BY(mutex_) = false;
  bool described_ IMBOT_GUARDED_BY(mutex_) = false;  // the first message has gone out
  bool ended_ IMBOT_GUARDED_BY(mutex_) = false;
  bool abandoned_ IMBOT_GUARDED_BY(mutex_) = false;  // by the caller
  struct Ending {
    absl::Status status;
    CallInfo info;
  };
  std::optional<Ending> ending_ IMBOT_GUARDED_BY(mutex_);  // the handler's answer, until the pipe is empty
  std::shared_ptr<CallInProgress> in_progress_ IMBOT_GUARDED_BY(mutex_);
};

}  // namespace imbot::rpc

#endif  // IMBOT_SERVICE_RPC_DOWNLOAD_CALL_H_
