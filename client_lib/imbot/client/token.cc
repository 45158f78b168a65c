// Where bearer tokens come from.
#include <sys/stat.h>

#include <cerrno>
#include <ctime>
#include <fstream>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "imbot/client/options.h"

namespace imbot::client {
namespace {

// Longer than any token: what is this large is another file.
constexpr off_t kLargestFile = 1 << 16;

// Thread-safe.
class TokenFile {
 public:
  explicit TokenFile(std::string path) : path_(std::move(path)) {}

  absl::StatusOr<std::string> Get() {
    struct stat now {};
    if (stat(path_.c_str(), &now) != 0) return absl::ErrnoToStatus(errno, absl::StrCat("can't read ", path_));
    const Version version(now.st_dev, now.st_ino, now.st_size, now.st_mtim.tv_sec, now.st_mtim.tv_nsec);
    const std::lock_guard lock(mutex_);
    if (version == version_) return token_;
    if (!S_ISREG(now.st_mode) || now.st_size > kLargestFile) {
      return absl::InvalidArgumentError(absl::StrCat(path_, " is no file that holds a token"));
    }
    errno = 0;
    std::ifstream in(path_, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    if (!in) return absl::ErrnoToStatus(errno == 0 ? EIO : errno, absl::StrCat("can't read ", path_));
    const auto token = absl::StripAsciiWhitespace(text);
    if (token.empty()) return absl::NotFoundError(absl::StrCat(path_, " is empty"));
    token_ = std::string(token);
    version_ = version;
    return token_;
  }

 private:
  using Version = std::tuple<dev_t, ino_t, off_t, time_t, long>;

  const std::string path_;
  std::mutex mutex_;
  Version version_{};  // guarded by mutex_; of what token_ was read from
  std::string token_;  // guarded by mutex_
};

}  // namespace

TokenSource TokenFromFile(std::string path) {
  return [file = std::make_shared<TokenFile>(std::move(path))] { return file->Get(); };
}

TokenSource TokenFromString(std::string token) {
  return [token = std::move(token)]() -> absl::StatusOr<std::string> { return token; };
}

}  // namespace imbot::client
