#include "service/translate/decode.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/time/time.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "service/base/error.h"
#include "service/base/strings.h"
#include "service/translate/free_value.h"
#include "service/translate/message_plan.h"

namespace imbot::translate {
namespace {

using base::json::Type;
using base::json::Value;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr int64_t kExactDouble = int64_t{1} << 53;

std::optional<int64_t> ToInt(Value value) {
  switch (value.type()) {
    case Type::kInt:
      return value.AsInt();
    case Type::kDouble: {
      const double number = value.AsDouble();
      if (std::trunc(number) == number && std::abs(number) <= static_cast<double>(kExactDouble))
        return static_cast<int64_t>(number);
      return std::nullopt;
    }
    case Type::kString: {
      const std::string_view text = base::Trim(value.AsString());
      int64_t number = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
      if (error == std::errc() && end == text.data() + text.size()) return number;
      return std::nullopt;
    }
    default:
      return std::nullopt;  // null and false are nothing; true where an id was expected is nothing too, never 1
  }
}

std::optional<double> ToDouble(Value value) {
  if (value.is(Type::kInt)) return static_cast<double>(value.AsInt());
  if (value.is(Type::kUint)) return static_cast<double>(value.AsUint());
  if (value.is(Type::kDouble)) return value.AsDouble();
  double number = 0;
  if (value.is(Type::kString) && absl::SimpleAtod(std::string(value.AsString()), &number) && std::isfinite(number))
    return number;
  return std::nullopt;
}

std::optional<bool> ToBool(Value value) {
  switch (value.type()) {
    case Type::kBool:
      return value.AsBool();
    case Type::kInt:
      return value.AsInt() != 0;
    case Type::kString: {
      const std::string_view text = value.AsString();
      if (base::EqualsIgnoreCase(text, "Y") || base::EqualsIgnoreCase(text, "true") || text == "1") return true;
      if (base::EqualsIgnoreCase(text, "N") || base::EqualsIgnoreCase(text, "false") || text == "0") return false;
      return std::nullopt;
    }
    default:
      return std::nullopt;
  }
}

std::optional<std::string> ToString(Value value) {
  switch (value.type()) {
    case Type::kString:
      return std::string(value.AsString());
    case Type::kInt:
    case Type::kUint:
    case Type::kDouble:
      return value.ToText();
    default:
      return std::nullopt;  // `string|false`: nothing
  }
}

// What a Timestamp can hold: the years 1 to 9999.
std::optional<absl::Time> InRange(absl::Time time) {
  static constexpr int64_t kFirst = -62135596800, kLast = 253402300799;
  const int64_t seconds = absl::ToUnixSeconds(time);
  if (seconds < kFirst || seconds > kLast) return std::nullopt;
  return time;
}

std::optional<absl::Time> ToTime(Value value) {
  if (value.is(Type::kDouble) && value.AsDouble() > 0 && value.AsDouble() < 1e11)
    return absl::FromUnixMicros(static_cast<int64_t>(value.AsDouble() * 1e6));
  // Unix seconds, as a text too.
  if (const auto seconds = ToInt(value); seconds.has_value())
    return *seconds > 0 ? InRange(absl::FromUnixSeconds(*seconds)) : std::nullopt;
  if (!value.is(Type::kString)) return std::nullopt;
  const std::string text(value.AsString());
  absl::Time time;
  for (const char* format :
       {"%Y-%m-%d%ET%H:%M:%E*S%Ez", "%Y-%m-%d %H:%M:%E*S%Ez", "%Y-%m-%d%ET%H:%M:%E*S", "%Y-%m-%d %H:%M:%E*S"}) {
    // It reads "infinite-future" and years of five digits too.
    if (absl::ParseTime(format, text, &time, nullptr)) return InRange(time);
  }
  return std::nullopt;
}

// What PHP has for "there is none" where an object was expected.
bool IsNothing(Value value) {
  switch (value.type()) {
    case Type::kNull:
      return true;
    case Type::kBool:
      return !value.AsBool();
    case Type::kInt:
      return value.AsInt() == 0;
    case Type::kString:
      return value.AsString().empty() || value.AsString() == "0";
    case Type::kArray:
      return value.size() == 0;
    default:
      return false;
  }
}

class Decoder {
 public:
  // False if something nests deeper than a protobuf reader would accept.
  [[nodiscard]] bool DecodeMessage(Value object, const MessagePlan& plan, Message* out, int depth) {
    if (depth > kMaxFreeDepth) return false;
    // Which value a field gets: its exact name before other spellings, and a value before a null.
    struct Candidate {
      std::optional<Value> exact, folded;
    };
    std::vector<Candidate> candidates(plan.fields.size());
    const auto offer = [](std::optional<Value>* slot, Value value) {
      if (!slot->has_value() || (*slot)->is(Type::kNull)) *slot = value;
    };
    object.ForEachMember([&](std::string_view key, Value value) {
      if (const auto it = plan.by_name.find(key); it != plan.by_name.end()) {
        offer(&candidates[it->second].exact, value);
      } else if (const auto folded = plan.by_folded_name.find(FoldName(key)); folded != plan.by_folded_name.end()) {
        offer(&candidates[folded->second].folded, value);
      }
      return true;
    });
    for (size_t i = 0; i < plan.fields.size(); ++i) {
      const FieldPlan& field = plan.fields[i];
      if (field.inlined) {
        // Set only if something of it is there: in a oneof the others must stay.
        std::unique_ptr<Message> inner(field.reflection->GetMessage(*out, field.field).New());
        if (!DecodeMessage(object, *field.message, inner.get(), depth + 1)) return false;
        if (inner->ByteSizeLong() > 0) field.reflection->MutableMessage(out, field.field)->CopyFrom(*inner);
        continue;
      }
      const Candidate& candidate = candidates[i];
      std::optional<Value> value = candidate.exact;
      if ((!value.has_value() || value->is(Type::kNull)) && candidate.folded.has_value()) value = candidate.folded;
      if (value.has_value() && !DecodeField(*value, field, out, depth)) return false;
    }
    return true;
  }

