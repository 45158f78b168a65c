#include "client_lib/json_reader/json_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "bitrix24/imbot/v1/app_service.pb.h"
#include "bitrix24/imbot/v1/bot_service.pb.h"
#include "bitrix24/imbot/v1/chat_service.pb.h"
#include "bitrix24/imbot/v1/command_service.pb.h"
#include "bitrix24/imbot/v1/message_service.pb.h"
#include "bitrix24/imbot/v2/bot_service.pb.h"
#include "bitrix24/imbot/v2/command_service.pb.h"
#include "bitrix24/imbot/v2/file_service.pb.h"
#include "bitrix24/imbot/v2/message_service.pb.h"
#include "bitrix24/imbot/v2/revision_service.pb.h"
#include "google/protobuf/text_format.h"
#include "imbot/gateway/v1/raw_service.pb.h"
#include "tests/translate/testing.pb.h"

namespace imbot::client {
namespace {

using google::protobuf::Message;
using test::translate::v1::EverythingRequest;
using ::testing::HasSubstr;

const google::protobuf::MethodDescriptor& Rpc(const std::string& full_name) {
  const auto* method = google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(full_name);
  if (method == nullptr) throw std::logic_error("no rpc " + full_name);
  return *method;
}

// The request in protobuf's short text form, or "!" and what was wrong with it.
std::string Read(const std::string& rpc, const std::string& json, const Subject& subject = {}) {
  const auto request = ReadRequest(Rpc(rpc), json, subject);
  if (!request.ok()) {
    EXPECT_EQ(request.status().code(), absl::StatusCode::kInvalidArgument);
    return "!" + std::string(request.status().message());
  }
  return (*request)->ShortDebugString();
}

const char kSend[] = "bitrix24.imbot.v2.MessageService.SendMessage";
const char kUpdate[] = "bitrix24.imbot.v2.MessageService.UpdateMessage";
const char kAnswer[] = "bitrix24.imbot.v1.CommandService.AnswerCommand";
const char kRegisterApp[] = "bitrix24.imbot.v1.AppService.RegisterApp";
const char kEverything[] = "imbot.test.translate.v1.EverythingV2Service.Send";

std::string Everything(const std::string& json) {
  return Read(kEverything, json);
}

TEST(JsonReader, NamesWhomTheRequestIsFor) {
  const Subject both{"acme/support", "acme"};
  EXPECT_EQ(Read(kSend, R"({"dialogId": "chat5"})", both), R"(bot: "acme/support" dialog_id: "chat5")");
  EXPECT_EQ(Read("bitrix24.imbot.v2.RevisionService.GetRevision", "{}", both), R"(portal: "acme")");
  EXPECT_EQ(Read(kSend, R"({"dialogId": "chat5"})"), R"(dialog_id: "chat5")");
}

TEST(JsonReader, TakesNoTextAndPhpsEmptyListForAnEmptyObject) {
  for (const char* json : {"", " \n", "{}", "[]"}) {
    EXPECT_EQ(Read("bitrix24.imbot.v2.RevisionService.GetRevision", json, {"", "acme"}), R"(portal: "acme")") << json;
  }
  EXPECT_EQ(Read(kSend, "[1]"), "!the whole text: is a list, but must be an object");
  EXPECT_EQ(Read(kSend, "7"), "!the whole text: is a number, but must be an object");
}

TEST(JsonReader, DropsTheKeysOfIdentity) {
  EXPECT_EQ(Read(kSend, R"({"botId": 456, "botToken": "t", "auth": "x", "dialogId": "chat5"})"),
            R"(dialog_id: "chat5")");
  EXPECT_EQ(Read(kAnswer, R"({"BOT_ID": 39, "CLIENT_ID": "c", "MESSAGE_ID": 1})"), "message_id: 1");
  // The secret of a registration stands beside the other fields.
  EXPECT_EQ(Read("bitrix24.imbot.v2.BotService.RegisterBot", R"({"fields": {"code": "c", "botToken": "t"}})"),
            R"(fields { code: "c" })");
  EXPECT_EQ(Read(kSend, R"({"fields": {"keyboard": {"BOT_ID": 456, "BUTTONS": [{"TEXT": "x"}]}}})"),
            R"(fields { keyboard { buttons { text: "x" } } })");
}

TEST(JsonReader, KeepsWhatOnlyLooksLikeIdentity) {
  // A person shown in an attachment may be a bot.
  EXPECT_EQ(Read(kSend, R"({"fields": {"attach": [{"USER": {"NAME": "x", "BOT_ID": 7}}]}})"),
            R"(fields { attach { blocks { user { name: "x" bot_id: 7 } } } })");
  // Rotation of the token is no update of a field.
  EXPECT_EQ(Read("bitrix24.imbot.v2.BotService.UpdateBot", R"({"fields": {"botToken": "new"}})"),
            "!fields.botToken: is no parameter of imbot.v2.Bot.update");
  EXPECT_EQ(Read(kSend, R"({"fields": {"auth": "x"}})"), "!fields.auth: is no parameter of imbot.v2.Chat.Message.send");
}

TEST(JsonReader, ReadsBooleansAsPhpWritesThem) {
  for (const char* yes : {"true", "\"Y\"", "\"y\"", "\"true\"", "1", "\"1\""}) {
    EXPECT_EQ(Everything(std::string("{\"flag\": ") + yes + "}"), "flag: true") << yes;
  }
  for (const char* no : {"false", "\"N\"", "\"n\"", "\"false\"", "0", "\"0\""}) {
    EXPECT_EQ(Everything(std::string("{\"flag\": ") + no + "}"), "flag: false") << no;
  }
  for (const char* neither : {"2", "\"yes\"", "\"\"", "[]", "{}", "0.5"}) {
    EXPECT_THAT(Everything(std::string("{\"flag\": ") + neither + "}"), HasSubstr(R"(must be true, false, "Y" or "N")"))
        << neither;
  }
  EXPECT_EQ(Everything(R"({"flags": [true, "N", 1]})"), "flags: true flags: false flags: true");
}

TEST(JsonReader, ReadsWholeNumbersToTheLastDigit) {
  EXPECT_EQ(Everything(R"({"number": 9007199254740993})"), "number: 9007199254740993");
  EXPECT_EQ(Everything(R"({"number": -9223372036854775808})"), "number: -9223372036854775808");
  EXPECT_EQ(Everything(R"({"number": "350"})"), "number: 350");
  EXPECT_EQ(Everything(R"({"number": 350.0})"), "number: 350");
  EXPECT_EQ(Everything(R"({"width": "350"})"), "width: 350");
  EXPECT_EQ(Everything(R"({"ids": [1, "2"]})"), "ids: 1 ids: 2");
  EXPECT_EQ(Everything(R"({"small": 2147483647})"), "small: 2147483647");
  for (const char* wrong : {"9223372036854775808", "1e30", "0.5", "\"12a\"", "\"\"", "true", "{}", "[]", "\" 1\""}) {
    EXPECT_THAT(Everything(std::string("{\"number\": ") + wrong + "}"), HasSubstr("must be a whole number of 64 bits"))
        << wrong;
  }
  EXPECT_THAT(Everything(R"({"small": 2147483648})"), HasSubstr("32 bits"));
}

TEST(JsonReader, ReadsFractions) {
  EXPECT_EQ(Everything(R"({"ratio": 0.25})"), "ratio: 0.25");
  EXPECT_EQ(Everything(R"({"ratio": "0.25", "ratios": [1, 2.5]})"), "ratio: 0.25 ratios: 1 ratios: 2.5");
  EXPECT_EQ(Everything(R"({"ratio": "x"})"), "!ratio: is a text, but must be a number");
  EXPECT_EQ(Everything(R"({"ratio": "inf"})"), "!ratio: is a text, but must be a number");
}

TEST(JsonReader, ReadsTextsAndWholeNumbersInTheirPlace) {
  EXPECT_EQ(Read(kSend, R"({"dialogId": 5})"), R"(dialog_id: "5")");
  EXPECT_EQ(Everything(R"({"text": "Привет \"\\u0026 <b>"})"), EverythingRequest([] {
                                                                 EverythingRequest request;
                                                                 request.set_text("Привет \"\\u0026 <b>");
                                                                 return request;
                                                               }())
                                                                   .ShortDebugString());
  for (const char* wrong : {"true", "1.5", "[]", "{}"}) {
    EXPECT_THAT(Everything(std::string("{\"text\": ") + wrong + "}"), HasSubstr("must be a text")) << wrong;
  }
}

