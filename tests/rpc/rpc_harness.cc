#include "tests/rpc/rpc_harness.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>

#include <algorithm>
#include <cstdlib>
#include <future>
#include <iostream>
#include <utility>

#include "google/rpc/error_details.pb.h"
#include "proto/contract.h"
#include "service/base/strings.h"
#include "service/rpc/method_route.h"
#include "service/rpc/unknown_methods.h"

namespace imbot::rpc_test {
namespace {

grpc::ByteBuffer BufferOf(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

std::string BytesOf(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (buffer.Valid() && buffer.Dump(&slices).ok()) {
    for (const auto& slice : slices) bytes.append(slice.begin(), slice.end());
  }
  return bytes;
}

// What comes with a status that is there already.
void ReadEnd(const grpc::ClientContext& context, Result* result) {
  result->details.ParseFromString(result->status.error_details());
  for (const auto& [key, value] : context.GetServerTrailingMetadata()) {
    result->trailers.emplace(std::string(key.data(), key.size()), std::string(value.data(), value.size()));
  }
}

google::rpc::ErrorInfo InfoOf(const google::rpc::Status& details) {
  google::rpc::ErrorInfo info;
  for (const auto& detail : details.details()) {
    if (detail.UnpackTo(&info)) break;
  }
  return info;
}

// A harness that can't be built is a defect of the test.
template <typename T>
T OrExit(absl::StatusOr<T> value) {
  if (!value.ok()) {
    std::cerr << value.status() << std::endl;
    std::abort();
  }
  return *std::move(value);
}

}  // namespace

class PlayedHandler::InProgress final : public rpc::CallInProgress {
 public:
  explicit InProgress(PlayedHandler& owner) : owner_(owner) {}
  void Cancel() override {
    base::MutexLock lock(owner_.mutex_);
    ++owner_.cancels_;
    owner_.changed_.NotifyAll();
  }

