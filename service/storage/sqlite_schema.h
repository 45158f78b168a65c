// The schema of the one SQLite file, version by version. Text alone; for sqlite_store.cc.
#ifndef IMBOT_SERVICE_STORAGE_SQLITE_SCHEMA_H_
#define IMBOT_SERVICE_STORAGE_SQLITE_SCHEMA_H_

#include <array>

namespace imbot::storage {

// From one version of the schema to the next, each in one transaction. `oldest_reader`: the oldest release's version
// that can still work with the result, since during an update two releases share a store.
struct Migration {
  int oldest_reader;
  const char* sql;
};
inline constexpr std::array kMigrations = {
    Migration{1, R"(
      CREATE TABLE schema_version (
        only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
        version INTEGER NOT NULL,
        oldest_reader INTEGER NOT NULL) STRICT;
      INSERT INTO schema_version VALUES (1, 0, 0);
      CREATE TABLE bots (
        portal TEXT NOT NULL,
        name TEXT NOT NULL,
        state INTEGER NOT NULL,
        bot_id INTEGER NOT NULL,
        sealed_secret BLOB NOT NULL,
        method TEXT NOT NULL,
        created_unix_ms INTEGER NOT NULL,
        updated_unix_ms INTEGER NOT NULL,
        PRIMARY KEY (portal, name)) STRICT, WITHOUT ROWID;
      CREATE TABLE kept_values (
        key TEXT PRIMARY KEY,
        value BLOB NOT NULL) STRICT, WITHOUT ROWID;)"},
    // A release that knows only version 1 does all it did; it knows nothing of keys.
    Migration{1, R"(
      CREATE TABLE idempotency_keys (
        key BLOB PRIMARY KEY,
        digest BLOB NOT NULL,
        state INTEGER NOT NULL,
        first_attempt_unix_ms INTEGER NOT NULL,
        expires_unix_ms INTEGER NOT NULL,
        sealed_outcome BLOB NOT NULL) STRICT, WITHOUT ROWID;
      CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_unix_ms);)"},
};
inline constexpr int kSchemaVersion = static_cast<int>(kMigrations.size());

}  // namespace imbot::storage

#endif  // IMBOT_SERVICE_STORAGE_SQLITE_SCHEMA_H_
