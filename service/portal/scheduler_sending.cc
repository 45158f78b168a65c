// How a scheduler's calls go out.
#include <algorithm>
#include <utility>

#include "service/base/strings.h"
#include "service/portal/batch.h"
#include "service/portal/portal_url.h"
#include "service/portal/retry_policy.h"
#include "service/portal/scheduler_request.h"

namespace imbot::portal {

using base::Duration;
using base::MonoTime;

namespace {

// A command larger than that leaves alone, as JSON, which is smaller.
constexpr size_t kMostCommandBytes = 128 << 10;
// Of its limit, what a portal keeps for interactive calls while bulk ones wait.
constexpr size_t kBulkReserve = 4;
// How many times the window may be in flight where a limit bounds what leaves: slow batches need it, and a full one
// waits for nobody.
constexpr size_t kBatchWindows = 4;
// So many requests without an answer make a silence; fewer, where no more may be under way.
constexpr size_t kSilentRequests = 4;

}  // namespace

size_t Scheduler::Reserve(Lane lane) const {
  return lane == Lane::kBulk ? kBulkReserve : 0;
}

MonoTime Scheduler::NextAt(MonoTime now, size_t requests, Lane lane) const {
  const size_t reserve = Reserve(lane);
  return bucket_->NextAt(now, bucket_->Ahead(this, reserve) + requests, reserve);
}

bool Scheduler::HasRoom(Lane lane) const {
  if (lane == Lane::kStream) return streams_in_flight_ < options_.max_streams;
  size_t window = options_.max_in_flight;
  if (bucket_->plan().limited() && options_.batching && queue_.calls(lane) >= pace_.MostCommands(Pace::kLongestBatch)) {
    window *= kBatchWindows;
  }
  // A quarter of it, where it has one, is for interactive calls alone.
  const size_t for_bulk = std::max<size_t>(1, window - (window + 3) / 4);
  if (lane == Lane::kBulk) return bulk_in_flight_ < for_bulk && in_flight_ < window;
  // However much bulk the wider window let out, it fills no more than its part of this one.
  return in_flight_ - bulk_in_flight_ + std::min(bulk_in_flight_, for_bulk) < window;
}

void Scheduler::PumpSoon() {
  if (std::exchange(pump_posted_, true)) return;
  loop_.Post([weak = std::weak_ptr<Scheduler*>(self_)] {
    const auto self = weak.lock();
    if (self == nullptr || *self == nullptr) return;
    (*self)->pump_posted_ = false;
    (*self)->Pump();
  });
}

void Scheduler::Pump(bool lingers) {
  lingers_ = false;
  while (queue_.calls() > 0 && intake_ != Intake::kPaused && !quarantine_.closed()) {
    const MonoTime now = clock_.Now();
    std::optional<MonoTime> wake;
    bool waits = false;  // for the bucket
    bool bulk_waits = false;
    bool sent = false;
    for (const Lane lane : {last_ == Lane::kInteractive ? Lane::kStream : Lane::kInteractive, last_, Lane::kBulk}) {
      if (!queue_.Ready(lane) || !HasRoom(lane)) continue;
      MonoTime at = NextAt(now, 1, lane);
      if (at <= now) {
        if (lingers) at = LingersUntil(lane);
        lingers_ |= at > now;
      } else {
        (lane == Lane::kBulk ? bulk_waits : waits) = true;
      }
      if (at <= now) {
        if (lane != Lane::kBulk) last_ = lane;
        bucket_->StopWaiting(this, Reserve(lane));
        // Nobody left: their deadlines had passed, or their methods' budgets let them wait.
        if (auto request = Compose(lane); request != nullptr) {
          left_at_[static_cast<size_t>(lane)] = now;
          Send(std::move(request));
        }
        sent = true;
        break;
      }
      if (!wake.has_value() || at < *wake) wake = at;
    }
    if (sent) continue;
    WaitForBucket(waits, bulk_waits);
    if (wake.has_value()) PumpAt(*wake);
    return;
  }
  WaitForBucket(false, false);
}

void Scheduler::PumpAt(MonoTime when) {
  if (pump_timer_ != base::TimerId::kNone) {
    if (pump_at_ == when) return;
    loop_.CancelTimer(pump_timer_);
  }
  pump_at_ = when;
  pump_timer_ = loop_.PostAt(when, [weak = std::weak_ptr<Scheduler*>(self_)] {
    const auto self = weak.lock();
    if (self == nullptr || *self == nullptr) return;
    (*self)->pump_timer_ = base::TimerId::kNone;
    (*self)->Pump();
  });
}

// A portal that answers fast would get many small requests, each of which costs as much as dozens of commands.
MonoTime Scheduler::LingersUntil(Lane lane) {
  if (options_.batch_linger.count() == 0 || !options_.batching || lane == Lane::kStream || in_flight_ == 0 ||
      queue_.calls(lane) >= pace_.MostCommands(Pace::kLongestBatch) || !budget_.MayLeave(kBatchMethod, clock_.Now()))
    return {};
  const MonoTime until = left_at_[static_cast<size_t>(lane)] + options_.batch_linger;
  // What leaves alone gains nothing, and nobody is to run out of time.
  const Call first = queue_.First(lane);
  return first->call.alone || !first->call.batch_command || first->call.deadline <= until ? MonoTime{} : until;
}

void Scheduler::WaitForBucket(bool waits, bool bulk_waits) {
  const auto tell = [&](bool wait, size_t reserve) {
    wait ? bucket_->Wait(this, reserve) : bucket_->StopWaiting(this, reserve);
  };
  tell(waits, Reserve(Lane::kInteractive));
  tell(bulk_waits, Reserve(Lane::kBulk));
}

std::unique_ptr<Scheduler::Request> Scheduler::Compose(Lane lane) {
  auto request = std::make_unique<Request>();
  request->lane = lane;
  const MonoTime now = clock_.Now();
  const auto take = [&](const Call& call) {
    queue_.Take();
    CountQueued(*call, -1);
    budget_.OnLeft(call->call.method);
    request->calls.push_back(call);
  };
  // As a command of this batch; nothing if it can't be one.
  const auto command_of = [&](QueuedCall& call) -> std::optional<std::string> {
    if (call.call.alone || !call.call.batch_command) return std::nullopt;
    std::optional<std::string> command = call.call.batch_command();
    // Not asked again.
    if (!command.has_value() || command->size() > kMostCommandBytes) {
      call.call.alone = true;
      return std::nullopt;
    }
    return command;
  };
  // Where the limit lets nothing more leave now, a call that has too little time left for a full batch would make a
  // small one of it, and whoever waits behind would run out of time in turn. It joins what has room in the end; if
  // nothing has, its time runs out unsent.
  bool spares = lane != Lane::kStream && options_.batching && NextAt(now, 2, lane) > now;
  const size_t full = std::min(queue_.calls(lane), pace_.MostCommands(Pace::kLongestBatch));
  // Whose turn it is. Those whose deadline has passed leave the queue on the way, unsent: their timers, which are due,
  // will answer them.
  const auto next = [&]() -> Call {
    while (true) {
      Call call = queue_.Next();
      if (call == nullptr) {
        if (!std::exchange(spares, false)) return nullptr;
        queue_.Recall();
        continue;
      }
      if (call->call.deadline <= now) {
        queue_.Remove(*call);
        CountQueued(*call, -1);
        continue;
      }
      if (!budget_.MayLeave(call->call.method, now)) {
        SetAside(call, now);
        continue;
      }
      const bool joins = !call->call.alone && call->call.batch_command;
      if (!spares || !joins || pace_.MostCommands(call->call.deadline - now) * 4 >= full * 3) return call;
      queue_.PassOver();
    }
  };
  queue_.Begin(lane);
  const Call first = next();
  if (first == nullptr) {
    queue_.End();
    return nullptr;
  }
  take(first);
  Duration available = first->call.deadline - now;
  if (lane != Lane::kStream && options_.batching && budget_.MayLeave(kBatchMethod, now) && next() != nullptr) {
    if (std::optional<std::string> command = command_of(*first)) {
      request->bytes = command->size();
      request->commands.push_back(*std::move(command));
    }
  }
  while (!request->commands.empty() && request->calls.size() < pace_.MostCommands(available)) {
    const Call call = next();
    if (call == nullptr) break;
    // One that has less time than so many commands take leaves with the next request, the first of it.
    const Duration least = std::min(available, call->call.deadline - now);
    std::optional<std::string> command;
    if (request->calls.size() < pace_.MostCommands(least)) command = command_of(*call);
    if (!command.has_value() || request->bytes + command->size() > most_batch_bytes_) {
      queue_.PassOver();
      continue;
    }
    available = least;
    request->bytes += command->size();
    take(call);
    request->commands.push_back(*std::move(command));
  }
  queue_.End();
  if (request->calls.size() == 1) request->commands.clear();
  departures_[static_cast<size_t>(lane)].OnLeft(request->calls.size(), queue_.calls(lane) > 0, now);
  return request;
}

void Scheduler::SetAside(const Call& call, MonoTime now) {
  CountQueued(*call, -1);
  const auto held = budget_.HeldUntil(call->call.method, now);
  if (held.has_value() && *held >= call->call.deadline) {
    queue_.Remove(*call);
    absl::Status status = Held(*call, *held);
    if (call->maybe_executed) status = InDoubt(status);
    return Finish(call, NoReply(*call, std::move(status)));
  }
  queue_.Defer();
  Park(call, held);
}

void Scheduler::Send(std::unique_ptr<Request> request) {
  const MonoTime now = clock_.Now();
  const bool streams = request->lane == Lane::kStream;
  auto url = credentials_.UrlFor(portal_, request->batch() ? kBatchMethod : request->calls[0]->call.method);
  if (!url.ok()) {
    // Neither queued nor sent from here on: whatever else ends them says that nothing was sent.
    return loop_.Post(
        [weak = std::weak_ptr<Scheduler*>(self_), calls = std::move(request->calls), status = url.status()] {
          const auto self = weak.lock();
          if (self == nullptr || *self == nullptr) return;
          for (const Call& call : calls) {
            (*self)->budget_.OnBack(call->call.method, {}, false, (*self)->clock_.Now(), (*self)->clock_.WallNow());
            (*self)->queue_.Done(*call);
            (*self)->Finish(call, (*self)->NoReply(*call, call->maybe_executed ? InDoubt(status) : status));
          }
          (*self)->WakeParked();
          (*self)->Pump();
        });
  }
  request->url = *std::move(url);
  request->sent_at = now;
  transport::Request http;
  http.url = request->url.Copy();
  for (const Call& call : request->calls) {
    call->sent = true;
    call->sent_at = now;
    if (call->attempts++ == 0) {
      call->repeat_until = call->call.repeat_until.value_or(now + kReservation - options_.reply_timeout);
    } else {
      metrics_.repeats.Increment();
    }
    metrics_.queue_seconds.Observe(std::chrono::duration<double>(now - call->submitted_at).count());
  }
  Outgoing& first = request->calls[0]->call;
  if (request->batch()) {
    http.body = BatchBody(request->commands);
    budget_.OnLeft(kBatchMethod);
    ++batches_;
  } else if (!streams) {
    http.body = first.body();
  }
  // A stream takes as long as its sender does, until its deadline; the portal's own time begins with the end.
  http.give_up_at = (streams ? first.deadline : now) + options_.reply_timeout;
  http.source = first.source;
  ++(streams ? streams_in_flight_ : in_flight_);
  if (request->lane == Lane::kBulk) ++bulk_in_flight_;
  if (!streams) WatchForSilence(now, request->calls.size());
  bucket_->Add(now);
  ++requests_;
  calls_ += request->calls.size();
  metrics_.in_flight.Add(1);
  metrics_.requests.Increment();
  metrics_.batch_calls.Observe(static_cast<double>(request->calls.size()));
  loop_.transport().Send(std::move(http), [weak = std::weak_ptr<Scheduler*>(self_),
                                           request = std::move(request)](transport::Result result) {
    if (const auto self = weak.lock(); self != nullptr && *self != nullptr)
      (*self)->OnResult(*request, std::move(result));
  });
}

// --- A portal that may not be worth calling.

void Scheduler::PlanProbe() {
  if (probe_timer_ != base::TimerId::kNone) loop_.CancelTimer(std::exchange(probe_timer_, base::TimerId::kNone));
  const auto at = quarantine_.probe_at();
  if (!at.has_value() || intake_ == Intake::kPaused) return;
  probe_timer_ = loop_.PostAt(*at, [weak = std::weak_ptr<Scheduler*>(self_)] {
    const auto self = weak.lock();
    if (self == nullptr || *self == nullptr) return;
    (*self)->probe_timer_ = base::TimerId::kNone;
    (*self)->Probe();
  });
}

void Scheduler::Probe() {
  auto url = credentials_.UrlFor(portal_, kProbeMethod);
  quarantine_.OnProbeSent();
  if (!url.ok()) {
    quarantine_.OnProbeFailed(clock_.Now());
    return AfterNews();
  }
  auto request = std::make_unique<Request>();
  request->url = *std::move(url);
  request->sent_at = clock_.Now();
  transport::Request http;
  http.url = request->url.Copy();
  http.body = "{}";
  http.give_up_at = request->sent_at + kBreakerPatience;
  bucket_->Add(request->sent_at);
  ++requests_;
  metrics_.requests.Increment();
  loop_.transport().Send(std::move(http), [weak = std::weak_ptr<Scheduler*>(self_),
                                           request = std::move(request)](transport::Result result) {
    if (const auto self = weak.lock(); self != nullptr && *self != nullptr)
      (*self)->OnProbed(*request, std::move(result));
  });
}

void Scheduler::WatchForSilence(MonoTime now, size_t calls) {
  outstanding_.emplace(now, calls);
  if (hang_timer_ == base::TimerId::kNone && options_.quarantine) PlanSilence(now + kBreakerPatience);
}

void Scheduler::PlanSilence(MonoTime at) {
  hang_timer_ = loop_.PostAt(at, [weak = std::weak_ptr<Scheduler*>(self_)] {
    const auto self = weak.lock();
    if (self == nullptr || *self == nullptr) return;
    (*self)->hang_timer_ = base::TimerId::kNone;
    (*self)->CheckSilence();
  });
}

void Scheduler::CheckSilence() {
  if (outstanding_.empty() || quarantine_.closed() || options_.breaker_failures == 0) return;
  const MonoTime now = clock_.Now();
  const auto [oldest, calls] = *outstanding_.begin();
  // A portal whose batches are slow is given the time that they take.
  const Duration patience = std::max<Duration>(kBreakerPatience, pace_.Expect(calls) * 2);
  const MonoTime since = std::max(oldest, last_heard_);
  if (now - since < patience) return PlanSilence(since + patience);
  if (outstanding_.size() < std::min(kSilentRequests, options_.max_in_flight))
    return PlanSilence(now + kBreakerPatience);
  quarantine_.OnHanging(now);
  AfterNews();
}

}  // namespace imbot::portal
