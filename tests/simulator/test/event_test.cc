// imbot.v2.Event.get, im.v2.Event.*: expected values from the pages imbot.v2/events/*.md and im.v2/events/*.md, and
// from WIRE_FACTS.md 6.3 and 7.3.
#include <string>

#include "tests/simulator/test/messenger_fixture.h"

namespace simulator {
namespace {

class EventTest : public MessengerTest {
 protected:
  void Put(int count) const {
    Json events = Json::array();
    for (int i = 0; i < count; ++i) events.push_back(Json{{"bot", bot_}, {"type", "ONIMBOTV2MESSAGEADD"}});
    ASSERT_EQ(ControlPost("/events", events).status, 200);
  }
  Json Get(const Json& more = Json::object()) const { return BotCall("imbot.v2.Event.get", more); }
  void AdvanceClock(int64_t ms) const { ASSERT_EQ(ControlPost("/clock", Json{{"advance_ms", ms}}).status, 200); }
  std::string MentionOfBot() const { return "[USER=" + std::to_string(bot_) + "]Support[/USER] "; }
};

// event-get.md: example and reply.
TEST_F(EventTest, GetAnswersWithTheDocumentedPage) {
  ASSERT_EQ(ControlPost("/events", Json{{"next_id", 1001}}).status, 200);
  Put(1);
  const Json page = Get(Json{{"offset", 1000}, {"limit", 50}});
  ASSERT_EQ(page["events"].size(), 1U);
  EXPECT_EQ(Keys(page["events"][0]), (std::vector<std::string>{"eventId", "type", "date", "data"}));
  EXPECT_EQ(page["events"][0]["eventId"], 1001);
  EXPECT_EQ(page["events"][0]["type"], "ONIMBOTV2MESSAGEADD");
  EXPECT_EQ(page["nextOffset"], 1002);
  EXPECT_EQ(page["hasMore"], false);
}

TEST_F(EventTest, OnlyAnOffsetConfirms) {
  Put(3);
  EXPECT_EQ(Get()["events"].size(), 3U);
  EXPECT_EQ(Get()["events"].size(), 3U) << "without an offset nothing is deleted";
  EXPECT_EQ(Get(Json{{"offset", 2}})["events"][0]["eventId"], 2);
  EXPECT_EQ(Get()["events"].size(), 2U) << "what is below the offset is gone for good";
  const Json empty = Get(Json{{"offset", 4}});
  EXPECT_EQ(empty["events"], Json::array());
  EXPECT_EQ(empty["nextOffset"], 4) << "echoed when there is nothing";
  EXPECT_EQ(Get()["nextOffset"], 0) << "0 on a fresh queue";
}

TEST_F(EventTest, LimitIsClampedAndAnExactFitClaimsMore) {
  Put(101);
  EXPECT_EQ(Get()["events"].size(), 100U) << "100 by default";
  EXPECT_EQ(Get()["hasMore"], true);
  EXPECT_EQ(Get(Json{{"limit", 0}})["events"].size(), 1U);
  EXPECT_EQ(Get(Json{{"limit", 5000}})["events"].size(), 101U);
  const Json fit = Get(Json{{"limit", 101}});
  EXPECT_EQ(fit["hasMore"], true);
  const Json after = Get(Json{{"limit", 101}, {"offset", fit["nextOffset"]}});
  EXPECT_EQ(after["events"].size(), 0U);
  EXPECT_EQ(after["hasMore"], false);
  Put(1);
  EXPECT_EQ(BotError("imbot.v2.Event.get", Json{{"limit", "many"}}), "100");
}

TEST_F(EventTest, LimitReachesAThousand) {
  Put(1001);
  const Json page = Get(Json{{"limit", 5000}});
  EXPECT_EQ(page["events"].size(), 1000U);
  EXPECT_EQ(page["nextOffset"], 1001);
}

TEST_F(EventTest, IdsRunThroughTheWholePortal) {
  const int64_t other = RegisterBot("other", "token-2");
  ASSERT_EQ(ControlPost("/events", Json::array({Json{{"bot", bot_}, {"type", "A"}}, Json{{"bot", other}, {"type", "B"}},
                                                Json{{"bot", bot_}, {"type", "C"}}}))
                .status,
            200);
  const Json page = Get();
  EXPECT_EQ(page["events"][0]["eventId"], 1);
  EXPECT_EQ(page["events"][1]["eventId"], 3);
  Get(Json{{"offset", 4}});
  EXPECT_EQ(Result("imbot.v2.Event.get", ParamsOf(other, "token-2"))["events"].size(), 1U)
      << "one bot does not confirm for another";
}

TEST_F(EventTest, EventsLiveForADay) {
  Put(1);
  AdvanceClock(24 * 3600 * 1000 - 60'000);
  EXPECT_EQ(Get()["events"].size(), 1U);
  AdvanceClock(120'000);
  EXPECT_EQ(Get()["events"].size(), 0U);
}

TEST_F(EventTest, NegativeCacheHidesEventsForAMinuteIfItRaces) {
  ASSERT_EQ(ControlPost("/events", Json{{"negative_cache", "on"}}).status, 200);
  EXPECT_EQ(Get()["events"].size(), 0U);
  Put(1);
  EXPECT_EQ(Get()["events"].size(), 1U) << "a new event invalidates the cache";
  Get(Json{{"offset", 100}});
  ASSERT_EQ(ControlPost("/events", Json{{"negative_cache", "lossy"}}).status, 200);
  EXPECT_EQ(Get()["events"].size(), 0U);
  Put(1);
  EXPECT_EQ(Get()["events"].size(), 0U);
  EXPECT_EQ(Get(Json{{"offset", 1}})["events"].size(), 1U) << "an offset bypasses it";
  Get(Json{{"offset", 100}});
  Put(1);
  EXPECT_EQ(Get()["events"].size(), 0U);
  AdvanceClock(61'000);
  EXPECT_EQ(Get()["events"].size(), 1U);
}

// events.md: ONIMBOTV2MESSAGEADD and its example.
TEST_F(EventTest, MessageAddHasTheDocumentedData) {
  const int64_t id = Write("chat5", MentionOfBot() + "Hello bot!");
  const Json events = Events();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0]["type"], "ONIMBOTV2MESSAGEADD");
  const Json& data = events[0]["data"];
  EXPECT_EQ(Keys(data), (std::vector<std::string>{"bot", "message", "chat", "user", "language"}));
  ExpectKeys(data["bot"],
             {"id", "code", "type", "isHidden", "isSupportOpenline", "isReactionsEnabled", "backgroundId", "language",
              "moduleId", "eventMode", "countMessage", "countCommand", "countChat", "countUser"});
  EXPECT_FALSE(data["bot"].contains("auth")) << "no tokens in fetch mode";
  EXPECT_EQ(data["message"]["id"], id);
  EXPECT_EQ(data["message"]["chatId"], 5);
  EXPECT_EQ(data["message"]["authorId"], 1);
  ExpectKeys(data["message"], {"date", "text", "isSystem", "uuid", "forward", "params", "viewedByOthers"});
  EXPECT_FALSE(data["message"].contains("unread"));
  EXPECT_EQ(data["chat"]["dialogId"], "chat5");
  ExpectKeys(data["chat"], {"id", "type", "name", "entityType", "owner", "avatar", "color"});
  for (const char* name : {"role", "muteList", "dateCreate", "managerList"})
    EXPECT_FALSE(data["chat"].contains(name)) << name;
  EXPECT_EQ(data["user"]["id"], 1);
  EXPECT_EQ(data["user"]["idle"], false);
  EXPECT_EQ(data["language"], "en");
}

// event-get.md: mentions and private chats for a bot, everything for supervisors and personal bots. No bot hears bots.
TEST_F(EventTest, WhoGetsWhat) {
  const int64_t supervisor = RegisterBot("supervisor", "token-2", "supervisor");
  const auto observed = [&] { return Result("imbot.v2.Event.get", ParamsOf(supervisor, "token-2"))["events"].size(); };
  Write("chat5", "nobody is meant");
  EXPECT_EQ(Events().size(), 0U);
  EXPECT_EQ(observed(), 1U);
  Write("chat5", MentionOfBot());
  EXPECT_EQ(Events().size(), 1U);
  EXPECT_EQ(observed(), 2U);
  Send("chat5", "I am a bot");
  EXPECT_EQ(observed(), 2U);
  Write(std::to_string(bot_), "in private");
  const Json events = Events();
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[1]["type"], "ONIMBOTV2JOINCHAT") << "the dialogue was opened";
  EXPECT_EQ(events[1]["data"]["dialogId"], "1");
  EXPECT_EQ(events[2]["data"]["chat"]["dialogId"], "1") << "the counterpart's id";
  EXPECT_EQ(events[2]["data"]["chat"]["type"], "private");
  EXPECT_EQ(observed(), 2U);
}

TEST_F(EventTest, BotsInWebhookModeHaveNoQueueAndTheSwitchWipesIt) {
  Write("chat5", MentionOfBot());
  BotCall("imbot.v2.Bot.update",
          Json{{"fields", {{"eventMode", "webhook"}, {"webhookUrl", "https://example.com/hook"}}}});
  EXPECT_EQ(Events().size(), 0U);
  Write("chat5", MentionOfBot());
  EXPECT_EQ(Events().size(), 0U);
}

// events.md: ONIMBOTV2MESSAGEUPDATE, ONIMBOTV2MESSAGEDELETE.
TEST_F(EventTest, EditsAndDeletions) {
  const int64_t id = Write("chat5", MentionOfBot() + "a");
  Act(Json{{"action", "edit"}, {"messageId", id}, {"text", MentionOfBot() + "b"}});
  Act(Json{{"action", "delete"}, {"messageId", id}});
  const Json events = Events();
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[1]["type"], "ONIMBOTV2MESSAGEUPDATE");
  EXPECT_EQ(events[1]["data"]["message"]["text"], MentionOfBot() + "b");
  EXPECT_EQ(events[2]["type"], "ONIMBOTV2MESSAGEDELETE");
  EXPECT_EQ(Keys(events[2]["data"]), (std::vector<std::string>{"bot", "messageId", "chat", "user", "language"}));
  EXPECT_EQ(events[2]["data"]["messageId"], id);
}

// WIRE_FACTS.md 7.3: the loop hazard of supervisors and personal bots.
TEST_F(EventTest, ObserversHearOfEditsOfTheirOwn) {
  const int64_t supervisor = RegisterBot("supervisor", "token-2", "supervisor");
  const Json fields = Json{{"message", "a"}};
  const Json id = Result("imbot.v2.Chat.Message.send", SendParams(supervisor, fields, "chat5", "token-2"))["id"];
  Result("imbot.v2.Chat.Message.update",
         ParamsOf(supervisor, "token-2", Json{{"messageId", id}, {"fields", {{"message", "b"}}}}));
  Result("imbot.v2.Chat.Message.delete", ParamsOf(supervisor, "token-2", Json{{"messageId", id}}));
  const Json events = Result("imbot.v2.Event.get", ParamsOf(supervisor, "token-2"))["events"];
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0]["type"], "ONIMBOTV2MESSAGEUPDATE");
  EXPECT_EQ(events[1]["type"], "ONIMBOTV2MESSAGEDELETE");
  EXPECT_EQ(Events().size(), 0U);
}

