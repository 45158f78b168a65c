// Who is in a chat, and how that changes. Loop thread only.
#ifndef IMBOT_TESTS_SIMULATOR_METHODS_MEMBERS_H_
#define IMBOT_TESTS_SIMULATOR_METHODS_MEMBERS_H_

#include <cstdint>
#include <vector>

#include "tests/simulator/rest/portal.h"

namespace simulator {

bool IsActiveUser(const Portal& portal, int64_t user_id);

// Takes them in and tells everybody; those who are in already, do not exist or are inactive are passed over.
void AddMembers(Portal& portal, Chat* chat, const std::vector<int64_t>& user_ids, int64_t by);

// An owner leaves the chat to a manager, else to anybody who is left.
void RemoveMember(Chat* chat, int64_t user_id);

}  // namespace simulator

#endif  // IMBOT_TESTS_SIMULATOR_METHODS_MEMBERS_H_
