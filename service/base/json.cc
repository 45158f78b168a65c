#include "service/base/json.h"

#include <simdjson.h>

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace imbot::base::json {

namespace dom = simdjson::dom;

// A Value is a simdjson element under another name, so that no other file includes the library.
struct Access {
  static_assert(sizeof(Value) == sizeof(dom::element));
  static_assert(std::is_trivially_copyable_v<dom::element> && std::is_trivially_copyable_v<Value>);

  static dom::element Element(const Value& value) { return std::bit_cast<dom::element>(value); }
  static Value FromElement(const dom::element& element) { return std::bit_cast<Value>(element); }
};

Type Value::type() const {
  if (document_ == nullptr) return Type::kNull;
  switch (Access::Element(*this).type()) {
    case dom::element_type::ARRAY:
      return Type::kArray;
    case dom::element_type::OBJECT:
      return Type::kObject;
    case dom::element_type::INT64:
      return Type::kInt;
    case dom::element_type::UINT64:
      return Type::kUint;
    case dom::element_type::DOUBLE:
      return Type::kDouble;
    case dom::element_type::STRING:
      return Type::kString;
    case dom::element_type::BOOL:
      return Type::kBool;
    case dom::element_type::NULL_VALUE:
      return Type::kNull;
  }
  return Type::kNull;
}

bool Value::AsBool() const {
  return Access::Element(*this).get_bool().value_unsafe();
}
int64_t Value::AsInt() const {
  return Access::Element(*this).get_int64().value_unsafe();
}
uint64_t Value::AsUint() const {
  return Access::Element(*this).get_uint64().value_unsafe();
}
double Value::AsDouble() const {
  return Access::Element(*this).get_double().value_unsafe();
}
std::string_view Value::AsString() const {
  return Access::Element(*this).get_string().value_unsafe();
}

size_t Value::size() const {
  // The library's own count saturates at 2^24: count where it matters.
  size_t count = 0;
  if (is(Type::kArray)) {
    ForEachItem([&](Value) { return ++count, true; });
  } else {
    ForEachMember([&](std::string_view, Value) { return ++count, true; });
  }
  return count;
}

void Value::ForEachItem(absl::FunctionRef<bool(Value)> visit) const {
  if (document_ == nullptr) return;
  dom::array items;
  if (Access::Element(*this).get_array().get(items) != simdjson::SUCCESS) return;
  for (const dom::element item : items) {
    if (!visit(Access::FromElement(item))) return;
  }
}

void Value::ForEachMember(absl::FunctionRef<bool(std::string_view, Value)> visit) const {
  if (document_ == nullptr) return;
  dom::object members;
  if (Access::Element(*this).get_object().get(members) != simdjson::SUCCESS) return;
  for (const dom::key_value_pair member : members) {
    if (!visit(member.key, Access::FromElement(member.value))) return;
  }
}

std::optional<Value> Value::Find(std::string_view key) const {
  std::optional<Value> found;
  ForEachMember([&](std::string_view name, Value value) {
    if (name != key) return true;
    found = value;
    return false;
  });
  return found;
}

namespace {

void AppendText(const Value& value, Writer* out) {
  switch (value.type()) {
    case Type::kNull:
      return out->Null();
    case Type::kBool:
      return out->Bool(value.AsBool());
    case Type::kInt:
      return out->Int(value.AsInt());
    case Type::kUint:
      return out->Raw(std::to_string(value.AsUint()));
    case Type::kDouble:
      return out->Double(value.AsDouble());
    case Type::kString:
      return out->String(value.AsString());
    case Type::kArray:
      out->BeginArray();
      value.ForEachItem([&](Value item) { return AppendText(item, out), true; });
      return out->EndArray();
    case Type::kObject:
      out->BeginObject();
      value.ForEachMember([&](std::string_view key, Value item) { return out->Key(key), AppendText(item, out), true; });
      return out->EndObject();
  }
}

}  // namespace

std::string Value::ToText() const {
  Writer out;
  AppendText(*this, &out);
  return out.Take();
}

struct Parser::Impl {
  dom::parser parser;
};

Parser::Parser(size_t max_depth) : max_depth_(max_depth) {}
Parser::~Parser() = default;

namespace {

// `text` with every integer that 64 bits can't hold in quotes; nothing if there is none. `text` need not be JSON.
std::optional<std::string> QuoteHugeIntegers(std::string_view text) {
  constexpr std::string_view kNumber = "+-.0123456789eE";
  std::string out;
  size_t copied = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (in_string || (c != '-' && (c < '0' || c > '9'))) {
      if (c == '"') in_string = !in_string;
      i += in_string && c == '\\' ? 2 : 1;
      continue;
    }
    const std::string_view number = text.substr(i, std::min(text.find_first_not_of(kNumber, i), text.size()) - i);
    const std::string_view digits = number.substr(number[0] == '-' ? 1 : 0);
    const bool integer = digits.find_first_not_of("0123456789") == digits.npos;
    // Fewer digits always fit, and a leading zero is no JSON.
    if (integer && digits.size() > 18 && digits[0] != '0') {
      out.append(text, copied, i - copied).append("\"").append(number).append("\"");
      copied = i + number.size();
    }
    i += number.size();
  }
  if (copied == 0) return std::nullopt;
  out.append(text, copied);
  return out;
}

}  // namespace

