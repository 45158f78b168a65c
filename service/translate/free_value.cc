#include "service/translate/free_value.h"

#include <cstdint>
#include <string_view>

#include "service/base/strings.h"

namespace imbot::translate {

using base::json::Type;
using base::json::Value;

namespace {

constexpr int64_t kExactDouble = int64_t{1} << 53;

}  // namespace

bool ReadFreeStruct(Value value, int depth, google::protobuf::Struct* out) {
  bool fits = depth <= kMaxFreeDepth;
  if (value.is(Type::kArray)) {
    int index = 0;
    value.ForEachItem([&](Value item) {
      return fits = fits && ReadFreeValue(item, depth + 1, &(*out->mutable_fields())[base::StrCat(index++)]);
    });
  }
  value.ForEachMember([&](std::string_view key, Value item) {
    return fits = fits && ReadFreeValue(item, depth + 1, &(*out->mutable_fields())[std::string(key)]);
  });
  return fits;
}

bool ReadFreeValue(Value value, int depth, google::protobuf::Value* out) {
  if (depth > kMaxFreeDepth) return false;
  switch (value.type()) {
    case Type::kNull:
      out->set_null_value(google::protobuf::NULL_VALUE);
      return true;
    case Type::kBool:
      out->set_bool_value(value.AsBool());
      return true;
    case Type::kInt:
      if (value.AsInt() > kExactDouble || value.AsInt() < -kExactDouble) {
        out->set_string_value(value.ToText());
      } else {
        out->set_number_value(static_cast<double>(value.AsInt()));
      }
      return true;
    case Type::kUint:
      out->set_string_value(value.ToText());
      return true;
    case Type::kDouble:
      out->set_number_value(value.AsDouble());
      return true;
    case Type::kString:
      out->set_string_value(std::string(value.AsString()));
      return true;
    case Type::kArray: {
      auto* list = out->mutable_list_value();
      bool fits = true;
      value.ForEachItem([&](Value item) { return fits = ReadFreeValue(item, depth + 1, list->add_values()); });
      return fits;
    }
    case Type::kObject:
      return ReadFreeStruct(value, depth, out->mutable_struct_value());
  }
  return false;
}

}  // namespace imbot::translate
