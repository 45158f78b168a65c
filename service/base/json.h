// JSON, read and written. The only place that knows which library reads it: simdjson.
#ifndef IMBOT_SERVICE_BASE_JSON_H_
#define IMBOT_SERVICE_BASE_JSON_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"

namespace imbot::base::json {

enum class Type { kNull, kBool, kInt, kUint, kDouble, kString, kArray, kObject };

// A value inside what a Parser parsed last; valid until its next Parse(). Cheap to copy. kUint is only used beyond
// int64's range.
class Value {
 public:
  Value() = default;  // null

  Type type() const;
  bool is(Type wanted) const { return type() == wanted; }
  // REQUIRES: the type.
  bool AsBool() const;
  int64_t AsInt() const;
  uint64_t AsUint() const;
  double AsDouble() const;
  std::string_view AsString() const;

  // Items of an array, or values of an object; 0 for anything else.
  size_t size() const;
  // In order, until the function returns false. Nothing happens if the type does not fit.
  void ForEachItem(absl::FunctionRef<bool(Value)> visit) const;
  void ForEachMember(absl::FunctionRef<bool(std::string_view, Value)> visit) const;
  // The first member of exactly this name; nothing if there is none, or this is no object.
  std::optional<Value> Find(std::string_view key) const;
  // The value as JSON text.
  std::string ToText() const;

 private:
  friend class Parser;
  friend struct Access;
  const void* document_ = nullptr;
  size_t index_ = 0;
};

// Owns what it parsed last. Takes its memory, 16 KiB at least, with the first text: of ten thousand portals, most are
// never spoken to. Thread-compatible: one for each thread that parses.
class Parser {
 public:
  explicit Parser(size_t max_depth = 128);
  ~Parser();
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  // Nothing if `text` is not one JSON value, nests deeper than max_depth, or is not UTF-8. An integer beyond 64 bits
  // becomes a text of its digits.
  std::optional<Value> Parse(std::string_view text);

 private:
  struct Impl;
  const size_t max_depth_;
  std::unique_ptr<Impl> impl_;  // null before the first text
};

// Writes JSON text. The caller keeps the order right: Key before each value of an object. Commas are the writer's.
class Writer {
 public:
  void BeginObject() { Open('{'); }
  void EndObject() { Close('}'); }
  void BeginArray() { Open('['); }
  void EndArray() { Close(']'); }
  void Key(std::string_view key);
  // A key that is JSON already, with its colon: `"name":`.
  void QuotedKey(std::string_view key);
  void String(std::string_view text);
  void Int(int64_t value);
  // An integral value within 2^53 is written as an integer, as PHP's clients do. NaN and infinities become null.
  void Double(double value);
  void Bool(bool value);
  void Null() { Raw("null"); }
  // `json` must be a JSON value.
  void Raw(std::string_view json);

  void Reserve(size_t bytes) { text_.reserve(bytes); }
  const std::string& text() const { return text_; }
  std::string Take() { return std::move(text_); }

 private:
  void Open(char bracket);
  void Close(char bracket);
  void BeforeValue();

  std::string text_;
  bool comma_ = false;  // a value stands before this place
};

// Appends `text` as a JSON string with its quotes.
void AppendQuoted(std::string_view text, std::string* out);
// Whether `text` is ASCII of which JSON writes each byte as it is.
bool IsPlain(std::string_view text);

}  // namespace imbot::base::json

#endif  // IMBOT_SERVICE_BASE_JSON_H_