std::optional<Value> Parser::Parse(std::string_view text) {
  if (impl_ == nullptr) {
    impl_ = std::make_unique<Impl>();
    // Only the depth matters here; the capacity grows with what arrives.
    if (impl_->parser.allocate(4096, max_depth_) != simdjson::SUCCESS) std::abort();  // out of memory, as with new
  }
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.substr(0, kByteOrderMark.size()) == kByteOrderMark) text.remove_prefix(kByteOrderMark.size());
  dom::element root;
  auto error = impl_->parser.parse(text.data(), text.size(), /*realloc_if_needed=*/true).get(root);
  if (error == simdjson::NUMBER_ERROR) {
    // The library gives up the whole text for one integer beyond 64 bits.
    if (const auto quoted = QuoteHugeIntegers(text)) error = impl_->parser.parse(*quoted).get(root);
  }
  if (error != simdjson::SUCCESS) return std::nullopt;
  return Access::FromElement(root);
}

namespace {

constexpr uint64_t kHighs = 0x8080808080808080;

// Of each byte, whether JSON writes it differently inside a string.
constexpr std::array<bool, 256> kEscaped = [] {
  std::array<bool, 256> escaped{};
  for (size_t c = 0; c < 0x20; ++c) escaped[c] = true;
  escaped['"'] = escaped['\\'] = true;
  return escaped;
}();

// Eight bytes: not 0 if one of them is such a byte. The mark is its high bit; one that follows it may be marked too.
uint64_t Escaped(uint64_t word) {
  constexpr uint64_t kOnes = 0x0101010101010101;
  const auto below = [](uint64_t bytes, uint64_t limit) { return (bytes - kOnes * limit) & ~bytes; };
  return (below(word, 0x20) | below(word ^ (kOnes * '"'), 1) | below(word ^ (kOnes * '\\'), 1)) & kHighs;
}

// The first such byte from `at` on; the end if there is none. Eight at a time, since there is hardly ever one.
const char* FindEscaped(const char* at, const char* end) {
  for (; end - at >= 8; at += 8) {
    uint64_t word;
    std::memcpy(&word, at, sizeof(word));
    if (Escaped(word) != 0) break;  // the byte may be one that was marked wrongly: they are looked at one by one
  }
  while (at != end && !kEscaped[static_cast<unsigned char>(*at)]) ++at;
  return at;
}

}  // namespace

bool IsPlain(std::string_view text) {
  const auto special = [](uint64_t word) { return ((word & kHighs) | Escaped(word)) != 0; };
  uint64_t word;
  for (; text.size() >= sizeof(word); text.remove_prefix(sizeof(word))) {
    std::memcpy(&word, text.data(), sizeof(word));
    if (special(word)) return false;
  }
  if (text.empty()) return true;
  word = 0x2020202020202020;  // spaces
  std::memcpy(&word, text.data(), text.size());
  return !special(word);
}

void AppendQuoted(std::string_view text, std::string* out) {
  static constexpr char kHex[] = "0123456789abcdef";
  const char* const end = text.data() + text.size();
  out->push_back('"');
  for (const char* at = text.data(); at != end;) {
    const char* const escaped = FindEscaped(at, end);
    out->append(at, escaped);
    if (escaped == end) break;
    at = escaped + 1;
    const auto c = static_cast<unsigned char>(*escaped);
    out->push_back('\\');
    switch (c) {
      case '"':
      case '\\':
        out->push_back(static_cast<char>(c));
        break;
      case '\n':
        out->push_back('n');
        break;
      case '\r':
        out->push_back('r');
        break;
      case '\t':
        out->push_back('t');
        break;
      default:
        out->append("u00");
        out->push_back(kHex[c >> 4]);
        out->push_back(kHex[c & 15]);
    }
  }
  out->push_back('"');
}

void Writer::BeforeValue() {
  if (comma_) text_.push_back(',');
  comma_ = true;
}

void Writer::Open(char bracket) {
  BeforeValue();
  text_.push_back(bracket);
  comma_ = false;
}

void Writer::Close(char bracket) {
  text_.push_back(bracket);
  comma_ = true;
}

void Writer::Key(std::string_view key) {
  BeforeValue();
  AppendQuoted(key, &text_);
  text_.push_back(':');
  comma_ = false;
}

void Writer::QuotedKey(std::string_view key) {
  BeforeValue();
  text_.append(key);
  comma_ = false;
}

void Writer::String(std::string_view text) {
  BeforeValue();
  AppendQuoted(text, &text_);
}

void Writer::Int(int64_t value) {
  BeforeValue();
  char buffer[24];
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), value).ptr;
  text_.append(buffer, end);
}

void Writer::Double(double value) {
  constexpr double kExact = 9007199254740992.0;  // 2^53
  if (!std::isfinite(value)) return Null();
  if (std::trunc(value) == value && std::abs(value) <= kExact) return Int(static_cast<int64_t>(value));
  BeforeValue();
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), value).ptr;
  text_.append(buffer, end);
}

void Writer::Bool(bool value) {
  BeforeValue();
  text_.append(value ? "true" : "false");
}

void Writer::Raw(std::string_view json) {
  BeforeValue();
  text_.append(json);
}

}  // namespace imbot::base::json
