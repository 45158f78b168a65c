#include "client_lib/cli/console.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

#include "client_lib/cli/text.h"

namespace imbot::cli {
namespace {

constexpr size_t kLeastWidth = 40;

bool Wanted(int fd) {
  const char* const no_color = std::getenv("NO_COLOR");
  const char* const term = std::getenv("TERM");
  const bool dumb = term == nullptr || std::string_view(term) == "dumb" || std::string_view(term).empty();
  // https://no-color.org: present and not empty.
  return isatty(fd) == 1 && (no_color == nullptr || *no_color == '\0') && !dumb;
}

bool Continues(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

}  // namespace

std::string Style::Mark(std::string_view code, std::string_view text) const {
  return colours_ && !text.empty() ? StrCat("\x1b[", code, "m", text, "\x1b[0m") : std::string(text);
}

Console Console::OfProcess() {
  Console console;
  console.out = Style(Wanted(STDOUT_FILENO));
  console.err = Style(Wanted(STDERR_FILENO));
  console.out_is_terminal = isatty(STDOUT_FILENO) == 1;
  console.in_is_terminal = isatty(STDIN_FILENO) == 1;
  winsize size{};
  if (console.out_is_terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= kLeastWidth)
    console.width = size.ws_col;
  return console;
}

bool Console::Print(std::string_view text) const {
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
}

void Console::PrintError(std::string_view text) const {
  std::fwrite(text.data(), 1, text.size(), stderr);
}

size_t Columns(std::string_view text) {
  size_t columns = 0;
  for (const char c : text) columns += Continues(c) ? 0 : 1;
  return columns;
}

std::string Cut(std::string_view text, size_t columns) {
  if (Columns(text) <= columns) return std::string(text);
  if (columns == 0) return "";
  size_t kept = 0, end = 0;
  while (end < text.size() && (Continues(text[end]) || kept < columns - 1)) {
    if (!Continues(text[end])) ++kept;
    ++end;
  }
  return StrCat(text.substr(0, end), "…");
}

std::string Wrap(std::string_view text, size_t width, size_t indent) {
  if (width == 0) return std::string(text);
  const size_t room = width > indent + 20 ? width - indent : 20;
  std::string wrapped;
  size_t used = 0;
  for (const std::string_view word : Split(text, ' ')) {
    const size_t columns = Columns(word);
    if (used > 0 && used + 1 + columns > room) {
      StrAppend(&wrapped, "\n", std::string(indent, ' '));
      used = 0;
    } else if (used > 0) {
      wrapped += ' ';
      ++used;
    }
    wrapped += word;
    used += columns;
  }
  return wrapped;
}

std::string Printable(std::string_view text) {
  std::string printable;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const bool c1 = c == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (c1) ++i;  // C1 controls are two bytes
    printable += c1 || c == 0x7F || (c < 0x20 && c != '\n' && c != '\t') ? '?' : static_cast<char>(c);
  }
  return printable;
}

}  // namespace imbot::cli
