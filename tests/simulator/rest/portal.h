// One portal: its state, and the questions every method asks of it. Owned by Portals; loop thread only.
//
// It knows nothing of HTTP, of faults or of who is asking: methods/ decides what a call may do.
#ifndef IMBOT_TESTS_SIMULATOR_REST_PORTAL_H_
#define IMBOT_TESTS_SIMULATOR_REST_PORTAL_H_

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tests/simulator/rest/event_queue.h"
#include "tests/simulator/rest/options.h"
#include "tests/simulator/rest/state.h"

namespace simulator {

class Portal {
 public:
  // A portal with the fixture: administrator 1, users 2 to 10, and the group chats of the documentation's examples.
  Portal(std::string name, const PortalOptions* options, const PortalClock* clock);

  const std::string& name() const { return name_; }
  const PortalOptions& options() const { return *options_; }
  PortalClock::TimePoint Now() const { return clock_->Now(); }

  // --- bots
  Bot* FindBot(int64_t id);
  Bot* FindBotByCode(std::string_view code);
  Bot* FindBotOf(std::string_view app_id);  // any one of this owner's
  Bot& AddBot(Bot bot);                     // gives it an id, a user, and membership of the open chats
  void RemoveBot(int64_t id);               // with its commands, applications and private chats
  // The profile's parts that are shown in the bot's user.
  void ApplyProfile(Bot& bot, const Json& properties);

  // --- chats
  // `chat5`, or a user's id for the private dialogue with `self`; null if there is none and none may be made.
  Chat* FindDialog(std::string_view dialog_id, int64_t self);
  std::string DialogId(const Chat& chat, int64_t self) const;
  bool IsMember(const Chat& chat, int64_t user_id) const;
  Chat& AddChat(Chat chat);  // gives it an id and a date

  // --- messages
  Message& AddMessage(Message message);  // gives it an id and a date
  Message* FindMessage(int64_t id);

  // --- files
  StoredFile& AddFile(StoredFile file);  // gives it an id and a date
  const StoredFile* FindFile(int64_t id) const;

  int64_t NextCommandId() { return next_command_id_++; }
  int64_t NextAppId() { return next_app_id_++; }

  // --- access
  void AddWebhook(int64_t user_id, std::string code, std::set<std::string> scopes);
  const Webhook* FindWebhook(std::string_view user, std::string_view code) const;
  const User* FindUser(int64_t id) const;

  std::map<int64_t, User> users;
  std::map<int64_t, Bot> bots;
  std::map<int64_t, Chat> chats;
  std::map<int64_t, Message> messages;
  std::map<int64_t, Command> commands;
  std::map<int64_t, ChatApp> apps;
  std::unordered_map<std::string, Reservation> templates;
  std::map<int64_t, StoredFile> files;
  Disk disk;
  EventQueue events;
  // When a command last gave this bot leave to answer in this dialogue.
  std::map<std::pair<int64_t, std::string>, PortalClock::TimePoint> answer_leave;
  std::vector<Webhook> webhooks;
  std::map<std::string, AccessToken, std::less<>> tokens;

 private:
  void AddUser(int64_t id, const char* position);
  void AddGroupChat(int64_t id, const char* name);

  const std::string name_;
  const PortalOptions* const options_;
  const PortalClock* const clock_;
  std::map<std::pair<int64_t, int64_t>, int64_t> private_chats_;  // by the two users, the smaller first
  // The first objects get the ids of the documentation's examples, so that those can be pasted.
  int64_t next_user_id_ = 39;
  int64_t next_chat_id_ = 30'000;
  int64_t next_message_id_ = 789;
  int64_t next_command_id_ = 42;
  int64_t next_app_id_ = 13;
  int64_t next_webhook_id_ = 1;
  int64_t next_file_id_ = 138;
};

// All portals of this simulator, found by host. Loop thread only.
class Portals {
 public:
  Portals(const PortalOptions* options, const PortalClock* clock);

  // The portal of that host (with or without a port), else the default one.
  Portal& ForHost(std::string_view host);
  Portal& default_portal() { return *by_name_.at(kDefault); }
  // Makes it if need be.
  Portal& Named(const std::string& host);
  const std::map<std::string, std::unique_ptr<Portal>>& all() const { return by_name_; }
  void Reset();

  static constexpr char kDefault[] = "default";

 private:
  const PortalOptions* const options_;
  const PortalClock* const clock_;
  std::map<std::string, std::unique_ptr<Portal>> by_name_;
};

}  // namespace simulator

#endif  // IMBOT_TESTS_SIMULATOR_REST_PORTAL_H_
