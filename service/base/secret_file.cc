#include "service/base/secret_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "service/base/strings.h"

namespace imbot::base {
namespace {

constexpr off_t kMaxSize = 64 * 1024;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  const int fd_;
};

absl::Status OpenError(const std::string& path, int error) {
  const std::string what = StrCat(path, ": ", std::strerror(error));
  if (error == ENOENT || error == ENOTDIR)
    return absl::NotFoundError(StrCat(what, "; make the file or correct the path"));
  if (error == EACCES || error == EPERM) {
    return absl::PermissionDeniedError(StrCat(what, "; let the gateway's user read it"));
  }
  return absl::InvalidArgumentError(what);
}

}  // namespace

absl::StatusOr<SecretFile> ReadSecretFile(const std::string& path) {
  // O_NONBLOCK: a named pipe must be refused below, not waited for.
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return OpenError(path, errno);
  struct stat info {};
  if (fstat(file.get(), &info) != 0) return OpenError(path, errno);
  if (!S_ISREG(info.st_mode)) return absl::InvalidArgumentError(StrCat(path, ": not a regular file"));
  if (info.st_size > kMaxSize)
    return absl::InvalidArgumentError(StrCat(path, ": larger than 64 KiB; a secret file holds one secret"));

  std::string text;
  text.resize(static_cast<size_t>(info.st_size));
  size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = read(file.get(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return OpenError(path, errno);
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  text.resize(size);
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  if (text.empty()) return absl::InvalidArgumentError(StrCat(path, ": empty; write the secret into it"));

  SecretFile result;
  result.text = Secret(std::move(text));
  result.group_readable = (info.st_mode & S_IRGRP) != 0;
  result.world_readable = (info.st_mode & S_IROTH) != 0;
  return result;
}

}  // namespace imbot::base
