#include "tests/simulator/methods/notify.h"

#include <string_view>
#include <utility>
#include <vector>

#include "tests/simulator/methods/v2_common.h"

namespace simulator {
namespace {

constexpr size_t kMaxCommands = 10;

bool Fetches(const Bot& bot) {
  return bot.event_mode == "FETCH";
}
// Supervisors and personal assistants get everything that is said.
bool Observes(const Bot& bot) {
  return bot.type == "S" || bot.type == "P";
}

bool Mentions(const std::string& text, int64_t user_id) {
  const std::string tag = "[USER=" + std::to_string(user_id);
  for (size_t at = text.find(tag); at != std::string::npos; at = text.find(tag, at + 1)) {
    const size_t end = at + tag.size();
    if (end < text.size() && (text[end] == ']' || text[end] == ' ')) return true;
  }
  return false;
}

bool IsAddressed(const Chat& chat, const Message& message, const Bot& bot) {
  return chat.message_type == "P" || Observes(bot) || Mentions(message.text, bot.id);
}

const Chat* ChatOf(const Portal& portal, const Message& message) {
  const auto it = portal.chats.find(message.chat_id);
  return it == portal.chats.end() ? nullptr : &it->second;
}

// `data` is what follows the bot; chat, user and language are the same in every event of a chat.
void AddBotEvent(Portal& portal, const Bot& bot, const char* type, Json data, const Chat& chat, int64_t user_id) {
  Json event = Json::object();
  event["bot"] = BotV2(portal, bot, /*for_owner=*/true);
  for (auto it = data.begin(); it != data.end(); ++it) event[it.key()] = it.value();
  event["chat"] = ChatInEvent(portal, chat, bot.id);
  event["user"] = UserInEvent(portal, user_id);
  event["language"] = "en";
  portal.events.Add(bot.id, type, std::move(event));
}

void AddUserEvents(Portal& portal, const char* type, const Json& data, const Chat& chat, int64_t user_id) {
  if (!portal.events.anyone_subscribed()) return;
  for (const int64_t member : chat.members) {
    if (!portal.events.IsSubscribed(member)) continue;
    Json event = data;
    event["chat"] = ChatInEvent(portal, chat, member);
    event["user"] = UserInEvent(portal, user_id);
    event["language"] = "en";
    portal.events.Add(member, type, std::move(event));
  }
}

struct CalledCommand {
  const Command* command;
  std::string params;
};

// Each line that begins with a slash calls the commands of that name which are heard in this chat.
std::vector<CalledCommand> FindCommands(const Portal& portal, const Chat& chat, const std::string& text) {
  std::vector<CalledCommand> called;
  std::string_view rest = text;
  while (!rest.empty()) {
    const size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    if (line.size() < 2 || line[0] != '/') continue;
    const size_t space = line.find(' ');
    const std::string_view name = line.substr(1, space == std::string_view::npos ? space : space - 1);
    const std::string params(space == std::string_view::npos ? std::string_view() : line.substr(space + 1));
    for (const auto& [id, command] : portal.commands) {
      if (command.command != name || (!command.common && !portal.IsMember(chat, command.bot_id))) continue;
      bool again = false;
      for (const CalledCommand& before : called) again |= before.command == &command && before.params == params;
      if (!again && called.size() < kMaxCommands) called.push_back(CalledCommand{&command, params});
    }
  }
  return called;
}

bool CallCommands(Portal& portal, const Chat& chat, const Message& message, const std::string& context) {
  const std::vector<CalledCommand> called = FindCommands(portal, chat, message.text);
  for (const CalledCommand& call : called) {
    const Bot* const bot = portal.FindBot(call.command->bot_id);
    if (bot == nullptr) continue;
    portal.answer_leave[{bot->id, portal.DialogId(chat, bot->id)}] = portal.Now();
    if (!Fetches(*bot)) continue;
    Json command = Json::object();
    command["id"] = call.command->id;
    command["command"] = "/" + call.command->command;
    command["params"] = call.params;
    command["context"] = context;
    Json data = Json::object();
    data["command"] = std::move(command);
    data["message"] = MessageV2(portal, message, /*only_common=*/true);
    AddBotEvent(portal, *bot, "ONIMBOTV2COMMANDADD", std::move(data), chat, message.author_id);
  }
  return !called.empty();
}

// An edit or a deletion: the bots whom the message addresses; observers learn of their own in groups, too.
void NotifyChanged(Portal& portal, const Message& message, const char* bot_type, const char* user_type,
                   const Json& data) {
  const Chat* const chat = ChatOf(portal, message);
  if (chat == nullptr) return;
  AddUserEvents(portal, user_type, data, *chat, message.author_id);
  if (message.author_id == 0) return;
  const bool by_bot = portal.FindBot(message.author_id) != nullptr;
  for (const int64_t member : chat->members) {
    const Bot* const bot = portal.FindBot(member);
    if (bot == nullptr || !Fetches(*bot) || !IsAddressed(*chat, message, *bot)) continue;
    if (by_bot && (chat->message_type == "P" || !Observes(*bot))) continue;
    AddBotEvent(portal, *bot, bot_type, data, *chat, message.author_id);
  }
}

}  // namespace

void NotifyMessageAdded(Portal& portal, const Message& message, bool fire_commands, const std::string& context) {
  const Chat* const chat = ChatOf(portal, message);
  if (chat == nullptr) return;
  // System messages and what bots write reach no bot: for most messages there is nothing to write down.
  const bool by_person = message.author_id != 0 && portal.FindBot(message.author_id) == nullptr;
  Json data = Json::object();
  if (by_person || portal.events.anyone_subscribed()) {
    data["message"] = MessageV2(portal, message, /*only_common=*/true);
    AddUserEvents(portal, "ONIMV2MESSAGEADD", data, *chat, message.author_id);
  }
  if (fire_commands && CallCommands(portal, *chat, message, context)) return;
  if (!by_person) return;
  for (const int64_t member : chat->members) {
    const Bot* const bot = portal.FindBot(member);
    if (bot == nullptr || !Fetches(*bot) || !IsAddressed(*chat, message, *bot)) continue;
    AddBotEvent(portal, *bot, "ONIMBOTV2MESSAGEADD", data, *chat, message.author_id);
  }
}

void NotifyMessageUpdated(Portal& portal, const Message& message) {
  Json data = Json::object();
  data["message"] = MessageV2(portal, message, /*only_common=*/true);
  NotifyChanged(portal, message, "ONIMBOTV2MESSAGEUPDATE", "ONIMV2MESSAGEUPDATE", data);
}

void NotifyMessageDeleted(Portal& portal, const Message& message) {
  Json data = Json::object();
  data["messageId"] = message.id;
  NotifyChanged(portal, message, "ONIMBOTV2MESSAGEDELETE", "ONIMV2MESSAGEDELETE", data);
}

void NotifyReaction(Portal& portal, const Message& message, int64_t user_id, const std::string& reaction, bool added) {
  const Chat* const chat = ChatOf(portal, message);
  if (chat == nullptr) return;
  Json data = Json::object();
  data["reaction"] = reaction;
  data["action"] = added ? "add" : "delete";
  data["message"] = MessageV2(portal, message, /*only_common=*/true);
  AddUserEvents(portal, "ONIMV2REACTIONCHANGE", data, *chat, user_id);
  // The author's alone, and not of what it did itself.
  const Bot* const bot = portal.FindBot(message.author_id);
  if (bot == nullptr || bot->id == user_id || !Fetches(*bot)) return;
  AddBotEvent(portal, *bot, "ONIMBOTV2REACTIONCHANGE", std::move(data), *chat, user_id);
}

void NotifyJoined(Portal& portal, const Chat& chat, const std::set<int64_t>& joined, int64_t by) {
  for (const int64_t user_id : joined) {
    Json data = Json::object();
    data["dialogId"] = portal.DialogId(chat, user_id);
    AddUserEvents(portal, "ONIMV2JOINCHAT", data, chat, user_id);
    const Bot* const bot = portal.FindBot(user_id);
    if (bot == nullptr || bot->id == by || !Fetches(*bot)) continue;
    AddBotEvent(portal, *bot, "ONIMBOTV2JOINCHAT", std::move(data), chat, by);
  }
}

void NotifyContext(Portal& portal, const Chat& chat, const Bot& bot, int64_t user_id, const Json& context) {
  if (!Fetches(bot)) return;
  Json data = Json::object();
  data["dialogId"] = portal.DialogId(chat, bot.id);
  data["context"] = context;
  AddBotEvent(portal, bot, "ONIMBOTV2CONTEXTGET", std::move(data), chat, user_id);
}

void NotifyBotDeleted(Portal& portal, const Bot& bot) {
  if (!Fetches(bot)) return;
  Json data = Json::object();
  data["bot"] = BotV2(portal, bot, /*for_owner=*/true);
  portal.events.Add(bot.id, "ONIMBOTV2DELETE", std::move(data));
}

}  // namespace simulator
