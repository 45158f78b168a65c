// Who calls: a bearer token proves it.
//
// The configuration knows callers by the SHA-256 of their token, never by the token; a token is hashed and compared
// with every caller's hash, in a time that does not depend on which one matches or how far. With no callers configured
// everybody is `anonymous`. Knows nothing of policies: what a caller may do stands in Caller and is checked where it
// matters. Never repeats a token.
#ifndef IMBOT_SERVICE_RPC_CALLER_AUTH_H_
#define IMBOT_SERVICE_RPC_CALLER_AUTH_H_

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "service/base/mutex.h"
#include "service/rpc/call.h"

namespace imbot::rpc {

// All callers of one configuration. Immutable after Create(); thread-safe.
class CallerSet {
 public:
  struct Entry {
    Caller caller;
    std::string token_sha256;  // 64 hexadecimal digits, either case
  };
  // INVALID_ARGUMENT, with every mistake: an empty or repeated name, a hash that is not one, a hash that two callers
  // share.
  static absl::StatusOr<std::shared_ptr<const CallerSet>> Create(const std::vector<Entry>& entries);
  // Nobody is asked for a token; everybody is `anonymous`.
  static std::shared_ptr<const CallerSet> Anonymous(bool raw_allowed);

  // `authorization` holds the values of all `authorization` entries of the call's metadata.
  // UNAUTHENTICATED with reason CALLER_TOKEN_MISSING or CALLER_TOKEN_WRONG.
  absl::StatusOr<Caller> Authenticate(const std::vector<std::string_view>& authorization) const;

 private:
  using Digest = std::array<unsigned char, 32>;
  struct Known {
    Caller caller;
    Digest digest;
  };
  CallerSet() = default;

  std::vector<Known> known_;
  Caller anonymous_;  // used while known_ is empty
};

// The callers of the configuration that is in force. Thread-safe.
class CallerAuth {
 public:
  explicit CallerAuth(std::shared_ptr<const CallerSet> callers) : callers_(std::move(callers)) {}
  // Calls that have passed stay; every later call is judged by `callers`.
  void Replace(std::shared_ptr<const CallerSet> callers) IMBOT_EXCLUDES(mutex_);
  absl::StatusOr<Caller> Authenticate(const std::vector<std::string_view>& authorization) const IMBOT_EXCLUDES(mutex_);

 private:
  mutable base::Mutex mutex_;
  std::shared_ptr<const CallerSet> callers_ IMBOT_GUARDED_BY(mutex_);
};

}  // namespace imbot::rpc

#endif  // IMBOT_SERVICE_RPC_CALLER_AUTH_H_
