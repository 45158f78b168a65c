#include "imbot/client/testing/fake_gateway.h"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/support/byte_buffer.h>

#include <chrono>
#include <deque>
#include <mutex>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/descriptor.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "imbot/client/internal/method_info.h"

namespace imbot::client_testing {
namespace {

using std::chrono::milliseconds;

grpc::Status ToGrpc(const FakeError& error) {
  google::rpc::ErrorInfo info;
  info.set_reason(error.reason);
  info.set_domain(error.domain);
  for (const auto& [key, value] : error.metadata) info.mutable_metadata()->insert({key, value});
  info.mutable_metadata()->insert({"outcome", std::string(client::OutcomeName(error.outcome))});
  google::rpc::Status whole;
  whole.set_code(static_cast<int>(error.code));
  whole.set_message(error.message);
  whole.add_details()->PackFrom(info);
  if (error.retry_delay.has_value()) {
    google::rpc::RetryInfo retry;
    retry.mutable_retry_delay()->set_seconds(error.retry_delay->count() / 1000);
    retry.mutable_retry_delay()->set_nanos(static_cast<int32_t>(error.retry_delay->count() % 1000) * 1'000'000);
    whole.add_details()->PackFrom(retry);
  }
  if (!error.violations.empty()) {
    google::rpc::BadRequest bad_request;
    for (const client::FieldViolation& violation : error.violations) {
      auto* added = bad_request.add_field_violations();
      added->set_field(violation.field);
      added->set_description(violation.description);
    }
    whole.add_details()->PackFrom(bad_request);
  }
  return grpc::Status(static_cast<grpc::StatusCode>(error.code), error.message, whole.SerializeAsString());
}

std::string Milliseconds(std::chrono::duration<double, std::milli> time) {
  return absl::StrFormat("%.3f", time.count());
}

void AddTrailers(const client::CallInfo& info, grpc::GenericCallbackServerContext* context) {
  std::vector<std::string> call;
  if (!info.request_id.empty()) call.push_back("request-id=\"" + info.request_id + "\"");
  if (info.queued.has_value()) call.push_back("queued-ms=" + Milliseconds(*info.queued));
  if (info.portal_time.has_value()) call.push_back("portal-duration-ms=" + Milliseconds(*info.portal_time));
  if (info.operating.has_value()) call.push_back("operating-ms=" + Milliseconds(*info.operating));
  if (info.operating_reset_at.has_value()) {
    call.push_back(absl::StrCat("operating-reset-at=", std::chrono::system_clock::to_time_t(*info.operating_reset_at)));
  }
  if (info.batch_size.has_value()) call.push_back(absl::StrCat("batch-size=", *info.batch_size));
  if (!call.empty()) context->AddTrailingMetadata("x-imbot-call", absl::StrJoin(call, ", "));
}

grpc::ByteBuffer ToBuffer(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

std::string ToBytes(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Dump(&slices).ok()) return bytes;
  for (const grpc::Slice& slice : slices) bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return bytes;
}

bool IsStream(const std::string& method) {
  std::string name = method;
  if (const size_t slash = name.rfind('/'); slash != name.npos) name[slash] = '.';
  const auto* found = google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(name);
  return found != nullptr && (found->client_streaming() || found->server_streaming());
}

}  // namespace

// Deletes itself when gRPC is done with it.
class FakeGateway::Call : public grpc::ServerGenericBidiReactor {
 public:
  Call(State* state, grpc::GenericCallbackServerContext* context) : state_(*state), context_(*context) {
    StartRead(&request_);
  }
  void OnReadDone(bool ok) override;
  void OnCancel() override {
    if (hung_) Finish(grpc::Status::CANCELLED);
  }
  void OnDone() override { delete this; }

 private:
  void Respond(const std::string& bytes) {
    response_ = ToBuffer(bytes);
    StartWriteAndFinish(&response_, grpc::WriteOptions(), grpc::Status::OK);
  }

  State& state_;
  grpc::GenericCallbackServerContext& context_;
  grpc::ByteBuffer request_, response_;
  bool hung_ = false;  // gRPC lets a reaction end before it calls OnCancel
};

class FakeGateway::Service : public grpc::CallbackGenericService {
 public:
  explicit Service(State* state) : state_(state) {}
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override {
    return new Call(state_, context);
  }

 private:
  State* const state_;
};

class FakeGateway::State {
 public:
  State() : service_(this) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 5'000);
    builder.RegisterCallbackGenericService(&service_);
    server_ = builder.BuildAndStart();
  }
  ~State() {
    if (server_ != nullptr) server_->Shutdown(std::chrono::system_clock::now());
  }

  bool listens() const { return server_ != nullptr && port_ != 0; }
  int port() const { return port_; }

