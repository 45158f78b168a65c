#include "client_lib/cli/remote_call.h"

#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/support/byte_buffer.h>

#include <future>
#include <utility>

#include "client_lib/cli/field_rules.h"
#include "client_lib/cli/interrupt.h"
#include "client_lib/cli/text.h"

namespace imbot::cli {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;

constexpr size_t kPiece = 256 << 10;  // as the contract advises

std::string PathOf(const MethodDescriptor& method) {
  return StrCat("/", method.service()->full_name(), "/", method.name());
}

grpc::ByteBuffer Serialized(const Message& message) {
  grpc::ByteBuffer bytes;
  bool own = false;
  // Fails only beyond 2 GiB, which no request has.
  (void)grpc::SerializationTraits<Message>::Serialize(message, &bytes, &own);
  return bytes;
}

std::unique_ptr<Message> NewMessage(const google::protobuf::Descriptor& type) {
  return std::unique_ptr<Message>(google::protobuf::MessageFactory::generated_factory()->GetPrototype(&type)->New());
}

// The message that holds the field with a file's bytes, and the field; {null, null} if there is none.
std::pair<Message*, const FieldDescriptor*> FindContent(Message* message) {
  const auto& type = *message->GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    if (RulesOf(*type.field(i)).chunked()) return {message, type.field(i)};
  }
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (!IsPlainMessage(field) || field.is_repeated() ||
        field.containing_type()->file() != field.message_type()->file())
      continue;
    if (const auto found = FindContent(message->GetReflection()->MutableMessage(message, &field));
        found.second != nullptr)
      return found;
  }
  return {nullptr, nullptr};
}

// What every call begins with; the error if it can't begin.
std::optional<client::Error> Prepare(const client::Client& client, const client::CallOptions& options,
                                     grpc::ClientContext* context) {
  const absl::Status prepared = client.Prepare(options, context);
  if (prepared.ok()) return std::nullopt;
  client::Error error;
  error.code = prepared.code();
  error.domain = client::kClientDomain;
  error.reason =
      prepared.code() == absl::StatusCode::kInvalidArgument ? client::kCallInvalid : client::kTokenUnavailable;
  error.message = MessageOf(prepared);
  error.outcome = client::Outcome::kNotExecuted;
  return error;
}

void Finish(const grpc::Status& status, const grpc::ClientContext& context, const client::CallOptions& options,
            CallResult* result) {
  result->info = client::DecodeInfo(context);
  result->info.idempotency_key = options.idempotency_key.value_or("");
  if (!status.ok()) result->error = client::DecodeError(status, context);
}

// Parses an answer into the result, which may make an error of it.
std::unique_ptr<Message> Parse(grpc::ByteBuffer* bytes, const google::protobuf::Descriptor& type, CallResult* result) {
  auto message = NewMessage(type);
  if (grpc::SerializationTraits<Message>::Deserialize(bytes, message.get()).ok()) return message;
  client::Error error;
  error.code = absl::StatusCode::kInternal;
  error.domain = client::kClientDomain;
  error.reason = client::kNoDetails;
  error.message = StrCat("what came back is no ", type.full_name(), ": does a gateway answer there?");
  error.outcome = client::Outcome::kUnknown;
  result->error = std::move(error);
  return nullptr;
}

// A stream in either direction, one operation after another.
class Stream {
 public:
  Stream(const client::Client& client, const MethodDescriptor& method, grpc::ClientContext* context)
      : stub_(client.channel()), call_(stub_.PrepareCall(context, PathOf(method), &queue_)) {
    call_->StartCall(nullptr);
    open_ = Wait();
  }
  ~Stream() {
    queue_.Shutdown();
    while (Wait()) continue;
  }
  // False once the other side has ended the call.
  bool Write(const Message& message) {
    if (!open_) return false;
    call_->Write(Serialized(message), nullptr);
    return open_ = Wait();
  }
  void WritesDone() {
    if (!open_) return;
    call_->WritesDone(nullptr);
    Wait();
  }
  bool Read(grpc::ByteBuffer* bytes) {
    call_->Read(bytes, nullptr);
    return Wait();
  }
  grpc::Status Finish() {
    grpc::Status status;
    call_->Finish(&status, nullptr);
    Wait();
    return status;
  }

