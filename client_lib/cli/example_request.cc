#include "client_lib/cli/example_request.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "client_lib/cli/field_rules.h"
#include "client_lib/cli/text.h"

namespace imbot::cli {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

struct Sample {
  std::string_view part;  // of the pattern or of the name
  std::string_view value;
};
// The first that is part of a field's pattern.
constexpr Sample kByPattern[] = {
    {"https", "https://example.com/"},
    {"#(", "#2a9df4"},
    {"{4}-", "2001-02-03"},
    {"{8}-", "0b7c2d5e-6f3a-4c1d-9e8f-7a6b5c4d3e2f"},
    {"[a-z]{2}", "en"},
    {"\\d{2}:", "12:30"},
};
// The first that is part of a field's name, in lower case.
constexpr Sample kByName[] = {
    {"dialog", "chat5"}, {"message", "Hello"},
    {"text", "Hello"},   {"title", "Title"},
    {"code", "support"}, {"reaction", "like"},
    {"command", "help"}, {"lang", "en"},
    {"name", "Support"}, {"color", "mint"},
    {"link", "/"},       {"params", "1"},
    {"type", "bot"},     {"event", "https://example.com/"},
};

std::string_view SampleText(const FieldDescriptor& field) {
  const std::string& pattern = RulesOf(field).pattern();
  for (const Sample& sample : kByPattern) {
    if (!pattern.empty() && Contains(pattern, sample.part)) return sample.value;
  }
  const std::string name = Lower(field.json_name());
  for (const Sample& sample : kByName) {
    if (Contains(name, sample.part)) return sample.value;
  }
  return "x";
}

class Writer {
 public:
  Writer(const MethodEntry& method, JsonWriter* writer)
      : dialect_(method.options->dialect()), subject_(&method.subject()), writer_(*writer) {}

  void Object(const Descriptor& type) {
    writer_.BeginObject();
    Members(type);
    writer_.EndObject();
  }

 private:
  // What an example can't be without; at least one parameter, where there is one.
  std::vector<const FieldDescriptor*> Chosen(const Descriptor& type) const {
    std::vector<const FieldDescriptor*> chosen;
    const FieldDescriptor* spare = nullptr;
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor& field = *type.field(i);
      if (&field == subject_) continue;
      const auto* oneof = field.real_containing_oneof();
      const bool first_kind = oneof != nullptr && oneof->field(0) == &field;
      if (RulesOf(field).required() || first_kind) chosen.push_back(&field);
      const bool plain = oneof == nullptr && !field.is_repeated() && RulesOf(field).clears().empty();
      if (spare == nullptr && plain) spare = &field;
    }
    if (chosen.empty() && spare != nullptr) chosen.push_back(spare);
    return chosen;
  }

  void Members(const Descriptor& type) {
    for (const FieldDescriptor* field : Chosen(type)) {
      if (RulesOf(*field).inline_()) {
        Members(*field->message_type());
        continue;
      }
      writer_.Key(field->json_name());
      if (field->is_map()) {
        writer_.BeginObject().Key(SampleText(*field));
        Single(*field->message_type()->map_value());
        writer_.EndObject();
      } else if (field->is_repeated()) {
        writer_.BeginList();
        Single(*field);
        writer_.EndList();
      } else {
        Single(*field);
      }
    }
  }

  void Single(const FieldDescriptor& field) {
    const bitrix24::rest::Field& rules = RulesOf(field);
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_BOOL:
        if (rules.has_yes_no() ? rules.yes_no() : dialect_ == bitrix24::rest::DIALECT_V1) {
          writer_.Text("Y");
        } else {
          writer_.Bool(true);
        }
        return;
      case FieldDescriptor::CPPTYPE_ENUM:
        writer_.Text(field.enum_type()->value(1)->options().GetExtension(bitrix24::rest::value).wire());
        return;
      case FieldDescriptor::CPPTYPE_STRING:
        writer_.Text(field.type() == FieldDescriptor::TYPE_BYTES ? "SGVsbG8gV29ybGQh" : SampleText(field));
        return;
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return Message(*field.message_type());
      default:
        writer_.Integer(std::max<int64_t>(1, rules.min()));
    }
  }

  void Message(const Descriptor& type) {
    const std::string& name = type.full_name();
    if (name == "google.protobuf.Timestamp") {
      writer_.Text("2026-01-01T00:00:00Z");
    } else if (std::string_view(name).starts_with("google.protobuf.")) {
      writer_.BeginObject().EndObject();
    } else {
      Object(type);
    }
  }

  const bitrix24::rest::Dialect dialect_;
  const FieldDescriptor* const subject_;
  JsonWriter& writer_;
};

}  // namespace

void WriteExample(const MethodEntry& method, JsonWriter* writer) {
  Writer(method, writer).Object(*method.descriptor->input_type());
}

}  // namespace imbot::cli
