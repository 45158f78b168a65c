#include "service/translate/encode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "bitrix24/types/v1/attach.pb.h"
#include "bitrix24/types/v1/keyboard.pb.h"
#include "bitrix24/types/v1/menu.pb.h"
#include "tests/translate/method_fixture.h"

namespace imbot::translate {
namespace {

using testing::HasSubstr;

std::string Encode(std::string_view method, const std::string& request, const Identity& identity = {}) {
  return EncodeJson(Method(method), *Request(Method(method), request), identity);
}

// Identities of the documentation's examples.
Identity Bot(int64_t id, std::string_view secret = "my_bot_token") {
  return {.bot_id = id, .secret = secret};
}

// --- Kinds and options, in both dialects ---

TEST(EncodeJson, WritesEachKindInTheDialectOfV2) {
  EXPECT_EQ(Json(Encode("test.v2.everything", R"(
      bot: "acme/support" text: "Привет" data: "\x00\xff\x10" words: ["a", "b"] titles { key: "en" value: "Show" }
      number: -5 ratio: 1.5 flag: true flag_text: true flag_json: false width: 350 ids: [1, 2]
      inner { title: "T" common: false chat_id: 7 } mark { size: 3 } hash: "abc"
      at { seconds: 1767225600 nanos: 500000000 } shade: SHADE_LIGHT_BLUE shades: [SHADE_BOT_ADMIN, SHADE_LIGHT_BLUE]
      shade_by_name { key: "x" value: SHADE_BOT_ADMIN } counts { key: "y" value: 9 } inner_by_name { key: "z" value { title: "Z" } }
      flags: [true, false] ratios: [0.5, 2] small: -7 inners { title: "A" } inners { title: "B" } dates { seconds: 0 }
      tree { name: "root" branches { name: "leaf" } } numbers: [3, 4] plain: "p")")),
            Json(R"({
      "text": "Привет", "data": "AP8Q", "words": ["a", "b"], "titles": {"en": "Show"},
      "number": -5, "ratio": 1.5, "flag": true, "flagText": "Y", "flagJson": false, "width": "350", "ids": ["1", "2"],
      "inner": {"TITLE": "T", "COMMON": false, "chatId": 7}, "mark": {"SIZE": 3}, "hash": "abc",
      "at": "2026-01-01T00:00:00.500Z", "shade": "lightBlue", "shades": ["BOT-admin", "lightBlue"],
      "shadeByName": {"x": "BOT-admin"}, "counts": {"y": 9}, "innerByName": {"z": {"TITLE": "Z"}},
      "flags": [true, false], "ratios": [0.5, 2], "small": -7, "inners": [{"TITLE": "A"}, {"TITLE": "B"}],
      "dates": ["1970-01-01T00:00:00Z"], "tree": {"name": "root", "branches": [{"name": "leaf"}]}, "numbers": [3, 4], "plain": "p"})"));
}

TEST(EncodeJson, WritesBooleansOfV1AsYesAndNoUnlessTheFieldSaysOtherwise) {
  EXPECT_EQ(Json(Encode("test.v1.everything",
                        R"(flag: true flag_text: true flag_json: true flags: [true, false] inner { common: true })")),
            Json(R"({"flag": "Y", "flagText": "Y", "flagJson": true, "flags": ["Y", "N"], "inner": {"COMMON": "Y"}})"));
  EXPECT_EQ(
      Json(Encode("test.v1.everything", R"(flag: false flag_text: false flag_json: false inner { common: false })")),
      Json(R"({"flag": "N", "flagText": "N", "flagJson": false, "inner": {"COMMON": "N"}})"));
}

TEST(EncodeJson, WritesBooleansOfV2AsJsonUnlessTheFieldSaysOtherwise) {
  EXPECT_EQ(Json(Encode("test.v2.everything", R"(flag: false flag_text: false flag_json: true)")),
            Json(R"({"flag": false, "flagText": "N", "flagJson": true})"));
}

TEST(EncodeJson, LeavesOutWhatIsNotSetAndEmptyListsAndMaps) {
  EXPECT_EQ(Encode("test.v2.everything", ""), "{}");
  EXPECT_EQ(Encode("test.v1.everything", ""), "{}");
}

TEST(EncodeJson, WritesZeroFalseAndEmptyTextWhereTheyAreSet) {
  EXPECT_EQ(Json(Encode("test.v2.everything", R"(text: "" number: 0 ratio: 0 flag: false data: "" plain: "")")),
            Json(R"({"text": "", "number": 0, "ratio": 0, "flag": false, "data": "", "plain": ""})"));
}

TEST(EncodeJson, NeverSendsTheBotsNameInTheGateway) {
  EXPECT_EQ(Encode("test.v2.everything", R"(bot: "acme/support")"), "{}");
  EXPECT_EQ(Encode("imbot.v2.Revision.get", R"(portal: "acme")"), "{}");
}

TEST(EncodeJson, WritesIntegralDoublesAsIntegersAndBigNumbersWhole) {
  // A PHP that gets 3.0 has a float; the portal's binder takes integers.
  EXPECT_EQ(Encode("test.v2.everything", "ratio: 3"), R"({"ratio":3})");
  EXPECT_EQ(Encode("test.v2.everything", "number: 9223372036854775807"), R"({"number":9223372036854775807})");
  EXPECT_EQ(Encode("test.v2.everything", "number: -9223372036854775808"), R"({"number":-9223372036854775808})");
  EXPECT_EQ(Encode("test.v2.everything", "width: 9223372036854775807"), R"({"width":"9223372036854775807"})");
}

TEST(EncodeJson, EscapesTextAndKeepsUnicodeAsItIs) {
  EXPECT_EQ(Encode("test.v2.everything", R"(text: "a\"b\\c\n\t\001 Привет \360\237\221\213")"),
            "{\"text\":\"a\\\"b\\\\c\\n\\t\\u0001 Привет 👋\"}");
}

TEST(EncodeJson, AddsNoLevelForAnInlineMessage) {
  EXPECT_EQ(Json(Encode("test.v2.everything", R"(script { js_method: "PUT" })")), Json(R"({"JS_METHOD": "PUT"})"));
  EXPECT_EQ(Json(Encode("test.v1.everything", R"(frame { iframe: "https://e" iframe_width: 350 })")),
            Json(R"({"IFRAME": "https://e", "IFRAME_WIDTH": "350"})"));
}

TEST(EncodeJson, ClearsByTheTextThatTheOptionSays) {
  EXPECT_EQ(Json(Encode("test.v2.everything", "remove_keyboard: true remove_background_id: true remove_note: true")),
            Json(R"({"keyboard": "N", "backgroundId": null, "note": ""})"));
  EXPECT_EQ(Json(Encode("test.v1.everything", "remove_keyboard: true")), Json(R"({"keyboard": "N"})"));
}

TEST(EncodeJson, ClearsNothingWhenTheBoolIsFalse) {
  EXPECT_EQ(Json(Encode("test.v2.everything", R"(remove_keyboard: false keyboard: "k")")),
            Json(R"({"keyboard": "k"})"));
}

TEST(EncodeJson, LeavesTheBotsIdOutWhereAFieldClearsIt) {
  EXPECT_EQ(Json(Encode("test.v2.everything", R"(code: "other")", {.bot_id = 456, .secret = {}})),
            Json(R"({"code": "other"})"));
  EXPECT_EQ(Json(Encode("test.v2.everything", R"(text: "t")", {.bot_id = 456, .secret = {}})),
            Json(R"({"text": "t", "botId": 456})"));
}

TEST(EncodeJson, MakesNullKeysOfTheNamesThatAreRemoved) {
  EXPECT_EQ(Json(Encode("test.v2.everything", R"(labels { key: "a" value: "A" } remove_labels: ["b", "c"])")),
            Json(R"({"labels": {"a": "A", "b": null, "c": null}})"));
  EXPECT_EQ(Json(Encode("test.v2.everything", R"(remove_labels: "b")")), Json(R"({"labels": {"b": null}})"));
}

TEST(EncodeJson, WritesAnEmptyMessageAsTrueWhereTheOptionSaysSo) {
  EXPECT_EQ(Json(Encode("test.v2.everything", "mark {} marks {} marks { size: 1 } tree {}")),
            Json(R"({"mark": true, "marks": [true, {"SIZE": 1}], "tree": {}})"));
}

TEST(EncodeJson, WritesUserDefinedValuesAsTheyAre) {
  EXPECT_EQ(Json(Encode("test.v2.everything", R"(
      options { fields { key: "n" value { number_value: 1 } } fields { key: "f" value { number_value: 0.25 } } fields { key: "s" value { string_value: "Y" } }
                fields { key: "b" value { bool_value: true } } fields { key: "z" value { null_value: NULL_VALUE } }
                fields { key: "o" value { struct_value {} } } fields { key: "l" value { list_value { values { string_value: "x" } values { list_value {} } } } } }
      any { string_value: "free" } things { values { number_value: 9007199254740992 } values { bool_value: false } })")),
            Json(R"({"options": {"n": 1, "f": 0.25, "s": "Y", "b": true, "z": null, "o": {}, "l": ["x", []]},
                     "any": "free", "things": [9007199254740992, false]})"));
  // The same in v1: a user's boolean is the user's.
  EXPECT_EQ(Json(Encode("test.v1.everything", R"(any { bool_value: true })")), Json(R"({"any": true})"));
  EXPECT_EQ(Encode("test.v2.everything", R"(any { number_value: 3 })"), R"({"any":3})");
}

TEST(EncodeJson, WritesAnUnsetValueAsNull) {
  EXPECT_EQ(Json(Encode("test.v2.everything", "any {}")), Json(R"({"any": null})"));
}

// --- What the gateway puts in ---

TEST(EncodeJson, PutsTheSecretIntoAMessageThatTheCallerLeftOut) {
  EXPECT_EQ(Json(Encode("test.v2.everything", "", Bot(7, "s3cret"))),
            Json(R"({"botId": 7, "inner": {"token": "s3cret"}})"));
  EXPECT_EQ(Json(Encode("test.v2.everything", R"(inner { title: "t" })", Bot(7, "s3cret"))),
            Json(R"({"botId": 7, "inner": {"TITLE": "t", "token": "s3cret"}})"));
}

TEST(EncodeJson, PutsNothingInWhereThereIsNothingToPut) {
  EXPECT_EQ(Encode("test.v2.everything", ""), "{}");
  EXPECT_EQ(Json(Encode("imbot.update", R"(fields { code: "c" })", {.bot_id = 39, .secret = {}})),
            Json(R"({"BOT_ID": 39, "FIELDS": {"CODE": "c"}})"));
}

TEST(EncodeJson, PutsTheSecretBesideTheFieldsOfARegistrationEvenWithoutFields) {
  EXPECT_EQ(Json(Encode("imbot.v2.Bot.register", R"(portal: "acme")", {.bot_id = {}, .secret = "tok"})),
            Json(R"({"fields": {"botToken": "tok"}})"));
  EXPECT_EQ(Json(Encode("imbot.register", R"(portal: "acme" code: "c")", {.bot_id = {}, .secret = "tok"})),
            Json(R"({"CODE": "c", "CLIENT_ID": "tok"})"));
}

TEST(EncodeJson, FillsInTheBotOfAKeyboard) {
  EXPECT_EQ(Json(Encode("imbot.v2.Chat.Message.send",
                        R"(dialog_id: "chat5" fields { keyboard { buttons { text: "A" link: "/x" } } })", Bot(456))),
            Json(R"({"botId": 456, "botToken": "my_bot_token", "dialogId": "chat5",
                     "fields": {"keyboard": {"BUTTONS": [{"TEXT": "A", "LINK": "/x"}], "BOT_ID": 456}}})"));
  EXPECT_EQ(
      Json(Encode("imbot.message.add", R"(dialog_id: "5" message: "m" keyboard { buttons { text: "A" link: "/x" } })",
                  {.bot_id = 39, .secret = {}})),
      Json(
          R"({"BOT_ID": 39, "DIALOG_ID": "5", "MESSAGE": "m", "KEYBOARD": {"BUTTONS": [{"TEXT": "A", "LINK": "/x"}], "BOT_ID": 39}})"));
}

// --- Keyboards, attachments and menus, complete ---

TEST(EncodeJson, WritesEveryFieldOfAKeyboardButton) {
  // Page messages/message-keyboards.md.
  EXPECT_EQ(Json(Encode("imbot.v2.Chat.Message.send", R"(fields { keyboard {
      buttons { text: "Link" link: "https://example.com" display: BUTTON_DISPLAY_LINE width: 150 bg_color: "#29619b" bg_color_token: COLOR_TOKEN_PRIMARY
                text_color: "#fff" off_bg_color: "#000000" off_text_color: "#AbCdEf" context: DISPLAY_CONTEXT_DESKTOP disabled: false }
      buttons { type: BUTTON_TYPE_NEWLINE }
      buttons { text: "Cmd" command: "help" command_params: "me" block: true display: BUTTON_DISPLAY_BLOCK context: DISPLAY_CONTEXT_MOBILE }
      buttons { text: "Put" action: CLIENT_ACTION_PUT action_value: "/help" bg_color_token: COLOR_TOKEN_ALERT }
      buttons { text: "Send" action: CLIENT_ACTION_SEND action_value: "t" bg_color_token: COLOR_TOKEN_SECONDARY }
      buttons { text: "Copy" action: CLIENT_ACTION_COPY action_value: "t" bg_color_token: COLOR_TOKEN_BASE }
      buttons { text: "Call" action: CLIENT_ACTION_CALL action_value: "+1" context: DISPLAY_CONTEXT_ALL }
      buttons { text: "Dialog" action: CLIENT_ACTION_DIALOG action_value: "chat1" disabled: true }
      buttons { text: "App" app_id: 13 app_params: "p" } } })")),
            Json(R"({"fields": {"keyboard": {"BUTTONS": [
      {"TEXT": "Link", "LINK": "https://example.com", "DISPLAY": "LINE", "WIDTH": 150, "BG_COLOR": "#29619b", "BG_COLOR_TOKEN": "primary",
       "TEXT_COLOR": "#fff", "OFF_BG_COLOR": "#000000", "OFF_TEXT_COLOR": "#AbCdEf", "CONTEXT": "DESKTOP", "DISABLED": "N"},
      {"TYPE": "NEWLINE"},
      {"TEXT": "Cmd", "COMMAND": "help", "COMMAND_PARAMS": "me", "BLOCK": "Y", "DISPLAY": "BLOCK", "CONTEXT": "MOBILE"},
      {"TEXT": "Put", "ACTION": "PUT", "ACTION_VALUE": "/help", "BG_COLOR_TOKEN": "alert"},
      {"TEXT": "Send", "ACTION": "SEND", "ACTION_VALUE": "t", "BG_COLOR_TOKEN": "secondary"},
      {"TEXT": "Copy", "ACTION": "COPY", "ACTION_VALUE": "t", "BG_COLOR_TOKEN": "base"},
      {"TEXT": "Call", "ACTION": "CALL", "ACTION_VALUE": "+1", "CONTEXT": "ALL"},
      {"TEXT": "Dialog", "ACTION": "DIALOG", "ACTION_VALUE": "chat1", "DISABLED": "Y"},
      {"TEXT": "App", "APP_ID": 13, "APP_PARAMS": "p"}]}}})"));
}

TEST(EncodeJson, WritesAllSevenBlocksOfAnAttachment) {
  // The examples of pages messages/attachments/block-collections/*.md.
  EXPECT_EQ(Json(Encode("imbot.v2.Chat.Message.send",
                        R"(fields { attach { id: 1 color_token: COLOR_TOKEN_PRIMARY color: "#29619b"
      blocks { user { name: "John Smith" avatar: "https://files.shelenkov.com/bitrix/images/avatar.png" link: "https://shelenkov.com" } }
      blocks { user { name: "N" user_id: 1 chat_id: 2 bot_id: 3 network_id: "4" avatar_type: AVATAR_TYPE_BOT } }
      blocks { link { preview: "https://example.com/bitrix/templates/bitrix-new/images/logo.png" width: 1000 height: 638
                      name: "Ticket #12345: New API for the \"Web Messenger\" Module" desc: "Must be implemented by the release!" link: "https://api.bitrix24.com/" } }
      blocks { link { link: "/company/" html: "<b>x</b>" user_id: 1 chat_id: 2 network_id: "4" } }
      blocks { message: "The API will be available in the update [B]im 24.0.0[/B]" }
      blocks { delimiter { size: 200 color: "#c6c6c6" } }
      blocks { delimiter {} }
      blocks { grid { name: "Priority" value: "High" color_token: COLOR_TOKEN_ALERT color: "#ff0000" display: GRID_DISPLAY_LINE width: 250 }
               grid { name: "Category" value: "Requests" display: GRID_DISPLAY_LINE } }
      blocks { grid { display: GRID_DISPLAY_BLOCK value: "v" height: 10 link: "/x" } grid { display: GRID_DISPLAY_ROW user_id: 5 } grid { display: GRID_DISPLAY_TABLE chat_id: 6 } }
      blocks { image { name: "This is Mantis" link: "https://files.shelenkov.com/bitrix/images/mantis.jpg"
                       preview: "https://files.shelenkov.com/bitrix/images/mantis.jpg" width: 1000 height: 638 } }
      blocks { file { name: "mantis.jpg" link: "https://files.shelenkov.com/bitrix/images/mantis.jpg" size: 1500000 } } } })")),
            Json(R"({"fields": {"attach": {"ID": 1, "COLOR_TOKEN": "primary", "COLOR": "#29619b", "BLOCKS": [
      {"USER": {"NAME": "John Smith", "AVATAR": "https://files.shelenkov.com/bitrix/images/avatar.png", "LINK": "https://shelenkov.com"}},
      {"USER": {"NAME": "N", "USER_ID": 1, "CHAT_ID": 2, "BOT_ID": 3, "NETWORK_ID": "4", "AVATAR_TYPE": "BOT"}},
      {"LINK": {"PREVIEW": "https://example.com/bitrix/templates/bitrix-new/images/logo.png", "WIDTH": 1000, "HEIGHT": 638,
                "NAME": "Ticket #12345: New API for the \"Web Messenger\" Module", "DESC": "Must be implemented by the release!", "LINK": "https://api.bitrix24.com/"}},
      {"LINK": {"LINK": "/company/", "HTML": "<b>x</b>", "USER_ID": 1, "CHAT_ID": 2, "NETWORK_ID": "4"}},
      {"MESSAGE": "The API will be available in the update [B]im 24.0.0[/B]"},
      {"DELIMITER": {"SIZE": 200, "COLOR": "#c6c6c6"}},
      {"DELIMITER": true},
      {"GRID": [{"NAME": "Priority", "VALUE": "High", "COLOR_TOKEN": "alert", "COLOR": "#ff0000", "DISPLAY": "LINE", "WIDTH": 250},
                {"NAME": "Category", "VALUE": "Requests", "DISPLAY": "LINE"}]},
      {"GRID": [{"DISPLAY": "BLOCK", "VALUE": "v", "HEIGHT": 10, "LINK": "/x"}, {"DISPLAY": "ROW", "USER_ID": 5}, {"DISPLAY": "TABLE", "CHAT_ID": 6}]},
      {"IMAGE": [{"NAME": "This is Mantis", "LINK": "https://files.shelenkov.com/bitrix/images/mantis.jpg",
                  "PREVIEW": "https://files.shelenkov.com/bitrix/images/mantis.jpg", "WIDTH": 1000, "HEIGHT": 638}]},
      {"FILE": [{"NAME": "mantis.jpg", "LINK": "https://files.shelenkov.com/bitrix/images/mantis.jpg", "SIZE": 1500000}]}]}}})"));
}

