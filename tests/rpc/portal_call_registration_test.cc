// Calls that register and unregister bots: when their secrets are stored and forgotten.
#include "tests/rpc/portal_call_fixture.h"

namespace imbot::rpc {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using storage::BotRecord;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using RegisterTest = PortalCallFixture;
using Kind = transport::Failure::Kind;

// --- Registration ---

TEST_F(RegisterTest, RegistersABotUnderASecretThatWasStoredBefore) {
  Outcome& outcome = Begin("imbot.v2.Bot.register", kRegisterV2);
  loop_.Run();
  EXPECT_EQ(sent(), 0u) << "nothing leaves before the secret is stored";
  Settle();
  ASSERT_EQ(sent(), 1u);
  const auto record = store_.Record("acme", "newbot");
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->state, BotRecord::State::kPending);
  EXPECT_EQ(record->method, "imbot.v2.Bot.register");
  const std::string secret = SentBody()["fields"]["botToken"];
  EXPECT_EQ(secret.size(), 40u);
  EXPECT_EQ(sealer_.Open(record->sealed_secret, "bot/acme/newbot")->Reveal(), secret);

  Answer(kRegisteredV2);
  EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_EQ(outcome.text(), R"(bot { id: 900 code: "newbot" })");
  EXPECT_EQ(outcome.info.bot, "acme/newbot");
  EXPECT_EQ(store_.Record("acme", "newbot")->state, BotRecord::State::kActive);

  Start("imbot.v2.Chat.Message.get", R"(bot: "acme/newbot" message_id: 1)");
  EXPECT_EQ(SentBody(), json::parse(R"({"botId": 900, "botToken": ")" + secret + R"(", "messageId": 1})"));
}

TEST_F(RegisterTest, AnswersARegistrationOnlyAfterTheBotIsStored) {
  Outcome& outcome = Start("imbot.v2.Bot.register", kRegisterV2);
  loop_.fake().Answer(0, 200, kRegisteredV2);
  EXPECT_EQ(outcome.answers, 0);
  Settle();
  EXPECT_EQ(outcome.answers, 1);
}

TEST_F(RegisterTest, RegistersABotOfTheOlderApi) {
  Outcome& outcome = Start("imbot.register", kRegisterV1);
  EXPECT_EQ(SentBody()["CLIENT_ID"].get<std::string>().size(), 40u);
  EXPECT_FALSE(SentBody().contains("BOT_ID"));
  Answer(R"({"result": 39})");
  EXPECT_EQ(outcome.text(), "bot_id: 39");
  EXPECT_EQ(store_.Record("acme", "newbot")->bot_id, 39);
}

TEST_F(RegisterTest, NeverAnswersWithTheSecret) {
  Outcome& outcome = Start("imbot.v2.Bot.register", kRegisterV2);
  const std::string secret = SentBody()["fields"]["botToken"];
  Answer(R"({"result": {"bot": {"id": 900, "appId": "custom)" + secret + R"("}}})");
  EXPECT_THAT(outcome.text(), Not(HasSubstr(secret)));
}

TEST_F(RegisterTest, RepeatsARegistrationUnderTheSameSecret) {
  Start("imbot.v2.Bot.register", kRegisterV2);
  const std::string secret = SentBody()["fields"]["botToken"];
  Fail(Kind::kReset, /*sent=*/true);
  Outcome& second = Start("imbot.v2.Bot.register", kRegisterV2);
  EXPECT_EQ(SentBody()["fields"]["botToken"], secret);
  Answer(kRegisteredV2);
  EXPECT_TRUE(second.status.ok());
  Start("imbot.v2.Bot.register", kRegisterV2);
  EXPECT_EQ(SentBody()["fields"]["botToken"], secret);
  Answer(kRegisteredV2);
}

TEST_F(RegisterTest, RegistersTheSameBotForTwoAtOnceUnderOneSecret) {
  Outcome& first = Start("imbot.v2.Bot.register", kRegisterV2);
  const std::string secret = SentBody()["fields"]["botToken"];
  Outcome& second = Start("imbot.v2.Bot.register", kRegisterV2);
  EXPECT_EQ(SentBody()["fields"]["botToken"], secret);
  loop_.fake().Fail(0, Kind::kConnect, /*sent=*/false);
  Settle();
  EXPECT_FALSE(first.status.ok());
  Answer(kRegisteredV2);
  EXPECT_TRUE(second.status.ok());
  EXPECT_EQ(store_.Record("acme", "newbot")->state, BotRecord::State::kActive);
}

