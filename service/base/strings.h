// Text, put together and compared.
//
// Why not absl::StrCat and its like: Debian's Abseil has a string_view of its own, which std::string_view does not
// convert to.
#ifndef IMBOT_SERVICE_BASE_STRINGS_H_
#define IMBOT_SERVICE_BASE_STRINGS_H_

#include <charconv>
#include <concepts>
#include <string>
#include <string_view>
#include <vector>

namespace imbot::base {

namespace strings_internal {

inline void Append(std::string* out, std::string_view text) {
  out->append(text);
}
inline void Append(std::string* out, char c) {
  out->push_back(c);
}
template <std::integral Number>
requires(!std::same_as<Number, char> && !std::same_as<Number, bool>) void Append(std::string* out, Number number) {
  char buffer[24];
  out->append(buffer, std::to_chars(buffer, buffer + sizeof(buffer), number).ptr);
}

}  // namespace strings_internal

template <typename... Parts>
void StrAppend(std::string* out, const Parts&... parts) {
  (strings_internal::Append(out, parts), ...);
}

// Texts, characters and integers, one after another.
template <typename... Parts>
[[nodiscard]] std::string StrCat(const Parts&... parts) {
  std::string out;
  StrAppend(&out, parts...);
  return out;
}

// `text_of(item)` gives the text of an item.
template <typename Items, typename TextOf>
[[nodiscard]] std::string StrJoin(const Items& items, std::string_view separator, TextOf text_of) {
  std::string out;
  bool first = true;
  for (const auto& item : items) {
    if (!first) out.append(separator);
    first = false;
    out.append(text_of(item));
  }
  return out;
}
template <typename Items>
[[nodiscard]] std::string StrJoin(const Items& items, std::string_view separator) {
  return StrJoin(items, separator, [](const auto& item) -> std::string_view { return item; });
}

// The parts between separators; views into `text`. An empty text is one empty part.
[[nodiscard]] std::vector<std::string_view> StrSplit(std::string_view text, char separator);
[[nodiscard]] std::string_view Trim(std::string_view text);                   // ASCII white space at both ends
[[nodiscard]] bool EqualsIgnoreCase(std::string_view a, std::string_view b);  // ASCII letters
[[nodiscard]] std::string ToLower(std::string_view text);                     // ASCII letters

constexpr bool IsAlnum(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
inline char ToLower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace imbot::base

#endif  // IMBOT_SERVICE_BASE_STRINGS_H_
