#include "tests/support/rpc_client.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/security/credentials.h>

#include <condition_variable>
#include <mutex>
#include <stdexcept>

#include "google/protobuf/util/json_util.h"

namespace imbot::testing {

using google::protobuf::Message;
using google::protobuf::MethodDescriptor;

namespace {

template <typename Detail>
std::optional<Detail> Find(const google::rpc::Status& status) {
  Detail found;
  for (const auto& detail : status.details()) {
    if (detail.UnpackTo(&found)) return found;
  }
  return std::nullopt;
}

const MethodDescriptor& FindMethod(const std::string& name) {
  std::string full_name = name;
  const size_t slash = full_name.rfind('/');
  if (slash == std::string::npos) throw std::invalid_argument(name + " is not service/method");
  full_name[slash] = '.';
  const auto* method = google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(full_name);
  if (method == nullptr) throw std::invalid_argument("no rpc " + name);
  return *method;
}

}  // namespace

google::rpc::ErrorInfo RpcResult::Info() const {
  return Find<google::rpc::ErrorInfo>(details).value_or(google::rpc::ErrorInfo());
}
google::rpc::BadRequest RpcResult::BadRequest() const {
  return Find<google::rpc::BadRequest>(details).value_or(google::rpc::BadRequest());
}
std::optional<google::rpc::RetryInfo> RpcResult::RetryInfo() const {
  return Find<google::rpc::RetryInfo>(details);
}

std::string RpcResult::Outcome() const {
  const auto info = Info();
  const auto it = info.metadata().find("outcome");
  return it == info.metadata().end() ? "" : it->second;
}

std::string ToJson(const Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = false;
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(message, &json, options).ok())
    throw std::runtime_error("not printable as JSON");
  return json;
}

RpcClient::RpcClient(int port)
    : channel_(grpc::CreateChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials())) {}

RpcResult RpcClient::Call(const std::string& method, const std::string& request_json, const RpcOptions& options) const {
  const MethodDescriptor& descriptor = FindMethod(method);
  const std::unique_ptr<Message> request(
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(descriptor.input_type())->New());
  if (const auto parsed = google::protobuf::util::JsonStringToMessage(request_json, request.get()); !parsed.ok()) {
    throw std::invalid_argument(method + ": " + std::string(parsed.message()) + " in " + request_json);
  }
  return Call(descriptor, *request, options);
}

RpcResult RpcClient::Call(const MethodDescriptor& method, const Message& request, const RpcOptions& options) const {
  grpc::GenericStub stub(channel_);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + options.deadline);
  for (const auto& [key, value] : options.metadata) context.AddMetadata(key, value);
  grpc::ByteBuffer request_bytes, response_bytes;
  bool own = false;
  if (!grpc::SerializationTraits<Message>::Serialize(request, &request_bytes, &own).ok())
    throw std::invalid_argument("can't serialise");
  std::mutex mutex;
  std::condition_variable done;
  bool finished = false;
  RpcResult result;
  const std::string path = "/" + method.service()->full_name() + "/" + method.name();
  stub.UnaryCall(&context, path, {}, &request_bytes, &response_bytes, [&](grpc::Status status) {
    const std::lock_guard lock(mutex);
    result.status = std::move(status);
    finished = true;
    done.notify_all();
  });
  {
    std::unique_lock lock(mutex);
    done.wait(lock, [&] { return finished; });
  }
  for (const auto& [key, value] : context.GetServerTrailingMetadata()) {
    result.trailers.emplace(std::string(key.data(), key.size()), std::string(value.data(), value.size()));
  }
  result.details.ParseFromString(result.status.error_details());
  if (result.ok()) {
    result.response.reset(
        google::protobuf::MessageFactory::generated_factory()->GetPrototype(method.output_type())->New());
    if (!grpc::SerializationTraits<Message>::Deserialize(&response_bytes, result.response.get()).ok()) {
      throw std::runtime_error("the response is not a " + method.output_type()->full_name());
    }
    result.json = ToJson(*result.response);
  }
  return result;
}

}  // namespace imbot::testing
