// Answers every rpc that no service of the server has: UNIMPLEMENTED, with the reason and the request id that every
// error of the gateway carries, which gRPC's own answer lacks.
//
// Owned by whoever owns the server, and outlives it. Thread-safe.
#ifndef IMBOT_SERVICE_RPC_UNKNOWN_METHODS_H_
#define IMBOT_SERVICE_RPC_UNKNOWN_METHODS_H_

#include <grpcpp/generic/async_generic_service.h>

#include <memory>

#include "service/rpc/unary_call.h"

namespace imbot::rpc {

class UnknownMethods final : public grpc::CallbackGenericService {
 public:
  explicit UnknownMethods(std::shared_ptr<const CallEnvironment> environment) : environment_(std::move(environment)) {}

  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) noexcept override;

 private:
  const std::shared_ptr<const CallEnvironment> environment_;
};

}  // namespace imbot::rpc

#endif  // IMBOT_SERVICE_RPC_UNKNOWN_METHODS_H_
