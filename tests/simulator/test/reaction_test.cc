// imbot.v2.Chat.Message.Reaction.*, getContext and read: expected values from imbot.v2/messages/chat-message-*.md.
#include <string>

#include "tests/simulator/test/messenger_fixture.h"

namespace simulator {
namespace {

const Json kDone = Json{{"result", true}};

class ReactionTest : public MessengerTest {
 protected:
  // A message that the bot can't see.
  int64_t Foreign() const {
    const Json chat = Act(Json{{"action", "create_chat"}, {"title", "Others"}});
    return Write(chat["dialogId"], "secret");
  }
  Json Reaction(int64_t message, const std::string& code = "like") const {
    return Json{{"messageId", message}, {"reaction", code}};
  }
};

// chat-message-reaction-add.md
TEST_F(ReactionTest, AddSetsOneReactionPerBot) {
  const int64_t message = Write("chat5", "Hello");
  EXPECT_EQ(message, 789) << "the id of the example";
  EXPECT_EQ(BotCall("imbot.v2.Chat.Message.Reaction.add", Reaction(message)), kDone);
  EXPECT_EQ(BotError("imbot.v2.Chat.Message.Reaction.add", Reaction(message)), "REACTION_ALREADY_SET");
  EXPECT_EQ(BotError("imbot.v2.Chat.Message.Reaction.add", Reaction(message, "LIKE")), "REACTION_NOT_FOUND");
  EXPECT_EQ(BotCall("imbot.v2.Chat.Message.Reaction.add", Reaction(message, "hundredPoints")), kDone);
  EXPECT_EQ(Control("/messenger")["reactions"],
            Json::array({Json{{"messageId", message}, {"userId", bot_}, {"reaction", "hundredPoints"}}}));
}

// chat-message-reaction-delete.md
TEST_F(ReactionTest, DeleteTakesItBackOnce) {
  const int64_t message = Write("chat5", "Hello");
  BotCall("imbot.v2.Chat.Message.Reaction.add", Reaction(message));
  EXPECT_EQ(BotError("imbot.v2.Chat.Message.Reaction.delete", Reaction(message, "fire")), "REACTION_NOT_FOUND");
  EXPECT_EQ(BotCall("imbot.v2.Chat.Message.Reaction.delete", Reaction(message)), kDone);
  EXPECT_EQ(BotError("imbot.v2.Chat.Message.Reaction.delete", Reaction(message)), "REACTION_NOT_FOUND");
  EXPECT_EQ(Control("/messenger")["reactions"], Json::array());
}

// The pages have one code for what WIRE_FACTS.md 6.2 tells apart.
TEST_F(ReactionTest, MessagesThatTheBotDoesNotSee) {
  const int64_t foreign = Foreign();
  for (const char* method : {"imbot.v2.Chat.Message.Reaction.add", "imbot.v2.Chat.Message.Reaction.delete"}) {
    EXPECT_EQ(BotError(method, Reaction(foreign)), "MESSAGE_ACCESS_DENIED");
    EXPECT_EQ(BotError(method, Reaction(7)), "MESSAGE_NOT_FOUND");
    EXPECT_EQ(BotError(method, Json{{"messageId", foreign}, {"x", 1}}), "MESSAGE_ACCESS_DENIED");
    EXPECT_EQ(BotError(method, Json{{"reaction", "like"}}), "100");
    ExpectIdentityErrors(method, Reaction(foreign));
  }
  BehaveAsDocumented();
  for (const char* method : {"imbot.v2.Chat.Message.Reaction.add", "imbot.v2.Chat.Message.Reaction.delete"}) {
    EXPECT_EQ(BotError(method, Reaction(foreign)), "ACCESS_DENIED");
    EXPECT_EQ(BotError(method, Reaction(7)), "ACCESS_DENIED");
  }
}

// chat-message-get-context.md: from oldest to newest, `range` on each side, authors once.
TEST_F(ReactionTest, GetContextShowsTheWindow) {
  const int64_t observer = RegisterBot("observer", "token-2", "personal");
  for (int i = 0; i < 5; ++i) Write("chat5", "m" + std::to_string(i), 1 + i % 2);
  Write("chat9", "elsewhere");
  const auto context = [&](int64_t message, int range) {
    return Result("imbot.v2.Chat.Message.getContext",
                  ParamsOf(observer, "token-2", Json{{"messageId", message}, {"range", range}}));
  };
  const Json middle = context(791, 1);
  ASSERT_EQ(middle["messages"].size(), 3U);
  EXPECT_EQ(middle["messages"][0]["id"], 790);
  EXPECT_EQ(middle["messages"][2]["id"], 792);
  ExpectKeys(middle["messages"][0],
             {"id", "chatId", "authorId", "date", "text", "isSystem", "uuid", "forward", "params", "viewedByOthers"});
  EXPECT_EQ(middle["users"].size(), 2U);
  EXPECT_EQ(middle["hasPrevPage"], true);
  EXPECT_EQ(middle["hasNextPage"], true);
  const Json all = context(791, 20);
  EXPECT_EQ(all["messages"].size(), 5U) << "other chats' messages stay out";
  EXPECT_EQ(all["hasPrevPage"], false);
  EXPECT_EQ(all["hasNextPage"], false);
  EXPECT_EQ(context(791, 0)["messages"].size(), 3U) << "the least range is 1";
}

TEST_F(ReactionTest, GetContextRefusesWhatThePageSays) {
  const int64_t message = Write("chat5", "x");
  const char* const method = "imbot.v2.Chat.Message.getContext";
  EXPECT_EQ(BotError(method, Json{{"messageId", message}}), "BOT_TYPE_NOT_ALLOWED");
  const int64_t observer = RegisterBot("observer", "token-2", "supervisor");
  EXPECT_EQ(Error(method, ParamsOf(observer, "token-2", Json{{"messageId", 7}})), "MESSAGE_NOT_FOUND");
  EXPECT_EQ(Error(method, ParamsOf(observer, "token-2", Json{{"messageId", Foreign()}})), "MESSAGE_ACCESS_DENIED");
  ExpectIdentityErrors(method, Json{{"messageId", message}});
}

// chat-message-read.md: up to and including messageId, all without it; the remaining counter.
TEST_F(ReactionTest, ReadCountsWhatIsLeft) {
  const int64_t first = Write("chat5", "a");
  const int64_t second = Write("chat5", "b", 2);
  const int64_t own = Send("chat5", "mine");
  const int64_t last = Write("chat5", "c");
  const auto read = [&](const Json& more) { return BotCall("imbot.v2.Chat.Message.read", more); };
  EXPECT_EQ(read(Json{{"dialogId", "chat5"}, {"messageId", second}}),
            (Json{{"chatId", 5}, {"lastId", second}, {"counter", 1}, {"viewedMessages", {first, second}}}));
  EXPECT_EQ(BotCall("imbot.v2.Chat.get", Json{{"dialogId", "chat5"}})["chat"]["lastId"], second);
  EXPECT_EQ(read(Json{{"dialogId", "chat5"}}),
            (Json{{"chatId", 5}, {"lastId", last}, {"counter", 0}, {"viewedMessages", {last}}}))
      << "its own message " << own << " is no news";
  EXPECT_EQ(read(Json{{"dialogId", "chat5"}, {"messageId", first}})["lastId"], last) << "what was read stays read";
}

TEST_F(ReactionTest, ReadRefusesWhatThePageSays) {
  const char* const method = "imbot.v2.Chat.Message.read";
  const int64_t elsewhere = Write("chat9", "x");
  EXPECT_EQ(BotError(method, Json{{"dialogId", "chat777"}}), "ACCESS_DENIED");
  EXPECT_EQ(BotError(method, Json{{"dialogId", "chat5"}, {"messageId", 7}}), "MESSAGE_NOT_FOUND");
  EXPECT_EQ(BotError(method, Json{{"dialogId", "chat5"}, {"messageId", elsewhere}}), "MESSAGE_NOT_FOUND");
  EXPECT_EQ(BotError(method, Json{{"dialogId", "chat5"}, {"messageId", Foreign()}}), "MESSAGE_NOT_FOUND");
  ExpectIdentityErrors(method, Json{{"dialogId", "chat5"}});
}

// Object Message: viewedByOthers.
TEST_F(ReactionTest, OthersSeeAMessageOnceTheyHaveReadIt) {
  const int64_t observer = RegisterBot("observer", "token-2", "supervisor");
  const int64_t message = Send("chat5", "x");
  const auto viewed = [&] {
    return Result("imbot.v2.Chat.Message.get",
                  ParamsOf(observer, "token-2", Json{{"messageId", message}}))["message"]["viewedByOthers"];
  };
  EXPECT_EQ(viewed(), false);
  Act(Json{{"action", "read"}, {"user", 2}, {"dialogId", "chat5"}});
  EXPECT_EQ(viewed(), true);
}

}  // namespace
}  // namespace simulator
