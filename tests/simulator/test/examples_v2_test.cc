// The example requests of the pages, sent as they are printed (the bot's id and the token of one page aside), and the
// example replies as shapes: every documented name is there, with a value of the documented kind.
#include <string>
#include <vector>

#include "tests/simulator/test/messenger_fixture.h"

namespace simulator {
namespace {

constexpr char kChat[] = R"({"id":5,"dialogId":"chat5","name":"Support Chat","description":"","type":"chat",
  "messageType":"C","owner":456,"color":"#4ba984","avatar":"","extranet":false,"containsCollaber":false,"entityType":"",
  "entityId":"","entityData1":"","entityData2":"","entityData3":"","entityLink":{},"diskFolderId":42,"role":"owner",
  "permissions":{},"muteList":[],"parentChatId":null,"parentMessageId":null,"isNew":true,"textFieldEnabled":"Y",
  "backgroundId":null,"dateCreate":"2025-01-15T10:00:00+02:00","lastMessageId":789,"lastMessageViews":"{}",
  "lastId":null,"managerList":[],"markedId":null,"messageCount":1,"public":"","unreadId":null,"userCounter":3})";
constexpr char kUser[] = R"({"id":1,"active":true,"name":"User","firstName":"User","lastName":"1",
  "workPosition":"Developer","color":"#ab7761","avatar":"","gender":"M","birthday":"15-03","extranet":false,
  "bot":false,"connector":false,"externalAuthId":"default","status":"online","idle":false,
  "lastActivityDate":"2025-01-15T14:25:00+02:00","absent":false,"departments":[7],"phones":false,"type":"employee"})";
constexpr char kMessage[] = R"({"id":785,"chatId":5,"authorId":1,"date":"2026-03-19T14:25:00+02:00",
  "text":"Good afternoon!","isSystem":false,"uuid":"","forward":null,"params":{},"viewedByOthers":true})";
constexpr char kCommand[] =
    R"({"id":42,"botId":456,"command":"/help","common":false,"hidden":false,"extranetSupport":false})";
constexpr char kDone[] = R"({"result":true})";

struct Example {
  const char* page;
  const char* method;
  std::string request;
  std::string result;
};

