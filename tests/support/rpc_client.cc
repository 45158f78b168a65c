#include "tests/support/rpc_client.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/security/credentials.h>

#include <future>
#include <stdexcept>
#include <utility>
#include <vector>

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

// What the messages of a download have in common are their bytes; the rest stands in the first.
void AppendBytes(const Message& from, Message* to) {
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  from.GetReflection()->ListFields(from, &fields);
  for (const auto* field : fields) {
    if (field->type() != google::protobuf::FieldDescriptor::TYPE_BYTES || field->is_repeated()) continue;
    to->GetReflection()->SetString(
        to, field, to->GetReflection()->GetString(*to, field) + from.GetReflection()->GetString(from, field));
  }
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

namespace {

struct Prepared {
  const MethodDescriptor& method;
  std::unique_ptr<Message> request;
};
Prepared Prepare(const std::string& method, const std::string& request_json) {
  const MethodDescriptor& descriptor = FindMethod(method);
  std::unique_ptr<Message> request(
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(descriptor.input_type())->New());
  if (const auto parsed = google::protobuf::util::JsonStringToMessage(request_json, request.get()); !parsed.ok()) {
    throw std::invalid_argument(method + ": " + std::string(parsed.message()) + " in " + request_json);
  }
  return {descriptor, std::move(request)};
}

}  // namespace

RpcResult RpcClient::Call(const std::string& method, const std::string& request_json, const RpcOptions& options) const {
  const Prepared call = Prepare(method, request_json);
  return Call(call.method, *call.request, options);
}

void RpcClient::CallAsync(const std::string& method, const std::string& request_json, const RpcOptions& options,
                          std::function<void(RpcResult)> done) const {
  const Prepared call = Prepare(method, request_json);
  Unary(call.method, *call.request, options, std::move(done));
}

namespace {

grpc::ByteBuffer Serialized(const Message& message) {
  grpc::ByteBuffer bytes;
  bool own = false;
  if (!grpc::SerializationTraits<Message>::Serialize(message, &bytes, &own).ok())
    throw std::invalid_argument("can't serialise");
  return bytes;
}

std::unique_ptr<Message> Parsed(grpc::ByteBuffer* bytes, const google::protobuf::Descriptor& type) {
  std::unique_ptr<Message> message(google::protobuf::MessageFactory::generated_factory()->GetPrototype(&type)->New());
  if (!grpc::SerializationTraits<Message>::Deserialize(bytes, message.get()).ok())
    throw std::runtime_error("the response is not a " + type.full_name());
  return message;
}

void FillIn(const grpc::ClientContext& context, RpcResult* result) {
  for (const auto& [key, value] : context.GetServerTrailingMetadata()) {
    result->trailers.emplace(std::string(key.data(), key.size()), std::string(value.data(), value.size()));
  }
  result->details.ParseFromString(result->status.error_details());
  if (result->response != nullptr) result->json = ToJson(*result->response);
}

void SetUp(const RpcOptions& options, grpc::ClientContext* context) {
  context->set_deadline(std::chrono::system_clock::now() + options.deadline);
  for (const auto& [key, value] : options.metadata) context->AddMetadata(key, value);
}

std::string PathOf(const MethodDescriptor& method) {
  return "/" + method.service()->full_name() + "/" + method.name();
}

}  // namespace

RpcResult RpcClient::Call(const MethodDescriptor& method, const Message& request, const RpcOptions& options) const {
  if (method.client_streaming() || method.server_streaming()) {
    grpc::ClientContext context;
    SetUp(options, &context);
    RpcResult result = Stream(method, request, &context);
    FillIn(context, &result);
    return result;
  }
  // Shared, since it is still being told when its reader has gone on.
  const auto answered = std::make_shared<std::promise<RpcResult>>();
  std::future<RpcResult> answer = answered->get_future();
  Unary(method, request, options, [answered](RpcResult result) { answered->set_value(std::move(result)); });
  return answer.get();
}

void RpcClient::Unary(const MethodDescriptor& method, const Message& request, const RpcOptions& options,
                      std::function<void(RpcResult)> done) const {
  struct Call {
    grpc::ClientContext context;
    grpc::ByteBuffer request, response;
  };
  auto call = std::make_shared<Call>();
  call->request = Serialized(request);
  SetUp(options, &call->context);
  Call& under_way = *call;
  grpc::GenericStub(channel_).UnaryCall(
      &under_way.context, PathOf(method), {}, &under_way.request, &under_way.response,
      [call = std::move(call), done = std::move(done), type = method.output_type()](grpc::Status status) mutable {
        RpcResult result;
        result.status = std::move(status);
        if (result.ok()) {
          // gRPC would swallow what is thrown here, and nobody would be answered.
          try {
            result.response = Parsed(&call->response, *type);
          } catch (const std::runtime_error& error) {
            result.status = grpc::Status(grpc::StatusCode::INTERNAL, error.what());
          }
        }
        FillIn(call->context, &result);
        // It holds the channel, which must not end on this thread: once `done` has been called, the client may go.
        call.reset();
        done(std::move(result));
      });
}

RpcResult RpcClient::Stream(const MethodDescriptor& method, const Message& request,
                            grpc::ClientContext* context) const {
  grpc::GenericStub stub(channel_);
  grpc::CompletionQueue queue;
  // One operation at a time: whether it succeeded.
  const auto wait = [&queue] {
    void* tag = nullptr;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  };
  const auto call = stub.PrepareCall(context, PathOf(method), &queue);
  call->StartCall(nullptr);
  bool open = wait();
  if (open) {
    call->Write(Serialized(request), nullptr);
    open = wait();
  }
  if (open) {
    call->WritesDone(nullptr);
    wait();
  }
  RpcResult result;
  while (true) {
    grpc::ByteBuffer bytes;
    call->Read(&bytes, nullptr);
    if (!wait()) break;
    std::unique_ptr<Message> message = Parsed(&bytes, *method.output_type());
    if (result.response == nullptr) {
      result.response = std::move(message);
    } else {
      AppendBytes(*message, result.response.get());
    }
  }
  call->Finish(&result.status, nullptr);
  wait();
  queue.Shutdown();
  wait();
  return result;
}

}  // namespace imbot::testing
