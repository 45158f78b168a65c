#include "service/base/secret.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <type_traits>

namespace imbot::base {
namespace {

template <typename T>
concept Streamable = requires(std::ostream& out, const T& value) {
  out << value;
};

// What could put one into a log line or an error by accident does not compile.
static_assert(!Streamable<Secret>);
static_assert(!std::is_convertible_v<Secret, std::string>);
static_assert(!std::is_convertible_v<Secret, std::string_view>);
static_assert(!std::is_convertible_v<std::string, Secret>);
static_assert(!std::is_copy_constructible_v<Secret> && !std::is_copy_assignable_v<Secret>);

TEST(Secret, GivesItsBytesToWhoAsks) {
  const Secret secret("c0de");
  EXPECT_EQ(secret.Reveal(), "c0de");
  EXPECT_FALSE(secret.empty());
  EXPECT_TRUE(Secret().empty());
}

TEST(Secret, LeavesNothingBehindWhenItMoves) {
  for (const std::string& text : {std::string("short"), std::string(100, 'x')}) {
    Secret from{std::string(text)};
    Secret to(std::move(from));
    EXPECT_EQ(to.Reveal(), text);
    EXPECT_TRUE(from.empty());  // NOLINT(bugprone-use-after-move): that is the question
    Secret assigned("before");
    assigned = std::move(to);
    EXPECT_EQ(assigned.Reveal(), text);
    EXPECT_TRUE(to.empty());  // NOLINT(bugprone-use-after-move)
  }
}

TEST(Secret, SurvivesBeingAssignedToItself) {
  Secret secret("c0de");
  Secret& alias = secret;
  secret = std::move(alias);
  EXPECT_EQ(secret.Reveal(), "c0de");
}

TEST(Secret, IsCopiedOnPurposeOnly) {
  const Secret secret("c0de");
  EXPECT_EQ(secret.Copy().Reveal(), "c0de");
}

TEST(Secret, ComparesWholly) {
  const Secret secret("c0de");
  EXPECT_TRUE(secret.Equals("c0de"));
  for (const char* other : {"", "c0d", "c0de ", "C0de", "c0df"}) EXPECT_FALSE(secret.Equals(other)) << other;
  EXPECT_TRUE(Secret().Equals(""));
}

}  // namespace
}  // namespace imbot::base
