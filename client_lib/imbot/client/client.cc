#include "imbot/client/client.h"

#include <grpcpp/channel.h>

#include <future>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "imbot/client/internal/call_loop.h"
#include "imbot/client/internal/core.h"
#include "imbot/client/internal/decode.h"
#include "imbot/client/internal/grpc_wire.h"
#include "imbot/client/internal/method_info.h"

namespace imbot::client {

absl::StatusOr<Client> Client::Create(ClientOptions options) {
  if (absl::Status status = internal::Check(options); !status.ok()) return status;
  auto channel = internal::MakeChannel(options);
  if (!channel.ok()) return channel.status();
  auto wire = std::make_shared<internal::GrpcWire>(*channel);
  return Client(std::make_shared<internal::Core>(std::move(options), *std::move(channel), std::move(wire)));
}

absl::Status Client::Prepare(const CallOptions& options, grpc::ClientContext* context) const {
  auto head = core_->MakeHead(options);
  if (!head.ok()) return head.status();
  for (const auto& [key, value] : head->metadata) context->AddMetadata(key, value);
  context->set_deadline(std::chrono::system_clock::now() + head->time);
  return absl::OkStatus();
}

std::shared_ptr<grpc::ChannelInterface> Client::channel() const {
  return core_->channel();
}

std::pair<std::optional<Error>, CallInfo> Client::CallAndWait(const google::protobuf::Message& request,
                                                              google::protobuf::Message* response,
                                                              const CallOptions& options) const {
  using Result = std::pair<std::optional<Error>, CallInfo>;
  // Shared, since the promise is still at work for a moment after it has woken this thread.
  const auto promise = std::make_shared<std::promise<Result>>();
  Start(request, response, options, [promise](std::optional<Error> error, CallInfo info) {
    promise->set_value(Result(std::move(error), std::move(info)));
  });
  return promise->get_future().get();
}

void Client::Start(const google::protobuf::Message& request, google::protobuf::Message* response,
                   const CallOptions& options, Done done) const {
  const auto refuse = [&](absl::StatusCode code, std::string_view reason, std::string message) {
    done(internal::OwnError(code, reason, Outcome::kNotExecuted, std::move(message)), CallInfo());
  };
  auto method = internal::FindMethod(request, *response);
  if (!method.has_value()) {
    return refuse(absl::StatusCode::kInvalidArgument, kCallInvalid,
                  absl::StrCat(request.GetTypeName(), " is the request of no unary rpc of the contract"));
  }
  auto head = core_->MakeHead(options);
  if (!head.ok()) {
    const bool token = head.status().code() == absl::StatusCode::kUnauthenticated;
    return refuse(head.status().code(), token ? kTokenUnavailable : kCallInvalid, std::string(head.status().message()));
  }
  internal::Plan plan;
  plan.attempt = {.path = method->path,
                  .metadata = std::move(head->metadata),
                  .time = head->time,
                  .request = &request,
                  .response = response};
  plan.method = *std::move(method);
  plan.retry = head->retry;
  plan.stop = options.stop;
  plan.idempotency_key = std::move(head->idempotency_key);
  internal::CallLoop::Start(core_->wire(), std::move(plan), std::move(done));
}

}  // namespace imbot::client
