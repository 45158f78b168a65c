// The part that an idempotency key plays in one call: asks the ledger whether to send, and tells it the end before the
// caller hears of it.
//
// Part of the operation that carries the call out, which orders its calls: Begin() first, then, if it is to be sent,
// Describe() and one End(). A call that is not to be sent, or has no key, knows nothing of all that: End() answers at
// once. Used by one thread at a time, but for Cancel().
#ifndef IMBOT_SERVICE_RPC_KEYED_CALL_H_
#define IMBOT_SERVICE_RPC_KEYED_CALL_H_

#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "bitrix24/rest/options.pb.h"
#include "google/protobuf/message.h"
#include "service/portal/key_ledger.h"
#include "service/portal/outgoing.h"

namespace imbot::rpc {

// What a caller is told: `response` is set exactly when the status is OK.
struct CallEnd {
  absl::Status status;
  std::unique_ptr<google::protobuf::Message> response;
};

class KeyedCall {
 public:
  // `ledger` outlives this, and whatever it makes.
  explicit KeyedCall(portal::KeyLedger& ledger) : ledger_(ledger) {}
  KeyedCall(const KeyedCall&) = delete;
  KeyedCall& operator=(const KeyedCall&) = delete;

  // Whether a key means anything for a call of this class: what may be repeated freely needs none.
  static bool Matters(bitrix24::rest::Retry retry) {
    return retry == bitrix24::rest::RETRY_DEDUPLICATED || retry == bitrix24::rest::RETRY_NEVER;
  }

  // Calls `send` or `answer`, exactly once: on the storage thread, or before it returns. Each is destroyed without a
  // call if that thread has stopped. `response`: an empty one of the method.
  void Begin(const portal::KeyedRequest& request, const google::protobuf::Message& response,
             absl::AnyInvocable<void()> send, absl::AnyInvocable<void(CallEnd)> answer);
  // Fills in what the scheduler has to know. `read` makes the end of an answer that comes when the caller has been
  // answered already; whatever it needs it owns.
  void Describe(absl::AnyInvocable<CallEnd(portal::Answer)> read, portal::Outgoing* outgoing);
  // Calls `answer` with the end as the caller is to hear it, once what a repeat is to hear is stored.
  void End(CallEnd end, absl::AnyInvocable<void(CallEnd)> answer);
  // Thread-safe. After Begin(); ends the waiting for an earlier call.
  void Cancel();

 private:
  portal::KeyLedger& ledger_;
  portal::KeyLedger::AskId ask_id_{};                    // set by Begin()
  std::shared_ptr<portal::KeyLedger::Attempt> attempt_;  // set before `send` is called, until the end
};

// One form for each request: serialised, maps in the order of their keys.
std::string Canonical(const google::protobuf::Message& message);

}  // namespace imbot::rpc

#endif  // IMBOT_SERVICE_RPC_KEYED_CALL_H_