// In an order in which one prepares the other.
std::vector<Example> Examples() {
  const std::string chat = kChat;
  const std::string user = kUser;
  const std::string command = kCommand;
  const std::string file = R"({"id":138,"chatId":5,"name":"report.pdf","extension":"pdf","size":35341})";
  const std::string user_file = R"({"id":9817,"chatId":4415,"date":"2026-08-11T15:28:50+02:00","type":"file",
    "name":"report.pdf","extension":"pdf","size":35341,"image":false,"status":"done","progress":100,"authorId":1,
    "authorName":"x","urlPreview":"","urlShow":"x","urlDownload":"x","viewerAttrs":{"viewer":"","viewerType":"code",
    "src":"x","objectId":"9817","viewerGroupBy":"4415","imChatId":4415,"title":"report.pdf","actions":"x"},
    "mediaUrl":{"preview":{"250":""}},"isTranscribable":false,"isVideoNote":false,"isVoiceNote":false})";
  const std::string events =
      R"({"events":[{"eventId":1001,"type":"ONIMBOTV2MESSAGEADD","date":"2025-01-15T10:30:00+02:00","data":{}}],
      "nextOffset":1002,"hasMore":false})";
  return {
      {"chats/chat-add.md", "imbot.v2.Chat.add",
       R"({"botId":456,"botToken":"my_bot_token","fields":{"title":"Support Chat","color":"mint","userIds":[1,2]}})",
       "{\"chat\":" + chat + ",\"users\":[" + user + "," + user + "]}"},
      {"chats/chat-get.md", "imbot.v2.Chat.get", R"({"botId":456,"botToken":"my_bot_token","dialogId":"chat5"})",
       "{\"chat\":" + chat + "}"},
      {"chats/chat-update.md", "imbot.v2.Chat.update",
       R"({"botId":456,"botToken":"my_bot_token","dialogId":"chat5","fields":{"title":"New Title","color":"azure"}})",
       kDone},
      {"chats/chat-manager-add.md", "imbot.v2.Chat.Manager.add",
       R"({"botId":456,"botToken":"my_bot_token","dialogId":"chat5","userIds":[4,5]})", kDone},
      {"chats/chat-manager-delete.md", "imbot.v2.Chat.Manager.delete",
       R"({"botId":456,"botToken":"my_bot_token","dialogId":"chat5","userIds":[4,5]})", kDone},
      {"chats/chat-user-delete.md", "imbot.v2.Chat.User.delete",
       R"({"botId":456,"botToken":"my_bot_token","dialogId":"chat5","userId":1})", kDone},
      {"chats/chat-user-add.md", "imbot.v2.Chat.User.add",
       R"({"botId":456,"botToken":"my_bot_token","dialogId":"chat5","userIds":[1,2,3]})", kDone},
      {"chats/chat-user-list.md", "imbot.v2.Chat.User.list",
       R"({"botId":456,"botToken":"my_bot_token","dialogId":"chat5","order":{"id":"ASC"},"limit":50})",
       "[" + user + "]"},
      {"ui/chat-input-action-notify.md", "imbot.v2.Chat.InputAction.notify",
       R"({"botId":456,"botToken":"my_bot_token","dialogId":"chat5","statusMessageCode":"IMBOT_AGENT_ACTION_THINKING",
       "duration":30})",
       kDone},
      {"ui/chat-text-field-enabled.md", "imbot.v2.Chat.TextField.enabled",
       R"({"botId":456,"botToken":"my_bot_token","dialogId":"chat5","enabled":false})", kDone},
      {"messages/chat-message-get-context.md", "imbot.v2.Chat.Message.getContext",
       R"({"botId":456,"botToken":"my_bot_token","messageId":789,"range":20})",
       std::string(R"({"messages":[)") + kMessage +
           R"(],"users":[{"id":1,"active":true,"name":"x","bot":false,"type":"employee"}],"hasPrevPage":false,
           "hasNextPage":true})"},
      {"messages/chat-message-read.md", "imbot.v2.Chat.Message.read",
       R"({"botId":456,"botToken":"my_bot_token","dialogId":"chat5","messageId":789})",
       R"({"chatId":5,"lastId":789,"counter":0,"viewedMessages":[785,786,789]})"},
      {"messages/chat-message-reaction-add.md", "imbot.v2.Chat.Message.Reaction.add",
       R"({"botId":456,"botToken":"my_bot_token","messageId":789,"reaction":"like"})", kDone},
      {"messages/chat-message-reaction-delete.md", "imbot.v2.Chat.Message.Reaction.delete",
       R"({"botId":456,"botToken":"my_bot_token","messageId":789,"reaction":"like"})", kDone},
      {"commands/command-list.md", "imbot.v2.Command.list", R"({"botId":456,"botToken":"my_bot_token"})",
       R"({"commands":[{"id":42,"botId":456,"command":"/help","title":"Show Help","params":"request text",
       "common":false,"hidden":false,"extranetSupport":false,"category":"My Bot","context":""}]})"},
      {"commands/command-answer.md", "imbot.v2.Command.answer",
       R"({"botId":456,"botToken":"my_bot_token","commandId":42,"messageId":789,"dialogId":"chat5",
       "fields":{"message":"Here is the help text..."}})",
       kDone},
      {"commands/command-update.md", "imbot.v2.Command.update",
       R"({"botId":456,"botToken":"my_bot_token","commandId":42,
       "fields":{"title":{"en":"Updated help","de":"Aktualisierte Hilfe"}}})",
       "{\"command\":" + command + "}"},
      {"commands/command-update.md", "imbot.v2.Command.update",
       R"({"botId":456,"botToken":"my_bot_token","commandId":42,"fields":{"title":{"de":"Hilfe","en":null}}})",
       "{\"command\":" + command + "}"},
      {"commands/command-unregister.md", "imbot.v2.Command.unregister",
       R"({"botId":456,"botToken":"my_bot_token","commandId":42})", kDone},
      {"files/file-upload.md", "imbot.v2.File.upload",
       R"({"botId":456,"botToken":"my_bot_token","dialogId":"chat5","fields":{"name":"report.pdf",
       "content":"SGVsbG8gV29ybGQh","message":"Here is the report"}})",
       "{\"file\":" + file + R"(,"messageId":123,"chatId":5,"dialogId":"chat5"})"},
      {"files/file-download.md", "imbot.v2.File.download", R"({"botId":456,"botToken":"my_bot_token","fileId":138})",
       R"({"downloadUrl":"x"})"},
      {"im.v2/files/file-upload.md", "im.v2.File.upload",
       R"({"dialogId":"chat5","fields":{"name":"report.pdf","content":"SGVsbG8gV29ybGQh",
       "message":"Here is the report"}})",
       "{\"file\":" + user_file + R"(,"messageId":38655,"chatId":4415,"dialogId":"chat4415"})"},
      {"im.v2/files/file-download.md", "im.v2.File.download", R"({"dialogId":"chat5","fileId":138})",
       R"({"downloadUrl":"x"})"},
      {"im.v2/events/event-subscribe.md", "im.v2.Event.subscribe", "", "true"},
      {"events/event-get.md", "imbot.v2.Event.get",
       R"({"botId":456,"botToken":"my_bot_token","offset":1000,"limit":50})", events},
      {"events/event-get.md", "imbot.v2.Event.get",
       R"({"botId":456,"botToken":"my_bot_token","offset":1000,"limit":50,"withUserEvents":true})", events},
      {"im.v2/events/event-get.md", "im.v2.Event.get", R"({"offset":2000,"limit":50})",
       R"({"events":[],"nextOffset":2002,"hasMore":false})"},
      {"im.v2/events/event-unsubscribe.md", "im.v2.Event.unsubscribe", "", "true"},
      {"chats/chat-set-owner.md", "imbot.v2.Chat.setOwner",
       R"({"botId":456,"botToken":"my_bot_token","dialogId":"chat5","userId":1})", kDone},
      {"chats/chat-leave.md", "imbot.v2.Chat.leave", R"({"botId":456,"botToken":"my_bot_token","dialogId":"chat5"})",
       kDone},
  };
}

