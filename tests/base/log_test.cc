#include "service/base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <limits>
#include <thread>
#include <type_traits>
#include <vector>

#include "service/base/json.h"

namespace imbot::base {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class FixedClock final : public Clock {
 public:
  MonoTime Now() const override { return {}; }
  // 2026-01-02T03:04:05.678Z
  WallTime WallNow() const override { return WallTime(std::chrono::milliseconds(1767323045678)); }
};

class LoggerTest : public ::testing::Test {
 protected:
  FixedClock clock_;
  std::vector<std::string> lines_;
  Logger logger_{Level::kInfo, [this](std::string_view line) { lines_.emplace_back(line); }, clock_};
};

TEST_F(LoggerTest, WritesOneJsonObjectWithTypedFieldsInTheOrderGiven) {
  logger_.Log(
      Level::kInfo, "call",
      {{"portal", "acme"}, {"code", 0}, {"elapsed_ms", 12.5}, {"batched", false}, {"chat", int64_t{9007199254740993}}});
  EXPECT_THAT(
      lines_,
      ElementsAre(R"({"time":"2026-01-02T03:04:05.678Z","level":"info","event":"call","portal":"acme","code":0,)"
                  R"("elapsed_ms":12.5,"batched":false,"chat":9007199254740993})"));
}

TEST_F(LoggerTest, EscapesWhatWouldBreakTheLineOrTheString) {
  logger_.Log(Level::kWarning, "odd", {{"text", std::string_view("a\"b\\c\nd\x01\0e", 10)}});
  EXPECT_THAT(lines_, ElementsAre(R"({"time":"2026-01-02T03:04:05.678Z","level":"warning","event":"odd",)"
                                  R"("text":"a\"b\\c\nd\u0001\u0000e"})"));
}

TEST_F(LoggerTest, ShowsBytesThatAreNotUtf8AsReplacementCharacters) {
  // A lone continuation byte, an overlong slash, a surrogate, a cut-off sequence; the good text around them stays.
  logger_.Log(
      Level::kInfo, "odd",
      {{"a", "\xd0\xbf\x80!"}, {"b", "\xc0\xaf"}, {"c", "\xed\xa0\x80"}, {"d", "\xe2\x82"}, {"e", "\xf0\x9f\x98\x80"}});
  const std::string bad = "\xef\xbf\xbd";
  EXPECT_THAT(
      lines_,
      ElementsAre("{\"time\":\"2026-01-02T03:04:05.678Z\",\"level\":\"info\",\"event\":\"odd\",\"a\":\"\xd0\xbf" + bad +
                  "!\",\"b\":\"" + bad + bad + "\",\"c\":\"" + bad + bad + bad + "\",\"d\":\"" + bad + bad +
                  "\",\"e\":\"\xf0\x9f\x98\x80\"}"));
}

TEST_F(LoggerTest, WritesTimesInMillisecondsAsShortAsTheyAreExact) {
  using std::chrono::microseconds;
  logger_.Log(Level::kInfo, "took",
              {{"a", microseconds(12'000)},
               {"b", microseconds(12'500)},
               {"c", microseconds(125)},
               {"d", microseconds(1'002'003)},
               {"e", microseconds(0)},
               {"f", microseconds(-1'500)}});
  EXPECT_THAT(lines_, ElementsAre(R"({"time":"2026-01-02T03:04:05.678Z","level":"info","event":"took",)"
                                  R"("a":12,"b":12.5,"c":0.125,"d":1002.003,"e":0,"f":-1.5})"));
}

TEST_F(LoggerTest, WritesNullForNumbersThatJsonDoesNotHave) {
  logger_.Log(Level::kInfo, "odd", {{"x", std::numeric_limits<double>::infinity()}});
  EXPECT_THAT(lines_, ElementsAre(R"({"time":"2026-01-02T03:04:05.678Z","level":"info","event":"odd","x":null})"));
}

TEST_F(LoggerTest, WritesWhatMustBeFoundWhateverItsLevelIs) {
  EXPECT_EQ(logger_.SetLevel(Level::kError), Level::kInfo) << "the level before";
  const Field fields[] = {{"action", "pause_portal"}};
  logger_.LogAlways(Level::kWarning, "audit", fields);
  EXPECT_THAT(lines_, ElementsAre(R"({"time":"2026-01-02T03:04:05.678Z","level":"warning","event":"audit",)"
                                  R"("action":"pause_portal"})"));
}

TEST_F(LoggerTest, DropsWhatIsBelowItsLevelAndFollowsAChangeAtRunTime) {
  logger_.Log(Level::kDebug, "hidden");
  EXPECT_THAT(lines_, IsEmpty());
  logger_.SetLevel(Level::kDebug);
  logger_.Log(Level::kDebug, "shown");
  EXPECT_EQ(lines_.size(), 1u);
  logger_.SetLevel(Level::kError);
  EXPECT_FALSE(logger_.Enabled(Level::kWarning));
  logger_.Log(Level::kWarning, "hidden");
  EXPECT_EQ(lines_.size(), 1u);
}

TEST_F(LoggerTest, DoesNotReadPercentSignsOrBracesAsAFormat) {
  logger_.Log(Level::kInfo, "{} %s", {{"{0}", "{:d} %v"}});
  EXPECT_THAT(lines_,
              ElementsAre(R"({"time":"2026-01-02T03:04:05.678Z","level":"info","event":"{} %s","{0}":"{:d} %v"})"));
}

TEST_F(LoggerTest, KeepsLinesOfSeveralThreadsWhole) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this, t] {
      for (int i = 0; i < 200; ++i) logger_.Log(Level::kInfo, "line", {{"thread", t}, {"i", i}});
    });
  }
  for (auto& thread : threads) thread.join();
  ASSERT_EQ(lines_.size(), 800u);
  json::Parser parser;
  for (const auto& line : lines_) EXPECT_TRUE(parser.Parse(line).has_value()) << line;
}

// A child that logs to its stderr, which is a pipe.
class Child {
 public:
  // `body` ends with _exit, or is ended by this.
  explicit Child(const std::function<void(const Clock&)>& body) {
    int ends[2];
    if (pipe(ends) != 0) abort();
    pid_ = fork();
    if (pid_ == 0) {
      dup2(ends[1], STDERR_FILENO);
      body(FixedClock());
      _exit(1);
    }
    close(ends[1]);
    read_from_ = ends[0];
  }
  ~Child() {
    kill(pid_, SIGKILL);
    close(read_from_);
    waitpid(pid_, nullptr, 0);
  }
  // Until it has written `last`, or ended.
  std::string ReadTo(std::string_view last) const {
    std::string text;
    char buffer[512];
    for (ssize_t got; text.find(last) == text.npos && (got = read(read_from_, buffer, sizeof(buffer))) > 0;)
      text.append(buffer, static_cast<size_t>(got));
    return text;
  }

 private:
  pid_t pid_ = -1;
  int read_from_ = -1;
};

TEST(Logger, WritesOneLinePerEventToStderr) {
  const Child child([](const Clock& clock) {
    Logger logger(Level::kInfo, nullptr, clock);
    logger.Log(Level::kError, "one");
    logger.Log(Level::kInfo, "two", {{"n", 2}});
    _exit(0);  // Without the flush of a normal exit: a line that was logged must be out.
  });
  EXPECT_EQ(child.ReadTo("nothing of that"),
            "{\"time\":\"2026-01-02T03:04:05.678Z\",\"level\":\"error\",\"event\":\"one\"}\n"
            "{\"time\":\"2026-01-02T03:04:05.678Z\",\"level\":\"info\",\"event\":\"two\",\"n\":2}\n");
}

TEST(Logger, WritesSoonWhatMayWaitAndAllOfItBeforeTheNextLineAndItsEnd) {
  const Child child([](const Clock& clock) {
    Logger logger(Level::kInfo, nullptr, clock);
    const auto soon = [](Logger& to, int n) {
      const Field field("n", n);
      to.LogFields(Level::kInfo, "soon", {&field, 1}, Delivery::kSoon);
    };
    for (int n = 0; n < 3; ++n) soon(logger, n);
    logger.Log(Level::kInfo, "now");
    {
      Logger ended(Level::kInfo, nullptr, clock);
      for (int n = 3; n < 5; ++n) soon(ended, n);
    }
    soon(logger, 5);
    pause();  // the last line comes out by itself
  });
  const std::string text = child.ReadTo("\"n\":5}\n");
  std::vector<std::string> events;
  json::Parser parser;
  for (size_t at = 0, end; (end = text.find('\n', at)) != text.npos; at = end + 1) {
    const auto line = parser.Parse(std::string_view(text).substr(at, end - at));
    ASSERT_TRUE(line.has_value()) << text;
    const auto n = line->Find("n");
    events.push_back(std::string(line->Find("event")->AsString()) + (n.has_value() ? n->ToText() : ""));
  }
  EXPECT_THAT(events, ElementsAre("soon0", "soon1", "soon2", "now", "soon3", "soon4", "soon5"));
}

TEST(Field, CannotBeMadeFromASecretOrAPointer) {
  static_assert(!std::is_constructible_v<Field, std::string_view, const Secret&>);
  static_assert(!std::is_constructible_v<Field, std::string_view, Secret>);
  static_assert(!std::is_constructible_v<Field, std::string_view, const int*>);
  static_assert(std::is_constructible_v<Field, std::string_view, std::string>);
}

TEST(LevelFromName, KnowsTheFourNamesAndNothingElse) {
  EXPECT_EQ(LevelFromName("debug"), Level::kDebug);
  EXPECT_EQ(LevelFromName("info"), Level::kInfo);
  EXPECT_EQ(LevelFromName("warning"), Level::kWarning);
  EXPECT_EQ(LevelFromName("error"), Level::kError);
  EXPECT_EQ(LevelFromName("INFO"), std::nullopt);
  EXPECT_EQ(LevelFromName(""), std::nullopt);
}

}  // namespace
}  // namespace imbot::base
