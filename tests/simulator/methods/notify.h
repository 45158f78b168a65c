// What happens in a chat, written into the event log of the bots and users whom it concerns (WIRE_FACTS.md 6.3 and 7.3;
// pages imbot.v2/events/events.md and im.v2/events/events.md). Loop thread only.
//
// Only bots in fetch mode have a queue; handlers of bots in webhook mode are not called.
#ifndef IMBOT_TESTS_SIMULATOR_METHODS_NOTIFY_H_
#define IMBOT_TESTS_SIMULATOR_METHODS_NOTIFY_H_

#include <cstdint>
#include <set>
#include <string>

#include "tests/simulator/rest/portal.h"

namespace simulator {

// A message with a registered command calls that command and reaches no bot as a message. `context` is how the command
// was given: textarea, keyboard or menu.
void NotifyMessageAdded(Portal& portal, const Message& message, bool fire_commands, const std::string& context);
void NotifyMessageUpdated(Portal& portal, const Message& message);
// With the message as it was before.
void NotifyMessageDeleted(Portal& portal, const Message& message);
void NotifyReaction(Portal& portal, const Message& message, int64_t user_id, const std::string& reaction, bool added);
// `joined` are in the chat already. A bot learns nothing of a chat that it entered by its own act.
void NotifyJoined(Portal& portal, const Chat& chat, const std::set<int64_t>& joined, int64_t by);
void NotifyContext(Portal& portal, const Chat& chat, const Bot& bot, int64_t user_id, const Json& context);
void NotifyBotDeleted(Portal& portal, const Bot& bot);

}  // namespace simulator

#endif  // IMBOT_TESTS_SIMULATOR_METHODS_NOTIFY_H_
