// Values without a schema (google.protobuf.Value and its kin), to and from the portal's JSON. Stateless; thread-safe.
#ifndef IMBOT_SERVICE_TRANSLATE_FREE_VALUE_H_
#define IMBOT_SERVICE_TRANSLATE_FREE_VALUE_H_

#include <algorithm>
#include <string>
#include <vector>

#include "google/protobuf/struct.pb.h"
#include "service/base/json.h"

namespace imbot::translate {

// `Sink` has what base::json::Writer has. Keys go out in their order, since a map has none of its own.
template <typename Sink>
void WriteFreeValue(const google::protobuf::Value& value, Sink* out);

template <typename Sink>
void WriteFreeStruct(const google::protobuf::Struct& object, Sink* out) {
  std::vector<const std::string*> keys;
  for (const auto& [key, value] : object.fields()) keys.push_back(&key);
  std::sort(keys.begin(), keys.end(), [](const std::string* a, const std::string* b) { return *a < *b; });
  out->BeginObject();
  for (const std::string* key : keys) {
    out->Key(*key);
    WriteFreeValue(object.fields().at(*key), out);
  }
  out->EndObject();
}

template <typename Sink>
void WriteFreeList(const google::protobuf::ListValue& list, Sink* out) {
  out->BeginArray();
  for (const auto& item : list.values()) WriteFreeValue(item, out);
  out->EndArray();
}

template <typename Sink>
void WriteFreeValue(const google::protobuf::Value& value, Sink* out) {
  switch (value.kind_case()) {
    case google::protobuf::Value::kNumberValue:
      return out->Double(value.number_value());
    case google::protobuf::Value::kStringValue:
      return out->String(value.string_value());
    case google::protobuf::Value::kBoolValue:
      return out->Bool(value.bool_value());
    case google::protobuf::Value::kStructValue:
      return WriteFreeStruct(value.struct_value(), out);
    case google::protobuf::Value::kListValue:
      return WriteFreeList(value.list_value(), out);
    case google::protobuf::Value::kNullValue:
    case google::protobuf::Value::KIND_NOT_SET:
      return out->Null();
  }
}

// How deep a free value may nest: a reader of protobuf refuses more than 100 nested messages, and each level of a
// Struct is three of them.
inline constexpr int kMaxFreeDepth = 30;

// False if `value`, which stands at `depth`, nests deeper than kMaxFreeDepth. Integers beyond 2^53 become texts, since
// a double can't hold them. A Struct takes a list too, its items under "0", "1" and so on; of anything else, nothing.
[[nodiscard]] bool ReadFreeValue(base::json::Value value, int depth, google::protobuf::Value* out);
[[nodiscard]] bool ReadFreeStruct(base::json::Value value, int depth, google::protobuf::Struct* out);

}  // namespace imbot::translate

#endif  // IMBOT_SERVICE_TRANSLATE_FREE_VALUE_H_
