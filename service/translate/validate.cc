#include "service/translate/validate.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "google/protobuf/struct.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/protobuf/unknown_field_set.h"
#include "re2/re2.h"
#include "service/base/error.h"
#include "service/base/strings.h"
#include "service/translate/message_plan.h"

namespace imbot::translate {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// Deeper user-defined values would not survive protobuf's own limit of 100 nested messages on the way.
constexpr int kMaxFreeDepth = 30;

class Validator {
 public:
  void Check(const Message& message, const MessagePlan& plan, const std::string& path) {
    const Reflection& reflection = *message.GetReflection();
    const auto& unknown = reflection.GetUnknownFields(message);
    if (!unknown.empty()) {
      Add(path, base::StrCat("field number ", unknown.field(0).number(),
                             " is not known to this gateway: it is older than the caller's contract"));
    }
    for (const FieldPlan& field : plan.fields) CheckField(message, field, plan, path);
    switch (plan.special) {
      case Special::kAttachBlock:
        CheckExactlyOne(message, plan, path);
        break;
      case Special::kKeyboardButton:
        CheckButton(message, plan, path);
        break;
      case Special::kMenuItem:
        CheckAction(message, plan, path);  // that its TEXT is required, its own option says
        break;
      case Special::kKeyboard:
      case Special::kNone:
        break;
    }
  }

  void MissingBot(const FieldDescriptor* field) { Add(field->json_name(), "is required"); }

  std::vector<std::pair<std::string, std::string>> Take() { return std::move(violations_); }

 private:
  void Add(const std::string& path, std::string description) {
    violations_.emplace_back(path.empty() ? "(request)" : path, std::move(description));
  }

  static bool Present(const Message& message, const FieldPlan& field) {
    const Reflection& reflection = *message.GetReflection();
    return field.field->is_repeated() ? reflection.FieldSize(message, field.field) > 0
                                      : reflection.HasField(message, field.field);
  }

  static std::string Join(const std::string& path, std::string_view name) {
    return path.empty() ? std::string(name) : base::StrCat(path, ".", name);
  }

  void CheckField(const Message& message, const FieldPlan& field, const MessagePlan& plan, const std::string& path) {
    const Reflection& reflection = *message.GetReflection();
    const std::string own_path = field.options.inline_() ? path : Join(path, field.name);
    if (!Present(message, field)) {
      if (field.options.required() && !field.options.chunked()) Add(own_path, "is required");
      return;
    }
    if (!field.options.clears().empty()) CheckClears(message, field, plan, path, own_path);
    if (!field.options.nulls_in().empty()) CheckNulls(message, field, plan, own_path);
    if (field.field->is_repeated()) {
      const int size = reflection.FieldSize(message, field.field);
      CheckLength(field, static_cast<uint64_t>(size), "items", own_path);
      for (int i = 0; i < size; ++i) {
        if (field.is_map()) {
          const Message& entry = reflection.GetRepeatedMessage(message, field.field, i);
          const std::string key = entry.GetReflection()->GetString(entry, field.map_key);
          const std::string entry_path = base::StrCat(own_path, "[", key, "]");
          if (key.empty()) Add(own_path, "a key must not be empty");
          CheckPattern(field, key, entry_path, "its key ");
          CheckValue(entry, field, field.map_value, -1, entry_path);
        } else {
          CheckValue(message, field, field.field, i, base::StrCat(own_path, "[", i, "]"));
        }
      }
      return;
    }
    CheckValue(message, field, field.field, -1, own_path);
  }

  void CheckClears(const Message& message, const FieldPlan& field, const MessagePlan& plan, const std::string& path,
                   const std::string& own_path) {
    // On another type than bool the option leaves out what the gateway would add; there is nothing to collide with.
    if (field.kind != Kind::kBool || !message.GetReflection()->GetBool(message, field.field)) return;
    const FieldPlan* cleared = plan.Find(field.options.clears());
    if (cleared != nullptr && Present(message, *cleared)) {
      Add(own_path, base::StrCat("clears ", Join(path, cleared->name), ", which is set too: leave one of them out"));
    }
  }

