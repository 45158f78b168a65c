#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "service/translate/encode.h"
#include "tests/translate/method_fixture.h"
#include "tests/translate/php_query.h"

namespace imbot::translate {
namespace {

using testing::Optional;
using testing::StartsWith;

std::optional<std::string> Batch(std::string_view method, const std::string& request, const Identity& identity = {}) {
  return EncodeBatchCommand(Method(method), *Request(Method(method), request), identity);
}

// What PHP makes of the command's query string.
nlohmann::json Received(const std::string& command) {
  const size_t question = command.find('?');
  return php::ParseStr(question == command.npos ? "" : std::string_view(command).substr(question + 1));
}

// What it would get from the JSON body, with every leaf as text.
nlohmann::json Sent(std::string_view method, const std::string& request, const Identity& identity = {}) {
  return php::AsTexts(Json(EncodeJson(Method(method), *Request(Method(method), request), identity)));
}

TEST(PhpQuery, ReadsWhatFourPublicClientsSend) {
  // The lines of BATCH_WIRE: one reader for brackets raw and encoded, for spaces as %20 and as +.
  const nlohmann::json expected =
      Json(R"({"botId": "39", "num": "1.5", "text": "Привет & [b]x=1+1[/b] 50%", "list": ["1", "two"],
      "fields": {"message": "hi there", "keyboard": {"BUTTONS": [{"TEXT": "Yes", "BLOCK": "Y"}, {"TYPE": "NEWLINE"}]}}})");
  EXPECT_EQ(php::ParseStr("botId=39&num=1.5&text=%D0%9F%D1%80%D0%B8%D0%B2%D0%B5%D1%82%20%26%20%5Bb%5Dx%3D1%2B1%5B%2Fb%"
                          "5D%2050%25&list%5B0%5D=1&list%5B1%5D=two"
                          "&fields%5Bmessage%5D=hi%20there&fields%5Bkeyboard%5D%5BBUTTONS%5D%5B0%5D%5BTEXT%5D=Yes"
                          "&fields%5Bkeyboard%5D%5BBUTTONS%5D%5B0%5D%5BBLOCK%5D=Y&fields%5Bkeyboard%5D%5BBUTTONS%5D%"
                          "5B1%5D%5BTYPE%5D=NEWLINE"),
            expected);
  EXPECT_EQ(php::ParseStr("botId=39&num=1.5&text=%D0%9F%D1%80%D0%B8%D0%B2%D0%B5%D1%82+%26+%5Bb%5Dx%3D1%2B1%5B%2Fb%5D+"
                          "50%25&list[0]=1&list[1]=two"
                          "&fields[message]=hi+there&fields[keyboard][BUTTONS][0][TEXT]=Yes&fields[keyboard][BUTTONS]["
                          "0][BLOCK]=Y&fields[keyboard][BUTTONS][1][TYPE]=NEWLINE"),
            expected);
}

TEST(PhpQuery, ManglesTopLevelNamesAndAppendsEmptyIndexes) {
  EXPECT_EQ(php::ParseStr("a.b=1&c d=2&e[]=3&e[]=4&f[g.h]=5"),
            Json(R"({"a_b": "1", "c_d": "2", "e": ["3", "4"], "f": {"g.h": "5"}})"));
}

TEST(EncodeBatchCommand, IsTheMethodAndAQueryStringEncodedOnce) {
  EXPECT_THAT(Batch("imbot.v2.Chat.Message.send",
                    R"(dialog_id: "chat5" fields { message: "Привет & [b]x=1+1[/b] 50%" url_preview: false
                       keyboard { buttons { text: "Yes" command: "y" block: true } buttons { type: BUTTON_TYPE_NEWLINE } } })",
                    {.bot_id = 39, .secret = "tok"}),
              Optional(std::string(
                  "imbot.v2.Chat.Message.send?dialogId=chat5"
                  "&fields%5Bmessage%5D=%D0%9F%D1%80%D0%B8%D0%B2%D0%B5%D1%82%20%26%20%5Bb%5Dx%3D1%2B1%5B%2Fb%5D%2050%25"
                  "&fields%5Bkeyboard%5D%5BBUTTONS%5D%5B0%5D%5BTEXT%5D=Yes&fields%5Bkeyboard%5D%5BBUTTONS%5D%5B0%5D%"
                  "5BCOMMAND%5D=y"
                  "&fields%5Bkeyboard%5D%5BBUTTONS%5D%5B0%5D%5BBLOCK%5D=Y&fields%5Bkeyboard%5D%5BBUTTONS%5D%5B1%5D%"
                  "5BTYPE%5D=NEWLINE"
                  "&fields%5Bkeyboard%5D%5BBOT_ID%5D=39&fields%5BurlPreview%5D=0&botId=39&botToken=tok")));
}

