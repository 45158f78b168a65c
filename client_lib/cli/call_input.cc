#include "client_lib/cli/call_input.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "client_lib/cli/text.h"

namespace imbot::cli {
namespace {

absl::Status SystemError(std::string_view what, std::string_view path) {
  return Invalid(StrCat("can't ", what, " ", path, ": ", std::strerror(errno)));
}

struct Closer {
  void operator()(std::FILE* file) const {
    if (file != stdin) std::fclose(file);
  }
};
using File = std::unique_ptr<std::FILE, Closer>;

absl::StatusOr<File> OpenFile(const std::string& path) {
  File file(path == "-" ? stdin : std::fopen(path.c_str(), "rb"));
  if (file == nullptr) return SystemError("read", path);
  struct stat info {};
  if (fstat(fileno(file.get()), &info) == 0 && S_ISDIR(info.st_mode))
    return Invalid(StrCat("can't read ", path, ": it is a folder"));
  return file;
}

absl::StatusOr<std::string> ReadAll(const std::string& path) {
  auto source = OpenSource(path);
  if (!source.ok()) return source.status();
  std::string text;
  for (;;) {
    auto piece = (*source)(64 << 10);
    if (!piece.ok()) return piece.status();
    if (piece->empty()) return text;
    text += *piece;
  }
}

}  // namespace

absl::StatusOr<std::string> ReadText(const std::string& argument) {
  if (argument == "-") return ReadAll("-");
  if (argument.starts_with('@')) return ReadAll(argument.substr(1));
  return argument;
}

absl::StatusOr<std::string> ReadStdin() {
  auto text = ReadAll("-");
  if (text.ok() && text->ends_with('\n')) text->pop_back();
  return text;
}

absl::StatusOr<ByteSource> OpenSource(const std::string& path) {
  auto opened = OpenFile(path);
  if (!opened.ok()) return opened.status();
  const std::shared_ptr<std::FILE> file(opened->release(), Closer());
  return [file, path](size_t size) -> absl::StatusOr<std::string> {
    std::string piece(size, '\0');
    piece.resize(std::fread(piece.data(), 1, size, file.get()));
    if (piece.empty() && std::ferror(file.get()) != 0) return SystemError("read", path);
    return piece;
  };
}

ByteSource SourceOf(std::string text) {
  return [text = std::move(text), at = size_t{0}](size_t size) mutable -> absl::StatusOr<std::string> {
    std::string piece = text.substr(at, size);
    at += piece.size();
    return piece;
  };
}

absl::StatusOr<std::unique_ptr<Destination>> Destination::Open(const std::string& path) {
  if (path == "-") return std::unique_ptr<Destination>(new Destination(path, "", stdout));
  struct stat info {};
  if (stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode))
    return Invalid(StrCat("can't write ", path, ": it is a folder"));
  // A device or a pipe can't be replaced by a file.
  if (stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) {
    std::FILE* const special = std::fopen(path.c_str(), "wb");
    if (special == nullptr) return SystemError("write", path);
    return std::unique_ptr<Destination>(new Destination(path, "", special));
  }
  std::string partial = StrCat(path, ".XXXXXX");
  const int fd = mkstemp(partial.data());
  std::FILE* const file = fd < 0 ? nullptr : fdopen(fd, "wb");
  if (file == nullptr) return SystemError("write", path);
  // mkstemp lets nobody else read; a download is as readable as what the shell makes.
  const mode_t mask = umask(0);
  umask(mask);
  fchmod(fd, 0666 & ~mask);
  return std::unique_ptr<Destination>(new Destination(path, std::move(partial), file));
}

Destination::~Destination() {
  if (file_ != nullptr && file_ != stdout) std::fclose(file_);
  if (!partial_.empty()) unlink(partial_.c_str());
}

absl::Status Destination::Write(std::string_view bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size()) return SystemError("write", path_);
  size_ += static_cast<int64_t>(bytes.size());
  return absl::OkStatus();
}

absl::Status Destination::Commit() {
  if (std::fflush(file_) != 0) return SystemError("write", path_);
  if (partial_.empty()) return absl::OkStatus();
  if (std::rename(partial_.c_str(), path_.c_str()) != 0) return SystemError("write", path_);
  partial_.clear();
  return absl::OkStatus();
}

}  // namespace imbot::cli
