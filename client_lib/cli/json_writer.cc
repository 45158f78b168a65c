#include "client_lib/cli/json_writer.h"

#include <charconv>
#include <cmath>
#include <cstdio>

#include "client_lib/cli/text.h"

namespace imbot::cli {
namespace {

constexpr int64_t kExact = int64_t{1} << 53;

// Length of the code point of UTF-8 that `text` begins with; 0 if there is none.
size_t CodePoint(std::string_view text) {
  const auto at = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = at(0);
  size_t length = 0;
  uint32_t value = 0;
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) {
    length = 2;
    value = first & 0x1Fu;
  } else if (first >= 0xE0 && first <= 0xEF) {
    length = 3;
    value = first & 0x0Fu;
  } else if (first >= 0xF0 && first <= 0xF4) {
    length = 4;
    value = first & 0x07u;
  }
  if (length == 0 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xC0) != 0x80) return 0;
    value = value << 6 | (at(i) & 0x3Fu);
  }
  const bool shortest = length == 2 || (length == 3 && value >= 0x800) || (length == 4 && value >= 0x10000);
  return shortest && value <= 0x10FFFF && (value < 0xD800 || value > 0xDFFF) ? length : 0;
}

}  // namespace

std::string Quoted(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const size_t length = CodePoint(text);
    const auto c = static_cast<unsigned char>(text[0]);
    if (length == 0) {
      out += "\xEF\xBF\xBD";
    } else if (length > 1) {
      out += text.substr(0, length);
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c < 0x20 || c == 0x7F) {
      char buffer[8];
      std::snprintf(buffer, sizeof(buffer), "\\u%04x", c);
      out += buffer;
    } else {
      out += static_cast<char>(c);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out + '"';
}

void JsonWriter::Lead() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  if (depth_ == 0) return;
  if (!first_) text_ += ',';
  if (layout_ == Layout::kIndented) StrAppend(&text_, "\n", std::string(static_cast<size_t>(depth_) * 2, ' '));
  first_ = false;
}

JsonWriter& JsonWriter::Begin(char bracket) {
  Lead();
  text_ += bracket;
  ++depth_;
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::End(char bracket) {
  --depth_;
  if (!first_ && layout_ == Layout::kIndented)
    StrAppend(&text_, "\n", std::string(static_cast<size_t>(depth_) * 2, ' '));
  text_ += bracket;
  first_ = false;
  return *this;
}

JsonWriter& JsonWriter::Key(std::string_view key) {
  Lead();
  StrAppend(&text_, style_.Name(Quoted(key)), layout_ == Layout::kIndented ? ": " : ":");
  after_key_ = true;
  return *this;
}

JsonWriter& JsonWriter::Text(std::string_view text) {
  Lead();
  text_ += style_.Good(Quoted(text));
  return *this;
}

JsonWriter& JsonWriter::Plain(std::string_view text) {
  Lead();
  text_ += style_.Careful(text);
  return *this;
}

JsonWriter& JsonWriter::Integer(int64_t value) {
  if (value > kExact || value < -kExact) return Text(StrCat(value));
  return Plain(StrCat(value));
}

JsonWriter& JsonWriter::Double(double value) {
  if (!std::isfinite(value)) return Text(std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), value).ptr;
  return Plain(std::string_view(buffer, static_cast<size_t>(end - buffer)));
}

}  // namespace imbot::cli
