#include "service/rpc/upload_call.h"

#include <grpc/support/time.h>

#include <chrono>
#include <string>
#include <utility>

#include "service/base/error.h"
#include "service/base/strings.h"
#include "service/translate/file_stream.h"

namespace imbot::rpc {

using base::Error;

namespace {

constexpr std::chrono::milliseconds kSettle{20};

}  // namespace

grpc::ServerReadReactor<grpc::ByteBuffer>* UploadCall::Start(std::shared_ptr<const CallEnvironment> environment,
                                                             const translate::MethodSpec& method,
                                                             grpc::CallbackServerContext* context,
                                                             grpc::ByteBuffer* response) noexcept {
  const std::shared_ptr<UploadCall> call(new UploadCall(std::move(environment), method, context, response));
  call->self_ = call;
  absl::Status refused;
  {
    // OnCancel may come meanwhile.
    base::MutexLock lock(call->mutex_);
    refused = call->frame_.Enter(&call->call_);
  }
  if (refused.ok()) {
    call->Read();
  } else {
    call->Answer(std::move(refused), nullptr, {}, Answerer::kReader);
  }
  return call.get();
}

UploadCall::UploadCall(std::shared_ptr<const CallEnvironment> environment, const translate::MethodSpec& method,
                       grpc::CallbackServerContext* context, grpc::ByteBuffer* response)
    : frame_(std::move(environment), method, context), response_(response) {}

void UploadCall::Read() {
  base::MutexLock lock(mutex_);
  // After Finish() nothing may be started. StartRead calls nothing back from inside.
  if (!ended_) StartRead(&message_);
}

void UploadCall::OnReadDone(bool ok) noexcept {
  absl::Status status = ok ? TakeMessage() : TakeEnd();
  if (!status.ok()) Answer(std::move(status), nullptr, {}, Answerer::kReader);
}

absl::Status UploadCall::TakeMessage() {
  const translate::MethodSpec& method = frame_.method();
  std::unique_ptr<google::protobuf::Message> message(method.request_prototype->New());
  absl::Status status = frame_.Parse(message_, message.get());
  message_.Clear();
  if (!status.ok()) return status;
  std::string piece = translate::TakeChunk(method, message.get());
  const int64_t most = translate::MaxContent(method);
  if (most > 0 && pipe_->size() + piece.size() > static_cast<uint64_t>(most)) {
    return Error(absl::StatusCode::kInvalidArgument, "FILE_SIZE_EXCEEDED",
                 base::StrCat(method.name(), ": the file is larger than ", most, " bytes, which is all Bitrix24 takes"))
        .Violation(translate::ChunkPath(method), base::StrCat("must have at most ", most, " bytes in all"))
        .Build();
  }
  status = started_ ? translate::CheckLaterMessage(method, *message) : TakeFirst(std::move(message));
  if (!status.ok()) return status;
  const bool room = pipe_->Push(std::move(piece), [self = std::weak_ptr<UploadCall>(shared_from_this())] {
    if (const auto alive = self.lock()) alive->Read();
  });
  if (room) Read();
  return absl::OkStatus();
}

absl::Status UploadCall::TakeFirst(std::unique_ptr<google::protobuf::Message> message) {
  started_ = true;
  call_.request = std::move(message);
  call_.upload = pipe_;
  std::shared_ptr<CallInProgress> in_progress = frame_.environment().handler.Start(
      std::move(call_),
      Reply([self = shared_from_this()](absl::Status status, std::unique_ptr<google::protobuf::Message> response,
                                        CallInfo info) {
        self->Answer(std::move(status), std::move(response), std::move(info), Answerer::kHandler);
      }));
  bool abandoned = false;
  {
    base::MutexLock lock(mutex_);
    abandoned = abandoned_;
    if (!ended_) in_progress_ = in_progress;
  }
  // The caller went away while it was started.
  if (abandoned && in_progress != nullptr) in_progress->Cancel();
  return absl::OkStatus();
}

// The caller has sent everything, or has gone: gRPC says both in the same way.
absl::Status UploadCall::TakeEnd() {
  const translate::MethodSpec& method = frame_.method();
  if (!started_) {
    return Error(absl::StatusCode::kInvalidArgument, "STREAM_PROTOCOL",
                 base::StrCat(method.name(), ": the stream ended without a message; the first one names everything"))
        .Build();
  }
  // That a caller has gone comes as a notice of its own, at about the same time. The file is not whole then, so its end
  // waits for that notice.
  end_of_stream_.Set(gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_millis(kSettle.count(), GPR_TIMESPAN)),
                     // The alarm keeps this for as long as it lives, which is as long as the call does.
                     [self = weak_from_this()](bool) {
                       if (const auto alive = self.lock()) alive->OnSettled();
                     });
  return absl::OkStatus();
}

void UploadCall::OnSettled() {
  {
    base::MutexLock lock(mutex_);
    if (ended_) return;
  }
  if (pipe_->size() > 0) return pipe_->Finish();
  const translate::MethodSpec& method = frame_.method();
  Answer(Error(absl::StatusCode::kInvalidArgument, "VALIDATION_FAILED",
               base::StrCat(method.name(), ": the file is empty, which Bitrix24 does not take"))
             .Violation(translate::ChunkPath(method), "is required: at least one byte in all")
             .Build(),
         nullptr, {}, Answerer::kReader);
}

void UploadCall::Answer(absl::Status status, std::unique_ptr<google::protobuf::Message> response, CallInfo info,
                        Answerer answerer) {
  bool late = false;
  bool abandoned = false;
  std::shared_ptr<CallInProgress> in_progress;  // destroyed outside the lock
  {
    base::MutexLock lock(mutex_);
    late = std::exchange(ended_, true);
    abandoned = abandoned_;
    in_progress.swap(in_progress_);
  }
  if (late) {
    // What became of a call whose caller has gone is for the handler to say, if it ever got it.
    if (abandoned && (answerer == Answerer::kHandler) == started_) frame_.AnswerLate(status, std::move(info));
    return;
  }
  if (status.ok())
    status = response == nullptr ? absl::InternalError("no response") : frame_.Serialize(*response, response_);
  Finish(frame_.End(std::move(status), std::move(info)));
  // If the portal has not got everything, it won't.
  pipe_->Abort();
  if (in_progress != nullptr) in_progress->Cancel();
}

void UploadCall::OnCancel() noexcept {
  std::shared_ptr<CallInProgress> in_progress;
  {
    base::MutexLock lock(mutex_);
    if (std::exchange(ended_, true)) return;
    abandoned_ = true;
    in_progress.swap(in_progress_);
    frame_.Abandon();
  }
  pipe_->Abort();
  if (in_progress != nullptr) in_progress->Cancel();
  Finish(grpc::Status::CANCELLED);
}

void UploadCall::OnDone() noexcept {
  {
    base::MutexLock lock(mutex_);
    frame_.Leave();
  }
  self_.reset();  // may delete this
}

}  // namespace imbot::rpc
