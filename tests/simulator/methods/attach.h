// Attachments, judged as the portal judges them. Thread-safe: free functions without state.
#ifndef IMBOT_TESTS_SIMULATOR_METHODS_ATTACH_H_
#define IMBOT_TESTS_SIMULATOR_METHODS_ATTACH_H_

#include <optional>

#include "tests/simulator/php/json.h"

namespace simulator {

// The stored form {ID, COLOR, COLOR_TOKEN, BLOCKS} of an attachment given as JSON text, as {BLOCKS: […]} or as the list
// of blocks alone. Blocks that break a rule are dropped; empty if none is left.
std::optional<Json> RenderAttach(const Json& given);

}  // namespace simulator

#endif  // IMBOT_TESTS_SIMULATOR_METHODS_ATTACH_H_
