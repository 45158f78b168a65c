#include "service/config/yaml_to_proto.h"

#include <google/protobuf/descriptor.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <set>
#include <sstream>

#include "service/base/strings.h"

namespace imbot::config {
namespace {

using base::StrAppend;
using base::StrCat;
using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr char kDurationName[] = "google.protobuf.Duration";

Place PlaceOf(const YAML::Mark& mark) {
  return mark.is_null() ? Place() : Place{mark.line + 1, mark.column + 1};
}

// LOG_LEVEL_INFO -> info: the values' names share the enum's name as a prefix (buf's ENUM_VALUE_PREFIX).
std::string ShortName(const EnumValueDescriptor& value) {
  std::string prefix;
  for (const char c : value.type()->name()) {
    if (c >= 'A' && c <= 'Z' && !prefix.empty()) prefix.push_back('_');
    prefix.push_back(base::ToLower(c));
  }
  prefix.push_back('_');
  std::string name = base::ToLower(value.name());
  return name.starts_with(prefix) ? name.substr(prefix.size()) : name;
}

template <typename Number>
bool ParseNumber(std::string_view text, Number* out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  return error == std::errc() && end == text.data() + text.size();
}

template <typename Integer>
std::string IntegerWanted() {
  return StrCat("not a whole number from ", std::numeric_limits<Integer>::min(), " to ",
                std::numeric_limits<Integer>::max(), "; write it in decimal digits, without quotes");
}

// Where each document of a text begins.
class Documents : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override { begins.push_back(mark); }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}

  std::vector<YAML::Mark> begins;
};

// The first documents, two at most: YAML::LoadAll() never ends where the library's scanner stands still (`!a,`), which
// it then takes for one empty document after another.
std::vector<YAML::Mark> FirstDocuments(const std::string& yaml) {
  std::istringstream stream(yaml);
  YAML::Parser parser(stream);
  Documents documents;
  while (documents.begins.size() < 2 && parser.HandleNextDocument(documents)) continue;
  return documents.begins;
}

class Reader {
 public:
  Reader(const YamlHints& hints, PlaceMap* places, std::vector<Mistake>* mistakes)
      : hints_(hints), places_(places), mistakes_(mistakes) {}

  void ReadMessage(const YAML::Node& node, const std::string& path, Message* message) {
    const Descriptor& type = *message->GetDescriptor();
    if (!node.IsMap()) return Report(path, node, MessageWanted(node, type));
    std::set<std::string> seen;
    std::map<const google::protobuf::OneofDescriptor*, std::string> chosen;
    for (const auto& entry : node) {
      if (!entry.first.IsScalar()) {
        Report(path, entry.first, "a key is a list or a map; write a field's name");
        continue;
      }
      const std::string key = entry.first.Scalar();
      const std::string field_path = path.empty() ? key : StrCat(path, ".", key);
      const FieldDescriptor* const field = type.FindFieldByName(key);
      if (field == nullptr) {
        ReportUnknown(path, entry.first, key, type);
        continue;
      }
      places_->Add(field_path, PlaceOf(entry.first.Mark()));
      if (!seen.insert(key).second) {
        Report(field_path, entry.first, "stands here a second time; keep one");
        continue;
      }
      if (const auto* const oneof = field->real_containing_oneof(); oneof != nullptr) {
        const auto [earlier, first] = chosen.emplace(oneof, key);
        if (!first) {
          Report(field_path, entry.first, StrCat("stands beside `", earlier->second, "`; write only one of them"));
          continue;
        }
      }
      ReadField(entry.second, entry.first, field_path, *field, message);
    }
  }

 private:
  void Report(const std::string& path, const YAML::Node& node, std::string text) {
    mistakes_->push_back({path, PlaceOf(node.Mark()), std::move(text)});
  }