  void CheckNulls(const Message& message, const FieldPlan& field, const MessagePlan& plan,
                  const std::string& own_path) {
    const FieldPlan& map = *plan.Find(field.options.nulls_in());
    const Reflection& reflection = *message.GetReflection();
    std::set<std::string> names;
    for (int i = 0; i < reflection.FieldSize(message, field.field); ++i) {
      const std::string name = reflection.GetRepeatedString(message, field.field, i);
      if (name.empty()) Add(base::StrCat(own_path, "[", i, "]"), "must not be empty");
      if (!names.insert(name).second)
        Add(base::StrCat(own_path, "[", i, "]"), base::StrCat("`", name, "` is there twice"));
      for (int j = 0; j < reflection.FieldSize(message, map.field); ++j) {
        const Message& entry = reflection.GetRepeatedMessage(message, map.field, j);
        if (entry.GetReflection()->GetString(entry, map.map_key) != name) continue;
        Add(base::StrCat(own_path, "[", i, "]"),
            base::StrCat("`", name, "` is set in ", map.name, " too: leave one of them out"));
      }
    }
  }

  void CheckLength(const FieldPlan& field, uint64_t length, std::string_view unit, const std::string& path) {
    if (field.options.max_length() > 0 && length > field.options.max_length()) {
      Add(path, base::StrCat("has ", length, " ", unit, ", at most ", field.options.max_length(), " are allowed"));
    }
    if (field.options.has_min() && static_cast<int64_t>(length) < field.options.min()) {
      if (length == 0) return Add(path, "must not be empty");
      Add(path, base::StrCat("has ", length, " ", unit, ", at least ", field.options.min(), " are needed"));
    }
  }

  void CheckPattern(const FieldPlan& field, std::string_view text, const std::string& path, std::string_view what) {
    if (field.pattern != nullptr && !RE2::FullMatch(re2::StringPiece(text.data(), text.size()), *field.pattern)) {
      Add(path, base::StrCat(what, "must match ", field.options.pattern()));
    }
  }

  void CheckValue(const Message& message, const FieldPlan& field, const FieldDescriptor* descriptor, int index,
                  const std::string& path) {
    const Reflection& reflection = *message.GetReflection();
    switch (field.kind) {
      case Kind::kBool:
        return;
      case Kind::kInt: {
        int64_t value = 0;
        if (descriptor->cpp_type() == FieldDescriptor::CPPTYPE_INT32) {
          value = index < 0 ? reflection.GetInt32(message, descriptor)
                            : reflection.GetRepeatedInt32(message, descriptor, index);
        } else {
          value = index < 0 ? reflection.GetInt64(message, descriptor)
                            : reflection.GetRepeatedInt64(message, descriptor, index);
        }
        // On a list or a map the limits speak of its size.
        if (field.field->is_repeated()) return;
        if (field.options.has_min() && value < field.options.min())
          Add(path, base::StrCat("is ", value, ", the least is ", field.options.min()));
        if (field.options.has_max() && value > field.options.max())
          Add(path, base::StrCat("is ", value, ", the greatest is ", field.options.max()));
        return;
      }
      case Kind::kDouble: {
        const double value = index < 0 ? reflection.GetDouble(message, descriptor)
                                       : reflection.GetRepeatedDouble(message, descriptor, index);
        if (!std::isfinite(value)) return Add(path, "must be a finite number");
        if (field.field->is_repeated()) return;
        if (field.options.has_min() && value < static_cast<double>(field.options.min()))
          Add(path, base::StrCat("the least is ", field.options.min()));
        if (field.options.has_max() && value > static_cast<double>(field.options.max()))
          Add(path, base::StrCat("the greatest is ", field.options.max()));
        return;
      }
      case Kind::kString:
      case Kind::kBytes:
        return CheckText(message, field, descriptor, index, path);
      case Kind::kEnum: {
        const int value = index < 0 ? reflection.GetEnumValue(message, descriptor)
                                    : reflection.GetRepeatedEnumValue(message, descriptor, index);
        const bool known = std::any_of(field.enum_wires.begin(), field.enum_wires.end(),
                                       [&](const auto& wire) { return wire.first == value; });
        if (!known) {
          Add(path, base::StrCat("must be one of ",
                                 base::StrJoin(field.enum_wires, ", ", [](const auto& wire) { return wire.second; })));
        }
        return;
      }
      case Kind::kTimestamp: {
        const auto& time = static_cast<const google::protobuf::Timestamp&>(
            index < 0 ? reflection.GetMessage(message, descriptor)
                      : reflection.GetRepeatedMessage(message, descriptor, index));
        // google/protobuf/timestamp.proto: the years 1 to 9999.
        if (time.seconds() < -62135596800 || time.seconds() > 253402300799 || time.nanos() < 0 ||
            time.nanos() > 999999999) {
          Add(path, "is no instant of the years 1 to 9999");
        }
        return;
      }
      case Kind::kStruct:
      case Kind::kValue:
      case Kind::kListValue: {
        const Message& free = index < 0 ? reflection.GetMessage(message, descriptor)
                                        : reflection.GetRepeatedMessage(message, descriptor, index);
        return CheckFree(free, field.kind, path);
      }
      case Kind::kMessage: {
        const Message& inner = index < 0 ? reflection.GetMessage(message, descriptor)
                                         : reflection.GetRepeatedMessage(message, descriptor, index);
        return Check(inner, *field.message, path);
      }
    }
  }

