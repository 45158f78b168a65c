#include "service/rpc/descriptor_service.h"

#include <utility>

namespace imbot::rpc {

DescriptorServices::DescriptorServices(const translate::MethodTable& methods,
                                       std::shared_ptr<const CallEnvironment> environment) {
  for (const auto* descriptor : methods.services()) {
    auto service = std::make_unique<DynamicService>(environment);
    for (const auto& method : methods.methods()) {
      if (method->descriptor->service() == descriptor) service->Add(*method);
    }
    names_.emplace_back(descriptor->full_name());
    services_.push_back(std::move(service));
  }
}

DescriptorServices::~DescriptorServices() = default;

std::vector<grpc::Service*> DescriptorServices::services() const {
  std::vector<grpc::Service*> services;
  for (const auto& service : services_) services.push_back(service.get());
  return services;
}

}  // namespace imbot::rpc
