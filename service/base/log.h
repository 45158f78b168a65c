// The log: one JSON object per line.
//
//   logger.Log(Level::kInfo, "call", {{"request_id", id}, {"portal", portal}, {"elapsed_ms", 12.5}});
//   {"time":"2026-01-02T03:04:05.678Z","level":"info","event":"call","request_id":"...","portal":"acme","elapsed_ms":12.5}
//
// Owned by gateway.cc and handed down by reference. Never holds a secret: a base::Secret can't be passed, and a
// message's text or a request's body has no business here.
#ifndef IMBOT_SERVICE_BASE_LOG_H_
#define IMBOT_SERVICE_BASE_LOG_H_

#include <atomic>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "service/base/clock.h"
#include "service/base/secret.h"

namespace imbot::base {

enum class Level { kDebug, kInfo, kWarning, kError };
std::string_view LevelName(Level level);  // debug, info, warning, error
std::optional<Level> LevelFromName(std::string_view name);

// When a line is written.
enum class Delivery {
  kNow,   // before Log returns
  kSoon,  // within a few hundredths of a second, with others, by a thread of the logger's own; what a killed process
          // had not written yet is lost
};

// One name and value. The name is one of the code's, in snake_case. Refers to the text it was made from: use it within
// the same full expression.
class Field {
 public:
  Field(std::string_view key, std::string_view value) : key_(key), value_(value) {}
  Field(std::string_view key, const char* value) : key_(key), value_(std::string_view(value)) {}
  Field(std::string_view key, const std::string& value) : key_(key), value_(std::string_view(value)) {}
  Field(std::string_view key, std::same_as<bool> auto value) : key_(key), value_(value) {}
  template <std::integral Number>
  requires(!std::same_as<Number, bool>) Field(std::string_view key, Number value)
      : key_(key), value_(static_cast<int64_t>(value)) {}
  Field(std::string_view key, std::floating_point auto value) : key_(key), value_(static_cast<double>(value)) {}
  // Written in milliseconds, with at most three decimals.
  Field(std::string_view key, std::chrono::microseconds value) : key_(key), value_(value) {}
  Field(std::string_view key, const Secret& value) = delete;
  // A pointer would become a bool.
  Field(std::string_view key, const void* value) = delete;

  std::string_view key() const { return key_; }
  using Value = std::variant<std::string_view, int64_t, double, bool, std::chrono::microseconds>;
  const Value& value() const { return value_; }

 private:
  std::string_view key_;
  Value value_;
};

// Thread-safe: lines of several threads never mix.
class Logger {
 public:
  // Takes one line without its newline. Called by one thread at a time.
  using Sink = std::function<void(std::string_view line)>;

  // Without a sink, lines go to stderr. A sink gets each line at once.
  explicit Logger(Level level = Level::kInfo, Sink sink = nullptr, const Clock& clock = Clock::System());
  ~Logger();
  Logger(const Logger&) = delete;
  Logger& operator=(const Logger&) = delete;

  bool Enabled(Level level) const { return level >= level_.load(std::memory_order_relaxed); }
  // Returns the level before.
  Level SetLevel(Level level) { return level_.exchange(level, std::memory_order_relaxed); }
  Level level() const { return level_.load(std::memory_order_relaxed); }

  // `event` says what happened, in snake_case, the same text for the same thing: people and programs filter by it.
  // Bytes that are not UTF-8 are shown as U+FFFD.
  void Log(Level level, std::string_view event, std::initializer_list<Field> fields = {});
  // The same for fields that were collected.
  void LogFields(Level level, std::string_view event, std::span<const Field> fields,
                 Delivery delivery = Delivery::kNow);
  // The same whatever the level is set to, at once: for what must be found afterwards, such as who changed what.
  void LogAlways(Level level, std::string_view event, std::span<const Field> fields);

 private:
  class Output;  // spdlog

  std::string Line(Level level, std::string_view event, std::span<const Field> fields) const;

  std::atomic<Level> level_;
  const Clock& clock_;
  const std::unique_ptr<Output> output_;
};

}  // namespace imbot::base

#endif  // IMBOT_SERVICE_BASE_LOG_H_
