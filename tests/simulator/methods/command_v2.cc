// imbot.v2.Command.*: pages api-reference/chat-bots/chat-bots-v2/imbot.v2/commands/.
#include <string>
#include <utility>
#include <variant>

#include "tests/simulator/methods/methods.h"
#include "tests/simulator/methods/v2_common.h"
#include "tests/simulator/php/coerce.h"
#include "tests/simulator/rest/registry.h"

namespace simulator {
namespace {

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

}  // namespace

void RegisterCommandV2(Registry* registry) {
  registry->Add("imbot.v2.Command.register", "imbot", Register);
}

}  // namespace simulator
