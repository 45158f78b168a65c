#include "service/rpc/admin_service.h"

#include <utility>

#include "imbot/gateway/v1/admin_service.pb.h"
#include "service/base/strings.h"
#include "service/rpc/method_route.h"

namespace imbot::rpc {
namespace {

const google::protobuf::ServiceDescriptor& Descriptor() {
  return *imbot::gateway::v1::ListBotsRequest::descriptor()->file()->FindServiceByName("AdminService");
}

}  // namespace

AdminService::AdminService() {
  auto& factory = *google::protobuf::MessageFactory::generated_factory();
  for (int i = 0; i < Descriptor().method_count(); ++i) {
    auto method = std::make_unique<translate::MethodSpec>();
    method->descriptor = Descriptor().method(i);
    method->rpc_path = base::StrCat("/", name(), "/", method->descriptor->name());
    method->request_prototype = factory.GetPrototype(method->descriptor->input_type());
    method->response_prototype = factory.GetPrototype(method->descriptor->output_type());
    methods_.push_back(std::move(method));
  }
}

void AdminService::AddTo(Routes* routes, const std::shared_ptr<const CallEnvironment>& environment) const {
  for (const auto& method : methods_) AddMethodRoute(environment, *method, routes);
}

const std::string& AdminService::name() {
  return Descriptor().full_name();
}

}  // namespace imbot::rpc
