// The one file that uses names of grpc::internal: generated code does the same, and gRPC 1.51 offers no other way to
// register a method that is known only at run time, except by giving up services and their names altogether
// (AsyncGenericService).
#include "service/rpc/dynamic_service.h"

#include <grpcpp/impl/codegen/server_callback_handlers.h>
#include <grpcpp/impl/rpc_service_method.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <utility>

#include "service/rpc/download_call.h"
#include "service/rpc/unary_call.h"
#include "service/rpc/upload_call.h"

namespace imbot::rpc {

DynamicService::DynamicService(std::shared_ptr<const CallEnvironment> environment)
    : environment_(std::move(environment)) {}

void DynamicService::Add(const translate::MethodSpec& method) {
  // gRPC owns the method and the handler, and keeps no copy of the path: `method` does.
  using grpc::ByteBuffer;
  using grpc::internal::RpcMethod;
  const char* const path = method.rpc_path.c_str();
  const auto add = [&](RpcMethod::RpcType type, grpc::internal::MethodHandler* handler) {
    AddMethod(new grpc::internal::RpcServiceMethod(path, type, nullptr));
    MarkMethodRawCallback(count_++, handler);
  };
  if (method.uploads()) {
    add(RpcMethod::CLIENT_STREAMING, new grpc::internal::CallbackClientStreamingHandler<ByteBuffer, ByteBuffer>(
                                         [this, &method](grpc::CallbackServerContext* context, ByteBuffer* response) {
                                           return UploadCall::Start(environment_, method, context, response);
                                         }));
  } else if (method.downloads()) {
    add(RpcMethod::SERVER_STREAMING,
        new grpc::internal::CallbackServerStreamingHandler<ByteBuffer, ByteBuffer>(
            [this, &method](grpc::CallbackServerContext* context, const ByteBuffer* request) {
              return DownloadCall::Start(environment_, method, context, *request);
            }));
  } else {
    add(RpcMethod::NORMAL_RPC,
        new grpc::internal::CallbackUnaryHandler<ByteBuffer, ByteBuffer>(
            [this, &method](grpc::CallbackServerContext* context, const ByteBuffer* request, ByteBuffer* response) {
              return UnaryCall::Start(environment_, method, context, *request, response);
            }));
  }
}

}  // namespace imbot::rpc
