#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "tests/conformance/compare.h"

namespace imbot::conformance {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

const bitrix24::rest::Field& OptionsOf(const FieldDescriptor& field) {
  return field.options().GetExtension(bitrix24::rest::field);
}

Json FreeJson(const google::protobuf::Value& value);

Json FreeJson(const google::protobuf::Struct& object) {
  Json json = Json::object();
  for (const auto& [key, value] : object.fields()) json[key] = FreeJson(value);
  return json;
}

Json FreeJson(const google::protobuf::Value& value) {
  switch (value.kind_case()) {
    case google::protobuf::Value::kNumberValue:
      return value.number_value();
    case google::protobuf::Value::kStringValue:
      return value.string_value();
    case google::protobuf::Value::kBoolValue:
      return value.bool_value();
    case google::protobuf::Value::kStructValue:
      return FreeJson(value.struct_value());
    case google::protobuf::Value::kListValue: {
      Json list = Json::array();
      for (const auto& item : value.list_value().values()) list.push_back(FreeJson(item));
      return list;
    }
    default:
      return nullptr;
  }
}

class ResponseComparison {
 public:
  explicit ResponseComparison(Uses* uses) : uses_(*uses) {}

  std::vector<std::string> Run(const Json& result, const Message& response) {
    const Descriptor& type = *response.GetDescriptor();
    for (int i = 0; i < type.field_count(); ++i) {
      if (!OptionsOf(*type.field(i)).whole_result()) continue;
      const bool wrapped = result.is_object() && result.size() == 1 && result.contains("result");
      if (wrapped) uses_.Note(Equivalence::kWrapped);
      CompareField(wrapped ? result.at("result") : result, *type.field(i), response, "result");
      return std::move(differences_);
    }
    CompareMessage(result, response, "result");
    return std::move(differences_);
  }

 private:
  void Differ(const std::string& path, const std::string& what) { differences_.push_back(path + ": " + what); }

  void CompareMessage(const Json& object, const Message& message, const std::string& path) {
    if (!object.is_object()) return Differ(path, "a message was made of " + object.dump());
    const Descriptor& type = *message.GetDescriptor();
    std::set<const FieldDescriptor*> seen;
    for (const auto& [key, value] : object.items()) {
      const std::string own_path = path + "." + key;
      const FieldDescriptor* field = nullptr;
      for (int i = 0; i < type.field_count(); ++i) {
        if (type.field(i)->json_name() == key) field = type.field(i);
      }
      if (field != nullptr) {
        seen.insert(field);
        CompareField(value, *field, message, own_path);
      } else if (key == "downloadUrl") {
        uses_.Note(Equivalence::kDownloadUrl);
      } else if (key == "auth") {
        uses_.Note(Equivalence::kAuth);
      } else {
        Differ(own_path, "lost: " + type.full_name() + " has no such field");
      }
    }
    std::vector<const FieldDescriptor*> set;
    message.GetReflection()->ListFields(message, &set);
    for (const FieldDescriptor* field : set) {
      if (!seen.contains(field)) Differ(path + "." + field->json_name(), "set, but not in the example");
    }
  }

  // Whether null, or false where it stands for nothing, was left unset.
  bool IsNothing(const Json& value, const FieldDescriptor& field, const Message& message, const std::string& path) {
    const bool is_null = value.is_null();
    const bool is_false = value == Json(false) && field.cpp_type() != FieldDescriptor::CPPTYPE_BOOL;
    if (!is_null && !is_false) return false;
    const Reflection& reflection = *message.GetReflection();
    const bool set =
        field.is_repeated() ? reflection.FieldSize(message, &field) > 0 : reflection.HasField(message, &field);
    if (set) Differ(path, "is set, although the example has " + value.dump());
    uses_.Note(is_null ? Equivalence::kNull : Equivalence::kFalse);
    return true;
  }

  void CompareField(const Json& value, const FieldDescriptor& field, const Message& message, const std::string& path) {
    if (IsNothing(value, field, message, path)) return;
    const Reflection& reflection = *message.GetReflection();
    if (field.is_map()) return CompareMap(value, field, message, path);
    if (field.is_repeated()) return CompareList(value, field, message, path);
    if (!reflection.HasField(message, &field)) return Differ(path, "lost: " + value.dump());
    CompareValue(value, field, -1, message, path);
  }

  void CompareMap(const Json& value, const FieldDescriptor& field, const Message& message, const std::string& path) {
    const Reflection& reflection = *message.GetReflection();
    const int size = reflection.FieldSize(message, &field);
    if (static_cast<size_t>(size) != value.size()) return Differ(path, "not as many entries");
    for (int i = 0; i < size; ++i) {
      const Message& entry = reflection.GetRepeatedMessage(message, &field, i);
      const std::string key = entry.GetReflection()->GetString(entry, field.message_type()->map_key());
      if (!value.contains(key)) {
        Differ(path, "has the key " + key);
      } else {
        CompareValue(value.at(key), *field.message_type()->map_value(), -1, entry, path + "[" + key + "]");
      }
    }
  }