 private:
  PlayedHandler& owner_;
};

void PlayedHandler::Play(Function function) {
  base::MutexLock lock(mutex_);
  function_ = std::move(function);
}

std::shared_ptr<rpc::CallInProgress> PlayedHandler::Echo(rpc::Call call, rpc::Reply reply) {
  std::unique_ptr<google::protobuf::Message> response(call.method->response_prototype->New());
  if (const auto* request = dynamic_cast<const imbot::test::v1::EchoRequest*>(call.request.get())) {
    auto* echo = dynamic_cast<imbot::test::v1::EchoResponse*>(response.get());
    if (request->has_some_text()) echo->set_some_text(request->some_text());
    if (request->has_chat_id()) echo->set_chat_id(request->chat_id());
  }
  reply.Answer(absl::OkStatus(), std::move(response), {});
  return nullptr;
}

std::shared_ptr<rpc::CallInProgress> PlayedHandler::Start(rpc::Call call, rpc::Reply reply) {
  Function function;
  {
    base::MutexLock lock(mutex_);
    function = function_;
  }
  if (function != nullptr) return function(std::move(call), std::move(reply));
  auto held = std::make_unique<HeldCall>(HeldCall{std::move(call), std::move(reply)});
  base::MutexLock lock(mutex_);
  held_.push_back(std::move(held));
  changed_.NotifyAll();
  return std::make_shared<InProgress>(*this);
}

std::unique_ptr<HeldCall> PlayedHandler::TakeCall() {
  base::MutexLock lock(mutex_);
  while (held_.empty()) changed_.Wait(mutex_);
  auto call = std::move(held_.front());
  held_.pop_front();
  return call;
}

void PlayedHandler::WaitForCancels(int count) {
  base::MutexLock lock(mutex_);
  while (cancels_ < count) changed_.Wait(mutex_);
}

int PlayedHandler::cancels() const {
  base::MutexLock lock(mutex_);
  return cancels_;
}

void PlayedHandler::DropCalls() {
  std::deque<std::unique_ptr<HeldCall>> dropped;
  base::MutexLock lock(mutex_);
  dropped.swap(held_);
  // `dropped` is declared before the lock, so it goes after it: a dropped call answers.
}

std::string Result::Reason() const {
  return InfoOf(details).reason();
}

std::string Result::Metadata(const std::string& key) const {
  const auto info = InfoOf(details);
  const auto it = info.metadata().find(key);
  return it == info.metadata().end() ? "" : it->second;
}

std::string Result::Trailer(const std::string& key) const {
  return trailers.count(key) == 1 ? trailers.find(key)->second : "";
}

std::vector<std::string> ViolatedFields(const absl::Status& status) {
  std::vector<std::string> fields;
  const google::rpc::Status whole = base::ToRpcStatus(status);
  for (const auto& detail : whole.details()) {
    google::rpc::BadRequest bad_request;
    if (!detail.UnpackTo(&bad_request)) continue;
    for (const auto& violation : bad_request.field_violations()) fields.push_back(violation.field());
  }
  return fields;
}

Harness::Harness(HarnessOptions options)
    : logger_(base::Level::kDebug,
              [this](std::string_view line) {
                base::MutexLock lock(mutex_);
                lines_.emplace_back(line);
                changed_.NotifyAll();
              }),
      callers_(options.callers) {
  auto files = contract::Files();
  files.push_back(imbot::test::v1::EchoRequest::descriptor()->file());
  methods_ = OrExit(translate::MethodTable::Create(files));
  environment_ = std::make_shared<const rpc::CallEnvironment>(
      rpc::CallEnvironment{.handler = handler,
                           .callers = callers_,
                           .gate = gate_,
                           .log = std::make_shared<rpc::AccessLog>(logger_, metrics),
                           .limits = options.limits});

  rpc::EnableChannelz();
  google::protobuf::FileDescriptorSet set = contract::DescriptorSet();
  rpc::ReflectionServices::AppendOwnFiles(&set);
  rpc::AppendLinkedFile(*imbot::test::v1::EchoRequest::descriptor()->file(), &set);
  std::vector<std::string> names = rpc::ServiceNames(*methods_);
  for (const char* name : {rpc::ReflectionServices::kV1, rpc::ReflectionServices::kV1Alpha, rpc::Health::kService,
                           "grpc.channelz.v1.Channelz"}) {
    names.emplace_back(name);
  }
  reflection_ = std::make_unique<rpc::ReflectionServices>(OrExit(rpc::DescriptorIndex::Create(set, names)));

  rpc::ServerOptions server_options;
  server_options.listeners = std::move(options.listeners);
  if (server_options.listeners.empty()) server_options.listeners.push_back({"127.0.0.1:0", std::nullopt});
  server_options.drain_delay = options.drain_delay;
  server_options.max_receive_bytes = options.max_receive_bytes;
  server_options.completion_threads = options.completion_threads;
  rpc::Server::Parts parts;
  rpc::AddMethodRoutes(environment_, *methods_, &parts.routes);
  reflection_->AddTo(&parts.routes);
  rpc::AddUnknownRoute(environment_, &parts.routes);
  parts.health_names = rpc::ServiceNames(*methods_);
  parts.gate = &gate_;
  server_ = OrExit(rpc::Server::Create(std::move(server_options), std::move(parts)));
}

Harness::~Harness() {
  server_.reset();
  handler.DropCalls();  // while there is a log to write them to
}

std::vector<std::string> Harness::Lines(std::string_view part) const {
  base::MutexLock lock(mutex_);
  std::vector<std::string> found;
  for (const auto& line : lines_) {
    if (line.find(part) != std::string::npos) found.push_back(line);
  }
  return found;
}

std::string Harness::WaitForLine(std::string_view part) const {
  base::MutexLock lock(mutex_);
  for (size_t i = 0;; ++i) {
    while (i >= lines_.size()) changed_.Wait(mutex_);
    if (lines_[i].find(part) != std::string::npos) return lines_[i];
  }
}

std::shared_ptr<grpc::Channel> Harness::Connect(size_t index) const {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(base::StrCat("127.0.0.1:", server_->ports().at(index)),
                                   grpc::InsecureChannelCredentials(), arguments);
}

struct PendingCall::Shared {
  grpc::ByteBuffer request;
  grpc::ByteBuffer response;
  std::promise<grpc::Status> done;
  std::unique_ptr<grpc::GenericStub> stub;
};

PendingCall::PendingCall(const std::shared_ptr<grpc::Channel>& channel, const std::string& path,
                         const std::string& body, const Prepare& prepare)
    : shared_(std::make_unique<Shared>()) {
  context_.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
  if (prepare != nullptr) prepare(context_);
  shared_->request = BufferOf(body);
  shared_->stub = std::make_unique<grpc::GenericStub>(channel);
  shared_->stub->UnaryCall(
      &context_, path, grpc::StubOptions(), &shared_->request, &shared_->response,
      [shared = shared_.get()](grpc::Status status) { shared->done.set_value(std::move(status)); });
}

PendingCall::~PendingCall() {
  if (shared_ == nullptr) return;
  context_.TryCancel();
  Wait();
}

const Result& PendingCall::Wait() {
  if (shared_ == nullptr) return result_;
  result_.status = shared_->done.get_future().get();
  ReadEnd(context_, &result_);
  result_.body = BytesOf(shared_->response);
  shared_.reset();
  return result_;
}

Result CallBytes(const std::shared_ptr<grpc::Channel>& channel, const std::string& path, const std::string& body,
                 const Prepare& prepare) {
  PendingCall call(channel, path, body, prepare);
  return call.Wait();
}

struct OpenCall::Parts {
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  std::unique_ptr<grpc::GenericStub> stub;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call;

  void Wait() {
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
  }
};

OpenCall::OpenCall(const std::shared_ptr<grpc::Channel>& channel, const std::string& path)
    : parts_(std::make_unique<Parts>()) {
  parts_->context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
  parts_->stub = std::make_unique<grpc::GenericStub>(channel);
  parts_->call = parts_->stub->PrepareCall(&parts_->context, path, &parts_->queue);
  parts_->call->StartCall(nullptr);
  parts_->Wait();
}

OpenCall::~OpenCall() {
  parts_->queue.Shutdown();
  parts_->Wait();
}

void OpenCall::Cancel() {
  parts_->context.TryCancel();
}

Result OpenCall::End() {
  parts_->call->WritesDone(nullptr);
  parts_->Wait();
  return Wait();
}

Result OpenCall::Wait() {
  Result result;
  parts_->call->Finish(&result.status, nullptr);
  parts_->Wait();
  ReadEnd(parts_->context, &result);
  return result;
}

Result CallEcho(const std::shared_ptr<grpc::Channel>& channel, const std::string& text, const Prepare& prepare) {
  imbot::test::v1::EchoRequest request;
  request.set_bot("acme/support");
  request.set_some_text(text);
  return CallBytes(channel, kEcho, request.SerializeAsString(), prepare);
}

}  // namespace imbot::rpc_test
