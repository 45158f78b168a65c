#include "service/rpc/library_log.h"

#include <gmock/gmock.h>
#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>
#include <gtest/gtest.h>

#include "tests/fakes/manual_clock.h"

namespace imbot::rpc {
namespace {

class LibraryLogTest : public ::testing::Test {
 protected:
  fakes::ManualClock clock_;
  std::vector<std::string> lines_;
  base::Logger logger_{base::Level::kDebug, [this](std::string_view line) { lines_.emplace_back(line); }, clock_};
};

TEST_F(LibraryLogTest, WritesErrorsOfTheLibrariesAsLinesOfTheLog) {
  LibraryLog log(logger_);
  gpr_log("./src/core/some_file.cc", 17, GPR_LOG_SEVERITY_ERROR, "no %s", "luck");
  GOOGLE_LOG(ERROR) << "bad bytes";
  ASSERT_EQ(lines_.size(), 2u);
  EXPECT_EQ(lines_[0], R"({"time":"2026-01-01T00:00:00.000Z","level":"error","event":"library_error","library":"grpc",)"
                       R"("at":"some_file.cc:17","message":"no luck"})");
  EXPECT_THAT(lines_[1], ::testing::HasSubstr(R"("library":"protobuf","at":"library_log_test.cc:)"));
  EXPECT_THAT(lines_[1], ::testing::HasSubstr(R"("message":"bad bytes")"));
}

TEST_F(LibraryLogTest, KeepsTracesOutWhateverTheVerbosity) {
  LibraryLog log(logger_);
  gpr_set_log_verbosity(GPR_LOG_SEVERITY_DEBUG);
  gpr_log("f.cc", 1, GPR_LOG_SEVERITY_DEBUG, "authorization: Bearer abc");
  gpr_log("f.cc", 1, GPR_LOG_SEVERITY_INFO, "authorization: Bearer abc");
  gpr_set_log_verbosity(GPR_LOG_SEVERITY_ERROR);
  EXPECT_EQ(lines_.size(), 0u);
}

TEST_F(LibraryLogTest, DropsWhatComesWhenItHasGone) {
  { LibraryLog log(logger_); }
  gpr_log("f.cc", 1, GPR_LOG_SEVERITY_ERROR, "late");
  EXPECT_EQ(lines_.size(), 0u);
}

}  // namespace
}  // namespace imbot::rpc
