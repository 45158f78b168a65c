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

// Where a value stands: a name, an index or a key below another place. Its text is made only where there is something
// to say about it.
class Path {
 public:
  Path() = default;  // the request itself
  Path Field(std::string_view name) const { return Path(this, Step::kField, name, 0); }
  Path Item(int index) const { return Path(this, Step::kItem, {}, index); }
  Path Entry(std::string_view key) const { return Path(this, Step::kEntry, key, 0); }

  std::string Text() const {
    std::string text;
    AppendTo(&text);
    return text.empty() ? "(request)" : text;
  }

 private:
  enum class Step { kNone, kField, kItem, kEntry };

  Path(const Path* parent, Step step, std::string_view name, int index)
      : parent_(parent), step_(step), name_(name), index_(index) {}

  void AppendTo(std::string* text) const {
    if (parent_ != nullptr) parent_->AppendTo(text);
    switch (step_) {
      case Step::kNone:
        return;
      case Step::kField:
        return base::StrAppend(text, text->empty() ? "" : ".", name_);
      case Step::kItem:
        return base::StrAppend(text, "[", index_, "]");
      case Step::kEntry:
        return base::StrAppend(text, "[", name_, "]");
    }
  }

  const Path* parent_ = nullptr;  // lives as long as what it leads to is checked
  Step step_ = Step::kNone;
  std::string_view name_ = {};
  int index_ = 0;
};

