#include "tests/simulator/methods/members.h"

#include <set>

#include "tests/simulator/methods/notify.h"

namespace simulator {

bool IsActiveUser(const Portal& portal, int64_t user_id) {
  const User* const user = portal.FindUser(user_id);
  return user != nullptr && user->active;
}

void AddMembers(Portal& portal, Chat* chat, const std::vector<int64_t>& user_ids, int64_t by) {
  std::set<int64_t> joined;
  for (const int64_t user_id : user_ids) {
    if (!IsActiveUser(portal, user_id) || !chat->members.insert(user_id).second) continue;
    joined.insert(user_id);
    // What was said before is no news to who comes later.
    chat->last_read[user_id] = chat->last_message_id;
  }
  NotifyJoined(portal, *chat, joined, by);
}

void RemoveMember(Chat* chat, int64_t user_id) {
  chat->members.erase(user_id);
  chat->managers.erase(user_id);
  chat->last_read.erase(user_id);
  if (chat->owner != user_id || chat->members.empty()) return;
  chat->owner = chat->managers.empty() ? *chat->members.begin() : *chat->managers.begin();
  chat->managers.erase(chat->owner);
}

}  // namespace simulator
