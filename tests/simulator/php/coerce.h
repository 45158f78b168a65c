// PHP's casts and comparisons, as the portal's source applies them to whatever a client sent. Thread-safe.
#ifndef IMBOT_TESTS_SIMULATOR_PHP_COERCE_H_
#define IMBOT_TESTS_SIMULATOR_PHP_COERCE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/simulator/php/json.h"

namespace simulator {

// Every function takes null for a value that is not there, which PHP treats as null.

// (int)$value
int64_t ToInt(const Json* value);
// (string)$value; "Array" for an array
std::string ToString(const Json* value);
// empty($value)
bool IsEmpty(const Json* value);
// $value == $text, by PHP 8's rules
bool LooseEquals(const Json* value, std::string_view text);
// $value === $text
bool StrictEquals(const Json* value, std::string_view text);
// is_numeric($value) for a scalar that is to become an int argument
bool IsIntLike(const Json& value);

std::string Trim(std::string_view text);
std::string AsciiUpper(std::string_view text);
std::string AsciiLower(std::string_view text);
// mb_strlen and mb_substr from the start
size_t Utf8Length(std::string_view text);
std::string_view Utf8Prefix(std::string_view text, size_t characters);

// array_change_key_case($params, CASE_UPPER): the top level only, the last of equal names wins.
Json UpperCaseKeys(const Json& params);

}  // namespace simulator

#endif  // IMBOT_TESTS_SIMULATOR_PHP_COERCE_H_
