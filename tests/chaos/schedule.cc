#include "tests/chaos/schedule.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <sstream>
#include <stdexcept>

namespace imbot::chaos {
namespace {

class Line {
 public:
  Line(std::string_view text, int number) : words_(std::string(text)), number_(number) {}

  std::optional<std::string> Word() {
    std::string word;
    if (words_ >> word) return word;
    return std::nullopt;
  }
  std::string Need(std::string_view what) {
    auto word = Word();
    if (!word.has_value()) Fail("lacks " + std::string(what));
    return *word;
  }
  uint64_t Number(std::string_view text) {
    uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) Fail("`" + std::string(text) + "` is no number");
    return number;
  }
  // `N`, `A..B` or `A..`.
  void Range(const std::string& text, uint64_t* from, uint64_t* to) {
    const size_t dots = text.find("..");
    *from = Number(text.substr(0, dots));
    if (dots == text.npos) {
      *to = *from;
    } else if (dots + 2 < text.size()) {
      *to = Number(text.substr(dots + 2));
    }
    if (*to < *from) Fail("`" + text + "` ends before it begins");
  }
  std::chrono::milliseconds Time(const std::string& text) {
    if (text.ends_with("ms")) return std::chrono::milliseconds(Number(text.substr(0, text.size() - 2)));
    if (text.ends_with("s")) return std::chrono::seconds(Number(text.substr(0, text.size() - 1)));
    Fail("`" + text + "` is no time; write 50ms or 2s");
  }
  [[noreturn]] void Fail(const std::string& what) const {
    throw std::invalid_argument("schedule, line " + std::to_string(number_) + ": " + what);
  }

 private:
  std::istringstream words_;
  const int number_;
};

Rule ParseRule(Line* line) {
  static const std::map<std::string, Trouble, std::less<>> kTroubles = {
      {"refuse", Trouble::kRefuse},   {"delay", Trouble::kDelay}, {"throttle", Trouble::kThrottle},
      {"corrupt", Trouble::kCorrupt}, {"stall", Trouble::kStall}, {"half-close", Trouble::kHalfClose},
      {"cut", Trouble::kCut},         {"reset", Trouble::kReset}};
  Rule rule;
  const std::string which = line->Need("a connection");
  if (which != "*") line->Range(which, &rule.first, &rule.last);
  bool directed = false;
  for (;;) {
    const std::string word = line->Need("what happens");
    if (word == "every") {
      rule.every = line->Number(line->Need("a number"));
      if (rule.every == 0) line->Fail("`every 0` is never");
    } else if (word == "chance") {
      const std::string chance = line->Need("a chance");
      if (!chance.ends_with('%')) line->Fail("`" + chance + "` is no chance; write 10%");
      rule.chance = static_cast<double>(line->Number(chance.substr(0, chance.size() - 1))) / 100;
    } else if (word == "to-server" || word == "to-client") {
      rule.direction = word == "to-server" ? Direction::kToServer : Direction::kToClient;
      directed = true;
    } else if (word == "at") {
      line->Range(line->Need("a place"), &rule.at_least, &rule.at_most);
      rule.at_most = std::max(rule.at_most, rule.at_least);
    } else if (const auto it = kTroubles.find(word); it != kTroubles.end()) {
      rule.trouble = it->second;
      break;
    } else {
      line->Fail("`" + word + "` is not known");
    }
  }
  if (!directed && rule.trouble != Trouble::kRefuse) line->Fail("lacks to-server or to-client");
  switch (rule.trouble) {
    case Trouble::kDelay:
      rule.time = line->Time(line->Need("a time"));
      break;
    case Trouble::kStall:
      if (const auto time = line->Word()) rule.time = line->Time(*time);
      break;
    case Trouble::kThrottle:
    case Trouble::kCorrupt:
      rule.bytes = line->Number(line->Need("a number of bytes"));
      if (rule.bytes == 0) line->Fail("0 bytes are nothing");
      break;
    default:
      break;
  }
  if (const auto more = line->Word()) line->Fail("`" + *more + "` is too much");
  return rule;
}

}  // namespace

uint64_t NextRandom(uint64_t* state) {
  *state += 0x9E3779B97F4A7C15u;
  uint64_t z = *state;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

Schedule ParseSchedule(std::string_view text) {
  Schedule schedule;
  int number = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view content = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    content = content.substr(0, content.find('#'));
    Line line(content, ++number);
    const auto word = line.Word();
    if (!word.has_value()) continue;
    if (*word == "seed") {
      schedule.seed = line.Number(line.Need("a number"));
    } else if (*word == "connection") {
      schedule.rules.push_back(ParseRule(&line));
    } else {
      line.Fail("`" + *word + "` begins no rule");
    }
  }
  return schedule;
}

std::vector<Event> EventsFor(const Schedule& schedule, uint64_t connection) {
  std::vector<Event> events;
  for (size_t i = 0; i < schedule.rules.size(); ++i) {
    const Rule& rule = schedule.rules[i];
    uint64_t state = schedule.seed;
    state = NextRandom(&state) + i;
    state = NextRandom(&state) + connection;
    const double draw = static_cast<double>(NextRandom(&state) >> 11) / 9007199254740992.0;  // [0, 1)
    const uint64_t place = NextRandom(&state);
    if (connection < rule.first || connection > rule.last || (connection - rule.first) % rule.every != 0) continue;
    if (draw >= rule.chance) continue;
    const uint64_t at = rule.at_least + place % (rule.at_most - rule.at_least + 1);
    events.push_back({rule.direction, at, rule.trouble, rule.time, rule.bytes, NextRandom(&state)});
  }
  std::stable_sort(events.begin(), events.end(), [](const Event& a, const Event& b) { return a.at < b.at; });
  return events;
}

}  // namespace imbot::chaos