TEST_F(RegisterTest, ForgetsTheSecretOfARegistrationThatIsProvedNotToHaveBeenExecuted) {
  Outcome& outcome = Start("imbot.v2.Bot.register", kRegisterV2);
  Fail(Kind::kConnect, /*sent=*/false);
  EXPECT_EQ(outcome.outcome(), "NOT_EXECUTED");
  EXPECT_THAT(store_.bots, IsEmpty());
  EXPECT_EQ(Start("imbot.v2.Chat.Message.get", R"(bot: "acme/newbot" message_id: 1)").reason(), "BOT_UNKNOWN");
}

TEST_F(RegisterTest, KeepsTheSecretOfARegistrationWhoseOutcomeIsUnknown) {
  Outcome& outcome = Start("imbot.v2.Bot.register", kRegisterV2);
  Fail(Kind::kReset, /*sent=*/true);
  EXPECT_EQ(outcome.outcome(), "UNKNOWN");
  EXPECT_EQ(store_.Record("acme", "newbot")->state, BotRecord::State::kPending);
  EXPECT_EQ(Start("imbot.v2.Chat.Message.get", R"(bot: "acme/newbot" message_id: 1)").reason(), "REGISTRATION_PENDING");
}

TEST_F(RegisterTest, KeepsTheSecretWhenTheAnswerHoldsNoId) {
  for (const auto& [method, request, answer] :
       {std::tuple{"imbot.v2.Bot.register", kRegisterV2, R"({"result": {"users": []}})"},
        std::tuple{"imbot.v2.Bot.register", kRegisterV2, R"({"result": null})"},
        std::tuple{"imbot.v2.Bot.register", kRegisterV2, R"({"result": "x"})"},
        std::tuple{"imbot.register", kRegisterV1, R"({"result": true})"},
        std::tuple{"imbot.register", kRegisterV1, R"({"result": 0})"},
        std::tuple{"imbot.register", kRegisterV1, R"({"result": -1})"}}) {
    Outcome& outcome = StartAndAnswer(method, request, answer);
    EXPECT_EQ(outcome.reason(), "RESULT_UNUSABLE") << answer;
    EXPECT_EQ(outcome.outcome(), "EXECUTED") << answer;
    EXPECT_EQ(outcome.response, nullptr);
    ASSERT_TRUE(store_.Record("acme", "newbot").has_value()) << answer;
    EXPECT_EQ(store_.Record("acme", "newbot")->state, BotRecord::State::kPending) << answer;
  }
}

TEST_F(RegisterTest, SendsNothingWhenTheSecretCannotBeStored) {
  store_.put_failures = 1;
  Outcome& outcome = Start("imbot.v2.Bot.register", kRegisterV2);
  EXPECT_EQ(outcome.reason(), "STORAGE_FAILED");
  EXPECT_EQ(outcome.outcome(), "NOT_EXECUTED");
  EXPECT_EQ(sent(), 0u);
}

TEST_F(RegisterTest, SaysThatTheBotIsRegisteredThoughItCouldNotBeStored) {
  Outcome& outcome = Start("imbot.v2.Bot.register", kRegisterV2);
  const std::string secret = SentBody()["fields"]["botToken"];
  store_.put_failures = 1;
  Answer(kRegisteredV2);
  EXPECT_EQ(outcome.reason(), "STORAGE_FAILED");
  EXPECT_EQ(outcome.outcome(), "EXECUTED");
  Start("imbot.v2.Bot.register", kRegisterV2);
  EXPECT_EQ(SentBody()["fields"]["botToken"], secret) << "the repeat that the error asks for settles it";
}

TEST_F(RegisterTest, RegistersABotOfTheConfigurationUnderItsOwnSecret) {
  StartAndAnswer("imbot.v2.Bot.register", R"(portal: "acme" fields { code: "support" properties { name: "S" } })",
                 R"({"result": {"bot": {"id": 456}}})");
  EXPECT_EQ(SentBody()["fields"]["botToken"], "acme-secret");
  EXPECT_THAT(store_.bots, IsEmpty());
}

// --- Whose caller has gone ---

TEST_F(RegisterTest, SendsNothingForARegistrationCancelledWhileItsSecretIsStored) {
  Outcome& outcome = Begin("imbot.v2.Bot.register", kRegisterV2);
  outcome.call->Cancel();
  Settle();
  EXPECT_EQ(outcome.answers, 1);
  EXPECT_EQ(outcome.reason(), "CANCELLED_BY_CALLER");
  EXPECT_EQ(outcome.outcome(), "NOT_EXECUTED");
  EXPECT_EQ(sent(), 0u);
  EXPECT_THAT(store_.bots, IsEmpty());
}

