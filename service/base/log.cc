#include "service/base/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <array>
#include <charconv>
#include <chrono>
#include <mutex>
#include <thread>

#include "service/base/json.h"
#include "service/base/mutex.h"
#include "service/base/strings.h"

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

// As a JSON string. Bytes that are not UTF-8 become U+FFFD.
void AppendText(std::string_view text, std::string* out) {
  if (json::IsPlain(text)) {
    out->push_back('"');
    out->append(text);
    out->push_back('"');
    return;
  }
  std::string mended;
  mended.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const size_t length = Utf8Length(text.substr(i));
    mended.append(length == 0 ? std::string_view("\xef\xbf\xbd") : text.substr(i, length));
    i += length == 0 ? 1 : length;
  }
  json::AppendQuoted(mended, out);
}

void AppendInt(int64_t value, std::string* out) {
  char buffer[24];
  out->append(buffer, std::to_chars(buffer, buffer + sizeof(buffer), value).ptr);
}

// Milliseconds, as short as they are exact: 12, 12.5, 0.125.
void AppendMilliseconds(std::chrono::microseconds time, std::string* out) {
  int64_t count = time.count();
  if (count < 0) {
    out->push_back('-');
    count = -count;
  }
  AppendInt(count / 1000, out);
  int64_t rest = count % 1000;
  if (rest == 0) return;
  out->push_back('.');
  for (int64_t unit = 100; rest > 0; unit /= 10) {
    out->push_back(static_cast<char>('0' + rest / unit));
    rest %= unit;
  }
}

// 2026-01-02T03:04:05.678Z. Not by gmtime_r, which takes a lock of the whole process.
std::array<char, 24> IsoTime(WallTime time) {
  namespace chrono = std::chrono;
  const auto day = chrono::floor<chrono::days>(time);
  const chrono::year_month_day date{chrono::sys_days(day)};
  const chrono::hh_mm_ss clock{chrono::floor<chrono::milliseconds>(time - day)};
  std::array<char, 24> text;
  std::string_view("0000-00-00T00:00:00.000Z").copy(text.data(), text.size());
  const auto put = [&text](size_t at, size_t digits, auto value) {
    auto rest = static_cast<int64_t>(value);
    for (size_t i = at + digits; i-- > at; rest /= 10) text[i] = static_cast<char>('0' + rest % 10);
  };
  put(0, 4, static_cast<int>(date.year()));
  put(5, 2, static_cast<unsigned>(date.month()));
  put(8, 2, static_cast<unsigned>(date.day()));
  put(11, 2, clock.hours().count());
  put(14, 2, clock.minutes().count());
  put(17, 2, clock.seconds().count());
  put(20, 3, clock.subseconds().count());
  return text;
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
  explicit Output(Sink sink) : at_once_(sink != nullptr), logger_("imbot", Make(std::move(sink))) {
    logger_.set_level(spdlog::level::trace);  // Logger decides.
    logger_.set_pattern("%v");
    // By default spdlog reports its own failures on stderr in a format of its own; a full disk behind stderr is no
    // reason to add lines.
    logger_.set_error_handler([](const std::string&) {});
  }
  ~Output() {
    {
      MutexLock lock(mutex_);
      stopping_ = true;
      changed_.NotifyAll();
    }
    if (writer_.joinable()) writer_.join();
    WriteLines(TakeLines());
  }

  // After everything that came before it.
  void Write(std::string_view line) {
    WriteLines(TakeLines());
    WriteLines(line);
  }

  // A line costs a system call, and its reader a wake-up: many together cost hardly more than one.
  void WriteSoon(std::string_view line) {
    if (at_once_) return Write(line);
    {
      MutexLock lock(mutex_);
      // Whoever logs faster than stderr is read waits, as with any other line.
      if (lines_.size() < kMostKept) {
        if (!writer_.joinable()) writer_ = std::thread([this] { WriteForEver(); });
        if (lines_.empty()) changed_.NotifyOne();
        base::StrAppend(&lines_, line, "\n");
        return;
      }
    }
    Write(line);
  }

 private:
  static constexpr size_t kMostKept = size_t{1} << 20;
  static constexpr std::chrono::milliseconds kDelay{20};

  static spdlog::sink_ptr Make(Sink sink) {
    if (sink) return std::make_shared<FunctionSink>(std::move(sink));
    return std::make_shared<spdlog::sinks::stderr_sink_mt>();
  }

  void WriteForEver() IMBOT_EXCLUDES(mutex_) {
    for (bool stopping = false; !stopping;) {
      {
        MutexLock lock(mutex_);
        while (lines_.empty() && !stopping_) changed_.Wait(mutex_);
        const MonoTime when = Clock::System().Now() + kDelay;
        while (!stopping_ && changed_.WaitUntil(mutex_, when)) {
        }
        stopping = stopping_;
      }
      WriteLines(TakeLines());
    }
  }

  std::string TakeLines() IMBOT_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return std::exchange(lines_, {});
  }
  // One or more, with or without the last one's end.
  void WriteLines(std::string_view lines) {
    if (lines.ends_with('\n')) lines.remove_suffix(1);
    if (!lines.empty()) logger_.log(spdlog::level::info, spdlog::string_view_t(lines.data(), lines.size()));
  }

  const bool at_once_;
  spdlog::logger logger_;  // thread-safe

  Mutex mutex_;
  CondVar changed_;
  std::string lines_ IMBOT_GUARDED_BY(mutex_);  // to be written soon, each with its end
  bool stopping_ IMBOT_GUARDED_BY(mutex_) = false;
  std::thread writer_;  // started under the lock, by the first line
};

Logger::Logger(Level level, Sink sink, const Clock& clock)
    : level_(level), clock_(clock), output_(std::make_unique<Output>(std::move(sink))) {}

Logger::~Logger() = default;

void Logger::Log(Level level, std::string_view event, std::initializer_list<Field> fields) {
  LogFields(level, event, std::span<const Field>(fields.begin(), fields.size()));
}

void Logger::LogFields(Level level, std::string_view event, std::span<const Field> fields, Delivery delivery) {
  if (!Enabled(level)) return;
  const std::string line = Line(level, event, fields);
  delivery == Delivery::kNow ? output_->Write(line) : output_->WriteSoon(line);
}

void Logger::LogAlways(Level level, std::string_view event, std::span<const Field> fields) {
  output_->Write(Line(level, event, fields));
}

std::string Logger::Line(Level level, std::string_view event, std::span<const Field> fields) const {
  struct Visitor {
    std::string* out;
    void operator()(std::string_view text) const { AppendText(text, out); }
    void operator()(int64_t value) const { AppendInt(value, out); }
    void operator()(double value) const {
      json::Writer number;
      number.Double(value);
      out->append(number.text());
    }
    void operator()(bool value) const { out->append(value ? "true" : "false"); }
    void operator()(std::chrono::microseconds value) const { AppendMilliseconds(value, out); }
  };
  std::string line;
  line.reserve(512);
  line.append(R"({"time":")");
  const std::array<char, 24> time = IsoTime(clock_.WallNow());
  line.append(time.data(), time.size());
  line.append(R"(","level":")");
  line.append(LevelName(level));
  line.append(R"(","event":)");
  AppendText(event, &line);
  for (const Field& field : fields) {
    line.append(",\"");
    line.append(field.key());
    line.append("\":");
    std::visit(Visitor{&line}, field.value());
  }
  line.push_back('}');
  return line;
}

}  // namespace imbot::base
