// imbot.command.*: pages api-reference/chat-bots/outdated/commands/.
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "tests/simulator/methods/dialog_v1.h"
#include "tests/simulator/methods/methods.h"
#include "tests/simulator/methods/sending.h"
#include "tests/simulator/methods/v1_common.h"
#include "tests/simulator/php/coerce.h"
#include "tests/simulator/rest/registry.h"

namespace simulator {
namespace {

// How long a command may be answered in a group (WIRE_FACTS.md 5.2).
constexpr std::chrono::minutes kAnswerLeave{10};

std::string WithoutSlash(std::string command) {
  if (!command.empty() && command[0] == '/') command.erase(0, 1);
  return command;
}

MethodResult Register(Call& call) {
  const std::variant<V1Call, RestError> read = ReadV1(call);
  if (const RestError* error = std::get_if<RestError>(&read)) return *error;
  const V1Call& v1 = std::get<V1Call>(read);
  const Json& params = v1.params;
  Portal& portal = call.portal();
  const std::variant<Bot*, RestError> owned = OwnBotV1(portal, v1);
  if (const RestError* error = std::get_if<RestError>(&owned)) return *error;
  Bot& bot = *std::get<Bot*>(owned);

  const Json* handler = FindFilled(params, "EVENT_COMMAND_ADD");
  if (handler == nullptr)
    return RestError{"EVENT_COMMAND_ADD_ERROR", "Handler for \"Command add\" event isn't specified"};
  const std::string url = BoundHandler(v1, ToString(handler));
  if (const std::optional<std::string> problem = HandlerProblem(portal, url))
    return RestError{"EVENT_COMMAND_ADD_ERROR", *problem};
  const Json* text = FindFilled(params, "COMMAND");
  if (text == nullptr) return RestError{"COMMAND_ERROR", "Command isn't specified"};
  const Json* lang = FindFilled(params, "LANG");
  if (lang == nullptr) return RestError{"LANG_ERROR", "Lang set can't be empty"};

  bot.handlers["ONIMCOMMANDADD"] = url;
  call.Changed();
  const std::string name = WithoutSlash(ToString(text));
  // The same command of the same bot: its id, and nothing of it refreshed.
  for (const auto& [id, command] : portal.commands) {
    if (command.bot_id == bot.id && command.command == name) return Json(id);
  }
  Command command;
  command.id = portal.NextCommandId();
  command.bot_id = bot.id;
  command.app_id = v1.owner;
  command.command = name;
  command.common = IsYes(params, "COMMON");
  command.hidden = IsYes(params, "HIDDEN");
  command.extranet = IsYes(params, "EXTRANET_SUPPORT");
  command.lang = StoredLang(*lang);
  const int64_t id = command.id;
  portal.commands[id] = std::move(command);
  return Json(id);
}

MethodResult Update(Call& call) {
  const std::variant<V1Call, RestError> read = ReadV1(call);
  if (const RestError* error = std::get_if<RestError>(&read)) return *error;
  const V1Call& v1 = std::get<V1Call>(read);
  Portal& portal = call.portal();
  const auto found = portal.commands.find(ToInt(FindSet(v1.params, "COMMAND_ID")));
  if (found == portal.commands.end()) return RestError{"COMMAND_ID_ERROR", "Command not found"};
  Command& command = found->second;
  if (command.app_id != v1.owner) return RestError{"APP_ID_ERROR", "Command was installed by another rest application"};
  Bot* const bot = portal.FindBot(command.bot_id);
  if (bot != nullptr && bot->event_mode == "FETCH") {
    return RestError{"FETCH_NOT_SUPPORTED", "This bot uses FETCH mode. Use imbot.v2.Command.update instead."};
  }
  static const Json kNothing = Json::object();
  const Json* given = FindSet(v1.params, "FIELDS");
  const Json& fields = given == nullptr ? kNothing : *given;
  std::string url;
  if (const Json* handler = FindFilled(fields, "EVENT_COMMAND_ADD")) {
    if (const std::optional<std::string> problem = HandlerProblem(portal, ToString(handler))) {
      return RestError{"EVENT_COMMAND_ADD_ERROR", *problem};
    }
    url = BoundHandler(v1, ToString(handler));
  }
  const Json* hidden = FindFilled(fields, "HIDDEN");
  const Json* extranet = FindFilled(fields, "EXTRANET_SUPPORT");
  const Json* lang = FindFilled(fields, "LANG");
  // The published source takes COMMAND and drops it; the documentation says that it renames the command.
  const Json* text = portal.options().behave_as_documented ? FindFilled(fields, "COMMAND") : nullptr;
  if (hidden == nullptr && extranet == nullptr && lang == nullptr && text == nullptr && url.empty()) {
    return RestError{"WRONG_REQUEST", "Update fields can't be empty"};
  }
  if (hidden != nullptr) command.hidden = LooseEquals(hidden, "Y");
  if (extranet != nullptr) command.extranet = LooseEquals(extranet, "Y");
  if (lang != nullptr) command.lang = StoredLang(*lang);
  if (text != nullptr) command.command = WithoutSlash(ToString(text));
  if (!url.empty() && bot != nullptr) bot->handlers["ONIMCOMMANDADD"] = url;
  call.Changed();
  return Json(true);
}

// The command that COMMAND_ID names, or COMMAND among the caller's, if it is the caller's.
std::variant<Command*, RestError> OwnCommandV1(Portal& portal, const V1Call& v1) {
  Command* found = nullptr;
  if (const Json* id = FindFilled(v1.params, "COMMAND_ID")) {
    const auto it = portal.commands.find(ToInt(id));
    if (it != portal.commands.end()) found = &it->second;
  } else if (const Json* text = FindFilled(v1.params, "COMMAND")) {
    const std::string name = WithoutSlash(ToString(text));
    for (auto& [command_id, command] : portal.commands) {
      if (command.command == name && command.app_id == v1.owner) found = &command;
    }
  }
  if (found == nullptr) return RestError{"COMMAND_ID_ERROR", "Command not found"};
  if (found->app_id != v1.owner) return RestError{"APP_ID_ERROR", "Command was installed by another rest application"};
  return found;
}

MethodResult Unregister(Call& call) {
  const std::variant<V1Call, RestError> read = ReadV1(call);
  if (const RestError* error = std::get_if<RestError>(&read)) return *error;
  V1Call v1 = std::get<V1Call>(read);
  v1.params.erase("COMMAND");
  const std::variant<Command*, RestError> found = OwnCommandV1(call.portal(), v1);
  if (const RestError* error = std::get_if<RestError>(&found)) return *error;
  call.portal().commands.erase(std::get<Command*>(found)->id);
  call.Changed();
  return Json(true);
}

// The number of the answer, or `true` if nothing was said: in a group the command's leave to answer lasts ten minutes.
Task<MethodResult> Answer(Call& call) {
  const std::variant<V1Call, RestError> read = ReadV1(call);
  if (const RestError* error = std::get_if<RestError>(&read)) co_return *error;
  const V1Call& v1 = std::get<V1Call>(read);
  const Json& params = v1.params;
  Portal& portal = call.portal();
  const std::variant<Command*, RestError> found = OwnCommandV1(portal, v1);
  if (const RestError* error = std::get_if<RestError>(&found)) co_return *error;
  const int64_t message_id = ToInt(FindSet(params, "MESSAGE_ID"));
  if (message_id <= 0) co_return RestError{"MESSAGE_ID_EMPTY", "Message ID can't be empty"};

  OutgoingMessage message;
  message.bot_id = std::get<Command*>(found)->bot_id;
  const Json* text = FindSet(params, "MESSAGE");
  message.text = text != nullptr && text->is_string() ? NormalizeText(ToString(text)) : std::string();
  if (message.text.empty()) co_return RestError{"MESSAGE_EMPTY", "Message can't be empty"};
  if (const std::optional<RestError> problem = ReadDecoration(portal, params, &message)) co_return *problem;
  message.system = IsYes(params, "SYSTEM");
  message.url_preview =
      !(FindSet(params, "URL_PREVIEW") != nullptr && LooseEquals(FindSet(params, "URL_PREVIEW"), "N"));

  const RestError failed{"WRONG_REQUEST", "Message isn't added"};
  const Message* const asked = portal.FindMessage(message_id);
  if (asked == nullptr) co_return failed;
  const auto chat = portal.chats.find(asked->chat_id);
  if (chat == portal.chats.end()) co_return failed;
  const bool member = portal.IsMember(chat->second, message.bot_id);
  if (chat->second.message_type != "P" || !member) {
    const auto leave = portal.answer_leave.find({message.bot_id, portal.DialogId(chat->second, message.bot_id)});
    if (leave == portal.answer_leave.end() || portal.Now() - leave->second >= kAnswerLeave) co_return Json(true);
  }
  message.chat_id = chat->first;
  std::variant<Sent, RestError, Aborted> sent = co_await SendMessage(call, std::move(message));
  if (std::holds_alternative<Aborted>(sent)) co_return Aborted{};
  if (std::holds_alternative<RestError>(sent)) co_return failed;
  co_return Json(std::get<Sent>(sent).message_id);
}

}  // namespace

void RegisterCommandV1(Registry* registry) {
  registry->Add("imbot.command.unregister", "imbot", Unregister);
  registry->Add("imbot.command.answer", "imbot", Answer);
  registry->Add("imbot.command.register", "imbot", Register);
  registry->Add("imbot.command.update", "imbot", Update);
}

}  // namespace simulator
