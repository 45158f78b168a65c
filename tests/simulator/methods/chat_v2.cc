// imbot.v2.Chat.*, imbot.v2.Chat.TextField.* and imbot.v2.Chat.InputAction.*: pages
// api-reference/chat-bots/chat-bots-v2/imbot.v2/chats/ and ui/.
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>

#include "tests/simulator/methods/colors.h"
#include "tests/simulator/methods/members.h"
#include "tests/simulator/methods/methods.h"
#include "tests/simulator/methods/notify.h"
#include "tests/simulator/methods/v1_common.h"
#include "tests/simulator/methods/v2_common.h"
#include "tests/simulator/php/coerce.h"
#include "tests/simulator/rest/registry.h"

namespace simulator {
namespace {

const RestError kAccessDenied{"ACCESS_DENIED", "Access denied"};

// What a field of Chat.add is called in either spelling; Chat.update knows the first one alone.
const Json* Either(const Json& fields, const char* camel, const char* upper) {
  const Json* value = FindSet(fields, camel);
  return value != nullptr ? value : FindSet(fields, upper);
}

std::string Hex(const Json* color) {
  return ColorHex(ColorCode(ToString(color)));
}

// A picture that is none leaves the chat without an avatar, and nobody is told.
std::string Avatar(const Json& given, int64_t chat_id) {
  size_t bytes = 0;
  if (JudgePicture(given, &bytes) != Picture::kGood) return std::string();
  return "/upload/im/chat" + std::to_string(chat_id) + "/avatar.png";
}

// Says something in the chat, as the server does when it makes one.
void Say(Portal& portal, const Chat& chat, int64_t author_id, std::string text) {
  Message message;
  message.chat_id = chat.id;
  message.author_id = author_id;
  message.text = std::move(text);
  NotifyMessageAdded(portal, portal.AddMessage(std::move(message)), /*fire_commands=*/false, "textarea");
}

MethodResult Add(Call& call) {
  const std::variant<Bot*, RestError> owned = OwnBotV2(call);
  if (const RestError* error = std::get_if<RestError>(&owned)) return *error;
  const int64_t bot_id = std::get<Bot*>(owned)->id;
  const std::variant<Json, RestError> argument = FieldsArgument(call);
  if (const RestError* error = std::get_if<RestError>(&argument)) return *error;
  const Json& fields = std::get<Json>(argument);
  Portal& portal = call.portal();

  Chat chat;
  chat.message_type = ToString(Either(fields, "type", "TYPE")) == "open" ? "O" : "C";
  chat.name = ToString(Either(fields, "title", "TITLE"));
  chat.description = ToString(Either(fields, "description", "DESCRIPTION"));
  const std::string hex = Hex(Either(fields, "color", "COLOR"));
  if (!hex.empty()) chat.color = hex;
  chat.entity_type = ToString(Either(fields, "entityType", "ENTITY_TYPE"));
  chat.entity_id = ToString(Either(fields, "entityId", "ENTITY_ID"));
  const Json* owner = Either(fields, "ownerId", "OWNER_ID");
  chat.owner = IsEmpty(owner) ? bot_id : ToInt(owner);
  if (!IsActiveUser(portal, chat.owner)) return kAccessDenied;
  chat.members = {bot_id, chat.owner};
  if (const Json* user_ids = Either(fields, "userIds", "USER_IDS"); user_ids != nullptr && IsArray(*user_ids)) {
    for (const Json& item : *user_ids) {
      if (IsActiveUser(portal, ToInt(&item))) chat.members.insert(ToInt(&item));
    }
  }
  // Nobody named it: it is called by who is in it.
  if (chat.name.empty()) chat.name = "Chat";
  Chat& added = portal.AddChat(std::move(chat));
  if (const Json* avatar = Either(fields, "avatar", "AVATAR"); !IsEmpty(avatar))
    added.avatar = Avatar(*avatar, added.id);
  call.Changed();

  NotifyJoined(portal, added, added.members, bot_id);
  Say(portal, added, 0, "The chat was created");
  const std::string message = Trim(ToString(Either(fields, "message", "MESSAGE")));
  if (!message.empty()) Say(portal, added, added.owner, message);

  Json result = Json::object();
  result["chat"] = ChatV2(portal, added, bot_id, /*is_new=*/true);
  Json& users = result["users"] = Json::array();
  for (const int64_t member : added.members) {
    if (member != bot_id) users.push_back(UserV2(portal, member));
  }
  return result;
}

MethodResult Get(Call& call) {
  const std::variant<Bot*, RestError> owned = OwnBotV2(call);
  if (const RestError* error = std::get_if<RestError>(&owned)) return *error;
  const int64_t bot_id = std::get<Bot*>(owned)->id;
  const std::variant<Chat*, RestError> dialog = MemberDialog(call, bot_id);
  if (const RestError* error = std::get_if<RestError>(&dialog)) return *error;
  return Json{{"chat", ChatV2(call.portal(), *std::get<Chat*>(dialog), bot_id)}};
}

MethodResult Update(Call& call) {
  const std::variant<Bot*, RestError> owned = OwnBotV2(call);
  if (const RestError* error = std::get_if<RestError>(&owned)) return *error;
  const std::variant<Chat*, RestError> dialog = MemberDialog(call, std::get<Bot*>(owned)->id);
  if (const RestError* error = std::get_if<RestError>(&dialog)) return *error;
  Chat& chat = *std::get<Chat*>(dialog);
  if (chat.message_type == "P") return kAccessDenied;
  const std::variant<Json, RestError> argument = FieldsArgument(call);
  if (const RestError* error = std::get_if<RestError>(&argument)) return *error;
  const Json& fields = std::get<Json>(argument);
  if (const Json* title = FindSet(fields, "title")) chat.name = ToString(title);
  if (const Json* description = FindSet(fields, "description")) chat.description = ToString(description);
  if (const Json* color = FindSet(fields, "color")) {
    const std::string hex = Hex(color);
    if (!hex.empty()) chat.color = hex;
  }
  if (const Json* avatar = FindSet(fields, "avatar")) chat.avatar = Avatar(*avatar, chat.id);
  call.Changed();
  return Json{{"result", true}};
}

MethodResult Leave(Call& call) {
  const std::variant<Bot*, RestError> owned = OwnBotV2(call);
  if (const RestError* error = std::get_if<RestError>(&owned)) return *error;
  const int64_t bot_id = std::get<Bot*>(owned)->id;
  const std::variant<Chat*, RestError> dialog = MemberDialog(call, bot_id);
  if (const RestError* error = std::get_if<RestError>(&dialog)) return *error;
  Chat& chat = *std::get<Chat*>(dialog);
  if (chat.message_type == "P") return kAccessDenied;
  RemoveMember(&chat, bot_id);
  call.Changed();
  return Json{{"result", true}};
}

MethodResult SetOwner(Call& call) {
  const std::variant<Bot*, RestError> owned = OwnBotV2(call);
  if (const RestError* error = std::get_if<RestError>(&owned)) return *error;
  const int64_t bot_id = std::get<Bot*>(owned)->id;
  const std::variant<Chat*, RestError> dialog = MemberDialog(call, bot_id);
  if (const RestError* error = std::get_if<RestError>(&dialog)) return *error;
  const std::variant<int64_t, RestError> user = IntArgument(call, "userId");
  if (const RestError* error = std::get_if<RestError>(&user)) return *error;
  Chat& chat = *std::get<Chat*>(dialog);
  const int64_t user_id = std::get<int64_t>(user);
  Portal& portal = call.portal();
  if (chat.message_type == "P" || chat.owner != bot_id || !IsActiveUser(portal, user_id)) return kAccessDenied;
  chat.owner = user_id;
  chat.managers.erase(user_id);
  AddMembers(portal, &chat, {user_id}, bot_id);
  call.Changed();
  return Json{{"result", true}};
}

MethodResult TextFieldEnabled(Call& call) {
  const std::variant<Bot*, RestError> owned = OwnBotV2(call);
  if (const RestError* error = std::get_if<RestError>(&owned)) return *error;
  const std::variant<Chat*, RestError> dialog = MemberDialog(call, std::get<Bot*>(owned)->id);
  if (const RestError* error = std::get_if<RestError>(&dialog)) return *error;
  const Json* enabled = FindSet(call.params, "enabled");
  std::get<Chat*>(dialog)->text_field_enabled = enabled == nullptr || NormalizeBoolean(*enabled);
  call.Changed();
  return Json{{"result", true}};
}

MethodResult InputActionNotify(Call& call) {
  const std::variant<Bot*, RestError> owned = OwnBotV2(call);
  if (const RestError* error = std::get_if<RestError>(&owned)) return *error;
  const int64_t bot_id = std::get<Bot*>(owned)->id;
  const std::variant<Chat*, RestError> dialog = MemberDialog(call, bot_id);
  if (const RestError* error = std::get_if<RestError>(&dialog)) return *error;
  const std::variant<int64_t, RestError> duration = IntArgument(call, "duration", 0);
  if (const RestError* error = std::get_if<RestError>(&duration)) return *error;
  InputAction action;
  action.code = ToString(FindSet(call.params, "statusMessageCode"));
  action.seconds = std::get<int64_t>(duration);
  action.since = call.portal().Now();
  std::get<Chat*>(dialog)->input_actions[bot_id] = std::move(action);
  call.Changed();
  return Json{{"result", true}};
}

}  // namespace

void RegisterChatV2(Registry* registry) {
  registry->Add("imbot.v2.Chat.add", "imbot", Add);
  registry->Add("imbot.v2.Chat.get", "imbot", Get);
  registry->Add("imbot.v2.Chat.update", "imbot", Update);
  registry->Add("imbot.v2.Chat.leave", "imbot", Leave);
  registry->Add("imbot.v2.Chat.setOwner", "imbot", SetOwner);
  registry->Add("imbot.v2.Chat.TextField.enabled", "imbot", TextFieldEnabled);
  registry->Add("imbot.v2.Chat.InputAction.notify", "imbot", InputActionNotify);
}

}  // namespace simulator
