// imbot.v2.Command.*: pages api-reference/chat-bots/chat-bots-v2/imbot.v2/commands/.
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "tests/simulator/methods/attach.h"
#include "tests/simulator/methods/keyboard.h"
#include "tests/simulator/methods/methods.h"
#include "tests/simulator/methods/sending.h"
#include "tests/simulator/methods/v2_common.h"
#include "tests/simulator/php/coerce.h"
#include "tests/simulator/rest/registry.h"

namespace simulator {
namespace {

constexpr char kLanguage[] = "en";
// After this time without a call the bot may no longer answer in a group (WIRE_FACTS.md 5.2, 6.2).
constexpr std::chrono::minutes kAnswerLeave{10};

Json CommandV2(const Command& command) {
  Json json = Json::object();
  json["id"] = command.id;
  json["botId"] = command.bot_id;
  json["command"] = "/" + command.command;
  json["common"] = command.common;
  json["hidden"] = command.hidden;
  json["extranetSupport"] = command.extranet;
  return Json{{"command", json}};
}

// A text of the command in the portal's language, else in the first that there is.
std::string Localized(const Command& command, const char* name) {
  const Json* row = command.lang.empty() ? nullptr : &command.lang[0];
  for (const Json& candidate : command.lang) {
    if (LooseEquals(FindSet(candidate, "LANGUAGE_ID"), kLanguage)) row = &candidate;
  }
  return row == nullptr ? std::string() : ToString(FindSet(*row, name));
}

// The command that `commandId` names, if it is this bot's.
std::variant<Command*, RestError> OwnCommand(Call& call, const Bot& bot) {
  const std::variant<int64_t, RestError> id = IntArgument(call, "commandId");
  if (const RestError* error = std::get_if<RestError>(&id)) return *error;
  std::map<int64_t, Command>& commands = call.portal().commands;
  const auto it = commands.find(std::get<int64_t>(id));
  if (it == commands.end()) return RestError{"COMMAND_NOT_FOUND", "Command not found"};
  if (it->second.bot_id != bot.id) return RestError{"COMMAND_NOT_FOUND", "Command belongs to a different bot"};
  return &it->second;
}

// {en: "…"} as the list of language rows that both versions store.
Json LangRows(const Json* title, const Json* params) {
  Json rows = Json::array();
  if (title == nullptr || !title->is_object()) return rows;
  for (auto it = title->begin(); it != title->end(); ++it) {
    const std::string language = AsciiLower(it.key());
    Json row = Json::object();
    row["LANGUAGE_ID"] = language;
    row["TITLE"] = it.value();
    if (params != nullptr && params->is_object()) {
      for (auto param = params->begin(); param != params->end(); ++param) {
        if (AsciiLower(param.key()) == language) row["PARAMS"] = param.value();
      }
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

bool Flag(const Json& fields, const char* name) {
  const Json* value = FindSet(fields, name);
  return value != nullptr && NormalizeBoolean(*value);
}

MethodResult Register(Call& call) {
  const std::variant<Bot*, RestError> owned = OwnBotV2(call);
  if (const RestError* error = std::get_if<RestError>(&owned)) return *error;
  const Bot& bot = *std::get<Bot*>(owned);
  Portal& portal = call.portal();
  // The flat form of before 30.03.2026 is still taken where `fields` is missing.
  const Json* given = FindSet(call.params, "fields");
  const Json& fields = IsEmpty(given) || !given->is_object() ? call.params : *given;
  const Json* name = FindSet(fields, "command");
  if (name != nullptr && !name->is_string()) return RestError{"COMMAND_NAME_INVALID", "Command name must be a string"};
  std::string text = ToString(name);
  if (!text.empty() && text[0] == '/') text.erase(0, 1);
  if (text.empty()) return RestError{"COMMAND_REQUIRED", "Command is required"};
  for (const auto& [id, command] : portal.commands) {
    if (command.bot_id == bot.id && command.command == text && command.app_id == bot.app_id) return CommandV2(command);
  }
  Command command;
  command.lang = LangRows(FindSet(fields, "title"), FindSet(fields, "params"));
  command.hidden = Flag(fields, "hidden");
  if (!command.hidden && command.lang.empty()) {
    return RestError{"COMMAND_TITLE_REQUIRED", "Title is required for visible commands"};
  }
  command.id = portal.NextCommandId();
  command.bot_id = bot.id;
  command.app_id = bot.app_id;
  command.command = text;
  command.common = Flag(fields, "common");
  command.extranet = Flag(fields, "extranetSupport");
  call.Changed();
  const int64_t id = command.id;
  portal.commands[id] = std::move(command);
  return CommandV2(portal.commands[id]);
}

MethodResult Unregister(Call& call) {
  const std::variant<Bot*, RestError> owned = OwnBotV2(call);
  if (const RestError* error = std::get_if<RestError>(&owned)) return *error;
  const std::variant<Command*, RestError> found = OwnCommand(call, *std::get<Bot*>(owned));
  if (const RestError* error = std::get_if<RestError>(&found)) return *error;
  call.portal().commands.erase(std::get<Command*>(found)->id);
  call.Changed();
  return Json{{"result", true}};
}

// A text replaces the translation, null removes it, a language that is not named stays as it is.
void MergeLang(const Json& title, const Json* params, Json* lang) {
  for (auto it = title.begin(); it != title.end(); ++it) {
    const std::string language = AsciiLower(it.key());
    Json kept = Json::array();
    for (const Json& row : *lang) {
      if (!LooseEquals(FindSet(row, "LANGUAGE_ID"), language)) kept.push_back(row);
    }
    *lang = std::move(kept);
    if (it.value().is_null()) continue;
    const Json one = Json{{it.key(), it.value()}};
    for (const Json& row : LangRows(&one, params)) lang->push_back(row);
  }
}

MethodResult Update(Call& call) {
  const std::variant<Bot*, RestError> owned = OwnBotV2(call);
  if (const RestError* error = std::get_if<RestError>(&owned)) return *error;
  const Bot& bot = *std::get<Bot*>(owned);
  const std::variant<Command*, RestError> found = OwnCommand(call, bot);
  if (const RestError* error = std::get_if<RestError>(&found)) return *error;
  Command& command = *std::get<Command*>(found);
  const std::variant<Json, RestError> argument = FieldsArgument(call);
  if (const RestError* error = std::get_if<RestError>(&argument)) return *error;
  const Json& fields = std::get<Json>(argument);
  if (const Json* name = FindSet(fields, "command")) {
    if (!name->is_string()) return RestError{"COMMAND_NAME_INVALID", "Command name must be a string"};
    std::string text = name->get<std::string>();
    if (!text.empty() && text[0] == '/') text.erase(0, 1);
    if (text.empty()) return RestError{"COMMAND_NAME_EMPTY", "Command name is empty"};
    for (const auto& [id, other] : call.portal().commands) {
      if (id != command.id && other.bot_id == bot.id && other.command == text)
        return RestError{"COMMAND_ALREADY_EXISTS", "Command with this name is already registered for this bot"};
    }
    command.command = text;
  }
  const Json* title = FindSet(fields, "title");
  if (title != nullptr && title->is_object()) MergeLang(*title, FindSet(fields, "params"), &command.lang);
  const auto set = [&](const char* name, bool* target) {
    if (FindSet(fields, name) != nullptr) *target = Flag(fields, name);
  };
  set("common", &command.common);
  set("hidden", &command.hidden);
  set("extranetSupport", &command.extranet);
  call.Changed();
  return CommandV2(command);
}

MethodResult List(Call& call) {
  const std::variant<Bot*, RestError> owned = OwnBotV2(call);
  if (const RestError* error = std::get_if<RestError>(&owned)) return *error;
  const Bot& bot = *std::get<Bot*>(owned);
  const Portal& portal = call.portal();
  const User* const user = portal.FindUser(bot.id);
  Json commands = Json::array();
  for (const auto& [id, command] : portal.commands) {
    if (command.bot_id != bot.id) continue;
    Json json = Json::object();
    json["id"] = id;
    json["botId"] = bot.id;
    json["command"] = "/" + command.command;
    json["title"] = Localized(command, "TITLE");
    json["params"] = Localized(command, "PARAMS");
    json["common"] = command.common;
    json["hidden"] = command.hidden;
    json["extranetSupport"] = command.extranet;
    json["category"] = user == nullptr ? std::string() : Trim(user->first_name + " " + user->last_name);
    json["context"] = "";
    commands.push_back(std::move(json));
  }
  return Json{{"commands", std::move(commands)}};
}

// False if an attachment or a keyboard can't be shown, or nothing is left to say.
bool ReadAnswer(const Json& fields, OutgoingMessage* message) {
  message->text = NormalizeText(ToString(FindSet(fields, "message")));
  if (const Json* attach = FindSet(fields, "attach"); !IsEmpty(attach)) {
    const std::optional<Json> rendered = RenderAttach(*attach);
    if (!rendered || !FitsParamLimit(*rendered)) return false;
    message->params["ATTACH"] = Json::array({*rendered});
    message->given["attach"] = *attach;
  }
  if (const Json* keyboard = FindSet(fields, "keyboard"); !IsEmpty(keyboard)) {
    const std::optional<Json> rendered = RenderKeyboard(*keyboard, message->bot_id);
    if (!rendered) return false;
    message->params["KEYBOARD"] = *rendered;
    message->given["keyboard"] = *keyboard;
  }
  if (const Json* preview = FindSet(fields, "urlPreview")) message->url_preview = NormalizeBoolean(*preview);
  message->system = Flag(fields, "system");
  return !message->text.empty() || message->params.contains("ATTACH");
}

Task<MethodResult> Answer(Call& call) {
  const std::variant<Bot*, RestError> owned = OwnBotV2(call);
  if (const RestError* error = std::get_if<RestError>(&owned)) co_return *error;
  const Bot& bot = *std::get<Bot*>(owned);
  const std::variant<int64_t, RestError> message_id = IntArgument(call, "messageId");
  if (const RestError* error = std::get_if<RestError>(&message_id)) co_return *error;
  const Json* dialog_id = FindSet(call.params, "dialogId");
  if (dialog_id == nullptr || !dialog_id->is_string())
    co_return RestError{"100", "Could not find value for parameter {dialogId}"};
  const std::variant<Json, RestError> argument = FieldsArgument(call);
  if (const RestError* error = std::get_if<RestError>(&argument)) co_return *error;
  const std::variant<Command*, RestError> found = OwnCommand(call, bot);
  if (const RestError* error = std::get_if<RestError>(&found)) co_return *error;

  const RestError failed{"COMMAND_ANSWER_FAILED", "Failed to send command answer"};
  Portal& portal = call.portal();
  // The dialogue is the message's, whatever dialogId says.
  const Message* const asked = portal.FindMessage(std::get<int64_t>(message_id));
  if (asked == nullptr) co_return failed;
  const auto it = portal.chats.find(asked->chat_id);
  if (it == portal.chats.end()) co_return failed;
  const Chat& chat = it->second;
  if (chat.message_type != "P") {
    const auto leave = portal.answer_leave.find({bot.id, portal.DialogId(chat, bot.id)});
    const bool may = leave != portal.answer_leave.end() && portal.Now() - leave->second < kAnswerLeave;
    // Too late, and nobody is told.
    if (!may) co_return Json{{"result", true}};
  }
  OutgoingMessage message;
  message.bot_id = bot.id;
  message.chat_id = chat.id;
  if (!ReadAnswer(std::get<Json>(argument), &message)) co_return failed;
  if (!portal.IsMember(chat, bot.id)) message.system = true;
  // A system message has no author: it names the bot.
  if (message.system) message.text = "[USER=" + std::to_string(bot.id) + "][/USER]:\n " + message.text;
  std::variant<Sent, RestError, Aborted> sent = co_await SendMessage(call, std::move(message));
  if (std::holds_alternative<Aborted>(sent)) co_return Aborted{};
  if (std::holds_alternative<RestError>(sent)) co_return failed;
  co_return Json{{"result", true}};
}

}  // namespace

void RegisterCommandV2(Registry* registry) {
  registry->Add("imbot.v2.Command.register", "imbot", Register);
  registry->Add("imbot.v2.Command.unregister", "imbot", Unregister);
  registry->Add("imbot.v2.Command.update", "imbot", Update);
  registry->Add("imbot.v2.Command.list", "imbot", List);
  registry->Add("imbot.v2.Command.answer", "imbot", Answer);
}

}  // namespace simulator
