// imbot.v2.Chat.Message.getContext and read: pages
// api-reference/chat-bots/chat-bots-v2/imbot.v2/messages/chat-message-get-context.md and chat-message-read.md.
#include <algorithm>
#include <cstdint>
#include <deque>
#include <set>
#include <utility>
#include <variant>

#include "tests/simulator/methods/methods.h"
#include "tests/simulator/methods/v2_common.h"
#include "tests/simulator/php/coerce.h"
#include "tests/simulator/rest/registry.h"

namespace simulator {
namespace {

constexpr int64_t kMaxRange = 50;

MethodResult GetContext(Call& call) {
  const std::variant<Bot*, RestError> owned = OwnBotV2(call);
  if (const RestError* error = std::get_if<RestError>(&owned)) return *error;
  const Bot& bot = *std::get<Bot*>(owned);
  if (bot.type != "S" && bot.type != "P") {
    return RestError{"BOT_TYPE_NOT_ALLOWED", "Method is available only for supervisor and personal bots"};
  }
  const std::variant<Message*, RestError> found = MessageArgument(call, bot.id);
  if (const RestError* error = std::get_if<RestError>(&found)) return *error;
  const std::variant<int64_t, RestError> given = IntArgument(call, "range", kMaxRange);
  if (const RestError* error = std::get_if<RestError>(&given)) return *error;
  const auto range = static_cast<size_t>(std::clamp<int64_t>(std::get<int64_t>(given), 1, kMaxRange));

  const Portal& portal = call.portal();
  const Message& center = *std::get<Message*>(found);
  // One more on each side than is shown tells whether there are others.
  std::deque<const Message*> window = {&center};
  size_t before = 0;
  for (auto it = portal.messages.find(center.id); it != portal.messages.begin() && before <= range;) {
    --it;
    if (it->second.chat_id != center.chat_id) continue;
    if (++before <= range) window.push_front(&it->second);
  }
  size_t after = 0;
  for (auto it = portal.messages.upper_bound(center.id); it != portal.messages.end() && after <= range; ++it) {
    if (it->second.chat_id != center.chat_id) continue;
    if (++after <= range) window.push_back(&it->second);
  }
  Json result = Json::object();
  Json& messages = result["messages"] = Json::array();
  std::set<int64_t> authors;
  Json users = Json::array();
  for (const Message* message : window) {
    messages.push_back(MessageV2(portal, *message, /*only_common=*/true));
    if (message->author_id > 0 && authors.insert(message->author_id).second)
      users.push_back(UserV2(portal, message->author_id));
  }
  result["users"] = std::move(users);
  result["hasPrevPage"] = before > range;
  result["hasNextPage"] = after > range;
  return result;
}

MethodResult Read(Call& call) {
  const std::variant<Bot*, RestError> owned = OwnBotV2(call);
  if (const RestError* error = std::get_if<RestError>(&owned)) return *error;
  const int64_t bot_id = std::get<Bot*>(owned)->id;
  const std::variant<Chat*, RestError> dialog = MemberDialog(call, bot_id);
  if (const RestError* error = std::get_if<RestError>(&dialog)) return *error;
  Chat& chat = *std::get<Chat*>(dialog);
  int64_t up_to = chat.last_message_id;
  if (FindSet(call.params, "messageId") != nullptr) {
    const std::variant<Message*, RestError> found = MessageArgument(call, bot_id);
    if (const RestError* error = std::get_if<RestError>(&found)) {
      if (error->code == "100") return *error;
      return RestError{"MESSAGE_NOT_FOUND", "Message not found"};
    }
    const Message& message = *std::get<Message*>(found);
    if (message.chat_id != chat.id) return RestError{"MESSAGE_NOT_FOUND", "Message not found"};
    up_to = message.id;
  }
  int64_t& last_read = chat.last_read[bot_id];
  Json viewed = Json::array();
  int64_t counter = 0;
  for (const auto& [id, message] : call.portal().messages) {
    if (message.chat_id != chat.id || message.author_id == bot_id || id <= last_read) continue;
    if (id <= up_to) {
      viewed.push_back(id);
    } else {
      ++counter;
    }
  }
  // What was read stays read.
  last_read = std::max(last_read, up_to);
  call.Changed();
  Json result = Json::object();
  result["chatId"] = chat.id;
  result["lastId"] = last_read;
  result["counter"] = counter;
  result["viewedMessages"] = std::move(viewed);
  return result;
}

}  // namespace

void RegisterHistoryV2(Registry* registry) {
  registry->Add("imbot.v2.Chat.Message.getContext", "imbot", GetContext);
  registry->Add("imbot.v2.Chat.Message.read", "imbot", Read);
}

}  // namespace simulator
