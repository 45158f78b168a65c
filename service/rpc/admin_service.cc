#include "service/rpc/admin_service.h"

#include <utility>
#include <vector>

#include "imbot/gateway/v1/admin_service.pb.h"
#include "service/base/strings.h"
#include "service/rpc/method_route.h"
#include "service/translate/method_table.h"

namespace imbot::rpc {
namespace {

const google::protobuf::ServiceDescriptor& Descriptor() {
  return *imbot::gateway::v1::ListBotsRequest::descriptor()->file()->FindServiceByName("AdminService");
}

using Methods = std::vector<std::unique_ptr<const translate::MethodSpec>>;

Methods MakeMethods() {
  Methods methods;
  auto& factory = *google::protobuf::MessageFactory::generated_factory();
  for (int i = 0; i < Descriptor().method_count(); ++i) {
    auto method = std::make_unique<translate::MethodSpec>();
    method->descriptor = Descriptor().method(i);
    method->rpc_path = base::StrCat("/", AdminServiceName(), "/", method->descriptor->name());
    method->request_prototype = factory.GetPrototype(method->descriptor->input_type());
    method->response_prototype = factory.GetPrototype(method->descriptor->output_type());
    methods.push_back(std::move(method));
  }
  return methods;
}

}  // namespace

void AddAdminRoutes(const std::shared_ptr<const CallEnvironment>& environment, Routes* routes) {
  static const Methods* const methods = new Methods(MakeMethods());  // never destroyed
  for (const auto& method : *methods) AddMethodRoute(environment, *method, routes);
}

const std::string& AdminServiceName() {
  return Descriptor().full_name();
}

}  // namespace imbot::rpc
