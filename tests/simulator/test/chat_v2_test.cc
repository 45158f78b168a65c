// imbot.v2.Chat.*: expected values from the pages of imbot.v2/chats/ and imbot.v2/ui/, each named at its test.
#include <string>
#include <vector>

#include "tests/simulator/test/messenger_fixture.h"

namespace simulator {
namespace {

const Json kDone = Json{{"result", true}};
constexpr char kPng[] =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";

class ChatV2Test : public MessengerTest {
 protected:
  Json Chat(const std::string& dialog) const {
    return BotCall("imbot.v2.Chat.get", Json{{"dialogId", dialog}})["chat"];
  }
};

// chat-add.md: example and reply.
TEST_F(ChatV2Test, AddAnswersWithTheDocumentedObjects) {
  const Json result = BotCall("imbot.v2.Chat.add",
                              Json{{"fields", {{"title", "Support Chat"}, {"color", "mint"}, {"userIds", {1, 2}}}}});
  const Json& chat = result["chat"];
  ExpectKeys(chat, {"id",
                    "dialogId",
                    "name",
                    "description",
                    "type",
                    "messageType",
                    "owner",
                    "color",
                    "avatar",
                    "extranet",
                    "containsCollaber",
                    "entityType",
                    "entityId",
                    "entityData1",
                    "entityData2",
                    "entityData3",
                    "entityLink",
                    "diskFolderId",
                    "role",
                    "permissions",
                    "muteList",
                    "parentChatId",
                    "parentMessageId",
                    "isNew",
                    "textFieldEnabled",
                    "backgroundId",
                    "dateCreate",
                    "lastMessageId",
                    "lastMessageViews",
                    "lastId",
                    "managerList",
                    "markedId",
                    "messageCount",
                    "public",
                    "unreadId",
                    "userCounter"});
  EXPECT_EQ(chat["dialogId"], "chat" + std::to_string(chat["id"].get<int64_t>()));
  EXPECT_EQ(chat["name"], "Support Chat");
  EXPECT_EQ(chat["type"], "chat");
  EXPECT_EQ(chat["messageType"], "C");
  EXPECT_EQ(chat["owner"], bot_) << "the bot becomes the owner";
  EXPECT_EQ(chat["color"], "#4ba984");
  EXPECT_EQ(chat["role"], "owner");
  EXPECT_EQ(chat["isNew"], true);
  EXPECT_EQ(chat["lastMessageId"], 789);
  EXPECT_EQ(chat["messageCount"], 1);
  EXPECT_EQ(chat["userCounter"], 3);
  EXPECT_EQ(chat["managerList"], Json::array());
  ASSERT_EQ(result["users"].size(), 2U);
  EXPECT_EQ(result["users"][0]["id"], 1);
  EXPECT_EQ(result["users"][1]["type"], "employee");
}

// chat-add.md: fields and colours. WIRE_FACTS.md 1.7: textFieldEnabled is a boolean, "Y" or "N" in the documentation.
TEST_F(ChatV2Test, AddTakesEveryField) {
  const Json fields = Json{{"title", "A"},       {"description", "B"}, {"color", "lightBlue"}, {"avatar", kPng},
                           {"userIds", {2, 99}}, {"ownerId", 3},       {"message", "first"}};
  const Json chat = BotCall("imbot.v2.Chat.add", Json{{"fields", fields}})["chat"];
  EXPECT_EQ(chat["description"], "B");
  EXPECT_EQ(chat["color"], "#4ba5c3");
  EXPECT_NE(chat["avatar"], "");
  EXPECT_EQ(chat["owner"], 3);
  EXPECT_EQ(chat["role"], "member");
  EXPECT_EQ(chat["userCounter"], 3) << "the user who does not exist is passed over";
  EXPECT_EQ(chat["messageCount"], 2);
  EXPECT_EQ(chat["textFieldEnabled"], true);
  BehaveAsDocumented();
  EXPECT_EQ(BotCall("imbot.v2.Chat.add")["chat"]["textFieldEnabled"], "Y");
}

// chat-get.md
TEST_F(ChatV2Test, GetIsForMembers) {
  const Json chat = Chat("chat5");
  EXPECT_EQ(chat["id"], 5);
  EXPECT_EQ(chat["isNew"], false);
  EXPECT_EQ(chat["role"], "member");
  EXPECT_EQ(Chat("1")["type"], "private");
  EXPECT_EQ(Chat("1")["dialogId"], "1");
  const int64_t other = Act(Json{{"action", "create_chat"}, {"title", "Others"}, {"users", {2}}})["chatId"];
  EXPECT_EQ(BotError("imbot.v2.Chat.get", Json{{"dialogId", "chat" + std::to_string(other)}}), "ACCESS_DENIED");
  EXPECT_EQ(BotError("imbot.v2.Chat.get", Json{{"dialogId", "chat777777"}}), "ACCESS_DENIED");
  EXPECT_EQ(BotError("imbot.v2.Chat.get", Json{{"dialogId", 5}}), "100") << "a dialogId is a string";
}

// chat-update.md: example.
TEST_F(ChatV2Test, UpdateChangesWhatIsNamed) {
  EXPECT_EQ(BotCall("imbot.v2.Chat.update",
                    Json{{"dialogId", "chat5"}, {"fields", {{"title", "New Title"}, {"color", "azure"}}}}),
            kDone);
  EXPECT_EQ(Chat("chat5")["name"], "New Title");
  EXPECT_EQ(Chat("chat5")["color"], "#29619b");
  BotCall("imbot.v2.Chat.update", Json{{"dialogId", "chat5"}, {"fields", {{"description", "d"}, {"avatar", kPng}}}});
  EXPECT_EQ(Chat("chat5")["name"], "New Title");
  EXPECT_EQ(Chat("chat5")["description"], "d");
  EXPECT_NE(Chat("chat5")["avatar"], "");
  EXPECT_EQ(BotError("imbot.v2.Chat.update", Json{{"dialogId", "chat777"}, {"fields", {{"title", "x"}}}}),
            "ACCESS_DENIED");
}

// chat-leave.md
TEST_F(ChatV2Test, LeaveTakesTheBotOut) {
  EXPECT_EQ(BotCall("imbot.v2.Chat.leave", Json{{"dialogId", "chat5"}}), kDone);
  EXPECT_EQ(BotError("imbot.v2.Chat.leave", Json{{"dialogId", "chat5"}}), "ACCESS_DENIED");
  EXPECT_EQ(BotError("imbot.v2.Chat.Message.send", Json{{"dialogId", "chat5"}, {"fields", {{"message", "x"}}}}),
            "ACCESS_DENIED");
}

// chat-set-owner.md: only the owner hands a chat over.
TEST_F(ChatV2Test, SetOwnerIsTheOwners) {
  const Json params = Json{{"dialogId", "chat5"}, {"userId", 1}};
  EXPECT_EQ(BotError("imbot.v2.Chat.setOwner", params), "ACCESS_DENIED");
  OwnChat5();
  EXPECT_EQ(Chat("chat5")["role"], "owner");
  EXPECT_EQ(BotCall("imbot.v2.Chat.setOwner", params), kDone);
  EXPECT_EQ(Chat("chat5")["owner"], 1);
  EXPECT_EQ(BotError("imbot.v2.Chat.setOwner", Json{{"dialogId", "chat5"}}), "100");
}

// chat-manager-add.md, chat-manager-delete.md
TEST_F(ChatV2Test, ManagersAreMadeByTheOwner) {
  const Json params = Json{{"dialogId", "chat5"}, {"userIds", {4, 5, 77}}};
  EXPECT_EQ(BotError("imbot.v2.Chat.Manager.add", params), "ACCESS_DENIED");
  OwnChat5();
  EXPECT_EQ(BotError("imbot.v2.Chat.Manager.add", Json{{"dialogId", "chat5"}}), "EMPTY_USER_IDS");
  EXPECT_EQ(BotError("imbot.v2.Chat.Manager.delete", Json{{"dialogId", "chat5"}, {"userIds", Json::array()}}),
            "EMPTY_USER_IDS");
  EXPECT_EQ(BotCall("imbot.v2.Chat.Manager.add", params), kDone);
  EXPECT_EQ(Chat("chat5")["managerList"], (Json{4, 5})) << "who is not in the chat is ignored";
  EXPECT_EQ(BotCall("imbot.v2.Chat.Manager.delete", Json{{"dialogId", "chat5"}, {"userIds", {4}}}), kDone);
  EXPECT_EQ(Chat("chat5")["managerList"], Json{5});
  Act(Json{{"action", "set_owner"}, {"user", 1}, {"dialogId", "chat9"}, {"owner", 2}});
  EXPECT_EQ(BotError("imbot.v2.Chat.Manager.delete", Json{{"dialogId", "chat9"}, {"userIds", {4}}}), "ACCESS_DENIED");
}

// chat-user-list.md: the result is the list itself; limit 1 to 200, 50 by default.
TEST_F(ChatV2Test, UserListSortsAndLimits) {
  const Json all =
      BotCall("imbot.v2.Chat.User.list", Json{{"dialogId", "chat5"}, {"order", {{"id", "ASC"}}}, {"limit", 50}});
  ASSERT_EQ(all.size(), 11U);
  EXPECT_EQ(all[0]["id"], 1);
  ExpectKeys(all[0], {"id",          "active",         "name",   "firstName", "lastName",         "workPosition",
                      "color",       "avatar",         "gender", "birthday",  "extranet",         "bot",
                      "connector",   "externalAuthId", "status", "idle",      "lastActivityDate", "absent",
                      "departments", "phones",         "type"});
  const auto first = [&](const Json& order, int limit) {
    const Json users =
        BotCall("imbot.v2.Chat.User.list", Json{{"dialogId", "chat5"}, {"order", order}, {"limit", limit}});
    return users.size() == static_cast<size_t>(limit) ? users[0]["id"] : Json(nullptr);
  };
  EXPECT_EQ(first(Json{{"userId", "desc"}}, 2), bot_);
  Write("chat5", "hello", 4);
  EXPECT_EQ(first(Json{{"lastSendMessageId", "DESC"}}, 1), 4);
  EXPECT_EQ(BotCall("imbot.v2.Chat.User.list", Json{{"dialogId", "chat5"}, {"limit", 0}}).size(), 11U);
  EXPECT_EQ(BotError("imbot.v2.Chat.User.list", Json{{"dialogId", "chat777"}}), "ACCESS_DENIED");
}

// chat-user-add.md: those who do not exist are ignored. The source asks for membership, the page for an administrator.
TEST_F(ChatV2Test, UserAddIgnoresWhoDoesNotExist) {
  const Json params = Json{{"dialogId", "chat5"}, {"userIds", {1, 2, 333}}};
  EXPECT_EQ(BotCall("imbot.v2.Chat.User.add", params), kDone);
  EXPECT_EQ(Chat("chat5")["userCounter"], 11);
  BehaveAsDocumented();
  EXPECT_EQ(BotError("imbot.v2.Chat.User.add", params), "ACCESS_DENIED");
  OwnChat5();
  EXPECT_EQ(BotCall("imbot.v2.Chat.User.add", params), kDone);
}

// chat-user-delete.md
TEST_F(ChatV2Test, UserDeleteIsIdempotent) {
  const Json params = Json{{"dialogId", "chat5"}, {"userId", 1}};
  EXPECT_EQ(BotError("imbot.v2.Chat.User.delete", params), "ACCESS_DENIED");
  OwnChat5();
  EXPECT_EQ(BotCall("imbot.v2.Chat.User.delete", params), kDone);
  EXPECT_EQ(Chat("chat5")["userCounter"], 10);
  EXPECT_EQ(BotCall("imbot.v2.Chat.User.delete", params), kDone) << "true for who is not in the chat";
  EXPECT_EQ(Chat("chat5")["userCounter"], 10);
  BotCall("imbot.v2.Chat.User.add", Json{{"dialogId", "chat5"}, {"userIds", {1}}});
  EXPECT_EQ(Chat("chat5")["userCounter"], 11);
}

// chat-text-field-enabled.md: a person can't type where the field is off; buttons work.
TEST_F(ChatV2Test, TextFieldIsSwitched) {
  EXPECT_EQ(BotCall("imbot.v2.Chat.TextField.enabled", Json{{"dialogId", "chat5"}, {"enabled", false}}), kDone);
  EXPECT_EQ(Chat("chat5")["textFieldEnabled"], false);
  const Json message = Json{{"action", "message"}, {"dialogId", "chat5"}, {"text", "x"}};
  EXPECT_EQ(ControlPost("/users/actions", message).status, 409);
  EXPECT_EQ(BotCall("imbot.v2.Chat.TextField.enabled", Json{{"dialogId", "chat5"}}), kDone) << "true by default";
  EXPECT_EQ(Chat("chat5")["textFieldEnabled"], true);
  EXPECT_EQ(ControlPost("/users/actions", message).status, 200);
  BotCall("imbot.v2.Chat.TextField.enabled", Json{{"dialogId", "1"}, {"enabled", "N"}});
  BehaveAsDocumented();
  EXPECT_EQ(Chat("1")["textFieldEnabled"], "N");
  EXPECT_EQ(BotError("imbot.v2.Chat.TextField.enabled", Json{{"dialogId", "chat777"}}), "ACCESS_DENIED");
}

// chat-input-action-notify.md: example.
TEST_F(ChatV2Test, InputActionIsShown) {
  EXPECT_EQ(
      BotCall("imbot.v2.Chat.InputAction.notify",
              Json{{"dialogId", "chat5"}, {"statusMessageCode", "IMBOT_AGENT_ACTION_THINKING"}, {"duration", 30}}),
      kDone);
  const Json state = Control("/messenger");
  for (const Json& chat : state["chats"]) {
    if (chat["id"] != 5) continue;
    EXPECT_EQ(chat["inputActions"][0]["botId"], bot_);
    EXPECT_EQ(chat["inputActions"][0]["code"], "IMBOT_AGENT_ACTION_THINKING");
    EXPECT_EQ(chat["inputActions"][0]["seconds"], 30);
  }
  EXPECT_EQ(BotCall("imbot.v2.Chat.InputAction.notify", Json{{"dialogId", "1"}}), kDone);
  EXPECT_EQ(BotError("imbot.v2.Chat.InputAction.notify", Json{{"dialogId", "chat777"}}), "ACCESS_DENIED");
}

// The common part of every page's table of errors.
TEST_F(ChatV2Test, EveryMethodChecksTheBot) {
  const Json dialog = Json{{"dialogId", "chat5"}};
  for (const char* method : {"imbot.v2.Chat.add", "imbot.v2.Chat.get", "imbot.v2.Chat.update", "imbot.v2.Chat.leave",
                             "imbot.v2.Chat.setOwner", "imbot.v2.Chat.Manager.add", "imbot.v2.Chat.Manager.delete",
                             "imbot.v2.Chat.User.list", "imbot.v2.Chat.User.add", "imbot.v2.Chat.User.delete",
                             "imbot.v2.Chat.TextField.enabled", "imbot.v2.Chat.InputAction.notify"}) {
    ExpectIdentityErrors(method, dialog);
  }
  EXPECT_EQ(Chat("chat5")["userCounter"], 11) << "nothing was done";
}

}  // namespace
}  // namespace simulator
