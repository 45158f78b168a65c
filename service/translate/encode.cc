#include "service/translate/encode.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <span>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/strings/escaping.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/protobuf/util/time_util.h"
#include "service/base/json.h"
#include "service/base/strings.h"
#include "service/translate/file_stream.h"
#include "service/translate/free_value.h"
#include "service/translate/message_plan.h"
#include "service/translate/result_reference.h"

namespace imbot::translate {
namespace {

using base::json::Writer;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// Writes JSON text.
class JsonSink {
 public:
  // Most requests fit, and a queue of them holds little air.
  JsonSink() { out_.Reserve(512); }
  void BeginObject() { out_.BeginObject(); }
  void EndObject() { out_.EndObject(); }
  void BeginArray() { out_.BeginArray(); }
  void EndArray() { out_.EndArray(); }
  void Key(std::string_view key) { out_.Key(key); }
  void Key(const FieldPlan& field) { out_.QuotedKey(field.json_key); }
  void String(std::string_view text) { out_.String(text); }
  void Int(int64_t value) { out_.Int(value); }
  void Double(double value) { out_.Double(value); }
  void Bool(bool value) { out_.Bool(value); }
  void Null() { out_.Null(); }
  void RawJson(std::string_view json) { out_.Raw(json); }
  // A text that somebody else fills in.
  void Gap() {
    out_.String("");
    gap_ = out_.text().size() - 1;
  }

  std::string Take() { return out_.Take(); }
  size_t gap() const { return gap_; }

 private:
  Writer out_;
  size_t gap_ = 0;
};

// Writes `METHOD?a%5Bb%5D%5B0%5D=...`. Every value becomes text; what has no text form makes the whole inexpressible.
class QuerySink {
 public:
  explicit QuerySink(std::string_view method) {
    // Most commands fit.
    out_.reserve(512);
    out_ = method;
  }
  void BeginObject() { Open(/*array=*/false); }
  void EndObject() { Close(); }
  void BeginArray() { Open(/*array=*/true); }
  void EndArray() { Close(); }
  void Key(std::string_view key) {
    // Brackets would nest, nothing or a single white space would append, a NUL ends the name; PHP turns a dot or a
    // space in a top-level name into an underscore (WIRE_FACTS 2).
    if (key.empty() || key.find_first_of("[]") != key.npos || key.find('\0') != key.npos) expressible_ = false;
    if (key.size() == 1 && base::Trim(key).empty()) expressible_ = false;
    if (levels_.size() == 1 && key.find_first_of(". ") != key.npos) expressible_ = false;
    key_ = key;
    plain_key_ = false;
  }
  void Key(const FieldPlan& field) {
    if (!field.plain_name) return Key(field.name);
    key_ = field.name;
    plain_key_ = true;
  }
  void String(std::string_view text) {
    if (text.find('\0') != text.npos || HoldsResultReference(text)) expressible_ = false;
    Emit(text);
  }
  void Int(int64_t value) {
    BeginValue();
    base::StrAppend(&out_, value);
  }
  void Double(double value) {
    Writer text;  // the same rule for integral doubles
    text.Double(value);
    Emit(text.text());
  }
  void Bool(bool value) { Emit(value ? "1" : "0"); }
  void Null() { expressible_ = false; }
  void Gap() { expressible_ = false; }
  // Only a text has the same meaning in a query string.
  void RawJson(std::string_view json) {
    base::json::Parser parser;
    const auto value = parser.Parse(json);
    if (value && value->is(base::json::Type::kString)) {
      Emit(value->AsString());
    } else {
      expressible_ = false;
    }
  }

  std::optional<std::string> Take() {
    if (!expressible_) return std::nullopt;
    return std::move(out_);
  }

 private:
  struct Level {
    size_t prefix_size;  // of prefix_ outside this level
    bool array;
    size_t values = 0;
  };

  void Open(bool array) {
    const size_t outside = prefix_.size();
    if (!levels_.empty()) AppendName(&prefix_);
    levels_.push_back({outside, array});
  }

  void Close() {
    const Level level = levels_.back();
    levels_.pop_back();
    // An empty list or object leaves no trace in a query string.
    if (level.values == 0 && !levels_.empty()) expressible_ = false;
    prefix_.resize(level.prefix_size);
  }

