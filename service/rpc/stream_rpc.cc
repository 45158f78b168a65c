#include "service/rpc/stream_rpc.h"

#include <grpc/support/time.h>

#include <chrono>
#include <utility>

#include "service/rpc/routes.h"

namespace imbot::rpc {
namespace {

constexpr std::chrono::milliseconds kSettle{20};

}  // namespace

void StreamRpc::Await(grpc::AsyncGenericService& service, const Routes& routes,
                      std::shared_ptr<CompletionThread> thread) {
  new StreamRpc(service, routes, std::move(thread));
}

StreamRpc::StreamRpc(grpc::AsyncGenericService& service, const Routes& routes, std::shared_ptr<CompletionThread> thread)
    : Rpc(context_, std::move(thread)), service_(service), routes_(routes) {
  service_.RequestCall(&context_, &stream_, &this->thread()->queue(), &this->thread()->queue(),
                       BeginAwaiting(&arrived_));
}

void StreamRpc::OnArrived(bool ok) {
  // Otherwise the server is shutting down.
  if (ok) {
    Arrived();
    Await(service_, routes_, thread());
    auto reactor = routes_.StartStream(*this);
    reactor_ = reactor.get();
    SetReactor(std::move(reactor));
  }
  End();
}

void StreamRpc::Read() {
  if (!over()) stream_.Read(&message_, Begin(&read_));
}

void StreamRpc::OnRead(bool ok) {
  grpc::ByteBuffer message;  // gone when it has been read, however long the rpc takes
  message.Swap(&message_);
  if (!over()) reactor_->OnRead(ok, message);
  End();
}

void StreamRpc::Write(const grpc::ByteBuffer& message) {
  if (over()) return;
  writing_ = true;
  stream_.Write(message, Begin(&written_));
}

void StreamRpc::OnWritten(bool ok) {
  writing_ = false;
  if (cancelled()) {
    Finish(grpc::Status::CANCELLED);
  } else {
    reactor_->OnWritten(ok);
  }
  End();
}

void StreamRpc::Settle() {
  if (over()) return;
  settle_.emplace();
  settle_->Set(&thread()->queue(),
               gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_millis(kSettle.count(), GPR_TIMESPAN)),
               Begin(&settled_));
}

void StreamRpc::OnSettled(bool) {
  if (!over()) reactor_->OnSettled();
  End();
}

void StreamRpc::SendEnd(const grpc::Status& status, void* tag) {
  stream_.Finish(status, tag);
}

void StreamRpc::SendEnd(const grpc::ByteBuffer& message, void* tag) {
  stream_.WriteAndFinish(message, grpc::WriteOptions(), grpc::Status::OK, tag);
}

bool StreamRpc::OnGone() {
  if (settle_.has_value()) settle_->Cancel();
  // No end beside a message.
  return !writing_;
}

}  // namespace imbot::rpc
