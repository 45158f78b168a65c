// What every Store must do, whatever database stands behind it. A new implementation adds a line to the suite's
// parameters.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "service/base/strings.h"
#include "service/storage/sqlite_store.h"
#include "tests/base/temp_dir.h"

namespace imbot::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Implementation {
  std::string name;
  // Opens the store that lives in `folder`, the same one each time.
  std::function<std::unique_ptr<Store>(const std::string& folder)> open;
};

std::unique_ptr<Store> OpenSqlite(const std::string& folder) {
  auto store = SqliteStore::Open(folder + "/store.db");
  EXPECT_TRUE(store.ok()) << store.status();
  return store.ok() ? *std::move(store) : nullptr;
}

BotRecord Record(std::string portal, std::string name) {
  return {std::move(portal), std::move(name),         BotRecord::State::kActive, 456,
          "c2VhbGVk",        "imbot.v2.Bot.register", 1'767'323'045'678,         1'767'323'046'000};
}

KeyRecord Key(std::string key) {
  return {std::move(key), "digest", KeyRecord::State::kPending, 1'767'323'045'678, 1'767'409'445'678, ""};
}

class StoreContract : public ::testing::TestWithParam<Implementation> {
 protected:
  std::unique_ptr<Store> Open() { return GetParam().open(dir_.path()); }
  void Reopen() {
    store_.reset();
    store_ = Open();
  }
  std::vector<BotRecord> Bots() {
    auto bots = store_->LoadBots();
    EXPECT_TRUE(bots.ok()) << bots.status();
    return bots.ok() ? *std::move(bots) : std::vector<BotRecord>();
  }
  std::optional<KeyRecord> FindKey(std::string_view key) {
    auto found = store_->FindKey(key);
    EXPECT_TRUE(found.ok()) << found.status();
    return found.ok() ? *std::move(found) : std::nullopt;
  }
  absl::Status PutKeys(const std::vector<KeyRecord>& records) { return store_->PutKeys(records); }
  std::string Value(std::string_view key, std::string_view initial) {
    auto value = store_->GetOrPutValue(key, initial);
    EXPECT_TRUE(value.ok()) << value.status();
    return value.ok() ? *std::move(value) : "";
  }

  testing_support::TempDir dir_;
  std::unique_ptr<Store> store_ = Open();
};

TEST_P(StoreContract, StartsEmpty) {
  EXPECT_THAT(Bots(), IsEmpty());
}

TEST_P(StoreContract, KeepsEveryFieldOfABotOverAReopening) {
  const BotRecord record = Record("acme", "support");
  ASSERT_TRUE(store_->PutBot(record).ok());
  EXPECT_THAT(Bots(), ElementsAre(record));
  Reopen();
  EXPECT_THAT(Bots(), ElementsAre(record));
}

TEST_P(StoreContract, KeepsOddTextsAndBytesAsTheyAre) {
  BotRecord record = Record("\xd0\xbf\xd0\xbe\xd1\x80\xd1\x82\xd0\xb0\xd0\xbb", "it's; DROP TABLE bots --");
  record.sealed_secret = std::string("\0\x01\xff'\"%", 6);
  record.method = "";
  record.bot_id = 9'007'199'254'740'993;  // not a double
  record.created_unix_ms = -1;
  record.updated_unix_ms = 0;
  ASSERT_TRUE(store_->PutBot(record).ok());
  Reopen();
  EXPECT_THAT(Bots(), ElementsAre(record));
}

TEST_P(StoreContract, KeepsAPendingBot) {
  BotRecord record = Record("acme", "support");
  record.state = BotRecord::State::kPending;
  record.bot_id = 0;
  ASSERT_TRUE(store_->PutBot(record).ok());
  Reopen();
  EXPECT_THAT(Bots(), ElementsAre(record));
}

TEST_P(StoreContract, ReplacesTheRecordOfTheSamePortalAndName) {
  BotRecord record = Record("acme", "support");
  record.state = BotRecord::State::kPending;
  ASSERT_TRUE(store_->PutBot(record).ok());
  record.state = BotRecord::State::kActive;
  record.bot_id = 7;
  record.sealed_secret = "other";
  record.method = "imbot.register";
  record.created_unix_ms = 1;
  record.updated_unix_ms = 2;
  ASSERT_TRUE(store_->PutBot(record).ok());
  EXPECT_THAT(Bots(), ElementsAre(record));
}

TEST_P(StoreContract, TellsBotsApartByPortalAndNameInTheirExactSpelling) {
  // Joined, the first two would be the same text.
  const BotRecord a = Record("a", "bc"), b = Record("ab", "c"), c = Record("ab", "C");
  for (const BotRecord& record : {b, a, c}) ASSERT_TRUE(store_->PutBot(record).ok());
  EXPECT_THAT(Bots(), ElementsAre(a, c, b));  // by portal and name
}

TEST_P(StoreContract, DeletesOneBotAndForgivesAMissingOne) {
  const BotRecord keep = Record("acme", "sales");
  ASSERT_TRUE(store_->PutBot(keep).ok());
  ASSERT_TRUE(store_->PutBot(Record("acme", "support")).ok());
  EXPECT_TRUE(store_->DeleteBot("acme", "support").ok());
  EXPECT_TRUE(store_->DeleteBot("acme", "support").ok());
  EXPECT_TRUE(store_->DeleteBot("nobody", "nothing").ok());
  EXPECT_THAT(Bots(), ElementsAre(keep));
  Reopen();
  EXPECT_THAT(Bots(), ElementsAre(keep));
}

