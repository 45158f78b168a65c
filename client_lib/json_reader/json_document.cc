#include "client_lib/json_reader/json_document.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"

namespace imbot::client {
namespace {

using Type = JsonNode::Type;

constexpr size_t kMaxDepth = 100;

// What the library calls while it reads. Each function returns false to stop.
class Builder final : public nlohmann::json_sax<nlohmann::json> {
 public:
  JsonNode Take() { return std::move(root_); }
  const std::string& error() const { return error_; }

  bool null() override { return Put({}); }
  bool boolean(bool value) override {
    JsonNode node;
    node.type = Type::kBool;
    node.flag = value;
    return Put(std::move(node));
  }
  bool number_integer(number_integer_t value) override { return Number(Type::kInteger, absl::StrCat(value)); }
  bool number_unsigned(number_unsigned_t value) override { return Number(Type::kInteger, absl::StrCat(value)); }
  // Integers beyond 64 bits come here too.
  bool number_float(number_float_t, const string_t& text) override {
    return Number(text.find_first_of(".eE") == text.npos ? Type::kInteger : Type::kFraction, text);
  }
  bool string(string_t& value) override {
    JsonNode node;
    node.type = Type::kText;
    node.text = std::move(value);
    return Put(std::move(node));
  }
  bool binary(binary_t&) override { return Stop("binary data"); }
  bool start_object(size_t) override { return Open(Type::kObject); }
  bool start_array(size_t) override { return Open(Type::kList); }
  bool end_object() override { return Close(); }
  bool end_array() override { return Close(); }
  bool key(string_t& name) override {
    auto& members = open_.back()->members;
    const bool twice = std::any_of(members.begin(), members.end(), [&](const auto& m) { return m.first == name; });
    if (twice) return Stop(absl::StrCat("the key \"", name, "\" stands twice in one object"));
    members.push_back({std::move(name), JsonNode()});
    return true;
  }
  bool parse_error(size_t position, const std::string&, const nlohmann::json::exception&) override {
    return Stop(absl::StrCat("not JSON: see byte ", position));
  }

 private:
  bool Stop(std::string why) {
    error_ = std::move(why);
    return false;
  }

  bool Number(Type type, std::string text) {
    JsonNode node;
    node.type = type;
    node.text = std::move(text);
    return Put(std::move(node));
  }

  // Where the next value belongs.
  JsonNode* Place() {
    if (open_.empty()) return &root_;
    JsonNode& parent = *open_.back();
    if (parent.is(Type::kObject)) return &parent.members.back().second;
    return &parent.items.emplace_back();
  }

  bool Put(JsonNode node) {
    *Place() = std::move(node);
    return true;
  }

  // Pointers to open nodes stay good: a container grows only while its last element is closed.
  bool Open(Type type) {
    if (open_.size() == kMaxDepth) return Stop(absl::StrCat("nests deeper than ", kMaxDepth, " levels"));
    JsonNode* node = Place();
    node->type = type;
    open_.push_back(node);
    return true;
  }

  bool Close() {
    open_.pop_back();
    return true;
  }

  JsonNode root_;
  std::vector<JsonNode*> open_;
  std::string error_;
};

}  // namespace

absl::StatusOr<JsonNode> ParseJson(std::string_view text) {
  Builder builder;
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &builder)) {
    return absl::InvalidArgumentError(builder.error());
  }
  return builder.Take();
}

}  // namespace imbot::client
