// imbot.v2: bots, messages, commands. Expected values: the pages of bots/, messages/ and commands/, and WIRE_FACTS.md 6
// and 8.
#include <string>

#include "tests/simulator/test/portal_fixture.h"

namespace simulator {
namespace {

constexpr char kUuid[] = "0b9d1c9e-8a51-4d6b-9c6f-0123456789ab";
// A transparent PNG of one pixel.
constexpr char kPng[] =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";

class V2Test : public PortalTest {
 protected:
  Json RegisterFields(const Json& changes) const {
    Json fields = Json{{"code", "support_bot"}, {"botToken", "token-1"}, {"properties", {{"name", "Support Bot"}}}};
    for (auto it = changes.begin(); it != changes.end(); ++it) fields[it.key()] = it.value();
    return Json{{"fields", fields}};
  }
  Json Messages() const { return Control("/state")["messages"]; }
};

using BotV2Test = V2Test;

TEST_F(BotV2Test, RegisterAnswersWithTheDocumentedObject) {
  const Json result = Result("imbot.v2.Bot.register",
                             Json{{"fields",
                                   {{"code", "support_bot"},
                                    {"botToken", "my_bot_token"},
                                    {"properties", {{"name", "Support Bot"}, {"workPosition", "AI Assistant"}}},
                                    {"type", "bot"},
                                    {"eventMode", "fetch"}}}});
  EXPECT_EQ(result["bot"], (Json{{"id", 39},
                                 {"code", "support_bot"},
                                 {"type", "bot"},
                                 {"isHidden", false},
                                 {"isSupportOpenline", false},
                                 {"isReactionsEnabled", true},
                                 {"backgroundId", nullptr},
                                 {"language", "en"},
                                 {"moduleId", "rest"},
                                 {"eventMode", "fetch"},
                                 {"countMessage", 0},
                                 {"countCommand", 0},
                                 {"countChat", 0},
                                 {"countUser", 0}}));
  const Json& user = result["users"][0];
  EXPECT_EQ(user["id"], 39);
  EXPECT_EQ(user["workPosition"], "AI Assistant");
  EXPECT_EQ(user["bot"], true);
  EXPECT_EQ(user["type"], "bot");
  EXPECT_EQ(user["externalAuthId"], "bot");
  EXPECT_EQ(user["phones"], false);
  EXPECT_EQ(user["idle"], false);
}

TEST_F(BotV2Test, RegisterAgainReturnsTheBotUnchanged) {
  const int64_t id = RegisterBot();
  const Json again = Result("imbot.v2.Bot.register", RegisterFields(Json{{"isHidden", true}}));
  EXPECT_EQ(again["bot"]["id"], id);
  EXPECT_EQ(again["bot"]["isHidden"], false);
  EXPECT_EQ(Control("/state")["bots"].size(), 1U);
  EXPECT_EQ(Error("imbot.v2.Bot.register", RegisterFields(Json{{"botToken", "token-2"}})), "BOT_CODE_ALREADY_TAKEN");
}

TEST_F(BotV2Test, RegisterRefusesWhatThePageSays) {
  struct Row {
    Json changes;
    const char* code;
  };
  const Row rows[] = {
      {Json{{"botToken", ""}}, "BOT_TOKEN_NOT_SPECIFIED"},
      {Json{{"botToken", std::string(41, 'x')}}, "BOT_TOKEN_INVALID_LENGTH"},
      {Json{{"code", ""}}, "BOT_CODE_REQUIRED"},
      {Json{{"properties", Json::object()}}, "BOT_PROPERTIES_REQUIRED"},
      {Json{{"properties", {{"lastName", "x"}}}}, "BOT_PROPERTIES_REQUIRED"},
      {Json{{"eventMode", "push"}}, "BOT_INVALID_EVENT_MODE"},
      {Json{{"eventMode", "webhook"}}, "BOT_WEBHOOK_URL_REQUIRED"},
      {Json{{"eventMode", "webhook"}, {"webhookUrl", "ftp://a.example/"}}, "BOT_INVALID_CALLBACK"},
      {Json{{"type", "robot"}}, "BOT_INVALID_TYPE"},
      {Json{{"properties", {{"name", "x"}, {"avatar", "bm8gaW1hZ2U="}}}}, "BOT_AVATAR_INCORRECT_TYPE"},
  };
  for (const Row& row : rows)
    EXPECT_EQ(Error("imbot.v2.Bot.register", RegisterFields(row.changes)), row.code) << row.changes;
  EXPECT_EQ(Control("/state")["bots"].size(), 0U);
  EXPECT_EQ(Control("/ledger")["executed"].size(), 0U);
  EXPECT_EQ(Control("/ledger")["rejected"].size(), std::size(rows));
}

TEST_F(BotV2Test, RegisterTakesATokenOfFortyCharactersAndAnAvatar) {
  const Json fields = Json{{"botToken", std::string(40, 'x')}, {"properties", {{"name", "x"}, {"avatar", kPng}}}};
  EXPECT_EQ(Rest("imbot.v2.Bot.register", RegisterFields(fields)).status, 200);
}

TEST_F(BotV2Test, HandlersWithoutADotAreRefusedAsOnARealPortalIfAskedTo) {
  const Json fields = RegisterFields(Json{{"eventMode", "webhook"}, {"webhookUrl", "http://localhost:8080/hook"}});
  options_.portal.local_handlers = false;
  Restart();
  EXPECT_EQ(Error("imbot.v2.Bot.register", fields), "BOT_INVALID_CALLBACK");
  options_.portal.local_handlers = true;
  Restart();
  EXPECT_EQ(Result("imbot.v2.Bot.register", fields)["bot"]["eventMode"], "webhook");
}

TEST_F(BotV2Test, OldRevisionsLeakTheOwnersKey) {
  options_.portal.revision = 33;
  Restart();
  EXPECT_EQ(Result("imbot.v2.Bot.register", RegisterFields(Json::object()))["bot"]["appId"], "customtoken-1");
}

TEST_F(BotV2Test, IdentityIsCheckedInTheServersOrder) {
  const int64_t id = RegisterBot();
  EXPECT_EQ(Error("imbot.v2.Bot.unregister", Json{{"botId", id}}), "BOT_TOKEN_NOT_SPECIFIED");
  EXPECT_EQ(Error("imbot.v2.Bot.unregister", Json{{"botToken", "token-1"}}), "BOT_ID_REQUIRED");
  EXPECT_EQ(Error("imbot.v2.Bot.unregister", Json{{"botToken", "token-1"}, {"botId", 9999}}), "BOT_NOT_FOUND");
  EXPECT_EQ(Error("imbot.v2.Bot.unregister", Json{{"botToken", "token-2"}, {"botId", id}}), "BOT_OWNERSHIP_ERROR");
  EXPECT_EQ(Result("imbot.v2.Bot.unregister", Json{{"BOT_TOKEN", "token-1"}, {"BOT_ID", std::to_string(id)}}),
            (Json{{"result", true}}));
  EXPECT_EQ(Error("imbot.v2.Bot.unregister", Json{{"botToken", "token-1"}, {"botId", id}}), "BOT_NOT_FOUND");
}

TEST_F(BotV2Test, UpdateAppliesFieldsAndResetsTheOmittedProfile) {
  const int64_t id = Result(
      "imbot.v2.Bot.register",
      RegisterFields(
          Json{{"properties",
                {{"name", "A"}, {"lastName", "B"}, {"workPosition", "C"}, {"color", "lightBlue"}}}}))["bot"]["id"];
  const Json result = Result(
      "imbot.v2.Bot.update",
      Json{{"botId", id},
           {"botToken", "token-1"},
           {"fields", {{"properties", {{"name", "Updated Bot"}}}, {"isHidden", true}, {"backgroundId", "azure"}}}});
  EXPECT_EQ(result["bot"]["isHidden"], true);
  EXPECT_EQ(result["bot"]["backgroundId"], "azure");
  EXPECT_EQ(result["users"][0]["name"], "Updated Bot");
  EXPECT_EQ(result["users"][0]["lastName"], "");
  EXPECT_EQ(result["users"][0]["color"], "#4ba5c3");
  EXPECT_EQ(
      Error("imbot.v2.Bot.update", Json{{"botId", id}, {"botToken", "token-1"}, {"fields", {{"eventMode", "x"}}}}),
      "BOT_INVALID_EVENT_MODE");
}

TEST_F(BotV2Test, ANullBackgroundResetsOnlyAsDocumented) {
  const auto background_after_null = [&] {
    const int64_t id = Result("imbot.v2.Bot.register", RegisterFields(Json{{"backgroundId", "azure"}}))["bot"]["id"];
    return Result(
        "imbot.v2.Bot.update",
        Json{{"botId", id}, {"botToken", "token-1"}, {"fields", {{"backgroundId", nullptr}}}})["bot"]["backgroundId"];
  };
  EXPECT_EQ(background_after_null(), "azure");
  options_.portal.behave_as_documented = true;
  Restart();
  EXPECT_EQ(background_after_null(), nullptr);
}

TEST_F(BotV2Test, RotationMovesTheBotToTheNewToken) {
  const int64_t id = RegisterBot();
  const int64_t other = RegisterBot("other", "token-2");
  ASSERT_GT(other, id);
  const auto rotate = [&](const std::string& from, const std::string& to) {
    return Json{{"botId", id}, {"botToken", from}, {"fields", {{"botToken", to}}}};
  };
  EXPECT_EQ(Error("imbot.v2.Bot.update", rotate("token-1", "token-2")), "BOT_TOKEN_ROTATION_FAILED");
  EXPECT_EQ(Error("imbot.v2.Bot.update", rotate("token-1", std::string(41, 'y'))), "BOT_TOKEN_INVALID_LENGTH");
  EXPECT_EQ(Rest("imbot.v2.Bot.update", rotate("token-1", "token-3")).status, 200);
  EXPECT_EQ(Error("imbot.v2.Bot.update", rotate("token-1", "token-4")), "BOT_OWNERSHIP_ERROR");
  EXPECT_EQ(Rest("imbot.v2.Bot.get", Json{{"botId", id}, {"botToken", "token-3"}}).status, 200);
}

TEST_F(BotV2Test, GetShowsForeignBotsInBrief) {
  const int64_t id = RegisterBot();
  EXPECT_EQ(Result("imbot.v2.Bot.get", Json{{"code", "support_bot"}, {"botToken", "token-1"}})["bot"]["eventMode"],
            "fetch");
  const Json brief = Result("imbot.v2.Bot.get", Json{{"botId", id}, {"botToken", "token-2"}})["bot"];
  EXPECT_EQ(Find(brief, "eventMode"), nullptr);
  EXPECT_EQ(brief["code"], "support_bot");
  EXPECT_EQ(Error("imbot.v2.Bot.get", Json{{"botToken", "token-1"}}), "PARAMS_REQUIRED");
  EXPECT_EQ(Error("imbot.v2.Bot.get", Json{{"botToken", "token-1"}, {"code", "none"}}), "BOT_NOT_FOUND");
}

TEST_F(BotV2Test, ListPagesThroughOwnBots) {
  for (int i = 0; i < 3; ++i) RegisterBot("bot" + std::to_string(i));
  RegisterBot("foreign", "token-2");
  const Json page =
      Result("imbot.v2.Bot.list", Json{{"botToken", "token-1"}, {"filter", {{"type", "bot"}}}, {"limit", 2}});
  EXPECT_EQ(page["bots"].size(), 2U);
  EXPECT_EQ(page["users"].size(), 2U);
  EXPECT_EQ(page["hasNextPage"], true);
  const Json rest = Result("imbot.v2.Bot.list", Json{{"botToken", "token-1"}, {"limit", 2}, {"offset", 2}});
  EXPECT_EQ(rest["bots"].size(), 1U);
  EXPECT_EQ(rest["hasNextPage"], false);
  EXPECT_EQ(Result("imbot.v2.Bot.list", Json{{"botToken", "token-9"}})["bots"], Json::array());
}

using MessageV2Test = V2Test;

TEST_F(MessageV2Test, SendStoresTheMessageAndAnswersWithItsId) {
  const int64_t id = RegisterBot();
  const Json keyboard =
      Json::array({Json{{"TEXT", "Open"}, {"LINK", "https://example.com"}, {"BG_COLOR_TOKEN", "primary"}}});
  const Reply reply =
      Rest("imbot.v2.Chat.Message.send", SendParams(id, Json{{"message", "Hello from bot!"}, {"keyboard", keyboard}}));
  ASSERT_EQ(reply.status, 200);
  EXPECT_NE(reply.body.find(R"("result":{"id":789,"uuidMap":[]})"), std::string::npos) << reply.body;
  const Json message = Messages()[0];
  EXPECT_EQ(message["text"], "Hello from bot!");
  EXPECT_EQ(message["authorId"], id);
  EXPECT_EQ(message["chatId"], 5);
  EXPECT_EQ(message["given"]["keyboard"], keyboard);
  EXPECT_EQ(message["params"]["KEYBOARD"][0]["BG_COLOR_TOKEN"], "primary");
}

TEST_F(MessageV2Test, SendRefusesWhatTheServerRefuses) {
  const int64_t id = RegisterBot();
  const std::string send = "imbot.v2.Chat.Message.send";
  EXPECT_EQ(Error(send, SendParams(id, Json{{"message", "  "}})), "EMPTY_MESSAGE");
  EXPECT_EQ(Error(send, SendParams(id, Json{{"message", 5}})), "EMPTY_MESSAGE");
  EXPECT_EQ(Error(send, SendParams(id, Json::object())), "EMPTY_MESSAGE");
  EXPECT_EQ(Error(send, SendParams(id, Json{{"MESSAGE", "upper case is dropped"}})), "EMPTY_MESSAGE");
  EXPECT_EQ(Error(send, SendParams(id, Json{{"message", "x"}}, "chat777")), "ACCESS_DENIED");
  EXPECT_EQ(Error(send, SendParams(id, Json{{"message", "x"}, {"keyboard", Json::array({Json{{"TEXT", "x"}}})}})),
            "PARAM_KEYBOARD_ERROR");
  EXPECT_EQ(Error(send, SendParams(id, Json{{"message", "x"}, {"attach", Json::array({Json{{"NOTHING", 1}}})}})),
            "PARAM_ATTACH_ERROR");
  EXPECT_EQ(Error(send, SendParams(id, Json{{"attach", Json::array({Json{{"MESSAGE", std::string(60'000, 'x')}}})}})),
            "PARAM_ATTACH_ERROR");
  EXPECT_EQ(Error(send, SendParams(id, Json{{"message", "x"}, {"replyId", 12345}})), "REPLY_ERROR");
  EXPECT_EQ(Error(send, SendParams(id, Json{{"forwardIds", {{"no-uuid", 1}}}})), "WRONG_UUID");
  Json number = SendParams(id, Json{{"message", "x"}});
  number["dialogId"] = 5;
  EXPECT_EQ(Error(send, number), "100");
  EXPECT_EQ(Error(send, SendParams(id, Json("text"))), "100");
  EXPECT_EQ(Messages().size(), 0U);
}

TEST_F(MessageV2Test, ABotOutsideTheChatIsDenied) {
  options_.portal.open_chats = false;
  Restart();
  EXPECT_EQ(Error("imbot.v2.Chat.Message.send", SendParams(RegisterBot(), Json{{"message", "x"}})), "ACCESS_DENIED");
}

TEST_F(MessageV2Test, APrivateDialogueIsMadeOnTheFirstMessage) {
  const int64_t id = RegisterBot();
  Result("imbot.v2.Chat.Message.send", SendParams(id, Json{{"message", "x"}}, "1"));
  Result("imbot.v2.Chat.Message.send", SendParams(id, Json{{"message", "y"}}, "1"));
  EXPECT_EQ(Messages()[0]["chatId"], Messages()[1]["chatId"]);
  EXPECT_EQ(Error("imbot.v2.Chat.Message.send", SendParams(id, Json{{"message", "x"}}, "99999")), "ACCESS_DENIED");
}

TEST_F(MessageV2Test, ATemplateIdIsSentOnceAcrossBotsAndChats) {
  const int64_t id = RegisterBot();
  const int64_t other = RegisterBot("other", "token-2");
  const Json first =
      Result("imbot.v2.Chat.Message.send", SendParams(id, Json{{"message", "a"}, {"templateId", kUuid}}));
  const Json second =
      Result("imbot.v2.Chat.Message.send", SendParams(id, Json{{"message", "b"}, {"templateId", kUuid}}));
  const Json third = Result("imbot.v2.Chat.Message.send",
                            SendParams(other, Json{{"message", "c"}, {"templateId", kUuid}}, "chat9", "token-2"));
  EXPECT_EQ(second["id"], first["id"]);
  EXPECT_EQ(third["id"], first["id"]);
  ASSERT_EQ(Messages().size(), 1U);
  EXPECT_EQ(Messages()[0]["text"], "a");
  const Json executed = Control("/ledger?method=imbot.v2.Chat.Message.send")["executed"];
  EXPECT_EQ(executed[0]["changed"], true);
  EXPECT_EQ(executed[1]["changed"], false);
}

TEST_F(MessageV2Test, OnlyLowerCaseUuidsOfOrdinaryMessagesAreDeduplicated) {
  const int64_t id = RegisterBot();
  for (int i = 0; i < 2; ++i) {
    Result("imbot.v2.Chat.Message.send",
           SendParams(id, Json{{"message", "a"}, {"templateId", "0B9D1C9E-8A51-4D6B-9C6F-0123456789AB"}}));
    Result("imbot.v2.Chat.Message.send",
           SendParams(id, Json{{"message", "a"}, {"templateId", kUuid}, {"system", true}}));
  }
  EXPECT_EQ(Messages().size(), 4U);
  EXPECT_EQ(Messages()[1]["authorId"], 0) << "a system message has no author";
}

TEST_F(MessageV2Test, AReservationHoldsForAnHour) {
  const int64_t id = RegisterBot();
  const Json params = SendParams(id, Json{{"message", "a"}, {"templateId", kUuid}});
  AddFaults(Json{{"method", "imbot.v2.Chat.Message.send"}, {"kind", "reset"}, {"at", "after_reserve"}});
  EXPECT_EQ(Rest("imbot.v2.Chat.Message.send", params).end, Reply::End::kReset);
  EXPECT_EQ(Messages().size(), 0U);
  EXPECT_EQ(Error("imbot.v2.Chat.Message.send", params), "MESSAGE_DUPLICATED_BY_UUID");
  ControlPost("/clock", Json{{"advance_ms", 3'599'000}});
  EXPECT_EQ(Error("imbot.v2.Chat.Message.send", params), "MESSAGE_DUPLICATED_BY_UUID");
  ControlPost("/clock", Json{{"advance_ms", 1'000}});
  EXPECT_EQ(Rest("imbot.v2.Chat.Message.send", params).status, 200);
  EXPECT_EQ(Messages().size(), 1U);
}

TEST_F(MessageV2Test, AMessageWhoseIdWasNotFilledInIsDoubledAfterAnHour) {
  const int64_t id = RegisterBot();
  const Json params = SendParams(id, Json{{"message", "a"}, {"templateId", kUuid}});
  AddFaults(Json{{"method", "*"}, {"kind", "reset"}, {"at", "after_store"}});
  EXPECT_EQ(Rest("imbot.v2.Chat.Message.send", params).end, Reply::End::kReset);
  EXPECT_EQ(Messages().size(), 1U);
  EXPECT_EQ(Control("/ledger?method=imbot.v2.Chat.Message.send")["executed"].size(), 1U)
      << "it was sent, whatever became of the reply";
  EXPECT_EQ(Error("imbot.v2.Chat.Message.send", params), "MESSAGE_DUPLICATED_BY_UUID");
  ControlPost("/clock", Json{{"advance_ms", 3'600'000}});
  EXPECT_EQ(Rest("imbot.v2.Chat.Message.send", params).status, 200);
  EXPECT_EQ(Messages().size(), 2U);
}

TEST_F(MessageV2Test, AFailureBeforeTheReservationLeavesTheTemplateIdFree) {
  const int64_t id = RegisterBot();
  const Json params = SendParams(id, Json{{"message", "a"}, {"templateId", kUuid}});
  AddFaults(Json{{"method", "*"}, {"kind", "reset"}, {"at", "before_reserve"}});
  EXPECT_EQ(Rest("imbot.v2.Chat.Message.send", params).end, Reply::End::kReset);
  EXPECT_EQ(Rest("imbot.v2.Chat.Message.send", params).status, 200);
  EXPECT_EQ(Messages().size(), 1U);
}

TEST_F(MessageV2Test, ForwardsAnswerWithTheirKeys) {
  const int64_t id = RegisterBot();
  const Json original = Result("imbot.v2.Chat.Message.send", SendParams(id, Json{{"message", "a"}}));
  const Json params = SendParams(id, Json{{"forwardIds", {{kUuid, original["id"]}}}}, "chat9");
  const Json forwarded = Result("imbot.v2.Chat.Message.send", params);
  EXPECT_EQ(forwarded["id"], nullptr);
  EXPECT_EQ(forwarded["uuidMap"].size(), 1U);
  EXPECT_EQ(Messages().size(), 2U);
  EXPECT_EQ(Result("imbot.v2.Chat.Message.send", params)["uuidMap"], forwarded["uuidMap"]);
  EXPECT_EQ(Messages().size(), 2U);
}

TEST_F(MessageV2Test, LongTextsAreCut) {
  const int64_t id = RegisterBot();
  Result("imbot.v2.Chat.Message.send", SendParams(id, Json{{"message", std::string(20'007, 'x')}}));
  EXPECT_EQ(Messages()[0]["text"], std::string(20'000, 'x') + " (...)");
}

TEST_F(MessageV2Test, UpdateChangesOwnMessagesOnly) {
  const int64_t id = RegisterBot();
  const int64_t other = RegisterBot("other", "token-2");
  const Json message = Result(
      "imbot.v2.Chat.Message.send",
      SendParams(id, Json{{"message", "a"}, {"keyboard", Json::array({Json{{"TEXT", "x"}, {"LINK", "/x"}}})}}))["id"];
  const auto update = [&](int64_t bot, const char* token, const Json& fields) {
    return Json{{"botId", bot}, {"botToken", token}, {"messageId", message}, {"fields", fields}};
  };
  EXPECT_EQ(Error("imbot.v2.Chat.Message.update", update(other, "token-2", Json{{"message", "b"}})),
            "MESSAGE_ACCESS_DENIED");
  EXPECT_EQ(Result("imbot.v2.Chat.Message.update", update(id, "token-1", Json{{"message", "b"}})),
            (Json{{"result", true}}));
  EXPECT_EQ(Messages()[0]["text"], "b");
  EXPECT_EQ(Messages()[0]["params"].contains("KEYBOARD"), true);
  Result("imbot.v2.Chat.Message.update", update(id, "token-1", Json{{"keyboard", "N"}}));
  EXPECT_EQ(Messages()[0]["params"].contains("KEYBOARD"), false);
  Result("imbot.v2.Chat.Message.update", update(id, "token-1", Json{{"message", ""}}));
  EXPECT_EQ(Messages()[0]["deleted"], true);
  EXPECT_EQ(Error("imbot.v2.Chat.Message.update", update(id, "token-1", Json{{"message", "c"}})),
            "MESSAGE_ACCESS_DENIED");
  EXPECT_EQ(Error("imbot.v2.Chat.Message.update",
                  Json{{"botId", id}, {"botToken", "token-1"}, {"fields", {{"message", "c"}}}}),
            "100");
}

TEST_F(MessageV2Test, UpdateDeniesAsDocumentedIfAskedTo) {
  options_.portal.behave_as_documented = true;
  Restart();
  const int64_t id = RegisterBot();
  const Json params = Json{{"botId", id}, {"botToken", "token-1"}, {"messageId", 5}, {"fields", {{"message", "c"}}}};
  EXPECT_EQ(Error("imbot.v2.Chat.Message.update", params), "ACCESS_DENIED");
}

TEST_F(MessageV2Test, DeleteIsSoftUnlessComplete) {
  const int64_t id = RegisterBot();
  const Json first = Result("imbot.v2.Chat.Message.send", SendParams(id, Json{{"message", "a"}}))["id"];
  const Json second = Result("imbot.v2.Chat.Message.send", SendParams(id, Json{{"message", "b"}}))["id"];
  EXPECT_EQ(Result("imbot.v2.Chat.Message.delete", Json{{"botId", id}, {"botToken", "token-1"}, {"messageId", first}}),
            (Json{{"result", true}}));
  Result("imbot.v2.Chat.Message.delete",
         Json{{"botId", id}, {"botToken", "token-1"}, {"messageId", second}, {"complete", true}});
  ASSERT_EQ(Messages().size(), 1U);
  EXPECT_EQ(Messages()[0]["deleted"], true);
  EXPECT_EQ(Result("imbot.v2.Chat.Message.delete", Json{{"botId", id}, {"botToken", "token-1"}, {"messageId", second}}),
            (Json{{"result", true}}))
      << "true even if nothing was deleted";
}

TEST_F(MessageV2Test, GetIsForSupervisorsAndPersonalBots) {
  const int64_t plain = RegisterBot();
  const Json id = Result("imbot.v2.Chat.Message.send", SendParams(plain, Json{{"message", "a"}}))["id"];
  EXPECT_EQ(Error("imbot.v2.Chat.Message.get", Json{{"botId", plain}, {"botToken", "token-1"}, {"messageId", id}}),
            "BOT_TYPE_NOT_ALLOWED");
  const int64_t supervisor = RegisterBot("supervisor", "token-2", "supervisor");
  const Json result =
      Result("imbot.v2.Chat.Message.get", Json{{"botId", supervisor}, {"botToken", "token-2"}, {"messageId", id}});
  EXPECT_EQ(result["message"]["id"], id);
  EXPECT_EQ(result["message"]["chatId"], 5);
  EXPECT_EQ(result["message"]["chat_id"], 5);
  EXPECT_EQ(result["message"]["authorId"], plain);
  EXPECT_EQ(result["message"]["text"], "a");
  EXPECT_EQ(result["message"]["isSystem"], false);
  EXPECT_EQ(result["message"]["forward"], nullptr);
  EXPECT_EQ(result["user"]["id"], plain);
}

TEST_F(V2Test, CommandRegisterTakesBothForms) {
  const int64_t id = RegisterBot();
  const Json fields =
      Json{{"command", "help"}, {"title", {{"en", "Show help"}, {"DE", "Hilfe"}}}, {"params", {{"en", "query"}}}};
  const Json result =
      Result("imbot.v2.Command.register", Json{{"botId", id}, {"botToken", "token-1"}, {"fields", fields}});
  EXPECT_EQ(result["command"], (Json{{"id", 42},
                                     {"botId", id},
                                     {"command", "/help"},
                                     {"common", false},
                                     {"hidden", false},
                                     {"extranetSupport", false}}));
  EXPECT_EQ(Control("/state")["commands"][0]["lang"],
            Json::array({Json{{"LANGUAGE_ID", "en"}, {"TITLE", "Show help"}, {"PARAMS", "query"}},
                         Json{{"LANGUAGE_ID", "de"}, {"TITLE", "Hilfe"}}}));
  Json flat = fields;
  flat["botId"] = id;
  flat["botToken"] = "token-1";
  flat["hidden"] = true;
  EXPECT_EQ(Result("imbot.v2.Command.register", flat)["command"]["hidden"], false)
      << "the same command comes back unchanged";
  flat["command"] = "/other";
  EXPECT_EQ(Result("imbot.v2.Command.register", flat)["command"]["command"], "/other");
}

TEST_F(V2Test, CommandRegisterRefusesWhatThePageSays) {
  const int64_t id = RegisterBot();
  const auto params = [&](const Json& fields) {
    return Json{{"botId", id}, {"botToken", "token-1"}, {"fields", fields}};
  };
  EXPECT_EQ(Error("imbot.v2.Command.register", params(Json{{"command", 5}})), "COMMAND_NAME_INVALID");
  EXPECT_EQ(Error("imbot.v2.Command.register", params(Json{{"command", "/"}})), "COMMAND_REQUIRED");
  EXPECT_EQ(Error("imbot.v2.Command.register", params(Json{{"title", {{"en", "x"}}}})), "COMMAND_REQUIRED");
  EXPECT_EQ(Error("imbot.v2.Command.register", params(Json{{"command", "x"}})), "COMMAND_TITLE_REQUIRED");
  EXPECT_EQ(Rest("imbot.v2.Command.register", params(Json{{"command", "x"}, {"hidden", "Y"}})).status, 200);
}

}  // namespace
}  // namespace simulator
