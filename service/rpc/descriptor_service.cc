// The one file that uses names of grpc::internal: generated code does the same, and gRPC 1.51 offers no other way to
// register a method that is known only at run time, except by giving up services and their names altogether
// (AsyncGenericService).
#include "service/rpc/descriptor_service.h"

#include <grpcpp/impl/codegen/server_callback_handlers.h>
#include <grpcpp/impl/rpc_service_method.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <utility>

namespace imbot::rpc {

class DescriptorServices::OneService final : public grpc::Service {
 public:
  explicit OneService(std::shared_ptr<const CallEnvironment> environment) : environment_(std::move(environment)) {}

  void Add(const translate::MethodSpec& method) {
    // gRPC owns the method and the handler, and keeps no copy of the path: the method table does.
    AddMethod(
        new grpc::internal::RpcServiceMethod(method.rpc_path.c_str(), grpc::internal::RpcMethod::NORMAL_RPC, nullptr));
    MarkMethodRawCallback(count_++, new grpc::internal::CallbackUnaryHandler<grpc::ByteBuffer, grpc::ByteBuffer>(
                                        [this, &method](grpc::CallbackServerContext* context,
                                                        const grpc::ByteBuffer* request, grpc::ByteBuffer* response) {
                                          return UnaryCall::Start(environment_, method, context, *request, response);
                                        }));
  }

 private:
  const std::shared_ptr<const CallEnvironment> environment_;
  int count_ = 0;
};

DescriptorServices::DescriptorServices(const translate::MethodTable& methods,
                                       std::shared_ptr<const CallEnvironment> environment) {
  for (const auto* descriptor : methods.services()) {
    auto service = std::make_unique<OneService>(environment);
    for (const auto& method : methods.methods()) {
      if (method->descriptor->service() == descriptor && !method->streaming()) service->Add(*method);
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
