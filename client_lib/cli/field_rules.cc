#include "client_lib/cli/field_rules.h"

#include "client_lib/cli/text.h"

namespace imbot::cli {

using google::protobuf::FieldDescriptor;

namespace {

std::string SingleType(const FieldDescriptor& field, const bitrix24::rest::Field& rules,
                       bitrix24::rest::Dialect dialect) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL: {
      const bool yes_no = rules.has_yes_no() ? rules.yes_no() : dialect == bitrix24::rest::DIALECT_V1;
      return yes_no ? "\"Y\" or \"N\"" : "true or false";
    }
    case FieldDescriptor::CPPTYPE_STRING:
      return field.type() == FieldDescriptor::TYPE_BYTES ? "base64" : "text";
    case FieldDescriptor::CPPTYPE_ENUM: {
      std::vector<std::string> wires;
      for (int i = 0; i < field.enum_type()->value_count(); ++i) {
        const auto& value = *field.enum_type()->value(i);
        if (value.number() != 0)
          wires.push_back(StrCat("\"", value.options().GetExtension(bitrix24::rest::value).wire(), "\""));
      }
      return StrCat("one of ", Join(wires, ", "));
    }
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      const std::string& name = field.message_type()->full_name();
      if (name == "google.protobuf.Timestamp") return "time";
      if (name == "google.protobuf.Struct") return "any object";
      if (name == "google.protobuf.ListValue") return "any list";
      if (name == "google.protobuf.Value") return "any JSON";
      return IsShared(*field.message_type()) ? field.message_type()->name() : "object";
    }
    case FieldDescriptor::CPPTYPE_DOUBLE:
    case FieldDescriptor::CPPTYPE_FLOAT:
      return "number";
    default:
      return "integer";
  }
}

// What a length counts.
std::string_view Unit(const FieldDescriptor& field) {
  if (field.is_repeated()) return "items";
  return field.type() == FieldDescriptor::TYPE_BYTES ? "bytes" : "characters";
}

}  // namespace

const bitrix24::rest::Field& RulesOf(const FieldDescriptor& field) {
  return field.options().GetExtension(bitrix24::rest::field);
}

bool IsShared(const google::protobuf::Descriptor& message) {
  return std::string_view(message.file()->package()).starts_with("bitrix24.types.");
}

bool IsPlainMessage(const FieldDescriptor& field) {
  return field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && !field.is_map() &&
         !std::string_view(field.message_type()->file()->package()).starts_with("google.");
}

std::string TypeText(const FieldDescriptor& field, bitrix24::rest::Dialect dialect) {
  const bitrix24::rest::Field& rules = RulesOf(field);
  if (field.is_map()) return StrCat("object of ", SingleType(*field.message_type()->map_value(), rules, dialect));
  const std::string single = SingleType(field, rules, dialect);
  return field.is_repeated() ? StrCat("list of ", single) : single;
}

std::vector<std::string> LimitTexts(const FieldDescriptor& field) {
  const bitrix24::rest::Field& rules = RulesOf(field);
  const bool number = !field.is_repeated() && field.cpp_type() != FieldDescriptor::CPPTYPE_STRING;
  std::vector<std::string> limits;
  if (number && rules.has_min() && rules.has_max()) {
    limits.push_back(StrCat(rules.min(), " to ", rules.max()));
  } else if (number && rules.has_min()) {
    limits.push_back(StrCat(rules.min(), " or more"));
  } else if (number && rules.has_max()) {
    limits.push_back(StrCat("at most ", rules.max()));
  } else if (rules.has_min()) {
    limits.push_back(StrCat("at least ", rules.min(), " ", Unit(field)));
  }
  if (rules.max_length() > 0) limits.push_back(StrCat("at most ", rules.max_length(), " ", Unit(field)));
  if (!rules.pattern().empty()) limits.push_back(StrCat("matches ", rules.pattern()));
  return limits;
}

}  // namespace imbot::cli
