// A portal's state as JSON for the control endpoint, owner keys as labels. Loop thread only.
#ifndef IMBOT_TESTS_SIMULATOR_CONTROL_STATE_JSON_H_
#define IMBOT_TESTS_SIMULATOR_CONTROL_STATE_JSON_H_

#include "tests/simulator/php/json.h"
#include "tests/simulator/rest/portal.h"

namespace simulator {

// {portal, users, bots, chats, messages, commands, apps, templates, webhooks}: lists of objects.
Json PortalState(const Portal& portal);

}  // namespace simulator

#endif  // IMBOT_TESTS_SIMULATOR_CONTROL_STATE_JSON_H_
