#include "service/portal/batch.h"

#include <gtest/gtest.h>

#include <cctype>
#include <set>

namespace imbot::portal {
namespace {

TEST(Batch, HoldsItsCommandsInTheirOrderUnderTheirKeysAndStopsAtNoError) {
  EXPECT_EQ(BatchBody({"a?x=1", "b", "a?x=%5B2%5D"}), R"({"halt":0,"cmd":{"c0":"a?x=1","c1":"b","c2":"a?x=%5B2%5D"}})");
}

TEST(Batch, HoldsOneCommand) {
  EXPECT_EQ(BatchBody({"m?"}), R"({"halt":0,"cmd":{"c0":"m?"}})");
}

TEST(Batch, KeysAreDifferentAndBeginWithALetter) {
  // PHP takes keys that look like numbers for numbers, and answers with a list where it can.
  std::set<std::string> keys;
  for (size_t i = 0; i < 50; ++i) {
    EXPECT_TRUE(std::isalpha(static_cast<unsigned char>(BatchKey(i)[0]))) << BatchKey(i);
    keys.insert(BatchKey(i));
  }
  EXPECT_EQ(keys.size(), 50u);
}

}  // namespace
}  // namespace imbot::portal
