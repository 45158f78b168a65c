#include "service/rpc/upload_call.h"

#include <string>
#include <utility>

#include "service/base/error.h"
#include "service/base/strings.h"
#include "service/rpc/submission.h"
#include "service/translate/file_stream.h"

namespace imbot::rpc {

using base::Error;

std::shared_ptr<UploadCall> UploadCall::Start(std::shared_ptr<const CallEnvironment> environment,
                                              const translate::MethodSpec& method, StreamRpc& rpc) {
  const std::shared_ptr<UploadCall> call(new UploadCall(std::move(environment), method, rpc));
  if (absl::Status refused = call->frame_.Enter(&call->call_); refused.ok()) {
    rpc.Read();
  } else {
    call->End(std::move(refused), nullptr, {});
  }
  return call;
}

UploadCall::UploadCall(std::shared_ptr<const CallEnvironment> environment, const translate::MethodSpec& method,
                       StreamRpc& rpc)
    : frame_(std::move(environment), method, rpc), rpc_(rpc), thread_(rpc.thread()) {}

void UploadCall::OnRead(bool ok, const grpc::ByteBuffer& message) {
  // What comes after the answer was under way already.
  if (ended_) return;
  // The file of a caller that has gone is not whole.
  if (!ok) return rpc_.Settle();
  if (absl::Status status = TakeMessage(message); !status.ok()) End(std::move(status), nullptr, {});
}

absl::Status UploadCall::TakeMessage(const grpc::ByteBuffer& bytes) {
  const translate::MethodSpec& method = frame_.method();
  std::unique_ptr<google::protobuf::Message> message(method.request_prototype->New());
  if (absl::Status status = frame_.Parse(bytes, message.get()); !status.ok()) return status;
  std::string piece = translate::TakeChunk(method, message.get());
  const int64_t most = translate::MaxContent(method);
  if (most > 0 && pipe_->size() + piece.size() > static_cast<uint64_t>(most)) {
    return Error(absl::StatusCode::kInvalidArgument, "FILE_SIZE_EXCEEDED",
                 base::StrCat(method.name(), ": the file is larger than ", most, " bytes, which is all Bitrix24 takes"))
        .Violation(translate::ChunkPath(method), base::StrCat("must have at most ", most, " bytes in all"))
        .Build();
  }
  if (!started_) {
    TakeFirst(std::move(message));
    if (ended_) return absl::OkStatus();
  } else if (absl::Status status = translate::CheckLaterMessage(method, *message); !status.ok()) {
    return status;
  }
  // From the portal's loop, when it has made room.
  const auto on_room = [self = weak_from_this(), thread = thread_] {
    thread->Run([self] {
      if (const auto alive = self.lock(); alive != nullptr && !alive->ended_) alive->rpc_.Read();
    });
  };
  if (pipe_->Push(std::move(piece), on_room)) rpc_.Read();
  return absl::OkStatus();
}

void UploadCall::TakeFirst(std::unique_ptr<google::protobuf::Message> message) {
  started_ = true;
  call_.request = std::move(message);
  call_.upload = pipe_;
  std::shared_ptr<CallInProgress> in_progress = frame_.environment().handler.Start(
      std::move(call_),
      Reply([self = shared_from_this()](absl::Status status, std::unique_ptr<google::protobuf::Message> response,
                                        CallInfo info) {
        self->thread_->Run(
            [self, status = std::move(status), response = std::move(response), info = std::move(info)]() mutable {
              self->End(std::move(status), std::move(response), std::move(info));
            });
      }));
  if (!ended_) in_progress_ = std::move(in_progress);
}

void UploadCall::OnSettled() {
  if (pipe_->size() > 0) return pipe_->Finish();
  const translate::MethodSpec& method = frame_.method();
  if (!started_) {
    return End(
        Error(absl::StatusCode::kInvalidArgument, "STREAM_PROTOCOL",
              base::StrCat(method.name(), ": the stream ended without a message; the first one names everything"))
            .Build(),
        nullptr, {});
  }
  End(Error(absl::StatusCode::kInvalidArgument, "VALIDATION_FAILED",
            base::StrCat(method.name(), ": the file is empty, which Bitrix24 does not take"))
          .Violation(translate::ChunkPath(method), "is required: at least one byte in all")
          .Build(),
      nullptr, {});
}

void UploadCall::End(absl::Status status, std::unique_ptr<google::protobuf::Message> response, CallInfo info) {
  const std::shared_ptr<CallInProgress> in_progress = std::move(in_progress_);
  if (ended_) {
    // What became of a call whose caller has gone is for the handler to say.
    if (abandoned_) frame_.AnswerLate(status, std::move(info));
    return;
  }
  ended_ = true;
  frame_.EndWith(response.get(), std::move(status), std::move(info));
  // If the portal has not got everything, it won't.
  pipe_->Abort();
  if (in_progress != nullptr) in_progress->Cancel();
}

void UploadCall::OnCancelled() {
  if (std::exchange(ended_, true)) return;
  abandoned_ = true;
  frame_.Abandon();
  const std::shared_ptr<CallInProgress> in_progress = std::move(in_progress_);
  pipe_->Abort();
  if (in_progress != nullptr) in_progress->Cancel();
  // Nobody else has anything to say of a call that was not handed over.
  if (!started_) frame_.AnswerLate(CancelledBeforeSent(), {});
}

void UploadCall::OnDone() {
  frame_.Leave();
}

}  // namespace imbot::rpc
