#include "service/storage/sqlite_store.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "service/base/strings.h"
#include "service/storage/sqlite_schema.h"

namespace imbot::storage {
namespace {

using base::StrCat;

// Marks the file as the gateway's ("imbt"), so that another program's database is not taken for ours.
constexpr int kApplicationId = 0x696d6274;
// How long a write waits for another program that holds the file, such as a backup.
constexpr int kBusyTimeoutMs = 5'000;

absl::Status ErrorOf(sqlite3* database, int code) {
  const std::string text = StrCat("SQLite: ", database == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(database));
  switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::DataLossError(text);
    default:  // busy, disk full, input or output error: worth repeating
      return absl::UnavailableError(text);
  }
}

// One prepared statement in use: binds from 1 on, steps, and is ready for the next use when this ends.
class Query {
 public:
  explicit Query(sqlite3_stmt* statement) : statement_(statement) {}
  ~Query() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  // SQLITE_STATIC: what is bound lives until the query ends. A null pointer would bind NULL.
  Query& Text(std::string_view text) {
    sqlite3_bind_text64(statement_, ++bound_, text.data() == nullptr ? "" : text.data(), text.size(), SQLITE_STATIC,
                        SQLITE_UTF8);
    return *this;
  }
  Query& Blob(std::string_view bytes) {
    sqlite3_bind_blob64(statement_, ++bound_, bytes.data() == nullptr ? "" : bytes.data(), bytes.size(), SQLITE_STATIC);
    return *this;
  }
  Query& Int(int64_t value) {
    sqlite3_bind_int64(statement_, ++bound_, value);
    return *this;
  }

  // Whether there is a row.
  absl::StatusOr<bool> Next() {
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return ErrorOf(sqlite3_db_handle(statement_), code);
  }
  absl::Status Run() { return Next().status(); }

  std::string GetBytes(int column) const {
    // Bytes after the value, as the manual asks: the call for the value may convert it.
    const void* const bytes = sqlite3_column_blob(statement_, column);
    const auto size = static_cast<size_t>(sqlite3_column_bytes(statement_, column));
    return size == 0 ? "" : std::string(static_cast<const char*>(bytes), size);
  }
  int64_t GetInt(int column) const { return sqlite3_column_int64(statement_, column); }

 private:
  sqlite3_stmt* const statement_;
  int bound_ = 0;
};

absl::Status At(const std::string& path, const absl::Status& status) {
  return absl::Status(status.code(), StrCat(path, ": ", std::string(status.message())));
}

// Makes an empty file for its owner alone: SQLite gives its side files the same mode. The folder's entry is made
// durable too.
absl::Status CreateFile(const std::string& path) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) {
    const std::string what = StrCat(path, ": ", std::strerror(errno));
    if (errno == ENOENT)
      return absl::NotFoundError(StrCat(what, "; make the folder, or correct the path of the database"));
    return absl::FailedPreconditionError(StrCat(what, "; the gateway's user must be able to write this file"));
  }
  close(fd);
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const int folder_fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = folder_fd >= 0 && fsync(folder_fd) == 0;
  const int error = errno;
  if (folder_fd >= 0) close(folder_fd);
  // Some network file systems can't sync a folder.
  return synced || error == EINVAL ? absl::OkStatus()
                                   : absl::UnavailableError(StrCat(folder, ": ", std::strerror(error)));
}

}  // namespace

