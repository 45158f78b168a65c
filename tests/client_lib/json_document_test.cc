#include "client_lib/json_reader/json_document.h"

#include <gtest/gtest.h>

#include <string>

namespace imbot::client {
namespace {

using Type = JsonNode::Type;

TEST(JsonDocument, KeepsEveryNumberAsItWasWritten) {
  const auto root = ParseJson(R"([0, -5, 9007199254740993, 9223372036854775807, 18446744073709551615,
                                  123456789012345678901234567890, 350.0, 0.1, 1e3])");
  ASSERT_TRUE(root.ok()) << root.status();
  const std::string expected[] = {"0",
                                  "-5",
                                  "9007199254740993",
                                  "9223372036854775807",
                                  "18446744073709551615",
                                  "123456789012345678901234567890",
                                  "350.0",
                                  "0.1",
                                  "1e3"};
  ASSERT_EQ(root->items.size(), std::size(expected));
  for (size_t i = 0; i < root->items.size(); ++i) {
    EXPECT_EQ(root->items[i].text, expected[i]);
    EXPECT_EQ(root->items[i].type, i < 6 ? Type::kInteger : Type::kFraction) << expected[i];
  }
}

TEST(JsonDocument, KeepsTheOrderOfKeys) {
  const auto root = ParseJson(R"({"z": {"b": null, "a": [true, "x"]}, "y": false})");
  ASSERT_TRUE(root.ok()) << root.status();
  ASSERT_EQ(root->members.size(), 2u);
  EXPECT_EQ(root->members[0].first, "z");
  const JsonNode& z = root->members[0].second;
  EXPECT_EQ(z.members[0].first, "b");
  EXPECT_TRUE(z.members[0].second.is(Type::kNull));
  EXPECT_EQ(z.members[1].first, "a");
  EXPECT_TRUE(z.members[1].second.items[0].flag);
  EXPECT_EQ(z.members[1].second.items[1].text, "x");
  EXPECT_EQ(root->members[1].first, "y");
}

TEST(JsonDocument, RefusesTheSameKeyTwiceInOneObjectOnly) {
  const auto twice = ParseJson(R"({"a": 1, "b": {"a": 2}, "a": 3})");
  ASSERT_FALSE(twice.ok());
  EXPECT_EQ(twice.status().message(), "the key \"a\" stands twice in one object");
  EXPECT_TRUE(ParseJson(R"([{"a": 1}, {"a": {"a": 2}}])").ok());
}

TEST(JsonDocument, TellsWhereATextIsNotJson) {
  for (const char* text : {"", "{", "{\"a\":1}}", "{'a': 1}", "[1,]", "nul", "\"\xff\"", "1e999"}) {
    const auto root = ParseJson(text);
    ASSERT_FALSE(root.ok()) << text;
    EXPECT_EQ(root.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(root.status().message().substr(0, 18), "not JSON: see byte") << text;
  }
  EXPECT_EQ(ParseJson("{\"a\": x}").status().message(), "not JSON: see byte 7");
}

TEST(JsonDocument, StopsAtAHundredLevels) {
  const auto nested = [](size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); };
  EXPECT_TRUE(ParseJson(nested(100)).ok());
  EXPECT_EQ(ParseJson(nested(101)).status().message(), "nests deeper than 100 levels");
  EXPECT_FALSE(ParseJson(std::string(1'000'000, '[')).ok());
}

}  // namespace
}  // namespace imbot::client
