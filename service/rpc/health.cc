#include "service/rpc/health.h"

#include <utility>

namespace imbot::rpc {

Health::Health(grpc::HealthCheckServiceInterface* service, std::vector<std::string> names)
    : service_(service), names_(std::move(names)) {
  SetServing(true);
}

void Health::SetServing(bool serving) {
  // By name: SetServingStatus(bool) of gRPC reaches only names that were set before.
  service_->SetServingStatus("", serving);
  for (const auto& name : names_) service_->SetServingStatus(name, serving);
}

}  // namespace imbot::rpc
