#include "service/base/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <chrono>
#include <ctime>
#include <mutex>

#include "service/base/json.h"

namespace imbot::base {
namespace {

// Hands each line to a function, under the sink's own lock.
class FunctionSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit FunctionSink(Logger::Sink write) : write_(std::move(write)) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    write_(std::string_view(message.payload.data(), message.payload.size()));
  }
  void flush_() override {}

  const Logger::Sink write_;
};

// Length of the well-formed UTF-8 sequence at the start of `text`, 0 if there is none (Unicode 15, table 3-7).
size_t Utf8Length(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xc2 && lead <= 0xdf   ? 2
                        : (lead & 0xf0) == 0xe0        ? 3
                        : lead >= 0xf0 && lead <= 0xf4 ? 4
                                                       : 0;
  if (length == 0 || text.size() < length) return 0;
  // The second byte carries the limits: no overlong forms, no surrogates, nothing beyond U+10FFFF.
  const unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  const unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  if (byte(1) < low || byte(1) > high) return 0;
  for (size_t i = 2; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  return length;
}

void AppendText(std::string_view text, json::Writer* out) {
  size_t good = 0;
  while (good < text.size()) {
    const size_t length = Utf8Length(text.substr(good));
    if (length == 0) break;
    good += length;
  }
  if (good == text.size()) return out->String(text);
  std::string mended(text.substr(0, good));
  for (size_t i = good; i < text.size();) {
    const size_t length = Utf8Length(text.substr(i));
    mended.append(length == 0 ? std::string_view("\xef\xbf\xbd") : text.substr(i, length));
    i += length == 0 ? 1 : length;
  }
  out->String(mended);
}

// 2026-01-02T03:04:05.678Z
std::string IsoTime(WallTime time) {
  using std::chrono::milliseconds;
  const auto since_epoch = std::chrono::floor<milliseconds>(time.time_since_epoch());
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since_epoch);
  const std::time_t unix_seconds = seconds.count();
  std::tm parts{};
  gmtime_r(&unix_seconds, &parts);
  char text[40];
  const size_t length = std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts);
  const auto fraction = static_cast<int>((since_epoch - seconds).count());
  const char tail[] = {'.', static_cast<char>('0' + fraction / 100), static_cast<char>('0' + fraction / 10 % 10),
                       static_cast<char>('0' + fraction % 10), 'Z'};
  return std::string(text, length).append(tail, sizeof(tail));
}

}  // namespace

std::string_view LevelName(Level level) {
  switch (level) {
    case Level::kDebug:
      return "debug";
    case Level::kInfo:
      return "info";
    case Level::kWarning:
      return "warning";
    case Level::kError:
      return "error";
  }
  return "error";
}

std::optional<Level> LevelFromName(std::string_view name) {
  for (const Level level : {Level::kDebug, Level::kInfo, Level::kWarning, Level::kError}) {
    if (name == LevelName(level)) return level;
  }
  return std::nullopt;
}

class Logger::Output {
 public:
  explicit Output(Sink sink) : logger_("imbot", Make(std::move(sink))) {
    logger_.set_level(spdlog::level::trace);  // Logger decides.
    logger_.set_pattern("%v");
    // By default spdlog reports its own failures on stderr in a format of its own; a full disk behind stderr is no
    // reason to add lines.
    logger_.set_error_handler([](const std::string&) {});
  }

  void Write(Level level, const std::string& line) {
    logger_.log(level == Level::kError ? spdlog::level::err : spdlog::level::info,
                spdlog::string_view_t(line.data(), line.size()));
  }

 private:
  static spdlog::sink_ptr Make(Sink sink) {
    if (sink) return std::make_shared<FunctionSink>(std::move(sink));
    return std::make_shared<spdlog::sinks::stderr_sink_mt>();
  }

  spdlog::logger logger_;
};

Logger::Logger(Level level, Sink sink, const Clock& clock)
    : level_(level), clock_(clock), output_(std::make_unique<Output>(std::move(sink))) {}

Logger::~Logger() = default;

void Logger::Log(Level level, std::string_view event, std::initializer_list<Field> fields) {
  LogFields(level, event, std::span<const Field>(fields.begin(), fields.size()));
}

void Logger::LogFields(Level level, std::string_view event, std::span<const Field> fields) {
  if (!Enabled(level)) return;
  json::Writer line;
  line.BeginObject();
  line.Key("time");
  line.String(IsoTime(clock_.WallNow()));
  line.Key("level");
  line.String(LevelName(level));
  line.Key("event");
  AppendText(event, &line);
  for (const Field& field : fields) {
    line.Key(field.key());
    struct Visitor {
      json::Writer* out;
      void operator()(std::string_view text) const { AppendText(text, out); }
      void operator()(int64_t value) const { out->Int(value); }
      void operator()(double value) const { out->Double(value); }
      void operator()(bool value) const { out->Bool(value); }
    };
    std::visit(Visitor{&line}, field.value());
  }
  line.EndObject();
  output_->Write(level, line.text());
}

}  // namespace imbot::base
