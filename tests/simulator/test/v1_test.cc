// imbot, version 1. Expected values: the pages of chat-bots/outdated and create-app, and WIRE_FACTS.md 5.
#include <string>

#include "tests/simulator/test/portal_fixture.h"

namespace simulator {
namespace {

class V1Test : public PortalTest {
 protected:
  static Json With(Json params, const Json& changes) {
    for (auto it = changes.begin(); it != changes.end(); ++it) params[it.key()] = it.value();
    return params;
  }
  static Json Register() {
    return Json{{"CODE", "newbot"},
                {"EVENT_HANDLER", "https://example.com/bot/events"},
                {"PROPERTIES", {{"NAME", "NewBot"}}},
                {"CLIENT_ID", "client-1"}};
  }
  Json State(const char* list) const { return Control("/state")[list]; }
};

TEST_F(V1Test, RegisterAnswersWithTheIdAndBindsTheHandlers) {
  EXPECT_EQ(RegisterV1(), 39);
  const Json bot = State("bots")[0];
  EXPECT_EQ(bot["code"], "newbot");
  EXPECT_EQ(bot["eventMode"], "WEBHOOK");
  const std::string url = bot["handlers"]["ONIMBOTMESSAGEADD"];
  EXPECT_EQ(url.substr(0, 48), "https://example.com/bot/events?CLIENT_ID=secret:");
  EXPECT_EQ(bot["handlers"].size(), 6U);
  EXPECT_EQ(RegisterV1("newbot", "client-2"), 39) << "another application's bot comes back without an error";
}

TEST_F(V1Test, RegisterRefusesWhatThePageSays) {
  struct Row {
    Json changes;
    const char* code;
    int status = 400;
  };
  const Row rows[] = {
      {Json{{"CLIENT_ID", ""}}, "ACCESS_DENIED", 403},
      {Json{{"EVENT_HANDLER", ""}}, "EVENT_MESSAGE_ADD_ERROR"},
      {Json{{"EVENT_HANDLER", "ftp://example.com"}}, "EVENT_MESSAGE_ADD_ERROR"},
      {Json{{"EVENT_HANDLER", ""}, {"EVENT_MESSAGE_ADD", "https://a.example/"}}, "EVENT_WELCOME_MESSAGE_ERROR"},
      {Json{{"EVENT_HANDLER", ""}, {"EVENT_MESSAGE_ADD", "https://a.example/"}, {"EVENT_MESSAGE_UPDATE", "x"}},
       "EVENT_MESSAGE_UPDATE_ERROR"},
      {Json{{"EVENT_HANDLER", ""},
            {"EVENT_MESSAGE_ADD", "https://a.example/"},
            {"EVENT_WELCOME_MESSAGE", "https://a.example/"}},
       "EVENT_BOT_DELETE_ERROR"},
      {Json{{"CODE", ""}}, "CODE_ERROR"},
      {Json{{"PROPERTIES", {{"WORK_POSITION", "x"}}}}, "NAME_ERROR"},
  };
  for (const Row& row : rows)
    EXPECT_EQ(Error("imbot.register", With(Register(), row.changes), row.status), row.code) << row.changes;
  EXPECT_EQ(State("bots").size(), 0U);
  EXPECT_EQ(Rest("imbot.register", With(Register(), Json{{"CLIENT_ID", ""}})).body,
            R"({"error":"ACCESS_DENIED","error_description":"Access denied! Client ID not specified"})");
}

TEST_F(V1Test, TopLevelNamesMayBeLowerCase) {
  Json lower = Json::object();
  const Json params = Register();
  for (auto it = params.begin(); it != params.end(); ++it) {
    std::string name = it.key();
    for (char& c : name) c = static_cast<char>(std::tolower(c));
    lower[name] = it.value();
  }
  EXPECT_EQ(Result("imbot.register", lower), 39);
}

TEST_F(V1Test, UpdateNeedsSomethingToUpdate) {
  const int64_t id = RegisterV1();
  const auto update = [&](const Json& fields, const char* client = "client-1") {
    return Json{{"BOT_ID", id}, {"CLIENT_ID", client}, {"FIELDS", fields}};
  };
  EXPECT_EQ(Result("imbot.update",
                   update(Json{{"CODE", "newbot_v2"},
                               {"EVENT_HANDLER", "https://example.com/other"},
                               {"PROPERTIES", {{"NAME", "UpdatedBot"}, {"WORK_POSITION", "Updated description"}}}})),
            true);
  EXPECT_EQ(State("bots")[0]["code"], "newbot_v2");
  EXPECT_EQ(State("bots")[0]["properties"]["NAME"], "UpdatedBot");
  EXPECT_EQ(Error("imbot.update", update(Json::object())), "WRONG_REQUEST");
  EXPECT_EQ(Error("imbot.update", update(Json{{"PROPERTIES", {{"NAME", ""}, {"LAST_NAME", ""}}}})), "NAME_ERROR");
  EXPECT_EQ(Error("imbot.update", update(Json{{"EVENT_BOT_DELETE", "x"}})), "EVENT_BOT_DELETE_ERROR");
  EXPECT_EQ(Error("imbot.update", update(Json{{"CODE", "x"}}, "client-2")), "APP_ID_ERROR");
  EXPECT_EQ(Error("imbot.update", Json{{"CLIENT_ID", "client-1"}, {"BOT_ID", ""}, {"FIELDS", {{"CODE", "x"}}}}),
            "BOT_ID_ERROR");
}

TEST_F(V1Test, UnregisterTakesCommandsAndApplicationsAlong) {
  const int64_t id = RegisterV1();
  Result("imbot.command.register", Json{{"BOT_ID", id},
                                        {"CLIENT_ID", "client-1"},
                                        {"COMMAND", "echo"},
                                        {"EVENT_COMMAND_ADD", "https://example.com/c"},
                                        {"LANG", Json::array({Json{{"LANGUAGE_ID", "en"}, {"TITLE", "Echo"}}})}});
  EXPECT_EQ(Error("imbot.unregister", Json{{"BOT_ID", id}, {"CLIENT_ID", "client-2"}}), "APP_ID_ERROR");
  EXPECT_EQ(Result("imbot.unregister", Json{{"BOT_ID", id}, {"CLIENT_ID", "client-1"}}), true);
  EXPECT_EQ(State("bots").size(), 0U);
  EXPECT_EQ(State("commands").size(), 0U);
  EXPECT_EQ(Error("imbot.unregister", Json{{"BOT_ID", id}, {"CLIENT_ID", "client-1"}}), "BOT_ID_ERROR");
}

TEST_F(V1Test, BotListIsAMapByIdOrAnEmptyList) {
  EXPECT_NE(Rest("imbot.bot.list", Json::object()).body.find(R"("result":[])"), std::string::npos);
  RegisterV1();
  EXPECT_NE(Rest("imbot.bot.list", Json::object())
                .body.find(R"("result":{"39":{"ID":39,"NAME":"NewBot","CODE":"newbot","OPENLINE":"N"}})"),
            std::string::npos);
}

TEST_F(V1Test, MessageAddStoresTheMessage) {
  const int64_t id = RegisterV1();
  const Json params = Json{{"BOT_ID", id},  {"DIALOG_ID", "chat123"}, {"MESSAGE", " Message text "},
                           {"SYSTEM", "N"}, {"URL_PREVIEW", "N"},     {"CLIENT_ID", "client-1"}};
  EXPECT_EQ(Result("imbot.message.add", params), 789);
  Json without_id = params;
  without_id.erase("BOT_ID");
  EXPECT_EQ(Result("imbot.message.add", without_id), 790) << "any bot of the application, and no de-duplication";
  const Json messages = State("messages");
  EXPECT_EQ(messages[0]["text"], "Message text");
  EXPECT_EQ(messages[0]["urlPreview"], false);
  EXPECT_EQ(messages[1]["authorId"], id);
}

TEST_F(V1Test, MessageAddRefusesWhatTheServerRefuses) {
  const int64_t id = RegisterV1();
  const Json good = Json{{"BOT_ID", id}, {"DIALOG_ID", "chat123"}, {"MESSAGE", "x"}, {"CLIENT_ID", "client-1"}};
  struct Row {
    Json changes;
    const char* code;
  };
  const Row rows[] = {
      {Json{{"BOT_ID", 999}}, "BOT_ID_ERROR"},
      {Json{{"BOT_ID", ""}}, "BOT_ID_ERROR"},
      {Json{{"CLIENT_ID", "client-2"}}, "APP_ID_ERROR"},
      {Json{{"DIALOG_ID", ""}}, "DIALOG_ID_EMPTY"},
      {Json{{"MESSAGE", " "}}, "MESSAGE_EMPTY"},
      {Json{{"MESSAGE", 5}}, "MESSAGE_EMPTY"},
      {Json{{"MESSAGE", ""}, {"ATTACH", Json::array({Json{{"MESSAGE", "x"}}})}}, "MESSAGE_EMPTY"},
      {Json{{"ATTACH", Json::array({Json{{"X", "x"}}})}}, "ATTACH_ERROR"},
      {Json{{"ATTACH", Json::array({Json{{"MESSAGE", std::string(60'000, 'x')}}})}}, "ATTACH_OVERSIZE"},
      {Json{{"KEYBOARD", Json::array({Json{{"TEXT", "x"}}})}}, "KEYBOARD_ERROR"},
      {Json{{"MENU", Json::array({Json{{"TEXT", "x"}}})}}, "MENU_ERROR"},
      {Json{{"DIALOG_ID", "chat777"}}, "CHAT_ID"},
  };
  for (const Row& row : rows)
    EXPECT_EQ(Error("imbot.message.add", With(good, row.changes)), row.code) << row.changes.dump().substr(0, 80);
  EXPECT_EQ(State("messages").size(), 0U);
  options_.portal.behave_as_documented = true;
  Restart();
  EXPECT_EQ(RegisterV1(), id);
  EXPECT_EQ(Error("imbot.message.add", With(good, Json{{"DIALOG_ID", "chat777"}})), "WRONG_REQUEST");
  const Json keyboard = Json::array({Json{{"TEXT", std::string(31'000, 'x')}, {"LINK", "/x"}}});
  EXPECT_EQ(Error("imbot.message.add", With(good, Json{{"KEYBOARD", keyboard}})), "KEYBOARD_OVERSIZE");
}

TEST_F(V1Test, MessageAddBetweenUsersIsASystemMessage) {
  RegisterV1();
  const Json params = Json{
      {"FROM_USER_ID", 2}, {"TO_USER_ID", 3}, {"DIALOG_ID", "ignored"}, {"MESSAGE", "x"}, {"CLIENT_ID", "client-1"}};
  Result("imbot.message.add", params);
  EXPECT_EQ(State("messages")[0]["authorId"], 0);
}

TEST_F(V1Test, BooleansAreJudgedAsTheServerDoes) {
  const int64_t id = RegisterV1();
  const Json params = Json{{"BOT_ID", id}, {"DIALOG_ID", "chat123"}, {"MESSAGE", "x"}, {"CLIENT_ID", "client-1"}};
  Result("imbot.message.add", With(params, Json{{"SYSTEM", true}}));
  Result("imbot.message.add", With(params, Json{{"URL_PREVIEW", true}}));
  Result("imbot.message.add", With(params, Json{{"URL_PREVIEW", false}}));
  const Json messages = State("messages");
  EXPECT_EQ(messages[0]["authorId"], 0) << "true == 'Y'";
  EXPECT_EQ(messages[1]["urlPreview"], false) << "true == 'N' as well";
  EXPECT_EQ(messages[2]["urlPreview"], true) << "false != 'N'";
}

TEST_F(V1Test, CommandsAreRegisteredOnceAndUpdated) {
  const int64_t id = RegisterV1();
  const Json lang = Json::array({Json{{"LANGUAGE_ID", "de"}, {"TITLE", "Echo"}, {"PARAMS", "text"}},
                                 Json{{"LANGUAGE_ID", "en"}, {"TITLE", "Echo"}, {"PARAMS", "text"}}});
  const Json params = Json{{"BOT_ID", id},
                           {"COMMAND", "echo"},
                           {"EVENT_COMMAND_ADD", "https://example.com/bot/command.php"},
                           {"LANG", lang},
                           {"COMMON", "Y"},
                           {"HIDDEN", "N"},
                           {"EXTRANET_SUPPORT", "N"},
                           {"CLIENT_ID", "client-1"}};
  EXPECT_EQ(Result("imbot.command.register", params), 42);
  EXPECT_EQ(Result("imbot.command.register", params), 42);
  EXPECT_EQ(State("commands")[0]["lang"], lang);
  EXPECT_EQ(State("commands")[0]["common"], true);
  EXPECT_EQ(Error("imbot.command.register", With(params, Json{{"EVENT_COMMAND_ADD", ""}})), "EVENT_COMMAND_ADD_ERROR");
  EXPECT_EQ(Error("imbot.command.register", With(params, Json{{"COMMAND", ""}})), "COMMAND_ERROR");
  EXPECT_EQ(Error("imbot.command.register", With(params, Json{{"LANG", Json::array()}})), "LANG_ERROR");
  EXPECT_EQ(Error("imbot.command.register", With(params, Json{{"BOT_ID", 0}})), "BOT_ID_ERROR");
  EXPECT_EQ(Error("imbot.command.register", With(params, Json{{"CLIENT_ID", "client-2"}})), "APP_ID_ERROR");

  const Json update = Json{{"COMMAND_ID", 42},
                           {"CLIENT_ID", "client-1"},
                           {"FIELDS", {{"COMMAND", "echo2"}, {"HIDDEN", "Y"}, {"EXTRANET_SUPPORT", "Y"}}}};
  EXPECT_EQ(Result("imbot.command.update", update), true);
  EXPECT_EQ(State("commands")[0]["hidden"], true);
  EXPECT_EQ(State("commands")[0]["extranetSupport"], true);
  EXPECT_EQ(State("commands")[0]["command"], "echo") << "the published source drops COMMAND";
  EXPECT_EQ(Error("imbot.command.update", With(update, Json{{"FIELDS", Json::object()}})), "WRONG_REQUEST");
  EXPECT_EQ(Error("imbot.command.update", With(update, Json{{"COMMAND_ID", 9}})), "COMMAND_ID_ERROR");
  EXPECT_EQ(Error("imbot.command.update", With(update, Json{{"CLIENT_ID", "client-2"}})), "APP_ID_ERROR");
  ControlPost("/options", Json{{"behave_as_documented", true}});
  Result("imbot.command.update", update);
  EXPECT_EQ(State("commands")[0]["command"], "echo2");
}

TEST_F(V1Test, ApplicationsOfBothKinds) {
  const int64_t id = RegisterV1();
  const Json lang = Json::array({Json{{"LANGUAGE_ID", "en"}, {"TITLE", "Echobot"}, {"DESCRIPTION", "Send help"}}});
  const Json js = Json{{"BOT_ID", id},     {"CODE", "echo"}, {"JS_METHOD", "SEND"},    {"JS_PARAM", "/help"},
                       {"CONTEXT", "BOT"}, {"LANG", lang},   {"CLIENT_ID", "client-1"}};
  EXPECT_EQ(Result("imbot.app.register", js), 13);
  EXPECT_EQ(Result("imbot.app.register", js), 13);
  const Json frame =
      Json{{"BOT_ID", id},          {"CODE", "frame"},        {"IFRAME", "https://marta.bitrix.com/iframe/echo.php"},
           {"IFRAME_WIDTH", "350"}, {"IFRAME_HEIGHT", "20"},  {"HASH", "d1ab17949a572b0979d8db0d5b349cd2-and-more"},
           {"LANG", lang},          {"CLIENT_ID", "client-1"}};
  EXPECT_EQ(Result("imbot.app.register", frame), 14);
  const Json apps = State("apps");
  EXPECT_EQ(apps[0]["js"], "BXIM.sendMessage('/help');");
  EXPECT_EQ(apps[0]["context"], "bot");
  EXPECT_EQ(apps[1]["iframe"], "https://marta.bitrix.com/iframe/echo.php?");
  EXPECT_EQ(apps[1]["iframeWidth"], "350");
  EXPECT_EQ(apps[1]["iframeHeight"], 50) << "the least there is";
  EXPECT_EQ(apps[1]["context"], "all");

  EXPECT_EQ(Error("imbot.app.register", With(js, Json{{"CODE", ""}})), "CODE_ERROR");
  EXPECT_EQ(Error("imbot.app.register", With(js, Json{{"JS_PARAM", "no command"}})), "PARAMS_ERROR");
  EXPECT_EQ(Error("imbot.app.register", With(frame, Json{{"IFRAME", "http://marta.bitrix.com/"}})), "IFRAME_HTTPS");
  EXPECT_EQ(Error("imbot.app.register", With(frame, Json{{"HASH", ""}})), "HASH_ERROR");
  EXPECT_EQ(Error("imbot.app.register", With(js, Json{{"LANG", ""}})), "LANG_ERROR");
  EXPECT_EQ(Error("imbot.app.register", With(js, Json{{"BOT_ID", 999}})), "BOT_ID_ERROR");
  EXPECT_EQ(Error("imbot.app.register", With(js, Json{{"CLIENT_ID", "client-2"}})), "APP_ID_ERROR");

  const auto update = [&](int64_t app, const Json& fields) {
    return Json{{"APP_ID", app}, {"CLIENT_ID", "client-1"}, {"FIELDS", fields}};
  };
  EXPECT_EQ(
      Result("imbot.app.update", update(14, Json{{"IFRAME_WIDTH", 100}, {"CONTEXT", "CHAT-admin"}, {"HIDDEN", "Y"}})),
      true);
  EXPECT_EQ(State("apps")[1]["iframeWidth"], 250);
  EXPECT_EQ(State("apps")[1]["context"], "chat-admin");
  EXPECT_EQ(Result("imbot.app.update", update(14, Json::object())), true);
  EXPECT_EQ(Error("imbot.app.update", update(99, Json{{"HIDDEN", "Y"}})), "CHAT_APP_ID_ERROR");
  EXPECT_EQ(Error("imbot.app.update", update(14, Json{{"IFRAME", "http://x.example/"}})), "IFRAME_HTTPS");
  EXPECT_EQ(Error("imbot.app.update", With(update(14, Json{{"HIDDEN", "Y"}}), Json{{"CLIENT_ID", "client-2"}})),
            "APP_ID_ERROR");
}

TEST_F(V1Test, AnOAuthApplicationNeedsNoClientId) {
  ASSERT_EQ(ControlPost("/tokens", Json{{"token", "at-1"}, {"client_id", "app.1"}}).status, 200);
  Json params = Register();
  params["CLIENT_ID"] = "ignored";
  params["auth"] = "at-1";
  EXPECT_EQ(PostJson(http(), "/rest/imbot.register", params).json()["result"], 39);
  EXPECT_EQ(State("bots")[0]["owner"], "app.1");
  EXPECT_EQ(State("bots")[0]["handlers"]["ONIMBOTDELETE"], "https://example.com/bot/events");
}

}  // namespace
}  // namespace simulator
