// A JSON text as a tree that keeps what a message needs to know: every number as it was written, and the order of keys.
//
// Why not the library's own tree: it turns a number into a double where it is too large for 64 bits, and lets the last
// of two equal keys win in silence. The only place that knows which library reads JSON here: nlohmann-json, since it
// has no library to link and tells where a text is wrong. Values are plain data; thread-compatible.
#ifndef IMBOT_CLIENT_LIB_JSON_READER_JSON_DOCUMENT_H_
#define IMBOT_CLIENT_LIB_JSON_READER_JSON_DOCUMENT_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace imbot::client {

struct JsonMember;

struct JsonNode {
  enum class Type { kNull, kBool, kInteger, kFraction, kText, kList, kObject };

  Type type = Type::kNull;
  bool flag = false;  // kBool
  std::string text;   // kText; kInteger and kFraction: the number as it was written
  std::vector<JsonNode> items;
  std::vector<JsonMember> members;  // in their order

  bool is(Type wanted) const { return type == wanted; }
};

struct JsonMember {
  std::string first;  // its name
  JsonNode second;
};

// INVALID_ARGUMENT, with the place: not one JSON value, not UTF-8, one key twice in an object, or deeper than 100
// levels.
absl::StatusOr<JsonNode> ParseJson(std::string_view text);

}  // namespace imbot::client

#endif  // IMBOT_CLIENT_LIB_JSON_READER_JSON_DOCUMENT_H_
