#include "service/rpc/unary_call.h"

#include <utility>

namespace imbot::rpc {

grpc::ServerUnaryReactor* UnaryCall::Start(std::shared_ptr<const CallEnvironment> environment,
                                           const translate::MethodSpec& method, grpc::CallbackServerContext* context,
                                           const grpc::ByteBuffer& request, grpc::ByteBuffer* response) noexcept {
  const auto call = std::make_shared<UnaryCall>(OnlyStart(), std::move(environment), method, context, response);
  call->self_ = call;
  call->Run(request);
  // OnDone waits until the method handler, which runs this, has returned: `self_` is still there.
  return call.get();
}

UnaryCall::UnaryCall(OnlyStart, std::shared_ptr<const CallEnvironment> environment, const translate::MethodSpec& method,
                     grpc::CallbackServerContext* context, grpc::ByteBuffer* response)
    : frame_(std::move(environment), method, context), response_(response) {}

void UnaryCall::Run(const grpc::ByteBuffer& request) {
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
  if (!refused.ok()) return Answer(std::move(refused), nullptr, {});
  std::shared_ptr<CallInProgress> in_progress = frame_.environment().handler.Start(
      std::move(call),
      Reply([self = shared_from_this()](absl::Status status, std::unique_ptr<google::protobuf::Message> response,
                                        CallInfo info) {
        self->Answer(std::move(status), std::move(response), std::move(info));
      }));
  bool abandoned = false;
  {
    base::MutexLock lock(mutex_);
    abandoned = abandoned_;
    if (!ended_) in_progress_ = in_progress;
  }
  // The caller went away while it was started.
  if (abandoned && in_progress != nullptr) in_progress->Cancel();
}

void UnaryCall::Answer(absl::Status status, std::unique_ptr<google::protobuf::Message> response, CallInfo info) {
  bool late = false;
  std::shared_ptr<CallInProgress> in_progress;  // destroyed outside the lock
  {
    base::MutexLock lock(mutex_);
    late = std::exchange(ended_, true);
    in_progress.swap(in_progress_);
  }
  // The caller has gone: what is left is to write down what became of the call.
  if (late) return frame_.AnswerLate(status, std::move(info));
  if (status.ok())
    status = response == nullptr ? absl::InternalError("no response") : frame_.Serialize(*response, response_);
  Finish(frame_.End(std::move(status), std::move(info)));
}

void UnaryCall::OnCancel() noexcept {
  std::shared_ptr<CallInProgress> in_progress;
  {
    base::MutexLock lock(mutex_);
    if (std::exchange(ended_, true)) return;
    abandoned_ = true;
    in_progress.swap(in_progress_);
    // Under the lock: the answer that comes late reads what this writes.
    frame_.Abandon();
  }
  if (in_progress != nullptr) in_progress->Cancel();
  // What the status says no longer matters: the caller has its own.
  Finish(grpc::Status::CANCELLED);
}

void UnaryCall::OnDone() noexcept {
  {
    base::MutexLock lock(mutex_);
    frame_.Leave();
  }
  self_.reset();  // may delete this
}

}  // namespace imbot::rpc
