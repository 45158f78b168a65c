// imbot.gateway.v1.AdminService as gRPC sees it. Owned by whoever owns the server, and outlives it.
#ifndef IMBOT_SERVICE_RPC_ADMIN_SERVICE_H_
#define IMBOT_SERVICE_RPC_ADMIN_SERVICE_H_

#include <memory>
#include <string>
#include <vector>

#include "service/rpc/call_frame.h"
#include "service/rpc/routes.h"
#include "service/translate/method_table.h"

namespace imbot::rpc {

class AdminService {
 public:
  AdminService();

  // The environment's handler takes every request of AdminService: an AdminHandler.
  void AddTo(Routes* routes, const std::shared_ptr<const CallEnvironment>& environment) const;
  // Full name, for health and reflection.
  static const std::string& name();

 private:
  std::vector<std::unique_ptr<const translate::MethodSpec>> methods_;  // do not move: routes refer to them
};

}  // namespace imbot::rpc

#endif  // IMBOT_SERVICE_RPC_ADMIN_SERVICE_H_
