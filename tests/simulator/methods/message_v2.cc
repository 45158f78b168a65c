// imbot.v2.Chat.Message.*: pages api-reference/chat-bots/chat-bots-v2/imbot.v2/messages/.
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tests/simulator/methods/attach.h"
#include "tests/simulator/methods/keyboard.h"
#include "tests/simulator/methods/methods.h"
#include "tests/simulator/methods/notify.h"
#include "tests/simulator/methods/sending.h"
#include "tests/simulator/methods/v2_common.h"
#include "tests/simulator/php/coerce.h"
#include "tests/simulator/rest/registry.h"

namespace simulator {
namespace {

constexpr size_t kMaxForwards = 100;
constexpr size_t kMaxTemplateId = 255;

const std::vector<std::string_view> kSendFields = {"MESSAGE",          "ATTACH",      "SYSTEM",
                                                   "KEYBOARD",         "URL_PREVIEW", "SKIP_CONNECTOR",
                                                   "SILENT_CONNECTOR", "TEMPLATE_ID", "REPLY_ID"};
const std::vector<std::string_view> kUpdateFields = {"MESSAGE", "ATTACH", "KEYBOARD", "URL_PREVIEW"};

struct Forward {
  std::string uuid;
  int64_t message_id = 0;
};

std::variant<std::vector<Forward>, RestError> ReadForwards(const Json& fields) {
  std::vector<Forward> forwards;
  const Json* given = FindSet(fields, "forwardIds");
  if (IsEmpty(given) || !IsArray(*given)) return forwards;
  if (given->size() > kMaxForwards) return RestError{"TOO_MANY_MESSAGES", "Too many messages"};
  for (auto it = given->begin(); it != given->end(); ++it) {
    const std::string uuid = given->is_object() ? it.key() : std::string();
    // A key that is no UUIDv4 is refused; a list has no keys to refuse.
    if (given->is_object() && !IsTemplateUuid(uuid)) return RestError{"WRONG_UUID", "Wrong UUID"};
    forwards.push_back(Forward{uuid, ToInt(&it.value())});
  }
  return forwards;
}

RestError AttachProblem(bool oversize) {
  return RestError{"PARAM_ATTACH_ERROR",
                   oversize ? "You have exceeded the maximum allowable size of attach" : "Incorrect attach params"};
}

// The text, attachment, keyboard and reply of a send, checked in the server's order.
std::optional<RestError> ReadContent(Call& call, const Json& fields, const Chat& chat, OutgoingMessage* message) {
  const Json* text = FindSet(fields, "MESSAGE");
  const Json* attach = FindSet(fields, "ATTACH");
  if (text != nullptr && !text->is_string()) return RestError{"EMPTY_MESSAGE", "Wrong message type"};
  const std::string trimmed = text == nullptr ? std::string() : Trim(ToString(text));
  if (trimmed.empty() && (text == nullptr ? attach == nullptr : IsEmpty(attach))) {
    return RestError{"EMPTY_MESSAGE", "Message can't be empty"};
  }
  message->text = NormalizeText(trimmed);
  if (attach != nullptr) {
    const std::optional<Json> rendered = RenderAttach(*attach);
    if (!rendered) return AttachProblem(/*oversize=*/false);
    if (!FitsParamLimit(*rendered)) return AttachProblem(/*oversize=*/true);
    message->params["ATTACH"] = Json::array({*rendered});
    message->given["attach"] = *attach;
  }
  const Json* keyboard = FindSet(fields, "KEYBOARD");
  if (!IsEmpty(keyboard)) {
    const std::optional<Json> rendered = RenderKeyboard(*keyboard, message->bot_id);
    if (!rendered) return RestError{"PARAM_KEYBOARD_ERROR", "Incorrect keyboard params"};
    message->params["KEYBOARD"] = *rendered;
    message->given["keyboard"] = *keyboard;
  }
  const int64_t reply_id = ToInt(FindSet(fields, "REPLY_ID"));
  if (reply_id > 0) {
    const Message* const original = call.portal().FindMessage(reply_id);
    if (original == nullptr || original->chat_id != chat.id) return RestError{"REPLY_ERROR", "Reply error"};
    message->params["REPLY_ID"] = reply_id;
  }
  if (const Json* system = FindSet(fields, "SYSTEM")) message->system = NormalizeBoolean(*system);
  if (const Json* preview = FindSet(fields, "URL_PREVIEW")) message->url_preview = NormalizeBoolean(*preview);
  const Json* template_id = FindSet(fields, "TEMPLATE_ID");
  if (!IsEmpty(template_id)) message->template_id = std::string(Utf8Prefix(ToString(template_id), kMaxTemplateId));
  return std::nullopt;
}

// One forwarded message; de-duplicated by its own key.
Task<std::variant<Sent, RestError, Aborted>> SendForward(Call& call, int64_t bot_id, int64_t chat_id, Forward forward) {
  Portal& portal = call.portal();
  const Message* const original = portal.FindMessage(forward.message_id);
  if (original == nullptr) co_return RestError{"MESSAGE_NOT_FOUND", "Message not found"};
  const auto source = portal.chats.find(original->chat_id);
  if (source == portal.chats.end() || !portal.IsMember(source->second, bot_id)) {
    co_return RestError{"MESSAGE_ACCESS_DENIED", "Access denied"};
  }
  OutgoingMessage copy;
  copy.bot_id = bot_id;
  copy.chat_id = chat_id;
  copy.text = original->text;
  copy.params = original->params;
  copy.params["FORWARD_ID"] = original->id;
  copy.template_id = forward.uuid;
  Json info = Json::object();
  info["id"] = "chat" + std::to_string(original->chat_id) + "/" + std::to_string(original->id);
  info["userId"] = original->author_id;
  info["chatId"] = original->chat_id;
  info["date"] = IsoDate(original->date);
  copy.given["forward"] = std::move(info);
  std::variant<Sent, RestError, Aborted> sent = co_await SendMessage(call, std::move(copy));
  co_return sent;
}

Task<MethodResult> Send(Call& call) {
  const std::variant<Bot*, RestError> owned = OwnBotV2(call);
  if (const RestError* error = std::get_if<RestError>(&owned)) co_return *error;
  const int64_t bot_id = std::get<Bot*>(owned)->id;
  const std::variant<Chat*, RestError> dialog = DialogArgument(call, bot_id);
  if (const RestError* error = std::get_if<RestError>(&dialog)) co_return *error;
  const Chat* const chat = std::get<Chat*>(dialog);
  if (chat == nullptr || !call.portal().IsMember(*chat, bot_id)) co_return RestError{"ACCESS_DENIED", "Access denied"};
  const int64_t chat_id = chat->id;

  const std::variant<Json, RestError> argument = FieldsArgument(call);
  if (const RestError* error = std::get_if<RestError>(&argument)) co_return *error;
  const Json& given = std::get<Json>(argument);
  const std::variant<std::vector<Forward>, RestError> read = ReadForwards(given);
  if (const RestError* error = std::get_if<RestError>(&read)) co_return *error;
  const std::vector<Forward>& forwards = std::get<std::vector<Forward>>(read);
  const Json fields = PrepareFields(given, kSendFields);
  const bool has_content = FindSet(fields, "MESSAGE") != nullptr || FindSet(fields, "ATTACH") != nullptr;

  Json result = MapFor(2);
  result["id"] = nullptr;
  result["uuidMap"] = Json::object();
  if (has_content || forwards.empty()) {
    OutgoingMessage message;
    message.bot_id = bot_id;
    message.chat_id = chat_id;
    message.fire_commands = true;
    if (const std::optional<RestError> problem = ReadContent(call, fields, *chat, &message)) co_return *problem;
    std::variant<Sent, RestError, Aborted> sent = co_await SendMessage(call, std::move(message));
    if (const RestError* error = std::get_if<RestError>(&sent)) co_return *error;
    if (std::holds_alternative<Aborted>(sent)) co_return Aborted{};
    result["id"] = std::get<Sent>(sent).message_id;
  }
  // The text went out first: an error below comes after a partial success.
  for (const Forward& forward : forwards) {
    std::variant<Sent, RestError, Aborted> sent = co_await SendForward(call, bot_id, chat_id, forward);
    if (const RestError* error = std::get_if<RestError>(&sent)) co_return *error;
    if (std::holds_alternative<Aborted>(sent)) co_return Aborted{};
    const std::string key = forward.uuid.empty() ? std::to_string(result["uuidMap"].size()) : forward.uuid;
    result["uuidMap"][key] = std::get<Sent>(sent).message_id;
  }
  co_return result;
}

RestError UpdateDenied(const Portal& portal) {
  return RestError{portal.options().behave_as_documented ? "ACCESS_DENIED" : "MESSAGE_ACCESS_DENIED", "Access denied"};
}

MethodResult Update(Call& call) {
  const std::variant<Bot*, RestError> owned = OwnBotV2(call);
  if (const RestError* error = std::get_if<RestError>(&owned)) return *error;
  const Bot& bot = *std::get<Bot*>(owned);
  const std::variant<int64_t, RestError> id = IntArgument(call, "messageId");
  if (const RestError* error = std::get_if<RestError>(&id)) return *error;
  Message* const message = call.portal().FindMessage(std::get<int64_t>(id));
  if (message == nullptr || message->deleted || message->author_id != bot.id ||
      message->params.contains("FORWARD_ID")) {
    return UpdateDenied(call.portal());
  }
  const std::variant<Json, RestError> argument = FieldsArgument(call);
  if (const RestError* error = std::get_if<RestError>(&argument)) return *error;
  const Json fields = PrepareFields(std::get<Json>(argument), kUpdateFields);
  // Everything is judged before anything is stored.
  Json params = message->params;
  Json given = message->given;
  if (const Json* attach = FindSet(fields, "ATTACH")) {
    if (IsEmpty(attach) || StrictEquals(attach, "N")) {
      params.erase("ATTACH");
      given.erase("attach");
    } else {
      const std::optional<Json> rendered = RenderAttach(*attach);
      if (!rendered) return AttachProblem(/*oversize=*/false);
      if (!FitsParamLimit(*rendered)) return AttachProblem(/*oversize=*/true);
      params["ATTACH"] = Json::array({*rendered});
      given["attach"] = *attach;
    }
  }
  if (const Json* keyboard = FindSet(fields, "KEYBOARD")) {
    if (IsEmpty(keyboard) || StrictEquals(keyboard, "N")) {
      params.erase("KEYBOARD");
      given.erase("keyboard");
    } else {
      const std::optional<Json> rendered = RenderKeyboard(*keyboard, bot.id);
      if (!rendered) return RestError{"PARAM_KEYBOARD_ERROR", "Incorrect keyboard params"};
      params["KEYBOARD"] = *rendered;
      given["keyboard"] = *keyboard;
    }
  }
  const Message before = *message;
  message->params = std::move(params);
  message->given = std::move(given);
  if (const Json* text = FindSet(fields, "MESSAGE")) message->text = NormalizeText(ToString(text));
  if (const Json* preview = FindSet(fields, "URL_PREVIEW")) message->url_preview = NormalizeBoolean(*preview);
  FinishUpdate(message);
  call.Changed();
  if (message->deleted) {
    NotifyMessageDeleted(call.portal(), before);
  } else {
    NotifyMessageUpdated(call.portal(), *message);
  }
  return Json{{"result", true}};
}

MethodResult Delete(Call& call) {
  const std::variant<Bot*, RestError> owned = OwnBotV2(call);
  if (const RestError* error = std::get_if<RestError>(&owned)) return *error;
  const Bot& bot = *std::get<Bot*>(owned);
  const std::variant<int64_t, RestError> id = IntArgument(call, "messageId");
  if (const RestError* error = std::get_if<RestError>(&id)) return *error;
  Portal& portal = call.portal();
  Message* const message = portal.FindMessage(std::get<int64_t>(id));
  // No such message, so no chat: the server reports success. The documentation says ACCESS_DENIED.
  if (message == nullptr) {
    if (portal.options().behave_as_documented) return UpdateDenied(portal);
    return Json{{"result", true}};
  }
  const Chat& chat = portal.chats.at(message->chat_id);
  const Json* complete_value = FindSet(call.params, "complete");
  const bool complete = complete_value != nullptr && NormalizeBoolean(*complete_value);
  const bool member = portal.IsMember(chat, bot.id);
  if (!member) return UpdateDenied(portal);
  const bool may = complete || message->author_id == bot.id || chat.managers.count(bot.id) > 0 || chat.owner == bot.id;
  if (!may) {
    if (portal.options().behave_as_documented) return UpdateDenied(portal);
    return Json{{"result", true}};  // true even if nothing was deleted
  }
  if (!message->deleted) NotifyMessageDeleted(portal, *message);
  if (complete) {
    portal.messages.erase(message->id);
  } else {
    SoftDelete(message);
  }
  call.Changed();
  return Json{{"result", true}};
}

MethodResult Get(Call& call) {
  const std::variant<Bot*, RestError> owned = OwnBotV2(call);
  if (const RestError* error = std::get_if<RestError>(&owned)) return *error;
  const Bot& bot = *std::get<Bot*>(owned);
  const std::variant<int64_t, RestError> id = IntArgument(call, "messageId");
  if (const RestError* error = std::get_if<RestError>(&id)) return *error;
  if (bot.type != "S" && bot.type != "P") {
    return RestError{"BOT_TYPE_NOT_ALLOWED", "Method is available only for supervisor and personal bots"};
  }
  Portal& portal = call.portal();
  const Message* const message = portal.FindMessage(std::get<int64_t>(id));
  if (message == nullptr) return RestError{"MESSAGE_NOT_FOUND", "Message not found"};
  if (!portal.IsMember(portal.chats.at(message->chat_id), bot.id))
    return RestError{"MESSAGE_ACCESS_DENIED", "Access denied"};
  Json result = Json::object();
  result["message"] = MessageV2(portal, *message, /*only_common=*/true);
  result["user"] = UserV2(portal, message->author_id);
  return result;
}

}  // namespace

void RegisterMessageV2(Registry* registry) {
  registry->Add("imbot.v2.Chat.Message.send", "imbot", Send);
  registry->Add("imbot.v2.Chat.Message.update", "imbot", Update);
  registry->Add("imbot.v2.Chat.Message.delete", "imbot", Delete);
  registry->Add("imbot.v2.Chat.Message.get", "imbot", Get);
}

}  // namespace simulator
