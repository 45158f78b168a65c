// An rpc of one message each way, and the service through which such rpcs come.
//
// The methods are known only at run time, so the service registers what generated code would: this is the one place
// that uses names of grpc::internal. (AsyncGenericService, which takes any method, costs each call one more operation
// and one more event, since it knows nothing of the one message.)
#ifndef IMBOT_SERVICE_RPC_UNARY_RPC_H_
#define IMBOT_SERVICE_RPC_UNARY_RPC_H_

#include <grpcpp/impl/service_type.h>
#include <grpcpp/support/async_unary_call.h>

#include <memory>

#include "service/rpc/routes.h"
#include "service/rpc/rpc.h"

namespace imbot::rpc {

// Every unary route of a server. Owned by whoever owns the server, and outlives it, as the routes outlive both.
class UnaryService final : public grpc::Service {
 public:
  explicit UnaryService(const Routes& routes);
  // Takes calls on `thread` from here on: once for each thread, before it is started.
  void Begin(const std::shared_ptr<CompletionThread>& thread);

 private:
  friend class UnaryRpc;
  using grpc::Service::RequestAsyncUnary;

  const Routes& routes_;
};

// Thread and lifetime as of Rpc.
class UnaryRpc final : public Rpc {
 private:
  friend class UnaryService;

  UnaryRpc(UnaryService& service, int method, std::shared_ptr<CompletionThread> thread);

  void SendEnd(const grpc::Status& status, void* tag) override;
  void SendEnd(const grpc::ByteBuffer& message, void* tag) override;
  void OnArrived(bool ok);

  UnaryService& service_;
  const int method_;  // its index among the routes
  grpc::ServerContext context_;
  grpc::ServerAsyncResponseWriter<grpc::ByteBuffer> writer_{&context_};
  grpc::ByteBuffer request_;  // until it has been read
  Tag<UnaryRpc> arrived_{*this, &UnaryRpc::OnArrived};
};

}  // namespace imbot::rpc

#endif  // IMBOT_SERVICE_RPC_UNARY_RPC_H_
