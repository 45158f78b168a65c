// Owns a file descriptor.
#ifndef IMBOT_SERVICE_BASE_FILE_DESCRIPTOR_H_
#define IMBOT_SERVICE_BASE_FILE_DESCRIPTOR_H_

#include <unistd.h>

#include <utility>

namespace imbot::base {

class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(other.Release()) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    Close();
    fd_ = other.Release();
    return *this;
  }
  ~FileDescriptor() { Close(); }

  // Whether there is one.
  bool ok() const { return fd_ >= 0; }
  int get() const { return fd_; }
  // Closing it is the caller's business from here on.
  int Release() { return std::exchange(fd_, -1); }
  void Close() {
    if (ok()) close(Release());
  }

 private:
  int fd_ = -1;
};

}  // namespace imbot::base

#endif  // IMBOT_SERVICE_BASE_FILE_DESCRIPTOR_H_
