#include <algorithm>
#include <array>
#include <regex>
#include <string_view>

#include "tests/conformance/compare.h"

namespace imbot::conformance {
namespace {

constexpr std::array<std::string_view, 4> kIdentityKeys = {"botId", "BOT_ID", "botToken", "CLIENT_ID"};

std::string Join(const std::string& path, const std::string& key) {
  return path.empty() ? key : path + "." + key;
}

std::string LastOf(const std::string& path) {
  const size_t dot = path.rfind('.');
  return dot == std::string::npos ? path : path.substr(dot + 1);
}

class RequestComparison {
 public:
  RequestComparison(const bitrix24::rest::Method& method, const ExpectedIdentity& identity, Uses* uses)
      : method_(method), identity_(identity), uses_(*uses) {}

  std::vector<std::string> Run(const Json& example, const Json& sent) {
    Compare(example, sent, "");
    for (const std::string& path : {method_.id_path(), method_.secret_path()}) {
      if (!path.empty()) CheckIdentity(path, sent);
    }
    return std::move(differences_);
  }

 private:
  void Differ(const std::string& path, const std::string& what) { differences_.push_back(path + ": " + what); }

  bool IsIdentity(const std::string& path) const {
    if (path == method_.id_path() || path == method_.secret_path()) return true;
    if (path == "keyboard.BOT_ID" || path == "fields.keyboard.BOT_ID" || path == "KEYBOARD.BOT_ID") return true;
    return std::find(kIdentityKeys.begin(), kIdentityKeys.end(), path) != kIdentityKeys.end();
  }

  void CheckIdentity(const std::string& path, const Json& sent) {
    std::string pointer = "/" + path;
    std::replace(pointer.begin(), pointer.end(), '.', '/');
    const Json value = sent.value(Json::json_pointer(pointer), Json());
    if (path == method_.id_path()) {
      const bool left_out = method_.name() == "imbot.v2.Bot.get" && sent.contains("code");
      if (left_out || !identity_.bot_id.has_value()) {
        if (!value.is_null()) Differ(path, "sent, although nothing belongs there");
      } else if (value != Json(*identity_.bot_id)) {
        Differ(path, "is " + value.dump() + " instead of the bot's id");
      }
      return;
    }
    const bool good = identity_.secret.has_value() ? value == Json(*identity_.secret)
                                                   : value.is_string() && !value.get<std::string>().empty() &&
                                                         value.get<std::string>().size() <= 40;
    if (!good) Differ(path, "is not the bot's secret");
  }

  void Compare(const Json& example, const Json& sent, const std::string& path) {
    if (example.is_object() && sent.is_object()) return CompareObjects(example, sent, path);
    if (example.is_array() && sent.is_array()) {
      if (example.size() != sent.size()) {
        return Differ(path, std::to_string(sent.size()) + " items instead of " + std::to_string(example.size()));
      }
      for (size_t i = 0; i < example.size(); ++i) Compare(example[i], sent[i], path + "[" + std::to_string(i) + "]");
      return;
    }
    if (example.is_array() && sent.is_object()) {
      const std::string items = ItemsOf(LastOf(path));
      if (!items.empty() && sent.contains(items)) {
        uses_.Note(Equivalence::kFullForm);
        return CompareObjects(Json{{items, example}}, sent, path);
      }
    }
    if (example.is_object() && sent.is_array() && sent.size() == 1) {
      const std::string name = LastOf(path);
      if (name == "IMAGE" || name == "GRID" || name == "FILE") {
        uses_.Note(Equivalence::kListOfOne);
        return Compare(example, sent[0], path + "[0]");
      }
    }
    // Types count: "350" is not 350, "Y" is not true.
    if (example != sent) Differ(path, "is " + sent.dump() + " instead of " + example.dump());
  }

  static std::string ItemsOf(const std::string& name) {
    if (name == "keyboard" || name == "KEYBOARD") return "BUTTONS";
    if (name == "attach" || name == "ATTACH") return "BLOCKS";
    if (name == "menu" || name == "MENU") return "ITEMS";
    return "";
  }

  void CompareObjects(const Json& example, const Json& sent, const std::string& path) {
    for (const auto& [key, value] : example.items()) {
      const std::string own_path = Join(path, key);
      if (IsIdentity(own_path)) {
        uses_.Note(Equivalence::kIdentity);
      } else if (!sent.contains(key)) {
        Differ(own_path, "not sent");
      } else {
        Compare(value, sent.at(key), own_path);
      }
    }
    for (const auto& [key, value] : sent.items()) {
      const std::string own_path = Join(path, key);
      if (example.contains(key)) continue;
      if (IsIdentity(own_path)) {
        uses_.Note(Equivalence::kIdentity);
        if (LastOf(own_path) == "BOT_ID" && own_path != method_.id_path() && identity_.bot_id.has_value() &&
            value != Json(*identity_.bot_id)) {
          Differ(own_path, "is not the bot's id");
        }
      } else if (own_path == "fields.templateId" && method_.retry() == bitrix24::rest::RETRY_DEDUPLICATED) {
        static const std::regex uuid("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
        if (!value.is_string() || !std::regex_match(value.get<std::string>(), uuid)) {
          Differ(own_path, value.dump() + " is no lower-case UUIDv4");
        }
        uses_.Note(Equivalence::kTemplateId);
      } else {
        Differ(own_path, "sent, but not in the example");
      }
    }
  }

  const bitrix24::rest::Method& method_;
  const ExpectedIdentity& identity_;
  Uses& uses_;
  std::vector<std::string> differences_;
};

}  // namespace

std::vector<std::string> CompareRequest(const Json& example, const Json& sent, const bitrix24::rest::Method& method,
                                        const ExpectedIdentity& identity, Uses* uses) {
  return RequestComparison(method, identity, uses).Run(example, sent);
}

}  // namespace imbot::conformance