// events.md: ONIMBOTV2JOINCHAT.
TEST_F(EventTest, JoiningAChat) {
  const Json chat = Act(Json{{"action", "create_chat"}, {"user", 3}, {"title", "Project Chat"}, {"users", {bot_, 2}}});
  const Json events = Events();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0]["type"], "ONIMBOTV2JOINCHAT");
  EXPECT_EQ(Keys(events[0]["data"]), (std::vector<std::string>{"bot", "dialogId", "chat", "user", "language"}));
  EXPECT_EQ(events[0]["data"]["dialogId"], chat["dialogId"]);
  EXPECT_EQ(events[0]["data"]["user"]["id"], 3) << "who added the bot";
}

// events.md: ONIMBOTV2REACTIONCHANGE is of the bot's own messages.
TEST_F(EventTest, Reactions) {
  const int64_t own = Send("chat5", "Hello! How can I help?");
  const int64_t other = Write("chat5", "x");
  Act(Json::array({Json{{"action", "react"}, {"messageId", own}, {"reaction", "like"}},
                   Json{{"action", "react"}, {"messageId", other}, {"reaction", "like"}},
                   Json{{"action", "unreact"}, {"messageId", own}, {"reaction", "like"}}}));
  const Json events = Events();
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0]["type"], "ONIMBOTV2REACTIONCHANGE");
  EXPECT_EQ(Keys(events[0]["data"]),
            (std::vector<std::string>{"bot", "reaction", "action", "message", "chat", "user", "language"}));
  EXPECT_EQ(events[0]["data"]["reaction"], "like");
  EXPECT_EQ(events[0]["data"]["action"], "add");
  EXPECT_EQ(events[1]["data"]["action"], "delete");
  EXPECT_EQ(events[1]["data"]["message"]["id"], own);
}