TEST_F(RegisterTest, StoresABotWhoseCallerHasGoneMeanwhile) {
  Outcome& outcome = Start("imbot.v2.Bot.register", kRegisterV2);
  outcome.call->Cancel();
  Settle();
  Answer(kRegisteredV2);
  EXPECT_EQ(outcome.answers, 1);
  EXPECT_EQ(store_.Record("acme", "newbot")->state, BotRecord::State::kActive);
}

TEST_F(RegisterTest, StoresABotThatThePortalConfirmsAfterTheDeadline) {
  Start("imbot.v2.Bot.register", kRegisterV2, {.timeout = 1s});
  loop_.Advance(10s);
  Answer(kRegisteredV2);
  EXPECT_EQ(store_.Record("acme", "newbot")->state, BotRecord::State::kActive);
}

// --- Unregistration ---

class UnregisterTest : public PortalCallFixture {
 protected:
  UnregisterTest() {
    StartAndAnswer("imbot.v2.Bot.register", kRegisterV2, kRegisteredV2);
    EXPECT_TRUE(store_.Record("acme", "newbot").has_value());
  }
  Outcome& Unregister() { return Start("imbot.v2.Bot.unregister", R"(bot: "acme/newbot")"); }
  bool known() { return vault_->Find("acme", "newbot").ok(); }
};

TEST_F(UnregisterTest, ForgetsTheBotOnceThePortalConfirms) {
  Outcome& outcome = Unregister();
  EXPECT_TRUE(known());
  Answer(R"({"result": {"result": true}})");
  EXPECT_TRUE(outcome.status.ok());
  EXPECT_EQ(outcome.text(), "result: true");
  EXPECT_FALSE(known());
  EXPECT_THAT(store_.bots, IsEmpty());
}

TEST_F(UnregisterTest, ForgetsABotThatThePortalDoesNotKnowAndSaysWhatThePortalSaid) {
  Outcome& outcome = Unregister();
  Answer(R"({"error": "BOT_NOT_FOUND", "error_description": "Bot not found"})", 400);
  EXPECT_EQ(outcome.reason(), "BOT_NOT_FOUND");
  EXPECT_FALSE(known());
  EXPECT_THAT(store_.bots, IsEmpty());
}

TEST_F(UnregisterTest, KeepsTheBotOnAnyOtherErrorOrFailure) {
  Unregister();
  Answer(R"({"error": "ACCESS_DENIED", "error_description": "Access denied"})", 403);
  EXPECT_TRUE(known());
  Unregister();
  Fail(Kind::kReset, /*sent=*/true);
  EXPECT_TRUE(known());
  Unregister();
  Answer("<html>bad gateway</html>", 502);
  EXPECT_TRUE(known());
}

TEST_F(UnregisterTest, SaysThatTheBotIsGoneThoughItCouldNotBeStored) {
  store_.delete_failures = 1;
  Outcome& outcome = Unregister();
  Answer(R"({"result": true})");
  EXPECT_EQ(outcome.reason(), "STORAGE_FAILED");
  EXPECT_EQ(outcome.outcome(), "EXECUTED");
  EXPECT_TRUE(known());
  // The repeat that the error asks for settles it.
  Unregister();
  Answer(R"({"error": "BOT_NOT_FOUND", "error_description": "Bot not found"})", 400);
  EXPECT_FALSE(known());
}

TEST_F(UnregisterTest, ForgetsTheBotThoughTheCallerHasGone) {
  Outcome& outcome = Unregister();
  outcome.call->Cancel();
  Settle();
  Answer(R"({"result": true})");
  EXPECT_FALSE(known());
}

TEST_F(UnregisterTest, ForgetsABotOfTheOlderApiByItsOwnCode) {
  StartAndAnswer("imbot.register",
                 R"(portal: "acme" code: "old" event_handler: "https://bots.example.com/x" properties { name: "O" })",
                 R"({"result": 39})");
  Start("imbot.unregister", R"(bot: "acme/old")");
  EXPECT_EQ(SentBody()["BOT_ID"], 39);
  Answer(R"({"error": "BOT_ID_ERROR", "error_description": "Bot not found"})", 400);
  EXPECT_EQ(vault_->Find("acme", "old").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(UnregisterTest, LeavesABotOfTheConfigurationInPlace) {
  Outcome& outcome = Start("imbot.v2.Bot.unregister", R"(bot: "acme/support")");
  Answer(R"({"result": true})");
  EXPECT_TRUE(outcome.status.ok());
  EXPECT_TRUE(vault_->Find("acme", "support").ok());
}

}  // namespace
}  // namespace imbot::rpc
