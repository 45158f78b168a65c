// imbot.gateway.v1.AdminService as gRPC sees it. Pure functions over what lives as long as the process, since an answer
// may come when the server has gone.
#ifndef IMBOT_SERVICE_RPC_ADMIN_SERVICE_H_
#define IMBOT_SERVICE_RPC_ADMIN_SERVICE_H_

#include <memory>
#include <string>

#include "service/rpc/call_frame.h"
#include "service/rpc/routes.h"

namespace imbot::rpc {

// The environment's handler takes every request of AdminService: an AdminHandler.
void AddAdminRoutes(const std::shared_ptr<const CallEnvironment>& environment, Routes* routes);
// Full name, for health and reflection.
const std::string& AdminServiceName();

}  // namespace imbot::rpc

#endif  // IMBOT_SERVICE_RPC_ADMIN_SERVICE_H_
