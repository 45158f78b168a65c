// How one message type travels: worked out once from its descriptor and options, then only walked.
//
// Built by MethodTable; immutable afterwards and thread-safe. Private to translate/.
#ifndef IMBOT_SERVICE_TRANSLATE_MESSAGE_PLAN_H_
#define IMBOT_SERVICE_TRANSLATE_MESSAGE_PLAN_H_

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "bitrix24/rest/options.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "re2/re2.h"

namespace imbot::translate {

enum class Kind { kBool, kInt, kDouble, kString, kBytes, kEnum, kTimestamp, kStruct, kValue, kListValue, kMessage };

// Shared messages whose rules reach across their fields.
enum class Special {
  kNone,
  kKeyboard,        // bitrix24.types.v1.Keyboard: BOT_ID is added
  kAttachBlock,     // exactly one block
  kKeyboardButton,  // a line break alone, or a text with one action
  kMenuItem,        // a text with one action
};

struct MessagePlan;

struct FieldPlan {
  const google::protobuf::FieldDescriptor* field = nullptr;
  // Of the message that holds the field; of a map, that of its entries. Kept here since asking a message for it takes
  // as long as the rest of reading a number.
  const google::protobuf::Reflection* reflection = nullptr;
  const google::protobuf::Reflection* entry_reflection = nullptr;
  bitrix24::rest::Field options;
  std::string name;           // on the wire
  bool plain_name = false;    // letters, digits and underscores alone: the same in a query string
  std::string json_key;       // `"name":`
  Kind kind = Kind::kString;  // of the value; of a map, of its values
  bool yes_no = false;
  const google::protobuf::FieldDescriptor* map_key = nullptr;
  const google::protobuf::FieldDescriptor* map_value = nullptr;
  const MessagePlan* message = nullptr;                 // kMessage
  std::vector<std::pair<int, std::string>> enum_wires;  // number, text on the wire; without UNSPECIFIED
  std::unique_ptr<RE2> pattern;
  const FieldPlan* nulls_from = nullptr;  // a map's: the list of names that become null keys
  // What of the options every request asks for.
  bool inlined = false;      // `inline`
  bool clears = false;       // a bool with `clears`: sends `clear_as` under that name
  bool names_nulls = false;  // `nulls_in`
  bool needed = false;       // `required`, and not only while chunks arrive
  bool handler_url = false;  // a URL to which the portal would send events
  bool limited = false;      // a text or a number that not every value of its type is fit for

  bool is_map() const { return map_value != nullptr; }
  bool is_list() const { return field->is_repeated() && !is_map(); }
  // Whether `holder` has it; of a list or a map, whether it has an item.
  bool IsIn(const google::protobuf::Message& holder) const {
    return field->is_repeated() ? reflection->FieldSize(holder, field) > 0 : reflection->HasField(holder, field);
  }
  // Of the message that holds `descriptor`, which is this field or the value of an entry.
  const google::protobuf::Reflection& ReflectionOf(const google::protobuf::FieldDescriptor* descriptor) const {
    return descriptor == field ? *reflection : *entry_reflection;
  }
};

struct MessagePlan {
  const google::protobuf::Descriptor* descriptor = nullptr;
  const google::protobuf::Reflection* reflection = nullptr;
  Special special = Special::kNone;
  std::vector<FieldPlan> fields;           // in the order of their numbers
  std::vector<const FieldPlan*> by_index;  // the same by FieldDescriptor::index()
  bool nulls = false;                      // whether one has `nulls_from`
  // Index in `fields` by name on the wire, for decoding: exactly, and folded (see FoldName).
  std::unordered_map<std::string_view, size_t> by_name;
  std::unordered_map<std::string, size_t> by_folded_name;
  // Fields that, when set, leave out what their `clears` names. Nearly always none.
  std::vector<const FieldPlan*> suppressors;
  // The field that is `result` itself; null if there is none.
  const FieldPlan* whole_result = nullptr;
  // Of a keyboard's button and a menu's item: what their rule is about. Null elsewhere.
  struct Action {
    const FieldPlan* type = nullptr;
    const FieldPlan* text = nullptr;
    const FieldPlan* link = nullptr;
    const FieldPlan* command = nullptr;
    const FieldPlan* command_params = nullptr;
    const FieldPlan* action = nullptr;
    const FieldPlan* action_value = nullptr;
    const FieldPlan* app_id = nullptr;
    const FieldPlan* app_params = nullptr;
  } action;

  const FieldPlan* Find(std::string_view name) const {
    const auto it = by_name.find(name);
    return it == by_name.end() ? nullptr : &fields[it->second];
  }
};

// Which fields of a message are set: one look at the whole message costs less than asking reflection about each. The
// lists are used again by the thread's next ones.
class SetFields {
 public:
  SetFields(const google::protobuf::Message& message, const MessagePlan& plan) {
    if (auto& spare = Spare(); !spare.empty()) {
      set_ = std::move(spare.back());
      spare.pop_back();
    }
    plan.reflection->ListFields(message, &set_);
  }
  ~SetFields() {
    set_.clear();
    Spare().push_back(std::move(set_));
  }
  SetFields(const SetFields&) = delete;
  SetFields& operator=(const SetFields&) = delete;
  // In the order of their numbers.
  const std::vector<const google::protobuf::FieldDescriptor*>& all() const { return set_; }
  // Whether `field` is one of them. REQUIRES: every field of the plan in turn.
  bool Next(const FieldPlan& field) {
    if (next_ == set_.size() || set_[next_] != field.field) return false;
    ++next_;
    return true;
  }

 private:
  using List = std::vector<const google::protobuf::FieldDescriptor*>;
  // As many as messages have been nested.
  static std::vector<List>& Spare() {
    thread_local std::vector<List> spare;
    return spare;
  }

  List set_;
  size_t next_ = 0;
};

// Lower case, without underscores: `CHAT_ID`, `chatId` and `chat_id` are one name to the decoder.
std::string FoldName(std::string_view name);

}  // namespace imbot::translate

#endif  // IMBOT_SERVICE_TRANSLATE_MESSAGE_PLAN_H_