std::string Kind(const Json& value) {
  return value.is_number() ? "number" : value.type_name();
}

// Every name of the example, of the example's kind; what the example leaves null may be anything.
void ExpectShape(const Json& actual, const Json& example, const std::string& where) {
  if (example.is_null()) return;
  // lastActivityDate, phones and their like are false or a text; the example has either.
  const bool false_or_text = (example.is_string() && actual == false) || (example == false && actual.is_string());
  if (false_or_text) return;
  ASSERT_EQ(Kind(actual), Kind(example)) << where << ": " << actual;
  if (example.is_object()) {
    for (auto it = example.begin(); it != example.end(); ++it) {
      ASSERT_TRUE(actual.contains(it.key())) << where << "." << it.key();
      ExpectShape(actual[it.key()], it.value(), where + "." + it.key());
    }
  } else if (example.is_array() && !example.empty()) {
    ASSERT_FALSE(actual.empty()) << where;
    ExpectShape(actual[0], example[0], where + "[0]");
  }
}

TEST_F(MessengerTest, TheExamplesOfThePagesAreAccepted) {
  BehaveAsDocumented();
  const int64_t bot = RegisterBot("page_bot", "my_bot_token", "personal");
  BotCall("imbot.v2.Bot.unregister");
  const Json command = Json{{"command", "help"}, {"title", {{"en", "Show help"}, {"de", "Hilfe anzeigen"}}}};
  Result("imbot.v2.Command.register", ParamsOf(bot, "my_bot_token", Json{{"fields", command}}));
  ASSERT_EQ(Write("chat5", "/help"), 789);
  Act(Json{{"action", "set_owner"}, {"dialogId", "chat5"}, {"owner", bot}});
  ASSERT_EQ(ControlPost("/events", Json::array({Json{{"next_id", 1001}}, Json{{"bot", bot}, {"type", "A"}}})).status,
            200);
  size_t count = 0;
  for (const Example& example : Examples()) {
    std::string request = example.request;
    if (const size_t at = request.find("456"); at != std::string::npos) request.replace(at, 3, std::to_string(bot));
    const Reply reply = Exchange(http(), FormatRequest("POST", Url(example.method), request, "application/json"));
    EXPECT_EQ(reply.status, 200) << example.page << ": " << reply.body;
    const Json document = reply.json();
    EXPECT_TRUE(document.contains("time")) << example.page;
    const Json* const result = Find(document, "result");
    ASSERT_NE(result, nullptr) << example.page;
    ExpectShape(*result, Json::parse(example.result), example.page);
    ++count;
  }
  EXPECT_EQ(count, 30U);
}

}  // namespace
}  // namespace simulator
