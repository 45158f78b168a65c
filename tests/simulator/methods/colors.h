// The colours that bots and chats may have, by name and as the portal shows them. Thread-safe: free functions.
#ifndef IMBOT_TESTS_SIMULATOR_METHODS_COLORS_H_
#define IMBOT_TESTS_SIMULATOR_METHODS_COLORS_H_

#include <string>
#include <string_view>

namespace simulator {

// lightBlue, LIGHT_BLUE: LIGHT_BLUE; empty for a colour the portal does not know.
std::string ColorCode(const std::string& color);
// #4ba5c3 for LIGHT_BLUE; empty for no code.
std::string ColorHex(std::string_view code);

}  // namespace simulator

#endif  // IMBOT_TESTS_SIMULATOR_METHODS_COLORS_H_
