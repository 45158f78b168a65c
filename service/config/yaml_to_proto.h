// Reads YAML into any message, by reflection: the only place that knows which library reads YAML.
//
// Keys are the field names of the .proto. Texts, booleans (`true`, `false`), decimal integers, floating-point numbers,
// enum values (`info` for LOG_LEVEL_INFO, or the whole name), durations (`30s`, `250ms`, `1m30s`), messages and lists
// of these; not maps and bytes, which our messages don't have. Every mistake is reported, not only the first. Values
// are never repeated in a mistake, and nothing is interpolated.
#ifndef IMBOT_SERVICE_CONFIG_YAML_TO_PROTO_H_
#define IMBOT_SERVICE_CONFIG_YAML_TO_PROTO_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "google/protobuf/message.h"
#include "service/config/mistake.h"

namespace imbot::config {

struct YamlHints {
  // By a message's full name: what to write where a plain value stands instead of that message.
  std::map<std::string, std::string, std::less<>> instead_of_value;
};

// Fills `message`; true if nothing was wrong. What was right is in `message` all the same, so that it can be checked
// further. Fields that stand in the file get their place in `places`.
bool YamlToProto(std::string_view yaml, const YamlHints& hints, google::protobuf::Message* message, PlaceMap* places,
                 std::vector<Mistake>* mistakes);

// "1m30s". Units ns, us, ms, s, m, h; each number may have a fraction, none a sign. False for anything else, and beyond
// 292 years.
bool ParseDuration(std::string_view text, int64_t* seconds, int32_t* nanos);

}  // namespace imbot::config

#endif  // IMBOT_SERVICE_CONFIG_YAML_TO_PROTO_H_
