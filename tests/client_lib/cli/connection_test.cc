#include "client_lib/cli/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace imbot::cli {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

CommandLine Line(std::vector<std::string> words) {
  words.insert(words.begin(), {"call", "m"});
  auto line = ParseCommandLine(words);
  EXPECT_TRUE(line.ok()) << line.status();
  return *std::move(line);
}

std::string Mistake(std::vector<std::string> words) {
  return std::string(Connect(Line(std::move(words)), Listener::kCallers).status().message());
}

TEST(Connection, ReadsTimesWithTheirUnit) {
  EXPECT_EQ(*ParseTime("500ms"), 500ms);
  EXPECT_EQ(*ParseTime("30s"), 30s);
  EXPECT_EQ(*ParseTime("1.5m"), 90s);
  EXPECT_EQ(*ParseTime("2h"), 2h);
  EXPECT_EQ(*ParseTime("7"), 7s);
  for (const char* const text : {"", "s", "0s", "-1s", "1d", "5 s", "nan", "25h", "0.1ms"})
    EXPECT_FALSE(ParseTime(text).ok()) << text;
}

TEST(Connection, KnowsWhatStaysOnThisMachine) {
  for (const char* const address : {"127.0.0.1:1", "127.8.9.1:1", "[::1]:1", "localhost:1", "dns:///localhost:1",
                                    "ipv4:127.0.0.1:1", "unix:/run/x.sock"})
    EXPECT_TRUE(IsThisMachine(address)) << address;
  for (const char* const address : {"10.0.0.1:1", "gateway:1", "localhost.example.com:1", "[::]:1", "dns:///gateway:1"})
    EXPECT_FALSE(IsThisMachine(address)) << address;
}

TEST(Connection, GoesWhereTheFlagTheVariableOrTheDefaultSays) {
  EXPECT_EQ(Connect(Line({}), Listener::kCallers)->address, "127.0.0.1:50051");
  EXPECT_EQ(Connect(Line({}), Listener::kAdmin)->address, "127.0.0.1:50052");
  EXPECT_EQ(Connect(Line({}), Listener::kAdmin)->address_flag, "--admin");
  ::setenv("IMBOT_GATEWAY", "127.0.0.1:7", 1);
  EXPECT_EQ(Connect(Line({}), Listener::kCallers)->address, "127.0.0.1:7");
  EXPECT_EQ(Connect(Line({"--gateway", "127.0.0.1:8"}), Listener::kCallers)->address, "127.0.0.1:8");
  ::unsetenv("IMBOT_GATEWAY");
}

TEST(Connection, RefusesFlagsThatContradictEachOther) {
  EXPECT_THAT(Mistake({"--tls", "--plaintext"}), HasSubstr("can't stand together"));
  EXPECT_THAT(Mistake({"--plaintext", "--ca-file", "ca.pem"}), HasSubstr("--plaintext can't stand beside"));
  EXPECT_THAT(Mistake({"--ca-file", "/no/such/file"}), HasSubstr("/no/such/file"));
}

TEST(Connection, MakesAKeyForEachCallUnlessOneIsGiven) {
  const auto first = CallOptionsFrom(Line({}), 30s);
  const auto second = CallOptionsFrom(Line({}), 30s);
  EXPECT_THAT(*first->idempotency_key,
              ::testing::MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
  EXPECT_NE(*first->idempotency_key, *second->idempotency_key);
  EXPECT_EQ(*CallOptionsFrom(Line({"--idempotency-key", "order-142"}), 30s)->idempotency_key, "order-142");
}

TEST(Connection, TakesTimeAndPriorityFromTheFlags) {
  EXPECT_EQ(CallOptionsFrom(Line({}), 30s)->timeout, 30s);
  EXPECT_EQ(CallOptionsFrom(Line({"--timeout", "5s"}), 30s)->timeout, 5s);
  EXPECT_FALSE(CallOptionsFrom(Line({"--timeout", "soon"}), 30s).ok());
  EXPECT_FALSE(CallOptionsFrom(Line({}), 30s)->priority.has_value());
  EXPECT_EQ(CallOptionsFrom(Line({"--priority", "bulk"}), 30s)->priority, client::Priority::kBulk);
  EXPECT_FALSE(CallOptionsFrom(Line({"--priority", "high"}), 30s).ok());
}

}  // namespace
}  // namespace imbot::cli
