// One client-streaming call: its first message names everything, each carries a piece of the file, which goes straight
// into the pipe to the portal. It reads no further than the pipe has room.
//
// It owns itself, like UnaryCall: gRPC holds it until OnDone, the handler until it has answered. The answer may come
// before the caller has sent everything (the portal refused), and then ends the call. Runs on gRPC's callback threads,
// on the portal's loop (room in the pipe), and on whatever thread the handler answers from. Never blocks.
#ifndef IMBOT_SERVICE_RPC_UPLOAD_CALL_H_
#define IMBOT_SERVICE_RPC_UPLOAD_CALL_H_

#include <grpcpp/alarm.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <memory>

#include "absl/status/status.h"
#include "service/base/mutex.h"
#include "service/rpc/call_frame.h"
#include "service/rpc/file_pipe.h"

namespace imbot::rpc {

class UploadCall final : public grpc::ServerReadReactor<grpc::ByteBuffer>,
                         public std::enable_shared_from_this<UploadCall> {
 public:
  // For gRPC's method handler. `context` and `response` are gRPC's, alive until OnDone.
  static grpc::ServerReadReactor<grpc::ByteBuffer>* Start(std::shared_ptr<const CallEnvironment> environment,
                                                          const translate::MethodSpec& method,
                                                          grpc::CallbackServerContext* context,
                                                          grpc::ByteBuffer* response) noexcept;

  void OnReadDone(bool ok) noexcept override;
  void OnCancel() noexcept override IMBOT_EXCLUDES(mutex_);
  void OnDone() noexcept override IMBOT_EXCLUDES(mutex_);

 private:
  UploadCall(std::shared_ptr<const CallEnvironment> environment, const translate::MethodSpec& method,
             grpc::CallbackServerContext* context, grpc::ByteBuffer* response);

  absl::Status TakeMessage();
  absl::Status TakeFirst(std::unique_ptr<google::protobuf::Message> message);
  absl::Status TakeEnd();
  void Read() IMBOT_EXCLUDES(mutex_);
  void OnSettled() IMBOT_EXCLUDES(mutex_);
  enum class Answerer { kReader, kHandler };
  void Answer(absl::Status status, std::unique_ptr<google::protobuf::Message> response, CallInfo info,
              Answerer answerer) IMBOT_EXCLUDES(mutex_);

  CallFrame frame_;
  grpc::ByteBuffer* const response_;  // not after the call has ended
  const std::shared_ptr<UploadPipe> pipe_ = std::make_shared<UploadPipe>();
  std::shared_ptr<UploadCall> self_;  // gRPC's hold; dropped in OnDone

  // Of the reading side, one callback at a time.
  grpc::ByteBuffer message_;
  Call call_;             // until it is handed over
  bool started_ = false;  // the handler has it
  grpc::Alarm end_of_stream_;

  base::Mutex mutex_;
  bool ended_ IMBOT_GUARDED_BY(mutex_) = false;
  bool abandoned_ IMBOT_GUARDED_BY(mutex_) = false;  // by the caller
  std::shared_ptr<CallInProgress> in_progress_ IMBOT_GUARDED_BY(mutex_);
};

}  // namespace imbot::rpc

#endif  // IMBOT_SERVICE_RPC_UPLOAD_CALL_H_
