#include "imbot/client/internal/grpc_wire.h"

// First, since the stub below needs its serialisation of messages.
#include <grpcpp/impl/codegen/proto_utils.h>
// Then the rest of gRPC.
#include <grpcpp/alarm.h>
#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>

#include <array>
#include <random>
#include <string_view>

namespace imbot::client::internal {
namespace {

using google::protobuf::Message;

class SentAttempt : public Running {
 public:
  void Cancel() override { context.TryCancel(); }
  grpc::ClientContext context;
};

class Timer : public Running {
 public:
  void Cancel() override { alarm.Cancel(); }
  grpc::Alarm alarm;
};

std::chrono::system_clock::time_point In(std::chrono::nanoseconds time) {
  return std::chrono::system_clock::now() + std::chrono::duration_cast<std::chrono::system_clock::duration>(time);
}

}  // namespace

Trailers TrailersOf(const grpc::ClientContext& context) {
  Trailers trailers;
  for (const auto& [key, value] : context.GetServerTrailingMetadata()) {
    trailers.emplace(std::string(key.data(), key.size()), std::string(value.data(), value.size()));
  }
  return trailers;
}

bool NeverLeft(const grpc::Status& status, const std::string& peer) {
  if (status.error_code() != grpc::StatusCode::UNAVAILABLE) return false;
  // gRPC has no name for it. Before a connection is chosen, the peer is the channel's target; and what the resolver and
  // the load balancer answer in place of a connection begins with one of these. Both together, since neither is
  // promised: with another gRPC in which they have changed, the worst is that nothing is proved.
  constexpr std::array<std::string_view, 4> kPeers = {"ipv4:", "ipv6:", "unix:", "unix-abstract:"};
  for (const std::string_view scheme : kPeers) {
    // More than one address, or the slashes of Create(): a target, no peer.
    if (peer.starts_with(scheme) && peer.find(',') == peer.npos && !peer.starts_with(std::string(scheme) + "//"))
      return false;
  }
  constexpr std::array<std::string_view, 6> kTexts = {"connections to all backends failing",
                                                      "failed to connect to all addresses",
                                                      "DNS resolution failed",
                                                      "empty address list",
                                                      "Empty update",
                                                      "Name resolution failed"};
  for (const std::string_view text : kTexts) {
    if (status.error_message().starts_with(text)) return true;
  }
  return false;
}

std::shared_ptr<Running> GrpcWire::Send(const Attempt& attempt, std::function<void(AttemptResult)> done) {
  auto sent = std::make_shared<SentAttempt>();
  for (const auto& [key, value] : attempt.metadata) sent->context.AddMetadata(key, value);
  sent->context.set_deadline(In(attempt.time));
  // Dropped with the callback, when the attempt is over.
  auto finish = [sent, done = std::move(done)](const grpc::Status& status) {
    AttemptResult result{
        .status = status, .trailers = TrailersOf(sent->context), .reached = !NeverLeft(status, sent->context.peer())};
    done(std::move(result));
  };
  grpc::TemplatedGenericStub<Message, Message>(channel_).UnaryCall(
      &sent->context, attempt.path, grpc::StubOptions(), attempt.request, attempt.response, std::move(finish));
  return sent;
}

std::shared_ptr<Running> GrpcWire::Wait(std::chrono::nanoseconds time, std::function<void()> done) {
  auto timer = std::make_shared<Timer>();
  // gRPC keeps the callback as long as the alarm lives, so it must let go of the alarm by itself.
  timer->alarm.Set(In(time), [keep = timer, done = std::move(done)](bool) mutable {
    const auto until_the_end = std::move(keep);
    const auto call = std::move(done);
    call();
  });
  return timer;
}

double GrpcWire::Random() {
  static thread_local std::minstd_rand engine{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(engine);
}

}  // namespace imbot::client::internal
