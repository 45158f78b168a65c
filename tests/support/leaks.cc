#include "tests/support/leaks.h"

#include <cctype>
#include <utility>

namespace imbot::testing {
namespace {

std::string Base64(std::string_view bytes) {
  static constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  unsigned int buffer = 0;
  int bits = 0;
  for (const char c : bytes) {
    buffer = (buffer << 8) | static_cast<unsigned char>(c);
    for (bits += 8; bits >= 6;) {
      bits -= 6;
      out.push_back(kAlphabet[(buffer >> bits) & 63]);
    }
  }
  return out;  // the incomplete last digit depends on what follows, and is left out
}

// The digits that do not depend on the bytes before and behind.
std::string Base64Core(std::string_view secret, size_t shift) {
  const std::string padded = std::string(shift, '\0') + std::string(secret);
  std::string digits = Base64(padded);
  const size_t unsure = shift == 0 ? 0 : (shift * 8 + 5) / 6;
  return digits.substr(unsure);
}

std::string UrlSafe(std::string text) {
  for (char& c : text) {
    if (c == '+') c = '-';
    if (c == '/') c = '_';
  }
  return text;
}

std::string EveryBytePercent(std::string_view text, const char* digits) {
  std::string out;
  for (const char c : text) {
    out += '%';
    out += digits[static_cast<unsigned char>(c) >> 4];
    out += digits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

std::string Percent(std::string_view text, const char* digits) {
  std::string out;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.' || c == '~') {
      out += c;
    } else {
      out += EveryBytePercent(std::string_view(&c, 1), digits);
    }
  }
  return out;
}

std::string Hex(std::string_view text, const char* digits) {
  std::string out;
  for (const char c : text) {
    out += digits[static_cast<unsigned char>(c) >> 4];
    out += digits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

}  // namespace

std::vector<std::string> FindLeaks(std::string_view text, const std::vector<NamedSecret>& secrets) {
  static constexpr char kLower[] = "0123456789abcdef";
  static constexpr char kUpper[] = "0123456789ABCDEF";
  std::vector<std::string> found;
  for (const auto& [name, value] : secrets) {
    std::vector<std::pair<const char*, std::string>> forms = {
        {"raw", value},
        {"percent-encoded", Percent(value, kUpper)},
        {"percent-encoded", Percent(value, kLower)},
        {"percent-encoded whole", EveryBytePercent(value, kUpper)},
        {"hexadecimal", Hex(value, kLower)},
        {"hexadecimal", Hex(value, kUpper)},
    };
    for (size_t shift = 0; shift < 3; ++shift) {
      forms.emplace_back("base64", Base64Core(value, shift));
      forms.emplace_back("base64url", UrlSafe(Base64Core(value, shift)));
    }
    for (const auto& [form, needle] : forms) {
      if (text.find(needle) == text.npos) continue;
      found.push_back(name + " (" + form + ")");
      break;
    }
  }
  return found;
}

}  // namespace imbot::testing
