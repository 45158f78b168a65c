// imbot, version 1: chats, messages, commands' answers. Expected values: the pages of chat-bots/outdated, and
// WIRE_FACTS.md 5 where it is named.
#include <string>

#include "tests/simulator/test/portal_fixture.h"

namespace simulator {
namespace {

// A PNG's head that says 1 x 1, and one that says 5001 x 1: all that a portal's judgement needs.
constexpr char kPng[] =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
constexpr char kWidePng[] = "iVBORw0KGgoAAAANSUhEUgAAE4kAAAABCAYAAAA=";

class ChatV1Test : public PortalTest {
 protected:
  void SetUp() override {
    PortalTest::SetUp();
    bot_ = RegisterV1();
  }
  // With the bot's identity.
  Json Own(Json params) const {
    params["BOT_ID"] = bot_;
    params["CLIENT_ID"] = "client-1";
    return params;
  }
  int64_t AddChat(Json params = Json{{"TITLE", "A chat"}, {"USERS", {2, 3}}}) const {
    return Result("imbot.chat.add", Own(std::move(params))).get<int64_t>();
  }
  Json Chat(int64_t id) const {
    const Json state = Control("/state");
    for (const Json& chat : state["chats"]) {
      if (chat["id"] == id) return chat;
    }
    return Json();
  }
  Json Dialog(int64_t id) const { return Result("imbot.dialog.get", Json{{"DIALOG_ID", "chat" + std::to_string(id)}}); }
  int64_t Send(const std::string& text) const {
    return Result("imbot.message.add", Own(Json{{"DIALOG_ID", "chat5"}, {"MESSAGE", text}})).get<int64_t>();
  }
  Json Message(int64_t id) const {
    const Json state = Control("/state");
    for (const Json& message : state["messages"]) {
      if (message["id"] == id) return message;
    }
    return Json();
  }
  void Restrict(int64_t id, const Json& what) const {
    Json body = what;
    body["id"] = id;
    ASSERT_EQ(ControlPost("/chats", body).status, 200);
  }

