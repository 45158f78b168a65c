// Health of the gateway (the empty name) and of each of its services, as grpc.health.v1 tells it. Asks for no token.
//
// A thin layer over gRPC's own health service, which lives in the server. Thread-safe; not after the server has gone.
#ifndef IMBOT_SERVICE_RPC_HEALTH_H_
#define IMBOT_SERVICE_RPC_HEALTH_H_

#include <grpcpp/health_check_service_interface.h>

#include <string>
#include <vector>

namespace imbot::rpc {

class Health {
 public:
  // Everything is serving from here on. `service` is the server's.
  Health(grpc::HealthCheckServiceInterface* service, std::vector<std::string> names);

  // The gateway and all of its services at once.
  void SetServing(bool serving);
  // One service.
  void SetServing(const std::string& name, bool serving) { service_->SetServingStatus(name, serving); }

 private:
  grpc::HealthCheckServiceInterface* const service_;
  const std::vector<std::string> names_;
};

}  // namespace imbot::rpc

#endif  // IMBOT_SERVICE_RPC_HEALTH_H_
