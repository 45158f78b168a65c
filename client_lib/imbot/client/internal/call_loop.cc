#include "imbot/client/internal/call_loop.h"

#include <algorithm>
#include <utility>

#include "imbot/client/internal/decode.h"
#include "imbot/client/internal/retry.h"

namespace imbot::client::internal {

void CallLoop::Start(std::shared_ptr<Wire> wire, Plan plan, Done done) {
  std::shared_ptr<CallLoop>(new CallLoop(std::move(wire), std::move(plan), std::move(done)))->Begin();
}

CallLoop::CallLoop(std::shared_ptr<Wire> wire, Plan plan, Done done)
    : wire_(std::move(wire)),
      plan_(std::move(plan)),
      deadline_(wire_->Now() + plan_.attempt.time),
      done_(std::move(done)) {
  info_.idempotency_key = plan_.idempotency_key;
}

void CallLoop::Begin() {
  // Weak: a token may be kept for much longer than a call.
  stop_.emplace(plan_.stop, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->OnStop();
  });
  if (stopped()) {
    return Finish(OwnError(absl::StatusCode::kCancelled, kStopped, Outcome::kNotExecuted,
                           "a stop was requested before the call; nothing was sent"));
  }
  Try();
}

template <typename Starter>
void CallLoop::Run(const Starter& start) {
  uint64_t step = 0;
  {
    const std::lock_guard lock(mutex_);
    step = ++step_;
  }
  std::shared_ptr<Running> running = start();
  {
    const std::lock_guard lock(mutex_);
    // It may be over already, and the next one under way.
    if (step_ != step) return;
    if (!stopped_) {
      running_ = std::move(running);
      return;
    }
  }
  running->Cancel();
}

void CallLoop::Try() {
  Attempt attempt = plan_.attempt;
  attempt.time = deadline_ - wire_->Now();
  if (attempt.time <= std::chrono::nanoseconds(0)) {
    return Finish(last_.has_value() ? *last_
                                    : OwnError(absl::StatusCode::kDeadlineExceeded, kTimeout, Outcome::kNotExecuted,
                                               "the time ran out before anything was sent"));
  }
  ++info_.attempts;
  Run([&] {
    return wire_->Send(attempt, [self = shared_from_this()](const AttemptResult& result) { self->OnResult(result); });
  });
}

void CallLoop::OnResult(const AttemptResult& result) {
  CallInfo info = InfoOf(result.trailers);
  info.attempts = info_.attempts;
  info.idempotency_key = std::move(info_.idempotency_key);
  info_ = std::move(info);
  if (result.status.ok()) return Finish(std::nullopt);

  Error error = ErrorOf(result);
  const auto& done_codes = plan_.method.done_codes;
  if (last_.has_value() && last_->outcome == Outcome::kUnknown &&
      std::find(done_codes.begin(), done_codes.end(), error.reason) != done_codes.end()) {
    plan_.attempt.response->Clear();
    info_.found_done = true;
    return Finish(std::nullopt);
  }
  const auto pause = NextPause(plan_.retry, error,
                               {.made = info_.attempts,
                                .left = deadline_ - wire_->Now(),
                                .repeatable = plan_.method.repeatable,
                                .random = wire_->Random()});
  if (last_.has_value()) error.outcome = OutcomeOfBoth(last_->outcome, error.outcome);
  last_ = std::move(error);
  if (!pause.has_value() || stopped()) return Finish(std::move(last_));
  Run([&] { return wire_->Wait(*pause, [self = shared_from_this()] { self->OnPaused(); }); });
}

void CallLoop::OnPaused() {
  if (!stopped()) return Try();
  Error error = OwnError(absl::StatusCode::kCancelled, kStopped, last_->outcome,
                         "a stop was requested while the call waited to be repeated; before that: " + last_->message);
  error.request_id = last_->request_id;
  Finish(std::move(error));
}

void CallLoop::OnStop() {
  std::shared_ptr<Running> running;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    running = std::move(running_);
  }
  if (running != nullptr) running->Cancel();
}

bool CallLoop::stopped() const {
  const std::lock_guard lock(mutex_);
  return stopped_;
}

void CallLoop::Finish(std::optional<Error> error) {
  {
    const std::lock_guard lock(mutex_);
    ++step_;
    running_ = nullptr;
  }
  stop_.reset();
  const Done done = std::move(done_);
  done(std::move(error), std::move(info_));
}

}  // namespace imbot::client::internal
