#include "service/rpc/unary_call.h"

#include <utility>

namespace imbot::rpc {

std::shared_ptr<UnaryCall> UnaryCall::Start(std::shared_ptr<const CallEnvironment> environment,
                                            const translate::MethodSpec& method, Rpc& rpc,
                                            const grpc::ByteBuffer& request) {
  auto call = std::make_shared<UnaryCall>(OnlyStart(), std::move(environment), method, rpc);
  call->Run(request);
  return call;
}

UnaryCall::UnaryCall(OnlyStart, std::shared_ptr<const CallEnvironment> environment, const translate::MethodSpec& method,
                     Rpc& rpc)
    : frame_(std::move(environment), method, rpc), thread_(rpc.thread()) {}

void UnaryCall::Run(const grpc::ByteBuffer& request) {
  Call call;
  absl::Status refused = frame_.Enter(&call);
  if (refused.ok()) {
    call.request.reset(frame_.method().request_prototype->New());
    refused = frame_.Parse(request, call.request.get());
  }
  if (!refused.ok()) return End(std::move(refused), nullptr, {});
  std::shared_ptr<CallInProgress> in_progress = frame_.environment().handler.Start(
      std::move(call),
      Reply([self = shared_from_this()](absl::Status status, std::unique_ptr<google::protobuf::Message> response,
                                        CallInfo info) {
        self->Answer(std::move(status), std::move(response), std::move(info));
      }));
  if (!ended_) in_progress_ = std::move(in_progress);
}

void UnaryCall::Answer(absl::Status status, std::unique_ptr<google::protobuf::Message> response, CallInfo info) {
  answer_ = std::make_unique<Answered>(Answered{std::move(status), std::move(response), std::move(info)});
  thread_->Run([self = shared_from_this()] {
    const std::unique_ptr<Answered> answer = std::move(self->answer_);
    self->End(std::move(answer->status), std::move(answer->response), std::move(answer->info));
  });
}

void UnaryCall::End(absl::Status status, std::unique_ptr<google::protobuf::Message> response, CallInfo info) {
  in_progress_ = nullptr;
  // The caller has gone: what is left is to write down what became of the call.
  if (ended_) return frame_.AnswerLate(status, std::move(info));
  ended_ = true;
  frame_.EndWith(response.get(), std::move(status), std::move(info));
}

void UnaryCall::OnCancelled() {
  if (std::exchange(ended_, true)) return;
  frame_.Abandon();
  const std::shared_ptr<CallInProgress> in_progress = std::move(in_progress_);
  if (in_progress != nullptr) in_progress->Cancel();
}

void UnaryCall::OnDone() {
  frame_.Leave();
}

}  // namespace imbot::rpc
