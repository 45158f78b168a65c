// The real Wire: gRPC's callback API, its timers, the system's clock and chance.
#ifndef IMBOT_CLIENT_INTERNAL_GRPC_WIRE_H_
#define IMBOT_CLIENT_INTERNAL_GRPC_WIRE_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <memory>

#include "imbot/client/internal/wire.h"

namespace imbot::client::internal {

// Thread-safe. Blocks no thread; attempts and timers under way keep what they need alive.
class GrpcWire : public Wire {
 public:
  explicit GrpcWire(std::shared_ptr<grpc::ChannelInterface> channel) : channel_(std::move(channel)) {}

  std::shared_ptr<Running> Send(const Attempt& attempt, std::function<void(AttemptResult)> done) override;
  std::shared_ptr<Running> Wait(std::chrono::nanoseconds time, std::function<void()> done) override;
  Clock::time_point Now() override { return Clock::now(); }
  double Random() override;

 private:
  const std::shared_ptr<grpc::ChannelInterface> channel_;
};

// REQUIRES: the call is over.
Trailers TrailersOf(const grpc::ClientContext& context);

// Whether the call never left: there was no connection to give it to. REQUIRES: it is over, with this status.
bool NeverLeft(const grpc::Status& status, const std::string& peer);

}  // namespace imbot::client::internal

#endif  // IMBOT_CLIENT_INTERNAL_GRPC_WIRE_H_
