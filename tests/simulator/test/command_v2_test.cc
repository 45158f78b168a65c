// imbot.v2.Command.*: expected values from the pages imbot.v2/commands/*.md and imbot.v2/events/events.md, and from
// WIRE_FACTS.md 6.2 and 7.3.
#include <string>

#include "tests/simulator/test/messenger_fixture.h"

namespace simulator {
namespace {

const Json kDone = Json{{"result", true}};

class CommandV2Test : public MessengerTest {
 protected:
  int64_t Register(const std::string& command = "help", const Json& more = Json::object()) const {
    Json fields = Json{
        {"command", command}, {"title", {{"en", "Show Help"}, {"de", "Hilfe"}}}, {"params", {{"en", "request text"}}}};
    for (auto it = more.begin(); it != more.end(); ++it) fields[it.key()] = it.value();
    return BotCall("imbot.v2.Command.register", Json{{"fields", fields}})["command"]["id"];
  }
  Json Listed() const { return BotCall("imbot.v2.Command.list")["commands"]; }
  Json LastMessage() const { return Control("/state")["messages"].back(); }
  Json Answer(int64_t command, int64_t message,
              const Json& fields = Json{{"message", "Here is the help text..."}}) const {
    return Json{{"commandId", command}, {"messageId", message}, {"dialogId", "chat5"}, {"fields", fields}};
  }
};

// command-list.md
TEST_F(CommandV2Test, ListAnswersWithTheDocumentedObjects) {
  EXPECT_EQ(Listed(), Json::array());
  Register();
  EXPECT_EQ(Listed(), Json::array({Json{{"id", 42},
                                        {"botId", bot_},
                                        {"command", "/help"},
                                        {"title", "Show Help"},
                                        {"params", "request text"},
                                        {"common", false},
                                        {"hidden", false},
                                        {"extranetSupport", false},
                                        {"category", "Support"},
                                        {"context", ""}}}));
}

// command-unregister.md
TEST_F(CommandV2Test, UnregisterRemovesTheCommand) {
  const int64_t id = Register();
  EXPECT_EQ(BotCall("imbot.v2.Command.unregister", Json{{"commandId", id}}), kDone);
  EXPECT_EQ(Listed(), Json::array());
  EXPECT_EQ(BotError("imbot.v2.Command.unregister", Json{{"commandId", id}}), "COMMAND_NOT_FOUND");
}

// command-update.md: both examples; null removes a translation, what is not named stays.
TEST_F(CommandV2Test, UpdateMergesTranslations) {
  const int64_t id = Register();
  const auto update = [&](const Json& fields) {
    return BotCall("imbot.v2.Command.update", Json{{"commandId", id}, {"fields", fields}})["command"];
  };
  EXPECT_EQ(update(Json{{"title", {{"en", "Updated help"}, {"fr", "Aide"}}}}), (Json{{"id", 42},
                                                                                     {"botId", bot_},
                                                                                     {"command", "/help"},
                                                                                     {"common", false},
                                                                                     {"hidden", false},
                                                                                     {"extranetSupport", false}}));
  EXPECT_EQ(Listed()[0]["title"], "Updated help");
  update(Json{{"title", {{"de", "Neu"}, {"en", nullptr}}}});
  const Json lang = Control("/state")["commands"][0]["lang"];
  EXPECT_EQ(lang, Json::array(
                      {Json{{"LANGUAGE_ID", "fr"}, {"TITLE", "Aide"}}, Json{{"LANGUAGE_ID", "de"}, {"TITLE", "Neu"}}}));
  EXPECT_EQ(Listed()[0]["title"], "Aide") << "the first that there is, where the portal's language has none";
  EXPECT_EQ(update(Json{{"command", "/assist"}, {"hidden", "Y"}, {"common", true}})["command"], "/assist");
  EXPECT_EQ(Listed()[0]["hidden"], true);
  EXPECT_EQ(Listed()[0]["common"], true);
}

TEST_F(CommandV2Test, UpdateRefusesWhatThePageSays) {
  const int64_t id = Register();
  Register("other");
  const auto error = [&](const Json& fields) {
    return BotError("imbot.v2.Command.update", Json{{"commandId", id}, {"fields", fields}});
  };
  EXPECT_EQ(error(Json{{"command", "/"}}), "COMMAND_NAME_EMPTY");
  EXPECT_EQ(error(Json{{"command", ""}}), "COMMAND_NAME_EMPTY");
  EXPECT_EQ(error(Json{{"command", 5}}), "COMMAND_NAME_INVALID");
  EXPECT_EQ(error(Json{{"command", "/other"}}), "COMMAND_ALREADY_EXISTS");
  EXPECT_EQ(BotError("imbot.v2.Command.update", Json{{"commandId", 7}}), "COMMAND_NOT_FOUND");
  EXPECT_EQ(Listed()[0]["command"], "/help");
}

TEST_F(CommandV2Test, ACommandIsItsBotsOwn) {
  const int64_t id = Register();
  const int64_t other = RegisterBot("other", "token-2");
  const Json params = ParamsOf(other, "token-2", Answer(id, Write("chat5", "/help")));
  for (const char* method : {"imbot.v2.Command.unregister", "imbot.v2.Command.update", "imbot.v2.Command.answer"}) {
    EXPECT_EQ(Error(method, params), "COMMAND_NOT_FOUND") << method;
    ExpectIdentityErrors(method, Answer(id, 789));
  }
  ExpectIdentityErrors("imbot.v2.Command.list", Json::object());
}

// events.md: ONIMBOTV2COMMANDADD. A message with a command is no message to the bot.
TEST_F(CommandV2Test, ACommandBecomesAnEvent) {
  const int64_t id = Register();
  const int64_t message = Write("chat5", "/help topic one");
  const Json events = Events();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0]["type"], "ONIMBOTV2COMMANDADD");
  const Json& data = events[0]["data"];
  EXPECT_EQ(Keys(data), (std::vector<std::string>{"bot", "command", "message", "chat", "user", "language"}));
  EXPECT_EQ(data["command"],
            (Json{{"id", id}, {"command", "/help"}, {"params", "topic one"}, {"context", "textarea"}}));
  EXPECT_EQ(data["message"]["id"], message);
  EXPECT_EQ(data["message"]["text"], "/help topic one");
}

