// imbot.message.*: pages api-reference/chat-bots/outdated/messages/.
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "tests/simulator/methods/dialog_v1.h"
#include "tests/simulator/methods/methods.h"
#include "tests/simulator/methods/notify.h"
#include "tests/simulator/methods/reactions.h"
#include "tests/simulator/methods/sending.h"
#include "tests/simulator/methods/v1_common.h"
#include "tests/simulator/php/coerce.h"
#include "tests/simulator/rest/registry.h"

namespace simulator {
namespace {

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

// The text that changes a message is the bot's own, and no older than three days (page imbot-message-update.md).
constexpr std::chrono::hours kEditWindow{72};

const RestError kCantEdit{"CANT_EDIT_MESSAGE", "Time has expired for modification or you don't have access", 403};

struct OwnMessage {
  int64_t bot_id = 0;
  int64_t message_id = 0;
};

std::variant<OwnMessage, RestError> ReadMessageId(Call& call, const Json& params) {
  const std::variant<Bot*, RestError> bot = ActingBot(call);
  if (const RestError* error = std::get_if<RestError>(&bot)) return *error;
  OwnMessage own;
  own.bot_id = std::get<Bot*>(bot)->id;
  own.message_id = ToInt(FindSet(params, "MESSAGE_ID"));
  if (own.message_id <= 0) return RestError{"MESSAGE_ID_ERROR", "Message ID can't be empty"};
  return own;
}

Message* Editable(Portal& portal, const OwnMessage& own) {
  Message* const message = portal.FindMessage(own.message_id);
  const bool may = message != nullptr && !message->deleted && message->author_id == own.bot_id &&
                   portal.Now() - message->date <= kEditWindow;
  return may ? message : nullptr;
}

bool Clears(const Json& value) {
  return IsEmpty(&value) || LooseEquals(&value, "N");
}

// One part after another, as the server does it: what came before a part that is refused stays changed.
MethodResult Update(Call& call) {
  const Json params = UpperCaseKeys(call.params);
  const std::variant<OwnMessage, RestError> read = ReadMessageId(call, params);
  if (const RestError* error = std::get_if<RestError>(&read)) return *error;
  const OwnMessage& own = std::get<OwnMessage>(read);
  Portal& portal = call.portal();
  struct Part {
    const char* upper;
    const char* lower;
  };
  for (const Part& part : {Part{"ATTACH", "attach"}, Part{"KEYBOARD", "keyboard"}, Part{"MENU", "menu"}}) {
    const Json* value = FindSet(params, part.upper);
    if (value == nullptr) continue;
    Message* const message = Editable(portal, own);
    if (message == nullptr) return kCantEdit;
    if (Clears(*value)) {
      message->params.erase(part.upper);
      message->given.erase(part.lower);
    } else {
      const std::string_view name = part.lower;
      std::variant<Json, RestError> rendered = name == "attach"     ? ReadAttachV1(portal, *value)
                                               : name == "keyboard" ? ReadKeyboardV1(portal, *value, own.bot_id)
                                                                    : ReadMenuV1(portal, *value, own.bot_id);
      if (RestError* error = std::get_if<RestError>(&rendered)) {
        // The published source misspells this one (WIRE_FACTS.md 5.2).
        if (error->code == "MENU_ERROR" && !portal.options().behave_as_documented) error->code = "menu_ERROR";
        return *error;
      }
      message->params[part.upper] = std::get<Json>(std::move(rendered));
      message->given[part.lower] = *value;
    }
    call.Changed();
  }
  if (const Json* text = FindSet(params, "MESSAGE")) {
    Message* const message = Editable(portal, own);
    if (message == nullptr) return kCantEdit;
    message->text = NormalizeText(ToString(text));
    message->url_preview =
        !(FindSet(params, "URL_PREVIEW") != nullptr && LooseEquals(FindSet(params, "URL_PREVIEW"), "N"));
    call.Changed();
    // An empty text deletes the message, whatever else it carries.
    if (message->text.empty()) {
      NotifyMessageDeleted(portal, *message);
      SoftDelete(message);
    } else {
      NotifyMessageUpdated(portal, *message);
    }
  }
  return Json(true);
}

MethodResult Delete(Call& call) {
  const Json params = UpperCaseKeys(call.params);
  const std::variant<OwnMessage, RestError> read = ReadMessageId(call, params);
  if (const RestError* error = std::get_if<RestError>(&read)) return *error;
  Portal& portal = call.portal();
  Message* const message = Editable(portal, std::get<OwnMessage>(read));
  if (message == nullptr) return kCantEdit;
  NotifyMessageDeleted(portal, *message);
  if (IsYes(params, "COMPLETE")) {
    portal.messages.erase(message->id);
  } else {
    SoftDelete(message);
  }
  call.Changed();
  return Json(true);
}

MethodResult Like(Call& call) {
  const Json params = UpperCaseKeys(call.params);
  const std::variant<OwnMessage, RestError> read = ReadMessageId(call, params);
  if (const RestError* error = std::get_if<RestError>(&read)) return *error;
  const OwnMessage& own = std::get<OwnMessage>(read);
  Portal& portal = call.portal();
  const RestError unchanged{"WITHOUT_CHANGES", "Action completed without changes"};
  Message* const message = portal.FindMessage(own.message_id);
  if (message == nullptr || message->deleted) return unchanged;
  const auto chat = portal.chats.find(message->chat_id);
  if (chat == portal.chats.end() || !portal.IsMember(chat->second, own.bot_id)) return unchanged;
  constexpr char kLike[] = "like";
  const auto set = message->reactions.find(own.bot_id);
  const bool liked = set != message->reactions.end() && set->second == kLike;
  const std::string action = AsciiLower(ToString(FindSet(params, "ACTION")));
  // Anything else than plus and minus turns it over.
  const bool like = action == "plus" || (action != "minus" && !liked);
  if (like == liked) return unchanged;
  if (like) {
    SetReaction(portal, message, own.bot_id, kLike);
  } else {
    RemoveReaction(portal, message, own.bot_id, kLike);
  }
  call.Changed();
  return Json(true);
}

}  // namespace

void RegisterMessageV1(Registry* registry) {
  registry->Add("imbot.message.add", "imbot", Add);
  registry->Add("imbot.message.update", "imbot", Update);
  registry->Add("imbot.message.delete", "imbot", Delete);
  registry->Add("imbot.message.like", "imbot", Like);
}

}  // namespace simulator