  // `key` itself is repeated only if it can be a field's name: anything else may be a value in the wrong place.
  void ReportUnknown(const std::string& path, const YAML::Node& node, const std::string& key, const Descriptor& type) {
    std::vector<std::string_view> names;
    for (int i = 0; i < type.field_count(); ++i) names.push_back(type.field(i)->name());
    const std::string_view nearest = Nearest(key, names);
    std::string text = "unknown field";
    if (!nearest.empty()) {
      StrAppend(&text, "; did you mean `", nearest, "`?");
    } else {
      StrAppend(&text, "; the fields here are ", base::StrJoin(names, ", "));
    }
    const bool showable =
        !nearest.empty() || (key.size() <= 40 && key.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == key.npos);
    const std::string shown = showable ? key : "?";
    Report(path.empty() ? shown : StrCat(path, ".", shown), node, std::move(text));
  }

  std::string MessageWanted(const YAML::Node& node, const Descriptor& type) const {
    if (node.IsScalar()) {
      const auto hint = hints_.instead_of_value.find(type.full_name());
      if (hint != hints_.instead_of_value.end()) return hint->second;
    }
    std::vector<std::string_view> names;
    for (int i = 0; i < type.field_count(); ++i) names.push_back(type.field(i)->name());
    return StrCat(node.IsSequence() ? "a list stands here" : "a single value stands here",
                  "; write fields: ", base::StrJoin(names, ", "));
  }

  void ReadField(const YAML::Node& node, const YAML::Node& key, const std::string& path, const FieldDescriptor& field,
                 Message* message) {
    if (node.IsNull()) return Report(path, key, "has no value; write one, or remove the line");
    if (!field.is_repeated()) return ReadValue(node, path, field, message);
    if (!node.IsSequence()) return Report(path, node, "not a list; write each item on its own line after `- `");
    const auto& reflection = *message->GetReflection();
    for (const YAML::Node& item : node) {
      const int index = reflection.FieldSize(*message, &field);
      const std::string item_path = StrCat(path, "[", index, "]");
      places_->Add(item_path, PlaceOf(item.Mark()));
      if (item.IsNull()) {
        Report(item_path, item, "an empty item; write a value, or remove it");
      } else {
        ReadValue(item, item_path, field, message);
      }
      // What could not be read leaves a gap: the indices in later mistakes must be those of the file.
      if (reflection.FieldSize(*message, &field) == index) AddDefault(field, message);
    }
  }

