// The one file that uses names of grpc::internal: generated code does the same, and gRPC 1.51 offers no other way to
// register a method that is known only at run time, except by giving up services and their names altogether
// (AsyncGenericService).
#include "service/rpc/unary_service.h"

#include <grpcpp/impl/codegen/server_callback_handlers.h>
#include <grpcpp/impl/rpc_service_method.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <utility>

namespace imbot::rpc {

UnaryService::UnaryService(std::shared_ptr<const CallEnvironment> environment) : environment_(std::move(environment)) {}

void UnaryService::Add(const translate::MethodSpec& method) {
  // gRPC owns the method and the handler, and keeps no copy of the path: `method` does.
  AddMethod(
      new grpc::internal::RpcServiceMethod(method.rpc_path.c_str(), grpc::internal::RpcMethod::NORMAL_RPC, nullptr));
  MarkMethodRawCallback(count_++, new grpc::internal::CallbackUnaryHandler<grpc::ByteBuffer, grpc::ByteBuffer>(
                                      [this, &method](grpc::CallbackServerContext* context,
                                                      const grpc::ByteBuffer* request, grpc::ByteBuffer* response) {
                                        return UnaryCall::Start(environment_, method, context, *request, response);
                                      }));
}

}  // namespace imbot::rpc