class Validator {
 public:
  void Check(const Message& message, const MessagePlan& plan, const Path& path) {
    const auto& unknown = plan.reflection->GetUnknownFields(message);
    if (!unknown.empty()) {
      Add(path, base::StrCat("field number ", unknown.field(0).number(),
                             " is not known to this gateway: it is older than the caller's contract"));
    }
    SetFields set(message, plan);
    for (const FieldPlan& field : plan.fields) {
      if (set.Next(field)) {
        CheckField(message, field, plan, path);
      } else if (field.needed) {
        Add(field.inlined ? path : path.Field(field.name), "is required");
      }
    }
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

  void MissingBot(const FieldDescriptor* field) { Add(Path().Field(field->json_name()), "is required"); }

  std::vector<std::pair<std::string, std::string>> Take() { return std::move(violations_); }

 private:
  void Add(const Path& path, std::string description) { violations_.emplace_back(path.Text(), std::move(description)); }

  // A field that is set.
  void CheckField(const Message& message, const FieldPlan& field, const MessagePlan& plan, const Path& path) {
    const Reflection& reflection = *field.reflection;
    const Path own_path = field.inlined ? path : path.Field(field.name);
    if (field.clears) CheckClears(message, field, plan, path, own_path);
    if (field.names_nulls) CheckNulls(message, field, plan, own_path);
    if (!field.field->is_repeated()) return CheckValue(message, field, field.field, -1, own_path);
    const int size = reflection.FieldSize(message, field.field);
    CheckLength(field, static_cast<uint64_t>(size), "items", own_path);
    for (int i = 0; i < size; ++i) {
      if (field.is_map()) {
        const Message& entry = reflection.GetRepeatedMessage(message, field.field, i);
        const std::string key = field.entry_reflection->GetString(entry, field.map_key);
        const Path entry_path = own_path.Entry(key);
        if (key.empty()) Add(own_path, "a key must not be empty");
        CheckPattern(field, key, entry_path, "its key ");
        CheckValue(entry, field, field.map_value, -1, entry_path);
      } else {
        CheckValue(message, field, field.field, i, own_path.Item(i));
      }
    }
  }

  void CheckClears(const Message& message, const FieldPlan& field, const MessagePlan& plan, const Path& path,
                   const Path& own_path) {
    // On another type than bool the option leaves out what the gateway would add; there is nothing to collide with.
    if (!field.reflection->GetBool(message, field.field)) return;
    const FieldPlan* cleared = plan.Find(field.options.clears());
    if (cleared != nullptr && cleared->IsIn(message)) {
      Add(own_path,
          base::StrCat("clears ", path.Field(cleared->name).Text(), ", which is set too: leave one of them out"));
    }
  }

  void CheckNulls(const Message& message, const FieldPlan& field, const MessagePlan& plan, const Path& own_path) {
    const FieldPlan& map = *plan.Find(field.options.nulls_in());
    const Reflection& reflection = *field.reflection;
    std::set<std::string> names;
    for (int i = 0; i < reflection.FieldSize(message, field.field); ++i) {
      const std::string name = reflection.GetRepeatedString(message, field.field, i);
      if (name.empty()) Add(own_path.Item(i), "must not be empty");
      if (!names.insert(name).second) Add(own_path.Item(i), base::StrCat("`", name, "` is there twice"));
      for (int j = 0; j < reflection.FieldSize(message, map.field); ++j) {
        const Message& entry = reflection.GetRepeatedMessage(message, map.field, j);
        if (map.entry_reflection->GetString(entry, map.map_key) != name) continue;
        Add(own_path.Item(i), base::StrCat("`", name, "` is set in ", map.name, " too: leave one of them out"));
      }
    }
  }

  void CheckLength(const FieldPlan& field, uint64_t length, std::string_view unit, const Path& path) {
    if (field.options.max_length() > 0 && length > field.options.max_length()) {
      Add(path, base::StrCat("has ", length, " ", unit, ", at most ", field.options.max_length(), " are allowed"));
    }
    if (field.options.has_min() && static_cast<int64_t>(length) < field.options.min()) {
      if (length == 0) return Add(path, "must not be empty");
      Add(path, base::StrCat("has ", length, " ", unit, ", at least ", field.options.min(), " are needed"));
    }
  }

  void CheckPattern(const FieldPlan& field, std::string_view text, const Path& path, std::string_view what) {
    if (field.pattern != nullptr && !RE2::FullMatch(re2::StringPiece(text.data(), text.size()), *field.pattern)) {
      Add(path, base::StrCat(what, "must match ", field.options.pattern()));
    }
  }

  void CheckValue(const Message& message, const FieldPlan& field, const FieldDescriptor* descriptor, int index,
                  const Path& path) {
    const Reflection& reflection = field.ReflectionOf(descriptor);
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
                 const Path& path) {
    if (!field.limited) return;
    const Reflection& reflection = field.ReflectionOf(descriptor);
    std::string scratch;
    const std::string& text = index < 0 ? reflection.GetStringReference(message, descriptor, &scratch)
                                        : reflection.GetRepeatedStringReference(message, descriptor, index, &scratch);
    if (field.options.required() && text.empty())
      return Add(path, field.field->is_repeated() ? "must not be empty" : "is required");
    if (!field.field->is_repeated()) {
      const bool characters = field.kind == Kind::kString;
      // No text has more characters than bytes.
      const uint64_t most = field.options.max_length();
      const bool short_enough = !field.options.has_min() && (most == 0 || text.size() <= most);
      if (!short_enough)
        CheckLength(field, characters ? CountCharacters(text) : text.size(), characters ? "characters" : "bytes", path);
    }
    if (!field.is_map()) CheckPattern(field, text, path, "");
  }

  void CheckFree(const Message& free, Kind kind, const Path& path) {
    free_budget_exceeded_ = false;
    if (kind == Kind::kStruct) {
      CheckFreeStruct(static_cast<const google::protobuf::Struct&>(free), 1, path);
    } else if (kind == Kind::kListValue) {
      int i = 0;
      for (const auto& item : static_cast<const google::protobuf::ListValue&>(free).values())
        CheckFreeValue(item, 1, path.Item(i++));
    } else {
      CheckFreeValue(static_cast<const google::protobuf::Value&>(free), 1, path);
    }
  }

  void CheckFreeStruct(const google::protobuf::Struct& object, int depth, const Path& path) {
    for (const auto& [key, value] : object.fields()) CheckFreeValue(value, depth + 1, path.Field(key));
  }

  void CheckFreeValue(const google::protobuf::Value& value, int depth, const Path& path) {
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
        for (const auto& item : value.list_value().values()) CheckFreeValue(item, depth + 1, path.Item(i++));
        return;
      }
      default:
        return;
    }
  }

  // Page messages/attachments/block-collections/index.md: an element of BLOCKS has a single key.
  void CheckExactlyOne(const Message& message, const MessagePlan& plan, const Path& path) {
    std::vector<std::string_view> all, set;
    for (const FieldPlan& field : plan.fields) {
      all.push_back(field.name);
      if (field.IsIn(message)) set.push_back(field.name);
    }
    if (set.size() == 1) return;
    Add(path, base::StrCat("must have exactly one of ", base::StrJoin(all, ", "),
                           set.empty() ? "; it has none" : "; it has ", base::StrJoin(set, " and ")));
  }

  // Page messages/message-keyboards.md: a line break stands alone; every other button has a text and one action. The
  // portal drops other buttons silently (WIRE_FACTS 3), so they are refused here.
  void CheckButton(const Message& message, const MessagePlan& plan, const Path& path) {
    if (!Has(message, plan.action.type)) {
      if (!Has(message, plan.action.text)) Add(path.Field("TEXT"), "is required");
      return CheckAction(message, plan, path);
    }
    for (const FieldPlan& field : plan.fields) {
      if (&field != plan.action.type && field.IsIn(message))
        Add(path.Field(field.name), "a line break (TYPE) has no other fields");
    }
  }

  void CheckAction(const Message& message, const MessagePlan& plan, const Path& path) {
    const MessagePlan::Action& fields = plan.action;
    const bool link = Has(message, fields.link), command = Has(message, fields.command),
               action = Has(message, fields.action), app_id = Has(message, fields.app_id);
    if (link + command + action + app_id != 1) {
      std::vector<std::string_view> actions;
      for (const auto& [has, name] : {std::pair(link, "LINK"), std::pair(command, "COMMAND"),
                                      std::pair(action, "ACTION"), std::pair(app_id, "APP_ID")}) {
        if (has) actions.push_back(name);
      }
      Add(path, base::StrCat("needs exactly one of LINK, COMMAND, ACTION with ACTION_VALUE, APP_ID",
                             actions.empty() ? "; it has none" : "; it has ", base::StrJoin(actions, " and ")));
    }
    const bool action_value = Has(message, fields.action_value);
    CheckTogether("ACTION_VALUE", action_value, "ACTION", action, path);
    CheckTogether("ACTION", action, "ACTION_VALUE", action_value, path);
    CheckTogether("COMMAND_PARAMS", Has(message, fields.command_params), "COMMAND", command, path);
    CheckTogether("APP_PARAMS", Has(message, fields.app_params), "APP_ID", app_id, path);
  }

  void CheckTogether(std::string_view given, bool has_given, std::string_view needed, bool has_needed,
                     const Path& path) {
    if (has_given && !has_needed) Add(path.Field(needed), base::StrCat("is required, since ", given, " is set"));
  }

  // An empty text is none: the portal drops such a button.
  static bool Has(const Message& message, const FieldPlan* field) {
    if (field == nullptr || !field->IsIn(message)) return false;
    std::string scratch;
    return field->kind != Kind::kString || field->is_list() ||
           !field->reflection->GetStringReference(message, field->field, &scratch).empty();
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
  std::string scratch;
  if (method.subject == Subject::kBot &&
      request.GetReflection()->GetStringReference(request, method.subject_field, &scratch).empty()) {
    validator.MissingBot(method.subject_field);
  }
  validator.Check(request, *method.request_plan, Path());
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
