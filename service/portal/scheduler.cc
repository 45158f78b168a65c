#include "service/portal/scheduler.h"

#include <algorithm>
#include <utility>

#include "service/base/error.h"
#include "service/base/strings.h"
#include "service/portal/batch.h"
#include "service/portal/failure_status.h"
#include "service/portal/portal_url.h"

namespace imbot::portal {

using base::Duration;
using base::Error;
using base::MonoTime;
using base::Outcome;
using std::chrono::duration_cast;
using std::chrono::milliseconds;

namespace {

// What a batch's commands may take together. PHP takes 8 MiB of a body by default, the web servers before it 1 MiB.
constexpr size_t kMostBatchBytes = 512 << 10;
// As small as batches get where a portal finds them too large; what is larger leaves alone.
constexpr size_t kLeastBatchBytes = 8 << 10;
// A command larger than that leaves alone, as JSON, which is smaller.
constexpr size_t kMostCommandBytes = 128 << 10;
// Of its limit, what a portal keeps for interactive calls while bulk ones wait.
constexpr size_t kBulkReserve = 4;
// How many times the window may be in flight where a limit bounds what leaves: slow batches need it, and a full one
// waits for nobody.
constexpr size_t kBatchWindows = 4;
// When to ask again at a portal that an operator has paused.
constexpr std::chrono::seconds kPausedRetry(5);

bool IsLimitRefusal(const translate::ParsedReply& reply, int http_status) {
  if (reply.advice != translate::RetryAdvice::kWait) return false;
  // The front answers HTML sometimes (WIRE_FACTS 1.5).
  return base::EqualsIgnoreCase(reply.code, "QUERY_LIMIT_EXCEEDED") || (reply.code.empty() && http_status == 429);
}

// The batch was refused for what it is, rather than for what is in it: its commands may still leave, each alone.
bool IsBatchRefusal(const translate::ParsedReply& reply, int http_status) {
  return base::EqualsIgnoreCase(reply.code, "ERROR_BATCH_LENGTH_EXCEEDED") ||
         base::EqualsIgnoreCase(reply.code, "ERROR_BATCH_METHOD_NOT_ALLOWED") ||
         (reply.code.empty() && http_status == 413);
}

}  // namespace

// What leaves together.
struct Scheduler::Request {
  bool batch() const { return !commands.empty(); }

  Lane lane = Lane::kInteractive;
  std::vector<Call> calls;            // not empty
  std::vector<std::string> commands;  // one for each call of a batch; empty if the call leaves alone
  size_t bytes = 0;                   // of the commands
  base::Secret url;
  MonoTime sent_at;
};

Scheduler::Scheduler(std::string portal, transport::Loop& loop, const base::Clock& clock, CredentialSource& credentials,
                     std::shared_ptr<LeakyBucket> bucket, SchedulerOptions options, SchedulerMetrics metrics)
    : portal_(std::move(portal)),
      loop_(loop),
      clock_(clock),
      credentials_(credentials),
      bucket_(std::move(bucket)),
      options_(options),
      metrics_(metrics),
      most_batch_bytes_(kMostBatchBytes),
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
  call->submitted_at = clock_.Now();
  if (absl::Status status = Admit(*call); !status.ok()) {
    // Not from inside Submit: whoever submits has not finished setting itself up.
    return loop_.Post([done = std::move(call->done), answer = NoReply(*call, std::move(status))]() mutable {
      done(std::move(answer));
    });
  }
  open_.emplace(id, call);
  call->deadline_timer = loop_.PostAt(call->call.deadline, [weak = std::weak_ptr<Scheduler*>(self_), id] {
    if (const auto self = weak.lock(); self != nullptr && *self != nullptr) (*self)->OnDeadline(id);
  });
  CountQueued(*call, 1);
  if (TakesPlaceOfAnother(call)) return;
  queue_.Add(std::move(call));
  Pump();
}