// events.md: ONIMBOTV2CONTEXTGET and its example.
TEST_F(EventTest, Context) {
  const Json context = Json{{"entityId", 164}, {"entityType", "task"}, {"source", "link"}};
  Write(std::to_string(bot_), "hi");
  BotCall("imbot.v2.Event.get", Json{{"offset", 1000}});
  Act(Json{{"action", "open"}, {"dialogId", std::to_string(bot_)}, {"context", context}});
  const Json events = Events();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0]["type"], "ONIMBOTV2CONTEXTGET");
  EXPECT_EQ(events[0]["data"]["dialogId"], "1");
  EXPECT_EQ(events[0]["data"]["context"], context);
}

// WIRE_FACTS.md 6.2: ONIMBOTV2DELETE can never be fetched.
TEST_F(EventTest, ADeletedBotHasNoQueue) {
  Act(Json{{"action", "delete_bot"}, {"bot", bot_}});
  EXPECT_EQ(BotError("imbot.v2.Event.get"), "BOT_NOT_FOUND");
  EXPECT_EQ(Control("/messenger")["events"], Json::array());
}

// event-get.md: the three errors of withUserEvents.
TEST_F(EventTest, WithUserEventsNeedsScopeUserAndSubscription) {
  const Json params = Params(Json{{"withUserEvents", true}});
  ASSERT_EQ(ControlPost("/webhooks", Json{{"user", 1}, {"code", "narrow"}, {"scope", "imbot"}}).status, 200);
  EXPECT_EQ(PostJson(http(), "/rest/1/narrow/imbot.v2.Event.get", params).error(), "SCOPE_ERROR");
  EXPECT_EQ(Error("imbot.v2.Event.get", params), "USER_NOT_SUBSCRIBED");
  ASSERT_EQ(ControlPost("/tokens", Json{{"token", "t"}, {"client_id", "app.1"}, {"user", 0}}).status, 200);
  const Reply registered = PostJson(http(), "/rest/imbot.v2.Bot.register",
                                    Json{{"auth", "t"}, {"fields", {{"code", "a"}, {"properties", {{"name", "A"}}}}}});
  const Json bot = registered.json()["result"]["bot"]["id"];
  EXPECT_EQ(PostJson(http(), "/rest/imbot.v2.Event.get", Json{{"auth", "t"}, {"botId", bot}, {"withUserEvents", true}})
                .error(),
            "AUTH_ERROR");
  ExpectIdentityErrors("imbot.v2.Event.get", Json::object());
}

