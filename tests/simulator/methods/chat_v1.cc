// imbot.chat.* and imbot.dialog.get: pages api-reference/chat-bots/outdated/chats/.
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "tests/simulator/methods/colors.h"
#include "tests/simulator/methods/dialog_v1.h"
#include "tests/simulator/methods/members.h"
#include "tests/simulator/methods/methods.h"
#include "tests/simulator/methods/notify.h"
#include "tests/simulator/php/coerce.h"
#include "tests/simulator/rest/registry.h"

namespace simulator {
namespace {

const RestError kUnavailable{"ACCESS_ERROR", "Action unavailable", 403};

// The colours' codes alone: RED, LIGHT_BLUE.
std::string ExactColor(const Json* color) {
  return ColorHex(ToString(color));
}

std::string StoredAvatar(int64_t chat_id) {
  return "/upload/im/chat" + std::to_string(chat_id) + "/avatar.png";
}

void Say(Portal& portal, const Chat& chat, int64_t author_id, std::string text) {
  Message message;
  message.chat_id = chat.id;
  message.author_id = author_id;
  message.text = std::move(text);
  NotifyMessageAdded(portal, portal.AddMessage(std::move(message)), /*fire_commands=*/false, "textarea");
}

MethodResult Add(Call& call) {
  const Json params = UpperCaseKeys(call.params);
  const std::optional<Json> users = ReadListV1(FindSet(params, "USERS"));
  if (users) {
    for (const Json& item : *users) {
      if (IsEmpty(&item) || item.is_number_integer() || item.is_string()) continue;
      return RestError{"INVALID_FORMAT", "Parameter USERS has wrong type"};
    }
  }
  const std::variant<Bot*, RestError> bot = ActingBot(call);
  if (const RestError* error = std::get_if<RestError>(&bot)) return *error;
  const int64_t bot_id = std::get<Bot*>(bot)->id;
  Portal& portal = call.portal();
  Chat chat;
  chat.message_type = LooseEquals(FindSet(params, "TYPE"), "OPEN") ? "O" : "C";
  chat.name = ToString(FindSet(params, "TITLE"));
  if (chat.name.empty()) chat.name = "Chat";
  chat.description = ToString(FindSet(params, "DESCRIPTION"));
  if (const std::string hex = ExactColor(FindSet(params, "COLOR")); !hex.empty()) chat.color = hex;
  chat.entity_type = ToString(FindSet(params, "ENTITY_TYPE"));
  chat.entity_id = ToString(FindSet(params, "ENTITY_ID"));
  chat.owner = bot_id;
  chat.members = {bot_id};
  if (users) {
    for (const Json& item : *users) {
      if (IsActiveUser(portal, ToInt(&item))) chat.members.insert(ToInt(&item));
    }
  }
  Chat& added = portal.AddChat(std::move(chat));
  if (const Json* avatar = FindFilled(params, "AVATAR")) {
    size_t bytes = 0;
    if (JudgePicture(*avatar, &bytes) == Picture::kGood) added.avatar = StoredAvatar(added.id);
  }
  call.Changed();
  NotifyJoined(portal, added, added.members, bot_id);
  Say(portal, added, 0, "The chat was created");
  const std::string message = Trim(ToString(FindSet(params, "MESSAGE")));
  if (!message.empty()) Say(portal, added, bot_id, message);
  return Json(added.id);
}

// What the methods that show chats ask: the rights are those of the user behind the credential, not the bot's
// (WIRE_FACTS.md 5.2).
bool MaySee(const Portal& portal, const Chat& chat, int64_t user_id) {
  return chat.message_type == "O" || portal.IsMember(chat, user_id);
}

const Chat* PrivateChat(const Portal& portal, int64_t user_id, int64_t other) {
  for (const auto& [id, chat] : portal.chats) {
    if (chat.message_type == "P" && portal.IsMember(chat, user_id) && portal.IsMember(chat, other)) return &chat;
  }
  return nullptr;
}

// The chat of DIALOG_ID, or why it is not shown.
std::variant<const Chat*, RestError> VisibleDialog(Call& call, const std::string& dialog_id) {
  const RestError no_access{"ACCESS_ERROR", "You do not have access to the specified dialog", 403};
  const RestError no_chat{"ACCESS_ERROR", "You don't have access to this chat"};
  if (!IsDialogId(dialog_id)) return RestError{"DIALOG_ID_EMPTY", "Dialog ID can't be empty"};
  const Portal& portal = call.portal();
  const bool group = dialog_id.substr(0, 4) == "chat";
  const Json number = group ? dialog_id.substr(4) : dialog_id;
  const int64_t id = ToInt(&number);
  if (group) {
    const auto it = portal.chats.find(id);
    if (it == portal.chats.end() || !MaySee(portal, it->second, call.caller.user_id)) return no_access;
    return &it->second;
  }
  if (!IsActiveUser(portal, id)) return no_access;
  // To somebody with whom nobody has spoken there is no chat.
  const Chat* const chat = PrivateChat(portal, call.caller.user_id, id);
  if (chat == nullptr) return no_chat;
  return chat;
}

const char* TypeName(const Chat& chat) {
  if (chat.message_type == "P") return "private";
  return chat.message_type == "O" ? "open" : "chat";
}

Json Restrictions(const Chat& chat) {
  const auto allowed = [&](const char* action) { return chat.restricted.count(action) == 0; };
  Json json = Json::object();
  json["avatar"] = allowed("AVATAR");
  json["rename"] = allowed("RENAME");
  json["extend"] = allowed("EXTEND");
  json["call"] = true;
  json["mute"] = true;
  json["leave"] = allowed("LEAVE");
  json["leave_owner"] = allowed("LEAVE_OWNER");
  json["send"] = true;
  json["user_list"] = true;
  return json;
}

// Page chats/fields.md.
Json DialogJson(const Portal& portal, const Chat& chat, int64_t viewer, const std::string& dialog_id) {
  Json json = Json::object();
  json["id"] = chat.id;
  json["parent_chat_id"] = 0;
  json["parent_message_id"] = 0;
  json["name"] = chat.name;
  json["description"] = chat.description;
  json["owner"] = chat.owner;
  json["extranet"] = false;
  json["avatar"] = chat.avatar;
  json["color"] = chat.color;
  json["type"] = TypeName(chat);
  json["counter"] = 0;
  json["user_counter"] = chat.members.size();
  json["message_count"] = chat.message_count;
  json["unread_id"] = 0;
  json["restrictions"] = Restrictions(chat);
  json["last_message_id"] = chat.last_message_id;
  const auto read = chat.last_read.find(viewer);
  json["last_id"] = read == chat.last_read.end() ? 0 : read->second;
  json["marked_id"] = 0;
  json["disk_folder_id"] = 0;
  json["entity_type"] = chat.entity_type;
  json["entity_id"] = chat.entity_id;
  for (const char* name : {"entity_data_1", "entity_data_2", "entity_data_3"}) json[name] = "";
  json["mute_list"] = Json::array();
  json["date_create"] = IsoDate(chat.created);
  json["message_type"] = chat.message_type;
  json["public"] = "";
  json["role"] = chat.owner == viewer ? "owner" : chat.managers.count(viewer) > 0 ? "manager" : "member";
  json["entity_link"] = Json{{"type", chat.entity_type}, {"url", ""}, {"id", chat.entity_id}};
  json["text_field_enabled"] = chat.text_field_enabled;
  json["background_id"] = nullptr;
  json["permissions"] =
      Json{{"manage_users_add", "member"}, {"manage_users_delete", "manager"}, {"manage_ui", "member"},
           {"manage_settings", "owner"},   {"manage_messages", "member"},      {"can_post", "member"}};
  json["is_new"] = false;
  Json& readers = json["readed_list"] = Json::array();
  for (const auto& [user_id, message_id] : chat.last_read) {
    const User* const user = portal.FindUser(user_id);
    if (user_id == viewer || user == nullptr) continue;
    readers.push_back(Json{{"user_id", user_id},
                           {"user_name", Trim(user->first_name + " " + user->last_name)},
                           {"message_id", message_id},
                           {"date", nullptr}});
  }
  json["manager_list"] = chat.managers;
  json["last_message_views"] =
      Json{{"message_id", chat.last_message_id}, {"first_viewers", Json::array()}, {"count_of_viewers", 0}};
  json["dialog_id"] = dialog_id;
  return json;
}

MethodResult Dialog(Call& call, const std::string& dialog_id) {
  const std::variant<const Chat*, RestError> found = VisibleDialog(call, dialog_id);
  if (const RestError* error = std::get_if<RestError>(&found)) return *error;
  return DialogJson(call.portal(), *std::get<const Chat*>(found), call.caller.user_id, dialog_id);
}

MethodResult DialogGet(Call& call) {
  const Json params = UpperCaseKeys(call.params);
  return Dialog(call, ToString(FindSet(params, "DIALOG_ID")));
}

MethodResult Get(Call& call) {
  const Json params = UpperCaseKeys(call.params);
  if (const Json* dialog_id = FindSet(params, "DIALOG_ID")) return Dialog(call, ToString(dialog_id));
  const Json* type = FindFilled(params, "ENTITY_TYPE");
  const Json* id = FindFilled(params, "ENTITY_ID");
  if (type == nullptr || id == nullptr) return Json(nullptr);
  for (const auto& [chat_id, chat] : call.portal().chats) {
    if (chat.entity_type == ToString(type) && chat.entity_id == ToString(id)) return Json{{"ID", chat_id}};
  }
  return Json(nullptr);
}

MethodResult SendTyping(Call& call) {
  const std::variant<Bot*, RestError> bot = ActingBot(call);
  if (const RestError* error = std::get_if<RestError>(&bot)) return *error;
  const int64_t bot_id = std::get<Bot*>(bot)->id;
  const Json params = UpperCaseKeys(call.params);
  const std::string dialog_id = ToString(FindSet(params, "DIALOG_ID"));
  if (!IsDialogId(dialog_id)) return RestError{"DIALOG_ID_EMPTY", "Dialog ID can't be empty"};
  // Accepted, whether anybody sees it or not.
  Chat* const chat = call.portal().FindDialog(dialog_id, bot_id);
  if (chat != nullptr && call.portal().IsMember(*chat, bot_id)) {
    chat->input_actions[bot_id] = InputAction{"", 0, call.portal().Now()};
    call.Changed();
  }
  return Json(true);
}

// The group that the call is about; null if there is none of that number.
struct Target {
  Chat* chat = nullptr;
  int64_t bot_id = 0;
};

std::variant<Target, RestError> ReadTarget(Call& call, const Json& params) {
  const std::variant<int64_t, RestError> id = ChatIdV1(params);
  if (const RestError* error = std::get_if<RestError>(&id)) return *error;
  const std::variant<Bot*, RestError> bot = ActingBot(call);
  if (const RestError* error = std::get_if<RestError>(&bot)) return *error;
  Target target;
  target.bot_id = std::get<Bot*>(bot)->id;
  const auto it = call.portal().chats.find(std::get<int64_t>(id));
  if (it != call.portal().chats.end() && it->second.message_type != "P") target.chat = &it->second;
  if (target.chat != nullptr && target.chat->general) return kUnavailable;
  return target;
}

MethodResult UpdateTitle(Call& call) {
  const Json params = UpperCaseKeys(call.params);
  const std::variant<int64_t, RestError> id = ChatIdV1(params);
  if (const RestError* error = std::get_if<RestError>(&id)) return *error;
  const std::string title = Trim(ToString(FindSet(params, "TITLE")));
  if (title.empty() || title == "0") return RestError{"TITLE_EMPTY", "Title can't be empty"};
  const std::variant<Target, RestError> read = ReadTarget(call, params);
  if (const RestError* error = std::get_if<RestError>(&read)) return *error;
  Chat* const chat = std::get<Target>(read).chat;
  if (chat != nullptr && chat->restricted.count("RENAME") > 0)
    return RestError{"ACCESS_ERROR", "This chat cannot be renamed", 403};
  // Whether it was renamed is not told.
  if (chat != nullptr && chat->name != title) {
    chat->name = title;
    call.Changed();
  }
  return Json(true);
}

MethodResult UpdateColor(Call& call) {
  const Json params = UpperCaseKeys(call.params);
  const std::variant<Target, RestError> read = ReadTarget(call, params);
  if (const RestError* error = std::get_if<RestError>(&read)) return *error;
  const std::string hex = ExactColor(FindSet(params, "COLOR"));
  if (hex.empty()) return RestError{"WRONG_COLOR", "This color currently unavailable"};
  Chat* const chat = std::get<Target>(read).chat;
  if (chat == nullptr || chat->color == hex)
    return RestError{"WRONG_REQUEST", "This color currently set or chat doesn't exist"};
  chat->color = hex;
  call.Changed();
  return Json(true);
}

MethodResult UpdateAvatar(Call& call) {
  const Json params = UpperCaseKeys(call.params);
  const std::variant<Target, RestError> read = ReadTarget(call, params);
  if (const RestError* error = std::get_if<RestError>(&read)) return *error;
  const Target& target = std::get<Target>(read);
  if (target.chat != nullptr && target.chat->restricted.count("AVATAR") > 0)
    return RestError{"ACCESS_ERROR", "The avatar of this chat cannot be changed", 403};
  const Json* given = FindFilled(params, "AVATAR");
  size_t bytes = 0;
  const Picture picture = given == nullptr ? Picture::kNoImage : JudgePicture(*given, &bytes);
  if (picture == Picture::kNoImage) return RestError{"AVATAR_ERROR", "Avatar incorrect type"};
  if (picture == Picture::kTooLarge) return RestError{"AVATAR_ERROR", "Avatar incorrect size (max 5000x5000)"};
  if (target.chat == nullptr) return RestError{"WRONG_REQUEST", "Chat doesn't exist"};
  if (!call.portal().IsMember(*target.chat, target.bot_id)) return RestError{"ACCESS_DENIED", "Access denied", 403};
  target.chat->avatar = StoredAvatar(target.chat->id);
  call.Changed();
  return Json(true);
}

}  // namespace

void RegisterChatV1(Registry* registry) {
  registry->Add("imbot.chat.add", "imbot", Add);
  registry->Add("imbot.chat.get", "imbot", Get);
  registry->Add("imbot.dialog.get", "imbot", DialogGet);
  registry->Add("imbot.chat.sendTyping", "imbot", SendTyping);
  registry->Add("imbot.chat.updateTitle", "imbot", UpdateTitle);
  registry->Add("imbot.chat.updateColor", "imbot", UpdateColor);
  registry->Add("imbot.chat.updateAvatar", "imbot", UpdateAvatar);
}

}  // namespace simulator
