#include "tests/simulator/php/parse_str.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace simulator {
namespace {

constexpr size_t kMaxNesting = 64;  // max_input_nesting_level: deeper names are dropped

// -1 for what is none.
constexpr std::array<int8_t, 256> kHexDigits = [] {
  std::array<int8_t, 256> digits{};
  digits.fill(-1);
  for (size_t i = 0; i < 16; ++i) {
    digits[static_cast<unsigned char>("0123456789abcdef"[i])] = static_cast<int8_t>(i);
    digits[static_cast<unsigned char>("0123456789ABCDEF"[i])] = static_cast<int8_t>(i);
  }
  return digits;
}();

int HexDigit(char c) {
  return kHexDigits[static_cast<unsigned char>(c)];
}

std::string Decode(std::string_view text, bool plus_is_space) {
  // As most names and numbers are.
  if (text.find('%') == text.npos && (!plus_is_space || text.find('+') == text.npos)) return std::string(text);
  // Never longer than what it is made of.
  std::string out(text.size(), '\0');
  char* to = out.data();
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '+' && plus_is_space) {
      *to++ = ' ';
    } else if (c == '%' && i + 2 < text.size() && HexDigit(text[i + 1]) >= 0 && HexDigit(text[i + 2]) >= 0) {
      *to++ = static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2]));
      i += 2;
    } else {
      *to++ = c;
    }
  }
  out.resize(static_cast<size_t>(to - out.data()));
  return out;
}

// PHP turns a key that looks like a canonical decimal integer into an integer; for the next free index of `a[]` that
// matters.
std::optional<int64_t> IntegerKey(const std::string& key) {
  if (key.empty() || key.size() > 18) return std::nullopt;
  const size_t start = key[0] == '-' ? 1 : 0;
  if (start == key.size()) return std::nullopt;
  if (key[start] == '0' && key.size() > 1) return std::nullopt;
  int64_t value = 0;
  for (size_t i = start; i < key.size(); ++i) {
    if (key[i] < '0' || key[i] > '9') return std::nullopt;
    value = value * 10 + (key[i] - '0');
  }
  return start == 1 ? -value : value;
}

std::string NextIndex(const Json& object) {
  int64_t next = 0;
  for (auto it = object.begin(); it != object.end(); ++it) {
    const std::optional<int64_t> index = IntegerKey(it.key());
    if (index && *index >= next) next = *index + 1;
  }
  return std::to_string(next);
}

// The path of a decoded name, within it: "a[b][]" is a, b, "" (append). Empty if PHP drops the name. Overwrites the
// name where PHP does.
void SplitName(std::string* whole, std::vector<std::string_view>* path) {
  path->clear();
  std::string_view name = *whole;
  while (!name.empty() && name.front() == ' ') name.remove_prefix(1);
  // A NUL ends the name; nothing before the first bracket drops it.
  name = name.substr(0, name.find('\0'));
  if (name.empty() || name.front() == '[') return;

  char* const begin = whole->data() + (name.data() - whole->data());
  const size_t bracket = std::min(name.find('['), name.size());
  std::replace_if(
      begin, begin + bracket, [](char c) { return c == '.' || c == ' '; }, '_');
  path->push_back(name.substr(0, bracket));

  size_t position = bracket;
  while (position < name.size() && name[position] == '[') {
    const size_t close = name.find(']', position);
    if (close == std::string_view::npos) {
      // An unclosed bracket is an underscore, and the rest belongs to the name (only possible in the first one; a later
      // unclosed one is ignored with all that follows).
      if (path->size() == 1) {
        begin[position] = '_';
        path->front() = name;
      }
      return;
    }
    std::string_view key = name.substr(position + 1, close - position - 1);
    while (!key.empty() && (key.front() == ' ' || key.front() == '\t' || key.front() == '\n' || key.front() == '\r')) {
      key.remove_prefix(1);
    }
    path->push_back(key);
    position = close + 1;
  }
}

void Insert(const std::vector<std::string_view>& path, std::string value, Json* root) {
  Json* node = root;
  for (size_t i = 0; i < path.size(); ++i) {
    if (!node->is_object()) *node = MapFor(4);
    const bool next = i > 0 && path[i].empty();
    Json* member = next ? nullptr : FindMutable(*node, path[i]);
    if (member == nullptr) {
      Append(next ? NextIndex(*node) : std::string(path[i]), nullptr, node);
      member = &node->get_ref<Json::object_t&>().back().second;
    }
    node = member;
  }
  *node = std::move(value);
}

}  // namespace

std::string UrlDecode(std::string_view text) {
  return Decode(text, /*plus_is_space=*/true);
}
std::string RawUrlDecode(std::string_view text) {
  return Decode(text, /*plus_is_space=*/false);
}

Json ParseStr(std::string_view text, size_t max_input_vars) {
  Json result = MapFor(8);
  std::vector<std::string_view> path;
  size_t count = 0;
  while (!text.empty()) {
    const size_t end = text.find('&');
    const std::string_view pair = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (pair.empty()) continue;
    if (++count > max_input_vars) break;
    const size_t equals = pair.find('=');
    std::string name = UrlDecode(pair.substr(0, equals));
    std::string value = equals == std::string_view::npos ? std::string() : UrlDecode(pair.substr(equals + 1));
    SplitName(&name, &path);
    if (path.empty() || path.size() > kMaxNesting) continue;
    Insert(path, std::move(value), &result);
  }
  // Top-level numeric names stay names; only nested arrays can be lists.
  for (Json& item : result) NormalizeLists(item);
  return result;
}

}  // namespace simulator
