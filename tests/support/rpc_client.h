// Calls any rpc of the contract by its name, with JSON in and out, over a real channel.
#ifndef IMBOT_TESTS_SUPPORT_RPC_CLIENT_H_
#define IMBOT_TESTS_SUPPORT_RPC_CLIENT_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/status.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace imbot::testing {

struct RpcResult {
  grpc::Status status;
  std::unique_ptr<google::protobuf::Message> response;  // set if OK
  std::string json;                                     // the response, with the contract's JSON names
  std::multimap<std::string, std::string> trailers;
  google::rpc::Status details;

  bool ok() const { return status.ok(); }
  google::rpc::ErrorInfo Info() const;
  google::rpc::BadRequest BadRequest() const;
  std::optional<google::rpc::RetryInfo> RetryInfo() const;
  std::string Reason() const { return Info().reason(); }
  std::string Outcome() const;
};

struct RpcOptions {
  std::map<std::string, std::string> metadata;
  std::chrono::milliseconds deadline{20'000};
};

// Thread-safe.
class RpcClient {
 public:
  explicit RpcClient(std::shared_ptr<grpc::Channel> channel) : channel_(std::move(channel)) {}
  // Plain text, to loopback.
  explicit RpcClient(int port);

  // `method`: `bitrix24.imbot.v2.MessageService/SendMessage`. Throws std::invalid_argument for an unknown method or bad
  // JSON. An upload is sent in one message; of a download, the first message is returned with the bytes of all.
  RpcResult Call(const std::string& method, const std::string& request_json, const RpcOptions& options = {}) const;
  RpcResult Call(const google::protobuf::MethodDescriptor& method, const google::protobuf::Message& request,
                 const RpcOptions& options = {}) const;
  // The same for a unary method, without waiting: `done` runs once, on a thread of gRPC's. The client outlives the
  // call; from `done` on it may go, but not on that thread.
  void CallAsync(const std::string& method, const std::string& request_json, const RpcOptions& options,
                 std::function<void(RpcResult)> done) const;
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }

 private:
  void Unary(const google::protobuf::MethodDescriptor& method, const google::protobuf::Message& request,
             const RpcOptions& options, std::function<void(RpcResult)> done) const;
  RpcResult Stream(const google::protobuf::MethodDescriptor& method, const google::protobuf::Message& request,
                   grpc::ClientContext* context) const;

  std::shared_ptr<grpc::Channel> channel_;
};

// JSON with the contract's names, ids as numbers are not possible in proto JSON: int64 is text. Absent fields are left
// out.
std::string ToJson(const google::protobuf::Message& message);

}  // namespace imbot::testing

#endif  // IMBOT_TESTS_SUPPORT_RPC_CLIENT_H_
