// Serves every rpc of the method table, whatever its messages: one grpc::Service per service of the contract, made from
// its descriptor, so that health, reflection and gRPC itself know the services by their names.
//
// Owned by whoever owns the server, and outlives it, as the method table outlives both. Immutable; thread-safe.
#ifndef IMBOT_SERVICE_RPC_DESCRIPTOR_SERVICE_H_
#define IMBOT_SERVICE_RPC_DESCRIPTOR_SERVICE_H_

#include <memory>
#include <string>
#include <vector>

#include "service/rpc/dynamic_service.h"
#include "service/translate/method_table.h"

namespace imbot::rpc {

class DescriptorServices {
 public:
  DescriptorServices(const translate::MethodTable& methods, std::shared_ptr<const CallEnvironment> environment);
  ~DescriptorServices();

  // To be registered with the server.
  std::vector<grpc::Service*> services() const;
  // Full names, for health and reflection.
  const std::vector<std::string>& names() const { return names_; }

 private:
  std::vector<std::unique_ptr<DynamicService>> services_;
  std::vector<std::string> names_;
};

}  // namespace imbot::rpc

#endif  // IMBOT_SERVICE_RPC_DESCRIPTOR_SERVICE_H_
