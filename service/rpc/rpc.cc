#include "service/rpc/rpc.h"

#include <utility>

namespace imbot::rpc {

Rpc::Rpc(grpc::ServerContext& context, std::shared_ptr<CompletionThread> thread)
    : context_(context), thread_(std::move(thread)) {
  thread_->Enter();
}

Rpc::~Rpc() {
  thread_->Leave();
}

void* Rpc::BeginAwaiting(CompletionThread::Event* arrived) {
  // Comes back only if a call does, and after it.
  context_.AsyncNotifyWhenDone(static_cast<CompletionThread::Event*>(&over_));
  return Begin(arrived);
}

void* Rpc::Begin(CompletionThread::Event* event) {
  ++awaited_;
  return event;
}

void Rpc::End() {
  if (--awaited_ > 0) return;
  const std::shared_ptr<Reactor> reactor = std::move(reactor_);
  delete this;
  if (reactor != nullptr) reactor->OnDone();
}

void Rpc::Finish(const grpc::Status& status) {
  if (std::exchange(finished_, true)) return;
  thread_->BeforeAnswer(context_);
  SendEnd(status, Begin(&finish_));
}

void Rpc::Finish(const grpc::ByteBuffer& message) {
  if (std::exchange(finished_, true)) return;
  thread_->BeforeAnswer(context_);
  SendEnd(message, Begin(&finish_));
}

void Rpc::OnOver(bool) {
  if (!finished_) {
    cancelled_ = true;
    const bool may_end = OnGone();
    reactor_->OnCancelled();
    // gRPC wants an end all the same, though it goes nowhere.
    if (may_end) Finish(grpc::Status::CANCELLED);
  }
  End();
}

}  // namespace imbot::rpc
