// Answers every rpc that no service of the server has: UNIMPLEMENTED, with the reason and the request id that every
// error of the gateway carries, which gRPC's own answer lacks.
#ifndef IMBOT_SERVICE_RPC_UNKNOWN_METHODS_H_
#define IMBOT_SERVICE_RPC_UNKNOWN_METHODS_H_

#include <memory>

#include "service/rpc/call_frame.h"
#include "service/rpc/routes.h"

namespace imbot::rpc {

void AddUnknownRoute(std::shared_ptr<const CallEnvironment> environment, Routes* routes);

}  // namespace imbot::rpc

#endif  // IMBOT_SERVICE_RPC_UNKNOWN_METHODS_H_