// event-get.md: one offset confirms both; "N" is true, as every text is.
TEST_F(EventTest, WithUserEventsMixesBoth) {
  Result("im.v2.Event.subscribe", Json::object());
  Write("chat5", MentionOfBot());
  const Json page = Get(Json{{"withUserEvents", "N"}});
  ASSERT_EQ(page["events"].size(), 2U);
  EXPECT_EQ(page["events"][0]["type"], "ONIMV2MESSAGEADD");
  EXPECT_EQ(page["events"][1]["type"], "ONIMBOTV2MESSAGEADD");
  EXPECT_EQ(Get()["events"].size(), 1U);
  Get(Json{{"withUserEvents", true}, {"offset", page["nextOffset"]}});
  EXPECT_EQ(Result("im.v2.Event.get", Json::object())["events"].size(), 0U);
}

// im.v2/events: subscribe, unsubscribe and get.
TEST_F(EventTest, UserEventsNeedASubscription) {
  Write("chat5", "before");
  EXPECT_EQ(Result("im.v2.Event.get", Json{{"offset", 0}, {"limit", 50}}),
            (Json{{"events", Json::array()}, {"nextOffset", 0}, {"hasMore", false}}));
  EXPECT_EQ(Result("im.v2.Event.subscribe", Json::object()), true);
  EXPECT_EQ(Result("im.v2.Event.subscribe", Json::object()), true) << "idempotent";
  const int64_t id = Send("chat5", "from the bot");
  Result("im.v2.Event.unsubscribe", Json::object());
  EXPECT_EQ(Result("im.v2.Event.unsubscribe", Json::object()), true);
  Write("chat5", "after");
  const Json events = Result("im.v2.Event.get", Json::object())["events"];
  ASSERT_EQ(events.size(), 1U) << "what was recorded stays";
  EXPECT_EQ(events[0]["type"], "ONIMV2MESSAGEADD");
  const Json& data = events[0]["data"];
  EXPECT_EQ(Keys(data), (std::vector<std::string>{"message", "chat", "user", "language"}));
  EXPECT_EQ(data["message"]["id"], id);
  ExpectKeys(data["chat"], {"id",          "dialogId",         "name",
                            "type",        "messageType",      "owner",
                            "color",       "avatar",           "description",
                            "extranet",    "containsCollaber", "entityType",
                            "entityId",    "entityData1",      "entityData2",
                            "entityData3", "entityLink",       "diskFolderId",
                            "permissions", "parentChatId",     "parentMessageId",
                            "isNew",       "textFieldEnabled", "backgroundId"});
  for (const char* name : {"idle", "lastActivityDate", "mobileLastDate", "desktopLastDate"})
    EXPECT_EQ(data["user"][name], false) << name;
  EXPECT_EQ(data["user"]["id"], bot_);
}

