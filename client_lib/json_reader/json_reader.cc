#include "client_lib/json_reader/json_reader.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bitrix24/rest/options.pb.h"
#include "client_lib/json_reader/json_document.h"
#include "client_lib/json_reader/json_values.h"

namespace imbot::client {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using Type = JsonNode::Type;

constexpr std::array<std::string_view, 7> kIdentityKeys = {"botId",    "BOT_ID",    "botToken", "BOT_TOKEN",
                                                           "clientId", "CLIENT_ID", "auth"};

const bitrix24::rest::Field& OptionsOf(const FieldDescriptor& field) {
  return field.options().GetExtension(bitrix24::rest::field);
}

// Keys that differ in case and underscores alone: somebody mixed up the two APIs.
std::string Folded(std::string_view name) {
  std::string folded;
  for (const char c : name) {
    if (c != '_') folded.push_back(absl::ascii_tolower(static_cast<unsigned char>(c)));
  }
  return folded;
}

class RequestReader {
 public:
  explicit RequestReader(const bitrix24::rest::Method& method) : method_(method) {}

  void Read(const JsonNode& root, const FieldDescriptor* subject, Message* request) {
    subject_ = subject;
    if (root.is(Type::kList) && root.items.empty()) return;  // what PHP makes of no parameters
    if (!root.is(Type::kObject)) return problems_.Add("", root, "must be an object");
    ReadObject(root, request, "", "");
  }

  const Problems& problems() const { return problems_; }

 private:
  // A field, and the `inline` message that holds it, if any.
  struct Slot {
    const FieldDescriptor* field = nullptr;
    const FieldDescriptor* through = nullptr;
  };

  Slot Find(const Descriptor& type, std::string_view key) const {
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor& field = *type.field(i);
      if (&field == subject_) continue;
      if (!OptionsOf(field).inline_()) {
        if (field.json_name() == key) return {&field, nullptr};
        continue;
      }
      const Slot inner = Find(*field.message_type(), key);
      if (inner.field != nullptr) return {inner.field, &field};
    }
    return {};
  }

