// Texts, put together and compared.
//
// Why not absl::StrCat and its like: Debian's Abseil has a string_view of its own, which std::string_view does not
// convert to. Pure functions; thread-safe.
#ifndef IMBOT_CLIENT_LIB_CLI_TEXT_H_
#define IMBOT_CLIENT_LIB_CLI_TEXT_H_

#include <algorithm>
#include <charconv>
#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"

namespace imbot::cli {

// Texts, characters and numbers, one after another; floating ones in their shortest form.
template <typename... Parts>
void StrAppend(std::string* out, const Parts&... parts) {
  const auto append = [out](const auto& part) {
    using Part = std::decay_t<decltype(part)>;
    if constexpr (std::same_as<Part, char>) {
      out->push_back(part);
    } else if constexpr (std::is_arithmetic_v<Part>) {
      static_assert(!std::same_as<Part, bool>);
      char buffer[40];
      out->append(buffer, std::to_chars(buffer, buffer + sizeof(buffer), part).ptr);
    } else {
      out->append(std::string_view(part));
    }
  };
  (append(parts), ...);
}
template <typename... Parts>
[[nodiscard]] std::string StrCat(const Parts&... parts) {
  std::string out;
  StrAppend(&out, parts...);
  return out;
}
[[nodiscard]] inline std::string Join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (const std::string& part : parts) StrAppend(&out, &part == parts.data() ? "" : separator, part);
  return out;
}

[[nodiscard]] inline bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != text.npos;
}
[[nodiscard]] inline bool IsUpper(char c) {
  return c >= 'A' && c <= 'Z';
}
[[nodiscard]] inline std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = IsUpper(c) ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}
// Of the name of a field: `in_flight` becomes IN FLIGHT.
[[nodiscard]] inline std::string Heading(std::string_view name) {
  std::string out(name);
  for (char& c : out) c = c == '_' ? ' ' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return out;
}
[[nodiscard]] inline std::string Replaced(std::string_view text, char from, char to) {
  std::string out(text);
  std::replace(out.begin(), out.end(), from, to);
  return out;
}
[[nodiscard]] inline std::string_view Trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  return begin == text.npos ? std::string_view() : text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}
// The parts between separators, those that are empty left out; views into `text`.
[[nodiscard]] inline std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const size_t end = std::min(text.find(separator), text.size());
    if (end > 0) parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

[[nodiscard]] inline std::string MessageOf(const absl::Status& status) {
  return std::string(status.message());
}
[[nodiscard]] inline absl::Status Invalid(const std::string& what) {
  return absl::InvalidArgumentError(what);
}

}  // namespace imbot::cli

#endif  // IMBOT_CLIENT_LIB_CLI_TEXT_H_