  [[nodiscard]] bool DecodeField(Value value, const FieldPlan& field, Message* out, int depth) {
    const Reflection& reflection = *field.reflection;
    bool fits = true;
    if (field.is_map()) {
      const auto add = [&](std::string_view key, Value item) {
        Message* entry = reflection.AddMessage(out, field.field);
        field.entry_reflection->SetString(entry, field.map_key, std::string(key));
        bool stored = false;
        fits = DecodeValue(item, field, field.map_value, /*add=*/false, entry, depth, &stored);
        if (!stored) reflection.RemoveLast(out, field.field);
        return fits;
      };
      int index = 0;
      value.ForEachItem([&](Value item) { return add(base::StrCat(index++), item); });
      value.ForEachMember(add);
      return fits;
    }
    if (field.is_list()) {
      const auto add = [&](Value item) {
        bool stored = false;
        return fits = DecodeValue(item, field, field.field, /*add=*/true, out, depth, &stored);
      };
      if (value.is(Type::kArray)) {
        value.ForEachItem(add);
      } else if (value.is(Type::kObject)) {
        // A list with a hole, or a map by id (`map_values`): PHP makes an object of both.
        value.ForEachMember([&](std::string_view, Value item) { return add(item); });
      } else if (!IsNothing(value) && !value.is(Type::kBool)) {
        add(value);
      }
      return fits;
    }
    bool stored = false;
    return DecodeValue(value, field, field.field, /*add=*/false, out, depth, &stored);
  }

  bool stored_any() const { return stored_any_; }

