#include "service/base/random.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/base/counting_random.h"

namespace imbot::base {
namespace {

using ::testing::MatchesRegex;
using testing_support::CountingRandom;

TEST(RequestId, Is128RandomBitsInHex) {
  CountingRandom random(0xf8);
  EXPECT_EQ(RequestId(random), "f8f9fafbfcfdfeff0001020304050607");
}

TEST(UuidV4, SetsVersionAndVariantAndIsLowerCase) {
  CountingRandom random(0xa0);
  // RFC 4122, 4.4: bits 12 to 15 of time_hi are 0100, the two top bits of clock_seq_hi are 10.
  EXPECT_EQ(UuidV4(random), "a0a1a2a3-a4a5-46a7-a8a9-aaabacadaeaf");
  std::array<uint8_t, 16> ones;
  ones.fill(0xff);
  EXPECT_EQ(UuidV4From(ones), "ffffffff-ffff-4fff-bfff-ffffffffffff");
  EXPECT_EQ(UuidV4From({}), "00000000-0000-4000-8000-000000000000");
}

TEST(SecretToken, DrawsFromBase62AndSkipsBytesThatWouldFavourSomeLetters) {
  CountingRandom random(244);
  // 244 = 3*62+58 -> 'w', then x, y, z; 248 to 255 are skipped; 0 -> '0', 1 -> '1'.
  EXPECT_EQ(SecretToken(random, 6).Reveal(), "wxyz01");
}

TEST(SecretToken, HasTheLengthAsked) {
  EXPECT_EQ(SecretToken(Random::System(), 0).Reveal().size(), 0u);
  EXPECT_EQ(SecretToken(Random::System(), 200).Reveal().size(), 200u);
  EXPECT_THAT(std::string(SecretToken(Random::System()).Reveal()), MatchesRegex("[0-9A-Za-z]{40}"));
}

TEST(SystemRandom, DoesNotRepeatItself) {
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) ids.insert(RequestId(Random::System()));
  EXPECT_EQ(ids.size(), 1000u);
}

}  // namespace
}  // namespace imbot::base
