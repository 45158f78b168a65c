// What the copies of a client share: options, channel, and how a call's metadata is made. Thread-safe.
#ifndef IMBOT_CLIENT_INTERNAL_CORE_H_
#define IMBOT_CLIENT_INTERNAL_CORE_H_

#include <grpcpp/channel.h>

#include <chrono>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "imbot/client/internal/wire.h"
#include "imbot/client/options.h"

namespace imbot::client::internal {

// INVALID_ARGUMENT, naming all that is wrong.
absl::Status Check(const ClientOptions& options);
absl::Status Check(const RetryOptions& options);

// Options that were checked; reads their files.
absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeChannel(const ClientOptions& options);

// The target as MakeChannel() gives it to gRPC: never spelled as the address of a peer, which NeverLeft() tells apart.
std::string GrpcTarget(const std::string& target);

class Core {
 public:
  Core(ClientOptions options, std::shared_ptr<grpc::ChannelInterface> channel, std::shared_ptr<Wire> wire);

  // What one logical call carries in each attempt.
  struct Head {
    Metadata metadata;
    std::string idempotency_key;
    std::chrono::milliseconds time{};
    RetryOptions retry;
  };
  // INVALID_ARGUMENT for the options, else what the TokenSource says.
  absl::StatusOr<Head> MakeHead(const CallOptions& options) const;

  const std::shared_ptr<grpc::ChannelInterface>& channel() const { return channel_; }
  const std::shared_ptr<Wire>& wire() const { return wire_; }

 private:
  const ClientOptions options_;
  const std::shared_ptr<grpc::ChannelInterface> channel_;
  const std::shared_ptr<Wire> wire_;
};

}  // namespace imbot::client::internal

#endif  // IMBOT_CLIENT_INTERNAL_CORE_H_