// WIRE_FACTS.md 7.3: every line, once per parameters, at most ten.
TEST_F(CommandV2Test, EachLineMayCallACommand) {
  Register();
  Write("chat5", "/help a\nnot /help b\n/help a\n/help\n/helpless");
  Json params = Json::array();
  for (const Json& event : Events()) params.push_back(event["data"]["command"]["params"]);
  EXPECT_EQ(params, (Json{"a", ""}));
  BotCall("imbot.v2.Event.get", Json{{"offset", 100}});
  std::string many;
  for (int i = 0; i < 12; ++i) many += "/help " + std::to_string(i) + "\n";
  Write("chat5", many);
  EXPECT_EQ(Events().size(), 10U);
}

// WIRE_FACTS.md 6.2: version 2 does not set SKIP_COMMAND, so that a bot can call itself.
TEST_F(CommandV2Test, ABotsOwnTextCallsCommands) {
  Register();
  Send("chat5", "/help me");
  EXPECT_EQ(EventTypes(), Json{"ONIMBOTV2COMMANDADD"});
}

// events.md: `keyboard` is the context of a pressed button.
TEST_F(CommandV2Test, AButtonCallsItsCommand) {
  Register();
  const Json id = BotCall(
      "imbot.v2.Chat.Message.send",
      Json{
          {"dialogId", "chat5"},
          {"fields",
           {{"message", "Choose"},
            {"keyboard", {{"BUTTONS", {{{"TEXT", "Help"}, {"COMMAND", "help"}, {"COMMAND_PARAMS", "now"}}}}}}}}})["id"];
  Act(Json{{"action", "press"}, {"messageId", id}, {"button", "Help"}});
  const Json events = Events();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0]["data"]["command"]["params"], "now");
  EXPECT_EQ(events[0]["data"]["command"]["context"], "keyboard");
}

// command-answer.md: example.
TEST_F(CommandV2Test, AnswerSpeaksInTheChatOfTheCommand) {
  const int64_t id = Register();
  const int64_t message = Write("chat5", "/help");
  EXPECT_EQ(message, 789);
  EXPECT_EQ(BotCall("imbot.v2.Command.answer", Answer(id, message)), kDone);
  EXPECT_EQ(LastMessage()["text"], "Here is the help text...");
  EXPECT_EQ(LastMessage()["authorId"], bot_);
  EXPECT_EQ(LastMessage()["chatId"], 5);
}

// command-answer.md: a bot that is not in the chat answers as a system message that names it.
TEST_F(CommandV2Test, AnswerFromOutsideIsASystemMessage) {
  const int64_t id = Register("help", Json{{"common", true}});
  const Json chat = Act(Json{{"action", "create_chat"}, {"title", "Others"}});
  const int64_t message = Write(chat["dialogId"], "/help");
  BotCall("imbot.v2.Command.answer", Answer(id, message));
  EXPECT_EQ(LastMessage()["authorId"], 0);
  EXPECT_EQ(LastMessage()["chatId"], chat["chatId"]);
  EXPECT_NE(LastMessage()["text"].get<std::string>().find("[USER=" + std::to_string(bot_) + "]"), std::string::npos);
}

// WIRE_FACTS.md 6.2: after ten minutes in a group `true` is told and nothing sent.
TEST_F(CommandV2Test, ALateAnswerIsDroppedSilently) {
  const int64_t id = Register();
  const int64_t message = Write("chat5", "/help");
  ASSERT_EQ(ControlPost("/clock", Json{{"advance_ms", 601'000}}).status, 200);
  EXPECT_EQ(BotCall("imbot.v2.Command.answer", Answer(id, message)), kDone);
  EXPECT_EQ(LastMessage()["id"], message);
  const Json executed = Control("/ledger")["executed"];
  EXPECT_EQ(executed.back()["changed"], false);
}

TEST_F(CommandV2Test, AnswerFails) {
  const int64_t id = Register();
  const int64_t message = Write("chat5", "/help");
  const char* const method = "imbot.v2.Command.answer";
  EXPECT_EQ(BotError(method, Answer(id, 7)), "COMMAND_ANSWER_FAILED") << "no such message";
  EXPECT_EQ(BotError(method, Answer(id, message, Json{{"message", ""}})), "COMMAND_ANSWER_FAILED") << "nothing to say";
  EXPECT_EQ(BotError(method, Answer(id, message, Json{{"message", "x"}, {"keyboard", {{{"TEXT", ""}}}}})),
            "COMMAND_ANSWER_FAILED");
  EXPECT_EQ(BotError(method, Answer(7, message)), "COMMAND_NOT_FOUND");
  EXPECT_EQ(BotError(method, Json{{"commandId", id}, {"messageId", message}}), "100");
}

}  // namespace
}  // namespace simulator