TEST(EncodeJson, WritesEveryFieldOfAMenu) {
  // Page chats/messages/menu.md.
  EXPECT_EQ(
      Json(Encode("imbot.message.add",
                  R"(dialog_id: "chat2725" message: "Select an action from the menu" url_preview: true menu {
      items { text: "Open Website" link: "https://www.example.com/" }
      items { text: "Send Text" action: CLIENT_ACTION_SEND action_value: "Done" }
      items { text: "Cmd" command: "example" command_params: "example" disabled: true context: DISPLAY_CONTEXT_MOBILE }
      items { text: "App" app_id: 13 app_params: "p" disabled: false } })")),
      Json(
          R"({"DIALOG_ID": "chat2725", "MESSAGE": "Select an action from the menu", "URL_PREVIEW": "Y", "MENU": {"ITEMS": [
      {"TEXT": "Open Website", "LINK": "https://www.example.com/"},
      {"TEXT": "Send Text", "ACTION": "SEND", "ACTION_VALUE": "Done"},
      {"TEXT": "Cmd", "COMMAND": "example", "COMMAND_PARAMS": "example", "DISABLED": "Y", "CONTEXT": "MOBILE"},
      {"TEXT": "App", "APP_ID": 13, "APP_PARAMS": "p", "DISABLED": "N"}]}})"));
}

