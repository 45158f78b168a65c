#include "tests/simulator/php/json.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <utility>

namespace simulator {
namespace {

constexpr int kMaxDepth = 512;  // json_decode's default

bool DeeperThanAllowed(std::string_view text) {
  // What has not as many brackets is no deeper, and counting is quick.
  if (std::count_if(text.begin(), text.end(), [](char c) { return c == '[' || c == '{'; }) <= kMaxDepth) return false;
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_string = false;
      }
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kMaxDepth) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

// Length of the valid UTF-8 sequence at the front of `text`, 0 if there is none.
size_t SequenceLength(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto continuation = [&](size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
    return i < text.size() && byte(i) >= low && byte(i) <= high;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return continuation(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const unsigned low = first == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = first == 0xED ? 0x9F : 0xBF;
    return continuation(1, low, high) && continuation(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const unsigned low = first == 0xF0 ? 0x90 : 0x80;
    const unsigned high = first == 0xF4 ? 0x8F : 0xBF;
    return continuation(1, low, high) && continuation(2) && continuation(3) ? 4 : 0;
  }
  return 0;
}

void AppendEscaped(unsigned char c, std::string* out) {
  constexpr char kHex[] = "0123456789ABCDEF";
  *out += "\\u00";
  *out += kHex[c >> 4];
  *out += kHex[c & 15];
}

// Whether AppendString writes the byte as it is, whatever stands beside it.
bool IsPlain(char c) {
  static constexpr std::array<bool, 256> kPlain = [] {
    std::array<bool, 256> plain{};
    for (size_t i = ' '; i < 0x80; ++i) plain[i] = true;
    for (const char special : {'"', '\'', '<', '>', '&', '/', '\\'}) plain[static_cast<unsigned char>(special)] = false;
    return plain;
  }();
  return kPlain[static_cast<unsigned char>(c)];
}

void AppendString(std::string_view text, std::string* out) {
  *out += '"';
  for (size_t i = 0; i < text.size();) {
    const size_t begin = i;
    while (i < text.size() && IsPlain(text[i])) ++i;
    out->append(text, begin, i - begin);
    if (i == text.size()) break;
    const unsigned char c = static_cast<unsigned char>(text[i]);
    if (c >= 0x80) {
      const size_t length = SequenceLength(text.substr(i));
      if (length == 0) {
        *out += "\xEF\xBF\xBD";
        ++i;
      } else {
        out->append(text.substr(i, length));
        i += length;
      }
      continue;
    }
    switch (c) {
      case '"':
      case '\'':
      case '<':
      case '>':
      case '&':
        AppendEscaped(c, out);
        break;
      case '/':
        *out += "\\/";
        break;
      case '\\':
        *out += "\\\\";
        break;
      case '\b':
        *out += "\\b";
        break;
      case '\f':
        *out += "\\f";
        break;
      case '\n':
        *out += "\\n";
        break;
      case '\r':
        *out += "\\r";
        break;
      case '\t':
        *out += "\\t";
        break;
      default:
        // json_encode writes control characters in lower case, unlike the HEX_ flags' upper case.
        constexpr char kHex[] = "0123456789abcdef";
        *out += "\\u00";
        *out += kHex[c >> 4];
        *out += kHex[c & 15];
    }
    ++i;
  }
  *out += '"';
}

bool KeysCountFromZero(const Json& object) {
  size_t expected = 0;
  for (const auto& [key, value] : object.get_ref<const Json::object_t&>()) {
    // Most names are no number at all.
    if (key.empty() || key[0] < '0' || key[0] > '9' || key != std::to_string(expected++)) return false;
  }
  return true;
}

template <typename Number>
void AppendNumber(Number number, std::string* out) {
  char buffer[32];
  out->append(buffer, std::to_chars(buffer, buffer + sizeof(buffer), number).ptr);
}

void Append(const Json& value, EmptyMap empty_map, std::string* out) {
  switch (value.type()) {
    case Json::value_t::object: {
      if (value.empty()) {
        *out += empty_map == EmptyMap::kList ? "[]" : "{}";
        return;
      }
      const bool list = KeysCountFromZero(value);
      *out += list ? '[' : '{';
      bool first = true;
      for (const auto& [name, member] : value.get_ref<const Json::object_t&>()) {
        if (!first) *out += ',';
        first = false;
        if (!list) {
          AppendString(name, out);
          *out += ':';
        }
        Append(member, empty_map, out);
      }
      *out += list ? ']' : '}';
      return;
    }
    case Json::value_t::array: {
      *out += '[';
      bool first = true;
      for (const Json& item : value) {
        if (!first) *out += ',';
        first = false;
        Append(item, empty_map, out);
      }
      *out += ']';
      return;
    }
    case Json::value_t::string:
      AppendString(value.get_ref<const std::string&>(), out);
      return;
    case Json::value_t::boolean:
      *out += value.get<bool>() ? "true" : "false";
      return;
    case Json::value_t::number_integer:
      AppendNumber(value.get<int64_t>(), out);
      return;
    case Json::value_t::number_unsigned:
      AppendNumber(value.get<uint64_t>(), out);
      return;
    case Json::value_t::number_float: {
      const double number = value.get<double>();
      if (!std::isfinite(number)) {
        *out += '0';
        return;
      }
      // serialize_precision -1: the shortest text that reads back as the same number.
      AppendNumber(number, out);
      return;
    }
    default:
      *out += "null";
  }
}

Json FromElement(const simdjson::dom::element& element) {
  using simdjson::dom::element_type;
  switch (element.type()) {
    case element_type::ARRAY: {
      Json list = Json::array();
      for (const simdjson::dom::element item : simdjson::dom::array(element)) list.push_back(FromElement(item));
      return list;
    }
    case element_type::OBJECT: {
      Json map = Json::object();
      for (const auto [key, value] : simdjson::dom::object(element)) map[std::string(key)] = FromElement(value);
      return map;
    }
    case element_type::INT64:
      if (const int64_t value = int64_t(element); value < 0) return value;
      return uint64_t(element);
    case element_type::UINT64:
      return uint64_t(element);
    case element_type::DOUBLE:
      return double(element);
    case element_type::STRING:
      return std::string(std::string_view(element));
    case element_type::BOOL:
      return bool(element);
    case element_type::NULL_VALUE:
      break;
  }
  return nullptr;
}

}  // namespace

std::optional<Json> ParseJson(std::string_view text) {
  if (DeeperThanAllowed(text)) return std::nullopt;
  thread_local simdjson::dom::parser parser;
  if (simdjson::dom::element element; parser.parse(text.data(), text.size()).get(element) == simdjson::SUCCESS)
    return FromElement(element);
  // Numbers that simdjson has no type for, and whatever is no JSON.
  Json value = Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (value.is_discarded()) return std::nullopt;
  return value;
}

std::string WriteJson(const Json& value, EmptyMap empty_map) {
  std::string out;
  out.reserve(512);
  Append(value, empty_map, &out);
  return out;
}

const Json* Find(const Json& value, std::string_view key) {
  if (value.is_object()) {
    for (const auto& [name, member] : value.get_ref<const Json::object_t&>()) {
      if (name == key) return &member;
    }
    return nullptr;
  }
  if (value.is_array()) {
    size_t index = 0;
    const auto end = std::from_chars(key.data(), key.data() + key.size(), index);
    if (end.ec != std::errc() || end.ptr != key.data() + key.size() || index >= value.size()) return nullptr;
    return &value[index];
  }
  return nullptr;
}

Json* FindMutable(Json& value, std::string_view key) {
  return const_cast<Json*>(Find(value, key));
}

const Json* FindSet(const Json& value, std::string_view key) {
  const Json* found = Find(value, key);
  return found != nullptr && !found->is_null() ? found : nullptr;
}

Json MapFor(size_t members) {
  Json map = Json::object();
  map.get_ref<Json::object_t&>().reserve(members);
  return map;
}

void Append(std::string key, Json value, Json* object) {
  object->get_ref<Json::object_t&>().emplace_back(std::move(key), std::move(value));
}

bool IsArray(const Json& value) {
  return value.is_structured();
}

void NormalizeLists(Json& value) {
  if (!value.is_structured()) return;
  for (Json& item : value) NormalizeLists(item);
  if (!value.is_object() || value.empty() || !KeysCountFromZero(value)) return;
  Json list = Json::array();
  for (Json& item : value) list.push_back(std::move(item));
  value = std::move(list);
}

std::string ReplaceInvalidUtf8(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    const size_t length = SequenceLength(text.substr(i));
    if (length == 0) {
      out += "\xEF\xBF\xBD";
      ++i;
    } else {
      out.append(text.substr(i, length));
      i += length;
    }
  }
  return out;
}

}  // namespace simulator