absl::Status Scheduler::Admit(const QueuedCall& call) {
  const MonoTime now = call.submitted_at;
  if (call.call.deadline <= now) {
    return Error(absl::StatusCode::kDeadlineExceeded, "DEADLINE_EXCEEDED",
                 base::StrCat(call.call.method,
                              ": the deadline had passed before the call could be sent; nothing was sent"))
        .Build();
  }
  if (intake_ != Intake::kOpen) {
    return Error(absl::StatusCode::kUnavailable, "PORTAL_PAUSED",
                 base::StrCat(call.call.method, ": an operator of the gateway has paused portal ", portal_,
                              "; nothing was sent, repeat later"))
        .Metadata("actor", "OPERATOR")
        .RetryAfter(kPausedRetry)
        .Build();
  }
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

absl::Status Scheduler::MakeRoom(const QueuedCall& call) {
  const auto refusal = [&](const QueuedCall& refused) {
    return Error(absl::StatusCode::kResourceExhausted, "QUEUE_FULL",
                 base::StrCat(refused.call.method, ": portal ", portal_, " has ", queue_.calls(), " calls waiting (",
                              queue_.bytes(), " bytes), which is all it may hold; nothing was sent, repeat later"))
        .RetryAfter(std::chrono::seconds(1))
        .Build();
  };
  if (call.call.bytes > options_.max_queued_bytes) return refusal(call);
  while (true) {
    // Whose place it takes makes room for it.
    const Call previous = queue_.ReplacedBy(call);
    const size_t freed = previous == nullptr ? 0 : previous->call.bytes;
    const bool by_bytes = queue_.bytes() - freed + call.call.bytes > options_.max_queued_bytes;
    if (!by_bytes && (previous != nullptr || queue_.calls() < options_.max_queued_calls)) return absl::OkStatus();
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

// --- Going out.

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

void Scheduler::Pump() {
  while (queue_.calls() > 0 && intake_ != Intake::kPaused) {
    const MonoTime now = clock_.Now();
    std::optional<MonoTime> wake;
    bool waits = false;  // for the bucket
    bool bulk_waits = false;
    bool sent = false;
    for (const Lane lane : {last_ == Lane::kInteractive ? Lane::kStream : Lane::kInteractive, last_, Lane::kBulk}) {
      if (!queue_.Ready(lane) || !HasRoom(lane)) continue;
      const MonoTime at = NextAt(now, 1, lane);
      if (at <= now) {
        if (lane != Lane::kBulk) last_ = lane;
        bucket_->StopWaiting(this, Reserve(lane));
        if (auto request = Compose(lane); request != nullptr) Send(std::move(request));
        sent = true;
        break;
      }
      (lane == Lane::kBulk ? bulk_waits : waits) = true;
      if (!wake.has_value() || at < *wake) wake = at;
    }
    if (sent) continue;
    WaitForBucket(waits, bulk_waits);
    if (!wake.has_value()) return;
    if (pump_timer_ != base::TimerId::kNone) loop_.CancelTimer(pump_timer_);
    pump_timer_ = loop_.PostAt(*wake, [weak = std::weak_ptr<Scheduler*>(self_)] {
      const auto self = weak.lock();
      if (self == nullptr || *self == nullptr) return;
      (*self)->pump_timer_ = base::TimerId::kNone;
      (*self)->Pump();
    });
    return;
  }
  WaitForBucket(false, false);
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
  if (lane != Lane::kStream && options_.batching && next() != nullptr) {
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
            (*self)->queue_.Done(*call);
            (*self)->Finish(call, (*self)->NoReply(*call, status));
          }
        });
  }
  request->url = *std::move(url);
  request->sent_at = now;
  transport::Request http;
  http.url = request->url.Copy();
  for (const Call& call : request->calls) {
    call->sent = true;
    call->sent_at = now;
    ++call->attempts;
    metrics_.queue_seconds.Observe(std::chrono::duration<double>(now - call->submitted_at).count());
  }
  Outgoing& first = request->calls[0]->call;
  if (request->batch()) {
    http.body = BatchBody(request->commands);
    ++batches_;
  } else if (!streams) {
    http.body = first.body();
  }
  // A stream takes as long as its sender does, until its deadline; the portal's own time begins with the end.
  http.give_up_at = (streams ? first.deadline : now) + options_.reply_timeout;
  http.source = first.source;
  ++(streams ? streams_in_flight_ : in_flight_);
  if (request->lane == Lane::kBulk) ++bulk_in_flight_;
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

// --- Coming back.

void Scheduler::OnResult(Request& request, transport::Result result) {
  --(request.lane == Lane::kStream ? streams_in_flight_ : in_flight_);
  if (request.lane == Lane::kBulk) --bulk_in_flight_;
  metrics_.in_flight.Add(-1);
  metrics_.portal_seconds.Observe(std::chrono::duration<double>(clock_.Now() - request.sent_at).count());
  if (result.failure.has_value()) {
    OnFailure(request, *result.failure);
  } else if (request.batch()) {
    OnBatchReply(request, result.reply);
  } else {
    OnReply(request, result.reply);
  }
  Pump();
}

void Scheduler::OnFailure(Request& request, const transport::Failure& failure) {
  metrics_.failures.Increment();
  if (request.batch() && failure.kind == transport::Failure::Kind::kTimeout) pace_.OnTooSlow(request.calls.size());
  for (const Call& call : request.calls) {
    queue_.Done(*call);
    Answer answer = NoReply(*call, FailureStatus(failure, call->call.method, portal_));
    if (request.batch()) answer.batch_size = static_cast<int>(request.calls.size());
    Finish(call, std::move(answer));
  }
}

void Scheduler::OnReply(Request& request, const transport::Reply& reply) {
  const Call& call = request.calls[0];
  Answer answer = NoReply(*call, absl::OkStatus());
  answer.http_status = reply.http_status;
  if (const std::string_view code = WebhookCode(request.url.Reveal()); !code.empty()) answer.secrets.push_back(code);
  if (call->call.secret != nullptr && !call->call.secret->empty())
    answer.secrets.push_back(call->call.secret->Reveal());
  answer.reply = parser_.Parse(reply.http_status, reply.content_type, reply.body, call->call.method, portal_,
                               {.location = reply.location,
                                .host = Authority(request.url.Reveal()),
                                .secrets = answer.secrets,
                                .in_parts = call->call.in_parts});
  answer.status = answer.reply.status;
  LearnFrom(request, answer.reply, reply.http_status);
  if (GoesBack(call, answer.reply, reply.http_status, request)) return;
  queue_.Done(*call);
  Finish(call, std::move(answer));
}

void Scheduler::OnBatchReply(Request& request, const transport::Reply& reply) {
  const std::string_view code = WebhookCode(request.url.Reveal());
  std::vector<std::string> keys;
  std::vector<translate::BatchCommand> commands;
  std::vector<std::string_view> secrets;
  if (!code.empty()) secrets.push_back(code);
  keys.reserve(request.calls.size());
  for (size_t i = 0; i < request.calls.size(); ++i) {
    const Outgoing& call = request.calls[i]->call;
    keys.push_back(BatchKey(i));
    commands.push_back({keys.back(), call.method, call.in_parts});
    // Any answer may repeat any command's.
    if (call.secret != nullptr && !call.secret->empty() &&
        std::find(secrets.begin(), secrets.end(), call.secret->Reveal()) == secrets.end()) {
      secrets.push_back(call.secret->Reveal());
    }
  }
  translate::BatchReply batch =
      parser_.ParseBatch(reply.http_status, reply.content_type, reply.body, commands, portal_,
                         {.location = reply.location, .host = Authority(request.url.Reveal()), .secrets = secrets});
  LearnFrom(request, batch.whole, reply.http_status);
  for (size_t i = 0; i < request.calls.size(); ++i) {
    const Call& call = request.calls[i];
    translate::ParsedReply& own = batch.answers[i];
    if (GoesBack(call, own, reply.http_status, request)) continue;
    queue_.Done(*call);
    Answer answer = NoReply(*call, own.status);
    answer.http_status = reply.http_status;
    answer.secrets = secrets;
    answer.reply = std::move(own);
    answer.batch_size = static_cast<int>(request.calls.size());
    Finish(call, std::move(answer));
  }
}

bool Scheduler::GoesBack(const Call& call, const translate::ParsedReply& reply, int http_status,
                         const Request& request) {
  // Answered before, or begun and not to be begun again.
  if (reply.status.ok() || call->streams() || !open_.contains(call->id)) return false;
  // One whose reply is awaited beyond its deadline: there is no time left to wait in the queue.
  if (call->call.deadline <= clock_.Now()) return false;
  if (request.batch() && IsBatchRefusal(reply, http_status)) {
    // Too large: in smaller batches, as LearnFrom has seen to, while there are any.
    if (!reply.code.empty() || request.bytes <= kLeastBatchBytes) call->call.alone = true;
  } else if (!IsLimitRefusal(reply, http_status)) {
    return false;
  } else if (bucket_->NextAt(clock_.Now(), 1, Reserve(call->lane())) >= call->call.deadline) {
    return false;  // there is no time to wait: its caller is told why
  }
  call->sent = false;
  CountQueued(*call, 1);
  queue_.Return(call);
  return true;
}

void Scheduler::LearnFrom(const Request& request, const translate::ParsedReply& whole, int http_status) {
  const MonoTime now = clock_.Now();
  if (IsLimitRefusal(whole, http_status)) {
    ++limit_refusals_;
    metrics_.limit_refusals.Increment();
    return bucket_->OnRefused(now, request.sent_at);
  }
  bucket_->OnTaken();
  if (request.batch() && http_status == 413) {
    most_batch_bytes_ = std::max(kLeastBatchBytes, std::min(most_batch_bytes_, request.bytes / 2));
  }
  if (request.batch() && http_status == 504) return pace_.OnTooSlow(request.calls.size());
  // A batch that was refused says nothing of how long its commands take.
  if (http_status < 500 && request.lane != Lane::kStream && (whole.status.ok() || !request.batch())) {
    pace_.OnAnswered(request.calls.size(), now - request.sent_at);
  }
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
  Pump();
}

size_t Scheduler::Flush() {
  const std::vector<Call> waiting = queue_.All();
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

void Scheduler::Stop() {
  if (pump_timer_ != base::TimerId::kNone) loop_.CancelTimer(std::exchange(pump_timer_, base::TimerId::kNone));
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

void Scheduler::Settle(const Call& call, absl::Status status) {
  if (queue_.Remove(*call)) CountQueued(*call, -1);
  Finish(call, NoReply(*call, std::move(status)));
}

void Scheduler::CountQueued(const QueuedCall& call, int sign) {
  metrics_.queued_calls.Add(sign);
  metrics_.queued_bytes.Add(sign * static_cast<double>(call.call.bytes));
}

Answer Scheduler::NoReply(const QueuedCall& call, absl::Status status) const {
  Answer answer;
  answer.status = base::WithMetadata(base::WithMetadata(status, "portal", portal_), "method", call.call.method);
  const MonoTime left_queue = call.sent ? call.sent_at : clock_.Now();
  answer.queued = duration_cast<std::chrono::microseconds>(left_queue - call.submitted_at);
  answer.attempts = call.attempts;
  return answer;
}

void Scheduler::Finish(const Call& call, Answer answer) {
  if (open_.erase(call->id) == 0) return;  // answered before: a reply that nobody waits for any more
  if (call->deadline_timer != base::TimerId::kNone) loop_.CancelTimer(call->deadline_timer);
  portal::Done done = std::move(call->done);
  done(std::move(answer));
}

PortalSnapshot Scheduler::Snapshot() const {
  const MonoTime now = clock_.Now();
  PortalSnapshot snapshot;
  snapshot.intake = intake_;
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