 private:
  // Puts one value into `descriptor` of `out`, or adds it to that list. `stored` tells whether there was anything to
  // put.
  bool DecodeValue(Value value, const FieldPlan& field, const FieldDescriptor* descriptor, bool add, Message* out,
                   int depth, bool* stored) {
    const Reflection& reflection = field.ReflectionOf(descriptor);
    const bool fits = [&] {
      switch (field.kind) {
        case Kind::kBool:
          if (const auto flag = ToBool(value)) {
            *stored = true;
            add ? reflection.AddBool(out, descriptor, *flag) : reflection.SetBool(out, descriptor, *flag);
          }
          return true;
        case Kind::kInt:
          if (const auto number = ToInt(value)) {
            const bool is_small = descriptor->cpp_type() == FieldDescriptor::CPPTYPE_INT32;
            if (is_small && *number != static_cast<int32_t>(*number)) return true;  // another number would be a lie
            *stored = true;
            if (is_small) {
              const auto small = static_cast<int32_t>(*number);
              add ? reflection.AddInt32(out, descriptor, small) : reflection.SetInt32(out, descriptor, small);
            } else {
              add ? reflection.AddInt64(out, descriptor, *number) : reflection.SetInt64(out, descriptor, *number);
            }
          }
          return true;
        case Kind::kDouble:
          if (const auto number = ToDouble(value)) {
            *stored = true;
            add ? reflection.AddDouble(out, descriptor, *number) : reflection.SetDouble(out, descriptor, *number);
          }
          return true;
        case Kind::kString:
          if (auto text = ToString(value)) {
            *stored = true;
            add ? reflection.AddString(out, descriptor, std::move(*text))
                : reflection.SetString(out, descriptor, std::move(*text));
          }
          return true;
        case Kind::kBytes: {
          std::string bytes;
          if (value.is(Type::kString) && absl::Base64Unescape(std::string(value.AsString()), &bytes)) {
            *stored = true;
            add ? reflection.AddString(out, descriptor, std::move(bytes))
                : reflection.SetString(out, descriptor, std::move(bytes));
          }
          return true;
        }
        case Kind::kEnum: {
          const auto text = ToString(value);
          for (const auto& [number, wire] : field.enum_wires) {
            if (!text.has_value() || *text != wire) continue;
            *stored = true;
            add ? reflection.AddEnumValue(out, descriptor, number) : reflection.SetEnumValue(out, descriptor, number);
          }
          return true;
        }
        case Kind::kTimestamp:
          if (const auto time = ToTime(value)) {
            *stored = true;
            auto* timestamp = static_cast<google::protobuf::Timestamp*>(Target(reflection, out, descriptor, add));
            const absl::Duration since_epoch = *time - absl::UnixEpoch();
            const int64_t seconds = absl::ToUnixSeconds(*time);
            timestamp->set_seconds(seconds);
            timestamp->set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(since_epoch - absl::Seconds(seconds))));
          }
          return true;
        case Kind::kStruct:
          if (IsNothing(value) || (!value.is(Type::kObject) && !value.is(Type::kArray))) return true;
          *stored = true;
          return ReadFreeStruct(value, depth + 1,
                                static_cast<google::protobuf::Struct*>(Target(reflection, out, descriptor, add)));
        case Kind::kValue:
          *stored = true;
          return ReadFreeValue(value, depth + 1,
                               static_cast<google::protobuf::Value*>(Target(reflection, out, descriptor, add)));
        case Kind::kListValue: {
          if (!value.is(Type::kArray) && !value.is(Type::kObject)) return true;
          *stored = true;
          auto* list = static_cast<google::protobuf::ListValue*>(Target(reflection, out, descriptor, add));
          bool inside = true;
          value.ForEachItem([&](Value item) { return inside = ReadFreeValue(item, depth + 1, list->add_values()); });
          // A list with a hole.
          value.ForEachMember([&](std::string_view, Value item) {
            return inside = ReadFreeValue(item, depth + 1, list->add_values());
          });
          return inside;
        }
        case Kind::kMessage:
          if (field.options.empty_as_true() && value.is(Type::kBool) && value.AsBool()) {
            *stored = true;
            Target(reflection, out, descriptor, add);
            return true;
          }
          if (IsNothing(value) || !value.is(Type::kObject)) return true;
          *stored = true;
          return DecodeMessage(value, *field.message, Target(reflection, out, descriptor, add), depth + 1);
      }
      return true;
    }();
    stored_any_ = stored_any_ || *stored;
    return fits;
  }

  static Message* Target(const Reflection& reflection, Message* out, const FieldDescriptor* descriptor, bool add) {
    return add ? reflection.AddMessage(out, descriptor) : reflection.MutableMessage(out, descriptor);
  }

