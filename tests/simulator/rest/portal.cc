#include "tests/simulator/rest/portal.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "tests/simulator/php/coerce.h"

namespace simulator {
namespace {

constexpr std::string_view kWebhookCode = "simulator";

std::optional<int64_t> ParseId(std::string_view text) {
  int64_t id = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), id);
  if (text.empty() || parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return id;
}

}  // namespace

Portal::Portal(std::string name, const PortalOptions* options, const PortalClock* clock)
    : events(clock), name_(std::move(name)), options_(options), clock_(clock) {
  AddUser(1, "Administrator");
  for (int64_t id = 2; id <= 10; ++id) AddUser(id, "Employee");
  for (const int64_t id : {5, 9, 42, 123, 2725, 20921}) AddGroupChat(id, "Support Chat");
  if (options_->default_webhook) AddWebhook(1, std::string(kWebhookCode), {"imbot", "im"});
}

void Portal::AddUser(int64_t id, const char* position) {
  User user;
  user.id = id;
  user.login = "user" + std::to_string(id) + "@portal.test";
  user.email = user.login;
  user.first_name = "User";
  user.last_name = std::to_string(id);
  user.work_position = position;
  user.last_activity = clock_->Now();
  users[id] = std::move(user);
}

void Portal::AddGroupChat(int64_t id, const char* name) {
  Chat chat;
  chat.id = id;
  chat.name = name;
  chat.created = clock_->Now();
  chat.of_fixture = true;
  for (const auto& [user_id, user] : users) chat.members.insert(user_id);
  chats[id] = std::move(chat);
}

Bot* Portal::FindBot(int64_t id) {
  const auto it = bots.find(id);
  return it == bots.end() ? nullptr : &it->second;
}

Bot* Portal::FindBotByCode(std::string_view code) {
  const auto it = std::find_if(bots.begin(), bots.end(), [&](const auto& entry) { return entry.second.code == code; });
  return it == bots.end() ? nullptr : &it->second;
}

Bot* Portal::FindBotOf(std::string_view app_id) {
  const auto it =
      std::find_if(bots.begin(), bots.end(), [&](const auto& entry) { return entry.second.app_id == app_id; });
  return it == bots.end() ? nullptr : &it->second;
}

Bot& Portal::AddBot(Bot bot) {
  bot.id = next_user_id_++;
  User user;
  user.id = bot.id;
  user.bot = true;
  user.external_auth_id = "bot";
  user.login = "bot_" + bot.code;
  user.last_activity = clock_->Now();
  users[bot.id] = std::move(user);
  if (options_->open_chats) {
    for (auto& [id, chat] : chats) {
      if (chat.of_fixture) chat.members.insert(bot.id);
    }
  }
  Bot& stored = bots[bot.id] = std::move(bot);
  ApplyProfile(stored, stored.properties);
  return stored;
}

void Portal::ApplyProfile(Bot& bot, const Json& properties) {
  User& user = users[bot.id];
  const auto set = [&](const char* key, std::string* target) {
    if (const Json* value = FindSet(properties, key)) *target = ToString(value);
  };
  set("NAME", &user.first_name);
  set("LAST_NAME", &user.last_name);
  set("WORK_POSITION", &user.work_position);
  set("PERSONAL_GENDER", &user.gender);
  set("PERSONAL_BIRTHDAY", &user.birthday);
  set("PERSONAL_WWW", &user.website);
  set("EMAIL", &user.email);
}

void Portal::RemoveBot(int64_t id) {
  std::erase_if(commands, [&](const auto& entry) { return entry.second.bot_id == id; });
  std::erase_if(apps, [&](const auto& entry) { return entry.second.bot_id == id; });
  for (auto it = private_chats_.begin(); it != private_chats_.end();) {
    if (it->first.first == id || it->first.second == id) {
      chats.erase(it->second);
      it = private_chats_.erase(it);
    } else {
      ++it;
    }
  }
  for (auto& [chat_id, chat] : chats) {
    chat.members.erase(id);
    chat.managers.erase(id);
  }
  bots.erase(id);
  events.Wipe(id);
  // The user row stays, inactive: messages still name their author.
  if (const auto it = users.find(id); it != users.end()) it->second.active = false;
}

