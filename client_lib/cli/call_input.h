// Where a call's JSON and the content of a file come from, and where a download goes. Blocks; by one thread.
#ifndef IMBOT_CLIENT_LIB_CLI_CALL_INPUT_H_
#define IMBOT_CLIENT_LIB_CLI_CALL_INPUT_H_

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client_lib/cli/remote_call.h"

namespace imbot::cli {

// `{...}` itself, `@FILE` or `-` (stdin).
absl::StatusOr<std::string> ReadText(const std::string& argument);

// What stdin holds, without the last line end.
absl::StatusOr<std::string> ReadStdin();

// The bytes of a file (`-`: stdin), piece by piece.
absl::StatusOr<ByteSource> OpenSource(const std::string& path);
// Those of a text that is there already.
ByteSource SourceOf(std::string text);

// A file that is there only once it is whole: written under another name beside it, and renamed by Commit(). `-` is
// stdout.
class Destination {
 public:
  static absl::StatusOr<std::unique_ptr<Destination>> Open(const std::string& path);
  ~Destination();  // removes what was not committed
  Destination(const Destination&) = delete;
  Destination& operator=(const Destination&) = delete;

  absl::Status Write(std::string_view bytes);
  absl::Status Commit();
  int64_t size() const { return size_; }

 private:
  Destination(std::string path, std::string partial, std::FILE* file)
      : path_(std::move(path)), partial_(std::move(partial)), file_(file) {}

  const std::string path_;
  std::string partial_;  // empty: stdout, or committed
  std::FILE* file_;
  int64_t size_ = 0;
};

}  // namespace imbot::cli

#endif  // IMBOT_CLIENT_LIB_CLI_CALL_INPUT_H_