  // The current place, encoded: `key` at the top, `%5Bkey%5D` below.
  void AppendName(std::string* out) {
    Level& level = levels_.back();
    const bool top = levels_.size() == 1;
    if (!top) out->append("%5B");
    if (level.array) {
      base::StrAppend(out, level.values);
    } else if (plain_key_) {
      out->append(key_);
    } else {
      AppendEncoded(key_, out);
    }
    if (!top) out->append("%5D");
    ++level.values;
  }

  void BeginValue() {
    if (++variables_ > kMaxVariables) expressible_ = false;
    out_.push_back(variables_ == 1 ? '?' : '&');
    out_.append(prefix_);
    AppendName(&out_);
    out_.push_back('=');
  }

  void Emit(std::string_view text) {
    BeginValue();
    AppendEncoded(text, &out_);
  }

  // RFC 3986: everything but unreserved characters.
  static void AppendEncoded(std::string_view text, std::string* out) {
    static constexpr char kHex[] = "0123456789ABCDEF";
    static constexpr auto kUnreserved = [] {
      std::array<bool, 256> table{};
      for (size_t c = 0; c < table.size(); ++c)
        table[c] = base::IsAlnum(static_cast<char>(c)) || c == '-' || c == '.' || c == '_' || c == '~';
      return table;
    }();
    const size_t before = out->size();
    out->resize(before + 3 * text.size());
    char* at = out->data() + before;
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (kUnreserved[byte]) {
        *at++ = c;
      } else {
        *at++ = '%';
        *at++ = kHex[byte >> 4];
        *at++ = kHex[byte & 15];
      }
    }
    out->resize(static_cast<size_t>(at - out->data()));
  }

  // PHP's max_input_vars unless the portal's administrator changed it: it drops what comes after, without an error.
  static constexpr int kMaxVariables = 1000;

  std::string out_;
  std::string prefix_;
  std::string_view key_;
  bool plain_key_ = false;  // known to need no encoding
  absl::InlinedVector<Level, 8> levels_;
  int variables_ = 0;
  bool expressible_ = true;
};

// A value the gateway adds at a path below the current level.
struct Injection {
  std::span<const std::string_view> path;
  std::optional<int64_t> number;
  std::string_view text;
};

// The bot's id and its secret, or those of them that belong below one level.
class Injections {
 public:
  void Add(const Injection& injection) { items_[count_++] = injection; }
  bool empty() const { return count_ == 0; }
  const Injection* begin() const { return items_.data(); }
  const Injection* end() const { return items_.data() + count_; }
  // Those that belong into the field `name`, as seen from inside it.
  Injections Below(std::string_view name) const {
    Injections below;
    for (const Injection& injection : *this) {
      if (injection.path.size() > 1 && injection.path[0] == name)
        below.Add({injection.path.subspan(1), injection.number, injection.text});
    }
    return below;
  }

 private:
  std::array<Injection, 2> items_;
  size_t count_ = 0;
};

template <typename Sink>
class Encoder {
 public:
  // `around_chunks`: a `chunked` field is a gap, whatever it holds.
  Encoder(Sink* out, std::optional<int64_t> bot_id, bool around_chunks = false)
      : out_(*out), bot_id_(bot_id), around_chunks_(around_chunks) {}

  void WriteRequest(const MethodSpec& method, const Message& request, const Injections& injections) {
    out_.BeginObject();
    WriteFields(request, *method.request_plan, method.subject_field, injections);
    out_.EndObject();
  }

