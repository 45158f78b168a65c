// imbot.message.*: pages api-reference/chat-bots/outdated/messages/.
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "tests/simulator/methods/attach.h"
#include "tests/simulator/methods/keyboard.h"
#include "tests/simulator/methods/methods.h"
#include "tests/simulator/methods/sending.h"
#include "tests/simulator/methods/v1_common.h"
#include "tests/simulator/php/coerce.h"
#include "tests/simulator/rest/registry.h"

namespace simulator {
namespace {

constexpr size_t kDocumentedParamBytes = 30 * 1024;

// `chat5` or a positive number.
bool IsDialogId(const std::string& text) {
  const std::string digits = text.substr(0, 4) == "chat" ? text.substr(4) : text;
  return !digits.empty() && digits.find_first_not_of("0123456789") == std::string::npos && digits != "0";
}

// BOT_ID, or any one of the caller's bots if it was left out. An empty BOT_ID is bot 0, which does not exist.
std::variant<Bot*, RestError> SendingBot(Portal& portal, const V1Call& v1) {
  if (FindSet(v1.params, "BOT_ID") != nullptr) return OwnBotV1(portal, v1);
  Bot* const bot = portal.FindBotOf(v1.owner);
  if (bot == nullptr) return RestError{"BOT_ID_ERROR", "Bot not found"};
  return bot;
}

// The documentation's limit is 30 KB for all three, and an error of its own; the source knows one for attachments only.
bool OverDocumentedLimit(const Portal& portal, const Json& rendered) {
  return portal.options().behave_as_documented && WriteJson(rendered).size() > kDocumentedParamBytes;
}

std::optional<RestError> ReadDecoration(const Portal& portal, const Json& params, OutgoingMessage* message) {
  if (const Json* attach = FindFilled(params, "ATTACH")) {
    const std::optional<Json> rendered = RenderAttach(*attach);
    if (!rendered) return RestError{"ATTACH_ERROR", "Incorrect attach params"};
    if (!FitsParamLimit(*rendered) || OverDocumentedLimit(portal, *rendered)) {
      return RestError{"ATTACH_OVERSIZE", "You have exceeded the maximum allowable size of attach"};
    }
    message->params["ATTACH"] = Json::array({*rendered});
    message->given["attach"] = *attach;
  }
  if (const Json* keyboard = FindFilled(params, "KEYBOARD")) {
    const std::optional<Json> rendered = RenderKeyboard(*keyboard, message->bot_id);
    if (!rendered) return RestError{"KEYBOARD_ERROR", "Incorrect keyboard params"};
    if (OverDocumentedLimit(portal, *rendered)) {
      return RestError{"KEYBOARD_OVERSIZE", "You have exceeded the maximum allowable size of keyboard"};
    }
    message->params["KEYBOARD"] = *rendered;
    message->given["keyboard"] = *keyboard;
  }
  if (const Json* menu = FindFilled(params, "MENU")) {
    const std::optional<Json> rendered = RenderMenu(*menu, message->bot_id);
    if (!rendered) return RestError{"MENU_ERROR", "Incorrect menu params"};
    if (OverDocumentedLimit(portal, *rendered))
      return RestError{"MENU_OVERSIZE", "You have exceeded the maximum allowable size of menu"};
    message->params["MENU"] = *rendered;
    message->given["menu"] = *menu;
  }
  return std::nullopt;
}

Task<MethodResult> Add(Call& call) {
  const std::variant<V1Call, RestError> read = ReadV1(call);
  if (const RestError* error = std::get_if<RestError>(&read)) co_return *error;
  const V1Call& v1 = std::get<V1Call>(read);
  const Json& params = v1.params;
  Portal& portal = call.portal();
  const std::variant<Bot*, RestError> owned = SendingBot(portal, v1);
  if (const RestError* error = std::get_if<RestError>(&owned)) co_return *error;

  OutgoingMessage message;
  message.bot_id = std::get<Bot*>(owned)->id;
  const int64_t from = ToInt(FindSet(params, "FROM_USER_ID"));
  const int64_t to = ToInt(FindSet(params, "TO_USER_ID"));
  Chat* chat = nullptr;
  const bool between_users = from != 0 && to != 0;
  if (between_users) {
    if (portal.FindUser(from) != nullptr) chat = portal.FindDialog(std::to_string(to), from);
  } else {
    const std::string dialog_id = ToString(FindSet(params, "DIALOG_ID"));
    if (!IsDialogId(dialog_id)) co_return RestError{"DIALOG_ID_EMPTY", "Dialog ID can't be empty"};
    chat = portal.FindDialog(dialog_id, message.bot_id);
  }
  const Json* text = FindSet(params, "MESSAGE");
  const std::string trimmed = text != nullptr && text->is_string() ? Trim(ToString(text)) : std::string();
  if (trimmed.empty()) co_return RestError{"MESSAGE_EMPTY", "Message can't be empty"};
  message.text = NormalizeText(trimmed);
  if (const std::optional<RestError> problem = ReadDecoration(portal, params, &message)) co_return *problem;
  message.system = between_users || IsYes(params, "SYSTEM");
  // Only the text "N" switches it off; a JSON true is as good as nothing.
  message.url_preview =
      !(FindSet(params, "URL_PREVIEW") != nullptr && LooseEquals(FindSet(params, "URL_PREVIEW"), "N"));

  // A pending exception of the messenger takes the place of the documented WRONG_REQUEST (WIRE_FACTS.md 1.5).
  if (chat == nullptr) {
    co_return portal.options().behave_as_documented
        ? RestError{"WRONG_REQUEST", "Message isn't added"}
        : RestError{between_users ? "TO_USER_ID" : "CHAT_ID", "Message isn't added"};
  }
  if (!between_users && !portal.IsMember(*chat, message.bot_id)) {
    co_return portal.options().behave_as_documented ? RestError{"WRONG_REQUEST", "Message isn't added"}
                                                    : RestError{"CANCELED", "Message isn't added"};
  }
  message.chat_id = chat->id;
  std::variant<Sent, RestError, Aborted> sent = co_await SendMessage(call, std::move(message));
  if (std::holds_alternative<Aborted>(sent)) co_return Aborted{};
  if (std::holds_alternative<RestError>(sent)) co_return RestError{"WRONG_REQUEST", "Message isn't added"};
  co_return Json(std::get<Sent>(sent).message_id);
}

}  // namespace

void RegisterMessageV1(Registry* registry) {
  registry->Add("imbot.message.add", "imbot", Add);
}

}  // namespace simulator
