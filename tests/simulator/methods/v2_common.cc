#include "tests/simulator/methods/v2_common.h"

#include <algorithm>
#include <utility>

#include "tests/simulator/php/coerce.h"

namespace simulator {
namespace {

constexpr char kCustom[] = "custom";

// isset and not empty text, in any of the spellings.
const Json* AnyOf(const Json& params, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const Json* value = FindSet(params, name);
    if (value != nullptr && !ToString(value).empty()) return value;
  }
  return nullptr;
}

std::string UpperSnake(std::string_view camel) {
  std::string out;
  for (size_t i = 0; i < camel.size(); ++i) {
    if (i > 0 && camel[i] >= 'A' && camel[i] <= 'Z') out += '_';
    out += camel[i];
  }
  return AsciiUpper(out);
}

std::string_view RestTypeName(const std::string& type) {
  if (type == "N") return "network";
  if (type == "O") return "openline";
  if (type == "S") return "supervisor";
  if (type == "P") return "personal";
  return "bot";
}

}  // namespace

std::optional<std::string> OwnerKeyV2(const Call& call) {
  if (!call.caller.client_id.empty()) return call.caller.client_id;
  const Json* token = AnyOf(call.params, {"botToken", "BOT_TOKEN"});
  if (token == nullptr) token = AnyOf(call.params, {"clientId", "CLIENT_ID"});
  if (token == nullptr) return std::nullopt;
  return kCustom + ToString(token);
}

RestError TokenNotSpecified() {
  return RestError{"BOT_TOKEN_NOT_SPECIFIED", "Bot token not specified (botToken is required for webhook auth)"};
}

std::variant<Bot*, RestError> OwnBotV2(Call& call) {
  const std::optional<std::string> owner = OwnerKeyV2(call);
  if (!owner) return TokenNotSpecified();
  const int64_t id = ToInt(AnyOf(call.params, {"botId", "BOT_ID"}));
  if (id <= 0) return RestError{"BOT_ID_REQUIRED", "botId is required"};
  Bot* const bot = call.portal().FindBot(id);
  if (bot == nullptr) return RestError{"BOT_NOT_FOUND", "Bot not found"};
  if (bot->app_id != *owner) return RestError{"BOT_OWNERSHIP_ERROR", "Bot was installed by another rest application"};
  return bot;
}

std::variant<Chat*, RestError> DialogArgument(Call& call, int64_t bot_id) {
  const Json* dialog_id = FindSet(call.params, "dialogId");
  if (dialog_id == nullptr || !dialog_id->is_string()) {
    return RestError{"100", "Could not find value for parameter {dialogId}"};
  }
  return call.portal().FindDialog(dialog_id->get_ref<const std::string&>(), bot_id);
}

std::variant<Chat*, RestError> MemberDialog(Call& call, int64_t bot_id) {
  std::variant<Chat*, RestError> dialog = DialogArgument(call, bot_id);
  if (std::holds_alternative<RestError>(dialog)) return dialog;
  Chat* const chat = std::get<Chat*>(dialog);
  if (chat == nullptr || !call.portal().IsMember(*chat, bot_id)) return RestError{"ACCESS_DENIED", "Access denied"};
  return chat;
}

std::variant<Message*, RestError> MessageArgument(Call& call, int64_t bot_id) {
  const std::variant<int64_t, RestError> id = IntArgument(call, "messageId");
  if (const RestError* error = std::get_if<RestError>(&id)) return *error;
  Portal& portal = call.portal();
  Message* const message = portal.FindMessage(std::get<int64_t>(id));
  if (message == nullptr) return RestError{"MESSAGE_NOT_FOUND", "Message not found"};
  const auto chat = portal.chats.find(message->chat_id);
  if (chat == portal.chats.end() || !portal.IsMember(chat->second, bot_id))
    return RestError{"MESSAGE_ACCESS_DENIED", "Access denied"};
  return message;
}

std::variant<int64_t, RestError> IntArgument(const Call& call, const char* name, int64_t otherwise) {
  if (FindSet(call.params, name) == nullptr) return otherwise;
  return IntArgument(call, name);
}

bool BoolArgument(const Call& call, const char* name) {
  return !IsEmpty(FindSet(call.params, name));
}

std::variant<std::vector<int64_t>, RestError> IntListArgument(const Call& call, const char* name) {
  std::vector<int64_t> ids;
  const Json* value = FindSet(call.params, name);
  if (value == nullptr) return ids;
  if (!IsArray(*value)) {
    return RestError{"100", "Invalid value {" + ToString(value) + "} to match with parameter {" + name +
                                "}. Should be value of type array."};
  }
  for (const Json& item : *value) ids.push_back(ToInt(&item));
  return ids;
}

