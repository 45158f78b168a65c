// A request as one command of a batch, against a reader of PHP's query strings (tests/translate/php_query.h) and the
// JSON body of the same request: `METHOD` in the first line, then the request (see RequestFromBytes), or the
// documentation's JSON if it begins with `{`.
//
// What PHP reads from the command equals what it reads from the body, every value as text; where there is no command,
// the body holds a reason; and nothing that the portal would replace is ever in one.
#include <cctype>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bitrix24/rest/options.pb.h"
#include "client_lib/json_reader/json_reader.h"
#include "service/base/json.h"
#include "service/translate/encode.h"
#include "service/translate/result_reference.h"
#include "service/translate/validate.h"
#include "tests/fuzz/finding.h"
#include "tests/fuzz/input.h"
#include "tests/translate/php_query.h"

namespace {

using namespace imbot;  // NOLINT: one function
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using nlohmann::json;

// `/\$[A-Za-z_]\S*?\[[^\]\s]+\]/`, tried at every place and every length. Written from the expression alone.
bool MatchesReference(std::string_view text) {
  const auto space = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  for (size_t dollar = 0; dollar + 1 < text.size(); ++dollar) {
    const char first = text[dollar + 1];
    bool name = (first >= 'A' && first <= 'Z') || (first >= 'a' && first <= 'z') || first == '_';
#ifdef IMBOT_FUZZ_BROKEN_RULE  // the positive control: this copy of the rule forgets a character
    if (first == '_') name = false;
#endif
    if (text[dollar] != '$' || !name) continue;
    for (size_t open = dollar + 2; open < text.size() && !space(text[open]); ++open) {
      if (text[open] != '[') continue;
      size_t close = open + 1;
      while (close < text.size() && text[close] != ']' && !space(text[close])) ++close;
      if (close < text.size() && text[close] == ']' && close > open + 1) return true;
    }
  }
  return false;
}

// The body as PHP's json_decode gives it, every leaf a text as it was written: lists are maps from 0.
class TextReader : public json::json_sax_t {
 public:
  bool null() override { return ++nulls, Leaf(nullptr); }
  bool boolean(bool value) override { return Leaf(value ? "1" : "0"); }
  bool number_integer(number_integer_t value) override { return Leaf(std::to_string(value)); }
  bool number_unsigned(number_unsigned_t value) override { return Leaf(std::to_string(value)); }
  bool number_float(number_float_t, const string_t& text) override { return Leaf(text); }
  bool string(string_t& value) override {
    if (value.find('\0') != value.npos) hostile_text = true;
    if (MatchesReference(value)) reference = true;
    return Leaf(value);
  }
  bool binary(binary_t&) override { return false; }
  bool start_object(size_t) override { return Open(false); }
  bool start_array(size_t) override { return Open(true); }
  bool key(string_t& key) override {
    // What PHP would read as another name (batch.md; PHP's parse_str).
    const bool blank = key.size() == 1 && std::isspace(static_cast<unsigned char>(key[0])) != 0;
    if (key.empty() || blank || key.find_first_of("[]") != key.npos || key.find('\0') != key.npos) hostile_key = true;
    if (levels_.size() == 1 && key.find_first_of(". ") != key.npos) hostile_key = true;
    key_ = key;
    return true;
  }
  bool end_object() override { return Close(); }
  bool end_array() override { return Close(); }
  bool parse_error(size_t, const std::string&, const nlohmann::detail::exception&) override { return false; }

  json root;
  int nulls = 0, leaves = 0;
  bool empty_inside = false, hostile_key = false, hostile_text = false, reference = false;

 private:
  struct Level {
    json* place;
    bool array;
  };

  json& Place() {
    if (levels_.empty()) return root;
    const Level& level = levels_.back();
    return (*level.place)[level.array ? std::to_string(level.place->size()) : key_];
  }
  bool Leaf(json value) {
    ++leaves;
    Place() = std::move(value);
    return true;
  }
  bool Open(bool array) {
    json& place = Place();
    place = json::object();
    levels_.push_back({&place, array});
    return true;
  }
  bool Close() {
    if (levels_.back().place->empty() && levels_.size() > 1) empty_inside = true;
    levels_.pop_back();
    return true;
  }

  std::vector<Level> levels_;
  std::string key_;
};

json AsMaps(const json& value) {
  if (!value.is_structured()) return value;
  json out = json::object();
  size_t index = 0;
  for (const auto& [key, item] : value.items()) out[value.is_array() ? std::to_string(index++) : key] = AsMaps(item);
  return out;
}

// Whether a field is set that clears another with something that is no text: `false` and the text "0" are not the same
// to the portal.
bool ClearsWithNoText(const Message& message) {
  std::vector<const FieldDescriptor*> fields;
  const auto& reflection = *message.GetReflection();
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    const auto& options = field->options().GetExtension(bitrix24::rest::field);
    if (!options.clears().empty() && !options.clear_as().starts_with('"')) return true;
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    const int count = field->is_repeated() ? reflection.FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      if (ClearsWithNoText(field->is_repeated() ? reflection.GetRepeatedMessage(message, field, i)
                                                : reflection.GetMessage(message, field))) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const fuzz::Input input = fuzz::Split(data, size);
  fuzz::Expect(translate::HoldsResultReference(input.body) == MatchesReference(input.body),
               "the rule of references and the expression disagree", input.body);

  const translate::MethodSpec& method = fuzz::MethodFor(input.head);
  std::unique_ptr<Message> request;
  if (input.body.starts_with('{')) {
    auto read = client::ReadRequest(*method.descriptor, input.body, {"acme/support", "acme"});
    if (!read.ok()) return 0;
    request = *std::move(read);
  } else {
    request = fuzz::RequestFromBytes(method, input.body);
  }
  (void)translate::Validate(method, *request);  // whatever it says of it

  const translate::Identity identity{.bot_id = 39, .secret = "bot-token"};
  const std::string body = translate::EncodeJson(method, *request, identity);
  fuzz::Expect(base::json::Parser().Parse(body).has_value(), "a body that the gateway itself can't read", body);
  TextReader texts;
  fuzz::Expect(json::sax_parse(body, &texts), "a body that is no JSON", body);

  const auto command = translate::EncodeBatchCommand(method, *request, identity);
  if (!command.has_value()) {
    // No more than this keeps a call out of a batch.
    const bool reason = texts.nulls > 0 || texts.empty_inside || texts.hostile_key || texts.hostile_text ||
                        texts.reference || texts.leaves > php::kMaxInputVars || ClearsWithNoText(*request);
    fuzz::Expect(reason, "a request kept out of a batch without a reason", body);
    return 0;
  }
  fuzz::Expect(!texts.reference, "a reference in a batch", *command);
  fuzz::Expect(texts.nulls == 0, "a null in a batch", *command);
  const size_t question = std::min(command->find('?'), command->size());
  fuzz::Expect(std::string_view(*command).substr(0, question) == method.name(), "a command of another method",
               *command);
  const std::string_view query = std::string_view(*command).substr(std::min(question + 1, command->size()));
  // RFC 3986, unreserved; and what separates names and values.
  for (const char c : query) {
    fuzz::Expect(std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                     std::string_view("-._~%&=").find(c) != std::string_view::npos,
                 "a character that is not encoded", query);
  }
  const json received = AsMaps(php::ParseStr(query));
  if (received != texts.root) {
    fuzz::Fail("PHP reads the command as another request",
               *command + "\n" + body + "\n" + received.dump(-1, ' ', false, json::error_handler_t::replace));
  }
  return 0;
}