  std::string Suggestion(const Descriptor& type, std::string_view key) const {
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor& field = *type.field(i);
      if (&field == subject_) continue;
      if (OptionsOf(field).inline_()) {
        if (std::string inner = Suggestion(*field.message_type(), key); !inner.empty()) return inner;
      } else if (Folded(field.json_name()) == Folded(key)) {
        return field.json_name();
      }
    }
    return "";
  }

  // `place` is the path without indexes, as the options write it.
  bool IsIdentity(const Descriptor& type, const std::string& key, const std::string& place) const {
    if (place == method_.id_path() || place == method_.secret_path()) return true;
    if (place == key) return std::find(kIdentityKeys.begin(), kIdentityKeys.end(), key) != kIdentityKeys.end();
    return key == "BOT_ID" && type.full_name() == "bitrix24.types.v1.Keyboard";
  }

  void ReadObject(const JsonNode& object, Message* out, const std::string& path, const std::string& place) {
    const Descriptor& type = *out->GetDescriptor();
    for (const auto& [key, value] : object.members) {
      const std::string own_path = JoinPath(path, key);
      const std::string own_place = JoinPath(place, key);
      const Slot slot = Find(type, key);
      if (slot.field == nullptr) {
        if (IsIdentity(type, key, own_place)) continue;
        const std::string suggestion = Suggestion(type, key);
        problems_.Add(own_path, suggestion.empty() ? absl::StrCat("is no parameter of ", method_.name())
                                                   : absl::StrCat("is no parameter; did you mean ", suggestion, "?"));
        continue;
      }
      if (Clear(value, *slot.field, out)) continue;
      if (value.is(Type::kNull)) continue;  // PHP takes a null parameter for one that is not there
      Message* holder = out;
      if (slot.through != nullptr) {
        if (!Choose(*slot.through, *out, own_path)) continue;
        holder = out->GetReflection()->MutableMessage(out, slot.through);
      } else if (!Choose(*slot.field, *out, own_path)) {
        continue;
      }
      ReadField(value, *slot.field, holder, own_path, own_place);
    }
  }

  // False if another member of the field's oneof is set already.
  bool Choose(const FieldDescriptor& field, const Message& out, const std::string& path) {
    const auto* oneof = field.real_containing_oneof();
    if (oneof == nullptr) return true;
    const FieldDescriptor* chosen = out.GetReflection()->GetOneofFieldDescriptor(out, oneof);
    if (chosen == nullptr || chosen == &field) return true;
    problems_.Add(path, absl::StrCat("can't stand beside the parameters of ", chosen->name()));
    return false;
  }

  // Sets the field that clears `field`, if that is what the value means.
  static bool Clear(const JsonNode& value, const FieldDescriptor& field, Message* out) {
    const Descriptor& type = *out->GetDescriptor();
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor& clearing = *type.field(i);
      const auto& options = OptionsOf(clearing);
      if (clearing.type() != FieldDescriptor::TYPE_BOOL || options.clears() != field.json_name()) continue;
      if (!Clears(value, field, options.clear_as())) return false;
      out->GetReflection()->SetBool(out, &clearing, true);
      return true;
    }
    return false;
  }

  static bool Clears(const JsonNode& value, const FieldDescriptor& field, const std::string& clear_as) {
    // Any text but the one that clears is a text of its own here, "N" too.
    if (field.type() == FieldDescriptor::TYPE_STRING) {
      if (value.is(Type::kNull)) return clear_as == "null";
      return value.is(Type::kText) && clear_as == absl::StrCat("\"", value.text, "\"");
    }
    switch (value.type) {
      case Type::kNull:
        return true;
      case Type::kBool:
        return !value.flag;
      case Type::kText:
        return value.text.empty() || value.text == "N";
      case Type::kList:
        return value.items.empty();
      default:
        return false;
    }
  }

  void ReadField(const JsonNode& value, const FieldDescriptor& field, Message* out, const std::string& path,
                 const std::string& place) {
    if (field.is_map()) return ReadMap(value, field, out, path, place);
    if (field.is_repeated()) return ReadList(value, field, out, path, place);
    ReadValue(value, field, /*add=*/false, out, path, place);
  }

  void ReadMap(const JsonNode& value, const FieldDescriptor& field, Message* out, const std::string& path,
               const std::string& place) {
    if (value.is(Type::kList) && value.items.empty()) return;  // PHP's empty map
    if (!value.is(Type::kObject)) return problems_.Add(path, value, "must be an object");
    const Reflection& reflection = *out->GetReflection();
    for (const auto& [key, item] : value.members) {
      const std::string own_path = absl::StrCat(path, "[", key, "]");
      if (item.is(Type::kNull)) {
        const FieldDescriptor* nulls = NullsOf(field);
        if (nulls == nullptr) {
          problems_.Add(own_path, item, "nothing can be removed here");
        } else {
          reflection.AddString(out, nulls, key);
        }
        continue;
      }
      Message* entry = reflection.AddMessage(out, &field);
      entry->GetReflection()->SetString(entry, field.message_type()->map_key(), key);
      ReadValue(item, *field.message_type()->map_value(), /*add=*/false, entry, own_path, place);
    }
  }

  // The list of names that become null keys of a map.
  static const FieldDescriptor* NullsOf(const FieldDescriptor& map) {
    const Descriptor& type = *map.containing_type();
    for (int i = 0; i < type.field_count(); ++i) {
      if (OptionsOf(*type.field(i)).nulls_in() == map.json_name()) return type.field(i);
    }
    return nullptr;
  }

  void ReadList(const JsonNode& value, const FieldDescriptor& field, Message* out, const std::string& path,
                const std::string& place) {
    if (LooksLikeJson(value)) {
      ReadInner(value.text, path, [&](const JsonNode& inner) { ReadList(inner, field, out, path, place); });
    } else if (value.is(Type::kList)) {
      size_t index = 0;
      for (const JsonNode& item : value.items) {
        ReadValue(item, field, /*add=*/true, out, absl::StrCat(path, "[", index++, "]"), place);
      }
    } else if (value.is(Type::kObject) && field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      ReadValue(value, field, /*add=*/true, out, path, place);  // IMAGE: {...}, which is a list of one
    } else {
      problems_.Add(path, value, "must be a list");
    }
  }

  template <typename Then>
  void ReadInner(const std::string& text, const std::string& path, Then then) {
    const auto inner = ParseJson(text);
    if (!inner.ok())
      return problems_.Add(path, absl::StrCat("is a text that begins like JSON: ", inner.status().message()));
    then(*inner);
  }

  void ReadValue(const JsonNode& value, const FieldDescriptor& field, bool add, Message* out, const std::string& path,
                 const std::string& place) {
    const Reflection& reflection = *out->GetReflection();
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_BOOL: {
        const auto flag = ToBool(value);
        if (!flag.has_value()) return problems_.Add(path, value, R"(must be true, false, "Y" or "N")");
        return add ? reflection.AddBool(out, &field, *flag) : reflection.SetBool(out, &field, *flag);
      }
      case FieldDescriptor::CPPTYPE_INT64: {
        const auto number = ToInteger(value);
        if (!number.has_value()) return problems_.Add(path, value, "must be a whole number of 64 bits");
        return add ? reflection.AddInt64(out, &field, *number) : reflection.SetInt64(out, &field, *number);
      }
      case FieldDescriptor::CPPTYPE_INT32: {
        const auto number = ToInteger(value);
        if (!number.has_value() || *number < INT32_MIN || *number > INT32_MAX) {
          return problems_.Add(path, value, "must be a whole number of 32 bits");
        }
        const auto small = static_cast<int32_t>(*number);
        return add ? reflection.AddInt32(out, &field, small) : reflection.SetInt32(out, &field, small);
      }
      case FieldDescriptor::CPPTYPE_DOUBLE: {
        const auto number = ToDouble(value);
        if (!number.has_value()) return problems_.Add(path, value, "must be a number");
        return add ? reflection.AddDouble(out, &field, *number) : reflection.SetDouble(out, &field, *number);
      }
      case FieldDescriptor::CPPTYPE_STRING:
        return ReadText(value, field, add, out, path);
      case FieldDescriptor::CPPTYPE_ENUM:
        return ReadEnum(value, field, add, out, path);
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return ReadMessage(value, field, add, out, path, place);
      default:
        return problems_.Add(path, "has a type that no parameter has");
    }
  }

  void ReadText(const JsonNode& value, const FieldDescriptor& field, bool add, Message* out, const std::string& path) {
    const Reflection& reflection = *out->GetReflection();
    if (field.type() == FieldDescriptor::TYPE_STRING) {
      // An id as a number where the contract has a text: dialogId, ENTITY_ID.
      if (!value.is(Type::kText) && !value.is(Type::kInteger)) return problems_.Add(path, value, "must be a text");
      return add ? reflection.AddString(out, &field, value.text) : reflection.SetString(out, &field, value.text);
    }
    std::string bytes;
    if (!value.is(Type::kText) || !absl::Base64Unescape(value.text, &bytes)) {
      return problems_.Add(path, value, "must be base64, without a prefix such as `data:image/png;base64,`");
    }
    return add ? reflection.AddString(out, &field, std::move(bytes))
               : reflection.SetString(out, &field, std::move(bytes));
  }

  void ReadEnum(const JsonNode& value, const FieldDescriptor& field, bool add, Message* out, const std::string& path) {
    const Reflection& reflection = *out->GetReflection();
    std::vector<std::string> wires;
    for (int i = 0; i < field.enum_type()->value_count(); ++i) {
      const auto& candidate = *field.enum_type()->value(i);
      if (candidate.number() == 0) continue;
      const std::string& wire = candidate.options().GetExtension(bitrix24::rest::value).wire();
      if ((value.is(Type::kText) || value.is(Type::kInteger)) && value.text == wire) {
        return add ? reflection.AddEnum(out, &field, &candidate) : reflection.SetEnum(out, &field, &candidate);
      }
      wires.push_back(absl::StrCat("\"", wire, "\""));
    }
    const std::string list = absl::StrJoin(wires, ", ");
    if (value.is(Type::kText)) return problems_.Add(path, absl::StrCat("must be one of ", list));
    problems_.Add(path, value, absl::StrCat("must be one of ", list));
  }

  void ReadMessage(const JsonNode& value, const FieldDescriptor& field, bool add, Message* out, const std::string& path,
                   const std::string& place) {
    const Descriptor& type = *field.message_type();
    const auto target = [&] {
      const Reflection& reflection = *out->GetReflection();
      return add ? reflection.AddMessage(out, &field) : reflection.MutableMessage(out, &field);
    };
    if (type.file()->package() == "google.protobuf") return ReadWellKnown(value, target(), path, &problems_);
    if (LooksLikeJson(value)) {
      return ReadInner(value.text, path,
                       [&](const JsonNode& inner) { ReadMessage(inner, field, add, out, path, place); });
    }
    if (value.is(Type::kObject)) return ReadObject(value, target(), path, place);
    if (value.is(Type::kBool) && value.flag && OptionsOf(field).empty_as_true()) {
      target();
      return;
    }
    if (value.is(Type::kList)) {
      const FieldDescriptor* items = ItemsOf(type);
      if (items != nullptr) return ReadList(value, *items, target(), path, JoinPath(place, items->json_name()));
      if (value.items.empty()) {  // PHP's empty map
        target();
        return;
      }
    }
    problems_.Add(path, value, ItemsOf(type) == nullptr ? "must be an object" : "must be an object, or a list");
  }

  // What a bare list stands for: buttons of a keyboard, blocks of an attachment, items of a menu. It is the one list of
  // messages the type can't do without.
  static const FieldDescriptor* ItemsOf(const Descriptor& type) {
    const FieldDescriptor* items = nullptr;
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor& field = *type.field(i);
      if (!field.is_repeated() || field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE || field.is_map() ||
          !OptionsOf(field).required()) {
        continue;
      }
      if (items != nullptr) return nullptr;
      items = &field;
    }
    return items;
  }

  const bitrix24::rest::Method& method_;
  const FieldDescriptor* subject_ = nullptr;
  Problems problems_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Message>> ReadRequest(const google::protobuf::MethodDescriptor& method,
                                                     std::string_view json, const Subject& subject) {
  if (!method.options().HasExtension(bitrix24::rest::method)) {
    return absl::InvalidArgumentError(absl::StrCat(method.full_name(), " is no method of Bitrix24"));
  }
  const Message* prototype = google::protobuf::MessageFactory::generated_factory()->GetPrototype(method.input_type());
  if (prototype == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(method.input_type()->full_name(), " is not linked in"));
  }
  const bool nothing = json.find_first_not_of(" \t\r\n") == json.npos;
  const auto root = ParseJson(nothing ? "{}" : json);
  if (!root.ok()) return root.status();

  std::unique_ptr<Message> request(prototype->New());
  const FieldDescriptor* subject_field = method.input_type()->FindFieldByNumber(1);
  RequestReader reader(method.options().GetExtension(bitrix24::rest::method));
  reader.Read(*root, subject_field, request.get());
  if (!reader.problems().empty()) return absl::InvalidArgumentError(reader.problems().Text());
  if (subject_field != nullptr && subject_field->type() == FieldDescriptor::TYPE_STRING) {
    const std::string& name = subject_field->name() == "bot" ? subject.bot : subject.portal;
    if (!name.empty()) request->GetReflection()->SetString(request.get(), subject_field, name);
  }
  return request;
}

}  // namespace imbot::client
