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
  bitrix24::rest::Field options;
  std::string name;           // on the wire
  Kind kind = Kind::kString;  // of the value; of a map, of its values
  bool yes_no = false;
  const google::protobuf::FieldDescriptor* map_key = nullptr;
  const google::protobuf::FieldDescriptor* map_value = nullptr;
  const MessagePlan* message = nullptr;                 // kMessage
  std::vector<std::pair<int, std::string>> enum_wires;  // number, text on the wire; without UNSPECIFIED
  std::unique_ptr<RE2> pattern;
  const FieldPlan* nulls_from = nullptr;  // a map's: the list of names that become null keys

  bool is_map() const { return map_value != nullptr; }
  bool is_list() const { return field->is_repeated() && !is_map(); }
};

struct MessagePlan {
  const google::protobuf::Descriptor* descriptor = nullptr;
  Special special = Special::kNone;
  std::vector<FieldPlan> fields;
  // Index in `fields` by name on the wire, for decoding: exactly, and folded (see FoldName).
  std::unordered_map<std::string_view, size_t> by_name;
  std::unordered_map<std::string, size_t> by_folded_name;
  // Fields that, when set, leave out what their `clears` names. Nearly always none.
  std::vector<const FieldPlan*> suppressors;
  // The field that is `result` itself; null if there is none.
  const FieldPlan* whole_result = nullptr;

  const FieldPlan* Find(std::string_view name) const {
    const auto it = by_name.find(name);
    return it == by_name.end() ? nullptr : &fields[it->second];
  }
};

// Lower case, without underscores: `CHAT_ID`, `chatId` and `chat_id` are one name to the decoder.
std::string FoldName(std::string_view name);

}  // namespace imbot::translate

#endif  // IMBOT_SERVICE_TRANSLATE_MESSAGE_PLAN_H_
