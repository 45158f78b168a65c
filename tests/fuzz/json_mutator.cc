#include "tests/fuzz/json_mutator.h"

#include <cstring>
#include <iterator>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fuzz/input.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace imbot::fuzz {
namespace {

using Json = nlohmann::ordered_json;

// What PHP and people put where something else was expected.
const char* const kValues[] = {"null",
                               "true",
                               "false",
                               "0",
                               "1",
                               "-1",
                               "\"\"",
                               "\"0\"",
                               "\"Y\"",
                               "\"N\"",
                               "\"1\"",
                               "[]",
                               "{}",
                               "[null]",
                               "{\"0\":0}",
                               "1.5",
                               "-0.0",
                               "1e300",
                               "1e-7",
                               "9007199254740993",
                               "-9007199254740993",
                               "9223372036854775807",
                               "-9223372036854775808",
                               "9223372036854775808",
                               "18446744073709551616",
                               "2147483648",
                               "4294967296.0",
                               "\"9223372036854775808\"",
                               "\"2025-01-15T10:30:00+02:00\"",
                               "\"0001-01-01T00:00:00Z\"",
                               "\"9999-12-31T23:59:59.999999999Z\"",
                               "\"infinite-future\"",
                               "1728626400.123",
                               "\"\\u0000\"",
                               "\"\\ud83d\\udc4b\"",
                               "\"$result[a][b]\"",
                               "\"SGVsbG8=\"",
                               "\"nan\"",
                               "{\"result\":true}",
                               "{\"error\":\"ACCESS_DENIED\",\"error_description\":\"x\"}"};

// Names that PHP reads as others, or as none.
const std::string_view kKeys[] = {
    "k", "0", "1", "", " ", "\n", "a[b", "]", "a.b", "a b", std::string_view("a\0b", 3), "result"};

void Collect(Json* value, std::vector<Json*>* nodes) {
  nodes->push_back(value);
  if (!value->is_structured()) return;
  for (Json& item : *value) Collect(&item, nodes);
}

void Change(Json* root, std::minstd_rand* random) {
  const auto below = [&](size_t limit) { return static_cast<size_t>((*random)()) % limit; };
  std::vector<Json*> nodes;
  Collect(root, &nodes);
  Json* node = nodes[below(nodes.size())];
  const Json other = *nodes[below(nodes.size())];
  const Json value = Json::parse(kValues[below(std::size(kValues))]);
  switch (below(9)) {
    case 0:
    case 1:
      *node = value;
      return;
    case 2:
      *node = other;
      return;
    case 3:  // a list as a map, and back
      if (node->is_array()) {
        Json object = Json::object();
        for (size_t i = 0; i < node->size(); ++i) object[std::to_string(i)] = (*node)[i];
        *node = object;
      } else if (node->is_object()) {
        Json list = Json::array();
        for (const Json& item : *node) list.push_back(item);
        *node = list;
      } else if (node->is_number()) {
        *node = node->dump();
      }
      return;
    case 4:
      if (node->is_structured() && !node->empty()) {
        auto at = node->begin();
        std::advance(at, static_cast<std::ptrdiff_t>(below(node->size())));
        node->erase(at);
      }
      return;
    case 5:
      if (node->is_array()) node->push_back(other);
      if (node->is_object()) (*node)[std::string(kKeys[below(std::size(kKeys))])] = below(2) == 0 ? value : other;
      return;
    case 6:  // the key in another spelling
      if (node->is_object() && !node->empty()) {
        auto at = node->begin();
        std::advance(at, static_cast<std::ptrdiff_t>(below(node->size())));
        std::string key;
        for (const char c : at.key()) {
          if (c >= 'A' && c <= 'Z') key += '_';
          key += static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
        }
        (*node)[key] = value;
      }
      return;
    case 7: {
      const size_t levels = 1 + below(below(8) == 0 ? 140 : 3);
      for (size_t i = 0; i < levels; ++i) *node = below(2) == 0 ? Json::array({*node}) : Json{{"result", *node}};
      return;
    }
    default:
      if (node->is_string())
        *node = node->get<std::string>() + other.dump(-1, ' ', false, Json::error_handler_t::replace);
  }
}

}  // namespace

size_t MutateJsonBehindFirstLine(uint8_t* data, size_t size, size_t max_size, unsigned seed) {
  std::minstd_rand random(seed);
  if (random() % 2 == 0) return LLVMFuzzerMutate(data, size, max_size);
  const Input input = Split(data, size);
  Json body = Json::parse(input.body, nullptr, /*allow_exceptions=*/false);
  if (body.is_discarded()) return LLVMFuzzerMutate(data, size, max_size);
  std::string head(input.head);
  if (random() % 16 == 0) {
    // The method is the first or the second word.
    const auto& methods = Methods().methods();
    const std::string name(methods[random() % methods.size()]->name());
    const size_t second = head.starts_with("response ") || head.starts_with("request ") ? head.find(' ') + 1 : 0;
    head.replace(second, std::min(head.find(' ', second), head.size()) - second, name);
  }
  for (unsigned i = 0; i < 1 + random() % 3; ++i) Change(&body, &random);
  const std::string text = head + "\n" + body.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() > max_size) return LLVMFuzzerMutate(data, size, max_size);
  std::memcpy(data, text.data(), text.size());
  return text.size();
}

}  // namespace imbot::fuzz

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed) {
  return imbot::fuzz::MutateJsonBehindFirstLine(data, size, max_size, seed);
}
