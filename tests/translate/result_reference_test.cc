#include "service/translate/result_reference.h"

#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <string>
#include <vector>

#include "re2/re2.h"
#include "service/translate/encode.h"
#include "tests/translate/method_fixture.h"
#include "tests/translate/reference_texts.h"

namespace imbot::translate {
namespace {

using reference_texts::kHarmless;
using reference_texts::kReferences;

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