Chat* Portal::FindDialog(std::string_view dialog_id, int64_t self) {
  if (dialog_id.substr(0, 4) == "chat") {
    const std::optional<int64_t> id = ParseId(dialog_id.substr(4));
    const auto it = id ? chats.find(*id) : chats.end();
    return it == chats.end() ? nullptr : &it->second;
  }
  const std::optional<int64_t> user_id = ParseId(dialog_id);
  if (!user_id || users.find(*user_id) == users.end() || *user_id == self) return nullptr;
  const std::pair<int64_t, int64_t> key = std::minmax(*user_id, self);
  const auto it = private_chats_.find(key);
  if (it != private_chats_.end()) return &chats.at(it->second);
  Chat chat;
  chat.message_type = "P";
  chat.owner = self;
  chat.members = {key.first, key.second};
  Chat& added = AddChat(std::move(chat));
  private_chats_[key] = added.id;
  return &added;
}

std::string Portal::DialogId(const Chat& chat, int64_t self) const {
  if (chat.message_type != "P") return "chat" + std::to_string(chat.id);
  for (const int64_t member : chat.members) {
    if (member != self) return std::to_string(member);
  }
  return std::to_string(self);
}

bool Portal::IsMember(const Chat& chat, int64_t user_id) const {
  return chat.members.count(user_id) > 0;
}

Chat& Portal::AddChat(Chat chat) {
  chat.id = next_chat_id_++;
  chat.created = clock_->Now();
  return chats[chat.id] = std::move(chat);
}

Message& Portal::AddMessage(Message message) {
  message.id = next_message_id_++;
  message.date = clock_->Now();
  Chat& chat = chats.at(message.chat_id);
  chat.last_message_id = message.id;
  ++chat.message_count;
  const int64_t id = message.id;
  return messages.emplace_hint(messages.end(), id, std::move(message))->second;
}

Message* Portal::FindMessage(int64_t id) {
  const auto it = messages.find(id);
  return it == messages.end() ? nullptr : &it->second;
}

StoredFile& Portal::AddFile(StoredFile file) {
  file.id = next_file_id_++;
  file.date = clock_->Now();
  return files[file.id] = std::move(file);
}

const StoredFile* Portal::FindFile(int64_t id) const {
  const auto it = files.find(id);
  return it == files.end() ? nullptr : &it->second;
}

void Portal::AddWebhook(int64_t user_id, std::string code, std::set<std::string> scopes) {
  webhooks.push_back(Webhook{next_webhook_id_++, user_id, std::move(code), std::move(scopes)});
}

const Webhook* Portal::FindWebhook(std::string_view user, std::string_view code) const {
  // A login is as good as an id (WIRE_FACTS.md 1.1).
  std::optional<int64_t> user_id = ParseId(user);
  if (!user_id) {
    for (const auto& [id, candidate] : users) {
      if (candidate.active && candidate.login == user) user_id = id;
    }
  }
  if (!user_id) return nullptr;
  for (const Webhook& webhook : webhooks) {
    if (webhook.user_id == *user_id && webhook.code == code) return &webhook;
  }
  return nullptr;
}

const User* Portal::FindUser(int64_t id) const {
  const auto it = users.find(id);
  return it == users.end() ? nullptr : &it->second;
}

Portals::Portals(const PortalOptions* options, const PortalClock* clock) : options_(options), clock_(clock) {
  Reset();
}

void Portals::Reset() {
  by_name_.clear();
  by_name_[kDefault] = std::make_unique<Portal>(kDefault, options_, clock_);
}

Portal& Portals::ForHost(std::string_view host) {
  const auto exact = by_name_.find(AsciiLower(host));
  if (exact != by_name_.end()) return *exact->second;
  const auto bare = by_name_.find(AsciiLower(host.substr(0, host.rfind(':'))));
  return bare == by_name_.end() ? default_portal() : *bare->second;
}

Portal& Portals::Named(const std::string& host) {
  const std::string name = AsciiLower(host);
  auto& portal = by_name_[name];
  if (portal == nullptr) portal = std::make_unique<Portal>(name, options_, clock_);
  return *portal;
}

}  // namespace simulator