TEST_P(StoreContract, MakesAValueOnceAndKeepsIt) {
  const std::string bytes("s\0lt\xff", 5);
  EXPECT_EQ(Value("salt", bytes), bytes);
  EXPECT_EQ(Value("salt", "another"), bytes);
  Reopen();
  EXPECT_EQ(Value("salt", "another"), bytes);
  EXPECT_EQ(Value("other", ""), "");
  EXPECT_EQ(Value("other", "too late"), "");
}

TEST_P(StoreContract, TwoThatOpenTheSameStoreAgreeOnAValue) {
  const auto second = Open();
  EXPECT_EQ(Value("salt", "first"), "first");
  EXPECT_EQ(*second->GetOrPutValue("salt", "second"), "first");
}

TEST_P(StoreContract, AnswersAPing) {
  EXPECT_TRUE(store_->Ping().ok());
}

TEST_P(StoreContract, LoadsManyBots) {
  for (int i = 0; i < 200; ++i)
    ASSERT_TRUE(store_->PutBot(Record(base::StrCat("portal", i % 10), base::StrCat("bot", i))).ok());
  EXPECT_EQ(Bots().size(), 200u);
}

TEST_P(StoreContract, KeepsEveryFieldOfAKeyOverAReopening) {
  KeyRecord record = Key(std::string("\0k\xff", 3));
  record.digest = std::string("\xff\0d", 3);
  record.sealed_outcome = std::string("\0o'\xfe", 4);
  for (const KeyRecord::State state :
       {KeyRecord::State::kPending, KeyRecord::State::kFree, KeyRecord::State::kDone, KeyRecord::State::kFailed}) {
    record.state = state;
    ++record.first_attempt_unix_ms;
    --record.expires_unix_ms;
    ASSERT_TRUE(PutKeys({record}).ok());
    EXPECT_EQ(FindKey(record.key), record);
    Reopen();
    EXPECT_EQ(FindKey(record.key), record);
  }
  EXPECT_EQ(FindKey("another"), std::nullopt);
}

TEST_P(StoreContract, KeepsALargeOutcome) {
  KeyRecord record = Key("large");
  record.sealed_outcome = std::string(400'000, 'x');
  ASSERT_TRUE(PutKeys({record}).ok());
  Reopen();
  EXPECT_EQ(FindKey("large"), record);
}

TEST_P(StoreContract, PutsManyKeysAndLetsTheLaterOfTwoHold) {
  std::vector<KeyRecord> records;
  for (int i = 0; i < 300; ++i) records.push_back(Key(base::StrCat("key", i)));
  records.push_back(Key("key7"));
  records.back().state = KeyRecord::State::kFree;
  ASSERT_TRUE(PutKeys(records).ok());
  EXPECT_TRUE(PutKeys({}).ok());
  Reopen();
  EXPECT_EQ(FindKey("key7"), records.back());
  EXPECT_EQ(FindKey("key299"), records[299]);
}

TEST_P(StoreContract, DeletesKeysThatHaveExpiredOldestFirstAndNoMoreThanAsked) {
  std::vector<KeyRecord> records;
  for (int i = 0; i < 10; ++i) {
    records.push_back(Key(base::StrCat("key", i)));
    records.back().expires_unix_ms = 1000 + i;
  }
  ASSERT_TRUE(PutKeys(records).ok());
  EXPECT_EQ(*store_->DeleteExpiredKeys(1000, 100), 0);
  EXPECT_EQ(*store_->DeleteExpiredKeys(1006, 4), 4);
  EXPECT_EQ(FindKey("key3"), std::nullopt);
  EXPECT_NE(FindKey("key4"), std::nullopt);
  EXPECT_EQ(*store_->DeleteExpiredKeys(1006, 4), 2);
  EXPECT_EQ(*store_->DeleteExpiredKeys(1006, 4), 0);
  Reopen();
  EXPECT_EQ(FindKey("key5"), std::nullopt);
  EXPECT_NE(FindKey("key6"), std::nullopt);
}

// A child writes bots and says so after each acknowledged write; it is killed in the middle of its work.
TEST_P(StoreContract, LosesNothingAcknowledgedWhenTheProcessIsKilled) {
  store_.reset();
  for (int round = 0; round < 5; ++round) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      close(ends[0]);
      const auto store = GetParam().open(dir_.path());
      for (int i = 0; store != nullptr; ++i) {
        const bool good = store->PutBot(Record(base::StrCat("round", round), base::StrCat("bot", i))).ok();
        if (!good || write(ends[1], &i, sizeof(i)) != sizeof(i)) break;
      }
      _exit(1);  // Only reached if something failed: the parent then reads fewer than it waits for.
    }
    close(ends[1]);
    int acknowledged = -1;
    // Another number each round, so that the kill meets another moment.
    while (acknowledged < 10 + 7 * round &&
           read(ends[0], &acknowledged, sizeof(acknowledged)) == sizeof(acknowledged)) {
    }
    kill(child, SIGKILL);
    // What was acknowledged between the last read and the kill counts too.
    for (int i; read(ends[0], &i, sizeof(i)) == sizeof(i);) acknowledged = i;
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child could not write";
    ASSERT_GE(acknowledged, 10 + 7 * round);

    store_ = Open();
    ASSERT_NE(store_, nullptr);
    std::set<std::string> found;
    for (const BotRecord& record : Bots()) {
      if (record.portal == base::StrCat("round", round)) found.insert(record.name);
    }
    for (int i = 0; i <= acknowledged; ++i)
      EXPECT_EQ(found.count(base::StrCat("bot", i)), 1u) << "round " << round << ", bot " << i;
    // One write may have been under way, not more.
    EXPECT_LE(found.size(), static_cast<size_t>(acknowledged) + 2);
    store_.reset();
  }
}

INSTANTIATE_TEST_SUITE_P(Sqlite, StoreContract, ::testing::Values(Implementation{"Sqlite", &OpenSqlite}),
                         [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace imbot::storage
