#include "service/translate/portal_text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "service/base/strings.h"

namespace imbot::translate {
namespace {

constexpr size_t kLongestInput = 8192;  // beyond it, it is no description
constexpr size_t kMostCharacters = 512;
constexpr size_t kMostBytes = 1100;
constexpr std::string_view kHidden = "***";
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// Shorter ones would blank out half of every text, and protect nothing.
constexpr size_t kShortestSecret = 4;

size_t FindIgnoreCase(std::string_view text, std::string_view part, size_t from = 0) {
  if (from > text.size()) return std::string_view::npos;
  const auto same = [](char a, char b) { return base::ToLower(a) == base::ToLower(b); };
  const auto it = std::search(text.begin() + static_cast<ptrdiff_t>(from), text.end(), part.begin(), part.end(), same);
  return it == text.end() && !part.empty() ? std::string_view::npos : static_cast<size_t>(it - text.begin());
}

bool Contains(std::string_view text, std::string_view part) {
  return FindIgnoreCase(text, part) != std::string_view::npos;
}

// What print_r, var_dump and var_export write.
bool LooksLikeDump(std::string_view text) {
  static constexpr std::string_view kMarks[] = {"=>",      "array(",  "array (",  "array\n",
                                                "array\r", "object(", "stdclass", "string("};
  return std::any_of(std::begin(kMarks), std::end(kMarks), [&](std::string_view mark) { return Contains(text, mark); });
}

// One character at `at`: its code point and length; no code point if the bytes there are not UTF-8.
struct Character {
  std::optional<uint32_t> code_point;
  size_t length = 1;
};
Character CharacterAt(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const uint32_t first = byte(at);
  if (first < 0x80) return {first, 1};
  const size_t length = first >= 0xF0 && first <= 0xF4 ? 4 : first >= 0xE0 ? 3 : first >= 0xC2 ? 2 : 0;
  if (length == 0 || first > 0xF4 || at + length > text.size()) return {};
  uint32_t point = first & (0xFFu >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xC0u) != 0x80u) return {};
    point = point << 6 | (byte(at + i) & 0x3Fu);
  }
  static constexpr uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  if (point < kLeast[length] || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) return {};
  return {point, length};
}

// Characters that end a line, hide something or turn the order of what follows around.
bool IsControl(uint32_t point) {
  return point < 0x20 || (point >= 0x7F && point <= 0x9F) || (point >= 0x200B && point <= 0x200F) ||
         (point >= 0x2028 && point <= 0x202E) || (point >= 0x2060 && point <= 0x206F) || point == 0xFEFF;
}

// Valid UTF-8 in one line; runs of white space and controls become one space.
std::string OneLine(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const Character character = CharacterAt(text, at);
    if (!character.code_point.has_value()) {
      out.append(kReplacement);
    } else if (*character.code_point == ' ' || IsControl(*character.code_point)) {
      if (!out.empty() && out.back() != ' ') out.push_back(' ');
    } else {
      out.append(text, at, character.length);
    }
    at += character.length;
  }
  return std::string(base::Trim(out));
}

std::string PercentEncoded(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (base::IsAlnum(c) || c == '-' || c == '.' || c == '_' || c == '~') {
      out.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out.append({'%', kHex[byte >> 4], kHex[byte & 15]});
  }
  return out;
}

void HideEvery(std::string_view secret, std::string* text) {
  for (size_t at = 0; (at = FindIgnoreCase(*text, secret, at)) != std::string::npos; at += kHidden.size()) {
    text->replace(at, secret.size(), kHidden);
  }
}

bool EndsValue(char c) {
  return std::string_view(" &,;\"'`<>(){}[]|\\").find(c) != std::string_view::npos;
}

// `/rest/<user>/<code>/<method>`, also with `\/` and `%2F`: everything after `/rest/`.
void HideWebhookPaths(std::string* text) {
  static constexpr std::string_view kPaths[] = {"/rest/", "/rest\\/", "%2frest%2f", "%252frest%252f"};
  for (const std::string_view path : kPaths) {
    for (size_t at = 0; (at = FindIgnoreCase(*text, path, at)) != std::string::npos;) {
      at += path.size();
      size_t end = at;
      while (end < text->size() && (!EndsValue((*text)[end]) || (*text)[end] == '\\' || (*text)[end] == '&')) ++end;
      if (end > at) text->replace(at, end - at, kHidden);
    }
  }
}

bool NamesSecret(std::string_view word) {
  static constexpr std::string_view kNames[] = {"auth",   "authid",   "accesstoken", "refreshtoken", "refreshid",
                                                "token",  "bottoken", "clientid",    "clientsecret", "applicationtoken",
                                                "sessid", "secret",   "password",    "apppasswd",    "webhook",
                                                "bearer", "hash"};
  std::string plain;
  for (const char c : word) {
    if (c != '_' && c != '-') plain.push_back(base::ToLower(c));
  }
  return std::find(std::begin(kNames), std::end(kNames), plain) != std::end(kNames);
}

