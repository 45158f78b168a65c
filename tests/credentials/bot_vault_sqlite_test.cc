// The vault over the real store, each step followed by a restart: what the fake promises, the file keeps.
#include <gtest/gtest.h>

#include "service/credentials/bot_vault.h"
#include "service/storage/sqlite_store.h"
#include "tests/base/counting_random.h"
#include "tests/base/temp_dir.h"
#include "tests/fakes/manual_loop.h"

namespace imbot::credentials {
namespace {

class VaultOnDisk {
 public:
  explicit VaultOnDisk(const std::string& path) : store_(*storage::SqliteStore::Open(path)) {
    vault_ = *BotVault::Create({*store_, thread_, sealer_, random_, clock_}, {});
  }
  std::string Begin(const std::string& name) {
    std::string secret;
    vault_->BeginRegistration("acme", name, "imbot.register", [&](auto begun) {
      if (begun.ok()) secret = std::string((*begun)->Reveal());
    });
    thread_.Run();
    return secret;
  }
  void Finish(const std::string& name, int64_t id) {
    vault_->FinishRegistration("acme", name, id, [](absl::Status status) { EXPECT_TRUE(status.ok()) << status; });
    thread_.Run();
  }
  void Remove(const std::string& name) {
    vault_->Remove("acme", name, [](absl::Status status) { EXPECT_TRUE(status.ok()) << status; });
    thread_.Run();
  }
  void Abandon(const std::string& name, bool proved) {
    vault_->AbandonRegistration("acme", name, proved);
    thread_.Run();
  }
  BotVault& vault() { return *vault_; }

 private:
  fakes::ManualClock clock_;
  fakes::ManualLoop thread_{clock_};
  base::Sealer sealer_{*base::SealKey::Parse(std::string(64, 'a')), {}, base::Random::System()};
  base::Random& random_ = base::Random::System();
  std::unique_ptr<storage::SqliteStore> store_;
  std::unique_ptr<BotVault> vault_;
};

TEST(BotVaultOnDisk, KeepsEveryBotAndSecretOverARestartAfterEachStep) {
  const testing_support::TempDir folder;
  const std::string path = folder.path() + "/bots.sqlite";
  std::string secret;
  {
    VaultOnDisk run(path);
    secret = run.Begin("support");
    ASSERT_EQ(secret.size(), 40u);
    ASSERT_NE(run.Begin("gone"), "");
    run.Abandon("gone", /*proved=*/true);
  }
  {
    VaultOnDisk run(path);
    ASSERT_EQ(run.vault().Pending().size(), 1u);
    EXPECT_EQ(run.vault().Pending()[0].secret->Reveal(), secret);
    EXPECT_EQ(run.Begin("support"), secret);
    run.Finish("support", 456);
  }
  {
    VaultOnDisk run(path);
    EXPECT_TRUE(run.vault().Pending().empty());
    const auto bot = run.vault().Find("acme", "support");
    ASSERT_TRUE(bot.ok()) << bot.status();
    EXPECT_EQ(bot->id, 456);
    EXPECT_EQ(bot->secret->Reveal(), secret);
    run.Remove("support");
  }
  VaultOnDisk run(path);
  EXPECT_EQ(run.vault().size(), 0u);
}

}  // namespace
}  // namespace imbot::credentials
