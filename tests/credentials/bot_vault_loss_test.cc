// What the vault loses, and what it never does: a store that fails, and a process that is killed at any point.
#include <gmock/gmock.h>

#include "tests/credentials/bot_vault_fixture.h"

namespace imbot::credentials {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using BotVaultLossTest = BotVaultFixture;

// --- The store fails ---

TEST_F(BotVaultLossTest, BeginsNothingWhenTheSecretCannotBeStored) {
  store_.put_failures = 1;
  std::optional<Begun> begun;
  Begin(&begun);
  thread_->Run();
  ASSERT_TRUE(begun.has_value());
  EXPECT_EQ(begun->status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(base::ReasonOf(begun->status()), "STORAGE_FAILED");
  EXPECT_EQ(base::OutcomeOf(begun->status()), "NOT_EXECUTED");
  EXPECT_EQ(FoundReason(), "BOT_UNKNOWN");
  EXPECT_NE(Secret(), "") << "the next one begins afresh";
}

TEST_F(BotVaultLossTest, BeginsASecondRegistrationThoughTheFirstCouldNotBeStored) {
  store_.put_failures = 1;
  std::optional<Begun> first, second;
  Begin(&first);
  Begin(&second);
  thread_->Run();
  EXPECT_FALSE(first->ok());
  ASSERT_TRUE(second->ok());
  ASSERT_TRUE(Stored().has_value());
  EXPECT_EQ(sealer_.Open(Stored()->sealed_secret, "bot/acme/support")->Reveal(), (**second)->Reveal());
}

TEST_F(BotVaultLossTest, KeepsThePendingRecordWhenAConfirmedBotCannotBeStored) {
  const std::string secret = Secret();
  store_.put_failures = 1;
  const absl::Status status = Finish(456);
  EXPECT_EQ(base::ReasonOf(status), "STORAGE_FAILED");
  EXPECT_EQ(FoundReason(), "REGISTRATION_PENDING");
  // The portal has the bot: a proved failure of a later attempt must not make the gateway forget its secret.
  EXPECT_EQ(Secret(), secret);
  Abandon(/*proved=*/true);
  Kill();
  EXPECT_EQ(Secret(), secret);
  EXPECT_TRUE(Finish(456).ok());
  EXPECT_EQ(FoundSecret(), secret);
}

TEST_F(BotVaultLossTest, KeepsTheBotWhenItsRemovalCannotBeStored) {
  const std::string secret = Secret();
  ASSERT_TRUE(Finish(456).ok());
  store_.delete_failures = 1;
  EXPECT_EQ(base::ReasonOf(Remove()), "STORAGE_FAILED");
  EXPECT_EQ(FoundSecret(), secret);
  EXPECT_TRUE(Remove().ok());
}

TEST_F(BotVaultLossTest, SurvivesADeletionThatFailsAfterAProvedFailure) {
  const std::string secret = Secret();
  store_.delete_failures = 1;
  Abandon(/*proved=*/true);
  EXPECT_EQ(FoundReason(), "BOT_UNKNOWN");
  // It comes back at the next start, as pending: harmless, for it is used again.
  Kill();
  EXPECT_THAT(PendingNames(), ElementsAre("acme/support"));
  EXPECT_EQ(Secret(), secret);
}

TEST_F(BotVaultLossTest, ReplacesARecordWhoseDeletionFailedByTheNextSecret) {
  Secret();
  store_.delete_failures = 1;
  Abandon(/*proved=*/true);
  const std::string next = Secret();
  Kill();
  EXPECT_EQ(Secret(), next);
}

TEST_F(BotVaultLossTest, NeverSaysASecretInAnError) {
  const std::string secret = Secret();
  store_.put_failures = 1;
  EXPECT_THAT(Finish(456).ToString(), Not(HasSubstr(secret)));
  EXPECT_THAT(vault_->Find("acme", "support").status().ToString(), Not(HasSubstr(secret)));
}

// --- Restarts, at each point of a registration ---

TEST_F(BotVaultLossTest, LosesNothingKilledBeforeTheSecretIsStored) {
  std::optional<Begun> begun;
  Begin(&begun);
  Kill();  // nobody has the secret yet
  EXPECT_FALSE(begun.has_value());
  EXPECT_EQ(FoundReason(), "BOT_UNKNOWN");
}

TEST_F(BotVaultLossTest, LosesNothingKilledWhileThePortalRegisters) {
  const std::string secret = Secret();
  Kill();
  EXPECT_EQ(FoundReason(), "REGISTRATION_PENDING");
  EXPECT_THAT(PendingNames(), ElementsAre("acme/support"));
  EXPECT_EQ(vault_->Pending()[0].secret->Reveal(), secret);
  EXPECT_EQ(Secret(), secret);
}

TEST_F(BotVaultLossTest, LosesNothingKilledBeforeTheConfirmationIsStored) {
  const std::string secret = Secret();
  vault_->FinishRegistration("acme", "support", 456, [](absl::Status) {});
  Kill();
  EXPECT_EQ(Secret(), secret);
  ASSERT_TRUE(Finish(456).ok());
  EXPECT_EQ(FoundSecret(), secret);
}

TEST_F(BotVaultLossTest, KnowsAnActiveBotAfterARestart) {
  const std::string secret = Secret();
  ASSERT_TRUE(Finish(456).ok());
  Kill();
  EXPECT_EQ(FoundSecret(), secret);
  EXPECT_EQ(vault_->Find("acme", "support")->id, 456);
  EXPECT_THAT(PendingNames(), IsEmpty());
}

TEST_F(BotVaultLossTest, LosesNothingKilledBeforeAProvedFailureIsForgotten) {
  const std::string secret = Secret();
  vault_->AbandonRegistration("acme", "support", true);
  Kill();
  EXPECT_EQ(Secret(), secret);
}

TEST_F(BotVaultLossTest, StillKnowsTheBotKilledBeforeItsRemovalIsStored) {
  const std::string secret = Secret();
  ASSERT_TRUE(Finish(456).ok());
  vault_->Remove("acme", "support", [](absl::Status) {});
  Kill();
  EXPECT_EQ(FoundSecret(), secret) << "its next call is answered BOT_NOT_FOUND, and unregistering it again settles it";
}

TEST_F(BotVaultLossTest, DoesNotStartWithoutTheStoreOrWithASecretThatDoesNotOpen) {
  Secret();
  BotVault::Dependencies dependencies{store_, *thread_, sealer_, random_, clock_};
  store_.load_status = absl::UnavailableError("locked");
  EXPECT_EQ(BotVault::Create(dependencies, {}).status().code(), absl::StatusCode::kUnavailable);
  store_.load_status = absl::OkStatus();
  base::Sealer other(*base::SealKey::Parse(std::string(64, 'b')), {}, random_);
  BotVault::Dependencies other_key{store_, *thread_, other, random_, clock_};
  EXPECT_EQ(BotVault::Create(other_key, {}).status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace imbot::credentials
