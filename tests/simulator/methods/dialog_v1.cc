#include "tests/simulator/methods/dialog_v1.h"

#include <algorithm>
#include <utility>

#include "tests/simulator/methods/attach.h"
#include "tests/simulator/methods/keyboard.h"
#include "tests/simulator/php/coerce.h"

namespace simulator {
namespace {

constexpr size_t kDocumentedParamBytes = 30 * 1024;

// The documentation's limit is 30 KB for all three, and an error of its own; the source knows one for attachments only.
bool OverDocumentedLimit(const Portal& portal, const Json& rendered) {
  return portal.options().behave_as_documented && WriteJson(rendered).size() > kDocumentedParamBytes;
}

}  // namespace

bool IsDialogId(const std::string& text) {
  const std::string digits = text.substr(0, 4) == "chat" ? text.substr(4) : text;
  return !digits.empty() && digits.find_first_not_of("0123456789") == std::string::npos && digits != "0";
}

std::variant<int64_t, RestError> ChatIdV1(const Json& params) {
  int64_t id = 0;
  if (const Json* dialog = FindSet(params, "DIALOG_ID")) {
    const std::string text = ToString(dialog);
    if (text.substr(0, 4) != "chat" || !IsDialogId(text))
      return RestError{"DIALOG_ID_EMPTY", "Dialog ID can't be empty"};
    const Json digits = text.substr(4);
    id = ToInt(&digits);
  } else {
    id = ToInt(FindSet(params, "CHAT_ID"));
  }
  if (id <= 0) return RestError{"CHAT_ID_EMPTY", "Chat ID can't be empty"};
  return id;
}

std::variant<Bot*, RestError> SendingBot(Portal& portal, const V1Call& v1) {
  if (FindSet(v1.params, "BOT_ID") != nullptr) return OwnBotV1(portal, v1);
  Bot* const bot = portal.FindBotOf(v1.owner);
  if (bot == nullptr) return RestError{"BOT_ID_ERROR", "Bot not found"};
  return bot;
}

std::variant<Bot*, RestError> ActingBot(Call& call) {
  const std::variant<V1Call, RestError> read = ReadV1(call);
  if (const RestError* error = std::get_if<RestError>(&read)) return *error;
  return SendingBot(call.portal(), std::get<V1Call>(read));
}

std::optional<Json> ReadListV1(const Json* value) {
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) return IsArray(*value) ? std::optional<Json>(*value) : std::nullopt;
  std::string text = value->get<std::string>();
  std::replace(text.begin(), text.end(), '\'', '"');
  const std::optional<Json> parsed = ParseJson(text);
  return parsed && IsArray(*parsed) ? parsed : std::nullopt;
}

std::variant<Json, RestError> ReadAttachV1(const Portal& portal, const Json& attach) {
  std::optional<Json> rendered = RenderAttach(attach);
  if (!rendered) return RestError{"ATTACH_ERROR", "Incorrect attach params"};
  if (!FitsParamLimit(*rendered) || OverDocumentedLimit(portal, *rendered)) {
    return RestError{"ATTACH_OVERSIZE", "You have exceeded the maximum allowable size of attach"};
  }
  return Json::array({*std::move(rendered)});
}

std::variant<Json, RestError> ReadKeyboardV1(const Portal& portal, const Json& keyboard, int64_t bot_id) {
  std::optional<Json> rendered = RenderKeyboard(keyboard, bot_id);
  if (!rendered) return RestError{"KEYBOARD_ERROR", "Incorrect keyboard params"};
  if (OverDocumentedLimit(portal, *rendered)) {
    return RestError{"KEYBOARD_OVERSIZE", "You have exceeded the maximum allowable size of keyboard"};
  }
  return *std::move(rendered);
}

std::variant<Json, RestError> ReadMenuV1(const Portal& portal, const Json& menu, int64_t bot_id) {
  std::optional<Json> rendered = RenderMenu(menu, bot_id);
  if (!rendered) return RestError{"MENU_ERROR", "Incorrect menu params"};
  if (OverDocumentedLimit(portal, *rendered))
    return RestError{"MENU_OVERSIZE", "You have exceeded the maximum allowable size of menu"};
  return *std::move(rendered);
}

std::optional<RestError> ReadDecoration(const Portal& portal, const Json& params, OutgoingMessage* message) {
  std::optional<RestError> problem;
  const auto take = [&](const char* upper, const char* lower, std::variant<Json, RestError> rendered) {
    if (RestError* error = std::get_if<RestError>(&rendered)) {
      problem = std::move(*error);
      return false;
    }
    message->params[upper] = std::get<Json>(std::move(rendered));
    message->given[lower] = *FindSet(params, upper);
    return true;
  };
  const Json* attach = FindFilled(params, "ATTACH");
  if (attach != nullptr && !take("ATTACH", "attach", ReadAttachV1(portal, *attach))) return problem;
  const Json* keyboard = FindFilled(params, "KEYBOARD");
  if (keyboard != nullptr && !take("KEYBOARD", "keyboard", ReadKeyboardV1(portal, *keyboard, message->bot_id)))
    return problem;
  const Json* menu = FindFilled(params, "MENU");
  if (menu != nullptr) take("MENU", "menu", ReadMenuV1(portal, *menu, message->bot_id));
  return problem;
}

}  // namespace simulator
