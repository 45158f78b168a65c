#include "service/base/strings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <utility>

namespace imbot::base {
namespace {

using testing::ElementsAre;

TEST(StrCat, JoinsTextsCharactersAndIntegers) {
  const std::string owned = "b";
  EXPECT_EQ(StrCat("a", owned, std::string_view("c"), 'd', 5, -7, size_t{9}), "abcd5-79");
  EXPECT_EQ(StrCat(std::numeric_limits<int64_t>::min(), " ", std::numeric_limits<uint64_t>::max()),
            "-9223372036854775808 18446744073709551615");
  EXPECT_EQ(StrCat(uint8_t{65}), "65") << "a small number is no character";
}

TEST(StrAppend, KeepsWhatIsThere) {
  std::string out = "x";
  StrAppend(&out, "y", 1);
  EXPECT_EQ(out, "xy1");
}

TEST(StrJoin, PutsTheSeparatorBetween) {
  EXPECT_EQ(StrJoin(std::vector<std::string>{}, ", "), "");
  EXPECT_EQ(StrJoin(std::vector<std::string>{"a"}, ", "), "a");
  EXPECT_EQ(StrJoin(std::vector<std::string_view>{"a", "", "c"}, ", "), "a, , c");
  EXPECT_EQ(StrJoin(std::vector<std::pair<int, std::string>>{{1, "a"}, {2, "b"}}, "-",
                    [](const auto& item) { return item.second; }),
            "a-b");
}

TEST(StrSplit, GivesEveryPartEmptyOnesToo) {
  EXPECT_THAT(StrSplit("a.b.c", '.'), ElementsAre("a", "b", "c"));
  EXPECT_THAT(StrSplit("abc", '.'), ElementsAre("abc"));
  EXPECT_THAT(StrSplit("", '.'), ElementsAre(""));
  EXPECT_THAT(StrSplit(".a..", '.'), ElementsAre("", "a", "", ""));
}

TEST(Trim, TakesWhiteSpaceFromBothEnds) {
  EXPECT_EQ(Trim(" \t\r\n\v\fa b \n"), "a b");
  EXPECT_EQ(Trim("a"), "a");
  EXPECT_EQ(Trim(" \n"), "");
  EXPECT_EQ(Trim(""), "");
  EXPECT_EQ(Trim("\xC2\xA0"
                 "a"),
            "\xC2\xA0"
            "a")
      << "ASCII only";
}

TEST(EqualsIgnoreCase, ComparesAsciiLetters) {
  EXPECT_TRUE(EqualsIgnoreCase("Content-TYPE", "content-type"));
  EXPECT_TRUE(EqualsIgnoreCase("", ""));
  EXPECT_FALSE(EqualsIgnoreCase("a", "ab"));
  EXPECT_FALSE(EqualsIgnoreCase("[", "{")) << "only letters have a case";
  EXPECT_FALSE(EqualsIgnoreCase("Ж", "ж"));
}

TEST(ToLower, TurnsAsciiLettersOnly) {
  EXPECT_EQ(ToLower(std::string_view("AbZ-09[]Ж")), "abz-09[]Ж");
  EXPECT_EQ(ToLower('Q'), 'q');
  EXPECT_EQ(ToLower('['), '[');
}

TEST(IsAlnum, KnowsAsciiLettersAndDigits) {
  for (const char c : {'0', '9', 'a', 'z', 'A', 'Z'}) EXPECT_TRUE(IsAlnum(c)) << c;
  for (const char c : {'/', ':', '@', '[', '`', '{', '_', ' ', '\xD0'}) EXPECT_FALSE(IsAlnum(c)) << c;
}

}  // namespace
}  // namespace imbot::base
