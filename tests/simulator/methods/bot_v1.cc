// imbot.register, imbot.update, imbot.unregister, imbot.bot.list: pages api-reference/chat-bots/outdated/bots/.
#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "tests/simulator/methods/methods.h"
#include "tests/simulator/methods/v1_common.h"
#include "tests/simulator/php/coerce.h"
#include "tests/simulator/rest/registry.h"

namespace simulator {
namespace {

// Of one application, in the cloud (WIRE_FACTS.md 3).
constexpr int64_t kMaxBots = 100;

struct HandlerRow {
  const char* parameter;
  const char* event;
  const char* error;
  const char* missing;  // the description when a registration lacks it; null if it may
};

// In the order in which the server looks at them.
constexpr std::array<HandlerRow, 6> kHandlers = {{
    {"EVENT_MESSAGE_ADD", "ONIMBOTMESSAGEADD", "EVENT_MESSAGE_ADD_ERROR",
     "Handler for \"Message add\" event isn't specified"},
    {"EVENT_MESSAGE_UPDATE", "ONIMBOTMESSAGEUPDATE", "EVENT_MESSAGE_UPDATE_ERROR", nullptr},
    {"EVENT_MESSAGE_DELETE", "ONIMBOTMESSAGEDELETE", "EVENT_MESSAGE_DELETE_ERROR", nullptr},
    {"EVENT_CONTEXT_GET", "ONIMBOTCONTEXTGET", "EVENT_CONTEXT_GET_ERROR", nullptr},
    {"EVENT_WELCOME_MESSAGE", "ONIMBOTJOINCHAT", "EVENT_WELCOME_MESSAGE_ERROR",
     "Handler for \"Welcome message\" event isn't specified"},
    {"EVENT_BOT_DELETE", "ONIMBOTDELETE", "EVENT_BOT_DELETE_ERROR", "Handler for \"Bot delete\" event isn't specified"},
}};

// The addresses to bind, by event; `required` for a registration.
std::variant<std::map<std::string, std::string>, RestError> ReadHandlers(const Portal& portal, const V1Call& v1,
                                                                         const Json& source, bool required) {
  std::map<std::string, std::string> bound;
  const Json* common = FindFilled(source, "EVENT_HANDLER");
  for (const HandlerRow& row : kHandlers) {
    const Json* value = common != nullptr ? common : FindFilled(source, row.parameter);
    if (value == nullptr) {
      if (required && row.missing != nullptr) return RestError{row.error, row.missing};
      continue;
    }
    const std::string url = ToString(value);
    if (const std::optional<std::string> problem = HandlerProblem(portal, url)) return RestError{row.error, *problem};
    bound[row.event] = BoundHandler(v1, url);
  }
  return bound;
}

// What the client may set of the profile, as it is stored. A photo that is no picture is dropped without a word.
Json ReadProfile(const Json& properties) {
  Json profile = Json::object();
  for (const char* name : {"NAME", "LAST_NAME", "COLOR", "EMAIL", "PERSONAL_BIRTHDAY", "WORK_POSITION", "PERSONAL_WWW",
                           "PERSONAL_GENDER"}) {
    if (const Json* value = FindSet(properties, name)) profile[name] = *value;
  }
  if (const Json* photo = FindSet(properties, "PERSONAL_PHOTO")) {
    size_t bytes = 0;
    if (JudgePicture(*photo, &bytes) == Picture::kGood)
      profile["PERSONAL_PHOTO"] = "(" + std::to_string(bytes) + " bytes)";
  }
  return profile;
}

MethodResult Register(Call& call) {
  const std::variant<V1Call, RestError> read = ReadV1(call);
  if (const RestError* error = std::get_if<RestError>(&read)) return *error;
  const V1Call& v1 = std::get<V1Call>(read);
  Portal& portal = call.portal();
  std::variant<std::map<std::string, std::string>, RestError> handlers =
      ReadHandlers(portal, v1, v1.params, /*required=*/true);
  if (const RestError* error = std::get_if<RestError>(&handlers)) return *error;
  const Json* code = FindFilled(v1.params, "CODE");
  if (code == nullptr) return RestError{"CODE_ERROR", "Bot code isn't specified"};
  static const Json kNothing = Json::object();
  const Json* given = FindSet(v1.params, "PROPERTIES");
  const Json profile = ReadProfile(given == nullptr ? kNothing : *given);
  if (!profile.contains("NAME") && !profile.contains("LAST_NAME"))
    return RestError{"NAME_ERROR", "Bot name isn't specified"};

  // De-duplicated by code across all applications: another one's bot comes back without an error.
  Bot* bot = portal.FindBotByCode(ToString(code));
  if (bot == nullptr) {
    const auto owned = std::count_if(portal.bots.begin(), portal.bots.end(),
                                     [&](const auto& entry) { return entry.second.app_id == v1.owner; });
    if (owned >= kMaxBots) {
      return RestError{"MAX_COUNT_ERROR", "Has reached the maximum number of bots for application (max: " +
                                              std::to_string(kMaxBots) + ")"};
    }
    Bot fresh;
    fresh.code = ToString(code);
    // H is accepted, and stored as an ordinary bot.
    const Json* type = FindSet(v1.params, "TYPE");
    fresh.type = StrictEquals(type, "O") || StrictEquals(type, "S") ? ToString(type) : "B";
    fresh.openline = fresh.type == "O" || IsYes(v1.params, "OPENLINE");
    fresh.app_id = v1.owner;
    fresh.properties = profile;
    if (Trim(ToString(Find(fresh.properties, "WORK_POSITION"))).empty()) fresh.properties["WORK_POSITION"] = "Chat bot";
    bot = &portal.AddBot(std::move(fresh));
  }
  // Bindings belong to the application: a second registration replaces the handlers of all its bots.
  for (auto& [id, sibling] : portal.bots) {
    if (sibling.app_id != v1.owner) continue;
    for (const auto& [event, url] : std::get<0>(handlers)) sibling.handlers[event] = url;
  }
  call.Changed();
  return Json(bot->id);
}

MethodResult Update(Call& call) {
  const std::variant<V1Call, RestError> read = ReadV1(call);
  if (const RestError* error = std::get_if<RestError>(&read)) return *error;
  const V1Call& v1 = std::get<V1Call>(read);
  Portal& portal = call.portal();
  std::variant<Bot*, RestError> owned = OwnBotV1(portal, v1);
  if (const RestError* error = std::get_if<RestError>(&owned)) return *error;
  Bot& bot = *std::get<Bot*>(owned);
  static const Json kNothing = Json::object();
  const Json* given = FindSet(v1.params, "FIELDS");
  const Json& fields = given == nullptr ? kNothing : *given;
  std::variant<std::map<std::string, std::string>, RestError> handlers =
      ReadHandlers(portal, v1, fields, /*required=*/false);
  if (const RestError* error = std::get_if<RestError>(&handlers)) return *error;
  const Json* properties = FindSet(fields, "PROPERTIES");
  const Json profile = ReadProfile(properties == nullptr ? kNothing : *properties);
  if (profile.contains("NAME") && profile.contains("LAST_NAME") && IsEmpty(Find(profile, "NAME")) &&
      IsEmpty(Find(profile, "LAST_NAME"))) {
    return RestError{"NAME_ERROR", "Bot name isn't specified"};
  }
  // TYPE and OPENLINE of FIELDS are read by the server, but the documentation rules them out: the type's check never
  // holds, and OPENLINE is stored.
  const Json* code = FindFilled(fields, "CODE");
  const Json* openline = portal.options().behave_as_documented ? nullptr : FindFilled(fields, "OPENLINE");
  if (code == nullptr && openline == nullptr && profile.empty() && std::get<0>(handlers).empty()) {
    return RestError{"WRONG_REQUEST", "Update fields can't be empty"};
  }
  if (code != nullptr) bot.code = ToString(code);
  if (openline != nullptr) bot.openline = LooseEquals(openline, "Y");
  for (auto it = profile.begin(); it != profile.end(); ++it) bot.properties[it.key()] = it.value();
  Json shown = profile;
  if (Trim(ToString(Find(shown, "NAME"))).empty()) shown.erase("NAME");
  portal.ApplyProfile(bot, shown);
  for (auto& [id, sibling] : portal.bots) {
    if (sibling.app_id != v1.owner) continue;
    for (const auto& [event, url] : std::get<0>(handlers)) sibling.handlers[event] = url;
  }
  call.Changed();
  return Json(true);
}

MethodResult Unregister(Call& call) {
  const std::variant<V1Call, RestError> read = ReadV1(call);
  if (const RestError* error = std::get_if<RestError>(&read)) return *error;
  std::variant<Bot*, RestError> owned = OwnBotV1(call.portal(), std::get<V1Call>(read));
  if (const RestError* error = std::get_if<RestError>(&owned)) return *error;
  call.portal().RemoveBot(std::get<Bot*>(owned)->id);
  call.Changed();
  return Json(true);
}

// All bots of the portal but Bitrix24 Network's, whoever registered them.
MethodResult List(Call& call) {
  Json result = Json::object();
  for (const auto& [id, bot] : call.portal().bots) {
    if (bot.type == "N") continue;
    const User* const user = call.portal().FindUser(id);
    Json entry = Json::object();
    entry["ID"] = id;
    entry["NAME"] = user == nullptr ? std::string() : Trim(user->first_name + " " + user->last_name);
    entry["CODE"] = bot.code;
    entry["OPENLINE"] = bot.openline ? "Y" : "N";
    result[std::to_string(id)] = std::move(entry);
  }
  return result;
}

}  // namespace

void RegisterBotV1(Registry* registry) {
  registry->Add("imbot.register", "imbot", Register);
  registry->Add("imbot.update", "imbot", Update);
  registry->Add("imbot.unregister", "imbot", Unregister);
  registry->Add("imbot.bot.list", "imbot", List);
}

}  // namespace simulator