  static void AddDefault(const FieldDescriptor& field, Message* message) {
    const auto& reflection = *message->GetReflection();
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        return reflection.AddString(message, &field, "");
      case FieldDescriptor::CPPTYPE_BOOL:
        return reflection.AddBool(message, &field, false);
      case FieldDescriptor::CPPTYPE_INT32:
        return reflection.AddInt32(message, &field, 0);
      case FieldDescriptor::CPPTYPE_INT64:
        return reflection.AddInt64(message, &field, 0);
      case FieldDescriptor::CPPTYPE_UINT32:
        return reflection.AddUInt32(message, &field, 0);
      case FieldDescriptor::CPPTYPE_UINT64:
        return reflection.AddUInt64(message, &field, 0);
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return reflection.AddDouble(message, &field, 0);
      case FieldDescriptor::CPPTYPE_FLOAT:
        return reflection.AddFloat(message, &field, 0);
      case FieldDescriptor::CPPTYPE_ENUM:
        return reflection.AddEnumValue(message, &field, 0);
      case FieldDescriptor::CPPTYPE_MESSAGE:
        reflection.AddMessage(message, &field);
    }
  }

  void ReadValue(const YAML::Node& node, const std::string& path, const FieldDescriptor& field, Message* message) {
    const auto& reflection = *message->GetReflection();
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      Message* const inner =
          field.is_repeated() ? reflection.AddMessage(message, &field) : reflection.MutableMessage(message, &field);
      if (field.message_type()->full_name() == kDurationName) {
        // One that could not be read is not there, rather than zero: a default takes its place in later checks.
        if (!ReadDuration(node, path, inner) && !field.is_repeated()) reflection.ClearField(message, &field);
        return;
      }
      return ReadMessage(node, path, inner);
    }
    if (!node.IsScalar())
      return Report(
          path, node,
          node.IsMap() ? "fields stand here; write a single value" : "a list stands here; write a single value");
    const std::string& text = node.Scalar();
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        return field.is_repeated() ? reflection.AddString(message, &field, text)
                                   : reflection.SetString(message, &field, text);
      case FieldDescriptor::CPPTYPE_BOOL:
        if (text != "true" && text != "false") return Report(path, node, "not a boolean; write true or false");
        return field.is_repeated() ? reflection.AddBool(message, &field, text == "true")
                                   : reflection.SetBool(message, &field, text == "true");
      case FieldDescriptor::CPPTYPE_INT32:
        return ReadNumber<int32_t>(node, path, field, message, &google::protobuf::Reflection::SetInt32,
                                   &google::protobuf::Reflection::AddInt32);
      case FieldDescriptor::CPPTYPE_INT64:
        return ReadNumber<int64_t>(node, path, field, message, &google::protobuf::Reflection::SetInt64,
                                   &google::protobuf::Reflection::AddInt64);
      case FieldDescriptor::CPPTYPE_UINT32:
        return ReadNumber<uint32_t>(node, path, field, message, &google::protobuf::Reflection::SetUInt32,
                                    &google::protobuf::Reflection::AddUInt32);
      case FieldDescriptor::CPPTYPE_UINT64:
        return ReadNumber<uint64_t>(node, path, field, message, &google::protobuf::Reflection::SetUInt64,
                                    &google::protobuf::Reflection::AddUInt64);
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return ReadNumber<double>(node, path, field, message, &google::protobuf::Reflection::SetDouble,
                                  &google::protobuf::Reflection::AddDouble);
      case FieldDescriptor::CPPTYPE_FLOAT:
        return ReadNumber<float>(node, path, field, message, &google::protobuf::Reflection::SetFloat,
                                 &google::protobuf::Reflection::AddFloat);
      case FieldDescriptor::CPPTYPE_ENUM:
        return ReadEnum(node, path, field, message);
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return;
    }
  }

  template <typename Number>
  void ReadNumber(const YAML::Node& node, const std::string& path, const FieldDescriptor& field, Message* message,
                  void (google::protobuf::Reflection::*set)(Message*, const FieldDescriptor*, Number) const,
                  void (google::protobuf::Reflection::*add)(Message*, const FieldDescriptor*, Number) const) {
    Number value{};
    // The tag `!` marks what was quoted: "5" is a text.
    if (node.Tag() == "!" || !ParseNumber(node.Scalar(), &value)) {
      if constexpr (std::is_integral_v<Number>) return Report(path, node, IntegerWanted<Number>());
      return Report(path, node, "not a number; write for example 0.5, without quotes");
    }
    if constexpr (std::is_floating_point_v<Number>) {
      if (!std::isfinite(value)) return Report(path, node, "not a finite number");
    }
    (message->GetReflection()->*(field.is_repeated() ? add : set))(message, &field, value);
  }

  void ReadEnum(const YAML::Node& node, const std::string& path, const FieldDescriptor& field, Message* message) {
    const EnumDescriptor& type = *field.enum_type();
    std::vector<std::string> names;
    for (int i = 0; i < type.value_count(); ++i) {
      const EnumValueDescriptor& value = *type.value(i);
      if (value.number() == 0) continue;  // UNSPECIFIED: leave the field out
      names.push_back(ShortName(value));
      if (node.Scalar() != names.back() && node.Scalar() != value.name()) continue;
      const auto& reflection = *message->GetReflection();
      return field.is_repeated() ? reflection.AddEnum(message, &field, &value)
                                 : reflection.SetEnum(message, &field, &value);
    }
    Report(path, node, StrCat("not one of the known values; write ", base::StrJoin(names, ", ")));
  }

  bool ReadDuration(const YAML::Node& node, const std::string& path, Message* duration) {
    int64_t seconds = 0;
    int32_t nanos = 0;
    if (!node.IsScalar() || !ParseDuration(node.Scalar(), &seconds, &nanos)) {
      Report(path, node, "not a duration; write a number with its unit, such as 30s, 250ms or 1m30s");
      return false;
    }
    const Descriptor& type = *duration->GetDescriptor();
    duration->GetReflection()->SetInt64(duration, type.FindFieldByName("seconds"), seconds);
    duration->GetReflection()->SetInt32(duration, type.FindFieldByName("nanos"), nanos);
    return true;
  }

  const YamlHints& hints_;
  PlaceMap* const places_;
  std::vector<Mistake>* const mistakes_;
};

}  // namespace

