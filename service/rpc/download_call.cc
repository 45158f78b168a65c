#include "service/rpc/download_call.h"

#include <string>
#include <utility>

#include "service/rpc/submission.h"
#include "service/translate/file_stream.h"

namespace imbot::rpc {

std::shared_ptr<DownloadCall> DownloadCall::Start(std::shared_ptr<const CallEnvironment> environment,
                                                  const translate::MethodSpec& method, StreamRpc& rpc) {
  const std::shared_ptr<DownloadCall> call(new DownloadCall(std::move(environment), method, rpc));
  if (absl::Status refused = call->frame_.Enter(&call->call_); refused.ok()) {
    rpc.Read();
  } else {
    call->Answer(std::move(refused), {});
  }
  return call;
}

DownloadCall::DownloadCall(std::shared_ptr<const CallEnvironment> environment, const translate::MethodSpec& method,
                           StreamRpc& rpc)
    : frame_(std::move(environment), method, rpc), rpc_(rpc), thread_(rpc.thread()) {}

void DownloadCall::OnRead(bool ok, const grpc::ByteBuffer& message) {
  if (!ok) return rpc_.Settle();
  call_.request.reset(frame_.method().request_prototype->New());
  if (absl::Status refused = frame_.Parse(message, call_.request.get()); !refused.ok())
    return Answer(std::move(refused), {});
  call_.download = pipe_;
  started_ = true;
  std::shared_ptr<CallInProgress> in_progress = frame_.environment().handler.Start(
      std::move(call_), Reply([self = shared_from_this()](absl::Status status,
                                                          std::unique_ptr<google::protobuf::Message>, CallInfo info) {
        self->thread_->Run([self, status = std::move(status), info = std::move(info)]() mutable {
          self->Answer(std::move(status), std::move(info));
        });
      }));
  if (ended_) return;
  if (!ending_.has_value()) in_progress_ = std::move(in_progress);
  Next();
}

void DownloadCall::OnSettled() {
  Answer(frame_.NoMessage(), {});
}

void DownloadCall::Next() {
  if (ended_ || writing_) return;
  if (const auto message = NextMessage(); message != nullptr) {
    grpc::ByteBuffer bytes;
    absl::Status status = frame_.Serialize(*message, &bytes);
    if (status.ok()) {
      writing_ = true;
      return rpc_.Write(bytes);
    }
    ending_ = Ending{std::move(status), {}};
  }
  // What has arrived goes out before an error does.
  if (!ending_.has_value()) return;
  ended_ = true;
  frame_.End(ending_->status, std::move(ending_->info));
  pipe_->Abort();
}

std::unique_ptr<google::protobuf::Message> DownloadCall::NextMessage() {
  std::optional<std::string> piece = pipe_->Pop([self = weak_from_this(), thread = thread_] {
    thread->Run([self] {
      if (const auto alive = self.lock()) alive->Next();
    });
  });
  const bool whole = ending_.has_value() && ending_->status.ok();
  const auto head = pipe_->head();
  // An empty file has its first message too.
  if (!piece.has_value() && whole && !described_ && head.has_value()) piece.emplace();
  if (!piece.has_value()) return nullptr;
  auto message = translate::MakeChunk(frame_.method(), *piece);
  if (!std::exchange(described_, true) && head.has_value())
    translate::DescribeContent(head->size, head->content_type, message.get());
  return message;
}

void DownloadCall::OnWritten(bool) {
  writing_ = false;
  // If it failed, the notice that the caller has gone comes too.
  Next();
}

void DownloadCall::Answer(absl::Status status, CallInfo info) {
  in_progress_ = nullptr;
  // The caller has gone: what is left is to write down what became of the call.
  if (ended_) return frame_.AnswerLate(status, std::move(info));
  ending_ = Ending{std::move(status), std::move(info)};
  Next();
}

void DownloadCall::OnCancelled() {
  if (std::exchange(ended_, true)) return;
  frame_.Abandon();
  const std::shared_ptr<CallInProgress> in_progress = std::move(in_progress_);
  pipe_->Abort();
  if (in_progress != nullptr) in_progress->Cancel();
  if (ending_.has_value()) {
    // The handler has answered, and nobody will again.
    frame_.AnswerLate(ending_->status, std::move(ending_->info));
  } else if (!started_) {
    frame_.AnswerLate(CancelledBeforeSent(), {});
  }
}

void DownloadCall::OnDone() {
  frame_.Leave();
}

}  // namespace imbot::rpc
