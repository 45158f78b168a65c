#include "service/rpc/raw_service.h"

#include <utility>

#include "imbot/gateway/v1/raw_service.pb.h"
#include "service/base/strings.h"
#include "service/rpc/method_route.h"

namespace imbot::rpc {
namespace {

translate::MethodSpec CallMethod() {
  using imbot::gateway::v1::CallRequest;
  translate::MethodSpec method;
  method.descriptor = CallRequest::descriptor()->file()->FindServiceByName("RawService")->FindMethodByName("Call");
  method.rpc_path = base::StrCat("/", method.descriptor->service()->full_name(), "/", method.descriptor->name());
  method.request_prototype = &CallRequest::default_instance();
  method.response_prototype = &imbot::gateway::v1::CallResponse::default_instance();
  return method;
}

}  // namespace

RawService::RawService() : method_(CallMethod()) {}

void RawService::AddTo(Routes* routes, std::shared_ptr<const CallEnvironment> environment) const {
  AddMethodRoute(std::move(environment), method_, routes);
}

}  // namespace imbot::rpc
