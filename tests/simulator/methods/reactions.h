// Reactions to messages: the codes a portal knows, and setting and removing them. Loop thread only.
#ifndef IMBOT_TESTS_SIMULATOR_METHODS_REACTIONS_H_
#define IMBOT_TESTS_SIMULATOR_METHODS_REACTIONS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/simulator/rest/portal.h"

namespace simulator {

bool IsReaction(std::string_view code);

// Of each user a message carries one reaction: another takes its place. False if this one is set already.
bool SetReaction(Portal& portal, Message* message, int64_t user_id, const std::string& reaction);
// False if it is not set.
bool RemoveReaction(Portal& portal, Message* message, int64_t user_id, const std::string& reaction);

}  // namespace simulator

#endif  // IMBOT_TESTS_SIMULATOR_METHODS_REACTIONS_H_
