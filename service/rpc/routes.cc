#include "service/rpc/routes.h"

namespace imbot::rpc {

std::shared_ptr<StreamRpc::Reactor> Routes::StartStream(StreamRpc& rpc) const {
  const auto it = streams_.find(rpc.path());
  if (it != streams_.end()) return it->second(rpc);
  if (unknown_) return unknown_(rpc);
  rpc.Finish(grpc::Status(grpc::StatusCode::UNIMPLEMENTED, ""));
  return nullptr;
}

}  // namespace imbot::rpc