TEST(JsonReader, ReadsBase64IntoBytes) {
  EXPECT_EQ(Everything(R"({"data": "SGk="})"), R"(data: "Hi")");
  EXPECT_EQ(Everything(R"({"data": "SGk"})"), R"(data: "Hi")") << "without padding";
  EXPECT_EQ(Read("bitrix24.imbot.v2.FileService.UploadFile",
                 R"({"botId": 456, "dialogId": "chat5", "fields": {"name": "a.txt", "content": "SGk="}})"),
            R"(dialog_id: "chat5" fields { name: "a.txt" content: "Hi" })");
  EXPECT_THAT(Everything(R"({"data": "data:image/png;base64,SGk="})"), HasSubstr("must be base64, without a prefix"));
  EXPECT_THAT(Everything(R"({"data": "/* base64 image */"})"), HasSubstr("must be base64"));
  EXPECT_THAT(Everything(R"({"data": 5})"), HasSubstr("is a number, but must be base64"));
}

TEST(JsonReader, ReadsTheWiresTextsOfEnums) {
  EXPECT_EQ(Everything(R"({"shade": "lightBlue", "shades": ["BOT-admin", "lightBlue"]})"),
            "shade: SHADE_LIGHT_BLUE shades: SHADE_BOT_ADMIN shades: SHADE_LIGHT_BLUE");
  EXPECT_EQ(Everything(R"({"shade": "LIGHTBLUE"})"), R"(!shade: must be one of "lightBlue", "BOT-admin")");
  EXPECT_EQ(Everything(R"({"shade": "SHADE_LIGHT_BLUE"})"), R"(!shade: must be one of "lightBlue", "BOT-admin")");
  EXPECT_EQ(Everything(R"({"shades": ["lightBlue", 1]})"),
            R"(!shades[1]: is a number, but must be one of "lightBlue", "BOT-admin")");
  EXPECT_EQ(Read(kRegisterApp, R"({"CONTEXT": "BOT-admin"})"), "context: APP_CONTEXT_BOT_ADMIN");
}