bool ParseDuration(std::string_view text, int64_t* seconds, int32_t* nanos) {
  struct Unit {
    std::string_view name;
    int64_t nanos;
  };
  // Longer names first: `m` is the beginning of `ms`.
  static constexpr Unit kUnits[] = {{"ns", 1},
                                    {"us", 1'000},
                                    {"ms", 1'000'000},
                                    {"s", 1'000'000'000},
                                    {"m", 60'000'000'000},
                                    {"h", 3'600'000'000'000}};
  const auto take_digits = [&text] {
    const size_t end = std::min(text.find_first_not_of("0123456789"), text.size());
    const std::string_view digits = text.substr(0, end);
    text.remove_prefix(end);
    return digits;
  };
  if (text.empty()) return false;
  int64_t total = 0;  // nanoseconds: up to 292 years
  while (!text.empty()) {
    int64_t whole = 0;
    if (!ParseNumber(take_digits(), &whole)) return false;
    long double fraction = 0;
    if (text.starts_with('.')) {
      text.remove_prefix(1);
      const std::string_view digits = take_digits();
      if (digits.empty()) return false;
      for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit) fraction = (fraction + (*digit - '0')) / 10;
    }
    const Unit* unit = nullptr;
    for (const Unit& candidate : kUnits) {
      if (unit == nullptr && text.starts_with(candidate.name)) unit = &candidate;
    }
    if (unit == nullptr) return false;
    text.remove_prefix(unit->name.size());
    int64_t part = 0;
    if (__builtin_mul_overflow(whole, unit->nanos, &part) || __builtin_add_overflow(total, part, &total) ||
        __builtin_add_overflow(total, std::llround(fraction * static_cast<long double>(unit->nanos)), &total)) {
      return false;
    }
  }
  *seconds = total / 1'000'000'000;
  *nanos = static_cast<int32_t>(total % 1'000'000'000);
  return true;
}

bool YamlToProto(std::string_view yaml, const YamlHints& hints, google::protobuf::Message* message, PlaceMap* places,
                 std::vector<Mistake>* mistakes) {
  const size_t before = mistakes->size();
  // The library throws for what is no YAML.
  try {
    const std::string text(yaml);
    const std::vector<YAML::Mark> documents = FirstDocuments(text);
    const YAML::Node root = documents.size() == 1 ? YAML::Load(text) : YAML::Node();
    if (documents.size() > 1) {
      mistakes->push_back({"", PlaceOf(documents[1]), "a second document begins; write one, without `---` in between"});
    } else if (root.IsNull()) {
      mistakes->push_back({"", {}, "the file is empty"});
    } else {
      Reader(hints, places, mistakes).ReadMessage(root, "", message);
    }
  } catch (const YAML::Exception& error) {
    mistakes->push_back({"", PlaceOf(error.mark), StrCat("not YAML: ", error.msg)});
  }
  SortByPlace(mistakes);
  return mistakes->size() == before;
}

}  // namespace imbot::config
