// What comes in, and what is answered.
#include <algorithm>
#include <string>
#include <utility>

#include "service/base/error.h"
#include "tests/portal/scheduler_reference.h"

namespace imbot::portal {
namespace {

using base::Duration;
using base::MonoTime;

constexpr size_t kLeastBatchBytes = 8 << 10;

}  // namespace

// --- What comes in.

int Reference::Submitting(const NewCall& what, MonoTime now) {
  now_ = now;
  Call call;
  call.id = static_cast<int>(calls_.size());
  call.what = what;
  call.submitted = now;
  call.deadline = now + what.timeout;
  call.alone = what.alone;
  const bool ahead = !Waiting(what.lane).empty() || (what.lane == Lane::kBulk && !Waiting(Lane::kInteractive).empty());
  const bool busy = std::any_of(calls_.begin(), calls_.end(), [&](const Call& other) {
    return what.key != 0 && other.what.key == what.key && other.state == State::kInFlight;
  });
  newcomer_may_leave_ = !ahead && !busy && MayLeave(what.lane, now, -kDoubt);
  calls_.push_back(call);
  Call& added = calls_.back();
  if (added.deadline <= now) {
    added.state = State::kOver;
    Expect(added, "DEADLINE_EXCEEDED", "NOT_EXECUTED", now);
    return added.id;
  }
  added.place = ++last_place_;
  newcomer_ = added.id;
  admitted_ = false;
  replaced_ = false;
  return added.id;
}

const Reference::Call* Reference::Replaceable(const Call& by) const {
  if (by.what.collapse == 0) return nullptr;
  const Call* last = nullptr;
  for (const Call* call : Waiting(by.what.lane)) {
    if (call->what.key == by.what.key && call->id != by.id) last = call;
  }
  if (last == nullptr || last->what.caller != by.what.caller || last->what.collapse == 0) return nullptr;
  const bool superset = (last->what.collapse & ~by.what.collapse) == 0;
  return superset || !rules_.superset_only ? last : nullptr;
}

bool Reference::FullInBytes(const Call& call) const {
  const Call* const replaced = Replaceable(call);
  // The newcomer's own are among those that wait.
  return waiting_bytes() - (replaced == nullptr ? 0 : replaced->what.bytes) > schedule_->max_bytes;
}

bool Reference::Full(const Call& call) const {
  // One that takes the place of another needs no more of them.
  return (Replaceable(call) == nullptr && waiting() > schedule_->max_calls) || FullInBytes(call);
}

bool Reference::IsSurplus(const Call& victim, const Call& call) const {
  const bool by_bytes = FullInBytes(call);
  const auto weight = [&](Lane lane, int caller) {
    size_t sum = 0;
    for (const Call* other : Waiting(lane)) {
      if (other->what.caller == caller && other->id != call.id) sum += by_bytes ? other->what.bytes : 1;
    }
    return sum;
  };
  const bool bulk_goes = call.what.lane != Lane::kBulk && !Waiting(Lane::kBulk).empty();
  if (victim.what.lane != (bulk_goes ? Lane::kBulk : call.what.lane)) return false;
  const size_t most = weight(victim.what.lane, victim.what.caller);
  for (int caller = 0; caller < kCallers; ++caller) {
    if (weight(victim.what.lane, caller) > most) return false;
  }
  for (const Call* other : Waiting(victim.what.lane)) {
    const bool newer = rules_.newest_loses ? other->place > victim.place : other->place < victim.place;
    if (other->id != call.id && other->what.caller == victim.what.caller && newer) return false;
  }
  if (bulk_goes) return true;
  return victim.what.caller != call.what.caller &&
         most > weight(call.what.lane, call.what.caller) + (by_bytes ? call.what.bytes : 1);
}

void Reference::CheckAdmitted() {
  if (std::exchange(admitted_, true)) return;
  const Call& call = At(*newcomer_);
  if (call.state != State::kWaiting || replaced_) return;
  if (Replaceable(call) != nullptr) Differ("call ", call.id, " does not replace call ", Replaceable(call)->id);
  if (call.what.bytes > schedule_->max_bytes || Full(call)) Differ("call ", call.id, " is let in, though it is full");
}

void Reference::Submitted() {
  if (!newcomer_.has_value()) return;
  CheckAdmitted();
  newcomer_.reset();
}

void Reference::Cancelling(int id) {
  Call& call = At(id);
  if (call.answered) return;
  const bool sent = call.state == State::kInFlight;
  if (sent && call.what.await_reply) return;
  const bool unknown = sent && rules_.cancel_in_flight_is_unknown;
  Expect(call, "CANCELLED_BY_CALLER", unknown ? "UNKNOWN" : "NOT_EXECUTED", sent ? call.sent_at : MonoTime());
  if (!sent) ForgetTurn(call), call.state = State::kOver;
}

void Reference::Stopping() {
  for (Call& call : calls_) {
    if (call.answered) continue;
    const bool sent = call.state == State::kInFlight;
    Expect(call, "SHUTTING_DOWN", sent ? "UNKNOWN" : "NOT_EXECUTED", sent ? call.sent_at : MonoTime());
    if (!sent) call.state = State::kOver;
  }
}

// --- What comes back.

void Reference::Expect(Call& call, std::string reason, std::string outcome, MonoTime left) {
  if (!call.answered) expected_[call.id] = {std::move(reason), std::move(outcome), "", left, std::nullopt};
}

void Reference::EndByReply(Call& call, std::string reason, std::string outcome) {
  const Request& request = requests_[call.request];
  call.state = State::kOver;
  Expect(call, std::move(reason), std::move(outcome), call.sent_at);
  if (call.answered) return;
  if (request.batch) expected_[call.id].batch_size = static_cast<int>(request.ids.size());
  expected_[call.id].result = std::to_string(call.id);
}

void Reference::Executed(const Call& call) {
  if (call.what.key == 0 || call.refused_in_batch) return;
  uint64_t& last = executed_[{call.what.key, call.what.lane}];
  if (call.place <= last) Differ("call ", call.id, " is executed after a later one of its key");
  last = call.place;
}

void Reference::Refused(const Request& request, MonoTime now) {
  Leak(now);
  if (schedule_->plan.limited()) level_ = std::max(level_, schedule_->plan.burst);
  if (refusals_ > 0 && request.sent_at <= last_refusal_) return;
  last_refusal_ = now;
  // 1, 2, 4... intervals, 15 s at most.
  const double rate = schedule_->plan.limited() ? schedule_->plan.per_second : 2;
  const double seconds = std::min(15.0, static_cast<double>(1 << std::min(refusals_, 10)) / rate);
  ++refusals_;
  not_before_ = now + std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

void Reference::Replying(size_t number, ReplyKind kind, uint32_t pick, MonoTime now) {
  now_ = now;
  Request& request = requests_[number];
  request.open = false;
  const size_t size = request.ids.size();
  const auto each = [&](const auto& visit) {
    for (size_t i = 0; i < size; ++i) visit(At(request.ids[i]), i);
  };
  const auto ends = [&](const char* reason, const char* outcome) {
    each([&](Call& call, size_t) { EndByReply(call, reason, outcome); });
  };
  // Back to where it was, and its caller hears nothing of it; else its answer is `reason`.
  const auto goes_back = [&](Call& call, bool alone, const char* reason) {
    const bool no_use = call.answered || call.deadline <= now || request.lane == Lane::kStream;
    if (no_use) return EndByReply(call, reason, "NOT_EXECUTED");
    call.alone |= alone;
    call.state = State::kWaiting;
  };
  const bool learns = request.lane != Lane::kStream;
  if (kind == ReplyKind::kReset) return ends("TRANSPORT_FAILED", "UNKNOWN");
  if (kind == ReplyKind::kConnect) return ends("CONNECT_FAILED", "NOT_EXECUTED");
  if (kind == ReplyKind::kTimeout) {
    if (request.batch) pace_.OnTooSlow(size);
    return ends("PORTAL_TIMEOUT", "UNKNOWN");
  }
  if (kind == ReplyKind::kLimit) {
    Refused(request, now);
    return each([&](Call& call, size_t) {
      const bool in_time = BucketLetsBefore(call.deadline, request.lane, now);
      if (rules_.limit_goes_back && in_time) return goes_back(call, false, "QUERY_LIMIT_EXCEEDED");
      EndByReply(call, "QUERY_LIMIT_EXCEEDED", "NOT_EXECUTED");
    });
  }
  refusals_ = 0;
  switch (kind) {
    case ReplyKind::kOk:
      if (learns) pace_.OnAnswered(size, now - request.sent_at);
      return each([&](Call& call, size_t) { Executed(call), EndByReply(call); });
    case ReplyKind::kErrors:
      if (learns) pace_.OnAnswered(size, now - request.sent_at);
      return each([&](Call& call, size_t i) {
        const CommandAnswer answer = request.batch ? AnswerOf(pick, i) : CommandAnswer::kError;
        if (answer == CommandAnswer::kError) return EndByReply(call, "EMPTY_MESSAGE", "NOT_EXECUTED");
        if (answer == CommandAnswer::kMissing) return EndByReply(call, "BATCH_ANSWER_MISSING", "UNKNOWN");
        if (answer == CommandAnswer::kOk) return Executed(call), EndByReply(call);
        call.refused_in_batch = true;
        goes_back(call, true, "ERROR_BATCH_LENGTH_EXCEEDED");
      });
    case ReplyKind::kCredentials:
      if (learns && !request.batch) pace_.OnAnswered(size, now - request.sent_at);
      return ends("INVALID_CREDENTIALS", "NOT_EXECUTED");
    case ReplyKind::kGatewayTimeout:
      if (request.batch) pace_.OnTooSlow(size);
      return ends("HTTP_STATUS", "UNKNOWN");
    case ReplyKind::kTooLarge:
    case ReplyKind::kNotAllowed:
      break;
    default:
      return;
  }
  const bool too_large = kind == ReplyKind::kTooLarge;
  const char* const reason = too_large ? "HTTP_STATUS" : "ERROR_BATCH_METHOD_NOT_ALLOWED";
  if (!request.batch) {
    if (learns) pace_.OnAnswered(size, now - request.sent_at);
    return ends(reason, "NOT_EXECUTED");
  }
  if (too_large) {
    most_batch_bytes_ = std::max(kLeastBatchBytes, std::min(most_batch_bytes_, request.command_bytes / 2));
  }
  each([&](Call& call, size_t) { goes_back(call, !too_large || request.command_bytes <= kLeastBatchBytes, reason); });
}

void Reference::Answered(int id, const Answer& answer, const std::string& result, MonoTime now) {
  now_ = now;
  Call& call = At(id);
  if (std::exchange(call.answered, true)) return Differ("call ", id, " is answered twice");
  const std::string reason = base::ReasonOf(answer.status);
  const std::string outcome = base::OutcomeOf(answer.status);
  const auto says = [&] { return answer.status.ok() ? std::string("OK") : reason + " " + outcome; };
  if (answer.attempts != call.sends) Differ("call ", id, " left ", call.sends, " times, told ", answer.attempts);
  MonoTime left = call.state == State::kInFlight ? call.sent_at : now;
  bool allowed = false;
  std::optional<int> batch_size;
  if (const auto it = expected_.find(id); it != expected_.end()) {
    const Expected expected = it->second;
    expected_.erase(it);
    allowed = reason == expected.reason && (expected.outcome.empty() || outcome == expected.outcome) &&
              (!answer.status.ok() || result == expected.result) && !answer.superseded;
    batch_size = expected.batch_size;
    if (expected.left != MonoTime()) left = expected.left;
    if (!allowed) {
      return Differ("call ", id, " is answered ", says(), " ", result, ", expected ",
                    expected.reason.empty() ? "OK" : expected.reason, " ", expected.outcome, " ", expected.result);
    }
  } else if (answer.superseded) {
    allowed = answer.status.ok() && newcomer_.has_value() && Replaceable(At(*newcomer_)) == &call;
    if (allowed) {
      At(*newcomer_).place = call.place;
      At(*newcomer_).refused_in_batch = call.refused_in_batch;
    }
    replaced_ = true;
    call.state = State::kOver;
  } else if (reason == "DEADLINE_EXCEEDED") {
    const bool sent = call.state == State::kInFlight;
    allowed =
        now == call.deadline && !(sent && call.what.await_reply) && outcome == (sent ? "UNKNOWN" : "NOT_EXECUTED");
    if (!sent) ForgetTurn(call), call.state = State::kOver;
  } else if (reason == "QUEUE_FULL" && newcomer_.has_value()) {
    const Call& newcomer = At(*newcomer_);
    if (id == newcomer.id) {
      const bool surplus = std::any_of(calls_.begin(), calls_.end(), [&](const Call& other) {
        return other.id != id && other.state == State::kWaiting && IsSurplus(other, newcomer);
      });
      allowed = call.what.bytes > schedule_->max_bytes || (Full(call) && !surplus);
    } else {
      allowed = call.state == State::kWaiting && Full(newcomer) && IsSurplus(call, newcomer);
    }
    allowed &= outcome == "NOT_EXECUTED";
    ForgetTurn(call);
    call.state = State::kOver;
  } else if (reason == "DEADLINE_TOO_SHORT" && newcomer_ == id) {
    allowed = !newcomer_may_leave_ && call.what.lane != Lane::kStream &&
              call.what.timeout < std::chrono::hours(1'000) && outcome == "NOT_EXECUTED" &&
              call.state == State::kWaiting;
    call.state = State::kOver;
  }
  if (!allowed) Differ("call ", id, " is answered ", says());
  if (answer.batch_size != batch_size) Differ("call ", id, " is told of another batch");
  if (answer.queued != std::chrono::duration_cast<std::chrono::microseconds>(left - call.submitted)) {
    Differ("call ", id, " waited ", (left - call.submitted).count(), " ns, told ", answer.queued.count(), " us");
  }
}

}  // namespace imbot::portal
