// imbot.v2.Bot.*: pages api-reference/chat-bots/chat-bots-v2/imbot.v2/bots/.
#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "tests/simulator/methods/colors.h"
#include "tests/simulator/methods/methods.h"
#include "tests/simulator/methods/notify.h"
#include "tests/simulator/methods/v1_common.h"
#include "tests/simulator/methods/v2_common.h"
#include "tests/simulator/php/coerce.h"
#include "tests/simulator/rest/registry.h"

namespace simulator {
namespace {

constexpr size_t kMaxToken = 40;
constexpr int64_t kMaxBotsPerApp = 100;
constexpr std::string_view kCustom = "custom";

// fields.* of a registration may be written in camelCase or UPPER_SNAKE.
const Json* Either(const Json& fields, const char* camel, const char* upper) {
  const Json* value = FindSet(fields, camel);
  return value != nullptr ? value : FindSet(fields, upper);
}

std::optional<std::string> Background(const Json* value) {
  constexpr std::array<std::string_view, 9> kKnown = {"azure",      "mint", "steel", "slate", "teal",
                                                      "cornflower", "sky",  "peach", "frost"};
  const std::string name = ToString(value);
  if (std::find(kKnown.begin(), kKnown.end(), name) == kKnown.end()) return std::nullopt;
  return name;
}

// The profile under the user's column names; what was left out becomes empty, which is why an update resets it.
Json MapProfile(const Json& properties) {
  Json mapped = Json::object();
  mapped["NAME"] = ToString(Either(properties, "name", "NAME"));
  mapped["LAST_NAME"] = ToString(Either(properties, "lastName", "LAST_NAME"));
  mapped["COLOR"] = ColorCode(ToString(Either(properties, "color", "COLOR")));
  mapped["WORK_POSITION"] = ToString(Either(properties, "workPosition", "WORK_POSITION"));
  mapped["PERSONAL_GENDER"] = ToString(Either(properties, "gender", "PERSONAL_GENDER"));
  return mapped;
}

void ShowProfile(Portal& portal, Bot& bot, const Json& mapped, bool update) {
  Json profile = mapped;
  // An update with an empty name keeps the old one; an empty position falls back to the default.
  if (update && Trim(ToString(Find(profile, "NAME"))).empty()) profile.erase("NAME");
  if (Trim(ToString(Find(profile, "WORK_POSITION"))).empty()) profile["WORK_POSITION"] = "Chat bot";
  portal.ApplyProfile(bot, profile);
  const std::string hex = ColorHex(ToString(Find(profile, "COLOR")));
  if (!hex.empty()) portal.users[bot.id].color = hex;
}

std::optional<RestError> AvatarProblem(const Json* properties) {
  const Json* avatar = properties == nullptr ? nullptr : Either(*properties, "avatar", "PERSONAL_PHOTO");
  if (IsEmpty(avatar)) return std::nullopt;
  size_t bytes = 0;
  switch (JudgePicture(*avatar, &bytes)) {
    case Picture::kNoImage:
      return RestError{"BOT_AVATAR_INCORRECT_TYPE", "Avatar must be an image file"};
    case Picture::kTooLarge:
      return RestError{"BOT_AVATAR_INCORRECT_SIZE", "Avatar image exceeds maximum dimensions (5000x5000)"};
    case Picture::kGood:
      break;
  }
  return std::nullopt;
}

std::optional<std::string> TypeFromRestName(const std::string& name) {
  const std::string lower = AsciiLower(name);
  if (lower == "bot") return "B";
  if (lower == "network") return "N";
  if (lower == "openline") return "O";
  if (lower == "supervisor") return "S";
  if (lower == "personal") return "P";
  return std::nullopt;
}

bool FlagOr(const Json* value, bool otherwise) {
  return value == nullptr ? otherwise : NormalizeBoolean(*value);
}

// A copy of the profile without the picture, for the state that tests read.
Json WithoutPicture(const Json& properties) {
  Json copy = properties;
  if (copy.is_object()) {
    for (const char* name : {"avatar", "PERSONAL_PHOTO"}) {
      if (copy.contains(name)) copy[name] = "(" + std::to_string(ToString(&copy[name]).size()) + " characters)";
    }
  }
  return copy;
}

MethodResult Register(Call& call) {
  Portal& portal = call.portal();
  std::optional<std::string> owner = OwnerKeyV2(call);
  if (!owner) {
    // The identity is looked for in FIELDS too, the fields themselves are not: the binder matches names exactly.
    const Json* given = Either(call.params, "fields", "FIELDS");
    const Json* token = given == nullptr ? nullptr : Either(*given, "botToken", "BOT_TOKEN");
    if (ToString(token).empty()) return TokenNotSpecified();
    owner = std::string(kCustom) + ToString(token);
  }
  const std::variant<Json, RestError> argument = FieldsArgument(call);
  if (const RestError* error = std::get_if<RestError>(&argument)) return *error;
  const Json& fields = std::get<Json>(argument);
  if (call.caller.client_id.empty() && Utf8Length(*owner) > kCustom.size() + kMaxToken) {
    return RestError{"BOT_TOKEN_INVALID_LENGTH", "Bot token must not exceed 40 characters"};
  }
  const std::string code = ToString(Either(fields, "code", "CODE"));
  if (code.empty()) return RestError{"BOT_CODE_REQUIRED", "Bot code is required"};
  const Json* properties = Either(fields, "properties", "PROPERTIES");
  if (IsEmpty(properties) || IsEmpty(Either(*properties, "name", "NAME"))) {
    return RestError{"BOT_PROPERTIES_REQUIRED", "Bot properties are required"};
  }
  const Json* mode = Either(fields, "eventMode", "EVENT_MODE");
  const std::string event_mode = mode == nullptr ? "FETCH" : AsciiUpper(ToString(mode));
  if (event_mode != "FETCH" && event_mode != "WEBHOOK")
    return RestError{"BOT_INVALID_EVENT_MODE", "Invalid event mode"};
  const std::string url = ToString(Either(fields, "webhookUrl", "WEBHOOK_URL"));
  if (event_mode == "WEBHOOK" && url.empty()) {
    return RestError{"BOT_WEBHOOK_URL_REQUIRED", "Webhook URL is required for webhook event mode"};
  }
  // The same code of the same owner: the existing bot, unchanged.
  if (Bot* const existing = portal.FindBotByCode(code)) {
    if (existing->app_id == *owner) return BotWithUser(portal, *existing, /*for_owner=*/true);
    return RestError{"BOT_CODE_ALREADY_TAKEN", "Bot with this code already exists"};
  }
  const int64_t owned = std::count_if(portal.bots.begin(), portal.bots.end(),
                                      [&](const auto& entry) { return entry.second.app_id == *owner; });
  if (owned >= kMaxBotsPerApp) return RestError{"BOT_LIMIT_EXCEEDED", "Bot registration limit exceeded"};
  const Json* type_name = Either(fields, "type", "TYPE");
  const std::optional<std::string> type = TypeFromRestName(type_name == nullptr ? "bot" : ToString(type_name));
  if (!type) return RestError{"BOT_INVALID_TYPE", "Invalid bot type"};
  if (event_mode == "WEBHOOK") {
    if (const std::optional<std::string> problem = HandlerProblem(portal, url))
      return RestError{"BOT_INVALID_CALLBACK", *problem};
  }
  if (const std::optional<RestError> problem = AvatarProblem(properties)) return *problem;

  Bot bot;
  bot.code = code;
  bot.type = *type;
  bot.app_id = *owner;
  bot.event_mode = event_mode;
  bot.openline = *type == "O" || FlagOr(Either(fields, "isSupportOpenline", "IS_SUPPORT_OPENLINE"), false);
  bot.hidden = FlagOr(Either(fields, "isHidden", "IS_HIDDEN"), false);
  bot.reactions = FlagOr(Either(fields, "isReactionsEnabled", "IS_REACTIONS_ENABLED"), true);
  bot.background = Background(Either(fields, "backgroundId", "BACKGROUND_ID"));
  bot.properties = WithoutPicture(*properties);
  if (event_mode == "WEBHOOK") bot.handlers["ONIMBOTV2"] = url;
  Bot& added = portal.AddBot(std::move(bot));
  ShowProfile(portal, added, MapProfile(*properties), /*update=*/false);
  call.Changed();
  return BotWithUser(portal, added, /*for_owner=*/true);
}

// fields.botToken: the new owner's key, which commands and applications follow.
std::optional<RestError> Rotate(Portal& portal, Bot& bot, const std::string& token) {
  if (Utf8Length(token) > kMaxToken)
    return RestError{"BOT_TOKEN_INVALID_LENGTH", "Bot token must not exceed 40 characters"};
  const std::string owner = std::string(kCustom) + token;
  if (owner == bot.app_id) return std::nullopt;
  const RestError failed{"BOT_TOKEN_ROTATION_FAILED", "Bot token rotation failed"};
  if (bot.app_id.substr(0, kCustom.size()) != kCustom) return failed;
  for (const auto& [id, other] : portal.bots) {
    if (id != bot.id && other.app_id == owner) return failed;
  }
  for (auto& [id, command] : portal.commands) {
    if (command.bot_id == bot.id && command.app_id == bot.app_id) command.app_id = owner;
  }
  for (auto& [id, app] : portal.apps) {
    if (app.bot_id == bot.id && app.app_id == bot.app_id) app.app_id = owner;
  }
  bot.app_id = owner;
  return std::nullopt;
}

MethodResult Update(Call& call) {
  std::variant<Bot*, RestError> owned = OwnBotV2(call);
  if (const RestError* error = std::get_if<RestError>(&owned)) return *error;
  Bot& bot = *std::get<Bot*>(owned);
  Portal& portal = call.portal();
  const std::variant<Json, RestError> argument = FieldsArgument(call);
  if (const RestError* error = std::get_if<RestError>(&argument)) return *error;
  const Json& fields = std::get<Json>(argument);

  const Json* properties = Either(fields, "properties", "PROPERTIES");
  if (IsEmpty(properties)) properties = nullptr;
  if (const std::optional<RestError> problem = AvatarProblem(properties)) return *problem;
  std::string event_mode = bot.event_mode;
  if (const Json* mode = FindSet(fields, "eventMode")) {
    event_mode = AsciiUpper(ToString(mode));
    if (event_mode != "FETCH" && event_mode != "WEBHOOK")
      return RestError{"BOT_INVALID_EVENT_MODE", "Invalid event mode"};
  }
  const std::string token = Trim(ToString(Either(fields, "botToken", "BOT_TOKEN")));
  if (!token.empty()) {
    if (const std::optional<RestError> problem = Rotate(portal, bot, token)) return *problem;
    call.Changed();
  }

  if (properties != nullptr) {
    bot.properties = WithoutPicture(*properties);
    ShowProfile(portal, bot, MapProfile(*properties), /*update=*/true);
    call.Changed();
  }
  const auto set = [&](const char* name, bool* target) {
    if (const Json* value = FindSet(fields, name)) {
      *target = NormalizeBoolean(*value);
      call.Changed();
    }
  };
  set("isHidden", &bot.hidden);
  set("isReactionsEnabled", &bot.reactions);
  set("isSupportOpenline", &bot.openline);
  // The source asks isset(), so a null changes nothing there; the documentation says that it resets.
  const Json* background =
      portal.options().behave_as_documented ? Find(fields, "backgroundId") : FindSet(fields, "backgroundId");
  if (background != nullptr) {
    bot.background = Background(background);
    call.Changed();
  }
  if (event_mode != bot.event_mode) {
    bot.event_mode = event_mode;
    if (event_mode == "FETCH") bot.handlers.clear();
    if (event_mode == "WEBHOOK") portal.events.Wipe(bot.id);
    call.Changed();
  }
  const std::string url = ToString(FindSet(fields, "webhookUrl"));
  if (bot.event_mode == "WEBHOOK" && !url.empty()) {
    // Refused only after everything else was stored: the update is not atomic.
    if (const std::optional<std::string> problem = HandlerProblem(portal, url))
      return RestError{"BOT_INVALID_CALLBACK", *problem};
    bot.handlers["ONIMBOTV2"] = url;
    call.Changed();
  }
  return BotWithUser(portal, bot, /*for_owner=*/true);
}

MethodResult Unregister(Call& call) {
  std::variant<Bot*, RestError> owned = OwnBotV2(call);
  if (const RestError* error = std::get_if<RestError>(&owned)) return *error;
  // Written down, and wiped with the queue: a bot can never fetch that it was deleted.
  NotifyBotDeleted(call.portal(), *std::get<Bot*>(owned));
  call.portal().RemoveBot(std::get<Bot*>(owned)->id);
  call.Changed();
  return Json{{"result", true}};
}

MethodResult Get(Call& call) {
  const std::optional<std::string> owner = OwnerKeyV2(call);
  if (!owner) return TokenNotSpecified();
  Portal& portal = call.portal();
  const int64_t id = ToInt(Either(call.params, "botId", "BOT_ID"));
  const std::string code = ToString(Either(call.params, "code", "CODE"));
  if (id <= 0 && code.empty()) return RestError{"PARAMS_REQUIRED", "botId or code is required"};
  const Bot* const bot = id > 0 ? portal.FindBot(id) : portal.FindBotByCode(code);
  if (bot == nullptr) return RestError{"BOT_NOT_FOUND", "Bot not found"};
  return BotWithUser(portal, *bot, bot->app_id == *owner);
}

MethodResult List(Call& call) {
  const std::optional<std::string> owner = OwnerKeyV2(call);
  if (!owner) return TokenNotSpecified();
  Portal& portal = call.portal();
  const Json* filter = FindSet(call.params, "filter");
  const Json* type_name = filter == nullptr ? nullptr : FindSet(*filter, "type");
  std::optional<std::string> type;
  const bool filtered = !IsEmpty(type_name);
  if (filtered) type = TypeFromRestName(ToString(type_name));
  const Json* limit_value = FindSet(call.params, "limit");
  const int64_t limit = limit_value == nullptr ? 50 : ToInt(limit_value);
  const int64_t offset = ToInt(FindSet(call.params, "offset"));

  Json bots = Json::array();
  Json users = Json::array();
  int64_t position = 0;
  for (const auto& [id, bot] : portal.bots) {
    if (bot.app_id != *owner) continue;
    // A type that nobody knows: the source drops the filter, the documentation promises an empty list.
    if (filtered && type && bot.type != *type) continue;
    if (filtered && !type && portal.options().behave_as_documented) continue;
    if (position++ < offset) continue;
    if (limit > 0 && static_cast<int64_t>(bots.size()) >= limit) break;
    bots.push_back(BotV2(portal, bot, /*for_owner=*/true));
    users.push_back(UserV2(portal, id));
  }
  const bool full = static_cast<int64_t>(bots.size()) == limit;
  Json result = Json::object();
  result["bots"] = std::move(bots);
  result["users"] = std::move(users);
  result["hasNextPage"] = full;
  return result;
}

}  // namespace

void RegisterBotV2(Registry* registry) {
  registry->Add("imbot.v2.Bot.register", "imbot", Register);
  registry->Add("imbot.v2.Bot.update", "imbot", Update);
  registry->Add("imbot.v2.Bot.unregister", "imbot", Unregister);
  registry->Add("imbot.v2.Bot.get", "imbot", Get);
  registry->Add("imbot.v2.Bot.list", "imbot", List);
}

}  // namespace simulator
