// Keyboards, attachments and menus: what is built is what the pages describe, and what the gateway accepts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "bitrix24/imbot/v1/message_service.pb.h"
#include "bitrix24/imbot/v2/message_service.pb.h"
#include "google/protobuf/util/json_util.h"
#include "imbot/client/attach.h"
#include "imbot/client/keyboard.h"
#include "imbot/client/menu.h"
#include "proto/contract.h"
#include "service/translate/method_table.h"
#include "service/translate/validate.h"

namespace imbot::client {
namespace {

using bitrix24::types::v1::AVATAR_TYPE_BOT;
using bitrix24::types::v1::COLOR_TOKEN_ALERT;
using bitrix24::types::v1::COLOR_TOKEN_PRIMARY;
using bitrix24::types::v1::DISPLAY_CONTEXT_MOBILE;
using testing::ElementsAre;

std::string Json(const google::protobuf::Message& message) {
  std::string json;
  EXPECT_TRUE(google::protobuf::util::MessageToJsonString(message, &json).ok());
  return json;
}

// What the gateway says of a request with these in it.
absl::Status Gateways(const std::string& method, const google::protobuf::Message& request) {
  static const auto& table = *new auto(translate::MethodTable::Create(contract::Files()));
  EXPECT_TRUE(table.ok()) << table.status();
  return translate::Validate(*(*table)->FindByName(method), request);
}
absl::Status Check(const bitrix24::types::v1::Keyboard& keyboard) {
  bitrix24::imbot::v2::SendMessageRequest request;
  request.set_bot("acme/support");
  request.set_dialog_id("chat5");
  *request.mutable_fields()->mutable_keyboard() = keyboard;
  return Gateways("imbot.v2.Chat.Message.send", request);
}
absl::Status Check(const bitrix24::types::v1::Attach& attach) {
  bitrix24::imbot::v2::SendMessageRequest request;
  request.set_bot("acme/support");
  request.set_dialog_id("chat5");
  *request.mutable_fields()->mutable_attach() = attach;
  return Gateways("imbot.v2.Chat.Message.send", request);
}
absl::Status Check(const bitrix24::types::v1::Menu& menu) {
  bitrix24::imbot::v1::AddMessageRequest request;
  request.set_bot("acme/echo");
  request.set_dialog_id("chat5");
  request.set_message("x");
  *request.mutable_menu() = menu;
  return Gateways("imbot.message.add", request);
}

TEST(KeyboardBuilder, BreaksLinesBetweenRowsAndNowhereElse) {
  const auto keyboard = KeyboardBuilder()
                            .Row({})
                            .Row({Button("A", Link{"/a"}), Button("B", Link{"/b"})})
                            .Row({})
                            .Row({Button("C", Link{"/c"})})
                            .Row({})
                            .Build();
  EXPECT_EQ(Json(keyboard), R"({"BUTTONS":[{"TEXT":"A","LINK":"/a","DISPLAY":"BUTTON_DISPLAY_LINE"},)"
                            R"({"TEXT":"B","LINK":"/b","DISPLAY":"BUTTON_DISPLAY_LINE"},)"
                            R"({"TYPE":"BUTTON_TYPE_NEWLINE"},{"TEXT":"C","LINK":"/c"}]})");
  EXPECT_TRUE(Check(keyboard).ok()) << Check(keyboard);
}

TEST(KeyboardBuilder, EveryActionIsOneThatTheGatewayAccepts) {
  const std::pair<ButtonAction, const char*> actions[] = {
      {Link{"https://example.com/"}, R"({"TEXT":"x","LINK":"https://example.com/"})"},
      {Command{"take"}, R"({"TEXT":"x","COMMAND":"take"})"},
      {Command{"take", "142"}, R"({"TEXT":"x","COMMAND":"take","COMMAND_PARAMS":"142"})"},
      {BlockingCommand{"take", "142"}, R"({"TEXT":"x","COMMAND":"take","COMMAND_PARAMS":"142","BLOCK":true})"},
      {PutText{"t"}, R"({"TEXT":"x","ACTION":"CLIENT_ACTION_PUT","ACTION_VALUE":"t"})"},
      {SendText{"t"}, R"({"TEXT":"x","ACTION":"CLIENT_ACTION_SEND","ACTION_VALUE":"t"})"},
      {CopyText{"t"}, R"({"TEXT":"x","ACTION":"CLIENT_ACTION_COPY","ACTION_VALUE":"t"})"},
      {CallPhone{"+1"}, R"({"TEXT":"x","ACTION":"CLIENT_ACTION_CALL","ACTION_VALUE":"+1"})"},
      {OpenDialog{"chat5"}, R"({"TEXT":"x","ACTION":"CLIENT_ACTION_DIALOG","ACTION_VALUE":"chat5"})"},
      {OpenApp{13}, R"({"TEXT":"x","APP_ID":"13"})"},
      {OpenApp{13, "p"}, R"({"TEXT":"x","APP_ID":"13","APP_PARAMS":"p"})"},
  };
  for (const auto& [action, json] : actions) {
    const auto keyboard = KeyboardBuilder().Row({Button("x", action)}).Build();
    EXPECT_EQ(Json(keyboard), std::string(R"({"BUTTONS":[)") + json + "]}");
    EXPECT_TRUE(Check(keyboard).ok()) << Check(keyboard);
  }
}

TEST(Button, ALaterColourReplacesAnEarlierOneOfEitherKind) {
  Button button("x", Link{"/"});
  button.Background(Rgb{0x2a, 0x9d, 0xf4}).Background(COLOR_TOKEN_ALERT);
  EXPECT_EQ(Json(button.proto()), R"({"TEXT":"x","LINK":"/","BG_COLOR_TOKEN":"COLOR_TOKEN_ALERT"})");
  button.Background(Rgb{0x2a, 0x9d, 0x04});
  EXPECT_EQ(Json(button.proto()), R"({"TEXT":"x","LINK":"/","BG_COLOR":"#2a9d04"})");
  button.TextColor({0, 0, 0})
      .OffBackground({1, 2, 3})
      .OffTextColor({255, 255, 255})
      .Width(120)
      .Disabled()
      .ShownOn(DISPLAY_CONTEXT_MOBILE);
  EXPECT_EQ(Json(button.proto()),
            R"({"TEXT":"x","LINK":"/","DISABLED":true,"CONTEXT":"DISPLAY_CONTEXT_MOBILE","WIDTH":"120",)"
            R"("BG_COLOR":"#2a9d04","TEXT_COLOR":"#000000","OFF_BG_COLOR":"#010203","OFF_TEXT_COLOR":"#ffffff"})");
  const auto keyboard = KeyboardBuilder().Row({button}).Build();
  EXPECT_TRUE(Check(keyboard).ok()) << Check(keyboard);
}

// The positive control of what the tests above take for accepted.
TEST(Button, WithoutALabelOrAnAddressIsRefusedByTheGateway) {
  EXPECT_FALSE(Check(KeyboardBuilder().Row({Button("", Link{"/"})}).Build()).ok());
  EXPECT_FALSE(Check(KeyboardBuilder().Row({Button("x", Link{"example.com"})}).Build()).ok());
  EXPECT_FALSE(Check(KeyboardBuilder().Build()).ok());
}

TEST(AttachBuilder, EachCallAddsOneBlockOfOneKind) {
  const auto attach =
      AttachBuilder()
          .Id(1)
          .ColorScheme(COLOR_TOKEN_PRIMARY)
          .Text("Request [b]#142[/b]")
          .Person({.name = "Ann", .avatar_url = "/a.png", .target = ToBot{7}, .avatar_type = AVATAR_TYPE_BOT})
          .Delimiter()
          .Delimiter(100, Rgb{0xc6, 0xc6, 0xc6})
          .Rows({{.name = "Status", .value = "Open", .color = COLOR_TOKEN_ALERT}, {.value = "wide"}})
          .Rows({})
          .Table({{.name = "n", .value = "v", .color = Rgb{1, 2, 3}, .target = ToUser{5}, .width = 10, .height = 20}})
          .Link({.url = "https://example.com/",
                 .name = "Open",
                 .description = AttachHtml{"<b>x</b>"},
                 .preview_url = "/p.png",
                 .preview_size = PixelSize{3, 4},
                 .target = ToNetworkUser{"n1"}})
          .Pictures({{.url = "/1.png"}, {.url = "/2.png", .name = "Two", .size = PixelSize{1, 2}}})
          .Downloads({{.url = "/f.pdf", .name = "f.pdf", .bytes = 1000}})
          .Build();
  EXPECT_EQ(
      Json(attach),
      R"({"ID":"1","COLOR_TOKEN":"COLOR_TOKEN_PRIMARY","BLOCKS":[{"MESSAGE":"Request [b]#142[/b]"},)"
      R"({"USER":{"NAME":"Ann","AVATAR":"/a.png","BOT_ID":"7","AVATAR_TYPE":"AVATAR_TYPE_BOT"}},)"
      R"({"DELIMITER":{}},{"DELIMITER":{"SIZE":"100","COLOR":"#c6c6c6"}},)"
      R"({"GRID":[{"DISPLAY":"GRID_DISPLAY_ROW","NAME":"Status","VALUE":"Open","COLOR_TOKEN":"COLOR_TOKEN_ALERT"},)"
      R"({"DISPLAY":"GRID_DISPLAY_ROW","VALUE":"wide"}]},)"
      R"({"GRID":[{"DISPLAY":"GRID_DISPLAY_TABLE","NAME":"n","VALUE":"v","WIDTH":"10","HEIGHT":"20","COLOR":"#010203","USER_ID":"5"}]},)"
      R"({"LINK":{"LINK":"https://example.com/","NAME":"Open","HTML":"\u003cb\u003ex\u003c/b\u003e","PREVIEW":"/p.png",)"
      R"("WIDTH":"3","HEIGHT":"4","NETWORK_ID":"n1"}},)"
      R"({"IMAGE":[{"LINK":"/1.png"},{"LINK":"/2.png","NAME":"Two","WIDTH":"1","HEIGHT":"2"}]},)"
      R"({"FILE":[{"LINK":"/f.pdf","NAME":"f.pdf","SIZE":"1000"}]}]})");
  EXPECT_TRUE(Check(attach).ok()) << Check(attach);
}

TEST(AttachBuilder, EveryTargetAndLayoutIsOneThatTheGatewayAccepts) {
  const auto attach = AttachBuilder()
                          .ColorScheme(Rgb{0, 0, 0})
                          .Person({.name = "a"})
                          .Person({.name = "a", .target = Link{"/x"}})
                          .Person({.name = "a", .target = ToUser{1}})
                          .Person({.name = "a", .target = ToChat{1}})
                          .Person({.name = "a", .target = ToNetworkUser{"n"}})
                          .Link({.url = "/x", .description = "text", .target = ToUser{1}})
                          .Link({.url = "/x", .target = ToChat{1}})
                          .Stacked({{.name = "n", .value = "v", .target = Link{"/x"}}})
                          .SideBySide({{.name = "n", .value = "v", .target = ToChat{1}}})
                          .Build();
  EXPECT_EQ(attach.blocks_size(), 9);
  EXPECT_EQ(attach.blocks(5).link().desc(), "text");
  EXPECT_FALSE(attach.blocks(5).link().has_html());
  EXPECT_EQ(attach.blocks(7).grid(0).display(), bitrix24::types::v1::GRID_DISPLAY_BLOCK);
  EXPECT_EQ(attach.blocks(8).grid(0).display(), bitrix24::types::v1::GRID_DISPLAY_LINE);
  EXPECT_TRUE(Check(attach).ok()) << Check(attach);
  EXPECT_FALSE(Check(AttachBuilder().Text("").Build()).ok()) << "the positive control";
}

TEST(MenuBuilder, BuildsItemsWithOneActionEach) {
  const auto menu = MenuBuilder()
                        .Item(MenuItem("Open", Link{"/x"}))
                        .Item(MenuItem("Take", Command{"take", "142"}).Disabled().ShownOn(DISPLAY_CONTEXT_MOBILE))
                        .Item(MenuItem("Say", SendText{"hi"}))
                        .Item(MenuItem("App", OpenApp{13, "p"}))
                        .Build();
  EXPECT_EQ(
      Json(menu),
      R"({"ITEMS":[{"TEXT":"Open","LINK":"/x"},)"
      R"({"TEXT":"Take","COMMAND":"take","COMMAND_PARAMS":"142","CONTEXT":"DISPLAY_CONTEXT_MOBILE","DISABLED":true},)"
      R"({"TEXT":"Say","ACTION":"CLIENT_ACTION_SEND","ACTION_VALUE":"hi"},)"
      R"({"TEXT":"App","APP_ID":"13","APP_PARAMS":"p"}]})");
  EXPECT_TRUE(Check(menu).ok()) << Check(menu);
}

}  // namespace
}  // namespace imbot::client
