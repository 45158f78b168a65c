#include "service/rpc/caller_auth.h"

#include <set>
#include <utility>

#include "service/base/seal.h"
#include "service/base/strings.h"

namespace imbot::rpc {
namespace {

constexpr std::string_view kScheme = "bearer ";

// The token of `Bearer TOKEN`, whose scheme may be in any case; empty if that is not its form.
std::string_view TokenOf(std::string_view header) {
  if (!base::EqualsIgnoreCase(header.substr(0, kScheme.size()), kScheme)) return {};
  return base::Trim(header.substr(kScheme.size()));
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = base::ToLower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::string_view Bytes(const std::array<unsigned char, 32>& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

bool ReadHex(std::string_view hex, std::array<unsigned char, 32>* bytes) {
  if (hex.size() != 2 * bytes->size()) return false;
  for (size_t i = 0; i < bytes->size(); ++i) {
    const int high = HexDigit(hex[2 * i]), low = HexDigit(hex[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    (*bytes)[i] = static_cast<unsigned char>(high * 16 + low);
  }
  return true;
}

absl::Status Missing() {
  return base::Error(absl::StatusCode::kUnauthenticated, "CALLER_TOKEN_MISSING",
                     "this gateway knows its callers by token: send metadata `authorization: Bearer TOKEN`")
      .Build();
}

absl::Status Wrong() {
  return base::Error(absl::StatusCode::kUnauthenticated, "CALLER_TOKEN_WRONG",
                     "the token in metadata `authorization` is not one of a configured caller; `authorization: Bearer "
                     "TOKEN` is its form")
      .Build();
}

}  // namespace

absl::StatusOr<std::shared_ptr<const CallerSet>> CallerSet::Create(const std::vector<Entry>& entries) {
  base::Error error(absl::StatusCode::kInvalidArgument, "CONFIGURATION_INVALID", "callers can't be told apart");
  std::shared_ptr<CallerSet> set(new CallerSet);
  std::set<std::string> names;
  std::set<Digest> digests;
  for (size_t i = 0; i < entries.size(); ++i) {
    const auto& [caller, hash] = entries[i];
    const std::string at = base::StrCat("callers[", i, "]");
    if (caller.name.empty()) error.Violation(base::StrCat(at, ".name"), "must not be empty");
    if (!names.insert(caller.name).second)
      error.Violation(base::StrCat(at, ".name"), "is another caller's name already");
    Known known{caller, {}};
    if (!ReadHex(hash, &known.digest)) {
      error.Violation(base::StrCat(at, ".token_sha256"), "must be the SHA-256 of the token in 64 hexadecimal digits");
      continue;
    }
    if (!digests.insert(known.digest).second)
      error.Violation(base::StrCat(at, ".token_sha256"), "is another caller's token already");
    set->known_.push_back(std::move(known));
  }
  if (error.has_violations()) return error.Build();
  return set;
}

std::shared_ptr<const CallerSet> CallerSet::Anonymous(bool raw_allowed) {
  std::shared_ptr<CallerSet> set(new CallerSet);
  set->anonymous_.raw_allowed = raw_allowed;
  return set;
}

absl::StatusOr<Caller> CallerSet::Authenticate(const std::vector<std::string_view>& authorization) const {
  if (known_.empty()) return anonymous_;
  if (authorization.empty()) return Missing();
  if (authorization.size() > 1) return Wrong();
  const std::string_view token = TokenOf(authorization.front());
  if (token.empty()) return Wrong();
  const Digest digest = base::Sha256(token);
  const Caller* found = nullptr;
  for (const Known& known : known_) {  // All of them: leaving at the match would tell which one it was.
    if (base::ConstantTimeEquals(Bytes(digest), Bytes(known.digest))) found = &known.caller;
  }
  if (found == nullptr) return Wrong();
  return *found;
}

void CallerAuth::Replace(std::shared_ptr<const CallerSet> callers) {
  base::MutexLock lock(mutex_);
  callers_.swap(callers);
}

absl::StatusOr<Caller> CallerAuth::Authenticate(const std::vector<std::string_view>& authorization) const {
  std::shared_ptr<const CallerSet> callers;
  {
    base::MutexLock lock(mutex_);
    callers = callers_;
  }
  return callers->Authenticate(authorization);
}

}  // namespace imbot::rpc
