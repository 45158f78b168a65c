// What comes back to a scheduler, and what becomes of the calls.
#include <algorithm>
#include <utility>

#include "service/base/error.h"
#include "service/base/strings.h"
#include "service/portal/batch.h"
#include "service/portal/failure_status.h"
#include "service/portal/portal_url.h"
#include "service/portal/retry_policy.h"
#include "service/portal/scheduler_request.h"

namespace imbot::portal {

using base::MonoTime;

namespace {

// Of the calls that wait for a portal that is not worth calling any more.
constexpr size_t kToldAtOnce = 10;
constexpr std::chrono::milliseconds kToldAgainAfter{1};

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

// What a reply to a whole request tells of the portal.
enum class Tale {
  kAnswered,  // it works
  kAlive,     // its front does; nothing is known of what stands behind
  kClosed,    // it refuses everything
  kFailing,   // its front answers in its place
};
Tale Tells(const translate::ParsedReply& reply, int http_status) {
  if (reply.advice == translate::RetryAdvice::kPortalClosed) return Tale::kClosed;
  if (IsLimitRefusal(reply, http_status)) return Tale::kAlive;
  if (reply.status.ok() || !reply.code.empty()) return Tale::kAnswered;
  return http_status >= 500 ? Tale::kFailing : Tale::kAlive;
}

FailedAttempt DescribeReply(const translate::ParsedReply& reply, int http_status) {
  FailedAttempt attempt = Describe(reply);
  // The bucket has decided about that: there is no time left to wait.
  if (IsLimitRefusal(reply, http_status)) attempt.advice = translate::RetryAdvice::kNever;
  return attempt;
}

}  // namespace

void Scheduler::OnResult(Request& request, transport::Result result) {
  --(request.lane == Lane::kStream ? streams_in_flight_ : in_flight_);
  if (request.lane != Lane::kStream) outstanding_.erase(outstanding_.find(request.sent_at));
  if (outstanding_.empty() && hang_timer_ != base::TimerId::kNone)
    loop_.CancelTimer(std::exchange(hang_timer_, base::TimerId::kNone));
  if (request.lane == Lane::kBulk) --bulk_in_flight_;
  metrics_.in_flight.Add(-1);
  metrics_.portal_seconds.Observe(std::chrono::duration<double>(clock_.Now() - request.sent_at).count());
  if (const auto& expires = result.reply.certificate_expires_at; expires.has_value()) certificate_expires_at_ = expires;
  if (result.failure.has_value()) {
    OnFailure(request, *result.failure);
  } else if (request.batch()) {
    OnBatchReply(request, result.reply);
  } else {
    OnReply(request, result.reply);
  }
  AfterNews();
  // What a reply tells of a method's budget may let others of it leave.
  WakeParked();
  PumpSoon();
}

void Scheduler::OnProbed(Request& request, transport::Result result) {
  const MonoTime now = clock_.Now();
  std::vector<std::string_view> secrets;
  if (const std::string_view code = WebhookCode(request.url.Reveal()); !code.empty()) secrets.push_back(code);
  bool answered = false;
  if (!result.failure.has_value()) {
    last_heard_ = now;
    const translate::ParsedReply reply =
        parser_.Parse(result.reply.http_status, result.reply.content_type, result.reply.body, kProbeMethod, portal_,
                      {.location = result.reply.location, .host = Authority(request.url.Reveal()), .secrets = secrets});
    if (IsLimitRefusal(reply, result.reply.http_status)) bucket_->OnRefused(now, request.sent_at);
    answered = Tells(reply, result.reply.http_status) == Tale::kAnswered;
  }
  answered ? quarantine_.OnAnswered() : quarantine_.OnProbeFailed(now);
  AfterNews();
  Pump();
}

void Scheduler::AfterNews() {
  PlanProbe();
  if (quarantine_.closed() && !telling_) TellWaiting(Waiting());
}

// Bite by bite: thousands of answers at once would hold up the other portals of this loop.
void Scheduler::TellWaiting(std::vector<Call> waiting) {
  const MonoTime now = clock_.Now();
  std::string method;  // of the refusal
  absl::Status refusal;
  for (size_t told = 0; told < kToldAtOnce && !waiting.empty(); waiting.pop_back()) {
    const Call& call = waiting.back();
    // The answer of one that may have been executed is worth waiting for: the portal may come back in time.
    const bool waits = !open_.contains(call->id) || call->sent || (quarantine_.breaker() && call->maybe_executed);
    if (waits) continue;
    if (told == 0 || method != call->call.method) {
      method = call->call.method;
      refusal = Named(quarantine_.Refusal(method, now), method);
    }
    StopWaiting(call);
    Finish(call, NoReplyNamed(*call, call->maybe_executed ? InDoubt(refusal) : refusal));
    ++told;
  }
  telling_ = !waiting.empty();
  if (!telling_) return;
  loop_.PostAt(now + kToldAgainAfter,
               [weak = std::weak_ptr<Scheduler*>(self_), waiting = std::move(waiting)]() mutable {
                 const auto self = weak.lock();
                 if (self == nullptr || *self == nullptr) return;
                 // Open again: who is left may leave.
                 if (!(*self)->quarantine_.closed()) waiting.clear();
                 (*self)->TellWaiting(std::move(waiting));
               });
}

void Scheduler::OnFailure(Request& request, const transport::Failure& failure) {
  metrics_.failures.Increment();
  const MonoTime now = clock_.Now();
  if (request.batch() && failure.kind == transport::Failure::Kind::kTimeout) pace_.OnTooSlow(request.calls.size());
  if (request.batch()) budget_.OnBack(kBatchMethod, {}, false, now, clock_.WallNow());
  const absl::Status first = FailureStatus(failure, request.calls[0]->call.method, portal_);
  // Neither a caller that broke off nor the gateway's own rules say anything of the portal.
  const bool portals = failure.kind != transport::Failure::Kind::kAborted &&
                       failure.kind != transport::Failure::Kind::kStopped &&
                       failure.kind != transport::Failure::Kind::kReplyTooLarge;
  if (portals) {
    NoteError(request, first, failure.message);
    if (options_.quarantine) quarantine_.OnNoAnswer(base::ReasonOf(first), failure.message, now);
  }
  const FailedAttempt attempt = Describe(failure);
  for (const Call& call : request.calls) {
    budget_.OnBack(call->call.method, {}, request.batch(), now, clock_.WallNow());
    Answer answer = NoReply(*call, FailureStatus(failure, call->call.method, portal_));
    if (request.batch()) answer.batch_size = static_cast<int>(request.calls.size());
    Conclude(call, attempt, std::move(answer));
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
  LearnCost(*call, answer.reply, /*in_batch=*/false, /*billed_to_batch=*/false);
  if (GoesBack(call, answer.reply, reply.http_status, request)) return;
  const FailedAttempt attempt = DescribeReply(answer.reply, reply.http_status);
  Conclude(call, attempt, std::move(answer));
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
  budget_.OnBack(kBatchMethod, batch.whole.time, /*in_batch=*/false, clock_.Now(), clock_.WallNow());
  const bool billed_to_batch = batch.whole.time.operating.value_or(0) > 0;
  for (size_t i = 0; i < request.calls.size(); ++i) {
    const Call& call = request.calls[i];
    translate::ParsedReply& own = batch.answers[i];
    LearnCost(*call, own, /*in_batch=*/true, billed_to_batch);
    if (GoesBack(call, own, reply.http_status, request)) continue;
    const FailedAttempt attempt = DescribeReply(own, reply.http_status);
    Answer answer = NoReply(*call, own.status);
    answer.http_status = reply.http_status;
    answer.secrets = secrets;
    answer.reply = std::move(own);
    answer.batch_size = static_cast<int>(request.calls.size());
    Conclude(call, attempt, std::move(answer));
  }
}

void Scheduler::Conclude(const Call& call, const FailedAttempt& attempt, Answer answer) {
  const bool waits = open_.contains(call->id) && !call->streams() && call->attempts < options_.max_attempts;
  if (!answer.status.ok() && waits) {
    const Standing standing{.retry = call->call.retry,
                            .done_codes = call->call.done_codes,
                            .attempts = call->attempts,
                            .maybe_executed = call->maybe_executed,
                            .now = clock_.Now(),
                            .deadline = call->call.deadline,
                            .repeat_until = call->repeat_until,
                            .reply_time = pace_.Expect(1),
                            .lot = std::uniform_real_distribution<>()(lot_)};
    const Verdict verdict = Judge(attempt, standing);
    if (verdict.next == Verdict::Next::kRepeat) {
      call->maybe_executed = call->maybe_executed || LeavesDoubt(attempt.outcome, call->call.retry);
      return Park(call, standing.now + verdict.pause);
    }
    if (verdict.next == Verdict::Next::kDoneBefore) {
      answer.status = absl::OkStatus();
      answer.done_before = true;
    }
  }
  if (!answer.status.ok() && call->maybe_executed && attempt.outcome == base::Outcome::kNotExecuted) {
    answer.status = InDoubt(answer.status);
  }
  queue_.Done(*call);
  Finish(call, std::move(answer));
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
  last_heard_ = now;
  Hear(request, whole, http_status);
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

void Scheduler::Hear(const Request& request, const translate::ParsedReply& whole, int http_status) {
  const Tale tale = Tells(whole, http_status);
  const std::string text(whole.status.message());
  if (tale == Tale::kClosed || tale == Tale::kFailing) NoteError(request, whole.status, text);
  if (!options_.quarantine) return;
  switch (tale) {
    case Tale::kAnswered:
      return quarantine_.OnAnswered();
    case Tale::kAlive:
      return quarantine_.OnAlive();
    case Tale::kClosed:
      return quarantine_.OnClosed(base::ReasonOf(whole.status), text, clock_.Now());
    case Tale::kFailing:
      return quarantine_.OnNoAnswer(base::ReasonOf(whole.status), text, clock_.Now());
  }
}

void Scheduler::LearnCost(const QueuedCall& call, const translate::ParsedReply& reply, bool in_batch,
                          bool billed_to_batch) {
  const MonoTime now = clock_.Now();
  translate::ReplyTime time = reply.time;
  // Then what a command is told is the batch's account, which is `batch`'s to learn from.
  if (billed_to_batch) time.operating.reset();
  budget_.OnBack(call.call.method, time, in_batch, now, clock_.WallNow());
  if (base::EqualsIgnoreCase(reply.code, "OPERATION_TIME_LIMIT")) budget_.OnBlocked(call.call.method, now);
}

void Scheduler::NoteError(const Request& request, const absl::Status& status, std::string_view message) {
  last_error_at_ = clock_.Now();
  last_error_ = {.reason = base::ReasonOf(status),
                 .method = request.batch() ? std::string(kBatchMethod) : request.calls[0]->call.method,
                 .message = std::string(message)};
}

}  // namespace imbot::portal
