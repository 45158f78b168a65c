#include "tests/simulator/php/coerce.h"

#include <cerrno>
#include <cmath>
#include <cstdlib>

namespace simulator {
namespace {

bool IsSpace(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f';
}

int64_t FromDouble(double number) {
  if (!std::isfinite(number) || std::fabs(number) >= 9.2e18) return 0;
  return static_cast<int64_t>(number);
}

}  // namespace

int64_t ToInt(const Json* value) {
  if (value == nullptr) return 0;
  switch (value->type()) {
    case Json::value_t::boolean:
      return value->get<bool>() ? 1 : 0;
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
      return value->get<int64_t>();
    case Json::value_t::number_float:
      return FromDouble(value->get<double>());
    case Json::value_t::string: {
      const std::string& text = value->get_ref<const std::string&>();
      const char* start = text.c_str();
      while (IsSpace(*start)) ++start;
      char* end = nullptr;
      errno = 0;
      const long long number = std::strtoll(start, &end, 10);
      // "1e3" and "1.9" go through a float, as PHP does with leading-numeric strings.
      if (end != start && (*end == '.' || *end == 'e' || *end == 'E') && start[0] != '\0') {
        return FromDouble(std::strtod(start, nullptr));
      }
      return errno == ERANGE ? (number < 0 ? INT64_MIN : INT64_MAX) : number;
    }
    case Json::value_t::array:
    case Json::value_t::object:
      return value->empty() ? 0 : 1;
    default:
      return 0;
  }
}

std::string ToString(const Json* value) {
  if (value == nullptr) return std::string();
  switch (value->type()) {
    case Json::value_t::boolean:
      return value->get<bool>() ? "1" : "";
    case Json::value_t::string:
      return value->get<std::string>();
    case Json::value_t::array:
    case Json::value_t::object:
      return "Array";
    case Json::value_t::null:
      return std::string();
    default:
      return WriteJson(*value);
  }
}

bool IsEmpty(const Json* value) {
  if (value == nullptr) return true;
  switch (value->type()) {
    case Json::value_t::boolean:
      return !value->get<bool>();
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
      return value->get<int64_t>() == 0;
    case Json::value_t::number_float:
      return value->get<double>() == 0.0;
    case Json::value_t::string: {
      const std::string& text = value->get_ref<const std::string&>();
      return text.empty() || text == "0";
    }
    case Json::value_t::array:
    case Json::value_t::object:
      return value->empty();
    default:
      return true;
  }
}

bool LooseEquals(const Json* value, std::string_view text) {
  if (value == nullptr || value->is_null()) return text.empty();
  switch (value->type()) {
    case Json::value_t::boolean:
      return value->get<bool>() == !(text.empty() || text == "0");
    case Json::value_t::array:
    case Json::value_t::object:
      return false;
    default:
      return ToString(value) == text;
  }
}

bool StrictEquals(const Json* value, std::string_view text) {
  return value != nullptr && value->is_string() && value->get_ref<const std::string&>() == text;
}

bool IsIntLike(const Json& value) {
  if (value.is_number_integer()) return true;
  if (value.is_number_float()) return std::floor(value.get<double>()) == value.get<double>();
  if (!value.is_string()) return false;
  const std::string& text = value.get_ref<const std::string&>();
  char* end = nullptr;
  std::strtoll(text.c_str(), &end, 10);
  return !text.empty() && end == text.c_str() + text.size();
}

std::string Trim(std::string_view text) {
  // trim() strips these six, the vertical tab among them, and NUL, but no form feed.
  constexpr std::string_view kStripped(" \t\n\r\0\v", 6);
  const size_t first = text.find_first_not_of(kStripped);
  if (first == std::string_view::npos) return std::string();
  return std::string(text.substr(first, text.find_last_not_of(kStripped) - first + 1));
}

std::string AsciiUpper(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

std::string AsciiLower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

size_t Utf8Length(std::string_view text) {
  size_t count = 0;
  for (const char c : text) {
    if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) ++count;
  }
  return count;
}

std::string_view Utf8Prefix(std::string_view text, size_t characters) {
  size_t count = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0) == 0x80) continue;
    if (count++ == characters) return text.substr(0, i);
  }
  return text;
}

Json UpperCaseKeys(const Json& params) {
  Json result = Json::object();
  if (!params.is_object()) return result;
  for (auto it = params.begin(); it != params.end(); ++it) result[AsciiUpper(it.key())] = it.value();
  return result;
}

}  // namespace simulator
