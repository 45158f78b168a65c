// A folder of its own for one test, removed with all that is in it.
#ifndef IMBOT_TESTS_BASE_TEMP_DIR_H_
#define IMBOT_TESTS_BASE_TEMP_DIR_H_

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace imbot::testing_support {

class TempDir {
 public:
  TempDir() {
    path_ = ::testing::TempDir() + "imbot_XXXXXX";
    EXPECT_NE(mkdtemp(path_.data()), nullptr);
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::string& path() const { return path_; }
  std::string File(std::string_view name) const { return path_ + "/" + std::string(name); }
  // Readable by its owner alone, unless `mode` says otherwise. Returns its path.
  std::string Write(std::string_view name, std::string_view content, int mode = 0600) const {
    const std::string file = File(name);
    std::ofstream(file, std::ios::binary) << content;
    std::filesystem::permissions(file, static_cast<std::filesystem::perms>(mode));
    return file;
  }

 private:
  std::string path_;
};

}  // namespace imbot::testing_support

#endif  // IMBOT_TESTS_BASE_TEMP_DIR_H_
