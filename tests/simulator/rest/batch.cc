#include "tests/simulator/rest/batch.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <utility>

#include "tests/simulator/php/coerce.h"
#include "tests/simulator/php/parse_str.h"

namespace simulator {
namespace {

const RestError kTooMany{"ERROR_BATCH_LENGTH_EXCEEDED", "Max batch length exceeded"};
const RestError kNotAllowed{"ERROR_BATCH_METHOD_NOT_ALLOWED", "Method is not allowed for batch usage"};

bool IsControl(char c) {
  return static_cast<unsigned char>(c) < ' ' || c == 0x7F;
}

bool IsSpace(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

// parse_url's path and query: what follows a raw `#` is lost, control characters become underscores.
void SplitCommand(std::string text, Batch::Command* command) {
  // A plain loop, which the compiler does for many characters at once.
  for (char& c : text) c = IsControl(c) ? '_' : c;
  text.resize(std::min(text.size(), text.find('#')));
  const size_t question = text.find('?');
  command->method = text.substr(0, question);
  if (question == std::string::npos) return;
  text.erase(0, question + 1);
  command->query = std::move(text);
}

// The names in brackets: of `[a][b]x` these are a and b.
std::vector<std::string> Path(std::string_view text) {
  std::vector<std::string> path;
  size_t position = 0;
  while ((position = text.find('[', position)) != std::string_view::npos) {
    const size_t close = text.find(']', position);
    if (close == std::string_view::npos) break;
    if (close > position + 1) {
      path.emplace_back(text.substr(position + 1, close - position - 1));
      position = close + 1;
    } else {
      ++position;  // empty brackets name nothing
    }
  }
  return path;
}

// $value[$key] where isset($value[$key]); a text's characters are members too.
std::optional<Json> Member(const Json& value, const std::string& key) {
  if (!value.is_string()) {
    const Json* member = FindSet(value, key);
    return member == nullptr ? std::nullopt : std::optional<Json>(*member);
  }
  const std::string& text = value.get_ref<const std::string&>();
  int64_t index = 0;
  const auto parsed = std::from_chars(key.data(), key.data() + key.size(), index);
  if (parsed.ec != std::errc() || parsed.ptr != key.data() + key.size()) return std::nullopt;
  if (index < 0) index += static_cast<int64_t>(text.size());
  if (index < 0 || index >= static_cast<int64_t>(text.size())) return std::nullopt;
  return Json(std::string(1, text[static_cast<size_t>(index)]));
}

// The codes that come from the messenger's pending exception in place of the documented one (WIRE_FACTS.md 1.5).
bool IsMessengersError(std::string_view code) {
  constexpr std::array<std::string_view, 8> kCodes = {"CANCELED",
                                                      "ERROR_NO_ACCESS",
                                                      "CHAT_ID",
                                                      "TO_USER_ID",
                                                      "MESSAGE_TYPE",
                                                      "ERROR_FROM_OTHER_MODULE",
                                                      "TEXT_FIELD_DISABLED",
                                                      "MESSAGE_DUPLICATED_BY_UUID"};
  return std::find(kCodes.begin(), kCodes.end(), code) != kCodes.end();
}

void ReplaceAll(const std::string& what, const std::string& with, std::string* text) {
  for (size_t at = text->find(what); at != std::string::npos; at = text->find(what, at + with.size())) {
    text->replace(at, what.size(), with);
  }
}

}  // namespace

Answer SplitResult(Json result) {
  Answer answer;
  if (result.is_object()) {
    if (const Json* value = FindSet(result, "next")) answer.next = ToInt(value);
    if (const Json* value = FindSet(result, "total")) answer.total = ToInt(value);
    result.erase("next");
    result.erase("total");
  }
  answer.result = std::move(result);
  return answer;
}

Batch::Batch(const Json& params, bool sticky) : sticky_(sticky), sections_(Json::object()) {
  // The order in which a reference's name is looked up.
  for (const char* name : {"result", "next", "total", "time", "error"}) sections_[name] = Json::object();
  // In any case; of two spellings the last one counts.
  const Json* cmd = nullptr;
  for (auto it = params.begin(); params.is_object() && it != params.end(); ++it) {
    const std::string name = AsciiUpper(it.key());
    if (name == "HALT") halt_ = !IsEmpty(&it.value());
    if (name == "CMD") cmd = &it.value();
  }
  if (cmd == nullptr || !IsArray(*cmd)) return;
  size_t count = 0;
  for (const auto& item : cmd->items()) {
    Command command;
    command.key = item.key();
    if (count++ >= kMaxCommands) {
      if (item.value().is_string()) SplitCommand(item.value().get<std::string>(), &command);
      command.refused = kTooMany;
    } else if (!item.value().is_string()) {
      continue;
    } else {
      SplitCommand(item.value().get<std::string>(), &command);
      // Exactly so written: `Batch` gets through.
      if (command.method == "download" || command.method == "upload" || command.method == "batch") {
        command.refused = kNotAllowed;
      }
    }
    commands_.push_back(std::move(command));
  }
  for (const char* name : {"result", "time"}) sections_[name] = MapFor(commands_.size());
}

Json Batch::Params(const Command& command) const {
  Json params = ParseStr(command.query);
  Substitute(&params);
  return params;
}

// Names are never replaced.
void Batch::Substitute(Json* value) const {
  if (!value->is_string()) {
    for (Json& item : *value) Substitute(&item);
  } else if (const std::string& text = value->get_ref<const std::string&>(); text.find('$') != std::string::npos) {
    *value = SubstituteText(text);
  }
}

Json Batch::SubstituteText(const std::string& text) const {
  std::string replaced = text;
  for (size_t dollar = text.find('$'); dollar != std::string::npos;) {
    const std::string_view rest = std::string_view(text).substr(dollar + 1);
    const Json* section = nullptr;
    std::string_view name;
    bool exact = false;
    for (const auto& item : sections_.items()) {
      const std::string_view start = rest.substr(0, item.key().size());
      if (AsciiLower(start) != AsciiLower(item.key())) continue;
      name = start;
      section = &item.value();
      exact = start == item.key();
      break;
    }
    if (section == nullptr) {
      dollar = text.find('$', dollar + 1);
      continue;
    }
    size_t end = dollar + 1 + name.size();
    const size_t path_start = end;
    while (end < text.size() && !IsSpace(text[end])) ++end;
    const std::string match = text.substr(dollar, end - dollar);
    dollar = text.find('$', end);
    const std::vector<std::string> path = Path(std::string_view(text).substr(path_start, end - path_start));
    if (path.empty()) continue;
    // In another case the name is recognised and finds nothing. A path ends at the deepest level that it reaches.
    Json found = exact ? *section : Json(nullptr);
    for (const std::string& key : path) {
      std::optional<Json> member = Member(found, key);
      if (!member) break;
      found = *std::move(member);
    }
    if (match == text) return found;
    if (found.is_number()) found = ToString(&found);
    if (found.is_string()) ReplaceAll(match, found.get_ref<const std::string&>(), &replaced);
  }
  return Json(std::move(replaced));
}

void Batch::Succeeded(const Command& command, Answer answer, Json time) {
  const auto add = [&](std::string_view section, Json value) {
    Append(command.key, std::move(value), FindMutable(sections_, section));
  };
  add("result", std::move(answer.result));
  if (answer.next) add("next", *answer.next);
  if (answer.total) add("total", *answer.total);
  add("time", std::move(time));
}

void Batch::Failed(const Command& command, RestError error) {
  if (pending_) {
    error.code = pending_->code;
    error.description = pending_->description;
  } else if (sticky_ && IsMessengersError(error.code)) {
    pending_ = error;
  }
  Json whole = Json::object();
  whole["error"] = error.code;
  whole["error_description"] = error.description;
  for (const auto& item : error.extra.items()) whole[item.key()] = item.value();
  for (const auto& item : whole.items()) {
    sections_[item.key()][command.key] = item.key() == "error" ? whole : item.value();
  }
}

Json Batch::Result() && {
  const auto section = [&](const char* name) {
    Json entries = std::move(sections_[name]);
    if (entries.empty()) entries = Json::array();
    return entries;
  };
  Json out = MapFor(5);
  Append("result", section("result"), &out);
  Append("result_error", section("error"), &out);
  Append("result_total", section("total"), &out);
  Append("result_next", section("next"), &out);
  Append("result_time", section("time"), &out);
  return out;
}

}  // namespace simulator