TEST(EncodeJson, WritesTheMapOfForwardedMessages) {
  EXPECT_EQ(
      Json(Encode(
          "imbot.v2.Chat.Message.send",
          R"(fields { forward_ids { key: "0b7c2d5e-6f3a-4c1d-9e8f-7a6b5c4d3e2f" value: 77 } reply_id: 5 system: true url_preview: false })")),
      Json(
          R"({"fields": {"forwardIds": {"0b7c2d5e-6f3a-4c1d-9e8f-7a6b5c4d3e2f": 77}, "replyId": 5, "system": true, "urlPreview": false}})"));
}

TEST(EncodeJson, ClearsWhatAnUpdateRemoves) {
  // Page message-keyboards.md: 'N' disables; WIRE_FACTS 5.2: an empty text deletes the message.
  EXPECT_EQ(
      Json(Encode("imbot.v2.Chat.Message.update",
                  "message_id: 789 fields { delete_message: true remove_attach: true remove_keyboard: true "
                  "url_preview: false }")),
      Json(R"({"messageId": 789, "fields": {"message": "", "attach": "N", "keyboard": "N", "urlPreview": "N"}})"));
  EXPECT_EQ(
      Json(Encode("imbot.message.update",
                  "message_id: 1 remove_menu: true remove_keyboard: true remove_attach: true delete_message: true")),
      Json(R"({"MESSAGE_ID": 1, "MENU": "N", "KEYBOARD": "N", "ATTACH": "N", "MESSAGE": ""})"));
  EXPECT_EQ(Json(Encode("imbot.v2.Bot.update", "fields { remove_background_id: true }")),
            Json(R"({"fields": {"backgroundId": null}})"));
  EXPECT_EQ(Json(Encode("imbot.v2.Command.update",
                        R"(command_id: 42 fields { title { key: "en" value: "Help" } remove_title: "de" })")),
            Json(R"({"commandId": 42, "fields": {"title": {"en": "Help", "de": null}}})"));
}

