// Whether a call with an idempotency key goes out, waits for an earlier one, or is told what became of that.
//
// A key names one request of one caller to one bot. Its record is durable before the call goes out, so that a gateway
// killed at any point never sends a request twice that the portal would execute twice:
//   - A call whose repeat the portal does not recognise goes out once. Whoever repeats it waits for its end, or is told
//     the end that was stored; what a crash left open is unknown for good (IDEMPOTENCY_KEY_UNRESOLVED).
//   - A call whose repeat the portal recognises (a message with templateId) goes out again while that is so, for an
//     hour from its first attempt; then its outcome is unknown for good too.
//   - Where it is proved that nothing was executed, the same request may go out anew.
//   - Another request under the key is refused (IDEMPOTENCY_KEY_REUSED).
// In memory are only the keys of calls under way; the rest is the store's, and forgotten after a day, or after 31 days
// where the outcome is not known: so long a portal remembers. Everything that waits for the storage thread is written
// in one transaction. Never sends anything, and never sees a request but as bytes.
#ifndef IMBOT_SERVICE_PORTAL_KEY_LEDGER_H_
#define IMBOT_SERVICE_PORTAL_KEY_LEDGER_H_

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "service/base/clock.h"
#include "service/base/executor.h"
#include "service/base/metrics.h"
#include "service/base/mutex.h"
#include "service/base/random.h"
#include "service/base/secret.h"
#include "service/portal/keyed_outcome.h"
#include "service/storage/store.h"

namespace imbot::portal {

struct KeyLedgerMetrics {
  // Calls with a key, by what became of them here: each counts in one of these.
  base::Counter fresh;       // went out first
  base::Counter repeated;    // went out again
  base::Counter replayed;    // was told a stored outcome
  base::Counter reused;      // another request under the key
  base::Counter unresolved;  // nobody knows what became of an earlier call
  base::Counter gave_up;     // its caller did not wait for the end of an earlier call
  base::Counter failed;      // the storage failed, or there was no room
  // Those that waited for an earlier call.
  base::Counter waits;

  // imbot_keyed_calls_total by result, and imbot_keyed_waits_total.
  static KeyLedgerMetrics From(base::Metrics& metrics);
};

struct KeyLedgerOptions {
  // How long the portal may take for one request: a repeat has to be answered while the portal recognises it.
  std::chrono::milliseconds reply_timeout{65'000};
  size_t max_asking = 20'000;        // calls that wait for the storage or for an earlier call
  size_t max_waiting_for_one = 100;  // that wait for one earlier call
};

class KeyLedger {
 public:
  struct Dependencies {
    storage::Store& store;
    base::Executor& storage_thread;  // alone uses the store; stops before this is destroyed
    base::Random& random;
    const base::Clock& clock;
    KeyLedgerMetrics metrics = {};
  };
  class Attempt;
  struct Verdict {
    std::shared_ptr<Attempt> attempt;  // set: the call is to be sent, and its end told to this
    KeyedOutcome outcome;              // else what its caller is told
  };
  using Decided = absl::AnyInvocable<void(Verdict)>;
  enum class AskId : uint64_t {};

  // `secret`: see KeyedOutcomes.
  KeyLedger(Dependencies dependencies, const base::Secret& secret, KeyLedgerOptions options);
  KeyLedger(const KeyLedger&) = delete;
  KeyLedger& operator=(const KeyLedger&) = delete;

  // Thread-safe. Calls `decided` exactly once: on the storage thread, or before it returns. It is destroyed without a
  // call if the storage thread has stopped.
  AskId Begin(const KeyedRequest& request, Decided decided) IMBOT_EXCLUDES(mutex_);
  // The caller has gone: if the call waits for an earlier one, it is answered at once (CANCELLED, UNKNOWN). Else
  // nothing happens. Thread-safe.
  void Cancel(AskId id) IMBOT_EXCLUDES(mutex_);
  // Answers all that wait for an earlier call: the gateway is stopping. Thread-safe.
  void AnswerWaiting() IMBOT_EXCLUDES(mutex_);

  // Keys of calls under way.
  size_t under_way() const IMBOT_EXCLUDES(mutex_);

