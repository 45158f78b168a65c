// The objects of one portal, as its database holds them. Plain data; loop thread only.
#ifndef IMBOT_TESTS_SIMULATOR_REST_STATE_H_
#define IMBOT_TESTS_SIMULATOR_REST_STATE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "tests/simulator/php/json.h"
#include "tests/simulator/rest/portal_clock.h"

namespace simulator {

struct User {
  int64_t id = 0;
  bool active = true;
  std::string login;
  std::string first_name;
  std::string last_name;
  std::string work_position;
  std::string color = "#df532d";
  std::string avatar;
  std::string gender = "M";
  std::string birthday;
  std::string website;
  std::string email;
  bool bot = false;
  std::string external_auth_id = "default";
  PortalClock::TimePoint last_activity;
};

struct Bot {
  int64_t id = 0;  // also its user's id
  std::string code;
  std::string type = "B";  // B bot, H human, O openline, S supervisor, P personal, N network
  std::string app_id;      // the owner's key: `custom` and the token, or an OAuth client id
  std::string event_mode = "WEBHOOK";
  bool openline = false;
  bool hidden = false;
  bool reactions = true;
  std::optional<std::string> background;
  std::map<std::string, std::string> handlers;  // event to URL, as bound
  Json properties = Json::object();             // the profile as the client gave it
  int64_t count_message = 0;
};

// The indicator "is typing" or one of the agents' actions.
struct InputAction {
  std::string code;     // empty: typing
  int64_t seconds = 0;  // 0: as long as the server likes
  PortalClock::TimePoint since;
};

struct Chat {
  int64_t id = 0;
  std::string message_type = "C";  // C group, O open, P private
  std::string name;
  int64_t owner = 1;
  std::set<int64_t> members;
  std::set<int64_t> managers;
  std::string color = "#ab7761";
  std::string description;
  PortalClock::TimePoint created;
  int64_t last_message_id = 0;
  int64_t message_count = 0;
  bool of_fixture = false;
  bool general = false;              // the portal's common chat, where hardly anything may be changed
  std::set<std::string> restricted;  // what its kind forbids: AVATAR, RENAME, EXTEND, LEAVE, LEAVE_OWNER
  std::string avatar;
  std::string entity_type;
  std::string entity_id;
  bool text_field_enabled = true;
  std::map<int64_t, int64_t> last_read;          // by user: the last message read
  std::map<int64_t, InputAction> input_actions;  // by bot
};

struct Message {
  int64_t id = 0;
  int64_t chat_id = 0;
  int64_t author_id = 0;  // 0: a system message
  PortalClock::TimePoint date;
  std::string text;
  std::string uuid;
  Json params = Json::object();  // as the portal stores and shows them
  Json given = Json::object();   // attach, keyboard and menu exactly as the client sent them
  bool url_preview = true;
  bool deleted = false;
  std::map<int64_t, std::string> reactions;  // by user
};

// A file of a chat's folder on Drive. Held in memory: the simulator is for small ones.
struct StoredFile {
  int64_t id = 0;
  int64_t chat_id = 0;
  int64_t author_id = 0;
  std::string name;
  std::string content;
  PortalClock::TimePoint date;
};

// What Drive still takes; tests narrow it.
struct Disk {
  int64_t max_file_bytes = 100 * 1024 * 1024;
  int64_t free_bytes = -1;  // -1: plenty
  bool folders = true;      // chats have folders
};

struct Command {
  int64_t id = 0;
  int64_t bot_id = 0;
  std::string app_id;
  std::string command;  // without the slash
  bool common = false;
  bool hidden = false;
  bool extranet = false;
  Json lang = Json::array();  // [{LANGUAGE_ID, TITLE, PARAMS}]
};

struct ChatApp {
  int64_t id = 0;
  int64_t bot_id = 0;
  std::string app_id;
  std::string code;
  std::string hash;
  std::string context = "ALL";
  std::string js;
  std::string iframe;
  Json iframe_width = 0;  // kept as given: the server stores a string where it got one
  Json iframe_height = 0;
  bool iframe_popup = false;
  bool hidden = false;
  bool extranet = false;
  bool livechat = false;
  size_t icon_bytes = 0;
  Json lang = Json::array();
};

// One row of the table that de-duplicates sends (WIRE_FACTS.md 8).
struct Reservation {
  PortalClock::TimePoint created;
  std::optional<int64_t> message_id;
};

struct Webhook {
  int64_t id = 0;
  int64_t user_id = 0;
  std::string code;
  std::set<std::string> scopes;
};

struct AccessToken {
  std::string token;
  std::string client_id;
  int64_t user_id = 0;
  std::set<std::string> scopes;
  std::optional<PortalClock::TimePoint> expires;
};

}  // namespace simulator

#endif  // IMBOT_TESTS_SIMULATOR_REST_STATE_H_
