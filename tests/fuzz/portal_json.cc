#include "tests/fuzz/portal_json.h"

#include <nlohmann/json.hpp>
#include <vector>

#include "absl/strings/escaping.h"
#include "bitrix24/rest/options.pb.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/protobuf/util/time_util.h"
#include "tests/fuzz/finding.h"

namespace imbot::fuzz {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using Json = nlohmann::json;

const bitrix24::rest::Field& OptionsOf(const FieldDescriptor& field) {
  return field.options().GetExtension(bitrix24::rest::field);
}

class Writer {
 public:
  explicit Writer(bool v1) : v1_(v1) {}

  void WriteFields(const Message& message, Json* object) const {
    std::vector<const FieldDescriptor*> fields;
    message.GetReflection()->ListFields(message, &fields);
    for (const FieldDescriptor* field : fields) {
      if (OptionsOf(*field).inline_()) {
        WriteFields(message.GetReflection()->GetMessage(message, field), object);
      } else {
        (*object)[field->json_name()] = Field(message, *field);
      }
    }
  }

  Json Field(const Message& message, const FieldDescriptor& field) const {
    const Reflection& reflection = *message.GetReflection();
    if (!field.is_repeated()) return Value(message, field, field, -1);
    Json list = field.is_map() ? Json::object() : Json::array();
    for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
      if (!field.is_map()) {
        list.push_back(Value(message, field, field, i));
        continue;
      }
      const Message& entry = reflection.GetRepeatedMessage(message, &field, i);
      const std::string key = entry.GetReflection()->GetString(entry, field.message_type()->map_key());
      list[key] = Value(entry, *field.message_type()->map_value(), field, -1);
    }
    return list;
  }

 private:
  // `field` itself, or item `index` of it; `holder` has the options.
  Json Value(const Message& message, const FieldDescriptor& field, const FieldDescriptor& holder, int index) const {
    const Reflection& reflection = *message.GetReflection();
    const auto& options = OptionsOf(holder);
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_BOOL: {
        const bool value =
            index < 0 ? reflection.GetBool(message, &field) : reflection.GetRepeatedBool(message, &field, index);
        if (options.has_yes_no() ? options.yes_no() : v1_) return value ? "Y" : "N";
        return value;
      }
      case FieldDescriptor::CPPTYPE_INT32:
        return index < 0 ? reflection.GetInt32(message, &field) : reflection.GetRepeatedInt32(message, &field, index);
      case FieldDescriptor::CPPTYPE_INT64: {
        const int64_t value =
            index < 0 ? reflection.GetInt64(message, &field) : reflection.GetRepeatedInt64(message, &field, index);
        if (options.as_string()) return std::to_string(value);
        return value;
      }
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return index < 0 ? reflection.GetDouble(message, &field) : reflection.GetRepeatedDouble(message, &field, index);
      case FieldDescriptor::CPPTYPE_STRING: {
        const std::string value =
            index < 0 ? reflection.GetString(message, &field) : reflection.GetRepeatedString(message, &field, index);
        return field.type() == FieldDescriptor::TYPE_BYTES ? absl::Base64Escape(value) : value;
      }
      case FieldDescriptor::CPPTYPE_ENUM: {
        const auto* value =
            index < 0 ? reflection.GetEnum(message, &field) : reflection.GetRepeatedEnum(message, &field, index);
        return value->options().GetExtension(bitrix24::rest::value).wire();
      }
      case FieldDescriptor::CPPTYPE_MESSAGE: {
        const Message& inner =
            index < 0 ? reflection.GetMessage(message, &field) : reflection.GetRepeatedMessage(message, &field, index);
        return Inner(inner, options.empty_as_true());
      }
      default:
        Fail("a response has a field of a kind that no portal sends", field.full_name());
    }
  }

  Json Inner(const Message& inner, bool empty_as_true) const {
    const std::string& type = inner.GetDescriptor()->full_name();
    if (type == "google.protobuf.Timestamp") {
      return google::protobuf::util::TimeUtil::ToString(static_cast<const google::protobuf::Timestamp&>(inner));
    }
    if (type == "google.protobuf.Value") return Free(static_cast<const google::protobuf::Value&>(inner));
    if (type == "google.protobuf.Struct") return Free(static_cast<const google::protobuf::Struct&>(inner));
    if (type == "google.protobuf.ListValue") return Free(static_cast<const google::protobuf::ListValue&>(inner));
    Json object = Json::object();
    WriteFields(inner, &object);
    if (empty_as_true && object.empty()) return true;
    return object;
  }

  static Json Free(const google::protobuf::Value& value) {
    switch (value.kind_case()) {
      case google::protobuf::Value::kBoolValue:
        return value.bool_value();
      case google::protobuf::Value::kNumberValue:
        return value.number_value();
      case google::protobuf::Value::kStringValue:
        return value.string_value();
      case google::protobuf::Value::kStructValue:
        return Free(value.struct_value());
      case google::protobuf::Value::kListValue:
        return Free(value.list_value());
      default:
        return nullptr;
    }
  }
  static Json Free(const google::protobuf::Struct& object) {
    Json out = Json::object();
    for (const auto& [key, value] : object.fields()) out[key] = Free(value);
    return out;
  }
  static Json Free(const google::protobuf::ListValue& list) {
    Json out = Json::array();
    for (const auto& value : list.values()) out.push_back(Free(value));
    return out;
  }

  const bool v1_;
};

}  // namespace

std::string PortalJson(const Message& response, bool v1) {
  const Writer writer(v1);
  Json body = Json::object();
  const FieldDescriptor* whole = nullptr;
  const auto& type = *response.GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    if (OptionsOf(*type.field(i)).whole_result()) whole = type.field(i);
  }
  std::vector<const FieldDescriptor*> set;
  response.GetReflection()->ListFields(response, &set);
  if (whole == nullptr) {
    body["result"] = Json::object();
    writer.WriteFields(response, &body["result"]);
    return body.dump();
  }
  body["result"] = nullptr;
  for (const FieldDescriptor* field : set) {
    // Beside the result stand `next` and `total`, in the envelope.
    body[field == whole ? "result" : field->json_name()] = writer.Field(response, *field);
  }
  return body.dump();
}

}  // namespace imbot::fuzz
