// A gateway for callers' own tests: a gRPC server in this process, on loopback, that answers as it is told.
//
//   auto gateway = FakeGateway::Start();
//   gateway->Fail(&MessageService::Stub::SendMessage, {.code = absl::StatusCode::kResourceExhausted, .reason =
//   "QUEUE_FULL",
//                                                      .retry_delay = 10ms});
//   gateway->Reply(&MessageService::Stub::SendMessage, response);
//   auto client = imbot::client::Client::Create(gateway->options());
//   ... what is tested sends a message; both answers were needed ...
//   EXPECT_EQ(gateway->CallsOf(&MessageService::Stub::SendMessage).size(), 2);
//
// Unary methods only: streams are refused with UNIMPLEMENTED. It checks nothing of a request, has no state, and sends
// nothing anywhere. Thread-safe.
#ifndef IMBOT_CLIENT_TESTING_FAKE_GATEWAY_H_
#define IMBOT_CLIENT_TESTING_FAKE_GATEWAY_H_

#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "imbot/client/call_info.h"
#include "imbot/client/error.h"
#include "imbot/client/options.h"

namespace imbot::client_testing {

// An error as a gateway sends it: a google.rpc.Status with ErrorInfo, and RetryInfo and BadRequest where they are set.
struct FakeError {
  absl::StatusCode code = absl::StatusCode::kUnavailable;
  std::string reason = {};  // the name of an ErrorReason without its prefix, or a code of the portal
  std::string message = "scripted error";
  client::Outcome outcome = client::Outcome::kNotExecuted;
  std::optional<std::chrono::milliseconds> retry_delay = {};
  std::vector<client::FieldViolation> violations = {};
  std::string domain = "imbot-gateway";              // `bitrix24.com` for a code of the portal
  std::map<std::string, std::string> metadata = {};  // more of ErrorInfo's: `portal`, `method`, `actor`, `code`
};

// A call as it arrived: one attempt.
struct RecordedCall {
  std::string method;                                // `bitrix24.imbot.v2.MessageService/SendMessage`
  std::multimap<std::string, std::string> metadata;  // keys in lower case; gRPC's own among them
  std::chrono::milliseconds time_left{};             // until the client's deadline, when the call arrived
  std::string request_bytes;

  // The first value of this key; empty if there is none.
  std::string Metadata(const std::string& key) const;
  // REQUIRES: `Request` is the method's request.
  template <typename Request>
  Request request() const {
    Request parsed;
    parsed.ParseFromString(request_bytes);
    return parsed;
  }
};

class FakeGateway {
 public:
  template <typename Stub, typename Request, typename Response>
  using Rpc = grpc::Status (Stub::*)(grpc::ClientContext*, const Request&, Response*);

  // Listens on a free port of 127.0.0.1 when it returns; null if there is none.
  static std::unique_ptr<FakeGateway> Start();
  // Ends the calls that are under way.
  ~FakeGateway();
  FakeGateway(const FakeGateway&) = delete;
  FakeGateway& operator=(const FakeGateway&) = delete;

  // For Client::Create(): this target in plain text, the pauses between attempts 1 to 10 ms.
  client::ClientOptions options() const;
  std::string target() const;  // `127.0.0.1:PORT`

  // Answers for the next calls of this method, each for one attempt, in the order in which they are given.
  //  The response, with those trailers of `info` that are set.
  template <typename Stub, typename Request, typename Response>
  void Reply(Rpc<Stub, Request, Response>, const std::type_identity_t<Response>& response,
             const client::CallInfo& info = {}) {
    Add(NameOf<Request, Response>(), Answer{Success{response.SerializeAsString(), info}});
  }
  template <typename Stub, typename Request, typename Response>
  void Fail(Rpc<Stub, Request, Response>, const FakeError& error) {
    Add(NameOf<Request, Response>(), Answer{error});
  }
  //  As if the connection had broken after the request arrived: what the portal did of it, nobody knows.
  template <typename Stub, typename Request, typename Response>
  void Lose(Rpc<Stub, Request, Response>) {
    Add(NameOf<Request, Response>(), Answer{Lost{}});
  }
  //  No answer, until the client gives up.
  template <typename Stub, typename Request, typename Response>
  void Hang(Rpc<Stub, Request, Response>) {
    Add(NameOf<Request, Response>(), Answer{Hung{}});
  }

  // The answer of every call of this method for which no other is left. Without one, such a call is refused with
  // FAILED_PRECONDITION and reason NOT_SCRIPTED, which is not repeated. `handler` is called in a thread of gRPC's, must
  // be thread-safe, and must not block.
  template <typename Stub, typename Request, typename Response>
  void Otherwise(Rpc<Stub, Request, Response>, std::type_identity_t<std::function<Response(const Request&)>> handler) {
    SetDefault(NameOf<Request, Response>(), [handler = std::move(handler)](const std::string& bytes) {
      Request request;
      request.ParseFromString(bytes);
      return handler(request).SerializeAsString();
    });
  }

  // Every attempt that has arrived, in order; of this method.
  std::vector<RecordedCall> Calls() const;
  template <typename Stub, typename Request, typename Response>
  std::vector<RecordedCall> CallsOf(Rpc<Stub, Request, Response>) const {
    return CallsNamed(NameOf<Request, Response>());
  }
  // Scripted answers that no call has taken.
  std::size_t AnswersLeft() const;

 private:
  class State;
  class Call;
  class Service;

  struct Success {
    std::string bytes;
    client::CallInfo info;
  };
  struct Lost {};
  struct Hung {};
  struct Answer {
    std::variant<Success, FakeError, Lost, Hung> value;
  };
  using Default = std::function<std::string(const std::string&)>;

  explicit FakeGateway(std::unique_ptr<State> state);
  template <typename Request, typename Response>
  static std::string NameOf() {
    return NameOf(Request::default_instance(), Response::default_instance());
  }
  static std::string NameOf(const google::protobuf::Message& request, const google::protobuf::Message& response);
  void Add(const std::string& method, Answer answer);
  void SetDefault(const std::string& method, Default handler);
  std::vector<RecordedCall> CallsNamed(const std::string& method) const;

  const std::unique_ptr<State> state_;
};

}  // namespace imbot::client_testing

#endif  // IMBOT_CLIENT_TESTING_FAKE_GATEWAY_H_
