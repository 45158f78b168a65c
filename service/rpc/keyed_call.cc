#include "service/rpc/keyed_call.h"

#include <algorithm>
#include <utility>

#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "service/base/error.h"
#include "service/portal/retry_policy.h"

namespace imbot::rpc {

using base::Error;
using base::Outcome;
using portal::KeyedOutcome;
using portal::KeyLedger;

namespace {

KeyedOutcome OutcomeOf(const CallEnd& end) {
  return {end.status, end.response == nullptr ? "" : Canonical(*end.response)};
}

bool Says(const absl::Status& status, Outcome outcome) {
  return base::OutcomeOf(status) == base::OutcomeName(outcome);
}

CallEnd EndOf(KeyedOutcome outcome, const google::protobuf::Message& prototype) {
  if (!outcome.status.ok()) return {std::move(outcome.status), nullptr};
  std::unique_ptr<google::protobuf::Message> response(prototype.New());
  if (response->ParseFromString(outcome.response)) return {absl::OkStatus(), std::move(response)};
  return {Error(absl::StatusCode::kInternal, "INTERNAL",
                "an earlier call with this idempotency key was executed; what the gateway stored of its response can't "
                "be read")
              .SetOutcome(Outcome::kExecuted)
              .Build(),
          nullptr};
}

}  // namespace

std::string Canonical(const google::protobuf::Message& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  {
    google::protobuf::io::CodedOutputStream out(&stream);
    out.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&out);
  }
  return bytes;
}

void KeyedCall::Begin(const portal::KeyedRequest& request, const google::protobuf::Message& response,
                      absl::AnyInvocable<void()> send, absl::AnyInvocable<void(CallEnd)> answer) {
  ask_id_ = ledger_.Begin(request, [this, &response, send = std::move(send),
                                    answer = std::move(answer)](KeyLedger::Verdict verdict) mutable {
    if (verdict.attempt == nullptr) return answer(EndOf(std::move(verdict.outcome), response));
    attempt_ = std::move(verdict.attempt);
    send();
  });
}

void KeyedCall::Describe(absl::AnyInvocable<CallEnd(portal::Answer)> read, portal::Outgoing* outgoing) {
  if (attempt_ == nullptr) return;
  outgoing->maybe_executed = attempt_->maybe_executed();
  outgoing->repeat_until = attempt_->repeat_until();
  // Nor may it leave first when the portal has forgotten the earlier attempt.
  if (attempt_->maybe_executed() && attempt_->repeat_until().has_value())
    outgoing->deadline = std::min(outgoing->deadline, *attempt_->repeat_until());
  // The attempt lives as long as this does: whoever repeats the call waits for what may come.
  outgoing->late = [attempt = attempt_, read = std::move(read)](portal::Answer answer) mutable {
    attempt->End(OutcomeOf(read(std::move(answer))), [](absl::Status) {});
  };
}

void KeyedCall::End(CallEnd end, absl::AnyInvocable<void(CallEnd)> answer) {
  const std::shared_ptr<KeyLedger::Attempt> attempt = std::exchange(attempt_, nullptr);
  if (attempt == nullptr) return answer(std::move(end));
  // Whatever stopped this call, its caller asks what became of the request.
  if (attempt->maybe_executed() && Says(end.status, Outcome::kNotExecuted)) end.status = portal::InDoubt(end.status);
  const KeyedOutcome outcome = OutcomeOf(end);
  attempt->End(outcome, [end = std::move(end), answer = std::move(answer)](absl::Status stored) mutable {
    // Of any other end the record that is there says enough.
    if (!stored.ok() && (end.status.ok() || Says(end.status, Outcome::kExecuted))) {
      end = {Error(absl::StatusCode::kUnavailable, "STORAGE_FAILED",
                   "Bitrix24 did what was asked, but the gateway could not store the result for the idempotency key; a "
                   "repeat with this key will not be sent, and be told that the outcome is unknown")
                 .SetOutcome(Outcome::kExecuted)
                 .Build(),
             nullptr};
    }
    answer(std::move(end));
  });
}

void KeyedCall::Cancel() {
  ledger_.Cancel(ask_id_);
}

}  // namespace imbot::rpc
