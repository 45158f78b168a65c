// Reads a query string as PHP's parse_str does, written from its documented behaviour and WIRE_FACTS 2, for tests of
// what the gateway writes. Shares nothing with it.
#ifndef IMBOT_TESTS_TRANSLATE_PHP_QUERY_H_
#define IMBOT_TESTS_TRANSLATE_PHP_QUERY_H_

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "nlohmann/json.hpp"

namespace imbot::php {

inline constexpr int kMaxInputVars = 1000;  // php.ini's default

// A value as PHP has it: a text, or an array of keys in the order of insertion.
struct Item;
struct Array {
  std::string text;
  bool is_array = false;
  std::vector<Item> items;

  Array& At(const std::string& key);
  // `a[]=`: the next number.
  std::string NextIndex() const;
  // As json_encode writes it: keys 0, 1, 2... make a list.
  nlohmann::json ToJson() const;
};
struct Item {
  std::string name;
  Array value;
};

inline Array& Array::At(const std::string& key) {
  for (Item& item : items) {
    if (item.name == key) return item.value;
  }
  return items.emplace_back(Item{key, Array{}}).value;
}

inline std::string Array::NextIndex() const {
  int64_t next = 0;
  for (const Item& item : items) {
    if (!item.name.empty() && item.name.find_first_not_of("0123456789") == item.name.npos)
      next = std::max<int64_t>(next, std::stoll(item.name) + 1);
  }
  return std::to_string(next);
}

inline nlohmann::json Array::ToJson() const {
  if (!is_array) return text;
  bool list = true;
  for (size_t i = 0; i < items.size(); ++i) list = list && items[i].name == std::to_string(i);
  nlohmann::json out = list ? nlohmann::json::array() : nlohmann::json::object();
  for (const Item& item : items) {
    if (list) {
      out.push_back(item.value.ToJson());
    } else {
      out[item.name] = item.value.ToJson();
    }
  }
  return out;
}

inline std::string UrlDecode(std::string_view text) {
  const auto hex = [](char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; };
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += ' ';
    } else if (text[i] == '%' && i + 2 < text.size() && std::isxdigit(static_cast<unsigned char>(text[i + 1])) != 0 &&
               std::isxdigit(static_cast<unsigned char>(text[i + 2])) != 0) {
      out += static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

inline void Register(std::string name, std::string value, Array* root) {
  name = name.substr(0, name.find('\0'));
  name.erase(0, name.find_first_not_of(' ') == name.npos ? name.size() : name.find_first_not_of(' '));
  if (name.empty() || name[0] == '[') return;
  const size_t bracket = name.find('[');
  std::string base = name.substr(0, bracket);
  for (char& c : base) {
    if (c == ' ' || c == '.') c = '_';
  }
  std::vector<std::string> path;
  size_t at = bracket;
  while (at < name.size() && name[at] == '[') {
    const size_t close = name.find(']', at);
    if (close == name.npos) {
      if (path.empty()) base += "_" + name.substr(at + 1);
      break;
    }
    std::string index = name.substr(at + 1, close - at - 1);
    if (index.size() == 1 && std::isspace(static_cast<unsigned char>(index[0])) != 0) index.clear();
    path.push_back(std::move(index));
    at = close + 1;
  }
  Array* place = root;
  place->is_array = true;
  place = &place->At(base);
  for (const std::string& index : path) {
    if (!place->is_array) *place = Array{.text = "", .is_array = true, .items = {}};
    place = &place->At(index.empty() ? place->NextIndex() : index);
  }
  *place = Array{.text = std::move(value), .is_array = false, .items = {}};
}

// Every value is a text; what comes after max_input_vars is dropped.
inline nlohmann::json ParseStr(std::string_view query) {
  Array root;
  root.is_array = true;
  int count = 0;
  while (!query.empty()) {
    const size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.empty() || ++count > kMaxInputVars) continue;
    const size_t equals = pair.find('=');
    Register(UrlDecode(pair.substr(0, equals)), equals == pair.npos ? "" : UrlDecode(pair.substr(equals + 1)), &root);
  }
  return root.items.empty() ? nlohmann::json::object() : root.ToJson();
}

// What a JSON body becomes when every leaf is a text: true is "1", false "0".
inline nlohmann::json AsTexts(const nlohmann::json& value) {
  if (value.is_string()) return value;
  if (value.is_boolean()) return value.get<bool>() ? "1" : "0";
  if (!value.is_structured()) return value.dump();
  nlohmann::json out = value;
  for (auto& item : out) item = AsTexts(item);
  return out;
}

}  // namespace imbot::php

#endif  // IMBOT_TESTS_TRANSLATE_PHP_QUERY_H_
