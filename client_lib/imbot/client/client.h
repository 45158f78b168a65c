// Calls of an imbot-gateway: typed, with a deadline, a key and a clear error, and repeated where that is safe.
//
//   auto client = imbot::client::Client::Create({.target = "dns:///gateway.internal:50051"});
//   if (!client.ok()) ...
//   auto sent = client->Call(&MessageService::Stub::SendMessage, request);
//   if (!sent.ok()) std::cerr << sent.error();
//   else std::cout << sent->id();
//
// Streams (FileService) and other uses of the generated stubs: NewStub() and Prepare().
#ifndef IMBOT_CLIENT_CLIENT_H_
#define IMBOT_CLIENT_CLIENT_H_

#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <cassert>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "imbot/client/call_info.h"
#include "imbot/client/error.h"
#include "imbot/client/options.h"

namespace imbot::client {

namespace internal {
class Core;
}  // namespace internal

// The response of a call, or its error; and what else is told about it either way. Thread-compatible.
template <typename Response>
class [[nodiscard]] Reply {
 public:
  Reply(Response response, std::optional<Error> error, CallInfo info)
      : response_(std::move(response)), error_(std::move(error)), info_(std::move(info)) {}

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }

  // REQUIRES: ok()
  const Response& operator*() const& { return value(); }
  Response&& operator*() && { return std::move(*this).value(); }
  const Response* operator->() const { return &value(); }
  const Response& value() const& {
    assert(ok());
    return response_;
  }
  Response&& value() && {
    assert(ok());
    return std::move(response_);
  }

  // REQUIRES: !ok()
  const Error& error() const {
    assert(!ok());
    return *error_;
  }

  const CallInfo& info() const { return info_; }

 private:
  Response response_;
  std::optional<Error> error_;
  CallInfo info_;
};

// A handle on a channel to the gateway: cheap to copy, copies share the channel. One per process and gateway is enough.
// Thread-safe; may be destroyed while calls are under way, which then end as they would have.
class Client {
 public:
  // Does not connect: the first call does. INVALID_ARGUMENT names what is wrong with the options, NOT_FOUND or
  // PERMISSION_DENIED a file that can't be read.
  static absl::StatusOr<Client> Create(ClientOptions options);

  // Calls `rpc`, the method of a generated stub: &MessageService::Stub::SendMessage. Blocks until it is over, its time
  // has run out, or a stop was requested; so never call it from a callback of gRPC.
  //
  // Repeated, with the same idempotency key, after a pause that grows and is jittered, not before the gateway's
  // RetryInfo allows it, as long as time and attempts last:
  //  - what is proved not to have been executed, where waiting helps: outcome NOT_EXECUTED with RetryInfo or as
  //    UNAVAILABLE, and no connection;
  //  - what failed with an unknown outcome (UNAVAILABLE, ABORTED, INTERNAL, UNKNOWN), where the contract says that a
  //    second execution does no harm: option `(bitrix24.rest.method).retry` READ, IDEMPOTENT, or DEDUPLICATED.
  // Nothing else is. If there is no time for the pause, the error comes at once. gRPC repeats nothing by itself but
  // what it can prove never to have reached a server.
  //
  // The outcome of the error covers all attempts: one with unknown outcome leaves it UNKNOWN, whatever the last one
  // said.
  template <typename Stub, typename Request, typename Response>
  Reply<Response> Call(grpc::Status (Stub::*rpc)(grpc::ClientContext*, const Request&, Response*),
                       const std::type_identity_t<Request>& request, const CallOptions& options = {}) const {
    (void)rpc;  // its type says which call it is: no two rpcs of the contract share a request
    Response response;
    auto [error, info] = CallAndWait(request, &response, options);
    return Reply<Response>(std::move(response), std::move(error), std::move(info));
  }

  // The same, but returns at once; `done` is called exactly once, in a thread of gRPC's (or, for a call that is refused
  // before anything is sent, in this one before it returns), and must not block or throw.
  template <typename Stub, typename Request, typename Response>
  void CallAsync(grpc::Status (Stub::*rpc)(grpc::ClientContext*, const Request&, Response*),
                 std::type_identity_t<Request> request, const CallOptions& options,
                 std::type_identity_t<std::function<void(Reply<Response>)>> done) const {
    (void)rpc;
    struct Frame {
      Request request;
      Response response;
      std::function<void(Reply<Response>)> done;
    };
    auto frame = std::make_shared<Frame>(Frame{std::move(request), Response(), std::move(done)});
    const Request& kept = frame->request;
    Response* const response = &frame->response;
    Start(kept, response, options, [frame = std::move(frame)](std::optional<Error> error, CallInfo info) {
      frame->done(Reply<Response>(std::move(frame->response), std::move(error), std::move(info)));
    });
  }

  // A generated stub on this client's channel, for streams: NewStub<FileService>(). Its calls carry only what Prepare()
  // gives them, and are never repeated.
  template <typename Service>
  std::unique_ptr<typename Service::Stub> NewStub() const {
    return std::make_unique<typename Service::Stub>(channel());
  }
  // Gives a new context deadline, idempotency key, priority, token and metadata, as a call of Call() has them.
  // CallOptions::retry and stop have no meaning here: use ClientContext::TryCancel(). An error, after which the context
  // is not to be used: INVALID_ARGUMENT for the options, or that of the TokenSource. Then DecodeError() and
  // DecodeInfo().
  absl::Status Prepare(const CallOptions& options, grpc::ClientContext* context) const;
  std::shared_ptr<grpc::ChannelInterface> channel() const;

 private:
  using Done = std::function<void(std::optional<Error>, CallInfo)>;

  explicit Client(std::shared_ptr<internal::Core> core) : core_(std::move(core)) {}
  std::pair<std::optional<Error>, CallInfo> CallAndWait(const google::protobuf::Message& request,
                                                        google::protobuf::Message* response,
                                                        const CallOptions& options) const;
  // `request` and `response` stay until `done` was called.
  void Start(const google::protobuf::Message& request, google::protobuf::Message* response, const CallOptions& options,
             Done done) const;

  std::shared_ptr<internal::Core> core_;  // never null but after a move
};

}  // namespace imbot::client

#endif  // IMBOT_CLIENT_CLIENT_H_
