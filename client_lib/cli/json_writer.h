// Writes JSON: on one line for programs, indented and coloured for people. Always valid, UTF-8 in and out (what is none
// becomes U+FFFD). Thread-compatible.
#ifndef IMBOT_CLIENT_LIB_CLI_JSON_WRITER_H_
#define IMBOT_CLIENT_LIB_CLI_JSON_WRITER_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "client_lib/cli/console.h"

namespace imbot::cli {

class JsonWriter {
 public:
  enum class Layout { kLine, kIndented };
  JsonWriter(Layout layout, Style style) : layout_(layout), style_(style) {}
  // As the console wants it: --json is a line.
  explicit JsonWriter(const Console& console)
      : JsonWriter(console.json ? Layout::kLine : Layout::kIndented, console.json ? Style(false) : console.out) {}

  JsonWriter& BeginObject() { return Begin('{'); }
  JsonWriter& EndObject() { return End('}'); }
  JsonWriter& BeginList() { return Begin('['); }
  JsonWriter& EndList() { return End(']'); }
  JsonWriter& Key(std::string_view key);
  JsonWriter& Text(std::string_view text);
  JsonWriter& Bool(bool value) { return Plain(value ? "true" : "false"); }
  JsonWriter& Null() { return Plain("null"); }
  // As a text beyond 2^53, where other readers of JSON would change it.
  JsonWriter& Integer(int64_t value);
  JsonWriter& Double(double value);  // as a text if it is none JSON has

  JsonWriter& Member(std::string_view key, std::string_view text) { return Key(key).Text(text); }

  const std::string& text() const { return text_; }

 private:
  JsonWriter& Begin(char bracket);
  JsonWriter& End(char bracket);
  JsonWriter& Plain(std::string_view text);
  // Comma, line and indentation in front of a value or key.
  void Lead();

  const Layout layout_;
  const Style style_;
  std::string text_;
  int depth_ = 0;
  bool first_ = true;  // nothing stands in the innermost object or list
  bool after_key_ = false;
};

// A JSON text, quotes included.
std::string Quoted(std::string_view text);

}  // namespace imbot::cli

#endif  // IMBOT_CLIENT_LIB_CLI_JSON_WRITER_H_