 private:
  void WriteFields(const Message& message, const MessagePlan& plan, const FieldDescriptor* left_out,
                   const Injections& injections) {
    const auto suppressed = [&](std::string_view name) {
      return std::any_of(plan.suppressors.begin(), plan.suppressors.end(), [&](const FieldPlan* other) {
        return other->options.clears() == name && other->IsIn(message);
      });
    };
    const auto write = [&](const FieldPlan& field, bool present) {
      if (field.field == left_out || field.names_nulls) return;
      if (field.inlined) {
        if (present) WriteFields(plan.reflection->GetMessage(message, field.field), *field.message, nullptr, {});
        return;
      }
      if (field.clears) {
        if (!present || !plan.reflection->GetBool(message, field.field)) return;
        out_.Key(field.options.clears());
        return out_.RawJson(field.options.clear_as());
      }
      if (around_chunks_ && field.options.chunked()) {
        out_.Key(field);
        return out_.Gap();
      }
      const Injections inner = injections.empty() ? Injections() : injections.Below(field.name);
      const bool nulls = field.nulls_from != nullptr && field.nulls_from->IsIn(message);
      if ((!present && inner.empty() && !nulls) || suppressed(field.name)) return;
      out_.Key(field);
      WriteField(message, field, inner);
    };
    SetFields set(message, plan);
    if (injections.empty() && !plan.nulls && !around_chunks_) {
      for (const FieldDescriptor* field : set.all()) write(*plan.by_index[static_cast<size_t>(field->index())], true);
    } else {
      // Some are written though they are not set.
      for (const FieldPlan& field : plan.fields) write(field, set.Next(field));
    }
    for (const Injection& injection : injections) {
      if (injection.path.size() != 1 || suppressed(injection.path[0])) continue;
      out_.Key(injection.path[0]);
      if (injection.number.has_value()) {
        out_.Int(*injection.number);
      } else {
        out_.String(injection.text);
      }
    }
    if (plan.special == Special::kKeyboard && bot_id_.has_value()) {
      out_.Key("BOT_ID");
      out_.Int(*bot_id_);
    }
  }

  void WriteField(const Message& message, const FieldPlan& field, const Injections& injections) {
    const Reflection& reflection = *field.reflection;
    if (field.is_map()) return WriteMap(message, field);
    if (field.is_list()) {
      out_.BeginArray();
      const int size = reflection.FieldSize(message, field.field);
      for (int i = 0; i < size; ++i) WriteValue(message, field, field.field, i, {});
      out_.EndArray();
      return;
    }
    WriteValue(message, field, field.field, -1, injections);
  }

  // Entries in the order of their keys, since a map has none of its own.
  void WriteMap(const Message& message, const FieldPlan& field) {
    const Reflection& reflection = *field.reflection;
    std::vector<const Message*> entries;
    for (int i = 0; i < reflection.FieldSize(message, field.field); ++i) {
      entries.push_back(&reflection.GetRepeatedMessage(message, field.field, i));
    }
    const auto key = [&](const Message& entry) { return field.entry_reflection->GetString(entry, field.map_key); };
    std::sort(entries.begin(), entries.end(), [&](const Message* a, const Message* b) { return key(*a) < key(*b); });
    out_.BeginObject();
    for (const Message* entry : entries) {
      const std::string name = key(*entry);
      out_.Key(name);
      WriteValue(*entry, field, field.map_value, -1, {});
    }
    if (field.nulls_from != nullptr) {
      for (int i = 0; i < reflection.FieldSize(message, field.nulls_from->field); ++i) {
        const std::string name = reflection.GetRepeatedString(message, field.nulls_from->field, i);
        out_.Key(name);
        out_.Null();
      }
    }
    out_.EndObject();
  }

