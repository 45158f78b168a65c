#include "service/storage/sqlite_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <optional>
#include <vector>

#include "service/base/strings.h"
#include "tests/base/temp_dir.h"

// Stand before the C library's, since SQLite calls them by name: they count, then do the same.
static std::atomic<int> disk_waits = 0;
extern "C" int fsync(int fd) {
  ++disk_waits;
  return static_cast<int>(syscall(SYS_fsync, fd));
}
extern "C" int fdatasync(int fd) {
  ++disk_waits;
  return static_cast<int>(syscall(SYS_fdatasync, fd));
}

namespace imbot::storage {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using testing_support::TempDir;

BotRecord Record(std::string name) {
  return {"acme", std::move(name), BotRecord::State::kActive, 456, "c2VhbGVk", "imbot.register", 1, 2};
}

// Runs SQL on a file from outside, as another program would. Returns the first column of the last row.
std::string Sql(const std::string& path, const char* sql) {
  sqlite3* database = nullptr;
  EXPECT_EQ(sqlite3_open(path.c_str(), &database), SQLITE_OK);
  std::string last;
  char* error = nullptr;
  sqlite3_exec(
      database, sql,
      [](void* out, int, char** values, char**) {
        *static_cast<std::string*>(out) = values[0] == nullptr ? "NULL" : values[0];
        return 0;
      },
      &last, &error);
  EXPECT_EQ(error, nullptr) << error;
  sqlite3_free(error);
  sqlite3_close(database);
  return last;
}

unsigned Mode(const std::string& path) {
  struct stat info {};
  EXPECT_EQ(stat(path.c_str(), &info), 0) << path;
  return info.st_mode & 0777;
}

class SqliteStoreTest : public ::testing::Test {
 protected:
  std::unique_ptr<SqliteStore> Open() {
    auto store = SqliteStore::Open(path_);
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : nullptr;
  }
  void Fill(int bots) {
    const auto store = Open();
    for (int i = 0; i < bots; ++i) ASSERT_TRUE(store->PutBot(Record(base::StrCat("bot", i))).ok());
  }

