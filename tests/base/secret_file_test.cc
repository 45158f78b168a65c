#include "service/base/secret_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/base/temp_dir.h"

namespace imbot::base {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing_support::TempDir;

TEST(ReadSecretFile, StripsOneTrailingNewlineAndNothingElse) {
  const TempDir dir;
  EXPECT_EQ(ReadSecretFile(dir.Write("a", "s3cret"))->text.Reveal(), "s3cret");
  EXPECT_EQ(ReadSecretFile(dir.Write("b", "s3cret\n"))->text.Reveal(), "s3cret");
  EXPECT_EQ(ReadSecretFile(dir.Write("c", "s3cret\r\n"))->text.Reveal(), "s3cret");
  EXPECT_EQ(ReadSecretFile(dir.Write("d", " s3\ncret \n\n"))->text.Reveal(), " s3\ncret \n");
}

TEST(ReadSecretFile, SaysWhoElseMayReadIt) {
  const TempDir dir;
  const auto closed = ReadSecretFile(dir.Write("a", "x", 0600));
  EXPECT_FALSE(closed->group_readable);
  EXPECT_FALSE(closed->world_readable);
  const auto group = ReadSecretFile(dir.Write("b", "x", 0440));
  EXPECT_TRUE(group->group_readable);
  EXPECT_FALSE(group->world_readable);
  // Kubernetes mounts a secret as a link to a file: the file's mode counts.
  ASSERT_EQ(symlink(dir.Write("c", "x", 0604).c_str(), dir.File("link").c_str()), 0);
  const auto linked = ReadSecretFile(dir.File("link"));
  EXPECT_FALSE(linked->group_readable);
  EXPECT_TRUE(linked->world_readable);
}

TEST(ReadSecretFile, RefusesWhatHoldsNoSecretAndNamesThePath) {
  const TempDir dir;
  EXPECT_EQ(ReadSecretFile(dir.File("missing")).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReadSecretFile(dir.path()).status().code(), absl::StatusCode::kInvalidArgument);
  for (const char* const empty : {"", "\n", "\r\n"}) {
    const auto file = ReadSecretFile(dir.Write("empty", empty));
    EXPECT_EQ(file.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(file.status().message()), HasSubstr(dir.File("empty")));
  }
  const auto large = ReadSecretFile(dir.Write("large", std::string(64 * 1024 + 1, 'q')));
  EXPECT_EQ(large.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(large.status().message()), Not(HasSubstr("qqq")));
}

TEST(ReadSecretFile, DoesNotWaitForAPipe) {
  const TempDir dir;
  ASSERT_EQ(mkfifo(dir.File("pipe").c_str(), 0600), 0);
  EXPECT_EQ(ReadSecretFile(dir.File("pipe")).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace imbot::base
