// Buttons under a message.
//
//   *request.mutable_fields()->mutable_keyboard() =
//       KeyboardBuilder()
//           .Row({Button("Take it", BlockingCommand{"take", "142"}).Background(COLOR_TOKEN_PRIMARY),
//                 Button("Later", Command{"later", "142"})})
//           .Row({Button("Open", Link{"https://example.com/requests/142"})})
//           .Build();
//
// A button has a label and exactly one action; line breaks come from the rows. Serialised, a keyboard may have at most
// 60,000 characters (30 KB by the pages of version 1), which the portal counts: beyond that the call ends with
// KEYBOARD_OVERSIZE or PARAM_KEYBOARD_ERROR. Empty labels and addresses that are none are refused by the gateway, by
// their path. Thread-compatible.
#ifndef IMBOT_CLIENT_KEYBOARD_H_
#define IMBOT_CLIENT_KEYBOARD_H_

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "bitrix24/types/v1/enums.pb.h"
#include "bitrix24/types/v1/keyboard.pb.h"
#include "imbot/client/action.h"

namespace imbot::client {

// Command, after which the button can't be pressed again until the bot updates the message.
struct BlockingCommand {
  std::string name;
  std::string params = {};
};

using ButtonAction =
    std::variant<Link, Command, BlockingCommand, PutText, SendText, CopyText, CallPhone, OpenDialog, OpenApp>;

// Setters may be chained; a later one replaces what an earlier one said.
class Button {
 public:
  Button(std::string text, ButtonAction action);

  Button& Background(Color color);                               // default: ColorToken BASE
  Button& TextColor(Rgb color);                                  // of the label
  Button& OffBackground(Rgb color);                              // while the button can't be pressed
  Button& OffTextColor(Rgb color);                               // likewise
  Button& Width(int pixels);                                     // default: as wide as the label needs
  Button& Disabled(bool disabled = true);                        // shown, but can't be pressed
  Button& ShownOn(bitrix24::types::v1::DisplayContext clients);  // default: all clients

  const bitrix24::types::v1::KeyboardButton& proto() const { return proto_; }

 private:
  bitrix24::types::v1::KeyboardButton proto_;
};

class KeyboardBuilder {
 public:
  // Buttons side by side, from left to right; one without buttons is left out. Where they don't fit, clients wrap them.
  KeyboardBuilder& Row(const std::vector<Button>& buttons);

  // A keyboard without buttons is refused by the gateway: to take one away, set `remove_keyboard` of an update.
  bitrix24::types::v1::Keyboard Build() const { return keyboard_; }

 private:
  bitrix24::types::v1::Keyboard keyboard_;
};

}  // namespace imbot::client

#endif  // IMBOT_CLIENT_KEYBOARD_H_
