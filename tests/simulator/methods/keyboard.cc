#include "tests/simulator/methods/keyboard.h"

#include <algorithm>
#include <array>
#include <string>

#include "tests/simulator/php/coerce.h"

namespace simulator {
namespace {

constexpr size_t kMaxParamCharacters = 60'000;

// A JSON text is decoded; the short form (a bare list) is wrapped under `key`.
std::optional<Json> Unwrap(const Json& given, const char* key) {
  std::optional<Json> value = given;
  if (given.is_string()) value = ParseJson(given.get_ref<const std::string&>());
  if (!value || !IsArray(*value)) return std::nullopt;
  if (const Json* inner = FindSet(*value, key)) {
    return IsArray(*inner) ? std::optional<Json>(*inner) : std::nullopt;
  }
  return value;
}

bool IsFilledText(const Json* value) {
  return value != nullptr && value->is_string() && !IsEmpty(value) && !Trim(ToString(value)).empty();
}

bool IsOneOf(const Json* value, std::initializer_list<std::string_view> allowed) {
  if (value == nullptr || !value->is_string()) return false;
  return std::find(allowed.begin(), allowed.end(), value->get_ref<const std::string&>()) != allowed.end();
}

std::string WithoutSlash(const std::string& command) {
  return !command.empty() && command[0] == '/' ? command.substr(1) : command;
}

// The one action of a button or menu item, in the order in which the portal looks for it. False if there is none.
bool AddAction(const Json& params, int64_t bot_id, bool menu, Json* out) {
  const Json* action = FindSet(params, "ACTION");
  if (IsAllowedLink(FindSet(params, "LINK"))) {
    (*out)["LINK"] = HtmlEscape(ToString(FindSet(params, "LINK")));
  } else if (!IsEmpty(FindSet(params, "APP_ID"))) {
    (*out)["APP_ID"] = ToInt(FindSet(params, "APP_ID"));
    if (IsFilledText(FindSet(params, "APP_PARAMS"))) (*out)["APP_PARAMS"] = *FindSet(params, "APP_PARAMS");
  } else if ((IsOneOf(action, {"PUT", "SEND", "COPY", "CALL", "DIALOG"}) ||
              (!menu && IsOneOf(action, {"LIVECHAT", "HELP"}))) &&
             !Trim(ToString(FindSet(params, "ACTION_VALUE"))).empty()) {
    (*out)["ACTION"] = *action;
    (*out)["ACTION_VALUE"] = *FindSet(params, "ACTION_VALUE");
  } else if (bot_id > 0 && IsFilledText(FindSet(params, "COMMAND"))) {
    (*out)["COMMAND"] = WithoutSlash(ToString(FindSet(params, "COMMAND")));
    (*out)["COMMAND_PARAMS"] =
        IsFilledText(FindSet(params, "COMMAND_PARAMS")) ? *FindSet(params, "COMMAND_PARAMS") : Json("");
  } else {
    return false;
  }
  return true;
}

std::optional<Json> RenderButton(const Json& params, int64_t bot_id) {
  Json button = Json::object();
  button["BOT_ID"] = bot_id;
  button["TYPE"] = "BUTTON";
  if (!IsFilledText(FindSet(params, "TEXT")) || !AddAction(params, bot_id, /*menu=*/false, &button))
    return std::nullopt;
  button["TEXT"] = Trim(ToString(FindSet(params, "TEXT")));
  button["VOTE"] = "N";
  button["BLOCK"] = StrictEquals(FindSet(params, "BLOCK"), "Y") ? "Y" : "N";
  button["WAIT"] = "N";
  button["CONTEXT"] =
      IsOneOf(FindSet(params, "CONTEXT"), {"MOBILE", "DESKTOP"}) ? *FindSet(params, "CONTEXT") : Json("ALL");
  button["DISABLED"] = StrictEquals(FindSet(params, "DISABLED"), "Y") ? "Y" : "N";
  button["DISPLAY"] =
      IsOneOf(FindSet(params, "DISPLAY"), {"BLOCK", "LINE"}) ? *FindSet(params, "DISPLAY") : Json("BLOCK");
  if (ToInt(FindSet(params, "WIDTH")) > 0) button["WIDTH"] = ToInt(FindSet(params, "WIDTH"));
  for (const char* name : {"BG_COLOR", "TEXT_COLOR", "OFF_BG_COLOR", "OFF_TEXT_COLOR"}) {
    if (IsHexColor(FindSet(params, name))) button[name] = *FindSet(params, name);
  }
  button["BG_COLOR_TOKEN"] = std::string(ColorToken(FindSet(params, "BG_COLOR_TOKEN")));
  return button;
}

std::optional<Json> RenderItem(const Json& params, int64_t bot_id) {
  Json item = Json::object();
  item["BOT_ID"] = bot_id;
  if (!IsFilledText(FindSet(params, "TEXT")) || !AddAction(params, bot_id, /*menu=*/true, &item)) return std::nullopt;
  item["TEXT"] = HtmlEscape(Trim(ToString(FindSet(params, "TEXT"))));
  item["CONTEXT"] =
      IsOneOf(FindSet(params, "CONTEXT"), {"MOBILE", "DESKTOP"}) ? *FindSet(params, "CONTEXT") : Json("ALL");
  item["DISABLED"] =
      LooseEquals(FindSet(params, "DISABLED"), "Y") && FindSet(params, "DISABLED") != nullptr ? "Y" : "N";
  return item;
}

}  // namespace

bool IsAllowedLink(const Json* link) {
  if (link == nullptr || !link->is_string()) return false;
  const std::string& text = link->get_ref<const std::string&>();
  return text.substr(0, 1) == "/" || text.substr(0, 7) == "http://" || text.substr(0, 8) == "https://";
}

bool IsHexColor(const Json* color) {
  if (color == nullptr || !color->is_string()) return false;
  const std::string& text = color->get_ref<const std::string&>();
  if ((text.size() != 4 && text.size() != 7) || text[0] != '#') return false;
  return text.find_first_not_of("0123456789abcdefABCDEF", 1) == std::string::npos;
}

std::string_view ColorToken(const Json* token) {
  for (const std::string_view known : {"primary", "secondary", "alert", "base"}) {
    if (StrictEquals(token, known)) return known;
  }
  return "base";
}

std::string HtmlEscape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

bool FitsParamLimit(const Json& rendered) {
  return Utf8Length(WriteJson(rendered)) < kMaxParamCharacters;
}

std::optional<Json> RenderKeyboard(const Json& given, int64_t bot_id) {
  const std::optional<Json> buttons = Unwrap(given, "BUTTONS");
  if (!buttons) return std::nullopt;
  Json rendered = Json::array();
  for (const Json& button : *buttons) {
    if (LooseEquals(FindSet(button, "TYPE"), "NEWLINE")) {
      rendered.push_back(Json{{"TYPE", "NEWLINE"}});
    } else if (FindSet(button, "FUNCTION") == nullptr) {
      if (std::optional<Json> good = RenderButton(button, bot_id)) rendered.push_back(std::move(*good));
    }
  }
  if (rendered.empty()) return std::nullopt;
  return rendered;
}

std::optional<Json> RenderMenu(const Json& given, int64_t bot_id) {
  const std::optional<Json> items = Unwrap(given, "ITEMS");
  if (!items) return std::nullopt;
  Json rendered = Json::array();
  for (const Json& item : *items) {
    if (FindSet(item, "FUNCTION") != nullptr) continue;
    if (std::optional<Json> good = RenderItem(item, bot_id)) rendered.push_back(std::move(*good));
  }
  if (rendered.empty()) return std::nullopt;
  return rendered;
}

}  // namespace simulator