bool IsWord(char c) {
  return base::IsAlnum(c) || c == '_' || c == '-';
}

// Where the value of a name that ends at `at` begins; npos if nothing is assigned to it there.
size_t ValueAfter(std::string_view text, size_t at, bool space_separates) {
  const auto skip = [&](std::string_view what) {
    const size_t before = at;
    while (at < text.size() && what.find(text[at]) != std::string_view::npos) ++at;
    return at > before;
  };
  const bool spaced = skip(" ");
  skip("\"'`\\]}) ");
  bool separated = skip("=:");
  for (const std::string_view encoded : {"%3D", "%3A"}) {
    if (!separated && FindIgnoreCase(text.substr(at, encoded.size()), encoded) == 0) {
      at += encoded.size();
      separated = true;
    }
  }
  if (!separated && !(space_separates && spaced)) return std::string_view::npos;
  // After `token:` may come `Bearer`, quotes, or a bracket.
  skip(" \"'`\\{[(");
  return at;
}

// `auth=…`, `"botToken":"…"`, `CLIENT_ID: …`, `Bearer …`.
void HideAssignments(std::string* text) {
  for (size_t at = 0; at < text->size();) {
    if (!IsWord((*text)[at])) {
      ++at;
      continue;
    }
    size_t end = at;
    while (end < text->size() && IsWord((*text)[end])) ++end;
    const std::string_view word = std::string_view(*text).substr(at, end - at);
    at = end;
    if (!NamesSecret(word)) continue;
    const size_t value = ValueAfter(*text, end, base::EqualsIgnoreCase(word, "bearer"));
    if (value == std::string_view::npos) continue;
    size_t stop = value;
    while (stop < text->size() && !EndsValue((*text)[stop])) ++stop;
    const std::string_view hidden = std::string_view(*text).substr(value, stop - value);
    // Another name comes first (`auth[access_token]=…`, `Authorization: Bearer …`): its own value is next.
    if (NamesSecret(hidden) || hidden.empty() || hidden == kHidden) continue;
    text->replace(value, stop - value, kHidden);
    at = value + kHidden.size();
  }
}

// The binder quotes the value it refused: `Invalid value {…} to match with parameter {botToken}`.
void HideRefusedValue(std::string* text) {
  constexpr std::string_view kBefore = "Invalid value {";
  constexpr std::string_view kAfter = "} to match";
  const size_t start = FindIgnoreCase(*text, kBefore);
  if (start == std::string::npos) return;
  const size_t from = start + kBefore.size();
  const size_t end = FindIgnoreCase(*text, kAfter, from);
  text->replace(from, end == std::string::npos ? std::string::npos : end - from, kHidden);
}

// A long run of letters and digits mixed is a token. No method, parameter or UUID has one.
void HideTokens(std::string* text) {
  constexpr size_t kShortest = 16;
  constexpr int kDigits = 3;
  for (size_t at = 0; at < text->size();) {
    size_t end = at;
    int digits = 0;
    while (end < text->size() && base::IsAlnum((*text)[end]))
      digits += (*text)[end] >= '0' && (*text)[end] <= '9', ++end;
    const auto length = end - at;
    const bool letters = static_cast<size_t>(digits) < length;
    // The application of a bot that was registered through a webhook is called `custom` and the bot's secret.
    const bool custom = length >= kShortest && FindIgnoreCase(text->substr(at, 6), "custom") == 0;
    if ((length >= kShortest && digits >= kDigits && letters) || custom) {
      text->replace(at, length, kHidden);
      end = at + kHidden.size();
    }
    at = std::max(end, at + 1);
  }
}

void Cut(std::string* text) {
  constexpr std::string_view kEllipsis = "\xE2\x80\xA6";
  size_t characters = 0;
  size_t kept = 0;  // up to here, there is room for the ellipsis
  for (size_t at = 0; at < text->size();) {
    const size_t length = CharacterAt(*text, at).length;
    if (++characters > kMostCharacters || at + length > kMostBytes) {
      text->resize(kept);
      text->append(kEllipsis);
      return;
    }
    at += length;
    if (characters < kMostCharacters && at + kEllipsis.size() <= kMostBytes) kept = at;
  }
}

}  // namespace

std::string WithoutSecrets(std::string_view text, std::span<const std::string_view> secrets) {
  std::string clean(text);
  for (const std::string_view secret : secrets) {
    if (secret.size() < kShortestSecret) continue;
    HideEvery(secret, &clean);
    HideEvery(PercentEncoded(secret), &clean);
  }
  return clean;
}

PortalText CleanPortalText(std::string_view text, std::span<const std::string_view> secrets) {
  if (text.size() > kLongestInput || LooksLikeDump(text)) return {"", true};
  std::string clean = WithoutSecrets(OneLine(text), secrets);
  HideRefusedValue(&clean);
  HideWebhookPaths(&clean);
  HideAssignments(&clean);
  HideTokens(&clean);
  Cut(&clean);
  return {std::move(clean), false};
}

}  // namespace imbot::translate
