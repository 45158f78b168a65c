// What must survive a restart.
//
// Implementations: SQLite (one file, WAL; the default), later PostgreSQL. Blocking: called on the storage thread alone,
// never from an rpc thread or a portal's loop. A write that returned OK is durable. Secrets arrive sealed (credentials/
// holds the key). Errors: UNAVAILABLE (busy, disk full, repeat later), DATA_LOSS (damaged, or a schema this release
// does not know).
#ifndef IMBOT_SERVICE_STORAGE_STORE_H_
#define IMBOT_SERVICE_STORAGE_STORE_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace imbot::storage {

struct BotRecord {
  enum class State {
    kPending = 0,  // the registration was about to be sent; whether the portal executed it is not known
    kActive = 1,
  };
  std::string portal;
  std::string name;  // the part after the slash of `portal/code`; stays when the code changes
  State state = State::kPending;
  int64_t bot_id = 0;         // 0 while pending
  std::string sealed_secret;  // botToken or CLIENT_ID, sealed; any bytes
  std::string method;         // REST method that registered it: `imbot.register`
  int64_t created_unix_ms = 0;
  int64_t updated_unix_ms = 0;

  bool operator==(const BotRecord&) const = default;
};

// What became of the calls under one idempotency key. Neither the key nor anything of a request stands here in the
// clear.
struct KeyRecord {
  enum class State {
    kPending = 0,  // a call was about to be sent; whether the portal executed it is not known
    kFree = 1,     // it is proved that nothing was executed: the same request may be sent anew
    kDone = 2,     // it was executed; the outcome is the response
    kFailed = 3,   // it ended in an error that is to be told again; the outcome is the error
  };
  std::string key;     // an HMAC; the record's name
  std::string digest;  // an HMAC of the request
  State state = State::kPending;
  int64_t first_attempt_unix_ms = 0;
  int64_t expires_unix_ms = 0;  // when the record may be deleted
  std::string sealed_outcome;   // any bytes; empty where there is none, or where it was too large to keep

  bool operator==(const KeyRecord&) const = default;
};

class Store {
 public:
  virtual ~Store() = default;

  // All of them, by portal and name.
  virtual absl::StatusOr<std::vector<BotRecord>> LoadBots() = 0;
  // Inserts, or replaces the record of the same portal and name.
  [[nodiscard]] virtual absl::Status PutBot(const BotRecord& record) = 0;
  // OK if there was none.
  [[nodiscard]] virtual absl::Status DeleteBot(std::string_view portal, std::string_view name) = 0;

  // The value stored under `key`; stores `initial` first if there is none. For values made once and kept: salts, key
  // ids.
  virtual absl::StatusOr<std::string> GetOrPutValue(std::string_view key, std::string_view initial) = 0;

  // Nothing if there is none. A record that has expired may still be found.
  virtual absl::StatusOr<std::optional<KeyRecord>> FindKey(std::string_view key) = 0;
  // Inserts each, or replaces the record of the same key: all of them, or on an error none. One wait for the disk,
  // however many there are. Of two with one key the later holds.
  [[nodiscard]] virtual absl::Status PutKeys(std::span<const KeyRecord> records) = 0;
  // Deletes at most `limit` records that expired before `now_unix_ms`; how many those were.
  virtual absl::StatusOr<int64_t> DeleteExpiredKeys(int64_t now_unix_ms, int64_t limit) = 0;

  // One cheap round trip: whether the store answers.
  [[nodiscard]] virtual absl::Status Ping() = 0;
};

}  // namespace imbot::storage

#endif  // IMBOT_SERVICE_STORAGE_STORE_H_