std::variant<int64_t, RestError> IntArgument(const Call& call, const char* name) {
  const Json* value = FindSet(call.params, name);
  if (value == nullptr) return RestError{"100", std::string("Could not find value for parameter {") + name + "}"};
  if (!IsIntLike(*value)) {
    return RestError{"100", "Invalid value {" + ToString(value) + "} to match with parameter {" + name +
                                "}. Should be value of type int."};
  }
  return ToInt(value);
}

std::variant<Json, RestError> FieldsArgument(const Call& call) {
  const Json* fields = FindSet(call.params, "fields");
  if (fields == nullptr) return Json(Json::object());
  if (!IsArray(*fields)) {
    return RestError{"100", "Invalid value {" + ToString(fields) +
                                "} to match with parameter {fields}. Should be value of type array."};
  }
  if (!fields->is_object()) return Json(Json::object());  // a list has none of the names
  return *fields;
}

bool NormalizeBoolean(const Json& value) {
  if (value.is_boolean()) return value.get<bool>();
  const std::string text = AsciiUpper(ToString(&value));
  return text == "Y" || text == "1" || text == "TRUE";
}

Json PrepareFields(const Json& fields, const std::vector<std::string_view>& allowed) {
  Json prepared = MapFor(fields.size());
  for (auto it = fields.begin(); it != fields.end(); ++it) {
    const std::string name = UpperSnake(it.key());
    if (std::find(allowed.begin(), allowed.end(), name) != allowed.end()) prepared[name] = it.value();
  }
  return prepared;
}

Json BotV2(const Portal& portal, const Bot& bot, bool for_owner) {
  Json json = Json::object();
  json["id"] = bot.id;
  json["code"] = bot.code;
  json["type"] = std::string(RestTypeName(bot.type));
  json["isHidden"] = bot.hidden;
  json["isSupportOpenline"] = bot.openline;
  json["isReactionsEnabled"] = bot.reactions;
  json["backgroundId"] = bot.background ? Json(*bot.background) : Json(nullptr);
  json["language"] = "en";
  if (!for_owner) return json;
  json["moduleId"] = "rest";
  // Removed in revision 35, because it is the bot's secret.
  if (portal.options().revision < 35) json["appId"] = bot.app_id;
  json["eventMode"] = AsciiLower(bot.event_mode);
  const auto is_of_bot = [&](const auto& entry) { return entry.second.bot_id == bot.id; };
  int64_t chats = 0;
  std::set<int64_t> partners;
  for (const auto& [id, chat] : portal.chats) {
    if (!portal.IsMember(chat, bot.id)) continue;
    // The fixture's open chats were not entered by anybody.
    if (chat.of_fixture && chat.last_message_id == 0) continue;
    ++chats;
    partners.insert(chat.members.begin(), chat.members.end());
  }
  partners.erase(bot.id);
  json["countMessage"] = bot.count_message;
  json["countCommand"] = std::count_if(portal.commands.begin(), portal.commands.end(), is_of_bot);
  json["countChat"] = chats;
  json["countUser"] = static_cast<int64_t>(partners.size());
  return json;
}

Json UserV2(const Portal& portal, int64_t user_id) {
  const User* user = portal.FindUser(user_id);
  static const User kNobody;
  if (user == nullptr) user = &kNobody;
  const std::string name = Trim(user->first_name + " " + user->last_name);
  Json json = Json::object();
  json["id"] = user->id;
  json["active"] = user->active;
  json["name"] = name;
  json["firstName"] = user->first_name;
  json["lastName"] = user->last_name;
  json["workPosition"] = user->work_position;
  json["color"] = user->color;
  json["avatar"] = user->avatar;
  json["gender"] = user->gender.empty() ? "M" : user->gender;
  json["birthday"] = user->birthday;
  json["extranet"] = false;
  json["bot"] = user->bot;
  json["connector"] = false;
  json["externalAuthId"] = user->external_auth_id;
  json["status"] = "online";
  json["idle"] = false;
  json["lastActivityDate"] = user->id == 0 ? Json(false) : Json(IsoDate(user->last_activity));
  json["mobileLastDate"] = false;
  json["desktopLastDate"] = false;
  json["absent"] = false;
  json["departments"] = Json::array({1});
  json["phones"] = false;
  json["type"] = user->bot ? "bot" : "employee";
  json["website"] = user->website;
  json["email"] = user->email;
  return json;
}

Json UserInEvent(const Portal& portal, int64_t user_id) {
  Json json = UserV2(portal, user_id);
  for (const char* name : {"idle", "lastActivityDate", "mobileLastDate", "desktopLastDate"}) json[name] = false;
  return json;
}

