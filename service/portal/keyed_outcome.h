// A call under an idempotency key, and what became of it, in the form in which the store holds both: keys and requests
// as HMACs, outcomes sealed. So whoever reads the store learns neither a key nor a text.
#ifndef IMBOT_SERVICE_PORTAL_KEYED_OUTCOME_H_
#define IMBOT_SERVICE_PORTAL_KEYED_OUTCOME_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "service/base/clock.h"
#include "service/base/random.h"
#include "service/base/secret.h"
#include "service/storage/store.h"

namespace imbot::portal {

struct KeyedRequest {
  // One key of one caller for one bot names one request. `bot` is empty where the method has none.
  std::string_view caller;
  std::string_view portal;
  std::string_view bot;
  std::string_view key;
  // What is asked for. `body` has one form for each request, however its caller spelled it.
  std::string_view method;
  std::string_view body;
  bool deduplicated = false;  // the portal recognises a repeat by itself, for an hour
  base::MonoTime deadline;
};

struct KeyedOutcome {
  absl::Status status;
  std::string response;  // serialised; if the status is OK
};

// Thread-safe.
class KeyedOutcomes {
 public:
  // A larger response is not kept, only that there was one.
  static constexpr size_t kMostBytes = 256 << 10;

  // `secret`: the same after a restart and on every replica. `random` outlives this.
  KeyedOutcomes(const base::Secret& secret, base::Random& random);

  // The name of the request's record, and what tells one request from another: 32 bytes each.
  std::string KeyOf(const KeyedRequest& request) const;
  std::string DigestOf(const KeyedRequest& request) const;

  // Makes the record one of a call that ended so: state and sealed outcome.
  void Seal(const KeyedOutcome& outcome, storage::KeyRecord* record) const;
  // What a repeat is told. REQUIRES: kDone or kFailed.
  KeyedOutcome Open(const storage::KeyRecord& record) const;

 private:
  std::string Hmac(std::string_view purpose, std::string_view data) const;

  const base::Secret secret_;
  base::Random& random_;
};

}  // namespace imbot::portal

#endif  // IMBOT_SERVICE_PORTAL_KEYED_OUTCOME_H_
