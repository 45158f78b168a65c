// imbot.chat.user.*, leave, setOwner, setManager: pages api-reference/chat-bots/outdated/chats/.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "tests/simulator/methods/dialog_v1.h"
#include "tests/simulator/methods/members.h"
#include "tests/simulator/methods/methods.h"
#include "tests/simulator/php/coerce.h"
#include "tests/simulator/rest/registry.h"

namespace simulator {
namespace {

const RestError kUnavailable{"ACCESS_ERROR", "Action unavailable", 403};
const RestError kNoUser{"USER_ID_EMPTY", "User ID can't be empty"};

Chat* FindChat(Portal& portal, int64_t id) {
  const auto it = portal.chats.find(id);
  return it == portal.chats.end() || it->second.message_type == "P" ? nullptr : &it->second;
}

bool IsGeneral(Portal& portal, int64_t id) {
  const Chat* const chat = FindChat(portal, id);
  return chat != nullptr && chat->general;
}

bool IsRestricted(Portal& portal, int64_t id, const char* action) {
  const Chat* const chat = FindChat(portal, id);
  return chat != nullptr && chat->restricted.count(action) > 0;
}

MethodResult UserAdd(Call& call) {
  const Json params = UpperCaseKeys(call.params);
  const std::variant<int64_t, RestError> id = ChatIdV1(params);
  if (const RestError* error = std::get_if<RestError>(&id)) return *error;
  Portal& portal = call.portal();
  const int64_t chat_id = std::get<int64_t>(id);
  if (IsGeneral(portal, chat_id)) return kUnavailable;
  if (IsRestricted(portal, chat_id, "EXTEND"))
    return RestError{"ACCESS_ERROR", "It is forbidden to add users to this chat", 403};
  const std::variant<Bot*, RestError> bot = ActingBot(call);
  if (const RestError* error = std::get_if<RestError>(&bot)) return *error;
  const int64_t bot_id = std::get<Bot*>(bot)->id;
  const std::optional<Json> users = ReadListV1(FindSet(params, "USERS"));
  if (!users) return RestError{"WRONG_REQUEST", "User IDs must be passed in array format"};

  Chat* const chat = FindChat(portal, chat_id);
  std::vector<int64_t> fresh;
  for (const Json& item : *users) {
    const int64_t user_id = ToInt(&item);
    if (chat != nullptr && IsActiveUser(portal, user_id) && !portal.IsMember(*chat, user_id)) fresh.push_back(user_id);
  }
  if (chat == nullptr || !portal.IsMember(*chat, bot_id) || fresh.empty())
    return RestError{"WRONG_REQUEST", "You don't have access or user already member in chat"};
  AddMembers(portal, chat, fresh, bot_id);
  call.Changed();
  return Json(true);
}

// A manager puts out members, the owner everybody, and everybody himself.
bool MayRemove(const Chat& chat, int64_t by, int64_t user_id) {
  if (by == user_id) return true;
  if (user_id == chat.owner) return false;
  return chat.owner == by || (chat.managers.count(by) > 0 && chat.managers.count(user_id) == 0);
}

// `leave`: the bot itself goes.
MethodResult Remove(Call& call, bool leave) {
  const Json params = UpperCaseKeys(call.params);
  const std::variant<int64_t, RestError> id = ChatIdV1(params);
  if (const RestError* error = std::get_if<RestError>(&id)) return *error;
  Portal& portal = call.portal();
  const int64_t chat_id = std::get<int64_t>(id);
  if (IsGeneral(portal, chat_id)) return kUnavailable;
  if (IsRestricted(portal, chat_id, "LEAVE"))
    return RestError{"ACCESS_ERROR", "It is forbidden to delete users of this chat", 403};
  const std::variant<Bot*, RestError> bot = ActingBot(call);
  if (const RestError* error = std::get_if<RestError>(&bot)) return *error;
  const int64_t bot_id = std::get<Bot*>(bot)->id;
  const int64_t user_id = leave ? bot_id : ToInt(FindSet(params, "USER_ID"));
  if (user_id <= 0) return kNoUser;

  Chat* const chat = FindChat(portal, chat_id);
  if (chat != nullptr && user_id == chat->owner && user_id == bot_id && chat->restricted.count("LEAVE_OWNER") > 0)
    return RestError{"ACCESS_ERROR", "LEAVE_OWNER_FORBIDDEN", 403};
  const bool may = chat != nullptr && portal.IsMember(*chat, bot_id) && portal.IsMember(*chat, user_id) &&
                   MayRemove(*chat, bot_id, user_id);
  if (!may) {
    return RestError{"WRONG_REQUEST", leave ? "You don't have access or user isn't a member in chat"
                                            : "You don't have access or user isn't a member of the chat"};
  }
  RemoveMember(chat, user_id);
  call.Changed();
  return Json(true);
}

MethodResult UserDelete(Call& call) {
  return Remove(call, /*leave=*/false);
}

MethodResult Leave(Call& call) {
  return Remove(call, /*leave=*/true);
}

MethodResult UserList(Call& call) {
  const Json params = UpperCaseKeys(call.params);
  const std::variant<int64_t, RestError> id = ChatIdV1(params);
  if (const RestError* error = std::get_if<RestError>(&id)) return *error;
  Portal& portal = call.portal();
  if (IsGeneral(portal, std::get<int64_t>(id))) return kUnavailable;
  const std::variant<Bot*, RestError> bot = ActingBot(call);
  if (const RestError* error = std::get_if<RestError>(&bot)) return *error;
  const Chat* const chat = FindChat(portal, std::get<int64_t>(id));
  Json members = Json::array();
  // Who is not in the chat gets an empty list.
  if (chat == nullptr || !portal.IsMember(*chat, std::get<Bot*>(bot)->id)) return members;
  for (const int64_t member : chat->members) {
    if (IsActiveUser(portal, member)) members.push_back(member);
  }
  return members;
}

// The chat and the user whose place in it the bot, its owner, changes.
struct Place {
  Chat* chat = nullptr;
  int64_t user_id = 0;
};

std::variant<Place, RestError> ReadPlace(Call& call, const Json& params, bool general_too, const char* refusal) {
  const std::variant<int64_t, RestError> id = ChatIdV1(params);
  if (const RestError* error = std::get_if<RestError>(&id)) return *error;
  Place place;
  place.user_id = ToInt(FindSet(params, "USER_ID"));
  if (place.user_id <= 0) return kNoUser;
  const std::variant<Bot*, RestError> bot = ActingBot(call);
  if (const RestError* error = std::get_if<RestError>(&bot)) return *error;
  Portal& portal = call.portal();
  if (!general_too && IsGeneral(portal, std::get<int64_t>(id))) return kUnavailable;
  place.chat = FindChat(portal, std::get<int64_t>(id));
  const bool may = place.chat != nullptr && place.chat->owner == std::get<Bot*>(bot)->id &&
                   portal.IsMember(*place.chat, place.user_id);
  if (!may) return RestError{"WRONG_REQUEST", refusal};
  return place;
}

MethodResult SetOwner(Call& call) {
  const Json params = UpperCaseKeys(call.params);
  const std::variant<Place, RestError> read =
      ReadPlace(call, params, /*general_too=*/false, "Change owner can only owner and user must be member in chat");
  if (const RestError* error = std::get_if<RestError>(&read)) return *error;
  const Place& place = std::get<Place>(read);
  place.chat->owner = place.user_id;
  place.chat->managers.erase(place.user_id);
  call.Changed();
  return Json(true);
}

MethodResult SetManager(Call& call) {
  const Json params = UpperCaseKeys(call.params);
  const std::variant<Place, RestError> read =
      ReadPlace(call, params, /*general_too=*/true, "Change manager can only owner and user must be member in chat");
  if (const RestError* error = std::get_if<RestError>(&read)) return *error;
  const Place& place = std::get<Place>(read);
  // Anything that equals "N" takes the rights away: so does a JSON true (WIRE_FACTS.md 1.3).
  const Json* given = FindSet(params, "IS_MANAGER");
  if (given != nullptr && LooseEquals(given, "N")) {
    place.chat->managers.erase(place.user_id);
  } else if (place.user_id != place.chat->owner) {
    place.chat->managers.insert(place.user_id);
  }
  call.Changed();
  return Json(true);
}

}  // namespace

void RegisterChatUserV1(Registry* registry) {
  registry->Add("imbot.chat.user.add", "imbot", UserAdd);
  registry->Add("imbot.chat.user.delete", "imbot", UserDelete);
  registry->Add("imbot.chat.user.list", "imbot", UserList);
  registry->Add("imbot.chat.leave", "imbot", Leave);
  registry->Add("imbot.chat.setOwner", "imbot", SetOwner);
  registry->Add("imbot.chat.setManager", "imbot", SetManager);
}

}  // namespace simulator