 private:
  using Stored = absl::AnyInvocable<void(absl::Status)>;
  // Who asked whether to send.
  struct Asker {
    AskId id{};
    std::string digest;
    bool deduplicated = false;
    Decided decided;
  };
  struct UnderWay {
    bool sent = false;   // an attempt exists; until then the store is asked
    std::string digest;  // of the attempt
    std::deque<Asker> waiting;
  };
  // For the storage thread.
  struct Look {
    std::string key;
    Asker asker;
  };
  struct Write {
    storage::KeyRecord record;
    Stored stored;
    bool ends = false;  // nothing more will become known
  };
  struct Leave {
    std::string key;
  };
  using Work = std::variant<Look, Write, Leave>;
  struct Decision;

  // Whether the store is to be asked, or an earlier call awaited: then `asker` is moved away.
  enum class Admission { kLooks, kWaits, kReused, kNoRoom };
  std::pair<Admission, AskId> Admit(const std::string& key, Asker* asker) IMBOT_EXCLUDES(mutex_);
  void Enqueue(Work work) IMBOT_EXCLUDES(mutex_);
  int64_t NowMs() const;
  // How much longer the portal recognises a repeat of what was first sent then; nothing if it doesn't, or if the clock
  // was set back, so that nobody knows.
  std::optional<std::chrono::milliseconds> RecognisedFor(int64_t first_attempt_unix_ms) const;

  // The storage thread's.
  void Drain() IMBOT_EXCLUDES(mutex_);
  Decision Decide(const Look& look, std::vector<storage::KeyRecord>* writes);
  void Deliver(Look look, Decision decision) IMBOT_EXCLUDES(mutex_);
  void LetGo(const std::string& key) IMBOT_EXCLUDES(mutex_);
  void Purge();

  // Ends the waiting of one call.
  void GiveUp(AskId id, absl::StatusCode code, std::string_view reason, std::string_view why) IMBOT_EXCLUDES(mutex_);

  const Dependencies dependencies_;
  const KeyedOutcomes outcomes_;
  const KeyLedgerOptions options_;
  base::MonoTime next_purge_{};  // storage thread only

  mutable base::Mutex mutex_;
  std::unordered_map<std::string, UnderWay> under_way_ IMBOT_GUARDED_BY(mutex_);
  std::unordered_map<AskId, std::string> waiting_ IMBOT_GUARDED_BY(mutex_);  // for an earlier call, of this key
  size_t asking_ IMBOT_GUARDED_BY(mutex_) = 0;                               // not decided yet, waiting ones included
  uint64_t last_id_ IMBOT_GUARDED_BY(mutex_) = 0;
  std::vector<Work> work_ IMBOT_GUARDED_BY(mutex_);
  bool posted_ IMBOT_GUARDED_BY(mutex_) = false;
};

// A call that may be sent. Whoever repeats it waits until its end is known and stored, or this is destroyed: keep it
// for as long as something may become known about the call. Used by one thread at a time; the ledger outlives it.
class KeyLedger::Attempt {
 public:
  ~Attempt();
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;

  // An earlier attempt may have been executed.
  bool maybe_executed() const { return maybe_executed_; }
  // Until then the portal recognises a repeat. Unset: it never does.
  std::optional<base::MonoTime> repeat_until() const { return repeat_until_; }

  // What became of the call. `stored` is called once that is durable, or before this returns where nobody has to wait
  // for that: a repeat would find out. After an unknown outcome a better one may follow, once; after any other, none.
  void End(const KeyedOutcome& outcome, absl::AnyInvocable<void(absl::Status)> stored);

 private:
  friend class KeyLedger;
  Attempt(KeyLedger& ledger, storage::KeyRecord record, bool deduplicated, bool maybe_executed,
          std::optional<base::MonoTime> repeat_until);

  KeyLedger& ledger_;
  const storage::KeyRecord record_;  // as it is while the call is under way
  const bool deduplicated_;
  const bool maybe_executed_;
  const std::optional<base::MonoTime> repeat_until_;
  bool unknown_stored_ = false;
  bool ended_ = false;
};

}  // namespace imbot::portal

#endif  // IMBOT_SERVICE_PORTAL_KEY_LEDGER_H_
