#include "service/rpc/unary_rpc.h"

#include <grpcpp/impl/rpc_service_method.h>

#include <utility>

namespace imbot::rpc {

UnaryService::UnaryService(const Routes& routes) : routes_(routes) {
  for (int i = 0; i < static_cast<int>(routes_.unary().size()); ++i) {
    // gRPC owns the method, and keeps no copy of its path.
    AddMethod(new grpc::internal::RpcServiceMethod(routes_.unary()[static_cast<size_t>(i)]->path.c_str(),
                                                   grpc::internal::RpcMethod::NORMAL_RPC, nullptr));
    MarkMethodRaw(i);
  }
}

// One of each method: the next is awaited as soon as one has come, and gRPC as Debian builds it looks for each event
// among all that are awaited.
void UnaryService::Begin(const std::shared_ptr<CompletionThread>& thread) {
  for (int i = 0; i < static_cast<int>(routes_.unary().size()); ++i) new UnaryRpc(*this, i, thread);
}

UnaryRpc::UnaryRpc(UnaryService& service, int method, std::shared_ptr<CompletionThread> thread)
    : Rpc(context_, std::move(thread)), service_(service), method_(method) {
  service_.RequestAsyncUnary(method_, &context_, &request_, &writer_, &this->thread()->queue(),
                             &this->thread()->queue(), BeginAwaiting(&arrived_));
}

void UnaryRpc::OnArrived(bool ok) {
  // Otherwise the server is shutting down.
  if (ok) {
    Arrived();
    new UnaryRpc(service_, method_, thread());
    grpc::ByteBuffer request;  // gone when it has been read, however long the rpc takes
    request.Swap(&request_);
    SetReactor(service_.routes_.unary()[static_cast<size_t>(method_)]->start(*this, request));
  }
  End();
}

void UnaryRpc::SendEnd(const grpc::Status& status, void* tag) {
  writer_.FinishWithError(status, tag);
}

void UnaryRpc::SendEnd(const grpc::ByteBuffer& message, void* tag) {
  writer_.Finish(message, grpc::Status::OK, tag);
}

}  // namespace imbot::rpc