  void Add(const std::string& method, Answer answer) {
    const std::lock_guard lock(mutex_);
    answers_[method].push_back(std::move(answer));
  }
  void SetDefault(const std::string& method, Default handler) {
    const std::lock_guard lock(mutex_);
    defaults_[method] = std::move(handler);
  }
  // Records the call; its answer, or else the default's handler.
  std::variant<Answer, Default> Take(RecordedCall call) {
    const std::lock_guard lock(mutex_);
    const std::string method = call.method;
    calls_.push_back(std::move(call));
    if (auto& answers = answers_[method]; !answers.empty()) {
      Answer answer = std::move(answers.front());
      answers.pop_front();
      return answer;
    }
    if (const auto it = defaults_.find(method); it != defaults_.end()) return it->second;
    return Answer{FakeError{.code = absl::StatusCode::kFailedPrecondition,
                            .reason = "NOT_SCRIPTED",
                            .message = "no answer is scripted for " + method}};
  }
  std::vector<RecordedCall> Calls() const {
    const std::lock_guard lock(mutex_);
    return calls_;
  }
  size_t AnswersLeft() const {
    const std::lock_guard lock(mutex_);
    size_t left = 0;
    for (const auto& [method, answers] : answers_) left += answers.size();
    return left;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::deque<Answer>> answers_;  // guarded by mutex_
  std::map<std::string, Default> defaults_;            // guarded by mutex_
  std::vector<RecordedCall> calls_;                    // guarded by mutex_
  Service service_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

void FakeGateway::Call::OnReadDone(bool ok) {
  RecordedCall call;
  call.method = context_.method().substr(1);
  if (IsStream(call.method)) return Finish(grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "the fake has no streams"));
  if (!ok) return Finish(grpc::Status(grpc::StatusCode::INTERNAL, "no request"));
  for (const auto& [key, value] : context_.client_metadata()) {
    call.metadata.emplace(std::string(key.data(), key.size()), std::string(value.data(), value.size()));
  }
  call.time_left = std::chrono::duration_cast<milliseconds>(context_.deadline() - std::chrono::system_clock::now());
  call.request_bytes = ToBytes(request_);
  const std::string bytes = call.request_bytes;
  const auto taken = state_.Take(std::move(call));
  if (const auto* handler = std::get_if<Default>(&taken); handler != nullptr) return Respond((*handler)(bytes));
  const auto& answer = std::get<Answer>(taken).value;
  if (const auto* success = std::get_if<Success>(&answer); success != nullptr) {
    AddTrailers(success->info, &context_);
    return Respond(success->bytes);
  }
  if (const auto* error = std::get_if<FakeError>(&answer); error != nullptr) return Finish(ToGrpc(*error));
  if (std::holds_alternative<Lost>(answer)) {
    return Finish(grpc::Status(grpc::StatusCode::UNAVAILABLE, "Socket closed"));
  }
  hung_ = true;
}

FakeGateway::FakeGateway(std::unique_ptr<State> state) : state_(std::move(state)) {}
FakeGateway::~FakeGateway() = default;

std::unique_ptr<FakeGateway> FakeGateway::Start() {
  auto state = std::make_unique<State>();
  if (!state->listens()) return nullptr;
  return std::unique_ptr<FakeGateway>(new FakeGateway(std::move(state)));
}

client::ClientOptions FakeGateway::options() const {
  client::ClientOptions options;
  options.target = target();
  options.security = client::PlainText{.send_token = true};
  options.retry.initial_backoff = milliseconds(1);
  options.retry.max_backoff = milliseconds(10);
  return options;
}

std::string FakeGateway::target() const {
  return absl::StrCat("127.0.0.1:", state_->port());
}

std::string FakeGateway::NameOf(const google::protobuf::Message& request, const google::protobuf::Message& response) {
  const auto method = client::internal::FindMethod(request, response);
  return method.has_value() ? method->path.substr(1) : "";
}

void FakeGateway::Add(const std::string& method, Answer answer) {
  state_->Add(method, std::move(answer));
}
void FakeGateway::SetDefault(const std::string& method, Default handler) {
  state_->SetDefault(method, std::move(handler));
}

std::vector<RecordedCall> FakeGateway::Calls() const {
  return state_->Calls();
}

std::vector<RecordedCall> FakeGateway::CallsNamed(const std::string& method) const {
  std::vector<RecordedCall> calls = Calls();
  std::erase_if(calls, [&](const RecordedCall& call) { return call.method != method; });
  return calls;
}

std::size_t FakeGateway::AnswersLeft() const {
  return state_->AnswersLeft();
}

std::string RecordedCall::Metadata(const std::string& key) const {
  const auto it = metadata.find(key);
  return it == metadata.end() ? "" : it->second;
}

}  // namespace imbot::client_testing