TEST_F(EventTest, UserEventsOfEveryKind) {
  Result("im.v2.Event.subscribe", Json::object());
  const int64_t id = Write("chat5", "a", 2);
  Act(Json{{"action", "edit"}, {"user", 2}, {"messageId", id}, {"text", "b"}});
  Act(Json{{"action", "react"}, {"user", 3}, {"messageId", id}, {"reaction", "fire"}});
  Act(Json{{"action", "delete"}, {"user", 2}, {"messageId", id}});
  const Json chat = Act(Json{{"action", "create_chat"}, {"title", "New"}});
  Act(Json{{"action", "invite"}, {"dialogId", chat["dialogId"]}, {"users", {4}}});
  Json types = Json::array();
  const Json events = Result("im.v2.Event.get", Json::object())["events"];
  for (const Json& event : events) types.push_back(event["type"]);
  EXPECT_EQ(types, (Json{"ONIMV2MESSAGEADD", "ONIMV2MESSAGEUPDATE", "ONIMV2REACTIONCHANGE", "ONIMV2MESSAGEDELETE",
                         "ONIMV2JOINCHAT"}));
  EXPECT_EQ(events[2]["data"]["user"]["id"], 3);
  EXPECT_EQ(events[4]["data"]["user"]["id"], 4) << "the added user";
  EXPECT_EQ(events[4]["data"]["dialogId"], chat["dialogId"]);
}

TEST_F(EventTest, UserEventsNeedTheScope) {
  ASSERT_EQ(ControlPost("/webhooks", Json{{"user", 1}, {"code", "narrow"}, {"scope", "imbot"}}).status, 200);
  for (const char* method : {"im.v2.Event.get", "im.v2.Event.subscribe", "im.v2.Event.unsubscribe"})
    EXPECT_EQ(PostJson(http(), std::string("/rest/1/narrow/") + method, Json::object()).error(), "insufficient_scope");
}

// WIRE_FACTS.md 6.1: before revision 35 the owner's key stands in every event; the control endpoint keeps it to itself.
TEST_F(EventTest, OldRevisionsLeakTheOwnersKeyInEvents) {
  ASSERT_EQ(ControlPost("/options", Json{{"revision", 33}}).status, 200);
  Write("chat5", MentionOfBot());
  EXPECT_EQ(Events()[0]["data"]["bot"]["appId"], "customtoken-1");
  EXPECT_EQ(Control("/messenger").dump().find("token-1"), std::string::npos);
  ASSERT_EQ(ControlPost("/options", Json{{"revision", 36}}).status, 200);
  Write("chat5", MentionOfBot());
  EXPECT_FALSE(Events()[1]["data"]["bot"].contains("appId"));
}

TEST_F(EventTest, ActionsThatCantBeDoneAreRefused) {
  const auto status = [&](const Json& action) { return ControlPost("/users/actions", action).status; };
  EXPECT_EQ(status(Json{{"action", "dance"}}), 400);
  EXPECT_EQ(status(Json{{"action", "message"}, {"dialogId", "chat777"}, {"text", "x"}}), 409);
  EXPECT_EQ(status(Json{{"action", "message"}, {"user", 77}, {"dialogId", "chat5"}, {"text", "x"}}), 409);
  EXPECT_EQ(status(Json{{"action", "message"}, {"user", bot_}, {"dialogId", "chat5"}, {"text", "x"}}), 409);
  EXPECT_EQ(status(Json{{"action", "message"}, {"dialogId", "chat5"}, {"text", " "}}), 409);
  EXPECT_EQ(status(Json{{"action", "edit"}, {"messageId", Send("chat5", "bot's")}, {"text", "x"}}), 409);
  EXPECT_EQ(status(Json{{"action", "react"}, {"messageId", Write("chat5", "x")}, {"reaction", "none"}}), 409);
  EXPECT_EQ(ControlPost("/events", Json{{"type", "A"}}).status, 400);
}

}  // namespace
}  // namespace simulator
