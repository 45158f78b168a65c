#include "service/rpc/download_call.h"

#include <string>
#include <utility>

#include "service/translate/file_stream.h"

namespace imbot::rpc {

std::shared_ptr<DownloadCall> DownloadCall::Start(std::shared_ptr<const CallEnvironment> environment,
                                                  const translate::MethodSpec& method, StreamRpc& rpc) {
  const std::shared_ptr<DownloadCall> call(new DownloadCall(std::move(environment), method, rpc));
  rpc.Read();
  return call;
}

DownloadCall::DownloadCall(std::shared_ptr<const CallEnvironment> environment, const translate::MethodSpec& method,
                           StreamRpc& rpc)
    : frame_(std::move(environment), method, rpc), rpc_(rpc), thread_(rpc.thread()) {}

void DownloadCall::OnRead(bool ok, const grpc::ByteBuffer& message) {
  if (!ok) return rpc_.Settle();
  Call call;
  absl::Status refused = Enter(&call);
  if (refused.ok()) {
    call.request.reset(frame_.method().request_prototype->New());
    refused = frame_.Parse(message, call.request.get());
  }
  if (!refused.ok()) return Answer(std::move(refused), {});
  call.download = pipe_;
  std::shared_ptr<CallInProgress> in_progress = frame_.environment().handler.Start(
      std::move(call), Reply([self = shared_from_this()](absl::Status status,
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
  Call call;
  absl::Status refused = Enter(&call);
  Answer(refused.ok() ? frame_.NoMessage() : std::move(refused), {});
}

absl::Status DownloadCall::Enter(Call* call) {
  entered_ = true;
  return frame_.Enter(call);
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
  if (std::exchange(ended_, true) || !entered_) return;
  frame_.Abandon();
  const std::shared_ptr<CallInProgress> in_progress = std::move(in_progress_);
  pipe_->Abort();
  if (in_progress != nullptr) in_progress->Cancel();
  // The handler has answered, and nobody will again.
  if (ending_.has_value()) frame_.AnswerLate(ending_->status, std::move(ending_->info));
}

void DownloadCall::OnDone() {
  frame_.Leave();
}

}  // namespace imbot::rpc
