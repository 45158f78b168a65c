#include "service/credentials/bot_vault.h"

#include <gmock/gmock.h>

#include "absl/strings/escaping.h"
#include "tests/credentials/bot_vault_fixture.h"

namespace imbot::credentials {
namespace {

using storage::BotRecord;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using BotVaultTest = BotVaultFixture;

// --- Beginning ---

TEST_F(BotVaultTest, StoresASecretAsPendingBeforeItIsHandedOut) {
  bool called = false;
  vault_->BeginRegistration("acme", "support", "imbot.register", [&](Begun begun) {
    called = true;
    ASSERT_TRUE(begun.ok());
    EXPECT_EQ((*begun)->Reveal().size(), 40u);
    const auto record = Stored();
    ASSERT_TRUE(record.has_value());
    EXPECT_EQ(record->state, BotRecord::State::kPending);
    EXPECT_EQ(record->bot_id, 0);
    EXPECT_EQ(record->method, "imbot.register");
    EXPECT_EQ(record->created_unix_ms, 1767225600000);
    EXPECT_EQ(sealer_.Open(record->sealed_secret, "bot/acme/support")->Reveal(), (*begun)->Reveal());
  });
  EXPECT_FALSE(called) << "writing is the storage thread's work";
  EXPECT_FALSE(Stored().has_value());
  thread_->Run();
  EXPECT_TRUE(called);
}

TEST_F(BotVaultTest, DoesNotShowABotWhoseRegistrationIsUnderWay) {
  ASSERT_NE(Secret(), "");
  EXPECT_EQ(FoundReason(), "REGISTRATION_PENDING");
  EXPECT_EQ(vault_->Find("acme", "support").status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(PendingNames(), ElementsAre("acme/support"));
}

TEST_F(BotVaultTest, KnowsNoBotThatNobodyRegistered) {
  EXPECT_EQ(FoundReason(), "BOT_UNKNOWN");
  EXPECT_EQ(vault_->Find("acme", "support").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(vault_->size(), 0u);
}

TEST_F(BotVaultTest, GivesEachBotItsOwnSecret) {
  EXPECT_NE(Secret("one"), Secret("two"));
}

TEST_F(BotVaultTest, GivesARepeatTheSameSecret) {
  const std::string secret = Secret();
  Abandon(/*proved=*/false);
  EXPECT_EQ(Secret(), secret);
  ASSERT_TRUE(Finish(456).ok());
  EXPECT_EQ(Secret(), secret) << "registering an active bot again is how its settings are seen";
  EXPECT_EQ(store_.bots.size(), 1u);
}

TEST_F(BotVaultTest, GivesTwoThatRegisterAtOnceTheSameSecretAndStoresItOnce) {
  std::optional<Begun> first, second;
  Begin(&first);
  Begin(&second);
  thread_->Run();
  ASSERT_TRUE(first->ok() && second->ok());
  EXPECT_EQ((**first)->Reveal(), (**second)->Reveal());
  EXPECT_EQ(store_.puts, 1);
}

TEST_F(BotVaultTest, LeavesAnActiveRecordActiveWhenASecondRegistrationBeganBeforeItWas) {
  std::optional<Begun> first, second;
  Begin(&first);
  thread_->Run();
  vault_->FinishRegistration("acme", "support", 456, [](absl::Status) {});
  Begin(&second);
  thread_->Run();
  EXPECT_EQ(Stored()->state, BotRecord::State::kActive);
  EXPECT_EQ(Stored()->bot_id, 456);
}

// --- Finishing ---

TEST_F(BotVaultTest, StoresAConfirmedBotAsActiveBeforeItSaysSo) {
  const std::string secret = Secret();
  clock_.Advance(std::chrono::seconds(3));
  bool stored = false;
  vault_->FinishRegistration("acme", "support", 456, [&](absl::Status status) {
    EXPECT_TRUE(status.ok());
    EXPECT_EQ(Stored()->state, BotRecord::State::kActive);
    EXPECT_EQ(Stored()->bot_id, 456);
    EXPECT_EQ(Stored()->created_unix_ms, 1767225600000);
    EXPECT_EQ(Stored()->updated_unix_ms, 1767225603000);
    stored = true;
  });
  EXPECT_FALSE(stored);
  thread_->Run();
  EXPECT_TRUE(stored);
  EXPECT_EQ(vault_->Find("acme", "support")->id, 456);
  EXPECT_EQ(FoundSecret(), secret);
  EXPECT_THAT(PendingNames(), IsEmpty());
}

TEST_F(BotVaultTest, TakesTheNewIdOfABotThatThePortalMadeAnew) {
  Secret();
  ASSERT_TRUE(Finish(456).ok());
  Secret();
  ASSERT_TRUE(Finish(500).ok());
  EXPECT_EQ(vault_->Find("acme", "support")->id, 500);
}

TEST_F(BotVaultTest, ConfirmsAPendingBotThatThePortalWasAskedAbout) {
  const std::string secret = Secret();
  Kill();
  absl::Status status = absl::UnknownError("no answer");
  vault_->ConfirmPending("acme", "support", 456, [&](absl::Status stored) { status = std::move(stored); });
  thread_->Run();
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(FoundSecret(), secret);
  EXPECT_EQ(Stored()->bot_id, 456);
}

TEST_F(BotVaultTest, ConfirmsNothingThatIsNoLongerPending) {
  Secret();
  ASSERT_TRUE(Finish(456).ok());
  vault_->ConfirmPending("acme", "support", 1, [](absl::Status) {});
  vault_->ConfirmPending("acme", "stranger", 1, [](absl::Status) {});
  thread_->Run();
  EXPECT_EQ(Stored()->bot_id, 456);
  EXPECT_FALSE(Stored("stranger").has_value());
}

// --- Abandoning ---

TEST_F(BotVaultTest, ForgetsASecretThatIsProvedNeverToHaveReachedThePortal) {
  const std::string secret = Secret();
  Abandon(/*proved=*/true);
  EXPECT_EQ(FoundReason(), "BOT_UNKNOWN");
  EXPECT_THAT(store_.bots, IsEmpty());
  EXPECT_NE(Secret(), secret);
}

TEST_F(BotVaultTest, KeepsASecretWhoseRegistrationMayHaveBeenExecuted) {
  const std::string secret = Secret();
  Abandon(/*proved=*/false);
  EXPECT_EQ(FoundReason(), "REGISTRATION_PENDING");
  ASSERT_TRUE(Stored().has_value());
  EXPECT_EQ(Secret(), secret);
}

TEST_F(BotVaultTest, KeepsASecretAfterAProvedFailureWhenAnEarlierAttemptMayHaveBeenExecuted) {
  const std::string secret = Secret();
  Abandon(/*proved=*/false);
  Secret();
  Abandon(/*proved=*/true);
  EXPECT_EQ(Secret(), secret);
  Kill();
  Secret();
  Abandon(/*proved=*/true);
  EXPECT_EQ(Secret(), secret) << "after a restart nobody knows any more how far the first attempt came";
}

TEST_F(BotVaultTest, KeepsASecretWhileAnotherRegistrationUsesIt) {
  std::optional<Begun> first, second;
  Begin(&first);
  Begin(&second);
  thread_->Run();
  Abandon(/*proved=*/true);
  ASSERT_TRUE(Stored().has_value());
  ASSERT_TRUE(Finish(456).ok());
  EXPECT_EQ(FoundSecret(), (**second)->Reveal());
}

TEST_F(BotVaultTest, KeepsASecretForARegistrationThatBeginsBeforeItIsForgotten) {
  std::optional<Begun> second;
  const std::string secret = Secret();
  vault_->AbandonRegistration("acme", "support", true);
  Begin(&second);
  thread_->Run();
  ASSERT_TRUE(second->ok());
  EXPECT_EQ((**second)->Reveal(), secret);
  EXPECT_TRUE(Stored().has_value());
}

TEST_F(BotVaultTest, LeavesAnActiveBotAloneWhenARepeatOfItsRegistrationFails) {
  const std::string secret = Secret();
  ASSERT_TRUE(Finish(456).ok());
  Secret();
  Abandon(/*proved=*/true);
  EXPECT_EQ(FoundSecret(), secret);
  EXPECT_EQ(Stored()->state, BotRecord::State::kActive);
}

TEST_F(BotVaultTest, IgnoresAbandoningWhatNobodyBegan) {
  Abandon(/*proved=*/true, "stranger");
  EXPECT_EQ(vault_->size(), 0u);
}

// --- Removing ---

TEST_F(BotVaultTest, ForgetsABotThatThePortalRemoved) {
  const std::string secret = Secret();
  ASSERT_TRUE(Finish(456).ok());
  EXPECT_TRUE(Remove().ok());
  EXPECT_EQ(FoundReason(), "BOT_UNKNOWN");
  EXPECT_THAT(store_.bots, IsEmpty());
  EXPECT_NE(Secret(), secret) << "a new bot gets a new secret";
}

TEST_F(BotVaultTest, RemovesWhatItDoesNotKnowWithoutAnError) {
  EXPECT_TRUE(Remove("stranger").ok());
}

TEST_F(BotVaultTest, KeepsTheSecretAsPendingWhenABotIsRemovedWhileItIsRegisteredAnew) {
  const std::string secret = Secret();
  ASSERT_TRUE(Finish(456).ok());
  EXPECT_EQ(Secret(), secret);  // under way
  EXPECT_TRUE(Remove().ok());
  ASSERT_TRUE(Stored().has_value());
  EXPECT_EQ(Stored()->state, BotRecord::State::kPending);
  EXPECT_EQ(Stored()->bot_id, 0);
  EXPECT_EQ(FoundReason(), "REGISTRATION_PENDING");
  ASSERT_TRUE(Finish(500).ok());
  EXPECT_EQ(FoundSecret(), secret);
  EXPECT_EQ(vault_->Find("acme", "support")->id, 500);
}

TEST_F(BotVaultTest, StoresTheSecretAnewWhenARegistrationBeginsWhileTheRecordIsBeingDeleted) {
  const std::string secret = Secret();
  ASSERT_TRUE(Finish(456).ok());
  std::optional<Begun> begun;
  store_.on_delete = [&] { Begin(&begun); };  // another thread, between the look and the deletion
  bool stored_before_it_was_handed_out = false;
  EXPECT_TRUE(Remove().ok());
  ASSERT_TRUE(begun.has_value() && begun->ok());
  stored_before_it_was_handed_out = Stored().has_value();
  EXPECT_TRUE(stored_before_it_was_handed_out);
  EXPECT_EQ((**begun)->Reveal(), secret);
  // Killed now, with the call on its way to the portal: the secret must still be there.
  Kill();
  EXPECT_THAT(PendingNames(), ElementsAre("acme/support"));
  EXPECT_EQ(Secret(), secret);
}

// --- Sealing ---

TEST_F(BotVaultTest, StoresNothingFromWhichTheSecretCanBeRead) {
  const std::string secret = Secret();
  const std::string sealed = Stored()->sealed_secret;
  EXPECT_THAT(sealed, Not(HasSubstr(secret)));
  EXPECT_THAT(sealed, Not(HasSubstr(absl::Base64Escape(secret))));
  std::string bytes;
  ASSERT_TRUE(absl::Base64Unescape(sealed, &bytes));
  EXPECT_THAT(bytes, Not(HasSubstr(secret)));
}

TEST_F(BotVaultTest, DoesNotOpenASecretThatWasCopiedToAnotherBot) {
  Secret("one");
  BotRecord copied = *Stored("one");
  copied.name = "two";
  store_.bots[{"acme", "two"}] = copied;
  EXPECT_EQ(BotVault::Create({store_, *thread_, sealer_, random_, clock_}, {}).status().code(),
            absl::StatusCode::kDataLoss);
}

// --- Bots of the configuration ---

std::vector<ConfiguredBot> OneConfigured(const std::string& secret = "from-the-configuration") {
  std::vector<ConfiguredBot> bots;
  bots.push_back({.portal = "acme", .name = "support", .id = 7, .secret = base::Secret(secret)});
  return bots;
}

TEST_F(BotVaultTest, KnowsTheBotsOfTheConfigurationAndNeverWritesThem) {
  Restart(OneConfigured());
  EXPECT_EQ(FoundSecret(), "from-the-configuration");
  EXPECT_EQ(vault_->Find("acme", "support")->id, 7);
  EXPECT_EQ(Secret(), "from-the-configuration") << "registering it again uses its own secret";
  EXPECT_TRUE(Finish(8).ok());
  Secret();
  Abandon(/*proved=*/true);
  Secret();
  Abandon(/*proved=*/false);
  EXPECT_TRUE(Remove().ok());
  EXPECT_EQ(store_.puts, 0);
  EXPECT_EQ(store_.deletes, 0);
  EXPECT_EQ(FoundSecret(), "from-the-configuration");
  EXPECT_EQ(vault_->Find("acme", "support")->id, 7) << "the configuration says which bot it is";
}

TEST_F(BotVaultTest, LetsTheConfigurationWinOverTheStoreAndKeepsWhatTheStoreHas) {
  const std::string stored = Secret();
  ASSERT_TRUE(Finish(456).ok());
  Restart(OneConfigured());
  EXPECT_EQ(FoundSecret(), "from-the-configuration");
  EXPECT_EQ(vault_->Find("acme", "support")->id, 7);
  Restart();
  EXPECT_EQ(FoundSecret(), stored);
}

TEST_F(BotVaultTest, KnowsABotOfAnOAuthApplicationThatHasNoSecret) {
  Restart(OneConfigured(""));
  const auto bot = vault_->Find("acme", "support");
  ASSERT_TRUE(bot.ok());
  EXPECT_TRUE(bot->secret->empty());
}

TEST_F(BotVaultTest, ListsBotsByPortalAndNameInPages) {
  std::vector<ConfiguredBot> configured;
  configured.push_back({"globex", "sales", 7, base::Secret("s")});
  configured.push_back({"acme", "archive", 8, base::Secret("s")});
  Restart(std::move(configured));
  Secret("support");
  ASSERT_TRUE(Finish(456, "support").ok());
  Secret("half-done");
  const auto names = [](const std::vector<BotSummary>& bots) {
    std::string text;
    for (const auto& bot : bots) {
      text += bot.portal + "/" + bot.name + ":" + std::to_string(bot.id) + (bot.pending ? "?" : "") +
              (bot.configured ? "c" : "") + " ";
    }
    return text;
  };
  EXPECT_EQ(names(vault_->List("", {}, 10)), "acme/archive:8c acme/half-done:0? acme/support:456 globex/sales:7c ");
  EXPECT_EQ(names(vault_->List("", {}, 2)), "acme/archive:8c acme/half-done:0? ");
  EXPECT_EQ(names(vault_->List("", {"acme", "half-done"}, 2)), "acme/support:456 globex/sales:7c ");
  EXPECT_EQ(names(vault_->List("globex", {}, 10)), "globex/sales:7c ");
  EXPECT_EQ(names(vault_->List("acme", {"acme", "archive"}, 1)), "acme/half-done:0? ");
  EXPECT_EQ(names(vault_->List("acme", {"acme", "support"}, 10)), "") << "not those of the next portal";
  EXPECT_EQ(names(vault_->List("globex", {"acme", "support"}, 10)), "globex/sales:7c ");
  EXPECT_EQ(names(vault_->List("acme", {"globex", "sales"}, 10)), "");
  EXPECT_EQ(names(vault_->List("initech", {}, 10)), "");
}

TEST_F(BotVaultTest, KeepsPortalsApart) {
  Secret();
  ASSERT_TRUE(Finish(456).ok());
  EXPECT_EQ(base::ReasonOf(vault_->Find("globex", "support").status()), "BOT_UNKNOWN");
}

}  // namespace
}  // namespace imbot::credentials
