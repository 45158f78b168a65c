#include "service/translate/raw_call.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "service/base/json.h"
#include "tests/translate/method_fixture.h"

namespace imbot::translate {
namespace {

// PHP makes maps by anything, by a token too.
TEST(DecodeRawResult, HidesASecretInAKeyAsInAText) {
  base::json::Parser parser;
  const auto result =
      parser.Parse(R"({"by_token": {"t0ken-of-a-bot": {"id": 5}, "x t0ken-of-a-bot": "t0ken-of-a-bot"}})");
  ASSERT_TRUE(result.has_value());
  const std::string_view secrets[] = {"t0ken-of-a-bot"};
  const auto response = DecodeRawResult("user.get", *result, std::nullopt, std::nullopt, secrets);
  ASSERT_TRUE(response.ok()) << response.status();
  const std::string shown = (*response)->DebugString();
  EXPECT_EQ(shown.find("t0ken-of-a-bot"), shown.npos) << shown;
  EXPECT_NE(shown.find("number_value: 5"), shown.npos) << "what stands under the key stays";
}

}  // namespace
}  // namespace imbot::translate
