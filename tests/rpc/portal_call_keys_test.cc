// Calls that may be repeated: the identifier by which the portal recognises a message, and idempotency keys.
#include "re2/re2.h"
#include "tests/rpc/portal_call_fixture.h"

namespace imbot::rpc {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Kind = transport::Failure::Kind;

constexpr char kUuidV4[] = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}";
bool IsUuidV4(const std::string& text) {
  return RE2::FullMatch(text, kUuidV4);
}

class PortalCallKeys : public PortalCallFixture {
 protected:
  // Of a send, whatever was sent before.
  std::string TemplateId(const std::string& bot, const Options& options = {}, const std::string& template_id = "") {
    store_.keys.clear();
    StartAndAnswer("imbot.v2.Chat.Message.send",
                   "bot: \"" + bot + "\" dialog_id: \"chat5\" fields { message: \"m\" " +
                       (template_id.empty() ? "" : "template_id: \"" + template_id + "\"") + " }",
                   R"({"result": {"id": 1}})", options);
    return SentBody()["fields"]["templateId"];
  }
};

// --- The identifier by which the portal recognises a repeat ---

TEST_F(PortalCallKeys, GivesEverySendALowerCaseUuidOfVersionFour) {
  const std::string first = TemplateId("acme/support"), second = TemplateId("acme/support");
  EXPECT_TRUE(IsUuidV4(first)) << first;
  EXPECT_TRUE(IsUuidV4(second)) << second;
  EXPECT_NE(first, second);
  EXPECT_TRUE(IsUuidV4(TemplateId("acme/support", {.idempotency_key = "k"})));
}

TEST_F(PortalCallKeys, MakesTheSameIdFromTheSameKeyOfOneCallerForOneBot) {
  const Options key{.idempotency_key = "order-7"};
  const std::string id = TemplateId("acme/support", key);
  EXPECT_EQ(TemplateId("acme/support", key), id);
  EXPECT_NE(TemplateId("acme/support", {.idempotency_key = "order-8"}), id);
  EXPECT_NE(TemplateId("acme/sales", key), id);
  EXPECT_NE(TemplateId("globex/support", key), id);
  EXPECT_NE(TemplateId("acme/support", {.caller = "service-b", .idempotency_key = "order-7"}), id)
      << "two services must not swallow each other's messages";
  // The same after a restart; another gateway's is another.
  Restart();
  EXPECT_EQ(TemplateId("acme/support", key), id);
  Configure({.default_portal = "acme", .handler_hosts = {}});
  EXPECT_EQ(TemplateId("support", key), id) << "the short form names the same bot";
  Configure({}, "another secret");
  EXPECT_NE(TemplateId("acme/support", key), id);
}

TEST_F(PortalCallKeys, KeepsThePartsOfTheKeyApart) {
  EXPECT_NE(TemplateId("acme/support", {.caller = "a", .idempotency_key = "bc"}),
            TemplateId("acme/support", {.caller = "ab", .idempotency_key = "c"}));
}

TEST_F(PortalCallKeys, LeavesTheCallersOwnIdentifierAlone) {
  const std::string own = "0b7c2d5e-6f3a-4c1d-9e8f-7a6b5c4d3e2f";
  EXPECT_EQ(TemplateId("acme/support", {}, own), own);
  EXPECT_EQ(TemplateId("acme/support", {.idempotency_key = "k"}, own), own);
}

TEST_F(PortalCallKeys, AddsNoIdentifierWhereThePortalKnowsNone) {
  StartAndAnswer("imbot.message.add", R"(bot: "acme/support" dialog_id: "5" message: "m")", R"({"result": 1})",
                 {.idempotency_key = "k"});
  EXPECT_EQ(SentBody(),
            json::parse(R"({"BOT_ID": 456, "CLIENT_ID": "acme-secret", "DIALOG_ID": "5", "MESSAGE": "m"})"));
}

// --- Idempotency keys ---

constexpr char kAddChat[] = R"(bot: "acme/support" fields { title: "Orders" })";
constexpr char kChatAdded[] = R"({"result": {"chat": {"id": 2725}}})";
const Options kKey{.idempotency_key = "order-7"};