// The connection and its statements.
class SqliteStore::Database {
 public:
  Database() = default;
  ~Database() {
    for (sqlite3_stmt* const statement : {load_bots, put_bot, delete_bot, put_value, get_value, find_key, put_key,
                                          expire_keys, begin, commit, rollback, ping})
      sqlite3_finalize(statement);
    sqlite3_close(connection_);
  }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  absl::Status Open(const std::string& path) {
    // No lock inside SQLite: one thread at a time.
    int code = sqlite3_open_v2(path.c_str(), &connection_,
                               SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
    if (code != SQLITE_OK) return ErrorOf(connection_, code);
    if (sqlite3_db_readonly(connection_, "main") == 1) {
      return absl::FailedPreconditionError("the file may not be written; let the gateway's user write it");
    }
    sqlite3_busy_timeout(connection_, kBusyTimeoutMs);
    sqlite3_db_config(connection_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(connection_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    if (absl::Status checked = CheckIdentity(); !checked.ok()) return checked;
    // FULL: in WAL mode every commit waits for the disk, so that what was acknowledged survives a power cut; NORMAL
    // would survive the death of the process only. A commit costs one fdatasync; calls with an idempotency key share
    // theirs.
    if (absl::Status set = Execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cell_size_check = ON");
        !set.ok())
      return set;
    if (absl::Status checked = CheckIntegrity(); !checked.ok()) return checked;
    if (absl::Status migrated = Migrate(); !migrated.ok()) return migrated;
    return PrepareAll();
  }

  absl::Status Execute(const char* sql) {
    const int code = sqlite3_exec(connection_, sql, nullptr, nullptr, nullptr);
    return code == SQLITE_OK ? absl::OkStatus() : ErrorOf(connection_, code);
  }

  sqlite3_stmt* load_bots = nullptr;
  sqlite3_stmt* put_bot = nullptr;
  sqlite3_stmt* delete_bot = nullptr;
  sqlite3_stmt* put_value = nullptr;
  sqlite3_stmt* get_value = nullptr;
  sqlite3_stmt* find_key = nullptr;
  sqlite3_stmt* put_key = nullptr;
  sqlite3_stmt* expire_keys = nullptr;
  sqlite3_stmt* begin = nullptr;
  sqlite3_stmt* commit = nullptr;
  sqlite3_stmt* rollback = nullptr;
  sqlite3_stmt* ping = nullptr;

 private:
  absl::Status Prepare(const char* sql, sqlite3_stmt** out) {
    const int code = sqlite3_prepare_v3(connection_, sql, -1, SQLITE_PREPARE_PERSISTENT, out, nullptr);
    return code == SQLITE_OK ? absl::OkStatus() : ErrorOf(connection_, code);
  }

  // The first row of a statement that is used once.
  absl::StatusOr<std::pair<std::string, int64_t>> ReadOne(const char* sql, int int_column) {
    sqlite3_stmt* statement = nullptr;
    if (absl::Status prepared = Prepare(sql, &statement); !prepared.ok()) return prepared;
    const std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)> owned(statement, &sqlite3_finalize);
    Query query(statement);
    const auto row = query.Next();
    if (!row.ok()) return row.status();
    if (!*row) return absl::DataLossError("a row is missing");
    return std::pair(query.GetBytes(0), query.GetInt(int_column));
  }
  absl::StatusOr<int64_t> ReadInt(const char* sql) {
    auto row = ReadOne(sql, 0);
    if (!row.ok()) return row.status();
    return row->second;
  }

  absl::Status CheckIdentity() {
    const auto id = ReadInt("PRAGMA application_id");
    if (!id.ok()) return id.status();
    if (*id == kApplicationId) return absl::OkStatus();
    const auto tables = ReadInt("SELECT count(*) FROM sqlite_schema");
    if (!tables.ok()) return tables.status();
    if (*id == 0 && *tables == 0) return absl::OkStatus();  // new; Migrate() marks it
    return absl::FailedPreconditionError("a database of another program; name another path");
  }

  // Damage is found at start, not in the middle of a registration.
  absl::Status CheckIntegrity() {
    const auto answer = ReadOne("PRAGMA quick_check(1)", 0);
    if (!answer.ok()) return answer.status();
    return answer->first == "ok" ? absl::OkStatus()
                                 : absl::DataLossError("the database is damaged; restore it from a backup");
  }

  absl::Status Migrate() {
    // IMMEDIATE: two gateways that start at once must not both migrate.
    if (absl::Status begun = Execute("BEGIN IMMEDIATE"); !begun.ok()) return begun;
    absl::Status migrated = MigrateInTransaction();
    if (migrated.ok()) migrated = Execute("COMMIT");
    if (!migrated.ok()) Execute("ROLLBACK").IgnoreError();  // Fails where SQLite has rolled back by itself.
    return migrated;
  }

  absl::Status MigrateInTransaction() {
    int64_t version = 0;
    const auto tables = ReadInt("SELECT count(*) FROM sqlite_schema WHERE name = 'schema_version'");
    if (!tables.ok()) return tables.status();
    if (*tables != 0) {
      const auto stored = ReadInt("SELECT version FROM schema_version");
      const auto oldest_reader = ReadInt("SELECT oldest_reader FROM schema_version");
      if (!stored.ok()) return stored.status();
      if (!oldest_reader.ok()) return oldest_reader.status();
      if (*oldest_reader > kSchemaVersion) {
        return absl::DataLossError(
            StrCat("the database has schema ", *stored, ", which needs a release that knows schema ", *oldest_reader,
                   " at least; this one knows ", kSchemaVersion, ". Start the newer release, or restore a backup"));
      }
      version = *stored;
    }
    if (version >= kSchemaVersion) return absl::OkStatus();
    for (; version < kSchemaVersion; ++version) {
      if (absl::Status run = Execute(kMigrations[static_cast<size_t>(version)].sql); !run.ok()) return run;
    }
    const std::string mark =
        StrCat("PRAGMA application_id = ", kApplicationId, "; UPDATE schema_version SET version = ", kSchemaVersion,
               ", oldest_reader = ", kMigrations.back().oldest_reader);
    return Execute(mark.c_str());
  }

  absl::Status PrepareAll() {
    const std::pair<const char*, sqlite3_stmt**> statements[] = {
        {"SELECT portal, name, state, bot_id, sealed_secret, method, created_unix_ms, updated_unix_ms FROM bots ORDER "
         "BY portal, name",
         &load_bots},
        {"INSERT INTO bots (portal, name, state, bot_id, sealed_secret, method, created_unix_ms, updated_unix_ms)"
         " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (portal, name) DO UPDATE SET state = excluded.state, bot_id = "
         "excluded.bot_id,"
         " sealed_secret = excluded.sealed_secret, method = excluded.method, created_unix_ms = "
         "excluded.created_unix_ms,"
         " updated_unix_ms = excluded.updated_unix_ms",
         &put_bot},
        {"DELETE FROM bots WHERE portal = ? AND name = ?", &delete_bot},
        {"INSERT INTO kept_values (key, value) VALUES (?, ?) ON CONFLICT (key) DO NOTHING", &put_value},
        {"SELECT value FROM kept_values WHERE key = ?", &get_value},
        {"SELECT digest, state, first_attempt_unix_ms, expires_unix_ms, sealed_outcome FROM idempotency_keys"
         " WHERE key = ?",
         &find_key},
        {"INSERT INTO idempotency_keys (key, digest, state, first_attempt_unix_ms, expires_unix_ms, sealed_outcome)"
         " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET digest = excluded.digest, state = excluded.state,"
         " first_attempt_unix_ms = excluded.first_attempt_unix_ms, expires_unix_ms = excluded.expires_unix_ms,"
         " sealed_outcome = excluded.sealed_outcome",
         &put_key},
        {"DELETE FROM idempotency_keys WHERE key IN"
         " (SELECT key FROM idempotency_keys WHERE expires_unix_ms < ? ORDER BY expires_unix_ms LIMIT ?)",
         &expire_keys},
        {"BEGIN IMMEDIATE", &begin},
        {"COMMIT", &commit},
        {"ROLLBACK", &rollback},
        {"SELECT version FROM schema_version", &ping},
    };
    for (const auto& [sql, out] : statements) {
      if (absl::Status prepared = Prepare(sql, out); !prepared.ok()) return prepared;
    }
    return absl::OkStatus();
  }

  sqlite3* connection_ = nullptr;
};

SqliteStore::SqliteStore(std::unique_ptr<Database> database) : database_(std::move(database)) {}

SqliteStore::~SqliteStore() = default;

absl::StatusOr<std::unique_ptr<SqliteStore>> SqliteStore::Open(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) {
    if (absl::Status created = CreateFile(path); !created.ok()) return created;
  } else if (!S_ISREG(info.st_mode)) {
    return absl::FailedPreconditionError(StrCat(path, ": not a file"));
  }
  auto database = std::make_unique<Database>();
  if (absl::Status opened = database->Open(path); !opened.ok()) return At(path, opened);
  return std::unique_ptr<SqliteStore>(new SqliteStore(std::move(database)));
}

absl::StatusOr<std::vector<BotRecord>> SqliteStore::LoadBots() {
  std::vector<BotRecord> records;
  Query query(database_->load_bots);
  for (;;) {
    const auto row = query.Next();
    if (!row.ok()) return row.status();
    if (!*row) return records;
    BotRecord record;
    record.portal = query.GetBytes(0);
    record.name = query.GetBytes(1);
    const int64_t state = query.GetInt(2);
    if (state != static_cast<int64_t>(BotRecord::State::kPending) &&
        state != static_cast<int64_t>(BotRecord::State::kActive)) {
      return absl::DataLossError(
          StrCat("bot ", record.portal, "/", record.name, " has state ", state, ", which this release does not know"));
    }
    record.state = static_cast<BotRecord::State>(state);
    record.bot_id = query.GetInt(3);
    record.sealed_secret = query.GetBytes(4);
    record.method = query.GetBytes(5);
    record.created_unix_ms = query.GetInt(6);
    record.updated_unix_ms = query.GetInt(7);
    records.push_back(std::move(record));
  }
}

absl::Status SqliteStore::PutBot(const BotRecord& record) {
  Query query(database_->put_bot);
  return query.Text(record.portal)
      .Text(record.name)
      .Int(static_cast<int64_t>(record.state))
      .Int(record.bot_id)
      .Blob(record.sealed_secret)
      .Text(record.method)
      .Int(record.created_unix_ms)
      .Int(record.updated_unix_ms)
      .Run();
}

absl::Status SqliteStore::DeleteBot(std::string_view portal, std::string_view name) {
  Query query(database_->delete_bot);
  return query.Text(portal).Text(name).Run();
}

absl::StatusOr<std::string> SqliteStore::GetOrPutValue(std::string_view key, std::string_view initial) {
  {
    Query put(database_->put_value);
    if (absl::Status stored = put.Text(key).Blob(initial).Run(); !stored.ok()) return stored;
  }
  Query get(database_->get_value);
  const auto row = get.Text(key).Next();
  if (!row.ok()) return row.status();
  if (!*row) return absl::DataLossError("a value vanished that had just been stored");
  return get.GetBytes(0);
}

absl::StatusOr<std::optional<KeyRecord>> SqliteStore::FindKey(std::string_view key) {
  Query query(database_->find_key);
  const auto row = query.Blob(key).Next();
  if (!row.ok()) return row.status();
  if (!*row) return std::nullopt;
  KeyRecord record;
  record.key = key;
  record.digest = query.GetBytes(0);
  const int64_t state = query.GetInt(1);
  if (state < static_cast<int64_t>(KeyRecord::State::kPending) ||
      state > static_cast<int64_t>(KeyRecord::State::kFailed)) {
    return absl::DataLossError(StrCat("an idempotency key has state ", state, ", which this release does not know"));
  }
  record.state = static_cast<KeyRecord::State>(state);
  record.first_attempt_unix_ms = query.GetInt(2);
  record.expires_unix_ms = query.GetInt(3);
  record.sealed_outcome = query.GetBytes(4);
  return record;
}

absl::Status SqliteStore::PutKeys(std::span<const KeyRecord> records) {
  if (records.empty()) return absl::OkStatus();
  const auto put_all = [&]() -> absl::Status {
    for (const KeyRecord& record : records) {
      Query query(database_->put_key);
      query.Blob(record.key)
          .Blob(record.digest)
          .Int(static_cast<int64_t>(record.state))
          .Int(record.first_attempt_unix_ms)
          .Int(record.expires_unix_ms)
          .Blob(record.sealed_outcome);
      if (absl::Status stored = query.Run(); !stored.ok()) return stored;
    }
    return Query(database_->commit).Run();
  };
  if (absl::Status begun = Query(database_->begin).Run(); !begun.ok()) return begun;
  absl::Status stored = put_all();
  if (!stored.ok()) Query(database_->rollback).Run().IgnoreError();  // Fails where SQLite has rolled back by itself.
  return stored;
}

absl::StatusOr<int64_t> SqliteStore::DeleteExpiredKeys(int64_t now_unix_ms, int64_t limit) {
  Query query(database_->expire_keys);
  if (absl::Status deleted = query.Int(now_unix_ms).Int(limit).Run(); !deleted.ok()) return deleted;
  return sqlite3_changes64(sqlite3_db_handle(database_->expire_keys));
}

absl::Status SqliteStore::Ping() {
  return Query(database_->ping).Run();
}

}  // namespace imbot::storage
