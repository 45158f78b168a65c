#include "service/portal/registry.h"

#include <utility>

#include "service/base/error.h"
#include "service/base/mutex.h"
#include "service/base/strings.h"

namespace imbot::portal {

Port::Port(std::string portal, transport::Loop& loop, const base::Clock& clock, CredentialSource& credentials,
           SchedulerOptions options, SchedulerMetrics metrics)
    : portal_(std::move(portal)),
      loop_(loop),
      scheduler_(std::make_shared<Scheduler>(portal_, loop, clock, credentials, options, metrics)) {}

CallId Port::Submit(Outgoing call, Done done) {
  const CallId id{++last_id_};
  loop_.Post([scheduler = reference_, id, call = std::move(call), done = std::move(done)]() mutable {
    if (const auto alive = scheduler.lock()) return alive->Submit(id, std::move(call), std::move(done));
    Answer answer;
    answer.status = base::Error(absl::StatusCode::kUnavailable, "SHUTTING_DOWN",
                                base::StrCat(call.method, ": the gateway is stopping; nothing was sent, repeat"))
                        .RetryAfter(std::chrono::seconds(1))
                        .Build();
    done(std::move(answer));
  });
  return id;
}

void Port::Cancel(CallId id) {
  loop_.Post([scheduler = reference_, id] {
    if (const auto alive = scheduler.lock()) alive->Cancel(id);
  });
}

void Port::Stop(absl::AnyInvocable<void()> stopped) {
  loop_.Post([scheduler = std::move(scheduler_), stopped = std::move(stopped)]() mutable {
    scheduler->Stop();
    scheduler.reset();
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

void Registry::Stop() {
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