TEST_F(PortalCallKeys, SendsACallWithAKeyOnceTheKeyIsStored) {
  Outcome& outcome = Begin("imbot.v2.Chat.add", kAddChat, kKey);
  loop_.Run();
  EXPECT_EQ(sent(), 0u);
  Settle();
  EXPECT_EQ(sent(), 1u);
  EXPECT_EQ(store_.keys.size(), 1u);
  loop_.fake().Answer(0, 200, kChatAdded);
  EXPECT_EQ(outcome.answers, 0) << "not before the outcome is stored";
  Settle();
  EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_THAT(outcome.text(), HasSubstr("2725"));
  EXPECT_EQ(outcome.info.attempts, 1);
}

TEST_F(PortalCallKeys, TellsARepeatWhatTheFirstWasToldWithoutARequest) {
  Outcome& first = StartAndAnswer("imbot.v2.Chat.add", kAddChat, kChatAdded, kKey);
  Configure({.default_portal = "acme", .handler_hosts = {}});
  Outcome& repeat = Start("imbot.v2.Chat.add", R"(bot: "support" fields { title: "Orders" })", kKey);
  EXPECT_EQ(sent(), 1u) << "the short form names the same bot";
  EXPECT_TRUE(repeat.status.ok()) << repeat.status;
  EXPECT_EQ(repeat.text(), first.text());
  EXPECT_EQ(repeat.info.bot, "acme/support");
  EXPECT_EQ(repeat.info.attempts, 0);
  Outcome& other = Start("imbot.v2.Chat.add", R"(bot: "acme/support" fields { title: "Another" })", kKey);
  EXPECT_EQ(other.reason(), "IDEMPOTENCY_KEY_REUSED");
  EXPECT_THAT(other.paths(), ElementsAre("metadata.idempotency-key"));
  EXPECT_EQ(sent(), 1u);
}

TEST_F(PortalCallKeys, LetsARepeatWaitForTheFirst) {
  Outcome& first = Start("imbot.v2.Chat.add", kAddChat, kKey);
  Outcome& repeat = Start("imbot.v2.Chat.add", kAddChat, kKey);
  Outcome& gone = Start("imbot.v2.Chat.add", kAddChat, kKey);
  gone.call->Cancel();
  EXPECT_EQ(gone.reason(), "CANCELLED_BY_CALLER");
  EXPECT_EQ(gone.outcome(), "UNKNOWN");
  EXPECT_EQ(repeat.answers, 0);
  Answer(kChatAdded);
  EXPECT_EQ(sent(), 1u);
  EXPECT_EQ(repeat.text(), first.text());
}

TEST_F(PortalCallKeys, IgnoresTheKeyOfWhatMayBeRepeatedFreely) {
  StartAndAnswer("imbot.v2.Chat.Message.get", R"(bot: "acme/support" message_id: 789)", R"({"result": {}})", kKey);
  StartAndAnswer("imbot.v2.Chat.Message.get", R"(bot: "acme/support" message_id: 790)", R"({"result": {}})", kKey);
  EXPECT_EQ(sent(), 2u);
  EXPECT_THAT(store_.keys, IsEmpty());
}

TEST_F(PortalCallKeys, SendsAMessageAgainUnderTheSameIdUntilItsEndIsKnown) {
  const std::string send = R"(bot: "acme/support" dialog_id: "chat5" fields { message: "m" })";
  Outcome& first = Start("imbot.v2.Chat.Message.send", send, {.idempotency_key = "k", .timeout = 10s});
  const std::string id = SentBody()["fields"]["templateId"];
  loop_.Advance(10s);
  Settle();
  EXPECT_EQ(first.outcome(), "UNKNOWN");
  Outcome& second = Start("imbot.v2.Chat.Message.send", send, {.idempotency_key = "k"});
  EXPECT_EQ(sent(), 1u) << "the first may be answered yet";
  loop_.fake().Fail(0, Kind::kReset, true);
  Settle();
  ASSERT_EQ(sent(), 2u);
  EXPECT_EQ(SentBody()["fields"]["templateId"], id);
  Answer(R"({"result": {"id": 789}})");
  EXPECT_THAT(second.text(), HasSubstr("789"));
  EXPECT_THAT(Start("imbot.v2.Chat.Message.send", send, {.idempotency_key = "k"}).text(), HasSubstr("789"));
  EXPECT_EQ(sent(), 2u);
}