TEST(JsonReader, ReadsTimes) {
  EXPECT_EQ(Everything(R"({"at": "2025-01-15T10:30:00+02:00"})"), "at { seconds: 1736929800 }");
  EXPECT_THAT(Everything(R"({"dates": ["yesterday"]})"), HasSubstr("dates[0]: is a text, but must be a time such as"));
}

TEST(JsonReader, ReadsFreeValuesWholeOrNotAtAll) {
  EXPECT_EQ(
      Everything(R"({"options": {"a": [1, "x", null, true, {"b": 0.5}]}})"),
      "options { fields { key: \"a\" value { list_value { values { number_value: 1 } values { string_value: \"x\" } "
      "values { null_value: NULL_VALUE } values { bool_value: true } values { struct_value { fields { key: \"b\" "
      "value { number_value: 0.5 } } } } } } } }");
  EXPECT_EQ(Everything(R"({"any": 9007199254740992})"), "any { number_value: 9007199254740992 }");
  EXPECT_EQ(Everything(R"({"any": {"id": 9007199254740993}})"),
            "!any.id: is too large for a number here: write it as a text");
  EXPECT_EQ(Everything(R"({"things": [[]]})"), "things { values { list_value { } } }");
  EXPECT_EQ(Everything(R"({"things": {}})"), "!things: is an object, but must be a list");
  EXPECT_EQ(Everything(R"({"options": [1]})"), "!options: is a list, but must be an object");
}