  int64_t bot_ = 0;
};

struct Refusal {
  Json params;
  const char* body;
  int status = 400;
};

TEST_F(ChatV1Test, AddMakesAChatOfTheBotsWithItsUsers) {
  const int64_t id = AddChat(Json{{"TYPE", "OPEN"},
                                  {"TITLE", "My new chat"},
                                  {"DESCRIPTION", "Important"},
                                  {"COLOR", "PINK"},
                                  {"MESSAGE", "Welcome"},
                                  {"USERS", Json::array({1, "2"})},
                                  {"ENTITY_TYPE", "CHAT"},
                                  {"ENTITY_ID", "13"}});
  const Json chat = Chat(id);
  EXPECT_EQ(chat["messageType"], "O");
  EXPECT_EQ(chat["name"], "My new chat");
  EXPECT_EQ(chat["owner"], bot_);
  EXPECT_EQ(chat["members"], (Json{1, 2, bot_}));
  EXPECT_EQ(Result("imbot.chat.get", Json{{"ENTITY_TYPE", "CHAT"}, {"ENTITY_ID", "13"}}), (Json{{"ID", id}}));
  EXPECT_EQ(Dialog(id)["color"], "#f76187");
  EXPECT_EQ(Dialog(id)["description"], "Important");
  const Json state = Control("/state");
  EXPECT_EQ(state["messages"].back()["text"], "Welcome");
  EXPECT_EQ(Chat(AddChat(Json{{"USERS", "[4, '5']"}}))["members"], (Json{4, 5, bot_})) << "a list's text will do";
  EXPECT_EQ(Chat(AddChat(Json{{"USERS", "5"}}))["members"], (Json{bot_})) << "anything else is no list";
}

TEST_F(ChatV1Test, GetAnswersNullForWhatIsNotThere) {
  EXPECT_NE(Rest("imbot.chat.get", Json{{"ENTITY_TYPE", "CHAT"}, {"ENTITY_ID", "13"}}).body.find(R"("result":null)"),
            std::string::npos);
  EXPECT_NE(Rest("imbot.chat.get", Json{{"ENTITY_TYPE", "CHAT"}}).body.find(R"("result":null)"), std::string::npos);
}

TEST_F(ChatV1Test, DialogGetShowsEveryFieldOfThePage) {
  const Json dialog = Dialog(AddChat(Json{{"USERS", {1, 2}}}));
  for (const char* name : {"id",
                           "parent_chat_id",
                           "parent_message_id",
                           "name",
                           "description",
                           "owner",
                           "extranet",
                           "avatar",
                           "color",
                           "type",
                           "counter",
                           "user_counter",
                           "message_count",
                           "unread_id",
                           "restrictions",
                           "last_message_id",
                           "last_id",
                           "marked_id",
                           "disk_folder_id",
                           "entity_type",
                           "entity_id",
                           "entity_data_1",
                           "entity_data_2",
                           "entity_data_3",
                           "mute_list",
                           "date_create",
                           "message_type",
                           "public",
                           "role",
                           "entity_link",
                           "text_field_enabled",
                           "background_id",
                           "permissions",
                           "is_new",
                           "readed_list",
                           "manager_list",
                           "last_message_views",
                           "dialog_id"})
    EXPECT_TRUE(dialog.contains(name)) << name;
  EXPECT_EQ(dialog["user_counter"], 3);
  EXPECT_EQ(dialog["restrictions"]["rename"], true);
}

TEST_F(ChatV1Test, DialogGetGoesByTheCredentialsUserNotTheBot) {
  const int64_t closed = AddChat(Json{{"USERS", {2}}});
  const Refusal rows[] = {
      {Json{{"DIALOG_ID", "chat" + std::to_string(closed)}},
       R"({"error":"ACCESS_ERROR","error_description":"You do not have access to the specified dialog"})", 403},
      {Json{{"DIALOG_ID", "7"}},
       R"({"error":"ACCESS_ERROR","error_description":"You don't have access to this chat"})"},
      {Json{{"DIALOG_ID", "nothing"}}, R"({"error":"DIALOG_ID_EMPTY","error_description":"Dialog ID can't be empty"})"},
  };
  for (const Refusal& row : rows) {
    const Reply reply = Rest("imbot.dialog.get", row.params);
    EXPECT_EQ(reply.status, row.status) << row.params;
    EXPECT_EQ(reply.json(), ParseJson(row.body).value()) << row.params;
  }
  EXPECT_EQ(Result("imbot.dialog.get", Json{{"DIALOG_ID", "chat5"}})["id"], 5);
  Result("imbot.message.add", Own(Json{{"DIALOG_ID", "1"}, {"MESSAGE", "Hi"}}));
  EXPECT_EQ(Result("imbot.dialog.get", Json{{"DIALOG_ID", std::to_string(bot_)}})["type"], "private");
}

TEST_F(ChatV1Test, TitleColorAndAvatarChange) {
  const int64_t id = AddChat();
  EXPECT_EQ(Result("imbot.chat.updateTitle", Own(Json{{"CHAT_ID", id}, {"TITLE", " New name \n"}})), true);
  EXPECT_EQ(Result("imbot.chat.updateColor", Own(Json{{"CHAT_ID", id}, {"COLOR", "MINT"}})), true);
  EXPECT_EQ(Result("imbot.chat.updateAvatar", Own(Json{{"CHAT_ID", id}, {"AVATAR", kPng}})), true);
  EXPECT_EQ(Dialog(5)["avatar"], "");
  Result("imbot.chat.user.add", Own(Json{{"CHAT_ID", id}, {"USERS", {1}}}));
  const Json dialog = Dialog(id);
  EXPECT_EQ(dialog["name"], "New name");
  EXPECT_EQ(dialog["color"], "#4ba984");
  EXPECT_NE(dialog["avatar"], "");
  EXPECT_EQ(Error("imbot.chat.updateColor", Own(Json{{"CHAT_ID", id}, {"COLOR", "MINT"}})), "WRONG_REQUEST");
  EXPECT_EQ(Result("imbot.chat.updateTitle", Own(Json{{"DIALOG_ID", "chat5"}, {"TITLE", "x"}})), true);
}

TEST_F(ChatV1Test, MembersComeAndGo) {
  const int64_t id = AddChat(Json{{"USERS", {2}}});
  EXPECT_EQ(Result("imbot.chat.user.list", Own(Json{{"CHAT_ID", id}})), (Json{2, bot_}));
  EXPECT_EQ(Result("imbot.chat.user.add", Own(Json{{"CHAT_ID", id}, {"USERS", {3, 4}}})), true);
  EXPECT_EQ(Error("imbot.chat.user.add", Own(Json{{"CHAT_ID", id}, {"USERS", {3, 4}}})), "WRONG_REQUEST");
  EXPECT_EQ(Error("imbot.chat.user.add", Own(Json{{"CHAT_ID", id}, {"USERS", 5}})), "WRONG_REQUEST");
  EXPECT_EQ(Result("imbot.chat.user.delete", Own(Json{{"CHAT_ID", id}, {"USER_ID", 3}})), true);
  EXPECT_EQ(Error("imbot.chat.user.delete", Own(Json{{"CHAT_ID", id}, {"USER_ID", 3}})), "WRONG_REQUEST");
  EXPECT_EQ(Chat(id)["members"], (Json{2, 4, bot_}));
  EXPECT_EQ(Result("imbot.chat.leave", Own(Json{{"CHAT_ID", id}})), true);
  EXPECT_EQ(Chat(id)["members"], (Json{2, 4}));
  EXPECT_EQ(Chat(id)["owner"], 2) << "a chat is not left without an owner";
  EXPECT_EQ(Error("imbot.chat.leave", Own(Json{{"CHAT_ID", id}})), "WRONG_REQUEST");
  EXPECT_EQ(Result("imbot.chat.user.list", Own(Json{{"CHAT_ID", id}})), Json::array());
}

TEST_F(ChatV1Test, OnlyTheOwnerChangesOwnerAndManagers) {
  const int64_t id = AddChat(Json{{"USERS", {2, 3}}});
  const auto manager = [&](int64_t user, const Json& is) {
    return Own(Json{{"CHAT_ID", id}, {"USER_ID", user}, {"IS_MANAGER", is}});
  };
  EXPECT_EQ(Result("imbot.chat.setManager", Own(Json{{"CHAT_ID", id}, {"USER_ID", 2}})), true);
  EXPECT_EQ(Chat(id)["managers"], (Json{2}));
  EXPECT_EQ(Result("imbot.chat.setManager", manager(2, "N")), true);
  EXPECT_EQ(Chat(id)["managers"], Json::array());
  Result("imbot.chat.setManager", manager(2, "Y"));
  Result("imbot.chat.setManager", manager(2, true));
  EXPECT_EQ(Chat(id)["managers"], Json::array()) << "WIRE_FACTS.md 1.3: a JSON true is not a manager";
  EXPECT_EQ(Error("imbot.chat.setManager", manager(9, "Y")), "WRONG_REQUEST") << "no member";
  EXPECT_EQ(Result("imbot.chat.setOwner", Own(Json{{"CHAT_ID", id}, {"USER_ID", 3}})), true);
  EXPECT_EQ(Chat(id)["owner"], 3);
  EXPECT_EQ(Error("imbot.chat.setOwner", Own(Json{{"CHAT_ID", id}, {"USER_ID", 2}})), "WRONG_REQUEST");
  EXPECT_EQ(Error("imbot.chat.setManager", manager(2, "Y")), "WRONG_REQUEST");
}

TEST_F(ChatV1Test, TypingIsAcceptedAndShown) {
  EXPECT_EQ(Result("imbot.chat.sendTyping", Own(Json{{"DIALOG_ID", "chat5"}})), true);
  EXPECT_EQ(Result("imbot.chat.sendTyping", Own(Json{{"DIALOG_ID", "chat777"}})), true);
  EXPECT_EQ(Error("imbot.chat.sendTyping", Own(Json::object())), "DIALOG_ID_EMPTY");
}

TEST_F(ChatV1Test, AMessageIsChangedPartByPart) {
  const int64_t id = Send("Old");
  const Json attach = Json::array({Json{{"MESSAGE", "x"}}});
  const Json keyboard = Json::array({Json{{"TEXT", "x"}, {"LINK", "/x"}}});
  EXPECT_EQ(Result("imbot.message.update",
                   Own(Json{{"MESSAGE_ID", id}, {"MESSAGE", "New"}, {"ATTACH", attach}, {"KEYBOARD", keyboard}})),
            true);
  EXPECT_EQ(Message(id)["text"], "New");
  EXPECT_TRUE(Message(id)["params"].contains("ATTACH"));
  EXPECT_EQ(Result("imbot.message.update", Own(Json{{"MESSAGE_ID", id}, {"ATTACH", "N"}})), true);
  EXPECT_FALSE(Message(id)["params"].contains("ATTACH"));
  EXPECT_TRUE(Message(id)["params"].contains("KEYBOARD"));
  EXPECT_EQ(Message(id)["text"], "New") << "what is not given stays";
  EXPECT_EQ(Error("imbot.message.update",
                  Own(Json{{"MESSAGE_ID", id}, {"KEYBOARD", ""}, {"MENU", Json::array({Json{{"TEXT", "x"}}})}})),
            "menu_ERROR");
  EXPECT_FALSE(Message(id)["params"].contains("KEYBOARD")) << "what came before the error is done (WIRE_FACTS.md 5.2)";
  EXPECT_EQ(Result("imbot.message.update", Own(Json{{"MESSAGE_ID", id}, {"MESSAGE", ""}})), true);
  EXPECT_EQ(Message(id)["deleted"], true);
}

TEST_F(ChatV1Test, MessagesAreDeletedWithAMarkOrWithoutATrace) {
  const int64_t marked = Send("a");
  const int64_t gone = Send("b");
  EXPECT_EQ(Result("imbot.message.delete", Own(Json{{"MESSAGE_ID", marked}})), true);
  EXPECT_EQ(Message(marked)["deleted"], true);
  EXPECT_EQ(Result("imbot.message.delete", Own(Json{{"MESSAGE_ID", gone}, {"COMPLETE", "Y"}})), true);
  EXPECT_TRUE(Message(gone).is_null());
}

TEST_F(ChatV1Test, ThreeDaysAfterwardsAMessageStaysAsItIs) {
  const int64_t id = Send("a");
  constexpr int64_t kThreeDays = 259'200'000;
  ControlPost("/clock", Json{{"advance_ms", kThreeDays - 60'000}});
  EXPECT_EQ(Result("imbot.message.update", Own(Json{{"MESSAGE_ID", id}, {"MESSAGE", "b"}})), true);
  ControlPost("/clock", Json{{"advance_ms", 120'000}});
  EXPECT_EQ(Error("imbot.message.update", Own(Json{{"MESSAGE_ID", id}, {"MESSAGE", "c"}}), 403), "CANT_EDIT_MESSAGE");
  EXPECT_EQ(Error("imbot.message.delete", Own(Json{{"MESSAGE_ID", id}}), 403), "CANT_EDIT_MESSAGE");
  EXPECT_EQ(Message(id)["text"], "b");
}

TEST_F(ChatV1Test, AnotherBotsMessageIsNotTouched) {
  const int64_t id = Send("a");
  const int64_t other = RegisterV1("other", "client-2");
  const Json params = Json{{"BOT_ID", other}, {"CLIENT_ID", "client-2"}, {"MESSAGE_ID", id}, {"MESSAGE", "b"}};
  EXPECT_EQ(Error("imbot.message.update", params, 403), "CANT_EDIT_MESSAGE");
  EXPECT_EQ(Error("imbot.message.delete", params, 403), "CANT_EDIT_MESSAGE");
}

TEST_F(ChatV1Test, LikesAreSetTakenAndTurnedOver) {
  const int64_t id = Send("a");
  const auto like = [&](const char* action) { return Own(Json{{"MESSAGE_ID", id}, {"ACTION", action}}); };
  EXPECT_EQ(Result("imbot.message.like", like("plus")), true);
  EXPECT_EQ(Error("imbot.message.like", like("plus")), "WITHOUT_CHANGES");
  EXPECT_EQ(Result("imbot.message.like", like("minus")), true);
  EXPECT_EQ(Error("imbot.message.like", like("minus")), "WITHOUT_CHANGES");
  for (int i = 0; i < 2; ++i) EXPECT_EQ(Result("imbot.message.like", Own(Json{{"MESSAGE_ID", id}})), true);
  EXPECT_EQ(Error("imbot.message.like", like("minus")), "WITHOUT_CHANGES");
}

TEST_F(ChatV1Test, ACommandIsAnsweredForTenMinutesInAGroup) {
  const int64_t command = Result("imbot.command.register",
                                 Own(Json{{"COMMAND", "echo"},
                                          {"EVENT_COMMAND_ADD", "https://example.com/c"},
                                          {"LANG", Json::array({Json{{"LANGUAGE_ID", "en"}, {"TITLE", "Echo"}}})}}))
                              .get<int64_t>();
  const Reply said = ControlPost(
      "/users/actions", Json{{"action", "message"}, {"user", 2}, {"dialogId", "chat5"}, {"text", "/echo hello"}});
  ASSERT_EQ(said.status, 200) << said.body;
  const int64_t asked = Control("/state")["messages"].back()["id"].get<int64_t>();
  const Json by_id = Own(Json{{"COMMAND_ID", command}, {"MESSAGE_ID", asked}, {"MESSAGE", "hello"}});
  EXPECT_EQ(Result("imbot.command.answer", by_id), asked + 1);
  EXPECT_EQ(Message(asked + 1)["authorId"], bot_);
  EXPECT_EQ(Result("imbot.command.answer", Own(Json{{"COMMAND", "echo"}, {"MESSAGE_ID", asked}, {"MESSAGE", "again"}})),
            asked + 2)
      << "the command's text will do";
  ControlPost("/clock", Json{{"advance_ms", 600'000}});
  EXPECT_EQ(Result("imbot.command.answer", by_id), true) << "nothing was sent, and no error tells (WIRE_FACTS.md 5.2)";
  EXPECT_EQ(Control("/state")["messages"].back()["id"], asked + 2);
  EXPECT_EQ(Result("imbot.command.unregister", Own(Json{{"COMMAND_ID", command}})), true);
  EXPECT_EQ(Error("imbot.command.answer", by_id), "COMMAND_ID_ERROR");
}

TEST_F(ChatV1Test, AnApplicationIsTakenAway) {
  const int64_t app =
      Result("imbot.app.register", Own(Json{{"CODE", "echo"},
                                            {"JS_METHOD", "SEND"},
                                            {"JS_PARAM", "/help"},
                                            {"LANG", Json::array({Json{{"LANGUAGE_ID", "en"}, {"TITLE", "Echo"}}})}}))
          .get<int64_t>();
  EXPECT_EQ(Error("imbot.app.unregister", Json{{"APP_ID", app}, {"CLIENT_ID", "client-2"}}), "APP_ID_ERROR");
  EXPECT_EQ(Result("imbot.app.unregister", Json{{"APP_ID", app}, {"CLIENT_ID", "client-1"}}), true);
  EXPECT_EQ(Control("/state")["apps"].size(), 0U);
  EXPECT_EQ(Error("imbot.app.unregister", Json{{"APP_ID", app}, {"CLIENT_ID", "client-1"}}), "CHAT_APP_ID_ERROR");
}

}  // namespace
}  // namespace simulator