TEST(EncodeBatchCommand, IsTheMethodAloneWithoutParameters) {
  EXPECT_THAT(Batch("imbot.v2.Revision.get", R"(portal: "acme")"), Optional(std::string("imbot.v2.Revision.get")));
}

TEST(EncodeBatchCommand, LeavesUnreservedCharactersAndNoOthersAsTheyAre) {
  // RFC 3986, 2.3.
  EXPECT_THAT(Batch("test.v2.everything", R"(text: "AZaz09-._~")"),
              Optional(std::string("test.v2.everything?text=AZaz09-._~")));
  EXPECT_THAT(Batch("test.v2.everything", R"(text: "!*'();:@&=+$,/?%#[] \"<>")"),
              Optional(std::string(
                  "test.v2.everything?text=%21%2A%27%28%29%3B%3A%40%26%3D%2B%24%2C%2F%3F%25%23%5B%5D%20%22%3C%3E")));
}

TEST(EncodeBatchCommand, SaysYesAndNoInV1AndOneAndZeroInV2) {
  EXPECT_EQ(Received(*Batch("test.v1.everything", "flag: true flag_text: false flag_json: true flags: [true, false]")),
            Json(R"({"flag": "Y", "flagText": "N", "flagJson": "1", "flags": ["Y", "N"]})"));
  EXPECT_EQ(Received(*Batch("test.v2.everything", "flag: true flag_text: false flag_json: false flags: [true, false]")),
            Json(R"({"flag": "1", "flagText": "N", "flagJson": "0", "flags": ["1", "0"]})"));
}

TEST(EncodeBatchCommand, CarriesEveryKindAsTheJsonBodyDoes) {
  const std::string request = R"(
      text: "Привет 👋 \n\"<&>" data: "\x00\xff\x10" words: ["a", "b"] titles { key: "en" value: "Show" } titles { key: "d.e f" value: "" }
      number: -5 ratio: 0.25 width: 350 ids: [1, 2] inner { title: "T" common: false chat_id: 9223372036854775807 } mark { size: 3 }
      at { seconds: 1767225600 } shade: SHADE_LIGHT_BLUE shade_by_name { key: "x" value: SHADE_BOT_ADMIN } inner_by_name { key: "7" value { title: "Z" } }
      inners { title: "A" } inners { title: "B" } tree { name: "root" branches { name: "leaf" branches { name: "bud" } } } remove_keyboard: true remove_note: true
      options { fields { key: "o" value { struct_value { fields { key: "p" value { string_value: "q" } } } } } fields { key: "l" value { list_value { values { number_value: 1 } values { bool_value: true } } } } }
      any { string_value: "free" } frame { iframe: "https://e" iframe_width: 350 })";
  const Identity identity{.bot_id = 39, .secret = "tok"};
  for (const char* method : {"test.v2.everything", "test.v1.everything"}) {
    const auto command = Batch(method, request, identity);
    ASSERT_TRUE(command.has_value());
    EXPECT_THAT(*command, StartsWith(std::string(method) + "?"));
    EXPECT_EQ(Received(*command), Sent(method, request, identity));
  }
}