  void CheckText(const Message& message, const FieldPlan& field, const FieldDescriptor* descriptor, int index,
                 const std::string& path) {
    const Reflection& reflection = *message.GetReflection();
    std::string scratch;
    const std::string& text = index < 0 ? reflection.GetStringReference(message, descriptor, &scratch)
                                        : reflection.GetRepeatedStringReference(message, descriptor, index, &scratch);
    if (field.options.required() && text.empty())
      return Add(path, field.field->is_repeated() ? "must not be empty" : "is required");
    if (!field.field->is_repeated()) {
      const bool characters = field.kind == Kind::kString;
      CheckLength(field, characters ? CountCharacters(text) : text.size(), characters ? "characters" : "bytes", path);
    }
    if (!field.is_map()) CheckPattern(field, text, path, "");
  }

  void CheckFree(const Message& free, Kind kind, const std::string& path) {
    free_budget_exceeded_ = false;
    if (kind == Kind::kStruct) {
      CheckFreeStruct(static_cast<const google::protobuf::Struct&>(free), 1, path);
    } else if (kind == Kind::kListValue) {
      int i = 0;
      for (const auto& item : static_cast<const google::protobuf::ListValue&>(free).values())
        CheckFreeValue(item, 1, base::StrCat(path, "[", i++, "]"));
    } else {
      CheckFreeValue(static_cast<const google::protobuf::Value&>(free), 1, path);
    }
  }

  void CheckFreeStruct(const google::protobuf::Struct& object, int depth, const std::string& path) {
    for (const auto& [key, value] : object.fields()) CheckFreeValue(value, depth + 1, base::StrCat(path, ".", key));
  }

  void CheckFreeValue(const google::protobuf::Value& value, int depth, const std::string& path) {
    if (depth > kMaxFreeDepth) {
      if (!std::exchange(free_budget_exceeded_, true))
        Add(path, base::StrCat("nests deeper than ", kMaxFreeDepth, " levels"));
      return;
    }
    switch (value.kind_case()) {
      case google::protobuf::Value::kNumberValue:
        if (!std::isfinite(value.number_value())) Add(path, "must be a finite number");
        return;
      case google::protobuf::Value::kStructValue:
        return CheckFreeStruct(value.struct_value(), depth, path);
      case google::protobuf::Value::kListValue: {
        int i = 0;
        for (const auto& item : value.list_value().values())
          CheckFreeValue(item, depth + 1, base::StrCat(path, "[", i++, "]"));
        return;
      }
      default:
        return;
    }
  }