  // One value of `descriptor` in `message`: item `index` of a list, or the field itself if that is -1.
  void WriteValue(const Message& message, const FieldPlan& field, const FieldDescriptor* descriptor, int index,
                  const Injections& injections) {
    const Reflection& reflection = field.ReflectionOf(descriptor);
    const auto sub_message = [&]() -> const Message& {
      return index < 0 ? reflection.GetMessage(message, descriptor)
                       : reflection.GetRepeatedMessage(message, descriptor, index);
    };
    switch (field.kind) {
      case Kind::kBool: {
        const bool value = index < 0 ? reflection.GetBool(message, descriptor)
                                     : reflection.GetRepeatedBool(message, descriptor, index);
        return field.yes_no ? out_.String(value ? "Y" : "N") : out_.Bool(value);
      }
      case Kind::kInt: {
        int64_t value = 0;
        if (descriptor->cpp_type() == FieldDescriptor::CPPTYPE_INT32) {
          value = index < 0 ? reflection.GetInt32(message, descriptor)
                            : reflection.GetRepeatedInt32(message, descriptor, index);
        } else {
          value = index < 0 ? reflection.GetInt64(message, descriptor)
                            : reflection.GetRepeatedInt64(message, descriptor, index);
        }
        return field.options.as_string() ? out_.String(base::StrCat(value)) : out_.Int(value);
      }
      case Kind::kDouble:
        return out_.Double(index < 0 ? reflection.GetDouble(message, descriptor)
                                     : reflection.GetRepeatedDouble(message, descriptor, index));
      case Kind::kString: {
        std::string scratch;
        return out_.String(StringOf(reflection, message, descriptor, index, &scratch));
      }
      case Kind::kBytes: {
        std::string scratch;
        return out_.String(absl::Base64Escape(StringOf(reflection, message, descriptor, index, &scratch)));
      }
      case Kind::kEnum: {
        const int value = index < 0 ? reflection.GetEnumValue(message, descriptor)
                                    : reflection.GetRepeatedEnumValue(message, descriptor, index);
        const auto wire = std::find_if(field.enum_wires.begin(), field.enum_wires.end(),
                                       [&](const auto& w) { return w.first == value; });
        return wire == field.enum_wires.end() ? out_.Int(value) : out_.String(wire->second);
      }
      case Kind::kTimestamp:
        return out_.String(
            google::protobuf::util::TimeUtil::ToString(static_cast<const google::protobuf::Timestamp&>(sub_message())));
      case Kind::kStruct:
        return WriteFreeStruct(static_cast<const google::protobuf::Struct&>(sub_message()), &out_);
      case Kind::kValue:
        return WriteFreeValue(static_cast<const google::protobuf::Value&>(sub_message()), &out_);
      case Kind::kListValue:
        return WriteFreeList(static_cast<const google::protobuf::ListValue&>(sub_message()), &out_);
      case Kind::kMessage: {
        const Message& inner = sub_message();
        if (field.options.empty_as_true() && IsEmpty(inner, *field.message)) return out_.Bool(true);
        out_.BeginObject();
        WriteFields(inner, *field.message, nullptr, injections);
        return out_.EndObject();
      }
    }
  }

  static const std::string& StringOf(const Reflection& reflection, const Message& message,
                                     const FieldDescriptor* descriptor, int index, std::string* scratch) {
    return index < 0 ? reflection.GetStringReference(message, descriptor, scratch)
                     : reflection.GetRepeatedStringReference(message, descriptor, index, scratch);
  }

  static bool IsEmpty(const Message& message, const MessagePlan& plan) {
    return std::none_of(plan.fields.begin(), plan.fields.end(),
                        [&](const FieldPlan& field) { return field.IsIn(message); });
  }

  Sink& out_;
  const std::optional<int64_t> bot_id_;
  const bool around_chunks_;
};

Injections InjectionsFor(const MethodSpec& method, const Identity& identity) {
  Injections injections;
  if (!method.id_path.empty() && identity.bot_id.has_value()) injections.Add({method.id_path, identity.bot_id, {}});
  if (!method.secret_path.empty() && !identity.secret.empty())
    injections.Add({method.secret_path, std::nullopt, identity.secret});
  return injections;
}

}  // namespace

std::string EncodeJson(const MethodSpec& method, const Message& request, const Identity& identity) {
  JsonSink sink;
  Encoder<JsonSink>(&sink, identity.bot_id).WriteRequest(method, request, InjectionsFor(method, identity));
  return sink.Take();
}

BodyAroundChunks EncodeAroundChunks(const MethodSpec& method, const Message& request, const Identity& identity) {
  JsonSink sink;
  Encoder<JsonSink>(&sink, identity.bot_id, /*around_chunks=*/true)
      .WriteRequest(method, request, InjectionsFor(method, identity));
  const size_t gap = sink.gap();
  std::string body = sink.Take();
  std::string after = body.substr(gap);
  body.resize(gap);
  return {std::move(body), std::move(after)};
}

std::optional<std::string> EncodeBatchCommand(const MethodSpec& method, const Message& request,
                                              const Identity& identity) {
  QuerySink sink(method.name());
  Encoder<QuerySink>(&sink, identity.bot_id).WriteRequest(method, request, InjectionsFor(method, identity));
  return sink.Take();
}

}  // namespace imbot::translate
