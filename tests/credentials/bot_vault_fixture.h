// A vault over a store in memory.
#ifndef IMBOT_TESTS_CREDENTIALS_BOT_VAULT_FIXTURE_H_
#define IMBOT_TESTS_CREDENTIALS_BOT_VAULT_FIXTURE_H_

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "service/base/error.h"
#include "service/credentials/bot_vault.h"
#include "tests/base/counting_random.h"
#include "tests/credentials/fake_store.h"
#include "tests/credentials/storage_thread.h"
#include "tests/fakes/manual_clock.h"

namespace imbot::credentials {

using Begun = absl::StatusOr<std::shared_ptr<const base::Secret>>;

class BotVaultFixture : public testing::Test {
 protected:
  BotVaultFixture() { Restart(); }

  // A new process: nothing survives but the store.
  void Restart(std::vector<ConfiguredBot> configured = {}) {
    thread_ = std::make_unique<fakes::StorageThread>();
    vault_.reset();
    auto vault = BotVault::Create({store_, *thread_, sealer_, random_, clock_}, std::move(configured));
    ASSERT_TRUE(vault.ok()) << vault.status();
    vault_ = *std::move(vault);
  }
  // Killed: what was posted and not run is lost.
  void Kill() { Restart(); }

  // Begins, without turning the storage thread.
  void Begin(std::optional<Begun>* begun, const std::string& name = "support",
             const std::string& method = "imbot.v2.Bot.register") {
    vault_->BeginRegistration("acme", name, method, [begun](Begun result) { begun->emplace(std::move(result)); });
  }
  // The whole step; "" if it failed.
  std::string Secret(const std::string& name = "support") {
    std::optional<Begun> begun;
    Begin(&begun, name);
    thread_->Run();
    return begun.has_value() && begun->ok() ? std::string((**begun)->Reveal()) : "";
  }
  absl::Status Finish(int64_t id, const std::string& name = "support") {
    absl::Status status = absl::UnknownError("no answer");
    vault_->FinishRegistration("acme", name, id, [&](absl::Status stored) { status = std::move(stored); });
    thread_->Run();
    return status;
  }
  void Abandon(bool proved, const std::string& name = "support") {
    vault_->AbandonRegistration("acme", name, proved);
    thread_->Run();
  }
  absl::Status Remove(const std::string& name = "support") {
    absl::Status status = absl::UnknownError("no answer");
    vault_->Remove("acme", name, [&](absl::Status stored) { status = std::move(stored); });
    thread_->Run();
    return status;
  }
  std::string FoundReason(const std::string& name = "support") {
    return base::ReasonOf(vault_->Find("acme", name).status());
  }
  // "" unless the bot is active.
  std::string FoundSecret(const std::string& name = "support") {
    const auto bot = vault_->Find("acme", name);
    return bot.ok() ? std::string(bot->secret->Reveal()) : "";
  }
  std::vector<std::string> PendingNames() {
    std::vector<std::string> names;
    for (const auto& bot : vault_->Pending()) names.push_back(bot.portal + "/" + bot.name);
    return names;
  }
  std::optional<storage::BotRecord> Stored(const std::string& name = "support") { return store_.Record("acme", name); }

  static base::SealKey Key() { return *base::SealKey::Parse(std::string(64, 'a')); }

  fakes::ManualClock clock_;
  fakes::FakeStore store_;
  testing_support::CountingRandom random_;
  base::Sealer sealer_{Key(), {}, random_};
  std::unique_ptr<fakes::StorageThread> thread_;
  std::unique_ptr<BotVault> vault_;
};
}  // namespace imbot::credentials

#endif  // IMBOT_TESTS_CREDENTIALS_BOT_VAULT_FIXTURE_H_
