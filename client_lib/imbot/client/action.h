// What buttons, menu items and attachments are made of: what a press does, where a click leads, colours.
//
// Each of these is one choice, so that a button can't have two actions, nor half of one. Plain values;
// thread-compatible.
#ifndef IMBOT_CLIENT_ACTION_H_
#define IMBOT_CLIENT_ACTION_H_

#include <cstdint>
#include <string>
#include <variant>

#include "bitrix24/types/v1/enums.pb.h"

namespace imbot::client {

// Opens an address: `http://`, `https://`, or a path on the portal that begins with `/`. Others are refused by the
// gateway.
struct Link {
  std::string url;
};
// Runs a command of the bot, which it must have registered; a press arrives as a command event.
struct Command {
  std::string name;         // without `/`, not empty
  std::string params = {};  // as the user would type them after it
};
// Puts the text into the user's input field; sends it as the user; copies it to the clipboard. None may be empty.
struct PutText {
  std::string text;
};
struct SendText {
  std::string text;
};
struct CopyText {
  std::string text;
};
// Calls a phone number, in international format.
struct CallPhone {
  std::string number;
};
// Opens a dialog: `chat123`, or a user's id.
struct OpenDialog {
  std::string dialog_id;
};
// Opens a chat application (outdated; still used in open channels).
struct OpenApp {
  int64_t app_id;
  std::string params = {};  // handed to the application as BUTTON_PARAMS
};

// What a click on a part of an attachment leads to, beside Link.
struct ToUser {
  int64_t user_id;
};
struct ToChat {
  int64_t chat_id;
};
struct ToBot {
  int64_t user_id;  // the bot's own id as a user of the portal
};
struct ToNetworkUser {
  std::string network_id;  // of the Bitrix24 Network
};

// A colour by its parts, or the name of one in the client's colour scheme.
struct Rgb {
  uint8_t red, green, blue;
};
using Color = std::variant<bitrix24::types::v1::ColorToken, Rgb>;
std::string ToText(Rgb color);  // `#2a9df4`

}  // namespace imbot::client

#endif  // IMBOT_CLIENT_ACTION_H_
