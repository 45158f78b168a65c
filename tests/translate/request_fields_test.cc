#include "service/translate/request_fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/translate/method_fixture.h"

namespace imbot::translate {
namespace {

using testing::ElementsAre;
using testing::FieldsAre;
using testing::IsEmpty;

TEST(TextAt, GivesTextsAndNumbersAtTheEndOfAPath) {
  const MethodSpec& send = Method("imbot.v2.Chat.Message.send");
  EXPECT_EQ(TextAt(*Request(send, R"(dialog_id: "chat5")"), send.order_field), "chat5");
  const MethodSpec& update = Method("imbot.v2.Chat.Message.update");
  EXPECT_EQ(TextAt(*Request(update, "message_id: 789"), update.order_field), "789");
  const MethodSpec& nested = Method("test.v2.everything");
  EXPECT_EQ(TextAt(*Request(nested, "inner { chat_id: 7 }"), nested.order_field), "7");
}

TEST(TextAt, GivesNothingWhereThePathOrAMessageOnTheWayIsNotSet) {
  const MethodSpec& nested = Method("test.v2.everything");
  EXPECT_EQ(TextAt(*Request(nested, ""), nested.order_field), "");
  EXPECT_EQ(TextAt(*Request(nested, "inner {}"), nested.order_field), "");
  EXPECT_EQ(TextAt(*Request(nested, "inner { chat_id: 7 }"), {}), "");
}

TEST(NumberAt, GivesTheNumberOrZero) {
  const MethodSpec& method = Method("imbot.v2.Bot.register");
  std::unique_ptr<google::protobuf::Message> response(method.response_prototype->New());
  EXPECT_EQ(NumberAt(*response, method.new_id_field), 0);
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString("bot { id: 456 }", response.get()));
  EXPECT_EQ(NumberAt(*response, method.new_id_field), 456);
  EXPECT_EQ(NumberAt(*response, {}), 0);
  EXPECT_EQ(NumberAt(*Request(method, R"(fields { code: "12" })"), method.code_field), 0) << "a text is no number";
}

TEST(SetTextAt, MakesTheMessagesOnTheWay) {
  const MethodSpec& send = Method("imbot.v2.Chat.Message.send");
  const auto request = Request(send, "");
  SetTextAt(request.get(), send.template_id_field, "uuid");
  EXPECT_EQ(request->ShortDebugString(), R"(fields { template_id: "uuid" })");
  SetTextAt(request.get(), send.template_id_field, "other");
  EXPECT_EQ(TextAt(*request, send.template_id_field), "other");
}

TEST(IsDoneInParts, IsTrueOfAMessageThatForwardsOthers) {
  const MethodSpec& send = Method("imbot.v2.Chat.Message.send");
  EXPECT_TRUE(IsDoneInParts(send, *Request(send, R"(fields { message: "x" forward_ids { key: "a" value: 1 } })")));
  EXPECT_FALSE(IsDoneInParts(send, *Request(send, R"(fields { message: "x" })")));
  EXPECT_FALSE(IsDoneInParts(send, *Request(send, "")));
  const MethodSpec& update = Method("imbot.v2.Chat.Message.update");
  EXPECT_FALSE(IsDoneInParts(update, *Request(update, R"(fields { message: "x" })")));
}

TEST(RetryClassOf, IsTheMethodsUnlessThePortalWouldNotRecogniseTheMessage) {
  using enum bitrix24::rest::Retry;
  const MethodSpec& send = Method("imbot.v2.Chat.Message.send");
  const auto of = [&](const std::string& fields) { return RetryClassOf(send, *Request(send, fields)); };
  EXPECT_EQ(of(""), RETRY_DEDUPLICATED);
  EXPECT_EQ(of(R"(fields { message: "x" })"), RETRY_DEDUPLICATED);
  EXPECT_EQ(of(R"(fields { message: "x" system: false })"), RETRY_DEDUPLICATED);
  EXPECT_EQ(of(R"(fields { message: "x" system: true })"), RETRY_NEVER);
  const std::string uuid = "0b7c2d5e-6f3a-4c1d-9e8f-7a6b5c4d3e2f";
  const auto forward = [&](const std::string& key) {
    return of("fields { forward_ids { key: \"" + uuid + "\" value: 1 } forward_ids { key: \"" + key +
              "\" value: 2 } }");
  };
  EXPECT_EQ(forward("1b7c2d5e-6f3a-4c1d-8e8f-7a6b5c4d3e2f"), RETRY_DEDUPLICATED);
  for (const char* key : {"0B7C2D5E-6F3A-4C1D-9E8F-7A6B5C4D3E2F",  // upper case
                          "0b7c2d5e-6f3a-1c1d-9e8f-7a6b5c4d3e2f",  // version 1
                          "0b7c2d5e-6f3a-4c1d-ce8f-7a6b5c4d3e2f",  // another variant
                          "0b7c2d5e6-f3a-4c1d-9e8f-7a6b5c4d3e2f",  // a dash in the wrong place
                          "0b7c2d5e-6f3a-4c1d-9e8f-7a6b5c4d3e2", "a", ""}) {
    EXPECT_EQ(forward(key), RETRY_NEVER) << key;
  }
  const MethodSpec& update = Method("imbot.v2.Chat.Message.update");
  EXPECT_EQ(RetryClassOf(update, *Request(update, R"(fields { message: "x" })")), RETRY_IDEMPOTENT);
  const MethodSpec& add = Method("imbot.message.add");
  EXPECT_EQ(RetryClassOf(add, *Request(add, R"(message: "x" system: true)")), RETRY_NEVER);
}

TEST(HandlerUrls, FindsEveryAddressThatThePortalWouldCall) {
  const auto urls = [](std::string_view method, const std::string& request) {
    return HandlerUrls(Method(method), *Request(Method(method), request));
  };
  EXPECT_THAT(urls("imbot.v2.Bot.register", R"(fields { webhook_url: "https://a" })"),
              ElementsAre(FieldsAre("fields.webhookUrl", "https://a")));
  EXPECT_THAT(urls("imbot.v2.Bot.update", R"(fields { webhook_url: "https://a" })"),
              ElementsAre(FieldsAre("fields.webhookUrl", "https://a")));
  EXPECT_THAT(
      urls(
          "imbot.register",
          R"(event_handler: "https://1" event_message_add: "https://2" event_message_update: "https://3" event_message_delete: "https://4"
                                        event_welcome_message: "https://5" event_bot_delete: "https://6")"),
      ElementsAre(FieldsAre("EVENT_HANDLER", "https://1"), FieldsAre("EVENT_MESSAGE_ADD", "https://2"),
                  FieldsAre("EVENT_MESSAGE_UPDATE", "https://3"), FieldsAre("EVENT_MESSAGE_DELETE", "https://4"),
                  FieldsAre("EVENT_WELCOME_MESSAGE", "https://5"), FieldsAre("EVENT_BOT_DELETE", "https://6")));
  EXPECT_THAT(urls("imbot.update", R"(fields { event_handler: "https://1" })"),
              ElementsAre(FieldsAre("FIELDS.EVENT_HANDLER", "https://1")));
  EXPECT_THAT(urls("imbot.command.register", R"(event_command_add: "https://1")"),
              ElementsAre(FieldsAre("EVENT_COMMAND_ADD", "https://1")));
  EXPECT_THAT(urls("imbot.command.update", R"(fields { event_command_add: "https://1" })"),
              ElementsAre(FieldsAre("FIELDS.EVENT_COMMAND_ADD", "https://1")));
}

TEST(HandlerUrls, LeavesOtherAddressesAlone) {
  const MethodSpec& send = Method("imbot.v2.Chat.Message.send");
  EXPECT_THAT(
      HandlerUrls(send,
                  *Request(send, R"(fields { message: "https://x" keyboard { buttons { link: "https://y" } } })")),
      IsEmpty());
  EXPECT_THAT(HandlerUrls(Method("imbot.v2.Bot.register"),
                          *Request(Method("imbot.v2.Bot.register"), "fields { event_mode: EVENT_MODE_FETCH }")),
              IsEmpty());
}

struct Url {
  const char* url;
  const char* host;
};
void PrintTo(const Url& url, std::ostream* out) {
  *out << url.url;
}

class Host : public testing::TestWithParam<Url> {};

TEST_P(Host, IsTheOneThatEveryReaderOfTheUrlSees) {
  EXPECT_EQ(HostOf(GetParam().url), GetParam().host);
}

INSTANTIATE_TEST_SUITE_P(Plain, Host,
                         testing::Values(Url{"https://bot.example.com/hook", "bot.example.com"},
                                         Url{"http://bot.example.com", "bot.example.com"},
                                         Url{"HTTPS://BOT.Example.COM/Hook", "bot.example.com"},
                                         Url{"https://bot.example.com:8443/hook?x=1#y", "bot.example.com"},
                                         Url{"https://bot.example.com?x=1", "bot.example.com"},
                                         Url{"https://bot.example.com#y", "bot.example.com"},
                                         Url{"https://bot.example.com/mail@example.org", "bot.example.com"},
                                         Url{"https://bot.example.com/?to=a@b.org", "bot.example.com"},
                                         Url{"https://127.0.0.1:80/", "127.0.0.1"},
                                         Url{"https://[::1]:8443/hook", "::1"},
                                         Url{"https://[2001:DB8::1]/", "2001:db8::1"},
                                         Url{"https://xn--e1afmkfd.xn--p1ai/hook", "xn--e1afmkfd.xn--p1ai"},
                                         Url{"https://under_score.example.com/", "under_score.example.com"}));

// A list of allowed hosts is worth no more than the agreement of everybody who reads the URL: PHP's parse_url, curl, a
// browser. What any of them could take for another host has none.
INSTANTIATE_TEST_SUITE_P(
    Tricks, Host,
    testing::Values(Url{"", ""}, Url{"bot.example.com/hook", ""}, Url{"//bot.example.com", ""},
                    Url{"ftp://bot.example.com", ""}, Url{"javascript://bot.example.com", ""},
                    Url{"https:bot.example.com", ""}, Url{"https:/bot.example.com", ""},
                    Url{"https:///bot.example.com", ""}, Url{" https://bot.example.com", ""},
                    Url{"https://evil.org@bot.example.com/", ""}, Url{"https://bot.example.com@evil.org/", ""},
                    Url{"https://bot.example.com:80@evil.org/", ""}, Url{"https://user:pass@bot.example.com/", ""},
                    Url{"https://@bot.example.com/", ""},
                    // PHP's parse_url ends an authority at / ? # alone, and takes what stands before the @ for a user.
                    Url{"https://bot.example.com\\@evil.org/", ""}, Url{"https://bot.example.com\\.evil.org/", ""},
                    Url{"https://evil.org\\@bot.example.com/", ""}, Url{"https:\\\\bot.example.com", ""},
                    Url{"https:/\\evil.org/", ""}, Url{"https://bot.example.com\\evil.org", ""},
                    // Older readers look for the @ beyond ? and #.
                    Url{"https://bot.example.com?@evil.org/", ""}, Url{"https://bot.example.com#@evil.org/", ""},
                    // White space and control characters are dropped by some.
                    Url{"https://bot.example.com\t.evil.org/", ""}, Url{"https://bot.example.com\n/", ""},
                    Url{"https://bot.example.com /", ""}, Url{"https://bot.example.com\r\nX: y", ""},
                    // Percent-encoding and other alphabets become another name somewhere.
                    Url{"https://bot%2Eexample.com/", ""}, Url{"https://bot.example.com%00.evil.org/", ""},
                    Url{"https://bot.example.com%40evil.org/", ""}, Url{"https://bоt.example.com/", ""},
                    Url{"https://bot。example.com/", ""}, Url{"https://ＢＯＴ.example.com/", ""},
                    // Ports that are none.
                    Url{"https://bot.example.com:80:evil.org/", ""}, Url{"https://bot.example.com:evil.org/", ""},
                    Url{"https://:80/", ""}, Url{"https://[::1/", ""}, Url{"https://[::1]evil.org/", ""},
                    Url{"https://[::1].evil.org/", ""}, Url{"https://[]/", ""}, Url{"https://bot.example.com]/", ""},
                    Url{"https://bot.example.com;evil.org/", ""}, Url{"https://bot.example.com,evil.org/", ""},
                    Url{"https://bot.example.com&evil.org/", ""}));

}  // namespace
}  // namespace imbot::translate
