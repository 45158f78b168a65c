// imbot.v2.Chat.User.* and imbot.v2.Chat.Manager.*: pages
// api-reference/chat-bots/chat-bots-v2/imbot.v2/chats/chat-user-*.md and chat-manager-*.md.
#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tests/simulator/methods/members.h"
#include "tests/simulator/methods/methods.h"
#include "tests/simulator/methods/v2_common.h"
#include "tests/simulator/php/coerce.h"
#include "tests/simulator/rest/registry.h"

namespace simulator {
namespace {

constexpr int64_t kDefaultLimit = 50;
constexpr int64_t kMaxLimit = 200;

const RestError kAccessDenied{"ACCESS_DENIED", "Access denied"};

bool Manages(const Chat& chat, int64_t user_id) {
  return chat.owner == user_id || chat.managers.count(user_id) > 0;
}

std::map<int64_t, int64_t> LastSent(const Portal& portal, const Chat& chat) {
  std::map<int64_t, int64_t> last;
  for (const auto& [id, message] : portal.messages) {
    if (message.chat_id == chat.id) last[message.author_id] = id;
  }
  return last;
}

// The first of the known names decides; a member's number in the chat grows with the user's.
void Sort(const Portal& portal, const Chat& chat, const Json* order, std::vector<int64_t>* members) {
  if (order == nullptr) return;
  const Json* direction = FindSet(*order, "id");
  if (direction == nullptr) {
    if (const Json* by_message = FindSet(*order, "lastSendMessageId")) {
      std::map<int64_t, int64_t> last = LastSent(portal, chat);
      std::stable_sort(members->begin(), members->end(), [&](int64_t a, int64_t b) { return last[a] < last[b]; });
      direction = by_message;
    }
  }
  if (direction == nullptr) direction = FindSet(*order, "userId");
  if (AsciiUpper(ToString(direction)) == "DESC") std::reverse(members->begin(), members->end());
}

MethodResult List(Call& call) {
  const std::variant<Bot*, RestError> owned = OwnBotV2(call);
  if (const RestError* error = std::get_if<RestError>(&owned)) return *error;
  const std::variant<Chat*, RestError> dialog = MemberDialog(call, std::get<Bot*>(owned)->id);
  if (const RestError* error = std::get_if<RestError>(&dialog)) return *error;
  const std::variant<int64_t, RestError> limit = IntArgument(call, "limit", kDefaultLimit);
  if (const RestError* error = std::get_if<RestError>(&limit)) return *error;
  const Portal& portal = call.portal();
  const Chat& chat = *std::get<Chat*>(dialog);
  std::vector<int64_t> members;
  for (const int64_t member : chat.members) {
    if (IsActiveUser(portal, member)) members.push_back(member);
  }
  Sort(portal, chat, FindSet(call.params, "order"), &members);
  // Out of range: the default below, the greatest above.
  const int64_t asked = std::get<int64_t>(limit);
  const int64_t at_most = asked <= 0 ? kDefaultLimit : std::min(asked, kMaxLimit);
  if (static_cast<int64_t>(members.size()) > at_most) members.resize(static_cast<size_t>(at_most));
  Json users = Json::array();
  for (const int64_t member : members) users.push_back(UserV2(portal, member));
  return users;
}

MethodResult Add(Call& call) {
  const std::variant<Bot*, RestError> owned = OwnBotV2(call);
  if (const RestError* error = std::get_if<RestError>(&owned)) return *error;
  const int64_t bot_id = std::get<Bot*>(owned)->id;
  const std::variant<Chat*, RestError> dialog = MemberDialog(call, bot_id);
  if (const RestError* error = std::get_if<RestError>(&dialog)) return *error;
  const std::variant<std::vector<int64_t>, RestError> user_ids = IntListArgument(call, "userIds");
  if (const RestError* error = std::get_if<RestError>(&user_ids)) return *error;
  Chat& chat = *std::get<Chat*>(dialog);
  Portal& portal = call.portal();
  // Whoever is in a group may extend it, by the rights of a new chat; the page wants an administrator.
  const bool may = chat.message_type != "P" && (!portal.options().behave_as_documented || Manages(chat, bot_id));
  if (!may) return kAccessDenied;
  AddMembers(portal, &chat, std::get<std::vector<int64_t>>(user_ids), bot_id);
  call.Changed();
  return Json{{"result", true}};
}

MethodResult Delete(Call& call) {
  const std::variant<Bot*, RestError> owned = OwnBotV2(call);
  if (const RestError* error = std::get_if<RestError>(&owned)) return *error;
  const int64_t bot_id = std::get<Bot*>(owned)->id;
  const std::variant<Chat*, RestError> dialog = MemberDialog(call, bot_id);
  if (const RestError* error = std::get_if<RestError>(&dialog)) return *error;
  const std::variant<int64_t, RestError> user = IntArgument(call, "userId");
  if (const RestError* error = std::get_if<RestError>(&user)) return *error;
  Chat& chat = *std::get<Chat*>(dialog);
  const int64_t user_id = std::get<int64_t>(user);
  // A manager puts out members, the owner everybody, and nobody the owner.
  const bool may = chat.message_type != "P" && Manages(chat, bot_id) && user_id != chat.owner &&
                   (chat.owner == bot_id || chat.managers.count(user_id) == 0);
  if (!may) return kAccessDenied;
  if (call.portal().IsMember(chat, user_id)) {
    RemoveMember(&chat, user_id);
    call.Changed();
  }
  return Json{{"result", true}};
}

MethodResult ChangeManagers(Call& call, bool add) {
  const std::variant<Bot*, RestError> owned = OwnBotV2(call);
  if (const RestError* error = std::get_if<RestError>(&owned)) return *error;
  const int64_t bot_id = std::get<Bot*>(owned)->id;
  const std::variant<Chat*, RestError> dialog = MemberDialog(call, bot_id);
  if (const RestError* error = std::get_if<RestError>(&dialog)) return *error;
  const std::variant<std::vector<int64_t>, RestError> user_ids = IntListArgument(call, "userIds");
  if (const RestError* error = std::get_if<RestError>(&user_ids)) return *error;
  Chat& chat = *std::get<Chat*>(dialog);
  if (chat.message_type == "P" || chat.owner != bot_id) return kAccessDenied;
  const auto& ids = std::get<std::vector<int64_t>>(user_ids);
  if (ids.empty()) return RestError{"EMPTY_USER_IDS", "Empty user IDs"};
  for (const int64_t id : ids) {
    if (!add) chat.managers.erase(id);
    if (add && id != chat.owner && call.portal().IsMember(chat, id)) chat.managers.insert(id);
  }
  call.Changed();
  return Json{{"result", true}};
}

MethodResult AddManagers(Call& call) {
  return ChangeManagers(call, /*add=*/true);
}

MethodResult DeleteManagers(Call& call) {
  return ChangeManagers(call, /*add=*/false);
}

}  // namespace

void RegisterChatUserV2(Registry* registry) {
  registry->Add("imbot.v2.Chat.User.list", "imbot", List);
  registry->Add("imbot.v2.Chat.User.add", "imbot", Add);
  registry->Add("imbot.v2.Chat.User.delete", "imbot", Delete);
  registry->Add("imbot.v2.Chat.Manager.add", "imbot", AddManagers);
  registry->Add("imbot.v2.Chat.Manager.delete", "imbot", DeleteManagers);
}

}  // namespace simulator
