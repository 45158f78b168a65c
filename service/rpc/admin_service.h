// imbot.gateway.v1.AdminService as gRPC sees it. Owned by whoever owns the server, and outlives it.
#ifndef IMBOT_SERVICE_RPC_ADMIN_SERVICE_H_
#define IMBOT_SERVICE_RPC_ADMIN_SERVICE_H_

#include <memory>
#include <string>
#include <vector>

#include "service/rpc/dynamic_service.h"

namespace imbot::rpc {

class AdminService {
 public:
  // The environment's handler takes every request of AdminService: an AdminHandler.
  explicit AdminService(std::shared_ptr<const CallEnvironment> environment);

  grpc::Service* service() { return &service_; }
  // Full name, for health and reflection.
  static const std::string& name();

 private:
  std::vector<std::unique_ptr<const translate::MethodSpec>> methods_;  // do not move: gRPC keeps their paths
  DynamicService service_;
};

}  // namespace imbot::rpc

#endif  // IMBOT_SERVICE_RPC_ADMIN_SERVICE_H_