TEST(EncodeBatchCommand, CarriesAnAttachmentAndAMenuAsTheJsonBodyDoes) {
  const std::string request =
      R"(dialog_id: "5" message: "m" attach { id: 1 blocks { delimiter {} } blocks { grid { display: GRID_DISPLAY_ROW name: "n" } grid { display: GRID_DISPLAY_ROW value: "v" } } }
                                 menu { items { text: "t" link: "/x?a=b&c=d#e" disabled: true } } keyboard { buttons { text: "A" app_id: 3 } })";
  EXPECT_EQ(Received(*Batch("imbot.message.add", request, {.bot_id = 39, .secret = "c"})),
            Sent("imbot.message.add", request, {.bot_id = 39, .secret = "c"}));
}

TEST(EncodeBatchCommand, IsNothingForANull) {
  EXPECT_EQ(Batch("test.v2.everything", "remove_background_id: true"), std::nullopt);
  EXPECT_EQ(Batch("test.v2.everything", R"(labels { key: "a" value: "A" } remove_labels: "b")"), std::nullopt);
  EXPECT_EQ(Batch("test.v2.everything", "any { null_value: NULL_VALUE }"), std::nullopt);
  EXPECT_EQ(Batch("imbot.v2.Bot.update", "fields { remove_background_id: true }", {.bot_id = 1, .secret = "t"}),
            std::nullopt);
}

TEST(EncodeBatchCommand, IsNothingForAnEmptyListOrObject) {
  EXPECT_EQ(Batch("test.v2.everything", "options {}"), std::nullopt);
  EXPECT_EQ(Batch("test.v2.everything", "things {}"), std::nullopt);
  EXPECT_EQ(Batch("test.v2.everything", "tree {}"), std::nullopt);
  EXPECT_EQ(Batch("test.v2.everything", "tree { branches { name: \"a\" } branches {} }"), std::nullopt);
  EXPECT_EQ(
      Batch("test.v2.everything",
            R"(options { fields { key: "a" value { list_value {} } } fields { key: "b" value { number_value: 1 } } })"),
      std::nullopt);
}

TEST(EncodeBatchCommand, IsNothingForAKeyThatPhpWouldReadAsAnother) {
  const auto with_key = [](const std::string& key) {
    return Batch("test.v2.everything", "titles { key: \"" + key + "\" value: \"v\" }");
  };
  EXPECT_EQ(with_key("a[b"), std::nullopt);
  EXPECT_EQ(with_key("a]b"), std::nullopt);
  EXPECT_EQ(with_key("[]"), std::nullopt);
  EXPECT_EQ(with_key(""), std::nullopt);   // `titles[]=` would be number 0
  EXPECT_EQ(with_key(" "), std::nullopt);  // so would `titles[ ]=`
  EXPECT_EQ(with_key("\\n"), std::nullopt);
  EXPECT_EQ(with_key("a\\000b"), std::nullopt);  // cut at the NUL
  EXPECT_EQ(Received(*with_key("a.b c")), Json(R"({"titles": {"a.b c": "v"}})"));
  EXPECT_EQ(Received(*with_key(" a")), Json(R"({"titles": {" a": "v"}})"));
  EXPECT_EQ(Received(*with_key("Ключ")), Json(R"({"titles": {"Ключ": "v"}})"));
}

TEST(EncodeBatchCommand, IsNothingForADotOrASpaceInATopLevelName) {
  EXPECT_EQ(Batch("test.v2.everything", R"(with_dot: "x")"), std::nullopt);
  EXPECT_EQ(Batch("test.v2.everything", R"(with_space: "x")"), std::nullopt);
}

TEST(EncodeBatchCommand, IsNothingForTextWithANul) {
  EXPECT_EQ(Batch("test.v2.everything", R"(text: "a\000b")"), std::nullopt);
}

TEST(EncodeBatchCommand, IsNothingForMoreVariablesThanPhpTakes) {
  // max_input_vars (WIRE_FACTS 2) is 1000 unless the portal's administrator changed it; what comes later is dropped
  // without an error.
  const auto with_values = [](int count) {
    std::string request;
    for (int i = 0; i < count; ++i) request += "words: \"a\" ";
    return Batch("test.v2.everything", request);
  };
  const auto fits = with_values(1000);
  ASSERT_TRUE(fits.has_value());
  EXPECT_EQ(Received(*fits)["words"].size(), 1000u);
  EXPECT_FALSE(with_values(1001).has_value());
}

}  // namespace
}  // namespace imbot::translate
