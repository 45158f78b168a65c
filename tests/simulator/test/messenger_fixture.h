// A portal with a bot in it and people who act: for the tests of chats, events, files, reactions and commands.
#ifndef IMBOT_TESTS_SIMULATOR_TEST_MESSENGER_FIXTURE_H_
#define IMBOT_TESTS_SIMULATOR_TEST_MESSENGER_FIXTURE_H_

#include <string>
#include <vector>

#include "tests/simulator/test/portal_fixture.h"

namespace simulator {

class MessengerTest : public PortalTest {
 protected:
  void SetUp() override {
    PortalTest::SetUp();
    bot_ = RegisterBot();
  }

  // A call of the bot's, with its identity.
  Json Params(const Json& more = Json::object()) const { return ParamsOf(bot_, "token-1", more); }
  static Json ParamsOf(int64_t bot, const std::string& token, const Json& more = Json::object()) {
    Json params = Json{{"botId", bot}, {"botToken", token}};
    for (auto it = more.begin(); it != more.end(); ++it) params[it.key()] = it.value();
    return params;
  }
  Json BotCall(const std::string& method, const Json& more = Json::object()) const {
    return Result(method, Params(more));
  }
  std::string BotError(const std::string& method, const Json& more = Json::object()) const {
    return Error(method, Params(more));
  }
  // What a person does, which must succeed.
  Json Act(const Json& action) const {
    const Reply reply = ControlPost("/users/actions", action);
    EXPECT_EQ(reply.status, 200) << action << ": " << reply.body;
    return reply.json();
  }
  int64_t Write(const std::string& dialog, const std::string& text, int64_t user = 1) const {
    return Act(Json{{"action", "message"}, {"user", user}, {"dialogId", dialog}, {"text", text}})["messageId"];
  }
  int64_t Send(const std::string& dialog, const std::string& text) const {
    return BotCall("imbot.v2.Chat.Message.send", Json{{"dialogId", dialog}, {"fields", {{"message", text}}}})["id"];
  }
  // The chat 5 is handed over to the bot, as in the examples of the pages.
  void OwnChat5() const { Act(Json{{"action", "set_owner"}, {"user", 1}, {"dialogId", "chat5"}, {"owner", bot_}}); }
  Json Events(const Json& more = Json::object()) const { return BotCall("imbot.v2.Event.get", more)["events"]; }
  Json EventTypes() const {
    Json types = Json::array();
    for (const Json& event : Events()) types.push_back(event["type"]);
    return types;
  }
  static std::vector<std::string> Keys(const Json& object) {
    std::vector<std::string> keys;
    for (auto it = object.begin(); it != object.end(); ++it) keys.push_back(it.key());
    return keys;
  }
  // Every name of the page's example is there.
  static void ExpectKeys(const Json& object, const std::vector<std::string>& names) {
    for (const std::string& name : names) EXPECT_TRUE(object.contains(name)) << name << " in " << object;
  }
  // The four that every method of a bot's own may answer with, told apart as BotController does.
  void ExpectIdentityErrors(const std::string& method, const Json& more) const {
    Json params = more;
    params["botId"] = bot_;
    EXPECT_EQ(Error(method, params), "BOT_TOKEN_NOT_SPECIFIED") << method;
    params = more;
    params["botToken"] = "token-1";
    EXPECT_EQ(Error(method, params), "BOT_ID_REQUIRED") << method;
    EXPECT_EQ(Error(method, ParamsOf(9999, "token-1", more)), "BOT_NOT_FOUND") << method;
    EXPECT_EQ(Error(method, ParamsOf(bot_, "token-2", more)), "BOT_OWNERSHIP_ERROR") << method;
  }
  void BehaveAsDocumented() const {
    ASSERT_EQ(ControlPost("/options", Json{{"behave_as_documented", true}}).status, 200);
  }

  int64_t bot_ = 0;
};

}  // namespace simulator

#endif  // IMBOT_TESTS_SIMULATOR_TEST_MESSENGER_FIXTURE_H_
