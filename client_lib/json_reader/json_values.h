// Single JSON values as what a field holds, and the list of what could not be read. Part of json_reader.
//
// Stateless but for Problems, which is thread-compatible.
#ifndef IMBOT_CLIENT_LIB_JSON_READER_JSON_VALUES_H_
#define IMBOT_CLIENT_LIB_JSON_READER_JSON_VALUES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client_lib/json_reader/json_document.h"
#include "google/protobuf/message.h"

namespace imbot::client {

// What can't be read, each with its path in the text. Says nothing of the values themselves, which may be secret.
class Problems {
 public:
  void Add(const std::string& path, std::string_view what);
  // `wanted`: `must be a text`.
  void Add(const std::string& path, const JsonNode& value, std::string_view wanted);
  bool empty() const { return problems_.empty(); }
  // One to a line.
  std::string Text() const;

 private:
  std::vector<std::string> problems_;
};

std::string JoinPath(const std::string& path, const std::string& key);

// Nothing if the value is none.
std::optional<bool> ToBool(const JsonNode& value);
std::optional<int64_t> ToInteger(const JsonNode& value);
std::optional<double> ToDouble(const JsonNode& value);

// A text that holds a list or an object: keyboards, attachments, menus and lists may come as JSON text.
bool LooksLikeJson(const JsonNode& value);

// Fills a google.protobuf Timestamp, Struct, Value or ListValue.
void ReadWellKnown(const JsonNode& value, google::protobuf::Message* out, const std::string& path, Problems* problems);

}  // namespace imbot::client

#endif  // IMBOT_CLIENT_LIB_JSON_READER_JSON_VALUES_H_
