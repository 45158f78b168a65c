// PHP's parse_str and the form decoding that goes with it. Thread-safe: free functions without state.
#ifndef IMBOT_TESTS_SIMULATOR_PHP_PARSE_STR_H_
#define IMBOT_TESTS_SIMULATOR_PHP_PARSE_STR_H_

#include <string>
#include <string_view>

#include "tests/simulator/php/json.h"

namespace simulator {

// urldecode: `+` is a space, %XX a byte, anything else stays.
std::string UrlDecode(std::string_view text);
// rawurldecode, for paths: a `+` stays.
std::string RawUrlDecode(std::string_view text);

// Names with brackets nest, `a[]` appends, `.`, space and an unclosed `[` in a top-level name become `_`, the last of
// equal names wins, every value is a string. Past `max_input_vars` names the rest is dropped, as PHP does with its
// default of 1000.
Json ParseStr(std::string_view text, size_t max_input_vars = 1000);

}  // namespace simulator

#endif  // IMBOT_TESTS_SIMULATOR_PHP_PARSE_STR_H_