// Page messages/message-keyboards.md and its siblings: each is accepted in three forms.
TEST(JsonReader, ReadsKeyboardsAttachmentsAndMenusInEveryForm) {
  const std::string buttons = R"([{"TEXT": "Repeat", "COMMAND": "echo"}, {"TYPE": "NEWLINE"}])";
  const std::string keyboard =
      R"(keyboard { buttons { text: "Repeat" command: "echo" } buttons { type: BUTTON_TYPE_NEWLINE } })";
  EXPECT_EQ(Read(kAnswer, R"({"KEYBOARD": {"BUTTONS": )" + buttons + "}}"), keyboard);
  EXPECT_EQ(Read(kAnswer, R"({"KEYBOARD": )" + buttons + "}"), keyboard);
  const std::string as_text = R"([{\"TEXT\": \"Repeat\", \"COMMAND\": \"echo\"}, {\"TYPE\": \"NEWLINE\"}])";
  EXPECT_EQ(Read(kAnswer, R"({"KEYBOARD": ")" + as_text + "\"}"), keyboard);
  EXPECT_EQ(Read(kAnswer, R"({"KEYBOARD": " {\"BUTTONS\": )" + as_text + "}\"}"), keyboard);

  const std::string attach = R"(attach { blocks { message: "x" } blocks { delimiter { } } })";
  EXPECT_EQ(Read(kAnswer, R"({"ATTACH": {"BLOCKS": [{"MESSAGE": "x"}, {"DELIMITER": true}]}})"), attach);
  EXPECT_EQ(Read(kAnswer, R"({"ATTACH": [{"MESSAGE": "x"}, {"DELIMITER": true}]})"), attach);
  EXPECT_EQ(Read(kAnswer, R"({"ATTACH": {"BLOCKS": "[{\"MESSAGE\": \"x\"}, {\"DELIMITER\": []}]"}})"), attach);

  const std::string menu = R"(menu { items { text: "site" link: "https://bitrix24.com" } })";
  EXPECT_EQ(Read(kAnswer, R"({"MENU": [{"TEXT": "site", "LINK": "https://bitrix24.com"}]})"), menu);
  EXPECT_EQ(Read(kAnswer, R"({"MENU": {"ITEMS": [{"TEXT": "site", "LINK": "https://bitrix24.com"}]}})"), menu);
}

TEST(JsonReader, ReadsOneObjectAsAListOfOne) {
  EXPECT_EQ(Read(kAnswer, R"({"ATTACH": [{"IMAGE": {"LINK": "/x"}}]})"),
            R"(attach { blocks { image { link: "/x" } } })");
  EXPECT_EQ(Read(kAnswer, R"({"ATTACH": [{"IMAGE": [{"LINK": "/x"}, {"LINK": "/y"}]}]})"),
            R"(attach { blocks { image { link: "/x" } image { link: "/y" } } })");
}

TEST(JsonReader, ReadsListsFromJsonText) {
  EXPECT_EQ(Read("bitrix24.imbot.v1.ChatService.AddChatUser", R"({"CHAT_ID": 1, "USERS": "[2,3]"})"),
            "chat_id: 1 users: 2 users: 3");
  EXPECT_EQ(Read("bitrix24.imbot.v1.ChatService.AddChatUser", R"({"USERS": 2})"),
            "!USERS: is a number, but must be a list");
  EXPECT_EQ(Read("bitrix24.imbot.v1.ChatService.AddChatUser", R"({"USERS": "[2,"})"),
            "!USERS: is a text that begins like JSON: not JSON: see byte 4");
}

TEST(JsonReader, TurnsWhatClearsIntoTheFieldThatSaysSo) {
  for (const char* nothing : {"\"N\"", "\"\"", "null", "false", "[]"}) {
    const auto fields = [&](const char* name) {
      return std::string("{\"fields\": {\"") + name + "\": " + nothing + "}}";
    };
    EXPECT_EQ(Read(kUpdate, fields("keyboard")), "fields { remove_keyboard: true }") << nothing;
    EXPECT_EQ(Read(kUpdate, fields("attach")), "fields { remove_attach: true }") << nothing;
    EXPECT_EQ(Read("bitrix24.imbot.v2.BotService.UpdateBot", fields("backgroundId")),
              "fields { remove_background_id: true }")
        << nothing;
    EXPECT_EQ(Read("bitrix24.imbot.v1.MessageService.UpdateMessage", std::string("{\"MENU\": ") + nothing + "}"),
              "remove_menu: true")
        << nothing;
  }
  EXPECT_EQ(Read(kUpdate, R"({"fields": {"removeKeyboard": true}})"), "fields { remove_keyboard: true }")
      << "the contract's own name";
}

TEST(JsonReader, AnEmptyTextDeletesAndAnyOtherIsAText) {
  EXPECT_EQ(Read(kUpdate, R"({"fields": {"message": ""}})"), "fields { delete_message: true }");
  EXPECT_EQ(Read(kUpdate, R"({"fields": {"message": "N"}})"), R"(fields { message: "N" })");
  EXPECT_EQ(Read(kUpdate, R"({"fields": {"message": null}})"), "fields { }");
  EXPECT_EQ(Read(kSend, R"({"fields": {"message": ""}})"), R"(fields { message: "" })") << "nothing to delete yet";
  EXPECT_EQ(Everything(R"({"backgroundId": null})"), "remove_background_id: true");
  EXPECT_EQ(Everything(R"({"backgroundId": ""})"), R"(background_id: "")");
}

TEST(JsonReader, WithoutAFieldThatClearsNothingIsCleared) {
  EXPECT_EQ(Read(kSend, R"({"fields": {"keyboard": "N"}})"),
            "!fields.keyboard: is a text, but must be an object, or a list");
  EXPECT_EQ(Read(kSend, R"({"fields": {"keyboard": null, "system": null}})"), "fields { }");
}

// Page commands/command-update.md, example 2.
TEST(JsonReader, TurnsNullKeysOfAMapIntoTheListThatRemovesThem) {
  EXPECT_EQ(
      Read("bitrix24.imbot.v2.CommandService.UpdateCommand", R"({"fields": {"title": {"de": "Hilfe", "en": null}}})"),
      R"(fields { title { key: "de" value: "Hilfe" } remove_title: "en" })");
  EXPECT_EQ(Read("bitrix24.imbot.v2.CommandService.UpdateCommand", R"({"fields": {"params": {"en": null}}})"),
            "!fields.params[en]: is null, but nothing can be removed here");
  EXPECT_EQ(Everything(R"({"labels": [], "counts": {"a": "5"}})"), R"(counts { key: "a" value: 5 })");
  EXPECT_EQ(Everything(R"({"counts": {"a": true}})"),
            "!counts[a]: is a boolean, but must be a whole number of 64 bits");
  EXPECT_EQ(Everything(R"({"titles": ["x"]})"), "!titles: is a list, but must be an object");
  EXPECT_EQ(Everything(R"({"innerByName": {"a": {"TITLE": "x"}}})"),
            R"(inner_by_name { key: "a" value { title: "x" } })");
}

TEST(JsonReader, ChoosesAnInlineMessageByTheKeysThatAreThere) {
  EXPECT_EQ(Read(kRegisterApp, R"({"CODE": "echo", "JS_METHOD": "SEND", "JS_PARAM": "/help"})"),
            R"(code: "echo" js_command { js_method: JS_METHOD_SEND js_param: "/help" })");
  EXPECT_EQ(Read(kRegisterApp, R"({"IFRAME": "https://x", "IFRAME_WIDTH": "350", "IFRAME_POPUP": "N"})"),
            R"(iframe_app { iframe: "https://x" iframe_width: 350 } iframe_popup: false)");
  EXPECT_EQ(Read(kRegisterApp, R"({"JS_METHOD": "SEND", "IFRAME": "https://x"})"),
            "!IFRAME: can't stand beside the parameters of js_command");
  EXPECT_EQ(Everything(R"({"plain": "x", "JS_METHOD": "y"})"),
            "!JS_METHOD: can't stand beside the parameters of plain");
  EXPECT_EQ(Read(kRegisterApp, R"({"JS_METHOD": null, "IFRAME": "https://x"})"),
            R"(iframe_app { iframe: "https://x" })");
}

TEST(JsonReader, ReportsEveryMistakeWithItsPath) {
  EXPECT_EQ(Read(kRegisterApp,
                 R"({"Code": "x", "LANG": [{"LANGUAGE_ID": "en"}, {"LANGUAGE": "de", "TITLE": 1.5}], "HIDDEN": 7,
                                   "iframe_width": 300})"),
            "!Code: is no parameter; did you mean CODE?\n"
            "LANG[1].LANGUAGE: is no parameter of imbot.app.register\n"
            "LANG[1].TITLE: is a number, but must be a text\n"
            "HIDDEN: is a number, but must be true, false, \"Y\" or \"N\"\n"
            "iframe_width: is no parameter; did you mean IFRAME_WIDTH?");
  EXPECT_EQ(Read(kSend, R"({"fields": {"keyboard": [{"TEXT": "x"}, {"LINK": true}]}})"),
            "!fields.keyboard[1].LINK: is a boolean, but must be a text");
}

TEST(JsonReader, SaysNothingOfTheValuesThemselves) {
  const std::string problem = Read(kSend, R"({"fields": {"attach": "secret text", "system": "secret"}})");
  EXPECT_EQ(problem.find("secret"), std::string::npos) << problem;
}

TEST(JsonReader, ExactNamesOnly) {
  EXPECT_EQ(Read(kSend, R"({"DIALOG_ID": "chat5"})"), "!DIALOG_ID: is no parameter; did you mean dialogId?");
  EXPECT_EQ(Read(kSend, R"({"bot": "acme/support"})"), "!bot: is no parameter of imbot.v2.Chat.Message.send")
      << "whom it is for stands outside";
}

TEST(JsonReader, RefusesATextThatIsNoJson) {
  EXPECT_EQ(Read(kSend, "{"), "!not JSON: see byte 2");
  EXPECT_EQ(Read(kSend, R"({"dialogId": "a", "dialogId": "b"})"), "!the key \"dialogId\" stands twice in one object");
}

TEST(JsonReader, RefusesAnRpcThatIsNoMethodOfBitrix24) {
  EXPECT_EQ(imbot::gateway::v1::CallRequest::descriptor()->full_name(), "imbot.gateway.v1.CallRequest");
  EXPECT_EQ(Read("imbot.gateway.v1.RawService.Call", "{}"),
            "!imbot.gateway.v1.RawService.Call is no method of Bitrix24");
}

}  // namespace
}  // namespace imbot::client
