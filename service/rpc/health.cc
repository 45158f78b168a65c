#include "service/rpc/health.h"

#include <utility>

#include "grpc/health/v1/health.pb.h"
#include "service/base/strings.h"
#include "service/rpc/byte_buffer.h"

namespace imbot::rpc {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

// SERVICE_UNKNOWN is for those who watch alone.
grpc::ByteBuffer Response(std::optional<bool> serving) {
  HealthCheckResponse response;
  response.set_status(!serving.has_value() ? HealthCheckResponse::SERVICE_UNKNOWN
                      : *serving           ? HealthCheckResponse::SERVING
                                           : HealthCheckResponse::NOT_SERVING);
  return ToBytes(response);
}

// The name a request asks for; nothing if it is none, which the rpc is then told.
std::optional<std::string> AskedFor(const grpc::ByteBuffer& message, Rpc& rpc) {
  HealthCheckRequest request;
  if (FromBytes(message, &request)) return request.service();
  rpc.Finish(grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "the request is no grpc.health.v1.HealthCheckRequest"));
  return std::nullopt;
}

}  // namespace

class Health::Watch final : public StreamRpc::Reactor, public std::enable_shared_from_this<Watch> {
 public:
  Watch(Health& health, StreamRpc& rpc) : health_(health), rpc_(rpc), thread_(rpc.thread()) { rpc_.Read(); }

  const std::string& name() const { return name_; }

  // Any thread: something may have changed.
  void Notify() {
    thread_->Run([self = shared_from_this()] { self->Tell(); });
  }

  void OnRead(bool ok, const grpc::ByteBuffer& message) override {
    auto name = ok ? AskedFor(message, rpc_) : std::nullopt;
    if (!name.has_value()) return rpc_.Finish(grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "there is no request"));
    name_ = *std::move(name);
    health_.Begin(shared_from_this());
    Tell();
  }
  void OnWritten(bool ok) override {
    writing_ = false;
    if (ok) Tell();  // if it failed, the caller has gone, which will be told
  }
  void OnCancelled() override { over_ = true; }
  void OnDone() override { health_.End(*this); }

 private:
  // What is so now, unless that was the last thing told. Changes that come while one is on its way become one.
  void Tell() {
    if (writing_ || over_) return;
    const std::optional<bool> serving = health_.Serving(name_);
    if (told_ && serving == last_) return;
    told_ = true;
    last_ = serving;
    writing_ = true;
    rpc_.Write(Response(serving));
  }

  Health& health_;
  StreamRpc& rpc_;  // until it is over
  const std::shared_ptr<CompletionThread> thread_;
  std::string name_;
  bool writing_ = false;
  bool over_ = false;
  bool told_ = false;
  std::optional<bool> last_;  // once told
};

Health::Health(std::vector<std::string> names) : names_(std::move(names)) {
  SetServing(false);
}

Health::~Health() = default;

void Health::AddTo(Routes* routes) {
  routes->AddUnary(base::StrCat("/", kService, "/Check"), [this](Rpc& rpc, const grpc::ByteBuffer& request) {
    Check(rpc, request);
    return nullptr;
  });
  routes->AddStream(base::StrCat("/", kService, "/Watch"),
                    [this](StreamRpc& rpc) { return std::make_shared<Watch>(*this, rpc); });
}

void Health::Check(Rpc& rpc, const grpc::ByteBuffer& request) const {
  const auto name = AskedFor(request, rpc);
  if (!name.has_value()) return;
  const auto serving = Serving(*name);
  if (serving.has_value()) {
    rpc.Finish(Response(serving));
  } else {
    rpc.Finish(grpc::Status(grpc::StatusCode::NOT_FOUND, base::StrCat("no service `", *name, "`")));
  }
}

void Health::SetServing(bool serving) {
  SetServing("", serving);
  for (const auto& name : names_) SetServing(name, serving);
}

void Health::SetServing(const std::string& name, bool serving) {
  std::vector<std::shared_ptr<Watch>> watches;
  {
    base::MutexLock lock(mutex_);
    serving_[name] = serving;
    const auto [begin, end] = watches_.equal_range(name);
    for (auto it = begin; it != end; ++it) {
      if (auto watch = it->second.lock()) watches.push_back(std::move(watch));
    }
  }
  for (const auto& watch : watches) watch->Notify();
}

std::optional<bool> Health::Serving(const std::string& name) const {
  base::MutexLock lock(mutex_);
  const auto it = serving_.find(name);
  if (it == serving_.end()) return std::nullopt;
  return it->second;
}

void Health::Begin(const std::shared_ptr<Watch>& watch) {
  base::MutexLock lock(mutex_);
  watches_.emplace(watch->name(), watch);
}

void Health::End(const Watch& watch) {
  base::MutexLock lock(mutex_);
  const auto [begin, end] = watches_.equal_range(watch.name());
  for (auto it = begin; it != end; ++it) {
    if (it->second.lock().get() != &watch) continue;
    watches_.erase(it);
    return;
  }
}

}  // namespace imbot::rpc