// --- The documentation's own examples, value by value ---

struct Example {
  const char* method;
  const char* request;
  Identity identity;
  const char* json;
};

void PrintTo(const Example& example, std::ostream* out) {
  *out << example.method;
}

class DocumentedExample : public testing::TestWithParam<Example> {};

TEST_P(DocumentedExample, IsWhatTheEncoderWrites) {
  EXPECT_EQ(Json(Encode(GetParam().method, GetParam().request, GetParam().identity)), Json(GetParam().json));
}

INSTANTIATE_TEST_SUITE_P(
    V2, DocumentedExample,
    testing::Values(
        // chat-message-send.md; the page writes the short form of a keyboard, which message-keyboards.md says the
        // portal wraps into BUTTONS.
        Example{"imbot.v2.Chat.Message.send",
                R"(bot: "acme/support" dialog_id: "chat5" fields { message: "Hello from bot!"
                   keyboard { buttons { text: "Open" link: "https://example.com" bg_color_token: COLOR_TOKEN_PRIMARY } } })",
                Bot(456),
                R"({"botId":456,"botToken":"my_bot_token","dialogId":"chat5","fields":{"message":"Hello from bot!",
                    "keyboard":{"BOT_ID":456,"BUTTONS":[{"TEXT":"Open","LINK":"https://example.com","BG_COLOR_TOKEN":"primary"}]}}})"},
        // message-keyboards.md
        Example{
            "imbot.v2.Chat.Message.send",
            R"(dialog_id: "chat2725" fields { message: "Select action" keyboard {
                   buttons { text: "Open website" link: "https://www.example.com/" } buttons { type: BUTTON_TYPE_NEWLINE }
                   buttons { text: "Insert command" action: CLIENT_ACTION_PUT action_value: "/help" } } })",
            Bot(456),
            R"({"botId":456,"botToken":"my_bot_token","dialogId":"chat2725","fields":{"message":"Select action","keyboard":{"BOT_ID":456,"BUTTONS":[
                    {"TEXT":"Open website","LINK":"https://www.example.com/"},{"TYPE":"NEWLINE"},{"TEXT":"Insert command","ACTION":"PUT","ACTION_VALUE":"/help"}]}}})"},
        Example{"imbot.v2.Chat.Message.update", R"(message_id: 789 fields { message: "Updated text" })", Bot(456),
                R"({"botId":456,"botToken":"my_bot_token","messageId":789,"fields":{"message":"Updated text"}})"},
        Example{"imbot.v2.Chat.Message.delete", "message_id: 789", Bot(456),
                R"({"botId":456,"botToken":"my_bot_token","messageId":789})"},
        Example{"imbot.v2.Chat.Message.get", "message_id: 789", Bot(456),
                R"({"botId":456,"botToken":"my_bot_token","messageId":789})"},
        Example{
            "imbot.v2.Bot.register",
            R"(portal: "acme" fields { code: "support_bot" properties { name: "Support Bot" work_position: "AI Assistant" } type: BOT_TYPE_BOT event_mode: EVENT_MODE_FETCH })",
            {.bot_id = {}, .secret = "my_bot_token"},
            R"({"fields":{"code":"support_bot","botToken":"my_bot_token","properties":{"name":"Support Bot","workPosition":"AI Assistant"},"type":"bot","eventMode":"fetch"}})"},
        Example{
            "imbot.v2.Bot.update", R"(fields { properties { name: "Updated Bot" } is_hidden: true })", Bot(456),
            R"({"botId":456,"botToken":"my_bot_token","fields":{"properties":{"name":"Updated Bot"},"isHidden":true}})"},
        Example{"imbot.v2.Bot.get", R"(code: "support_bot")", Bot(456),
                R"({"botToken":"my_bot_token","code":"support_bot"})"},
        Example{"imbot.v2.Bot.unregister", "", Bot(456), R"({"botId":456,"botToken":"my_bot_token"})"},
        Example{
            "imbot.v2.Command.register",
            R"(fields { command: "help" title { key: "en" value: "Show help" } title { key: "de" value: "Hilfe anzeigen" } params { key: "en" value: "query" } params { key: "de" value: "Anfrage" } })",
            Bot(456),
            R"({"botId":456,"botToken":"my_bot_token","fields":{"command":"help","title":{"en":"Show help","de":"Hilfe anzeigen"},"params":{"en":"query","de":"Anfrage"}}})"},
        Example{
            "imbot.v2.Command.update",
            R"(command_id: 42 fields { title { key: "en" value: "Updated help" } title { key: "de" value: "Aktualisierte Hilfe" } })",
            Bot(456, "b15f6e80ef345c97e23db31e727281f4"),
            R"({"botId":456,"botToken":"b15f6e80ef345c97e23db31e727281f4","commandId":42,"fields":{"title":{"en":"Updated help","de":"Aktualisierte Hilfe"}}})"}));

