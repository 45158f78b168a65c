// What all methods that write messages share: text rules, the templateId table, storing, updating, deleting. Loop
// thread only.
#ifndef IMBOT_TESTS_SIMULATOR_METHODS_SENDING_H_
#define IMBOT_TESTS_SIMULATOR_METHODS_SENDING_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "tests/simulator/net/task.h"
#include "tests/simulator/rest/call.h"

namespace simulator {

// `[br]`, `[BR]` and `#BR#` become line feeds, the ends are trimmed, and beyond 20006 characters 20000 and ` (...)` are
// left.
std::string NormalizeText(std::string_view text);

// A lower-case UUIDv4: the only kind that the portal de-duplicates by.
bool IsTemplateUuid(std::string_view text);

struct OutgoingMessage {
  int64_t bot_id = 0;  // the author: a bot, or a user who sends a file
  int64_t chat_id = 0;
  bool system = false;
  std::string text;
  std::string template_id;
  Json params = Json::object();
  Json given = Json::object();
  bool url_preview = true;
  bool fire_commands = false;  // `/name` in the text calls a command, as in version 2 even for a bot's own text
};

struct Sent {
  int64_t message_id = 0;
};

// Reserves the templateId, stores the message, fills its id in, passing the injection points between the steps. A
// replay answers with the first message's id and stores nothing.
Task<std::variant<Sent, RestError, Aborted>> SendMessage(Call& call, OutgoingMessage message);

// The text and the parameters that an update left; deletes the message if nothing is left of it.
void FinishUpdate(Message* message);
// The soft deletion: the row stays.
void SoftDelete(Message* message);

}  // namespace simulator

#endif  // IMBOT_TESTS_SIMULATOR_METHODS_SENDING_H_