  // Page messages/attachments/block-collections/index.md: an element of BLOCKS has a single key.
  void CheckExactlyOne(const Message& message, const MessagePlan& plan, const std::string& path) {
    std::vector<std::string_view> all, set;
    for (const FieldPlan& field : plan.fields) {
      all.push_back(field.name);
      if (Present(message, field)) set.push_back(field.name);
    }
    if (set.size() == 1) return;
    Add(path, base::StrCat("must have exactly one of ", base::StrJoin(all, ", "),
                           set.empty() ? "; it has none" : "; it has ", base::StrJoin(set, " and ")));
  }

  // Page messages/message-keyboards.md: a line break stands alone; every other button has a text and one action. The
  // portal drops other buttons silently (WIRE_FACTS 3), so they are refused here.
  void CheckButton(const Message& message, const MessagePlan& plan, const std::string& path) {
    if (!Has(message, plan, "TYPE")) {
      if (!Has(message, plan, "TEXT")) Add(Join(path, "TEXT"), "is required");
      return CheckAction(message, plan, path);
    }
    for (const FieldPlan& field : plan.fields) {
      if (field.name != "TYPE" && Present(message, field))
        Add(Join(path, field.name), "a line break (TYPE) has no other fields");
    }
  }

  void CheckAction(const Message& message, const MessagePlan& plan, const std::string& path) {
    std::vector<std::string_view> actions;
    for (const std::string_view name : {"LINK", "COMMAND", "ACTION", "APP_ID"}) {
      if (Has(message, plan, name)) actions.push_back(name);
    }
    if (actions.size() != 1) {
      Add(path, base::StrCat("needs exactly one of LINK, COMMAND, ACTION with ACTION_VALUE, APP_ID",
                             actions.empty() ? "; it has none" : "; it has ", base::StrJoin(actions, " and ")));
    }
    CheckTogether(message, plan, path, "ACTION_VALUE", "ACTION");
    CheckTogether(message, plan, path, "ACTION", "ACTION_VALUE");
    CheckTogether(message, plan, path, "COMMAND_PARAMS", "COMMAND");
    CheckTogether(message, plan, path, "APP_PARAMS", "APP_ID");
  }

  void CheckTogether(const Message& message, const MessagePlan& plan, const std::string& path, std::string_view given,
                     std::string_view needed) {
    if (Has(message, plan, given) && !Has(message, plan, needed))
      Add(Join(path, needed), base::StrCat("is required, since ", given, " is set"));
  }

  // An empty text is none: the portal drops such a button.
  static bool Has(const Message& message, const MessagePlan& plan, std::string_view name) {
    const FieldPlan* field = plan.Find(name);
    if (field == nullptr || !Present(message, *field)) return false;
    std::string scratch;
    return field->kind != Kind::kString || field->is_list() ||
           !message.GetReflection()->GetStringReference(message, field->field, &scratch).empty();
  }

  std::vector<std::pair<std::string, std::string>> violations_;
  bool free_budget_exceeded_ = false;
};

}  // namespace

size_t CountCharacters(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

absl::Status Validate(const MethodSpec& method, const Message& request) {
  Validator validator;
  // No portal means the default portal, of which the contract knows nothing.
  if (method.subject == Subject::kBot && request.GetReflection()->GetString(request, method.subject_field).empty()) {
    validator.MissingBot(method.subject_field);
  }
  validator.Check(request, *method.request_plan, "");
  const auto violations = validator.Take();
  if (violations.empty()) return absl::OkStatus();
  // The first one is in the text too, for those who read no details.
  std::string message = base::StrCat(method.name(), ": ", violations[0].first, " ", violations[0].second);
  if (violations.size() > 1)
    base::StrAppend(&message, " (and ", violations.size() - 1, " more; see the BadRequest detail)");
  base::Error error(absl::StatusCode::kInvalidArgument, "VALIDATION_FAILED", message);
  for (const auto& [path, description] : violations) error.Violation(path, description);
  return error.Metadata("method", method.name()).Build();
}

}  // namespace imbot::translate