INSTANTIATE_TEST_SUITE_P(
    V1, DocumentedExample,
    testing::Values(
        // imbot-register.md
        Example{
            "imbot.register",
            R"(code: "newbot" type: BOT_TYPE_BOT event_handler: "https://example.com/bot/events" openline: false properties { name: "NewBot" work_position: "Support bot" })",
            {.bot_id = {}, .secret = "client"},
            R"({"CODE":"newbot","TYPE":"B","EVENT_HANDLER":"https://example.com/bot/events","OPENLINE":"N","PROPERTIES":{"NAME":"NewBot","WORK_POSITION":"Support bot"},"CLIENT_ID":"client"})"},
        // imbot-update.md
        Example{
            "imbot.update",
            R"(fields { code: "newbot_v2" event_handler: "https://example.com/bot/events" properties { name: "UpdatedBot" work_position: "Updated description" } })",
            Bot(39, "client"),
            R"({"BOT_ID":39,"CLIENT_ID":"client","FIELDS":{"CODE":"newbot_v2","EVENT_HANDLER":"https://example.com/bot/events","PROPERTIES":{"NAME":"UpdatedBot","WORK_POSITION":"Updated description"}}})"},
        // imbot-message-add.md
        Example{
            "imbot.message.add", R"(dialog_id: "chat123" message: "Message text" url_preview: true)", Bot(39, "client"),
            R"({"BOT_ID":39,"CLIENT_ID":"client","DIALOG_ID":"chat123","MESSAGE":"Message text","URL_PREVIEW":"Y"})"},
        // imbot-message-update.md
        Example{
            "imbot.message.update", R"(message_id: 19880117 message: "Updated text" url_preview: true)",
            Bot(39, "client"),
            R"({"BOT_ID":39,"CLIENT_ID":"client","MESSAGE_ID":19880117,"MESSAGE":"Updated text","URL_PREVIEW":"Y"})"},
        // imbot-command-register.md
        Example{
            "imbot.command.register",
            R"(command: "echo" event_command_add: "https://example.com/bot/command.php" lang { language_id: "de" title: "Echo" params: "text" }
                   lang { language_id: "en" title: "Echo" params: "text" } common: true hidden: false extranet_support: false)",
            Bot(1291, "client"),
            R"({"BOT_ID":1291,"COMMAND":"echo","EVENT_COMMAND_ADD":"https://example.com/bot/command.php","LANG":[{"LANGUAGE_ID":"de","TITLE":"Echo","PARAMS":"text"},
                    {"LANGUAGE_ID":"en","TITLE":"Echo","PARAMS":"text"}],"COMMON":"Y","HIDDEN":"N","EXTRANET_SUPPORT":"N","CLIENT_ID":"client"})"},
        // imbot-command-update.md
        Example{
            "imbot.command.update",
            R"(command_id: 99 fields { command: "echo2" event_command_add: "https://example.com/bot/command.php" hidden: false extranet_support: true
                   lang { language_id: "de" title: "Echo 2" params: "text" } lang { language_id: "en" title: "Echo 2" params: "text" } })",
            Bot(39, "client"),
            R"({"COMMAND_ID":99,"CLIENT_ID":"client","FIELDS":{"COMMAND":"echo2","EVENT_COMMAND_ADD":"https://example.com/bot/command.php","HIDDEN":"N","EXTRANET_SUPPORT":"Y",
                    "LANG":[{"LANGUAGE_ID":"de","TITLE":"Echo 2","PARAMS":"text"},{"LANGUAGE_ID":"en","TITLE":"Echo 2","PARAMS":"text"}]}})"},
        // imbot-app-register.md, a command
        Example{
            "imbot.app.register",
            R"(code: "echo" js_command { js_method: JS_METHOD_SEND js_param: "/help" } icon_file: "icon" context: APP_CONTEXT_BOT extranet_support: false
                   livechat_support: false iframe_popup: false lang { language_id: "en" title: "Echobot BUTTON" description: "Send help command" })",
            Bot(62, "client"),
            R"({"BOT_ID":62,"CLIENT_ID":"client","CODE":"echo","JS_METHOD":"SEND","JS_PARAM":"/help","ICON_FILE":"aWNvbg==","CONTEXT":"BOT","EXTRANET_SUPPORT":"N",
                    "LIVECHAT_SUPPORT":"N","IFRAME_POPUP":"N","LANG":[{"LANGUAGE_ID":"en","TITLE":"Echobot BUTTON","DESCRIPTION":"Send help command"}]})"},
        // imbot-app-register.md, a frame
        Example{
            "imbot.app.register",
            R"(code: "echo" iframe_app { iframe: "https://marta.bitrix.com/iframe/echo.php" iframe_width: 350 iframe_height: 150 hash: "d1ab17949a572b0979d8db0d5b349cd2" }
                   context: APP_CONTEXT_BOT_ADMIN hidden: false extranet_support: false livechat_support: false iframe_popup: false
                   lang { language_id: "en" title: "Echobot IFRAME" description: "Open Echobot IFRAME app" copyright: "Bitrix24" })",
            Bot(62, "client"),
            R"({"BOT_ID":62,"CLIENT_ID":"client","CODE":"echo","IFRAME":"https://marta.bitrix.com/iframe/echo.php","IFRAME_WIDTH":"350","IFRAME_HEIGHT":"150",
                    "HASH":"d1ab17949a572b0979d8db0d5b349cd2","CONTEXT":"BOT-admin","HIDDEN":"N","EXTRANET_SUPPORT":"N","LIVECHAT_SUPPORT":"N","IFRAME_POPUP":"N",
                    "LANG":[{"LANGUAGE_ID":"en","TITLE":"Echobot IFRAME","DESCRIPTION":"Open Echobot IFRAME app","COPYRIGHT":"Bitrix24"}]})"},
        // imbot-app-update.md
        Example{
            "imbot.app.update",
            R"(app_id: 13 fields { iframe: "https://marta.bitrix.com/iframe/echo.php" iframe_width: 350 iframe_height: 150 js_method: JS_METHOD_SEND js_param: "/help"
                   hash: "register" context: APP_CONTEXT_BOT extranet_support: false livechat_support: false iframe_popup: false
                   lang { language_id: "en" title: "Echobot IFRAME" description: "Open Echobot IFRAME app" copyright: "Bitrix24" } })",
            Bot(62, "client"),
            R"({"APP_ID":13,"CLIENT_ID":"client","FIELDS":{"IFRAME":"https://marta.bitrix.com/iframe/echo.php","IFRAME_WIDTH":"350","IFRAME_HEIGHT":"150","JS_METHOD":"SEND",
                    "JS_PARAM":"/help","HASH":"register","CONTEXT":"BOT","EXTRANET_SUPPORT":"N","LIVECHAT_SUPPORT":"N","IFRAME_POPUP":"N",
                    "LANG":[{"LANGUAGE_ID":"en","TITLE":"Echobot IFRAME","DESCRIPTION":"Open Echobot IFRAME app","COPYRIGHT":"Bitrix24"}]}})"}));

}  // namespace
}  // namespace imbot::translate
