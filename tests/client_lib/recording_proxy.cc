#include "tests/client_lib/recording_proxy.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <chrono>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace imbot::client {
namespace {

std::string Text(grpc::string_ref text) {
  return {text.data(), text.size()};
}

// What gRPC puts there by itself, on every hop.
bool IsGrpcs(std::string_view key) {
  return key.starts_with("grpc-") || key.starts_with(":") || key == "user-agent" || key == "content-type" ||
         key == "te";
}

struct Loss {
  RecordingProxy::Lost what;
  std::function<void()> cut;
};

}  // namespace

// Deletes itself when gRPC is done with it.
class RecordingProxy::Call : public grpc::ServerGenericBidiReactor {
 public:
  Call(State* state, grpc::GenericCallbackServerContext* context) : state_(*state), server_(*context) {
    StartRead(&request_);
  }
  void OnReadDone(bool ok) override;
  void OnCancel() override { client_.TryCancel(); }
  void OnDone() override { delete this; }

 private:
  void OnAnswer(const grpc::Status& status);

  State& state_;
  grpc::GenericCallbackServerContext& server_;
  grpc::ClientContext client_;
  grpc::ByteBuffer request_, response_;
  std::optional<Loss> loss_;
};

class RecordingProxy::Service : public grpc::CallbackGenericService {
 public:
  explicit Service(State* state) : state_(state) {}
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override {
    return new Call(state_, context);
  }

 private:
  State* const state_;
};

class RecordingProxy::State {
 public:
  explicit State(int gateway_port)
      : gateway(grpc::CreateChannel("127.0.0.1:" + std::to_string(gateway_port), grpc::InsecureChannelCredentials())),
        service_(this) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterCallbackGenericService(&service_);
    server_ = builder.BuildAndStart();
    if (server_ == nullptr) throw std::runtime_error("the proxy can't listen");
  }
  ~State() { server_->Shutdown(std::chrono::system_clock::now()); }

  int port() const { return port_; }
  void LoseNext(Loss loss) {
    const std::lock_guard lock(mutex_);
    loss_ = std::move(loss);
  }
  std::optional<Loss> Record(Attempt attempt) {
    const std::lock_guard lock(mutex_);
    attempts_.push_back(std::move(attempt));
    return std::exchange(loss_, std::nullopt);
  }
  std::vector<Attempt> Take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(attempts_, {});
  }

  grpc::GenericStub gateway;

 private:
  std::mutex mutex_;
  std::optional<Loss> loss_;       // guarded by mutex_
  std::vector<Attempt> attempts_;  // guarded by mutex_
  Service service_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

void RecordingProxy::Call::OnReadDone(bool ok) {
  if (!ok) return Finish(grpc::Status(grpc::StatusCode::CANCELLED, "no request"));
  Attempt attempt{.method = server_.method().substr(1), .idempotency_key = {}};
  for (const auto& [key, value] : server_.client_metadata()) {
    if (key == "idempotency-key") attempt.idempotency_key += Text(value);
    if (!IsGrpcs(Text(key))) client_.AddMetadata(Text(key), Text(value));
  }
  client_.set_deadline(server_.deadline());
  loss_ = state_.Record(std::move(attempt));
  if (loss_.has_value() && loss_->what == Lost::kRequest) {
    loss_->cut();
    return Finish(grpc::Status(grpc::StatusCode::UNAVAILABLE, "cut"));
  }
  state_.gateway.UnaryCall(&client_, server_.method(), grpc::StubOptions(), &request_, &response_,
                           [this](const grpc::Status& status) { OnAnswer(status); });
}

void RecordingProxy::Call::OnAnswer(const grpc::Status& status) {
  if (loss_.has_value()) loss_->cut();
  for (const auto& [key, value] : client_.GetServerTrailingMetadata()) {
    if (!IsGrpcs(Text(key))) server_.AddTrailingMetadata(Text(key), Text(value));
  }
  if (!status.ok()) return Finish(status);
  StartWriteAndFinish(&response_, grpc::WriteOptions(), status);
}

RecordingProxy::RecordingProxy(int gateway_port) : state_(std::make_unique<State>(gateway_port)) {}
RecordingProxy::~RecordingProxy() = default;

int RecordingProxy::port() const {
  return state_->port();
}
void RecordingProxy::LoseNext(Lost what, std::function<void()> cut) {
  state_->LoseNext({what, std::move(cut)});
}
std::vector<RecordingProxy::Attempt> RecordingProxy::Take() {
  return state_->Take();
}

}  // namespace imbot::client
