#include "service/rpc/method_route.h"

#include <utility>

#include "service/rpc/download_call.h"
#include "service/rpc/unary_call.h"
#include "service/rpc/upload_call.h"

namespace imbot::rpc {

void AddMethodRoute(std::shared_ptr<const CallEnvironment> environment, const translate::MethodSpec& method,
                    Routes* routes) {
  if (method.uploads()) {
    routes->AddStream(method.rpc_path, [environment = std::move(environment), &method](StreamRpc& rpc) {
      return UploadCall::Start(environment, method, rpc);
    });
  } else if (method.downloads()) {
    routes->AddStream(method.rpc_path, [environment = std::move(environment), &method](StreamRpc& rpc) {
      return DownloadCall::Start(environment, method, rpc);
    });
  } else {
    routes->AddUnary(method.rpc_path,
                     [environment = std::move(environment), &method](Rpc& rpc, const grpc::ByteBuffer& request) {
                       return UnaryCall::Start(environment, method, rpc, request);
                     });
  }
}

void AddMethodRoutes(const std::shared_ptr<const CallEnvironment>& environment, const translate::MethodTable& methods,
                     Routes* routes) {
  for (const auto& method : methods.methods()) AddMethodRoute(environment, *method, routes);
}

std::vector<std::string> ServiceNames(const translate::MethodTable& methods) {
  std::vector<std::string> names;
  for (const auto* service : methods.services()) names.emplace_back(service->full_name());
  return names;
}

}  // namespace imbot::rpc
