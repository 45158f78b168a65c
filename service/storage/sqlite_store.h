// The Store in one SQLite file: the default, nothing to install.
//
// Owned by gateway.cc; used by one thread at a time, see Store. The file is created for its owner alone (0600); `-wal`
// and `-shm` appear beside it and belong to it: copy all three or none, and keep them on a local disk, since WAL needs
// shared memory.
#ifndef IMBOT_SERVICE_STORAGE_SQLITE_STORE_H_
#define IMBOT_SERVICE_STORAGE_SQLITE_STORE_H_

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "service/storage/store.h"

namespace imbot::storage {

class SqliteStore final : public Store {
 public:
  // Opens or creates the file, checks it and brings its schema up to this release. The folder must exist.
  // Errors: NOT_FOUND (no such folder), FAILED_PRECONDITION (a file that is not the gateway's, or may not be written),
  // DATA_LOSS (damaged, or a newer schema), UNAVAILABLE (locked by another program). These name the path.
  static absl::StatusOr<std::unique_ptr<SqliteStore>> Open(const std::string& path);
  // Closes; the `-wal` file is folded in.
  ~SqliteStore() override;

  absl::StatusOr<std::vector<BotRecord>> LoadBots() override;
  absl::Status PutBot(const BotRecord& record) override;
  absl::Status DeleteBot(std::string_view portal, std::string_view name) override;
  absl::StatusOr<std::string> GetOrPutValue(std::string_view key, std::string_view initial) override;
  absl::StatusOr<std::optional<KeyRecord>> FindKey(std::string_view key) override;
  absl::Status PutKeys(std::span<const KeyRecord> records) override;
  absl::StatusOr<int64_t> DeleteExpiredKeys(int64_t now_unix_ms, int64_t limit) override;
  absl::Status Ping() override;

 private:
  class Database;  // sqlite3

  explicit SqliteStore(std::unique_ptr<Database> database);

  const std::unique_ptr<Database> database_;
};

}  // namespace imbot::storage

#endif  // IMBOT_SERVICE_STORAGE_SQLITE_STORE_H_
