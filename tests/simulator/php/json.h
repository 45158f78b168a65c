// JSON the way PHP reads and writes it.
//
// The simulator keeps every value as an ordered JSON document, since a PHP array remembers the order of its keys. A PHP
// array is list and map at once: ItemsOf() walks both. Thread-safe: free functions without state.
#ifndef IMBOT_TESTS_SIMULATOR_PHP_JSON_H_
#define IMBOT_TESTS_SIMULATOR_PHP_JSON_H_

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace simulator {

using Json = nlohmann::ordered_json;

// json_decode: at most 512 levels, strict syntax, valid UTF-8. Empty for anything else.
std::optional<Json> ParseJson(std::string_view text);

// How PHP writes it (WIRE_FACTS.md 1.4): `/` as `\/`, <>&'" as \u003C and so on, other characters raw, invalid UTF-8 as
// U+FFFD, an integral float without its fraction, an empty map as `[]`, a map with the keys 0..n-1 in order as a list.
enum class EmptyMap { kList, kObject };
std::string WriteJson(const Json& value, EmptyMap empty_map = EmptyMap::kList);

// The member of a map, or of a list by its index ("0"); null if there is none. `value` may be of any type.
const Json* Find(const Json& value, std::string_view key);
Json* FindMutable(Json& value, std::string_view key);

// isset($value[$key]): present and not null.
const Json* FindSet(const Json& value, std::string_view key);

// An empty map with room for so many members: one that grows copies what is in it.
Json MapFor(size_t members);
// Adds a member at the end of a map, without the search for one of that name. REQUIRES: there is none.
void Append(std::string key, Json value, Json* object);

// True for a list and for a map: what PHP calls an array.
bool IsArray(const Json& value);

// A map whose keys are 0..n-1 in order becomes a list, at every depth: the same array to PHP.
void NormalizeLists(Json& value);

// U+FFFD for each maximal invalid sequence.
std::string ReplaceInvalidUtf8(std::string_view text);

}  // namespace simulator

#endif  // IMBOT_TESTS_SIMULATOR_PHP_JSON_H_