  void CompareList(const Json& value, const FieldDescriptor& field, const Message& message, const std::string& path) {
    const Reflection& reflection = *message.GetReflection();
    const auto size = static_cast<size_t>(reflection.FieldSize(message, &field));
    if (!value.is_array() && !value.is_object()) return Differ(path, "a list was made of " + value.dump());
    if (size != value.size()) return Differ(path, std::to_string(size) + " items, not " + std::to_string(value.size()));
    int index = 0;
    for (const auto& [key, item] : value.items()) {
      const std::string own_path = path + "[" + key + "]";
      if (value.is_object()) {
        // The key is lost: each item must say it again.
        const bool repeated = OptionsOf(field).map_values() &&
                              (item == key || (item.is_object() && item.contains("ID") && item.at("ID").dump() == key));
        if (!repeated) Differ(own_path, "lost: the key");
        uses_.Note(Equivalence::kMapById);
      }
      CompareValue(item, field, index++, message, own_path);
    }
  }

  // The field itself, or item `index` of a list.
  void CompareValue(const Json& value, const FieldDescriptor& field, int index, const Message& message,
                    const std::string& path) {
    const Reflection& reflection = *message.GetReflection();
    const auto expect = [&](const Json& got) {
      if (got != value) Differ(path, "is " + got.dump() + " instead of " + value.dump());
    };
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_BOOL: {
        const bool got =
            index < 0 ? reflection.GetBool(message, &field) : reflection.GetRepeatedBool(message, &field, index);
        if (!value.is_string()) return expect(got);
        uses_.Note(Equivalence::kBooleanText);
        if (value != Json(got ? "Y" : "N")) Differ(path, "is not " + value.dump());
        return;
      }
      case FieldDescriptor::CPPTYPE_INT64:
        return expect(index < 0 ? reflection.GetInt64(message, &field)
                                : reflection.GetRepeatedInt64(message, &field, index));
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return expect(index < 0 ? reflection.GetDouble(message, &field)
                                : reflection.GetRepeatedDouble(message, &field, index));
      case FieldDescriptor::CPPTYPE_STRING:
        return expect(index < 0 ? reflection.GetString(message, &field)
                                : reflection.GetRepeatedString(message, &field, index));
      case FieldDescriptor::CPPTYPE_MESSAGE: {
        const Message& inner =
            index < 0 ? reflection.GetMessage(message, &field) : reflection.GetRepeatedMessage(message, &field, index);
        const std::string& type = field.message_type()->full_name();
        if (type == "google.protobuf.Struct")
          return expect(FreeJson(static_cast<const google::protobuf::Struct&>(inner)));
        if (type == "google.protobuf.Value")
          return expect(FreeJson(static_cast<const google::protobuf::Value&>(inner)));
        if (type == "google.protobuf.Timestamp") {
          return CompareTime(value, static_cast<const google::protobuf::Timestamp&>(inner), path);
        }
        return CompareMessage(value, inner, path);
      }
      default:
        return Differ(path, "has a type that no response has");
    }
  }

  void CompareTime(const Json& value, const google::protobuf::Timestamp& time, const std::string& path) {
    absl::Time instant;
    if (!value.is_string() || !absl::ParseTime(absl::RFC3339_full, value.get<std::string>(), &instant, nullptr)) {
      return Differ(path, value.dump() + " became a time");
    }
    if (absl::ToUnixSeconds(instant) != time.seconds() || time.nanos() != 0) Differ(path, "is another instant");
    uses_.Note(Equivalence::kZone);
  }

  Uses& uses_;
  std::vector<std::string> differences_;
};

// What stands in an `auth` block; the older API puts it beside the bot's id as well.
constexpr std::array<std::string_view, 14> kAuthKeys = {
    "AUTH",   "access_token", "refresh_token", "application_token", "client_id", "client_endpoint",
    "domain", "expires",      "expires_in",    "member_id",         "scope",     "server_endpoint",
    "status", "user_id"};

void FindKeysWithoutField(const Json& data, const Descriptor& type, const std::string& path, Uses* uses,
                          std::vector<std::string>* missing) {
  for (const auto& [key, value] : data.items()) {
    const std::string own_path = path.empty() ? key : path + "." + key;
    const FieldDescriptor* field = nullptr;
    for (int i = 0; i < type.field_count(); ++i) {
      if (type.field(i)->json_name() == key) field = type.field(i);
    }
    if (field == nullptr) {
      if (std::find(kAuthKeys.begin(), kAuthKeys.end(), key) != kAuthKeys.end()) {
        uses->Note(Equivalence::kAuth);
      } else {
        missing->push_back(own_path);
      }
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && value.is_object()) {
      if (!OptionsOf(*field).map_values()) {
        FindKeysWithoutField(value, *field->message_type(), own_path, uses, missing);
        continue;
      }
      for (const auto& [id, item] : value.items()) {
        FindKeysWithoutField(item, *field->message_type(), own_path + "[" + id + "]", uses, missing);
      }
    }
  }
}

}  // namespace

std::vector<std::string> KeysWithoutField(const Json& data, const Descriptor& type, Uses* uses) {
  std::vector<std::string> missing;
  FindKeysWithoutField(data, type, "", uses, &missing);
  return missing;
}

std::vector<std::string> CompareResponse(const Json& result, const Message& response, Uses* uses) {
  return ResponseComparison(uses).Run(result, response);
}

}  // namespace imbot::conformance
