// Server reflection, v1 and v1alpha, over a DescriptorIndex.
//
// Why not the plugin of Debian's gRPC: it serves descriptors of the generated pool, without default JSON names and
// without comments, and only v1alpha. Asks for no token: the contract is public. One answer is in memory per stream, so
// a reader that stops costs no more. Owned by whoever owns the server, and outlives it. Thread-safe.
#ifndef IMBOT_SERVICE_RPC_REFLECTION_SERVICE_H_
#define IMBOT_SERVICE_RPC_REFLECTION_SERVICE_H_

#include <memory>

#include "service/rpc/descriptor_index.h"
#include "service/rpc/routes.h"

namespace imbot::rpc {

class ReflectionServices {
 public:
  static constexpr char kV1[] = "grpc.reflection.v1.ServerReflection";
  static constexpr char kV1Alpha[] = "grpc.reflection.v1alpha.ServerReflection";

  explicit ReflectionServices(std::unique_ptr<const DescriptorIndex> index);
  ~ReflectionServices();

  // To the routes of a server, which this outlives.
  void AddTo(Routes* routes) const;

  // Adds the descriptors of gRPC's own services: health, reflection and, where it is linked in, channelz.
  static void AppendOwnFiles(google::protobuf::FileDescriptorSet* set);

 private:
  const std::unique_ptr<const DescriptorIndex> index_;
};

}  // namespace imbot::rpc

#endif  // IMBOT_SERVICE_RPC_REFLECTION_SERVICE_H_