  bool stored_any_ = false;
};

absl::Status Unusable(const MethodSpec& method, std::string_view why) {
  return base::Error(absl::StatusCode::kInternal, "RESULT_UNUSABLE",
                     base::StrCat(method.name(), ": Bitrix24 did what was asked, but its answer ", why,
                                  ". Look at the result with a read before repeating"))
      .SetOutcome(base::Outcome::kExecuted)
      .Metadata("method", method.name())
      .Build();
}

std::string_view TypeName(Value value) {
  switch (value.type()) {
    case Type::kNull:
      return "null";
    case Type::kBool:
      return "a boolean";
    case Type::kInt:
    case Type::kUint:
    case Type::kDouble:
      return "a number";
    case Type::kString:
      return "a text";
    case Type::kArray:
      return "a list";
    case Type::kObject:
      return "an object";
  }
  return "nothing";
}

// `{"result": {"result": true}}`: some methods wrap what others return bare (WIRE_FACTS 1.7).
Value Unwrap(Value result, const FieldPlan& field) {
  if (field.kind == Kind::kMessage || field.kind == Kind::kStruct || field.kind == Kind::kValue || field.is_map())
    return result;
  if (!result.is(Type::kObject) || result.size() != 1) return result;
  return result.Find("result").value_or(result);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Message>> DecodeResult(const MethodSpec& method, Value result,
                                                      std::optional<int64_t> next, std::optional<int64_t> total) {
  const MessagePlan& plan = *method.response_plan;
  std::unique_ptr<Message> response(method.response_prototype->New());
  Decoder decoder;
  bool fits = true;
  if (plan.whole_result != nullptr) {
    const FieldPlan& field = *plan.whole_result;
    const Value bare = Unwrap(result, field);
    fits = decoder.DecodeField(bare, field, response.get(), 0);
    const bool list = field.field->is_repeated() || field.kind == Kind::kListValue;
    const bool object = !list && (field.kind == Kind::kMessage || field.kind == Kind::kStruct);
    // `true` where an id was expected, and null, are answers without a value, and so is a list of nothing; an object
    // where a number was expected, or a text where a list was, is none at all.
    const bool fitting = (list && (bare.is(Type::kArray) || bare.is(Type::kObject))) || bare.is(Type::kBool);
    if (fits && !decoder.stored_any() && !fitting && !IsNothing(bare) && !(object && bare.is(Type::kObject))) {
      return Unusable(method, base::StrCat("is ", TypeName(bare), " where ",
                                           list     ? "a list"
                                           : object ? "an object"
                                                    : "one value",
                                           " was expected"));
    }
  } else if (result.is(Type::kObject)) {
    fits = decoder.DecodeMessage(result, plan, response.get(), 0);
  } else if (!IsNothing(result)) {
    return Unusable(method, base::StrCat("is ", TypeName(result), " where an object was expected"));
  }
  if (!fits) return Unusable(method, "nests too deep");
  // Lists: the envelope carries what PHP lifted out of the result (WIRE_FACTS 1.4).
  const Reflection& reflection = *plan.reflection;
  for (const auto& [name, number] : {std::pair{"next", next}, std::pair{"total", total}}) {
    const FieldPlan* field = plan.Find(name);
    if (field == nullptr || !number.has_value() || field->kind != Kind::kInt || field->field->is_repeated()) continue;
    if (field->field->cpp_type() == FieldDescriptor::CPPTYPE_INT64 && !reflection.HasField(*response, field->field)) {
      reflection.SetInt64(response.get(), field->field, *number);
    }
  }
  return response;
}

std::unique_ptr<Message> ResponseOfDone(const MethodSpec& method) {
  std::unique_ptr<Message> response(method.response_prototype->New());
  for (const FieldPlan& field : method.response_plan->fields) {
    if (!field.options.whole_result() || field.field->cpp_type() != FieldDescriptor::CPPTYPE_BOOL) continue;
    response->GetReflection()->SetBool(response.get(), field.field, true);
  }
  return response;
}

}  // namespace imbot::translate
