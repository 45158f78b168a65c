// base64 as PHP reads and writes it. Thread-safe: free functions without state.
#ifndef IMBOT_TESTS_SIMULATOR_PHP_BASE64_H_
#define IMBOT_TESTS_SIMULATOR_PHP_BASE64_H_

#include <optional>
#include <string>
#include <string_view>

namespace simulator {

// base64_decode in strict mode: white space is skipped, padding may be left out but not be wrong, anything else foreign
// makes it fail.
std::optional<std::string> Base64DecodeStrict(std::string_view text);

std::string Base64Encode(std::string_view bytes);

}  // namespace simulator

#endif  // IMBOT_TESTS_SIMULATOR_PHP_BASE64_H_
