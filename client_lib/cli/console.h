// Where the program writes, and how: colours only for a person at a terminal.
//
// Plain values and pure functions; thread-compatible.
#ifndef IMBOT_CLIENT_LIB_CLI_CONSOLE_H_
#define IMBOT_CLIENT_LIB_CLI_CONSOLE_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace imbot::cli {

// Marks parts of a text; without colours it leaves them as they are.
class Style {
 public:
  explicit Style(bool colours) : colours_(colours) {}
  bool colours() const { return colours_; }
  std::string Bold(std::string_view text) const { return Mark("1", text); }
  std::string Dim(std::string_view text) const { return Mark("2", text); }
  std::string Good(std::string_view text) const { return Mark("32", text); }
  std::string Bad(std::string_view text) const { return Mark("31;1", text); }
  std::string Careful(std::string_view text) const { return Mark("33", text); }
  std::string Name(std::string_view text) const { return Mark("36", text); }

 private:
  std::string Mark(std::string_view code, std::string_view text) const;
  bool colours_;
};

struct Console {
  Style out{false};
  Style err{false};
  bool out_is_terminal = false;
  bool in_is_terminal = false;
  size_t width = 0;   // of the terminal that output goes to; 0: there is none, lines are as long as they are
  bool json = false;  // --json

  // Of this process: colours where a stream is a terminal, unless NO_COLOR is set or TERM is `dumb`.
  static Console OfProcess();

  // False if the reader has gone.
  bool Print(std::string_view text) const;
  void PrintError(std::string_view text) const;
};

// Columns that a text of UTF-8 takes, one for each code point.
size_t Columns(std::string_view text);
// At most `columns` of it, the last one `…` if something was cut off.
std::string Cut(std::string_view text, size_t columns);
// In lines of at most `width` columns (0: one line), every line but the first behind `indent` spaces.
std::string Wrap(std::string_view text, size_t width, size_t indent);
// A text from elsewhere, for a terminal: control characters, which could move its cursor or set its title, become `?`.
std::string Printable(std::string_view text);

}  // namespace imbot::cli

#endif  // IMBOT_CLIENT_LIB_CLI_CONSOLE_H_
