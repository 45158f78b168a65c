#include "service/portal/registry.h"

#include <utility>

#include "service/base/error.h"
#include "service/base/mutex.h"
#include "service/base/strings.h"

namespace imbot::portal {
namespace {

absl::Status Stopping(std::string_view method) {
  return base::Error(absl::StatusCode::kUnavailable, "SHUTTING_DOWN",
                     base::StrCat(method, ": the gateway is stopping; nothing was sent, repeat"))
      .RetryAfter(std::chrono::seconds(1))
      .Build();
}

}  // namespace

struct Port::OnLoop {
  Scheduler scheduler;
  Downloads downloads;
};

// A call on its way to the loop.
struct Port::Posted {
  std::weak_ptr<OnLoop> reference;
  QueuedCall call;
};

Port::Port(std::string portal, transport::Loop& loop, const base::Clock& clock, CredentialSource& credentials,
           std::shared_ptr<LeakyBucket> bucket, SchedulerOptions options, SchedulerMetrics metrics)
    : portal_(std::move(portal)),
      loop_(loop),
      on_loop_(new OnLoop{{portal_, loop, clock, credentials, std::move(bucket), options, metrics},
                          {portal_, loop, clock, credentials, options.max_streams}}) {}

CallId Port::Submit(Outgoing call, Done done) {
  const CallId id{++last_id_};
  auto posted = std::make_shared<Posted>();
  posted->reference = reference_;
  posted->call.id = id;
  posted->call.call = std::move(call);
  posted->call.done = std::move(done);
  loop_.Post([posted = std::move(posted)] {
    if (const auto alive = posted->reference.lock())
      return alive->scheduler.Submit(std::shared_ptr<QueuedCall>(posted, &posted->call));
    Answer answer;
    answer.status = Stopping(posted->call.call.method);
    posted->call.done(std::move(answer));
  });
  return id;
}

void Port::Cancel(CallId id) {
  loop_.Post([reference = reference_, id] {
    if (const auto alive = reference.lock()) alive->scheduler.Cancel(id);
  });
}

void Port::Fetch(Download download) {
  loop_.Post([reference = reference_, download = std::move(download)]() mutable {
    if (const auto alive = reference.lock()) return alive->downloads.Start(std::move(download));
    download.done(Stopping(download.method));
  });
}

void Port::Snapshot(absl::AnyInvocable<void(const PortalSnapshot&)> done) {
  loop_.Post([reference = reference_, done = std::move(done)]() mutable {
    if (const auto alive = reference.lock()) done(alive->scheduler.Snapshot());
  });
}

void Port::SetIntake(Intake intake) {
  loop_.Post([reference = reference_, intake] {
    if (const auto alive = reference.lock()) alive->scheduler.SetIntake(intake);
  });
}
void Port::Pause() {
  SetIntake(Intake::kPaused);
}
void Port::Drain() {
  SetIntake(Intake::kDraining);
}
void Port::Resume() {
  SetIntake(Intake::kOpen);
}

void Port::Flush(absl::AnyInvocable<void(size_t)> done) {
  loop_.Post([reference = reference_, done = std::move(done)]() mutable {
    if (const auto alive = reference.lock()) done(alive->scheduler.Flush());
  });
}

void Port::Release(absl::AnyInvocable<void(bool)> done) {
  loop_.Post([reference = reference_, done = std::move(done)]() mutable {
    if (const auto alive = reference.lock()) done(alive->scheduler.Release());
  });
}

void Port::Stop(absl::AnyInvocable<void()> stopped) {
  loop_.Post([on_loop = std::move(on_loop_), stopped = std::move(stopped)]() mutable {
    on_loop->scheduler.Stop();
    on_loop->downloads.Stop();
    on_loop.reset();
    stopped();
  });
}

Registry::Registry(std::vector<std::unique_ptr<Port>> ports) {
  for (auto& port : ports) {
    const std::string_view name = port->portal();
    ports_.emplace(name, std::move(port));
  }
}

Whereabouts Registry::Find(std::string_view portal) const {
  const auto it = ports_.find(portal);
  if (it == ports_.end()) return Unknown{};
  return Here{it->second.get()};
}

std::vector<Port*> Registry::Ports() const {
  std::vector<Port*> ports;
  for (const auto& [name, port] : ports_) ports.push_back(port.get());
  return ports;
}

void Registry::Stop() {
  if (std::exchange(stopped_, true)) return;
  base::Mutex mutex;
  base::CondVar changed;
  size_t left = ports_.size();
  for (auto& [name, port] : ports_) {
    port->Stop([&] {
      base::MutexLock lock(mutex);
      --left;
      changed.NotifyAll();
    });
  }
  base::MutexLock lock(mutex);
  while (left > 0) changed.Wait(mutex);
}

}  // namespace imbot::portal
