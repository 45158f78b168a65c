#include "service/rpc/download_call.h"

#include <string>
#include <utility>

#include "service/translate/file_stream.h"

namespace imbot::rpc {

grpc::ServerWriteReactor<grpc::ByteBuffer>* DownloadCall::Start(std::shared_ptr<const CallEnvironment> environment,
                                                                const translate::MethodSpec& method,
                                                                grpc::CallbackServerContext* context,
                                                                const grpc::ByteBuffer& request) noexcept {
  const std::shared_ptr<DownloadCall> call(new DownloadCall(std::move(environment), method, context));
  call->self_ = call;
  call->Run(request);
  return call.get();
}

DownloadCall::DownloadCall(std::shared_ptr<const CallEnvironment> environment, const translate::MethodSpec& method,
                           grpc::CallbackServerContext* context)
    : frame_(std::move(environment), method, context) {}

void DownloadCall::Run(const grpc::ByteBuffer& request) {
  Call call;
  absl::Status refused;
  {
    // OnCancel may come meanwhile.
    base::MutexLock lock(mutex_);
    refused = frame_.Enter(&call);
  }
  if (refused.ok()) {
    call.request.reset(frame_.method().request_prototype->New());
    refused = frame_.Parse(request, call.request.get());
  }
  if (!refused.ok()) return Answer(std::move(refused), {});
  call.download = pipe_;
  std::shared_ptr<CallInProgress> in_progress = frame_.environment().handler.Start(
      std::move(call),
      Reply([self = shared_from_this()](absl::Status status, std::unique_ptr<google::protobuf::Message>,
                                        CallInfo info) { self->Answer(std::move(status), std::move(info)); }));
  bool abandoned = false;
  {
    base::MutexLock lock(mutex_);
    abandoned = abandoned_;
    if (!ended_) in_progress_ = in_progress;
  }
  // The caller went away while it was started.
  if (abandoned && in_progress != nullptr) in_progress->Cancel();
  Next();
}

void DownloadCall::Next() {
  std::optional<Ending> ending;
  {
    base::MutexLock lock(mutex_);
    if (ended_ || writing_) return;
    std::optional<std::string> piece = pipe_->Pop([self = std::weak_ptr<DownloadCall>(shared_from_this())] {
      if (const auto alive = self.lock()) alive->Next();
    });
    const bool whole = ending_.has_value() && ending_->status.ok();
    const auto head = pipe_->head();
    // An empty file has its first message too.
    if (!piece.has_value() && whole && !described_ && head.has_value()) piece.emplace();
    if (piece.has_value()) {
      const auto message = translate::MakeChunk(frame_.method(), *piece);
      if (!std::exchange(described_, true) && head.has_value())
        translate::DescribeContent(head->size, head->content_type, message.get());
      const absl::Status status = frame_.Serialize(*message, &message_);
      if (status.ok()) {
        writing_ = true;
        // After Finish() nothing may be started. StartWrite calls nothing back from inside.
        StartWrite(&message_);
        return;
      }
      ending_ = Ending{status, {}};
    }
    // What has arrived goes out before an error does.
    if (!ending_.has_value()) return;
    ended_ = true;
    ending.swap(ending_);
  }
  Finish(frame_.End(std::move(ending->status), std::move(ending->info)));
  pipe_->Abort();
}

void DownloadCall::OnWriteDone(bool) noexcept {
  {
    base::MutexLock lock(mutex_);
    writing_ = false;
    message_.Clear();
  }
  // If it failed, OnCancel has come or will.
  Next();
}

void DownloadCall::Answer(absl::Status status, CallInfo info) {
  std::shared_ptr<CallInProgress> in_progress;  // destroyed outside the lock
  Ending ending{std::move(status), std::move(info)};
  bool late = false;
  {
    base::MutexLock lock(mutex_);
    in_progress.swap(in_progress_);
    late = ended_;
    if (!late) std::swap(ending_.emplace(), ending);
  }
  // The caller has gone: what is left is to write down what became of the call.
  if (late) return frame_.AnswerLate(ending.status, std::move(ending.info));
  Next();
}

void DownloadCall::OnCancel() noexcept {
  std::shared_ptr<CallInProgress> in_progress;
  std::optional<Ending> ending;
  {
    base::MutexLock lock(mutex_);
    if (std::exchange(ended_, true)) return;
    abandoned_ = true;
    in_progress.swap(in_progress_);
    ending.swap(ending_);
    frame_.Abandon();
  }
  pipe_->Abort();
  if (in_progress != nullptr) in_progress->Cancel();
  // The handler has answered, and nobody will again.
  if (ending.has_value()) frame_.AnswerLate(ending->status, std::move(ending->info));
  Finish(grpc::Status::CANCELLED);
}

void DownloadCall::OnDone() noexcept {
  {
    base::MutexLock lock(mutex_);
    frame_.Leave();
  }
  self_.reset();  // may delete this
}

}  // namespace imbot::rpc
