// What the handler does with a call: whom it is for, what the portal gets, what the caller hears.
#include "tests/rpc/portal_call_fixture.h"

namespace imbot::rpc {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::ElementsAre;
using testing::IsEmpty;
using PortalCallHandlerTest = PortalCallFixture;

// --- A call, from its start to its answer ---

TEST_F(PortalCallHandlerTest, CarriesACallToThePortalAndBack) {
  Outcome& outcome = Start("imbot.v2.Chat.Message.get", R"(bot: "acme/support" message_id: 789)");
  ASSERT_EQ(sent(), 1u);
  EXPECT_EQ(SentUrl(), "https://acme.example/rest/1/code/imbot.v2.Chat.Message.get");
  EXPECT_EQ(SentBody(), json::parse(R"({"botId": 456, "botToken": "acme-secret", "messageId": 789})"));
  EXPECT_EQ(outcome.answers, 0);
  Answer(
      R"({"result": {"message": {"id": 789}}, "time": {"duration": 0.25, "operating": 1.5, "operating_reset_at": 1772088716}})");
  EXPECT_EQ(outcome.answers, 1);
  EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_EQ(outcome.text(), "message { id: 789 }");
  EXPECT_EQ(outcome.info.portal, "acme");
  EXPECT_EQ(outcome.info.bot, "acme/support");
  EXPECT_EQ(outcome.info.http_status, 200);
  EXPECT_EQ(outcome.info.attempts, 1);
  EXPECT_EQ(outcome.info.queued, 0us);
  EXPECT_EQ(outcome.info.portal_time, 250ms);
  EXPECT_EQ(outcome.info.operating, 1.5);
  EXPECT_EQ(outcome.info.operating_reset_at, 1772088716);
}

TEST_F(PortalCallHandlerTest, HandsOnWhatThePortalRefused) {
  Outcome& outcome = Start("imbot.v2.Chat.Message.get", R"(bot: "acme/support" message_id: 789)");
  Answer(R"({"error": "MESSAGE_NOT_FOUND", "error_description": "Message not found"})", 400);
  EXPECT_EQ(outcome.reason(), "MESSAGE_NOT_FOUND");
  EXPECT_EQ(outcome.response, nullptr);
  EXPECT_EQ(outcome.info.http_status, 400);
}

TEST_F(PortalCallHandlerTest, SaysThatTheChangeIsProvedWhenTheAnswerCannotBeRead) {
  Outcome& outcome = StartAndAnswer("imbot.v2.Chat.Message.get", R"(bot: "acme/support" message_id: 789)",
                                    R"({"result": "surprise"})");
  EXPECT_EQ(outcome.reason(), "RESULT_UNUSABLE");
  EXPECT_EQ(outcome.outcome(), "EXECUTED");
}

TEST_F(PortalCallHandlerTest, RefusesAnInvalidRequestBeforeAnythingIsSent) {
  Outcome& outcome = Begin("imbot.v2.Chat.Message.get", R"(bot: "acme/support")");
  EXPECT_EQ(outcome.answers, 1) << "at once";
  EXPECT_THAT(outcome.paths(), ElementsAre("messageId"));
  Settle();
  EXPECT_EQ(sent(), 0u);
}

TEST_F(PortalCallHandlerTest, AnswersACallThatTheStoppedLoopDropsRatherThanBeSilent) {
  Outcome& outcome = Begin("imbot.v2.Chat.Message.get", R"(bot: "acme/support" message_id: 789)");
  loop_.Stop();
  Outcome& later = Begin("imbot.v2.Chat.Message.get", R"(bot: "acme/support" message_id: 789)");
  later.call.reset();
  EXPECT_EQ(later.answers, 1);
  EXPECT_EQ(later.status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(later.outcome(), "UNKNOWN");
  EXPECT_EQ(outcome.reason(), "SHUTTING_DOWN");
}

// --- Whom it is for ---

TEST_F(PortalCallHandlerTest, TakesTheShortNameOfABotForOneOfTheDefaultPortal) {
  Configure({.default_portal = "globex", .handler_hosts = {}});
  Outcome& outcome = Start("imbot.v2.Chat.Message.get", R"(bot: "support" message_id: 1)");
  EXPECT_EQ(SentBody()["botToken"], "globex-secret");
  Answer(R"({"result": {}})");
  EXPECT_EQ(outcome.info.bot, "globex/support");
}

TEST_F(PortalCallHandlerTest, RefusesTheShortNameWithoutADefaultPortal) {
  Outcome& outcome = Start("imbot.v2.Chat.Message.get", R"(bot: "support" message_id: 1)");
  EXPECT_EQ(outcome.status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(outcome.paths(), ElementsAre("bot"));
  EXPECT_EQ(outcome.outcome(), "NOT_EXECUTED");
  EXPECT_EQ(sent(), 0u);
}

TEST_F(PortalCallHandlerTest, TakesNoPortalForTheDefaultPortal) {
  EXPECT_THAT(Start("imbot.v2.Revision.get", "").paths(), ElementsAre("portal"));
  EXPECT_EQ(sent(), 0u);
  Configure({.default_portal = "globex", .handler_hosts = {}});
  Start("imbot.v2.Revision.get", "");
  EXPECT_EQ(SentUrl(), "https://globex.example/rest/1/code/imbot.v2.Revision.get");
  Answer(R"({"result": {"rest": 36}})");
  Start("imbot.v2.Revision.get", R"(portal: "acme")");
  EXPECT_EQ(SentUrl(), "https://acme.example/rest/1/code/imbot.v2.Revision.get");
  Answer(R"({"result": {"rest": 36}})");
}

TEST_F(PortalCallHandlerTest, RefusesHalfAName) {
  for (const char* bot : {"acme/", "/support", "/"}) {
    Outcome& outcome = Start("imbot.v2.Bot.unregister", std::string("bot: \"") + bot + "\"");
    EXPECT_EQ(outcome.status.code(), absl::StatusCode::kInvalidArgument) << bot;
    EXPECT_THAT(outcome.paths(), ElementsAre("bot")) << bot;
  }
}

TEST_F(PortalCallHandlerTest, KnowsNeitherAStrangePortalNorAStrangeBot) {
  Outcome& portal = Start("imbot.v2.Bot.unregister", R"(bot: "initech/support")");
  EXPECT_EQ(portal.status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(portal.reason(), "PORTAL_UNKNOWN");
  Outcome& bot = Start("imbot.v2.Bot.unregister", R"(bot: "acme/stranger")");
  EXPECT_EQ(bot.status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(bot.reason(), "BOT_UNKNOWN");
  EXPECT_EQ(Start("imbot.v2.Bot.unregister", R"(bot: "acme/a/b")").reason(), "BOT_UNKNOWN");
  EXPECT_EQ(Start("imbot.v2.Bot.unregister", R"(bot: "Acme/support")").reason(), "PORTAL_UNKNOWN");
  EXPECT_EQ(sent(), 0u);
}

TEST_F(PortalCallHandlerTest, RefusesASlashInTheCodeOfANewBot) {
  EXPECT_THAT(
      Start("imbot.v2.Bot.register", R"(portal: "acme" fields { code: "a/b" properties { name: "x" } })").paths(),
      ElementsAre("fields.code"));
  EXPECT_THAT(Start("imbot.register", R"(portal: "acme" code: "a/b" properties { name: "x" })").paths(),
              ElementsAre("CODE"));
  EXPECT_THAT(store_.bots, IsEmpty());
}

// --- Order ---

TEST_F(PortalCallHandlerTest, KeepsTheCallsOfOneBotForOneDialogInOrder) {
  const auto send = [&](const std::string& bot, const std::string& dialog) {
    Start("imbot.v2.Chat.Message.send", "bot: \"" + bot + "\" dialog_id: \"" + dialog + "\" fields { message: \"m\" }");
  };
  send("acme/support", "chat5");
  send("acme/support", "chat5");
  EXPECT_EQ(sent(), 1u);
  send("acme/support", "chat6");
  send("acme/sales", "chat5");
  send("globex/support", "chat5");
  EXPECT_EQ(sent(), 4u);
  loop_.fake().Answer(0, 200, R"({"result": {"id": 1}})");
  EXPECT_EQ(sent(), 5u);
}

// --- Handler URLs ---

std::string RegisterWith(const std::string& url) {
  return R"(portal: "acme" fields { code: "hooked" properties { name: "x" } event_mode: EVENT_MODE_WEBHOOK webhook_url: ")" +
         url + "\" }";
}

TEST_F(PortalCallHandlerTest, LetsOnlyListedHostsReceiveABotsSecret) {
  for (const char* url : {"https://bots.example.com/hook", "https://BOTS.example.com/hook",
                          "https://bots.example.com:8443/hook", "http://127.0.0.1:8080/", "https://[::1]:8443/hook"}) {
    const size_t before = sent();
    Start("imbot.v2.Bot.register", RegisterWith(url));
    EXPECT_EQ(sent(), before + 1) << url;
    Answer(kRegisteredV2);
  }
}

TEST_F(PortalCallHandlerTest, RefusesEveryOtherHostHoweverItIsWritten) {
  for (const char* url :
       {"https://evil.org/hook", "https://bots.example.com.evil.org/", "https://evil.org/bots.example.com",
        "https://sub.bots.example.com/", "https://example.com/", "https://bots.example.com@evil.org/",
        "https://evil.org@bots.example.com/", "https://bots.example.com:80@evil.org/",
        "https://bots.example.com\\\\@evil.org/", "https://bots.example.com\\\\.evil.org/",
        "https://bots.example.com#@evil.org/", "https://bots.example.com?@evil.org/",
        "https://bots.example.com%2eevil.org/", "https://bots.example.com\\t.evil.org/", "https://bоts.example.com/",
        "https://bots.example.com./", "https://2130706433/", "https://[::2]/", "https://"}) {
    Outcome& outcome = Start("imbot.v2.Bot.register", RegisterWith(url));
    EXPECT_FALSE(outcome.status.ok()) << url;
    EXPECT_THAT(outcome.paths(), ElementsAre("fields.webhookUrl")) << url;
    EXPECT_EQ(outcome.outcome(), "NOT_EXECUTED");
  }
  EXPECT_EQ(Start("imbot.v2.Bot.register", RegisterWith("https://evil.org/hook")).reason(), "HANDLER_URL_NOT_ALLOWED");
  EXPECT_EQ(Start("imbot.v2.Bot.register", RegisterWith("https://evil.org/hook")).status.code(),
            absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(sent(), 0u);
  EXPECT_THAT(store_.bots, IsEmpty()) << "nothing is begun either";
}

TEST_F(PortalCallHandlerTest, NamesEveryHandlerThatIsNotAllowed) {
  Outcome& outcome = Start(
      "imbot.register",
      R"(portal: "acme" code: "c" properties { name: "x" } event_handler: "https://bots.example.com/" event_message_add: "https://evil.org/1"
                                                event_welcome_message: "https://evil.org/2")");
  EXPECT_THAT(outcome.paths(), ElementsAre("EVENT_MESSAGE_ADD", "EVENT_WELCOME_MESSAGE"));
  EXPECT_THAT(
      Start(
          "imbot.command.register",
          R"(bot: "acme/support" command: "c" event_command_add: "https://evil.org/" lang { language_id: "en" title: "t" })")
          .paths(),
      ElementsAre("EVENT_COMMAND_ADD"));
  EXPECT_THAT(Start("imbot.update", R"(bot: "acme/support" fields { event_handler: "https://evil.org/" })").paths(),
              ElementsAre("FIELDS.EVENT_HANDLER"));
}

// --- Cancellation ---

TEST_F(PortalCallHandlerTest, CancelsACallInFlightAndDiscardsItsReply) {
  Outcome& outcome = Start("imbot.v2.Chat.Message.get", R"(bot: "acme/support" message_id: 789)");
  outcome.call->Cancel();
  Settle();
  EXPECT_EQ(outcome.reason(), "CANCELLED_BY_CALLER");
  EXPECT_EQ(outcome.outcome(), "UNKNOWN");
  Answer(R"({"result": {}})");
  EXPECT_EQ(outcome.answers, 1);
}

TEST_F(PortalCallHandlerTest, CancelsNothingAfterTheAnswer) {
  Outcome& outcome =
      StartAndAnswer("imbot.v2.Chat.Message.get", R"(bot: "acme/support" message_id: 789)", R"({"result": {}})");
  outcome.call->Cancel();
  Settle();
  EXPECT_EQ(outcome.answers, 1);
  EXPECT_TRUE(outcome.status.ok());
}

TEST_F(PortalCallHandlerTest, HoldsNoCallOnceItIsAnsweredAndLetGo) {
  Outcome& outcome =
      StartAndAnswer("imbot.v2.Chat.Message.get", R"(bot: "acme/support" message_id: 789)", R"({"result": {}})");
  EXPECT_EQ(outcome.call.use_count(), 1);
}

}  // namespace
}  // namespace imbot::rpc
