#include "service/portal/key_ledger.h"

#include <algorithm>

#include "service/base/error.h"

namespace imbot::portal {

using base::Error;
using base::Outcome;
using std::chrono::duration_cast;
using std::chrono::milliseconds;
using storage::KeyRecord;

namespace {

// WIRE_FACTS 8: a reserved identifier refuses repeats for 3600 s, after that a repeat is sent anew; rows are kept for
// 31 days.
constexpr milliseconds kRecognised = std::chrono::hours(1);
constexpr milliseconds kKeptKnown = std::chrono::hours(24);
constexpr milliseconds kKeptUnknown = std::chrono::hours(24 * 31);
// A record from further ahead than that says that the clock was set back.
constexpr milliseconds kClockStep = std::chrono::minutes(1);
constexpr std::chrono::seconds kPurgePause{60};
constexpr int64_t kPurgeBite = 200;

absl::Status Reused() {
  return Error(absl::StatusCode::kInvalidArgument, "IDEMPOTENCY_KEY_REUSED",
               "the idempotency key was used before, with another request: take a new key for a new request")
      .Violation("metadata.idempotency-key", "was used before with another request")
      .Build();
}

absl::Status Unresolved() {
  return Error(absl::StatusCode::kFailedPrecondition, "IDEMPOTENCY_KEY_UNRESOLVED",
               "what became of an earlier call with this idempotency key can't be found out any more, so nothing was "
               "sent now: look on the portal, then take a new key")
      .SetOutcome(Outcome::kUnknown)
      .Build();
}

absl::Status StorageFailed(Outcome outcome) {
  return Error(absl::StatusCode::kUnavailable, "STORAGE_FAILED",
               "the gateway can't store the call's idempotency key, so nothing was sent; the operator has to look at "
               "the storage")
      .SetOutcome(outcome)
      .RetryAfter(std::chrono::seconds(5))
      .Build();
}

absl::Status NoRoom() {
  // Whether an earlier call with this key was executed was not looked up.
  return Error(absl::StatusCode::kResourceExhausted, "QUEUE_FULL",
               "as many calls with idempotency keys wait as the gateway may hold; nothing was sent, repeat later")
      .SetOutcome(Outcome::kUnknown)
      .RetryAfter(std::chrono::seconds(1))
      .Build();
}

}  // namespace

// What a look at the store came to.
struct KeyLedger::Decision {
  bool sends = false;
  // Of one that sends.
  KeyRecord record = {};
  bool writes = false;  // the record has to be durable before
  bool maybe_executed = false;
  // Else.
  KeyedOutcome outcome = {};
  const base::Counter* counter = nullptr;
};

KeyLedgerMetrics KeyLedgerMetrics::From(base::Metrics& metrics) {
  const auto counter = [&](const char* result) {
    return metrics.GetCounter("imbot_keyed_calls_total",
                              "Calls with an idempotency key that matters, by what became of them",
                              {{"result", result}});
  };
  return {.fresh = counter("new"),
          .repeated = counter("repeated"),
          .replayed = counter("replayed"),
          .reused = counter("reused"),
          .unresolved = counter("unresolved"),
          .gave_up = counter("gave_up"),
          .failed = counter("failed"),
          .waits = metrics.GetCounter("imbot_keyed_waits_total",
                                      "Calls that waited for an earlier one under their idempotency key")};
}

KeyLedger::KeyLedger(Dependencies dependencies, const base::Secret& secret, KeyLedgerOptions options)
    : dependencies_(dependencies), outcomes_(secret, dependencies_.random), options_(options) {}

size_t KeyLedger::under_way() const {
  base::MutexLock lock(mutex_);
  return under_way_.size();
}

int64_t KeyLedger::NowMs() const {
  return duration_cast<milliseconds>(dependencies_.clock.WallNow().time_since_epoch()).count();
}

std::optional<milliseconds> KeyLedger::RecognisedFor(int64_t first_attempt_unix_ms) const {
  const milliseconds age(NowMs() - first_attempt_unix_ms);
  const milliseconds longest = kRecognised - options_.reply_timeout;
  if (age < -kClockStep || age >= longest) return std::nullopt;
  return std::min(longest - age, longest);
}

// --- Whoever calls.

KeyLedger::AskId KeyLedger::Begin(const KeyedRequest& request, Decided decided) {
  std::string key = outcomes_.KeyOf(request);
  Asker asker{.id = {},
              .digest = outcomes_.DigestOf(request),
              .deduplicated = request.deduplicated,
              .decided = std::move(decided)};
  const auto [admission, id] = Admit(key, &asker);
  switch (admission) {
    case Admission::kLooks:
      Enqueue(Look{std::move(key), std::move(asker)});
      break;
    case Admission::kWaits:
      dependencies_.metrics.waits.Increment();
      dependencies_.storage_thread.Post([this, id = id, deadline = request.deadline] {
        dependencies_.storage_thread.PostAt(deadline, [this, id] {
          GiveUp(id, absl::StatusCode::kDeadlineExceeded, "DEADLINE_EXCEEDED",
                 "the deadline passed while an earlier call with this idempotency key was under way");
        });
      });
      break;
    case Admission::kReused:
      dependencies_.metrics.reused.Increment();
      asker.decided({nullptr, {Reused(), ""}});
      break;
    case Admission::kNoRoom:
      dependencies_.metrics.failed.Increment();
      asker.decided({nullptr, {NoRoom(), ""}});
      break;
  }
  return id;
}

std::pair<KeyLedger::Admission, KeyLedger::AskId> KeyLedger::Admit(const std::string& key, Asker* asker) {
  base::MutexLock lock(mutex_);
  const AskId id{++last_id_};
  const auto earlier = under_way_.find(key);
  const bool waits = earlier != under_way_.end();
  if (waits && earlier->second.sent && earlier->second.digest != asker->digest) return {Admission::kReused, id};
  if (asking_ >= options_.max_asking || (waits && earlier->second.waiting.size() >= options_.max_waiting_for_one))
    return {Admission::kNoRoom, id};
  ++asking_;
  asker->id = id;
  if (!waits) {
    under_way_.try_emplace(key);
    return {Admission::kLooks, id};
  }
  waiting_.emplace(id, key);
  earlier->second.waiting.push_back(std::move(*asker));
  return {Admission::kWaits, id};
}

void KeyLedger::Cancel(AskId id) {
  GiveUp(id, absl::StatusCode::kCancelled, "CANCELLED_BY_CALLER",
         "the caller has gone; an earlier call with this idempotency key was under way");
}

void KeyLedger::AnswerWaiting() {
  std::vector<AskId> all;
  {
    base::MutexLock lock(mutex_);
    for (const auto& [id, key] : waiting_) all.push_back(id);
  }
  for (const AskId id : all) {
    GiveUp(id, absl::StatusCode::kUnavailable, "SHUTTING_DOWN",
           "the gateway is stopping; an earlier call with this idempotency key was under way");
  }
}

void KeyLedger::GiveUp(AskId id, absl::StatusCode code, std::string_view reason, std::string_view why) {
  Decided decided;
  {
    base::MutexLock lock(mutex_);
    const auto waiting = waiting_.find(id);
    if (waiting == waiting_.end()) return;
    std::deque<Asker>& askers = under_way_.at(waiting->second).waiting;
    const auto asker = std::find_if(askers.begin(), askers.end(), [&](const Asker& a) { return a.id == id; });
    decided = std::move(asker->decided);
    askers.erase(asker);
    waiting_.erase(waiting);
    --asking_;
  }
  dependencies_.metrics.gave_up.Increment();
  decided({nullptr, {Error(code, reason, std::string(why)).SetOutcome(Outcome::kUnknown).Build(), ""}});
}

void KeyLedger::Enqueue(Work work) {
  {
    base::MutexLock lock(mutex_);
    work_.push_back(std::move(work));
    if (std::exchange(posted_, true)) return;
  }
  dependencies_.storage_thread.Post([this] { Drain(); });
}

// --- The storage thread.

// Nobody has to wait for a group to fill: while one is written, the next gathers.
void KeyLedger::Drain() {
  std::vector<Work> work;
  {
    base::MutexLock lock(mutex_);
    work.swap(work_);
    posted_ = false;
  }
  std::vector<KeyRecord> writes;
  std::vector<Decision> decisions;  // of the looks, in their order
  for (Work& item : work) {
    if (auto* look = std::get_if<Look>(&item)) {
      decisions.push_back(Decide(*look, &writes));
    } else if (auto* write = std::get_if<Write>(&item)) {
      writes.push_back(write->record);
    }
  }
  const absl::Status stored = writes.empty() ? absl::OkStatus() : dependencies_.store.PutKeys(writes);
  auto decision = decisions.begin();
  for (Work& item : work) {
    if (auto* look = std::get_if<Look>(&item)) {
      if (decision->writes && !stored.ok()) {
        // The store was read: there is no earlier attempt that may have been executed.
        *decision = {.outcome = {StorageFailed(Outcome::kNotExecuted), ""}, .counter = &dependencies_.metrics.failed};
      }
      Deliver(std::move(*look), std::move(*decision));
      ++decision;
    } else if (auto* write = std::get_if<Write>(&item)) {
      if (write->stored) write->stored(stored);
      if (write->ends) LetGo(write->record.key);
    } else {
      LetGo(std::get<Leave>(item).key);
    }
  }
  if (stored.ok()) Purge();
}

KeyLedger::Decision KeyLedger::Decide(const Look& look, std::vector<KeyRecord>* writes) {
  const KeyLedgerMetrics& metrics = dependencies_.metrics;
  auto found = dependencies_.store.FindKey(look.key);
  if (!found.ok()) return {.outcome = {StorageFailed(Outcome::kUnknown), ""}, .counter = &metrics.failed};
  const int64_t now = NowMs();
  const bool known = found->has_value() && (*found)->expires_unix_ms > now;
  if (known && (*found)->digest != look.asker.digest) return {.outcome = {Reused(), ""}, .counter = &metrics.reused};
  if (!known || (*found)->state == KeyRecord::State::kFree) {
    Decision first{.sends = true, .writes = true, .counter = &metrics.fresh};
    first.record = {.key = look.key,
                    .digest = look.asker.digest,
                    .state = KeyRecord::State::kPending,
                    .first_attempt_unix_ms = now,
                    .expires_unix_ms = now + kKeptUnknown.count(),
                    .sealed_outcome = ""};
    writes->push_back(first.record);
    return first;
  }
  if ((*found)->state != KeyRecord::State::kPending)
    return {.outcome = outcomes_.Open(**found), .counter = &metrics.replayed};
  if (look.asker.deduplicated && RecognisedFor((*found)->first_attempt_unix_ms).has_value())
    return {.sends = true, .record = **std::move(found), .maybe_executed = true, .counter = &metrics.repeated};
  return {.outcome = {Unresolved(), ""}, .counter = &metrics.unresolved};
}

void KeyLedger::Deliver(Look look, Decision decision) {
  decision.counter->Increment();
  if (!decision.sends) {
    {
      base::MutexLock lock(mutex_);
      --asking_;
    }
    look.asker.decided({nullptr, std::move(decision.outcome)});
    return LetGo(look.key);
  }
  std::vector<Asker> others;  // with another request
  {
    base::MutexLock lock(mutex_);
    --asking_;
    UnderWay& under_way = under_way_.at(look.key);
    under_way.sent = true;
    under_way.digest = look.asker.digest;
    std::deque<Asker> same;
    for (Asker& asker : under_way.waiting) {
      if (asker.digest == look.asker.digest) {
        same.push_back(std::move(asker));
        continue;
      }
      waiting_.erase(asker.id);
      --asking_;
      others.push_back(std::move(asker));
    }
    under_way.waiting.swap(same);
  }
  for (Asker& asker : others) {
    dependencies_.metrics.reused.Increment();
    asker.decided({nullptr, {Reused(), ""}});
  }
  std::optional<base::MonoTime> repeat_until;
  if (look.asker.deduplicated) {
    repeat_until =
        dependencies_.clock.Now() + RecognisedFor(decision.record.first_attempt_unix_ms).value_or(milliseconds(0));
  }
  // Its constructor is private.
  look.asker.decided({std::shared_ptr<Attempt>(new Attempt(*this, std::move(decision.record), look.asker.deduplicated,
                                                           decision.maybe_executed, repeat_until)),
                      {}});
}

// Nothing more will become known of the attempt. Who waits next asks the store in its turn.
void KeyLedger::LetGo(const std::string& key) {
  std::optional<Asker> next;
  {
    base::MutexLock lock(mutex_);
    const auto it = under_way_.find(key);
    it->second.sent = false;
    if (it->second.waiting.empty()) {
      under_way_.erase(it);
    } else {
      next = std::move(it->second.waiting.front());
      it->second.waiting.pop_front();
      waiting_.erase(next->id);
    }
  }
  if (next.has_value()) Enqueue(Look{key, *std::move(next)});
}

void KeyLedger::Purge() {
  const base::MonoTime now = dependencies_.clock.Now();
  if (now < next_purge_) return;
  const auto deleted = dependencies_.store.DeleteExpiredKeys(NowMs(), kPurgeBite);
  // Bite by bite, each after other work, until nothing has expired.
  next_purge_ = deleted.ok() && *deleted == kPurgeBite ? now : now + kPurgePause;
}

// --- An attempt.

KeyLedger::Attempt::Attempt(KeyLedger& ledger, KeyRecord record, bool deduplicated, bool maybe_executed,
                            std::optional<base::MonoTime> repeat_until)
    : ledger_(ledger),
      record_(std::move(record)),
      deduplicated_(deduplicated),
      maybe_executed_(maybe_executed),
      repeat_until_(repeat_until) {}

KeyLedger::Attempt::~Attempt() {
  if (!ended_) ledger_.Enqueue(Leave{record_.key});
}

void KeyLedger::Attempt::End(const KeyedOutcome& outcome, Stored stored) {
  const std::string said = base::OutcomeOf(outcome.status);
  const bool executed = outcome.status.ok() || said == base::OutcomeName(Outcome::kExecuted);
  const bool free = said == base::OutcomeName(Outcome::kNotExecuted) && !maybe_executed_;
  const bool unknown = !executed && !free;
  // The pending record says as much.
  if (unknown && (deduplicated_ || unknown_stored_)) return stored(absl::OkStatus());
  KeyRecord record = record_;
  const int64_t now = ledger_.NowMs();
  record.expires_unix_ms = now + (unknown ? kKeptUnknown : kKeptKnown).count();
  if (free) {
    record.state = KeyRecord::State::kFree;
  } else {
    ledger_.outcomes_.Seal(outcome, &record);
  }
  (unknown ? unknown_stored_ : ended_) = true;
  // A crash before it is stored costs a repeat another request, which the portal recognises.
  if (deduplicated_) stored(absl::OkStatus());
  ledger_.Enqueue(Write{std::move(record), deduplicated_ ? nullptr : std::move(stored), ended_});
}

}  // namespace imbot::portal