  const TempDir dir_;
  const std::string path_ = dir_.File("store.db");
};

TEST_F(SqliteStoreTest, KeepsTheFileAndItsSideFilesForTheirOwnerAlone) {
  const mode_t before = umask(0);
  const auto store = Open();
  ASSERT_TRUE(store->PutBot(Record("support")).ok());
  umask(before);
  EXPECT_EQ(Mode(path_), 0600u);
  EXPECT_EQ(Mode(path_ + "-wal"), 0600u);
  EXPECT_EQ(Mode(path_ + "-shm"), 0600u);
}

TEST_F(SqliteStoreTest, WritesAheadAndWaitsForTheDiskAtEachWrite) {
  const auto store = Open();
  EXPECT_EQ(Sql(path_, "PRAGMA journal_mode"), "wal");
  for (int i = 0; i < 3; ++i) {
    const int before = disk_waits;
    ASSERT_TRUE(store->PutBot(Record(base::StrCat("bot", i))).ok());
    EXPECT_GT(disk_waits, before);
  }
}

TEST_F(SqliteStoreTest, SaysThatTheFolderIsMissing) {
  const auto store = SqliteStore::Open(dir_.File("missing/store.db"));
  EXPECT_EQ(store.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(store.status().message()), HasSubstr(dir_.File("missing/store.db")));
}

TEST_F(SqliteStoreTest, RefusesAFolder) {
  EXPECT_EQ(SqliteStore::Open(dir_.path()).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(SqliteStoreTest, OpensAFileThatIsEmpty) {
  dir_.Write("store.db", "");
  EXPECT_TRUE(Open()->PutBot(Record("support")).ok());
}

TEST_F(SqliteStoreTest, RefusesAFileThatIsNoDatabaseAndLeavesItAlone) {
  const std::string text(5000, 'x');
  dir_.Write("store.db", text);
  const auto store = SqliteStore::Open(path_);
  EXPECT_EQ(store.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(store.status().message()), HasSubstr(path_));
  std::ifstream file(path_);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), text);
}

TEST_F(SqliteStoreTest, RefusesADatabaseOfAnotherProgram) {
  Sql(path_, "CREATE TABLE recipes (name TEXT)");
  const auto store = SqliteStore::Open(path_);
  EXPECT_EQ(store.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Sql(path_, "SELECT count(*) FROM sqlite_schema"), "1");
}

TEST_F(SqliteStoreTest, FindsDamageInTheMiddleAtStart) {
  Fill(500);
  {
    // The header stays, a page after it becomes noise.
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(5 * 4096);
    file << std::string(4096, '\xa5');
  }
  EXPECT_EQ(SqliteStore::Open(path_).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(SqliteStoreTest, FindsThatTheFileWasCut) {
  Fill(500);
  ASSERT_EQ(truncate(path_.c_str(), 4 * 4096), 0);
  EXPECT_EQ(SqliteStore::Open(path_).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(SqliteStoreTest, RefusesASchemaThatNeedsANewerReleaseAndSaysWhich) {
  Fill(1);
  Sql(path_, "UPDATE schema_version SET version = 9, oldest_reader = 7");
  const auto store = SqliteStore::Open(path_);
  EXPECT_EQ(store.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(store.status().message()),
              HasSubstr("schema 9, which needs a release that knows schema 7 at least"));
  EXPECT_EQ(Sql(path_, "SELECT version FROM schema_version"), "9");
}

TEST_F(SqliteStoreTest, WorksWithANewerSchemaThatStaysReadable) {
  Fill(1);
  Sql(path_, "UPDATE schema_version SET version = 3, oldest_reader = 1; ALTER TABLE bots ADD COLUMN later TEXT");
  {
    const auto store = Open();
    EXPECT_TRUE(store->PutBot(Record("another")).ok());
    EXPECT_THAT(*store->LoadBots(), SizeIs(2));
  }
  EXPECT_EQ(Sql(path_, "SELECT version FROM schema_version"), "3");
}

TEST_F(SqliteStoreTest, TakesOverAStoreOfTheReleaseBeforeWhichCanGoOnUsingIt) {
  Fill(2);
  Sql(path_, "DROP TABLE idempotency_keys; UPDATE schema_version SET version = 1, oldest_reader = 1");
  const auto store = Open();
  EXPECT_THAT(*store->LoadBots(), SizeIs(2));
  EXPECT_EQ(*store->FindKey("k"), std::nullopt);
  const KeyRecord record{"k", "d", KeyRecord::State::kDone, 1, 2, "o"};
  EXPECT_TRUE(store->PutKeys({&record, 1}).ok());
  EXPECT_EQ(*store->FindKey("k"), record);
  EXPECT_EQ(Sql(path_, "SELECT version || ' ' || oldest_reader FROM schema_version"), "2 1");
}

TEST_F(SqliteStoreTest, WaitsForTheDiskOnceForAGroupOfKeys) {
  const auto store = Open();
  std::vector<KeyRecord> records;
  for (int i = 0; i < 100; ++i) records.push_back({base::StrCat("key", i), "d", KeyRecord::State::kPending, 1, 2, ""});
  const int before = disk_waits;
  ASSERT_TRUE(store->PutKeys(records).ok());
  EXPECT_EQ(disk_waits, before + 1);
}

TEST_F(SqliteStoreTest, StoresAGroupOfKeysWhollyOrNotAtAll) {
  const auto store = Open();
  std::vector<KeyRecord> records;
  for (int i = 0; i < 3; ++i) records.push_back({base::StrCat("key", i), "d", KeyRecord::State::kPending, 1, 2, ""});
  // The file refuses the second one.
  Sql(path_,
      "CREATE TRIGGER refuse BEFORE INSERT ON idempotency_keys WHEN CAST(new.key AS TEXT) = 'key1' BEGIN SELECT "
      "RAISE(ABORT, 'refused'); END");
  EXPECT_EQ(store->PutKeys(records).code(), absl::StatusCode::kUnavailable);
  for (const KeyRecord& record : records) EXPECT_EQ(*store->FindKey(record.key), std::nullopt) << record.key;
  EXPECT_TRUE(store->PutKeys({&records[0], 1}).ok()) << "the next group is not hindered";
}

TEST_F(SqliteStoreTest, RefusesAStateOfAKeyThatItDoesNotKnow) {
  const auto store = Open();
  const KeyRecord record{"k", "d", KeyRecord::State::kDone, 1, 2, ""};
  ASSERT_TRUE(store->PutKeys({&record, 1}).ok());
  Sql(path_, "UPDATE idempotency_keys SET state = 4");
  EXPECT_EQ(store->FindKey("k").status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(SqliteStoreTest, RefusesAStateThatItDoesNotKnow) {
  Fill(1);
  Sql(path_, "UPDATE bots SET state = 5");
  EXPECT_EQ(Open()->LoadBots().status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(SqliteStoreTest, ReportsAFullDiskAndKeepsWhatIsThere) {
  const auto store = Open();
  ASSERT_TRUE(store->PutBot(Record("before")).ok());
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  // Writes beyond this size fail as on a full disk; SIGXFSZ would end the process.
  signal(SIGXFSZ, SIG_IGN);
  const rlimit small{16 * 4096, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  BotRecord large = Record("large");
  large.sealed_secret = std::string(200'000, 'S');
  const absl::Status full = store->PutBot(large);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_EQ(full.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(full.message()), Not(HasSubstr("SSSS")));
  EXPECT_THAT(std::string(full.message()), Not(HasSubstr(path_)));
  EXPECT_THAT(*store->LoadBots(), SizeIs(1));
  EXPECT_TRUE(store->PutBot(Record("after")).ok());
  EXPECT_THAT(*store->LoadBots(), SizeIs(2));
}

TEST_F(SqliteStoreTest, FoldsTheWalInWhenItCloses) {
  Fill(3);
  struct stat info {};
  EXPECT_NE(stat((path_ + "-wal").c_str(), &info), 0);
}

}  // namespace
}  // namespace imbot::storage