 private:
  bool Wait() {
    void* tag = nullptr;
    bool ok = false;
    return queue_.Next(&tag, &ok) && ok;
  }

  grpc::CompletionQueue queue_;
  grpc::GenericStub stub_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call_;
  bool open_ = false;
};

}  // namespace

bool TakeContent(Message* message, std::string* content) {
  const auto [holder, field] = FindContent(message);
  if (field == nullptr) return false;
  *content = holder->GetReflection()->GetString(*holder, field);
  holder->GetReflection()->ClearField(holder, field);
  return true;
}

bool PutContent(Message* message, std::string content) {
  const auto [holder, field] = FindContent(message);
  if (field == nullptr) return false;
  holder->GetReflection()->SetString(holder, field, std::move(content));
  return true;
}

CallResult CallUnary(const client::Client& client, const MethodDescriptor& method, const Message& request,
                     const client::CallOptions& options) {
  CallResult result;
  grpc::ClientContext context;
  result.error = Prepare(client, options, &context);
  if (result.error.has_value()) return result;
  grpc::GenericStub stub(client.channel());
  const grpc::ByteBuffer request_bytes = Serialized(request);
  grpc::ByteBuffer response_bytes;
  // Shared: the promise is at work for a moment after it has woken this thread.
  const auto done = std::make_shared<std::promise<grpc::Status>>();
  const InterruptGuard guard([&context] { context.TryCancel(); });
  stub.UnaryCall(&context, PathOf(method), {}, &request_bytes, &response_bytes,
                 [done](grpc::Status status) { done->set_value(std::move(status)); });
  const grpc::Status status = done->get_future().get();
  Finish(status, context, options, &result);
  if (status.ok()) result.response = Parse(&response_bytes, *method.output_type(), &result);
  return result;
}

CallResult CallUpload(const client::Client& client, const MethodDescriptor& method, std::unique_ptr<Message> request,
                      const ByteSource& source, const client::CallOptions& options) {
  CallResult result;
  grpc::ClientContext context;
  result.error = Prepare(client, options, &context);
  if (result.error.has_value()) return result;
  const InterruptGuard guard([&context] { context.TryCancel(); });
  Stream stream(client, method, &context);
  for (bool first = true;; first = false) {
    auto piece = source(kPiece);
    if (!piece.ok()) {
      result.file = piece.status();
      context.TryCancel();
      break;
    }
    const bool end = piece->empty();
    // The first message names everything, so it goes out even if there are no bytes.
    if (end && !first) break;
    if (!end) PutContent(request.get(), *std::move(piece));
    if (!stream.Write(*request) || end) break;
    if (first) request = NewMessage(*method.input_type());
  }
  if (result.file.ok()) stream.WritesDone();
  grpc::ByteBuffer bytes;
  if (stream.Read(&bytes)) result.response = Parse(&bytes, *method.output_type(), &result);
  Finish(stream.Finish(), context, options, &result);
  return result;
}

CallResult CallDownload(const client::Client& client, const MethodDescriptor& method, const Message& request,
                        const ByteSink& sink, const client::CallOptions& options) {
  CallResult result;
  grpc::ClientContext context;
  result.error = Prepare(client, options, &context);
  if (result.error.has_value()) return result;
  const InterruptGuard guard([&context] { context.TryCancel(); });
  Stream stream(client, method, &context);
  stream.Write(request);
  stream.WritesDone();
  for (grpc::ByteBuffer bytes; stream.Read(&bytes); bytes.Clear()) {
    auto message = Parse(&bytes, *method.output_type(), &result);
    if (message == nullptr) break;
    std::string content;
    TakeContent(message.get(), &content);
    result.file = sink(content);
    if (!result.file.ok()) {
      context.TryCancel();
      break;
    }
    if (result.response == nullptr) result.response = std::move(message);
  }
  if (result.error.has_value()) context.TryCancel();
  const grpc::Status status = stream.Finish();
  if (!result.error.has_value()) Finish(status, context, options, &result);
  if (result.ok() && result.response == nullptr) result.response = NewMessage(*method.output_type());
  return result;
}

}  // namespace imbot::cli
