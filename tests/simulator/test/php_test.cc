// parse_str, JSON as PHP writes it, casts and comparisons. Expected values: PHP's manual, and WIRE_FACTS.md 1.2 to 1.4
// and 2.
#include <gtest/gtest.h>

#include <string>

#include "tests/simulator/php/coerce.h"
#include "tests/simulator/php/json.h"
#include "tests/simulator/php/parse_str.h"

namespace simulator {
namespace {

TEST(ParseStr, BuildsWhatPhpBuilds) {
  struct Row {
    const char* query;
    const char* expected;
  };
  const Row rows[] = {
      {"a=1&b=two", R"({"a":"1","b":"two"})"},
      {"", R"({})"},
      {"a", R"({"a":""})"},
      {"a=", R"({"a":""})"},
      {"&&a=1&&", R"({"a":"1"})"},
      {"=x&a=1", R"({"a":"1"})"},
      {"a=1&a=2", R"({"a":"2"})"},
      {"a+b=1", R"({"a_b":"1"})"},
      {"a.b=1", R"({"a_b":"1"})"},
      {"a%20b=1", R"({"a_b":"1"})"},
      {"%20a=1", R"({"a":"1"})"},
      {"a=x+y%2Bz", R"({"a":"x y+z"})"},
      {"a=50%25&b=100%", R"({"a":"50%","b":"100%"})"},
      {"a=%D0%9F", "{\"a\":\"\xD0\x9F\"}"},
      {"a=b=c", R"({"a":"b=c"})"},
      {"a[]=1&a[]=2", R"({"a":["1","2"]})"},
      {"a[0]=1&a[1]=2", R"({"a":["1","2"]})"},
      {"a%5B0%5D=1&a%5B1%5D=2", R"({"a":["1","2"]})"},
      {"a[1]=1", R"({"a":{"1":"1"}})"},
      {"a[5]=1&a[]=2", R"({"a":{"5":"1","6":"2"}})"},
      {"a[b]=1&a[c][d]=2", R"({"a":{"b":"1","c":{"d":"2"}}})"},
      {"a[b.c]=1&a[d e]=2", R"({"a":{"b.c":"1","d e":"2"}})"},
      {"a[b]=1&a[]=2", R"({"a":{"b":"1","0":"2"}})"},
      {"a=1&a[b]=2", R"({"a":{"b":"2"}})"},
      {"a[b]=1&a=2", R"({"a":"2"})"},
      {"a[b=1", R"({"a_b":"1"})"},
      {"[a]=1&b=2", R"({"b":"2"})"},
      {"a[b]x=1", R"({"a":{"b":"1"}})"},
      {"fields[keyboard][BUTTONS][0][TEXT]=Yes&fields[keyboard][BUTTONS][1][TYPE]=NEWLINE",
       R"({"fields":{"keyboard":{"BUTTONS":[{"TEXT":"Yes"},{"TYPE":"NEWLINE"}]}}})"},
      {"0=a&1=b", R"({"0":"a","1":"b"})"},
  };
  for (const Row& row : rows) EXPECT_EQ(ParseStr(row.query).dump(), row.expected) << row.query;
}

TEST(ParseStr, DropsWhatExceedsMaxInputVars) {
  EXPECT_EQ(ParseStr("a=1&b=2&c=3", 2).dump(), R"({"a":"1","b":"2"})");
}

TEST(WriteJson, EscapesAsThePortalDoes) {
  struct Row {
    const char* json;
    const char* expected;
  };
  const Row rows[] = {
      {R"("https://a/b")", R"("https:\/\/a\/b")"},
      {R"("<a href='x'>&\"</a>")", R"("\u003Ca href=\u0027x\u0027\u003E\u0026\u0022\u003C\/a\u003E")"},
      {"\"\xD0\x9F\xF0\x9F\x98\x80\"", "\"\xD0\x9F\xF0\x9F\x98\x80\""},
      {R"("a\n\t\\\u0001")", R"("a\n\t\\\u0001")"},
      {R"({})", "[]"},
      {R"({"a":{},"b":[]})", R"({"a":[],"b":[]})"},
      {R"({"0":"x","1":"y"})", R"(["x","y"])"},
      {R"({"1":"x"})", R"({"1":"x"})"},
      {R"({"39":{"ID":39}})", R"({"39":{"ID":39}})"},
      {R"([1,-2,true,false,null])", "[1,-2,true,false,null]"},
      {R"([1.5,2.0,0.1])", "[1.5,2,0.1]"},
      {"9007199254740993", "9007199254740993"},
  };
  for (const Row& row : rows) EXPECT_EQ(WriteJson(*ParseJson(row.json)), row.expected) << row.json;
}

TEST(WriteJson, WritesEmptyMapsAsObjectsIfAskedTo) {
  EXPECT_EQ(WriteJson(Json{{"a", Json::object()}}, EmptyMap::kObject), R"({"a":{}})");
}

TEST(WriteJson, ReplacesInvalidUtf8) {
  EXPECT_EQ(WriteJson(Json(std::string("a\xFFz\xC3"))), "\"a\xEF\xBF\xBDz\xEF\xBF\xBD\"");
}

TEST(ParseJson, TakesWhatPhpTakes) {
  EXPECT_TRUE(ParseJson("[1]").has_value());
  EXPECT_TRUE(ParseJson("\"x\"").has_value());
  EXPECT_FALSE(ParseJson("").has_value());
  EXPECT_FALSE(ParseJson("{a:1}").has_value());
  EXPECT_FALSE(ParseJson("{\"a\":1,}").has_value());
  EXPECT_FALSE(ParseJson("\"\xFF\"").has_value());
  EXPECT_TRUE(ParseJson(std::string(512, '[') + std::string(512, ']')).has_value());
  EXPECT_FALSE(ParseJson(std::string(513, '[') + std::string(513, ']')).has_value());
}

TEST(Coerce, CastsToIntAsPhpDoes) {
  const std::pair<const char*, int64_t> rows[] = {
      {"\"12\"", 12}, {"\"12abc\"", 12}, {"\"abc\"", 0}, {"\" 7\"", 7}, {"\"1e3\"", 1000}, {"\"\"", 0},   {"true", 1},
      {"false", 0},   {"null", 0},       {"3.9", 3},     {"[]", 0},     {"[0]", 1},        {"\"-5\"", -5}};
  for (const auto& [json, expected] : rows) {
    const Json value = *ParseJson(json);
    EXPECT_EQ(ToInt(&value), expected) << json;
  }
  EXPECT_EQ(ToInt(nullptr), 0);
}

TEST(Coerce, ComparesLooselyAsPhp8Does) {
  const std::pair<const char*, bool> rows[] = {{"\"Y\"", true},  {"true", true},  {"\"y\"", false}, {"1", false},
                                               {"false", false}, {"null", false}, {"[]", false}};
  for (const auto& [json, expected] : rows) {
    const Json value = *ParseJson(json);
    EXPECT_EQ(LooseEquals(&value, "Y"), expected) << json;
  }
}

TEST(Coerce, KnowsWhatPhpCallsEmpty) {
  for (const char* json : {"\"\"", "\"0\"", "0", "0.0", "false", "null", "[]", "{}"}) {
    const Json value = *ParseJson(json);
    EXPECT_TRUE(IsEmpty(&value)) << json;
  }
  for (const char* json : {"\"00\"", "\" \"", "1", "true", "[0]", "\"N\""}) {
    const Json value = *ParseJson(json);
    EXPECT_FALSE(IsEmpty(&value)) << json;
  }
}

TEST(Coerce, CountsCharactersNotBytes) {
  EXPECT_EQ(Utf8Length("\xD0\x9F\xD1\x80"), 2U);
  EXPECT_EQ(Utf8Prefix("\xD0\x9F\xD1\x80z", 2), "\xD0\x9F\xD1\x80");
  EXPECT_EQ(Utf8Prefix("ab", 5), "ab");
}

}  // namespace
}  // namespace simulator
