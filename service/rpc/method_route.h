// Adds methods of the contract to the routes of a server, from their descriptors: unary ones are served by UnaryCall,
// uploads (client streams) by UploadCall, downloads (server streams) by DownloadCall.
#ifndef IMBOT_SERVICE_RPC_METHOD_ROUTE_H_
#define IMBOT_SERVICE_RPC_METHOD_ROUTE_H_

#include <memory>
#include <string>
#include <vector>

#include "service/rpc/call_frame.h"
#include "service/rpc/routes.h"
#include "service/translate/method_table.h"

namespace imbot::rpc {

// `method` outlives the server; of it, the path, the name and the prototypes are used.
void AddMethodRoute(std::shared_ptr<const CallEnvironment> environment, const translate::MethodSpec& method,
                    Routes* routes);
// All of a table, which outlives the server.
void AddMethodRoutes(const std::shared_ptr<const CallEnvironment>& environment, const translate::MethodTable& methods,
                     Routes* routes);
// Full names of the services of a table, for health and reflection.
std::vector<std::string> ServiceNames(const translate::MethodTable& methods);

}  // namespace imbot::rpc

#endif  // IMBOT_SERVICE_RPC_METHOD_ROUTE_H_