TEST_F(PortalCallKeys, NeverSendsAnUnrecognisableMessageAgain) {
  for (const auto& [key, field] :
       {std::pair("s", "system: true"),
        std::pair("f", R"(forward_ids { key: "0B7C2D5E-6F3A-4C1D-9E8F-7A6B5C4D3E2F" value: 1 })")}) {
    const std::string send =
        std::string(R"(bot: "acme/support" dialog_id: "chat5" fields { message: "m" )") + field + " }";
    Outcome& first = Start("imbot.v2.Chat.Message.send", send, {.idempotency_key = key});
    const size_t before = sent();
    Fail(Kind::kReset, /*sent=*/true);
    EXPECT_EQ(first.outcome(), "UNKNOWN") << field;
    Outcome& repeat = Start("imbot.v2.Chat.Message.send", send, {.idempotency_key = key});
    EXPECT_EQ(repeat.reason(), first.reason()) << field;
    EXPECT_EQ(repeat.outcome(), "UNKNOWN") << field;
    EXPECT_EQ(sent(), before) << field;
  }
}

TEST_F(PortalCallKeys, LeavesTheKeyFreeForARepeatOfWhatWasNotSent) {
  Outcome& cancelled = Begin("imbot.v2.Chat.add", kAddChat, kKey);
  cancelled.call->Cancel();
  Settle();
  EXPECT_EQ(cancelled.outcome(), "NOT_EXECUTED");
  Start("imbot.v2.Chat.add", kAddChat, kKey);
  EXPECT_EQ(sent(), 1u);
  Fail(Kind::kConnect, /*sent=*/false);
  Outcome& repeat = StartAndAnswer("imbot.v2.Chat.add", kAddChat, kChatAdded, kKey);
  EXPECT_TRUE(repeat.status.ok()) << repeat.status;
}

TEST_F(PortalCallKeys, SaysUnknownOfARepeatThatWasNotSentIfTheFirstMayHaveBeenExecuted) {
  const std::string send = R"(bot: "acme/support" dialog_id: "chat5" fields { message: "m" })";
  Start("imbot.v2.Chat.Message.send", send, kKey);
  Fail(Kind::kReset, /*sent=*/true);
  Outcome& repeat = Begin("imbot.v2.Chat.Message.send", send, kKey);
  repeat.call->Cancel();
  Settle();
  EXPECT_EQ(repeat.reason(), "CANCELLED_BY_CALLER");
  EXPECT_EQ(repeat.outcome(), "UNKNOWN");
}

TEST_F(PortalCallKeys, SendsNothingWhoseKeyCannotBeStored) {
  store_.put_key_failures = 1;
  Outcome& outcome = Start("imbot.v2.Chat.add", kAddChat, kKey);
  EXPECT_EQ(outcome.reason(), "STORAGE_FAILED");
  EXPECT_EQ(outcome.outcome(), "NOT_EXECUTED");
  EXPECT_EQ(sent(), 0u);
}

TEST_F(PortalCallKeys, SaysThatACallWasExecutedThoughItsResultCouldNotBeStored) {
  Outcome& outcome = Start("imbot.v2.Chat.add", kAddChat, kKey);
  store_.put_key_failures = 1;
  Answer(kChatAdded);
  EXPECT_EQ(outcome.reason(), "STORAGE_FAILED");
  EXPECT_EQ(outcome.outcome(), "EXECUTED");
  EXPECT_EQ(Start("imbot.v2.Chat.add", kAddChat, kKey).reason(), "IDEMPOTENCY_KEY_UNRESOLVED");
  EXPECT_EQ(sent(), 1u);
}

}  // namespace
}  // namespace imbot::rpc
