// Reads a file that holds one secret, as mounted by Kubernetes or written by an administrator.
#ifndef IMBOT_SERVICE_BASE_SECRET_FILE_H_
#define IMBOT_SERVICE_BASE_SECRET_FILE_H_

#include <string>

#include "absl/status/statusor.h"
#include "service/base/secret.h"

namespace imbot::base {

struct SecretFile {
  Secret text;  // without one trailing newline
  bool group_readable = false;
  bool world_readable = false;
};

// NOT_FOUND, PERMISSION_DENIED or INVALID_ARGUMENT (empty, larger than 64 KiB, or no regular file). The error names the
// path and says what to do, never what the file holds. The mode is that of the file which was read, whatever links led
// to it.
absl::StatusOr<SecretFile> ReadSecretFile(const std::string& path);

}  // namespace imbot::base

#endif  // IMBOT_SERVICE_BASE_SECRET_FILE_H_
