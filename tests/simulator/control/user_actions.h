// People in a portal's chats, moved by tests: they write, edit, delete, react, press buttons, call commands, invite
// bots. What follows from it (events, permissions, counters) follows as it does from a method. Loop thread only.
#ifndef IMBOT_TESTS_SIMULATOR_CONTROL_USER_ACTIONS_H_
#define IMBOT_TESTS_SIMULATOR_CONTROL_USER_ACTIONS_H_

#include "tests/simulator/php/json.h"
#include "tests/simulator/rest/portal.h"

namespace simulator {

struct UserActionAnswer {
  int status = 200;
  Json body = Json::object();
};

// {action, user, …} or a list of such: README.md has the actions. A list answers with {results: […]}, and stops at the
// first that can't be done, which is an error 409 (400 if it was not understood).
UserActionAnswer ActAsUser(Portal& portal, const Json& body);

// {type, bot or user, data}, one or a list: puts an event into a queue as it is. {negative_cache: off|on|lossy} and
// {next_id} change the queue itself.
UserActionAnswer PutEvents(Portal& portal, const Json& body);

// What PortalState() leaves out: events, subscriptions, reactions, indicators, read marks, files.
Json MessengerState(const Portal& portal);

}  // namespace simulator

#endif  // IMBOT_TESTS_SIMULATOR_CONTROL_USER_ACTIONS_H_
