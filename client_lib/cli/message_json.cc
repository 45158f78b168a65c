#include "client_lib/cli/message_json.h"

#include <vector>

#include "absl/strings/escaping.h"
#include "bitrix24/rest/options.pb.h"
#include "client_lib/cli/text.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/protobuf/util/time_util.h"

namespace imbot::cli {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

void WriteStruct(const google::protobuf::Struct& value, JsonWriter* writer);

void WriteAny(const google::protobuf::Value& value, JsonWriter* writer) {
  using google::protobuf::Value;
  switch (value.kind_case()) {
    case Value::kBoolValue:
      writer->Bool(value.bool_value());
      return;
    case Value::kNumberValue:
      writer->Double(value.number_value());
      return;
    case Value::kStringValue:
      writer->Text(value.string_value());
      return;
    case Value::kStructValue:
      return WriteStruct(value.struct_value(), writer);
    case Value::kListValue:
      writer->BeginList();
      for (const auto& item : value.list_value().values()) WriteAny(item, writer);
      writer->EndList();
      return;
    case Value::kNullValue:
    case Value::KIND_NOT_SET:
      writer->Null();
  }
}

void WriteStruct(const google::protobuf::Struct& value, JsonWriter* writer) {
  writer->BeginObject();
  for (const auto& [key, member] : value.fields()) WriteAny(member, &writer->Key(key));
  writer->EndObject();
}

// A message of another type with the same name and fields, as a dynamic one is.
template <typename Known>
Known As(const Message& message) {
  Known known;
  known.ParseFromString(message.SerializeAsString());
  return known;
}

// False: it is no well-known type.
bool WriteWellKnown(const Message& message, JsonWriter* writer) {
  using google::protobuf::util::TimeUtil;
  const std::string& name = message.GetDescriptor()->full_name();
  if (name == "google.protobuf.Timestamp") {
    writer->Text(TimeUtil::ToString(As<google::protobuf::Timestamp>(message)));
  } else if (name == "google.protobuf.Duration") {
    writer->Text(TimeUtil::ToString(As<google::protobuf::Duration>(message)));
  } else if (name == "google.protobuf.Struct") {
    WriteStruct(As<google::protobuf::Struct>(message), writer);
  } else if (name == "google.protobuf.Value") {
    WriteAny(As<google::protobuf::Value>(message), writer);
  } else if (name == "google.protobuf.ListValue") {
    google::protobuf::Value value;
    *value.mutable_list_value() = As<google::protobuf::ListValue>(message);
    WriteAny(value, writer);
  } else {
    return false;
  }
  return true;
}

// One value; `index` is -1 for a field that is no list.
void WriteValue(const Message& message, const FieldDescriptor& field, int index, JsonWriter* writer) {
  const Reflection& reflection = *message.GetReflection();
  const auto get = [&](auto single, auto repeated) {
    return index < 0 ? (reflection.*single)(message, &field) : (reflection.*repeated)(message, &field, index);
  };
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      writer->Bool(get(&Reflection::GetBool, &Reflection::GetRepeatedBool));
      return;
    case FieldDescriptor::CPPTYPE_INT32:
      writer->Integer(get(&Reflection::GetInt32, &Reflection::GetRepeatedInt32));
      return;
    case FieldDescriptor::CPPTYPE_INT64:
      writer->Integer(get(&Reflection::GetInt64, &Reflection::GetRepeatedInt64));
      return;
    case FieldDescriptor::CPPTYPE_UINT32:
      writer->Integer(get(&Reflection::GetUInt32, &Reflection::GetRepeatedUInt32));
      return;
    case FieldDescriptor::CPPTYPE_UINT64:
      writer->Integer(static_cast<int64_t>(get(&Reflection::GetUInt64, &Reflection::GetRepeatedUInt64)));
      return;
    case FieldDescriptor::CPPTYPE_DOUBLE:
      writer->Double(get(&Reflection::GetDouble, &Reflection::GetRepeatedDouble));
      return;
    case FieldDescriptor::CPPTYPE_FLOAT:
      writer->Double(get(&Reflection::GetFloat, &Reflection::GetRepeatedFloat));
      return;
    case FieldDescriptor::CPPTYPE_STRING: {
      const std::string text = get(&Reflection::GetString, &Reflection::GetRepeatedString);
      writer->Text(field.type() == FieldDescriptor::TYPE_BYTES ? absl::Base64Escape(text) : text);
      return;
    }
    case FieldDescriptor::CPPTYPE_ENUM: {
      const auto* value = get(&Reflection::GetEnum, &Reflection::GetRepeatedEnum);
      writer->Text(EnumText(*value));
      return;
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      WriteMessage(
          index < 0 ? reflection.GetMessage(message, &field) : reflection.GetRepeatedMessage(message, &field, index),
          writer);
  }
}

void WriteMap(const Message& message, const FieldDescriptor& field, JsonWriter* writer) {
  const Reflection& reflection = *message.GetReflection();
  writer->BeginObject();
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    const Message& entry = reflection.GetRepeatedMessage(message, &field, i);
    const FieldDescriptor& key = *field.message_type()->map_key();
    writer->Key(key.cpp_type() == FieldDescriptor::CPPTYPE_STRING
                    ? entry.GetReflection()->GetString(entry, &key)
                    : StrCat(entry.GetReflection()->GetInt64(entry, &key)));
    WriteValue(entry, *field.message_type()->map_value(), -1, writer);
  }
  writer->EndObject();
}

}  // namespace

std::string EnumText(const google::protobuf::EnumValueDescriptor& value) {
  const std::string& wire = value.options().GetExtension(bitrix24::rest::value).wire();
  if (!wire.empty()) return wire;
  // The first value is the prefix and UNSPECIFIED.
  std::string_view prefix = value.type()->value(0)->name();
  constexpr std::string_view kUnspecified = "UNSPECIFIED";
  if (!prefix.ends_with(kUnspecified)) return value.name();
  prefix.remove_suffix(kUnspecified.size());
  std::string_view name = value.name();
  if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
  return Lower(Replaced(name, '_', ' '));
}

void WriteMessage(const Message& message, JsonWriter* writer) {
  if (WriteWellKnown(message, writer)) return;
  const Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  writer->BeginObject();
  for (const FieldDescriptor* field : fields) {
    writer->Key(field->json_name());
    if (field->is_map()) {
      WriteMap(message, *field, writer);
    } else if (field->is_repeated()) {
      writer->BeginList();
      for (int i = 0; i < reflection.FieldSize(message, field); ++i) WriteValue(message, *field, i, writer);
      writer->EndList();
    } else {
      WriteValue(message, *field, -1, writer);
    }
  }
  writer->EndObject();
}

}  // namespace imbot::cli
