#include "service/portal/scheduler.h"

#include <algorithm>
#include <utility>

#include "service/base/error.h"
#include "service/base/strings.h"
#include "service/portal/scheduler_request.h"

namespace imbot::portal {

using base::Duration;
using base::Error;
using base::MonoTime;
using base::Outcome;
using std::chrono::duration_cast;
using std::chrono::milliseconds;

namespace {

// When to ask again at a portal that an operator has paused.
constexpr std::chrono::seconds kPausedRetry(5);

}  // namespace

Scheduler::Scheduler(std::string portal, transport::Loop& loop, const base::Clock& clock, CredentialSource& credentials,
                     std::shared_ptr<LeakyBucket> bucket, SchedulerOptions options, SchedulerMetrics metrics)
    : portal_(std::move(portal)),
      loop_(loop),
      clock_(clock),
      credentials_(credentials),
      bucket_(std::move(bucket)),
      options_(options),
      metrics_(metrics),
      quarantine_(portal_, options.breaker_failures),
      budget_(options.operating_limit),
      most_batch_bytes_(kMostBatchBytes),
      lot_(static_cast<std::minstd_rand::result_type>(std::hash<std::string>()(portal_))),
      self_(std::make_shared<Scheduler*>(this)) {}

Scheduler::~Scheduler() {
  Stop();
  *self_ = nullptr;
  // What is still in flight will not be told here any more.
  metrics_.in_flight.Add(-static_cast<double>(in_flight_ + streams_in_flight_));
}

// --- Coming in.

void Scheduler::Submit(CallId id, Outgoing outgoing, portal::Done done) {
  auto call = std::make_shared<QueuedCall>();
  call->id = id;
  call->call = std::move(outgoing);
  call->done = std::move(done);
  Submit(std::move(call));
}

void Scheduler::Submit(std::shared_ptr<QueuedCall> call) {
  call->submitted_at = clock_.Now();
  call->maybe_executed = call->call.maybe_executed;
  absl::Status status = Admit(*call);
  if (absl::IsResourceExhausted(status) && MayPump()) {
    // Some of those that wait have room to leave, perhaps, and this one the time then.
    Pump(/*lingers=*/false);
    status = Admit(*call);
  }
  if (!status.ok()) {
    // Not from inside Submit: whoever submits has not finished setting itself up.
    return loop_.Post([done = std::move(call->done), answer = NoReply(*call, std::move(status))]() mutable {
      done(std::move(answer));
    });
  }
  open_.emplace(call->id, call);
  // Every call that is open when this is destroyed is answered then, and its timer with it.
  call->deadline_timer = loop_.PostAt(call->call.deadline, [this, id = call->id] { OnDeadline(id); });
  CountQueued(*call, 1);
  if (!TakesPlaceOfAnother(call)) queue_.Add(std::move(call));
  if (!pump_posted_) Pump();
}

absl::Status Scheduler::Admit(const QueuedCall& call) {
  const MonoTime now = call.submitted_at;
  if (call.call.deadline <= now) {
    return Error(absl::StatusCode::kDeadlineExceeded, "DEADLINE_EXCEEDED",
                 base::StrCat(call.call.method,
                              ": the deadline had passed before the call could be sent; nothing was sent"))
        .Build();
  }
  if (absl::Status open = CheckOpen(call); !open.ok()) return open;
  const Duration available = call.call.deadline - now;
  // One that takes an earlier call's place waits no longer than that one would have.
  const Call previous = queue_.ReplacedBy(call);
  const bool in_time = previous != nullptr && previous->call.deadline <= call.call.deadline;
  if (const Duration expected = ExpectedTime(call); expected > available && !in_time) {
    const auto more = duration_cast<milliseconds>(expected - available);
    return Error(absl::StatusCode::kResourceExhausted, "DEADLINE_TOO_SHORT",
                 base::StrCat(call.call.method, ": portal ", portal_, " is busy: the call would be answered in about ",
                              duration_cast<milliseconds>(expected).count(), " ms, its deadline is in ",
                              duration_cast<milliseconds>(available).count(),
                              " ms; nothing was sent. Repeat later, or allow more time"))
        .RetryAfter(std::max(more, milliseconds(100)))
        .Build();
  }
  return MakeRoom(call);
}

absl::Status Scheduler::CheckOpen(const QueuedCall& call) {
  if (intake_ != Intake::kOpen) {
    return Error(absl::StatusCode::kUnavailable, "PORTAL_PAUSED",
                 base::StrCat(call.call.method, ": an operator of the gateway has paused portal ", portal_,
                              "; nothing was sent, repeat later"))
        .Metadata("actor", "OPERATOR")
        .RetryAfter(kPausedRetry)
        .Build();
  }
  const MonoTime now = call.submitted_at;
  if (quarantine_.closed()) return quarantine_.Refusal(call.call.method, now);
  if (const auto until = budget_.HeldUntil(call.call.method, now); until.has_value() && *until >= call.call.deadline) {
    return Held(call, *until);
  }
  return absl::OkStatus();
}

absl::Status Scheduler::Held(const QueuedCall& call, MonoTime until) const {
  const auto wait = duration_cast<milliseconds>(until - clock_.Now());
  return Error(absl::StatusCode::kResourceExhausted, "METHOD_HELD",
               base::StrCat(call.call.method, ": portal ", portal_,
                            " allows a method so many seconds in 10 minutes, and "
                            "this one has had them; it is held back for ",
                            wait.count() / 1000,
                            " s, before the portal blocks it. Nothing was sent; other methods go on"))
      .Metadata("actor", "CALLER")
      .RetryAfter(std::max(wait, milliseconds(100)))
      .Build();
}

absl::Status Scheduler::MakeRoom(const QueuedCall& call) {
  const auto refusal = [&](const QueuedCall& refused) {
    return Error(absl::StatusCode::kResourceExhausted, "QUEUE_FULL",
                 base::StrCat(refused.call.method, ": portal ", portal_, " has ", queue_.calls(), " calls waiting (",
                              queue_.bytes(), " bytes), which is all it may hold; nothing was sent, repeat later"))
        .RetryAfter(std::chrono::seconds(1))
        .Build();
  };
  if (call.call.bytes > options_.max_queued_bytes) return refusal(call);
  bool may_leave = MayPump();
  while (true) {
    // Whose place it takes makes room for it.
    const Call previous = queue_.ReplacedBy(call);
    const size_t freed = previous == nullptr ? 0 : previous->call.bytes;
    const bool by_bytes = queue_.bytes() - freed + call.call.bytes > options_.max_queued_bytes;
    if (!by_bytes && (previous != nullptr || queue_.calls() + parked_.size() < options_.max_queued_calls))
      return absl::OkStatus();
    // Nobody is sent away for the sake of those that have room to leave.
    if (std::exchange(may_leave, false)) {
      Pump(/*lingers=*/false);
      continue;
    }
    const Call surplus = queue_.Surplus(call, by_bytes);
    if (surplus == nullptr) return refusal(call);
    Settle(surplus, refusal(*surplus));
  }
}

Duration Scheduler::ExpectedTime(const QueuedCall& call) const {
  const Lane lane = call.lane();
  // How long a stream takes is its sender's doing.
  if (lane == Lane::kStream) return Duration(0);
  const size_t ahead = queue_.Ahead(lane, call.call.caller);
  const bool waits_for_order = queue_.Busy(call.call.order_key);
  const MonoTime now = call.submitted_at;
  // It leaves at once, whatever is expected of the portal: else what is expected would never be put to the test.
  if (ahead == 0 && !waits_for_order && HasRoom(lane) && NextAt(now, 1, lane) <= now) {
    return Duration(0);
  }
  const size_t together = options_.batching ? pace_.MostCommands(Pace::kLongestBatch) : 1;
  const size_t requests = ahead / together + 1;
  Duration wait = NextAt(now, requests, lane) - now;
  if (const auto rate = departures_[static_cast<size_t>(lane)].per_second(); rate.has_value() && *rate > 0) {
    const std::chrono::duration<double> measured(static_cast<double>(ahead) / *rate);
    wait = std::max(wait, duration_cast<Duration>(measured));
  } else {
    const size_t rounds = (in_flight_ + requests - 1) / options_.max_in_flight;
    wait = std::max<Duration>(wait, pace_.Expect(std::min(ahead + 1, together)) * static_cast<int64_t>(rounds));
  }
  const Duration own = pace_.Expect(std::min(ahead + 1, together));
  return wait + (waits_for_order ? own * 2 : own);
}

bool Scheduler::TakesPlaceOfAnother(const Call& call) {
  const Call previous = queue_.ReplacedBy(*call);
  if (previous == nullptr) return false;
  queue_.Replace(*previous, call);
  CountQueued(*previous, -1);
  metrics_.superseded.Increment();
  Answer answer = NoReply(*previous, absl::OkStatus());
  answer.superseded = true;
  Finish(previous, std::move(answer));
  return true;
}

// --- Endings.

void Scheduler::Cancel(CallId id) {
  const auto it = open_.find(id);
  if (it == open_.end()) return;
  const Call call = it->second;
  const bool was_sent = call->sent;
  if (was_sent && call->call.await_reply) return;
  Settle(call,
         Error(absl::StatusCode::kCancelled, "CANCELLED_BY_CALLER",
               base::StrCat(call->call.method,
                            was_sent ? ": the caller has gone; the call had been sent, its reply will be discarded"
                                     : ": the caller has gone; nothing was sent"))
             .SetOutcome(was_sent ? Outcome::kUnknown : Outcome::kNotExecuted)
             .Build());
  // Whoever waited behind it may be ready now.
  if (!was_sent) Pump();
}

void Scheduler::OnDeadline(CallId id) {
  const auto it = open_.find(id);
  if (it == open_.end()) return;
  const Call call = it->second;
  call->deadline_timer = base::TimerId::kNone;
  const bool was_sent = call->sent;
  if (was_sent && call->call.await_reply) return;
  Settle(call,
         Error(absl::StatusCode::kDeadlineExceeded, "DEADLINE_EXCEEDED",
               base::StrCat(call->call.method,
                            was_sent ? ": the portal had not answered by the deadline; it may have executed the call"
                                     : ": the deadline passed while the call was waiting; nothing was sent"))
             .SetOutcome(was_sent ? Outcome::kUnknown : Outcome::kNotExecuted)
             .Build());
  if (!was_sent) Pump();
}

void Scheduler::SetIntake(Intake intake) {
  intake_ = intake;
  PlanProbe();
  Pump();
}

size_t Scheduler::Flush() {
  const std::vector<Call> waiting = Waiting();
  for (const Call& call : waiting) {
    Settle(call, Error(absl::StatusCode::kUnavailable, "QUEUE_FLUSHED",
                       base::StrCat(call->call.method, ": an operator of the gateway has emptied the queue of portal ",
                                    portal_, "; nothing was sent, repeat"))
                     .Metadata("actor", "CALLER")
                     .RetryAfter(std::chrono::seconds(1))
                     .Build());
  }
  Pump();
  return waiting.size();
}

bool Scheduler::Release() {
  const bool was_closed = quarantine_.Release();
  const bool held = budget_.Release(clock_.Now());
  PlanProbe();
  for (const auto& [id, parked] : parked_) behind_budget_.push_back(id);
  WakeParked();
  Pump();
  return was_closed || held;
}

std::vector<Scheduler::Call> Scheduler::Waiting() const {
  std::vector<Call> waiting = queue_.All();
  for (const auto& [id, parked] : parked_) waiting.push_back(parked.call);
  return waiting;
}

void Scheduler::Stop() {
  if (pump_timer_ != base::TimerId::kNone) loop_.CancelTimer(std::exchange(pump_timer_, base::TimerId::kNone));
  for (base::TimerId* const timer : {&probe_timer_, &hang_timer_}) {
    if (*timer != base::TimerId::kNone) loop_.CancelTimer(std::exchange(*timer, base::TimerId::kNone));
  }
  WaitForBucket(false, false);
  std::vector<Call> all;
  for (const auto& [id, call] : open_) all.push_back(call);
  for (const Call& call : all) {
    const bool was_sent = call->sent;
    Error error(absl::StatusCode::kUnavailable, "SHUTTING_DOWN",
                base::StrCat(call->call.method, was_sent ? ": the gateway stopped before the portal answered"
                                                         : ": the gateway is stopping; nothing was sent, repeat"));
    error.SetOutcome(was_sent ? Outcome::kUnknown : Outcome::kNotExecuted);
    // Waiting doesn't help who must not do it twice.
    if (!was_sent) error.RetryAfter(std::chrono::seconds(1));
    Settle(call, error.Build());
  }
}

void Scheduler::StopWaiting(const Call& call) {
  if (queue_.Remove(*call)) {
    CountQueued(*call, -1);
  } else if (Unpark(*call)) {
    queue_.Done(*call);
  }
}

void Scheduler::Settle(const Call& call, absl::Status status) {
  StopWaiting(call);
  if (call->maybe_executed && !call->sent) status = InDoubt(status);
  Finish(call, NoReply(*call, std::move(status)));
}

// --- Between two attempts.

void Scheduler::Park(const Call& call, std::optional<MonoTime> until) {
  call->sent = false;
  CountQueued(*call, 1);
  Parked& parked = parked_[call->id];
  parked.call = call;
  if (!until.has_value()) return behind_budget_.push_back(call->id);
  parked.timer = loop_.PostAt(*until, [weak = std::weak_ptr<Scheduler*>(self_), id = call->id] {
    const auto self = weak.lock();
    if (self == nullptr || *self == nullptr) return;
    const auto it = (*self)->parked_.find(id);
    if (it == (*self)->parked_.end()) return;
    it->second.timer = base::TimerId::kNone;
    (*self)->Return(Call(it->second.call));
    (*self)->Pump();
  });
}

bool Scheduler::Unpark(const QueuedCall& call) {
  const auto it = parked_.find(call.id);
  if (it == parked_.end()) return false;
  if (it->second.timer != base::TimerId::kNone) loop_.CancelTimer(it->second.timer);
  parked_.erase(it);
  CountQueued(call, -1);
  return true;
}

void Scheduler::Return(const Call& call) {
  if (!Unpark(*call)) return;
  CountQueued(*call, 1);
  queue_.Return(call);
}

void Scheduler::WakeParked() {
  for (const CallId id : std::exchange(behind_budget_, {})) {
    if (const auto it = parked_.find(id); it != parked_.end()) Return(Call(it->second.call));
  }
}

void Scheduler::CountQueued(const QueuedCall& call, int sign) {
  metrics_.queued_calls.Add(sign);
  metrics_.queued_bytes.Add(sign * static_cast<double>(call.call.bytes));
}

absl::Status Scheduler::Named(const absl::Status& status, const std::string& method) const {
  return base::WithMetadata(base::WithMetadata(status, "portal", portal_), "method", method);
}

Answer Scheduler::NoReply(const QueuedCall& call, absl::Status status) const {
  return NoReplyNamed(call, Named(status, call.call.method));
}

Answer Scheduler::NoReplyNamed(const QueuedCall& call, absl::Status status) const {
  Answer answer;
  answer.status = std::move(status);
  const MonoTime left_queue = call.sent ? call.sent_at : clock_.Now();
  answer.queued = duration_cast<std::chrono::microseconds>(left_queue - call.submitted_at);
  answer.attempts = call.attempts;
  return answer;
}

void Scheduler::Finish(const Call& call, Answer answer) {
  if (open_.erase(call->id) == 0) {
    // Answered before: nobody waits for the reply any more, but somebody may want to know.
    if (Done late = std::exchange(call->call.late, nullptr); late) late(std::move(answer));
    return;
  }
  if (call->deadline_timer != base::TimerId::kNone) loop_.CancelTimer(call->deadline_timer);
  portal::Done done = std::move(call->done);
  done(std::move(answer));
}

PortalSnapshot Scheduler::Snapshot() const {
  const MonoTime now = clock_.Now();
  PortalSnapshot snapshot;
  snapshot.intake = intake_;
  snapshot.certificate_expires_at = certificate_expires_at_;
  snapshot.quarantine = quarantine_.Snapshot(now);
  snapshot.held_methods = budget_.Held(now);
  if (last_error_.has_value()) {
    snapshot.last_error = last_error_;
    snapshot.last_error->ago = now - last_error_at_;
  }
  snapshot.waiting_to_repeat = parked_.size();
  snapshot.queued_calls = queue_.calls();
  snapshot.queued_bulk_calls = queue_.calls(Lane::kBulk);
  snapshot.queued_bytes = queue_.bytes();
  if (const auto since = queue_.OldestSince(); since.has_value()) snapshot.longest_wait = now - *since;
  snapshot.in_flight = in_flight_ + streams_in_flight_;
  snapshot.plan = bucket_->plan();
  snapshot.bucket_level = bucket_->Level(now);
  snapshot.next_request_in = NextAt(now, 1, Lane::kInteractive) - now;
  snapshot.requests = requests_;
  snapshot.calls = calls_;
  snapshot.batches = batches_;
  snapshot.limit_refusals = limit_refusals_;
  return snapshot;
}

}  // namespace imbot::portal
