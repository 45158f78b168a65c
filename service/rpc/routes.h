// Who serves the rpcs of which path.
//
// Filled before the server is started; immutable then, and thread-safe.
#ifndef IMBOT_SERVICE_RPC_ROUTES_H_
#define IMBOT_SERVICE_RPC_ROUTES_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "service/rpc/rpc.h"
#include "service/rpc/stream_rpc.h"

namespace imbot::rpc {

class Routes {
 public:
  // Makes who serves this rpc, which has just arrived. Null: it has been finished.
  using UnaryStarter = absl::AnyInvocable<std::shared_ptr<Rpc::Reactor>(Rpc&, const grpc::ByteBuffer& request) const>;
  using StreamStarter = absl::AnyInvocable<std::shared_ptr<StreamRpc::Reactor>(StreamRpc&) const>;
  struct Unary {
    std::string path;
    UnaryStarter start;
  };

  // `path` as gRPC has it, `/package.Service/Method`; each once.
  void AddUnary(std::string path, UnaryStarter starter) {
    unary_.push_back(std::make_unique<const Unary>(Unary{std::move(path), std::move(starter)}));
  }
  void AddStream(std::string path, StreamStarter starter) { streams_.emplace(std::move(path), std::move(starter)); }
  // For every path that was not added. Without it they get UNIMPLEMENTED.
  void SetUnknown(StreamStarter starter) { unknown_ = std::move(starter); }

  // In their order, and where they stay.
  const std::vector<std::unique_ptr<const Unary>>& unary() const { return unary_; }
  std::shared_ptr<StreamRpc::Reactor> StartStream(StreamRpc& rpc) const;

 private:
  std::vector<std::unique_ptr<const Unary>> unary_;
  absl::flat_hash_map<std::string, StreamStarter> streams_;
  StreamStarter unknown_;
};

}  // namespace imbot::rpc

#endif  // IMBOT_SERVICE_RPC_ROUTES_H_
