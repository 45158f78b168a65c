#include "service/portal/scheduler.h"

#include <utility>
#include <vector>

#include "service/base/error.h"
#include "service/base/strings.h"
#include "service/portal/portal_url.h"

namespace imbot::portal {

using base::Error;
using base::Outcome;

struct Scheduler::Entry {
  bool streams() const { return call.source != nullptr; }

  CallId id{};
  Outgoing call;
  base::Secret url;  // once sent
  Done done;         // empty once answered
  base::MonoTime submitted_at;
  base::MonoTime sent_at;
  base::TimerId deadline_timer = base::TimerId::kNone;
  bool queued = false;
  bool sent = false;  // handed to the transport
  size_t bytes = 0;
  Queue::iterator place;  // valid while queued
};

Scheduler::Scheduler(std::string portal, transport::Loop& loop, const base::Clock& clock, CredentialSource& credentials,
                     SchedulerOptions options, SchedulerMetrics metrics)
    : portal_(std::move(portal)),
      loop_(loop),
      clock_(clock),
      credentials_(credentials),
      options_(options),
      metrics_(metrics),
      self_(std::make_shared<Scheduler*>(this)) {}

Scheduler::~Scheduler() {
  Stop();
  *self_ = nullptr;
  // What is still in flight will not be told here any more.
  metrics_.in_flight.Add(-static_cast<double>(in_flight_ + streams_in_flight_));
}

void Scheduler::Submit(CallId id, Outgoing call, Done done) {
  auto entry = std::make_shared<Entry>();
  entry->id = id;
  entry->call = std::move(call);
  entry->done = std::move(done);
  entry->submitted_at = clock_.Now();
  entry->bytes = entry->call.body.size();

  const auto refuse = [&](absl::Status status) {
    // Not from inside Submit: whoever submits has not finished setting itself up.
    loop_.Post([done = std::move(entry->done), answer = NoReply(*entry, std::move(status))]() mutable {
      done(std::move(answer));
    });
  };
  if (entry->call.deadline <= entry->submitted_at) {
    return refuse(Error(absl::StatusCode::kDeadlineExceeded, "DEADLINE_EXCEEDED",
                        base::StrCat(entry->call.method,
                                     ": the deadline had passed before the call could be sent; nothing was sent"))
                      .Build());
  }
  if (queue_.size() >= options_.max_queued_calls || queued_bytes_ + entry->bytes > options_.max_queued_bytes) {
    return refuse(Error(absl::StatusCode::kResourceExhausted, "QUEUE_FULL",
                        base::StrCat("portal ", portal_, " has ", queue_.size(), " calls waiting (", queued_bytes_,
                                     " bytes), which is all it may hold; repeat later"))
                      .RetryAfter(std::chrono::seconds(1))
                      .Build());
  }
  open_.emplace(id, entry);
  entry->deadline_timer = loop_.PostAt(entry->call.deadline, [weak = std::weak_ptr<Scheduler*>(self_), id] {
    if (const auto self = weak.lock(); self != nullptr && *self != nullptr) (*self)->OnDeadline(id);
  });
  entry->place = queue_.insert(queue_.end(), entry);
  entry->queued = true;
  queued_bytes_ += entry->bytes;
  metrics_.queued_calls.Add(1);
  metrics_.queued_bytes.Add(static_cast<double>(entry->bytes));
  Pump();
}

void Scheduler::Pump() {
  // A call whose order key is busy waits, and those behind it may pass.
  std::unordered_set<std::string_view> passed_over;
  const auto has_room = [this](bool streams) {
    return streams ? streams_in_flight_ < options_.max_streams : in_flight_ < options_.max_in_flight;
  };
  for (auto it = queue_.begin(); it != queue_.end() && (has_room(false) || has_room(true));) {
    const std::shared_ptr<Entry> entry = *it++;
    if (!has_room(entry->streams())) continue;
    const std::string& key = entry->call.order_key;
    if (!key.empty() && (busy_keys_.contains(key) || passed_over.contains(key))) {
      passed_over.insert(key);
      continue;
    }
    Unqueue(entry);
    Send(entry);
  }
}

void Scheduler::Send(const std::shared_ptr<Entry>& entry) {
  auto url = credentials_.UrlFor(portal_, entry->call.method);
  if (!url.ok()) {
    // Neither queued nor sent from here on: whatever else ends it says that nothing was sent.
    Answer answer = NoReply(
        *entry, base::WithMetadata(base::WithMetadata(url.status(), "portal", portal_), "method", entry->call.method));
    return loop_.Post([weak = std::weak_ptr<Scheduler*>(self_), entry, answer = std::move(answer)]() mutable {
      if (const auto self = weak.lock(); self != nullptr && *self != nullptr) (*self)->Finish(entry, std::move(answer));
    });
  }
  entry->sent = true;
  entry->sent_at = clock_.Now();
  if (!entry->call.order_key.empty()) busy_keys_.insert(entry->call.order_key);
  ++(entry->streams() ? streams_in_flight_ : in_flight_);
  metrics_.in_flight.Add(1);
  metrics_.requests.Increment();
  metrics_.queue_seconds.Observe(std::chrono::duration<double>(entry->sent_at - entry->submitted_at).count());
  entry->url = url->Copy();
  transport::Request request;
  request.url = *std::move(url);
  request.body = std::move(entry->call.body);
  // A stream takes as long as its sender does, until its deadline; the portal's own time begins with the end.
  request.give_up_at = (entry->streams() ? entry->call.deadline : entry->sent_at) + options_.reply_timeout;
  request.source = entry->call.source;
  loop_.transport().Send(std::move(request),
                         [weak = std::weak_ptr<Scheduler*>(self_), entry](transport::Result result) {
                           if (const auto self = weak.lock(); self != nullptr && *self != nullptr)
                             (*self)->OnResult(entry, std::move(result));
                         });
}

void Scheduler::OnResult(const std::shared_ptr<Entry>& entry, transport::Result result) {
  --(entry->streams() ? streams_in_flight_ : in_flight_);
  metrics_.in_flight.Add(-1);
  metrics_.portal_seconds.Observe(std::chrono::duration<double>(clock_.Now() - entry->sent_at).count());
  if (!entry->call.order_key.empty()) busy_keys_.erase(entry->call.order_key);
  Answer answer = NoReply(*entry, absl::OkStatus());
  answer.attempts = 1;
  if (result.failure.has_value()) {
    metrics_.failures.Increment();
    answer.status = FailureStatus(*result.failure, entry->call.method, portal_);
  } else {
    answer.http_status = result.reply.http_status;
    const std::string_view code = WebhookCode(entry->url.Reveal());
    if (!code.empty()) answer.secrets.push_back(code);
    if (entry->call.secret != nullptr && !entry->call.secret->empty())
      answer.secrets.push_back(entry->call.secret->Reveal());
    answer.reply = parser_.Parse(result.reply.http_status, result.reply.content_type, result.reply.body,
                                 entry->call.method, portal_,
                                 {.location = result.reply.location,
                                  .host = Authority(entry->url.Reveal()),
                                  .secrets = answer.secrets,
                                  .in_parts = entry->call.in_parts});
    answer.status = answer.reply.status;
  }
  Finish(entry, std::move(answer));
  Pump();
}

void Scheduler::Cancel(CallId id) {
  const auto it = open_.find(id);
  if (it == open_.end()) return;
  const std::shared_ptr<Entry> entry = it->second;
  const bool was_sent = entry->sent;
  if (was_sent && entry->call.await_reply) return;
  Unqueue(entry);
  Finish(
      entry,
      NoReply(*entry,
              Error(absl::StatusCode::kCancelled, "CANCELLED_BY_CALLER",
                    base::StrCat(entry->call.method,
                                 was_sent ? ": the caller has gone; the call had been sent, its reply will be discarded"
                                          : ": the caller has gone; nothing was sent"))
                  .SetOutcome(was_sent ? Outcome::kUnknown : Outcome::kNotExecuted)
                  .Build()));
  if (!was_sent) Pump();
}

void Scheduler::OnDeadline(CallId id) {
  const auto it = open_.find(id);
  if (it == open_.end()) return;
  const std::shared_ptr<Entry> entry = it->second;
  entry->deadline_timer = base::TimerId::kNone;
  const bool was_sent = entry->sent;
  if (was_sent && entry->call.await_reply) return;
  Unqueue(entry);
  Finish(entry,
         NoReply(*entry,
                 Error(absl::StatusCode::kDeadlineExceeded, "DEADLINE_EXCEEDED",
                       base::StrCat(entry->call.method,
                                    was_sent
                                        ? ": the portal had not answered by the deadline; it may have executed the call"
                                        : ": the deadline passed while the call was waiting; nothing was sent"))
                     .SetOutcome(was_sent ? Outcome::kUnknown : Outcome::kNotExecuted)
                     .Build()));
  if (!was_sent) Pump();
}

void Scheduler::Stop() {
  std::vector<std::shared_ptr<Entry>> all;
  for (const auto& [id, entry] : open_) all.push_back(entry);
  for (const auto& entry : all) {
    const bool was_sent = entry->sent;
    Unqueue(entry);
    Error error(absl::StatusCode::kUnavailable, "SHUTTING_DOWN",
                base::StrCat(entry->call.method, was_sent ? ": the gateway stopped before the portal answered"
                                                          : ": the gateway is stopping; nothing was sent, repeat"));
    error.SetOutcome(was_sent ? Outcome::kUnknown : Outcome::kNotExecuted);
    // Waiting doesn't help who must not do it twice.
    if (!was_sent) error.RetryAfter(std::chrono::seconds(1));
    Finish(entry, NoReply(*entry, error.Build()));
  }
}

void Scheduler::Unqueue(const std::shared_ptr<Entry>& entry) {
  if (!std::exchange(entry->queued, false)) return;
  queue_.erase(entry->place);
  queued_bytes_ -= entry->bytes;
  metrics_.queued_calls.Add(-1);
  metrics_.queued_bytes.Add(-static_cast<double>(entry->bytes));
}

Answer Scheduler::NoReply(const Entry& entry, absl::Status status) const {
  Answer answer;
  answer.status = base::WithMetadata(base::WithMetadata(status, "portal", portal_), "method", entry.call.method);
  const base::MonoTime left_queue = entry.sent ? entry.sent_at : clock_.Now();
  answer.queued = std::chrono::duration_cast<std::chrono::microseconds>(left_queue - entry.submitted_at);
  answer.attempts = entry.sent ? 1 : 0;
  return answer;
}

void Scheduler::Finish(const std::shared_ptr<Entry>& entry, Answer answer) {
  if (open_.erase(entry->id) == 0) return;  // answered before: a reply that nobody waits for any more
  if (entry->deadline_timer != base::TimerId::kNone) loop_.CancelTimer(entry->deadline_timer);
  Done done = std::move(entry->done);
  done(std::move(answer));
}

absl::Status FailureStatus(const transport::Failure& failure, std::string_view method, std::string_view portal,
                           Effect effect) {
  using Kind = transport::Failure::Kind;
  absl::StatusCode code = absl::StatusCode::kUnavailable;
  std::string_view reason = "TRANSPORT_FAILED";
  std::string_view advice = failure.sent ? "It may have executed the call." : "Nothing was sent; repeat.";
  switch (failure.kind) {
    case Kind::kDns:
      reason = "DNS_FAILED";
      break;
    case Kind::kConnect:
      reason = "CONNECT_FAILED";
      break;
    case Kind::kTls:
      code = absl::StatusCode::kFailedPrecondition;
      reason = "TLS_FAILED";
      if (!failure.sent)
        advice = "Nothing was sent; the operator has to look at the portal's certificate and the gateway's CA.";
      break;
    case Kind::kBlocked:
      code = absl::StatusCode::kFailedPrecondition;
      reason = "ADDRESS_REFUSED";
      if (!failure.sent) advice = "Nothing was sent; the operator has to look at the portal's address.";
      break;
    case Kind::kTimeout:
      reason = "PORTAL_TIMEOUT";
      break;
    case Kind::kReset:
      break;
    case Kind::kAborted:
      code = absl::StatusCode::kCancelled;
      reason = "CANCELLED_BY_CALLER";
      if (!failure.sent) advice = "Nothing was executed.";
      break;
    case Kind::kReplyTooLarge:
      code = absl::StatusCode::kResourceExhausted;
      reason = "REPLY_TOO_LARGE";
      advice = "It has probably executed the call.";
      break;
    case Kind::kBadReply:
      reason = "REPLY_MALFORMED";
      break;
    case Kind::kStopped:
      reason = "SHUTTING_DOWN";
      break;
  }
  const bool executed_perhaps = failure.sent && effect == Effect::kMayChange;
  if (failure.sent && effect == Effect::kReadsOnly) advice = "Nothing was changed; repeat.";
  Error error(code, reason,
              base::StrCat(method, ": no reply from portal ", portal, ": ", failure.message, ". ", advice));
  error.SetOutcome(executed_perhaps ? Outcome::kUnknown : Outcome::kNotExecuted)
      .Metadata("method", method)
      .Metadata("portal", portal);
  if (!executed_perhaps && code == absl::StatusCode::kUnavailable) error.RetryAfter(std::chrono::seconds(1));
  return error.Build();
}

}  // namespace imbot::portal