namespace {

std::string_view ChatType(const Chat& chat) {
  if (chat.message_type == "O") return "open";
  return chat.message_type == "P" ? "private" : "chat";
}

// What is the same in replies and in events, in the order of the documentation.
Json CommonChat(const Portal& portal, const Chat& chat, int64_t viewer) {
  Json json = Json::object();
  json["id"] = chat.id;
  json["dialogId"] = portal.DialogId(chat, viewer);
  json["name"] = chat.name;
  json["description"] = chat.description;
  json["type"] = std::string(ChatType(chat));
  json["messageType"] = chat.message_type;
  json["owner"] = chat.owner;
  json["color"] = chat.color;
  json["avatar"] = chat.avatar;
  json["extranet"] = false;
  json["containsCollaber"] = false;
  json["entityType"] = chat.entity_type;
  json["entityId"] = chat.entity_id;
  for (const char* name : {"entityData1", "entityData2", "entityData3"}) json[name] = "";
  json["entityLink"] = Json::object();
  // The folder is known by the chat's number.
  json["diskFolderId"] = portal.disk.folders ? chat.id : 0;
  json["permissions"] = Json::object();
  if (portal.options().behave_as_documented) {
    json["textFieldEnabled"] = chat.text_field_enabled ? "Y" : "N";
  } else {
    json["textFieldEnabled"] = chat.text_field_enabled;
  }
  json["backgroundId"] = nullptr;
  return json;
}

std::string_view Role(const Portal& portal, const Chat& chat, int64_t viewer) {
  if (!portal.IsMember(chat, viewer)) return "none";
  if (chat.owner == viewer) return "owner";
  return chat.managers.count(viewer) > 0 ? "manager" : "member";
}

}  // namespace

Json ChatV2(const Portal& portal, const Chat& chat, int64_t viewer, bool is_new) {
  Json json = CommonChat(portal, chat, viewer);
  json["role"] = std::string(Role(portal, chat, viewer));
  json["muteList"] = Json::array();
  json["parentChatId"] = nullptr;
  json["parentMessageId"] = nullptr;
  json["isNew"] = is_new;
  json["dateCreate"] = IsoDate(chat.created);
  json["lastMessageId"] = chat.last_message_id == 0 ? Json(nullptr) : Json(chat.last_message_id);
  json["lastMessageViews"] = "{}";
  const auto read = chat.last_read.find(viewer);
  json["lastId"] = read == chat.last_read.end() ? Json(nullptr) : Json(read->second);
  json["managerList"] = chat.managers;
  json["markedId"] = nullptr;
  json["messageCount"] = chat.message_count;
  json["public"] = "";
  json["unreadId"] = nullptr;
  json["userCounter"] = chat.members.size();
  return json;
}

Json ChatInEvent(const Portal& portal, const Chat& chat, int64_t viewer) {
  Json json = CommonChat(portal, chat, viewer);
  json["parentChatId"] = 0;
  json["parentMessageId"] = 0;
  json["isNew"] = false;
  return json;
}

Json BotWithUser(const Portal& portal, const Bot& bot, bool for_owner) {
  Json json = Json::object();
  json["bot"] = BotV2(portal, bot, for_owner);
  json["users"] = Json::array({UserV2(portal, bot.id)});
  return json;
}

Json MessageV2(const Portal& portal, const Message& message, bool only_common) {
  Json json = Json::object();
  json["id"] = message.id;
  // Both spellings, as the published source writes them.
  json["chatId"] = message.chat_id;
  json["chat_id"] = message.chat_id;
  json["authorId"] = message.author_id;
  json["author_id"] = message.author_id;
  json["date"] = IsoDate(message.date);
  json["text"] = message.deleted ? std::string("This message was deleted") : message.text;
  json["isSystem"] = message.author_id == 0;
  json["uuid"] = message.uuid.empty() ? Json(nullptr) : Json(message.uuid);
  const Json* forward = Find(message.given, "forward");
  json["forward"] = forward == nullptr ? Json(nullptr) : *forward;
  json["params"] = message.params;
  const auto chat = portal.chats.find(message.chat_id);
  json["viewedByOthers"] =
      chat != portal.chats.end() &&
      std::any_of(chat->second.last_read.begin(), chat->second.last_read.end(),
                  [&](const auto& read) { return read.first != message.author_id && read.second >= message.id; });
  if (portal.options().behave_as_documented) {
    json.erase("chat_id");
    json.erase("author_id");
    if (message.uuid.empty()) json["uuid"] = "";
  }
  if (!only_common) {
    json["unread"] = false;
    json["viewed"] = true;
  }
  return json;
}

}  // namespace simulator
