#include "service/translate/result_reference.h"

#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <string>
#include <vector>

#include "re2/re2.h"
#include "service/translate/encode.h"
#include "tests/translate/method_fixture.h"

namespace imbot::translate {
namespace {

// Texts that a portal replaces, or may (WIRE_FACTS 2.1; settings/how-to-call-rest-api/batch.md).
const std::vector<std::string> kReferences = {
    "$result[a]",
    "$result[a][b]",
    "$result[get_user][NAME]",
    "$result[0]",
    "$result[0][ID]",
    "$RESULT[x]",
    "$Result[cmd][id]",
    "$error[a]",
    "$error[a][error_description]",
    "$total[users]",
    "$next[users]",
    "$time[a][duration]",
    "$error_description[x]",
    "$argument[0]",
    "$signature[a]",
    "$_[a]",
    "$a[b]",
    "before $result[a][b] after",
    "before$result[a]after",
    "$result[a]xyz",
    "$result.a[b]",
    "$resultxyz[k]",
    "$result->x[k]",
    "$результат$result[a]",
    "price $100, then $result[k]",
    "$result[][a]",
    "$result[[a]",
    "$result]][a]",
    "$$result[a]",
    "$100$result[a]",
    "line one\n$result[a]\nline three",
    "\t$result[a]",
    "[b]$result[a][/b]",
    "$result[Ивана]",
    "$result[a b]$result[c]",
    "$foo$bar[b]",
    "$x\xC2\xA0[a]",  // a no-break space is none to a match on bytes
    "$total=[5]",
    "[b]$name[/b]",
    "[url=https://example.com/?q=$q]link[/url]",
};

// Dollars and brackets that refer to nothing.
const std::vector<std::string> kHarmless = {
    "",
    "$",
    "$$",
    "$100",
    "$100 [b]bold[/b]",
    "$5[a]",
    "$[a]",
    "$ result[a]",
    "$result",
    "$result []",
    "$result[]",
    "$result[",
    "$result]",
    "$result[a",
    "$result a[b]",
    "$result[a b]",
    "$result[ a]",
    "$result[a\n]",
    "$result [a]",
    "$result\t[a]",
    "$result\n[a]",
    "$result\v[a]",
    "result[a][b]",
    "[a]$result",
    "[url=https://example.com/?q=$9]link[/url] costs $9",
    "US$ [5]",
    "$-result[a]",
    "$ [b]100[/b]",
    "$100[sale]",
    "Total: 100$[1]",
    "$результат[a]",
    "$.a[0]",
    "${name}[0]",
    "$(ls)[0]",
    "price in $, see [1]",
    "$x and [y]",
    "$x [y] $z",
    "$[$[$[",
    "$a]b[c",
    "100 $ [USER=5]Anna[/USER]",
};

TEST(ResultReference, IsSeenWhereverThePortalMightReplaceIt) {
  EXPECT_GE(kReferences.size(), 30u);
  for (const std::string& text : kReferences) EXPECT_TRUE(HoldsResultReference(text)) << text;
}

TEST(ResultReference, IsNotSeenInHarmlessDollarsAndBrackets) {
  EXPECT_GE(kHarmless.size(), 30u);
  for (const std::string& text : kHarmless) EXPECT_FALSE(HoldsResultReference(text)) << text;
}

TEST(ResultReference, IsWhatTheExpressionMatches) {
  // RE2's \s lacks the vertical tab, which is white space to PCRE.
  // Latin1: on bytes, as the portal matches.
  const RE2 expression(R"(\$[A-Za-z_][^\s\v]*?\[[^\]\s\v]+\])", RE2::Latin1);
  ASSERT_TRUE(expression.ok());
  std::mt19937 random(20261121);
  const std::string letters = "$$[[]]ab_1 \n\v.\xD0";
  int matches = 0;
  constexpr int kTexts = 200'000;
  for (int i = 0; i < kTexts; ++i) {
    std::string text(random() % 14, ' ');
    for (char& c : text) c = letters[random() % letters.size()];
    const bool expected = RE2::PartialMatch(text, expression);
    matches += expected ? 1 : 0;
    ASSERT_EQ(HoldsResultReference(text), expected) << testing::PrintToString(text);
  }
  EXPECT_GT(matches, kTexts / 400);
  EXPECT_LT(matches, kTexts / 2);
}

// Where a value can stand in a request. `%` is the value.
const std::vector<std::string> kPlaces = {
    R"(text: "%")",
    R"(words: ["a", "%"])",
    R"(titles { key: "en" value: "%" })",
    R"(inner { title: "%" })",
    R"(inners { title: "A" } inners { title: "%" })",
    R"(inner_by_name { key: "7" value { title: "%" } })",
    R"(tree { name: "root" branches { name: "leaf" branches { name: "%" } } })",
    R"(any { string_value: "%" })",
    R"(options { fields { key: "o" value { struct_value { fields { key: "p" value { string_value: "%" } } } } } })",
    R"(options { fields { key: "l" value { list_value { values { string_value: "%" } } } } })",
};

std::optional<std::string> Command(std::string place, const std::string& value) {
  place.replace(place.find('%'), 1, value);
  return EncodeBatchCommand(Method("test.v2.everything"), *Request(Method("test.v2.everything"), place), {});
}

TEST(ResultReference, KeepsACallOutOfABatchAtAnyDepth) {
  for (const std::string& place : kPlaces) {
    EXPECT_EQ(Command(place, "say $result[a][b] now"), std::nullopt) << place;
    EXPECT_NE(Command(place, "costs $100 [b]now[/b]"), std::nullopt) << place;
  }
}

TEST(ResultReference, KeepsACallOutOfABatchInWhatTheGatewayAdds) {
  const MethodSpec& method = Method("imbot.v2.Chat.Message.send");
  const auto request = Request(method, R"(dialog_id: "chat5" fields { message: "m" })");
  EXPECT_EQ(EncodeBatchCommand(method, *request, {.bot_id = 39, .secret = "$a[b]"}), std::nullopt);
  EXPECT_NE(EncodeBatchCommand(method, *request, {.bot_id = 39, .secret = "$ab"}), std::nullopt);
}

TEST(ResultReference, DoesNotMatterInAKey) {
  // Brackets in a key are refused for another reason, so the key here is what is left of the pattern without them.
  EXPECT_NE(Command(R"(titles { key: "$result" value: "%" })", "x"), std::nullopt);
}

}  // namespace
}  // namespace imbot::translate
