// A gRPC service whose methods are known only at run time: unary ones, uploads (client streams) and downloads (server
// streams), each call served by UnaryCall, UploadCall or DownloadCall.
//
// gRPC knows it by the paths of its methods. Owned by whoever owns the server, and outlives it, as what it was given
// outlives both. Immutable once it is registered; thread-safe then.
#ifndef IMBOT_SERVICE_RPC_DYNAMIC_SERVICE_H_
#define IMBOT_SERVICE_RPC_DYNAMIC_SERVICE_H_

#include <grpcpp/impl/service_type.h>

#include <memory>

#include "service/rpc/call_frame.h"
#include "service/translate/method_table.h"

namespace imbot::rpc {

class DynamicService final : public grpc::Service {
 public:
  explicit DynamicService(std::shared_ptr<const CallEnvironment> environment);
  // `method` outlives the server; of it, the path, the name and the prototypes are used.
  void Add(const translate::MethodSpec& method);

 private:
  const std::shared_ptr<const CallEnvironment> environment_;
  int count_ = 0;
};

}  // namespace imbot::rpc

#endif  // IMBOT_SERVICE_RPC_DYNAMIC_SERVICE_H_
