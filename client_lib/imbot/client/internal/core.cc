#include "imbot/client/internal/core.h"

#include <algorithm>
#include <array>
#include <random>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace imbot::client::internal {
namespace {

using std::chrono::milliseconds;

constexpr size_t kLongestKey = 255;
constexpr size_t kLongestToken = 4096;
constexpr milliseconds kLeastKeepalive{10'000};

absl::Status Refusal(const std::vector<std::string>& wrong) {
  if (wrong.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrJoin(wrong, "; "));
}

bool IsVisible(std::string_view text, bool spaces) {
  return std::all_of(text.begin(), text.end(), [=](char c) { return (c > ' ' && c <= '~') || (spaces && c == ' '); });
}

// gRPC ends the process for metadata that it can't send.
bool IsMetadataKey(std::string_view key) {
  return !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  });
}

bool IsReserved(std::string_view key) {
  constexpr std::array<std::string_view, 6> kOurs = {
      "authorization", "idempotency-key", "x-imbot-priority", "content-type", "te", "user-agent"};
  return std::find(kOurs.begin(), kOurs.end(), key) != kOurs.end() || key.starts_with("grpc-") || key.ends_with("-bin");
}

// A UUID of version 4.
std::string RandomKey() {
  std::random_device random;  // the system's, not a sequence: keys must not meet those of other processes
  std::string key;
  for (int i = 0; i < 4; ++i) absl::StrAppend(&key, absl::Hex(random(), absl::kZeroPad8));
  key[12] = '4';
  key[16] = "89ab"[static_cast<size_t>(key[16]) % 4];
  for (const size_t at : {8, 13, 18, 23}) key.insert(at, "-");
  return key;
}

absl::Status CheckMetadata(const Metadata& metadata) {
  std::vector<std::string> wrong;
  for (const auto& [key, value] : metadata) {
    if (!IsMetadataKey(key)) {
      wrong.push_back("a key of metadata must be lower-case letters, digits, `-`, `_` and `.`");
    } else if (IsReserved(key)) {
      wrong.push_back(absl::StrCat("metadata ", key, " is set by the client itself, or can't be sent"));
    } else if (!IsVisible(value, /*spaces=*/true)) {
      wrong.push_back(absl::StrCat("metadata ", key, " must be visible ASCII and spaces"));
    }
  }
  return Refusal(wrong);
}

}  // namespace

absl::Status Check(const RetryOptions& options) {
  std::vector<std::string> wrong;
  if (options.max_attempts < 1 || options.max_attempts > 100) wrong.push_back("retry.max_attempts must be 1 to 100");
  if (options.initial_backoff < milliseconds(1)) wrong.push_back("retry.initial_backoff must be 1 ms or more");
  if (options.max_backoff < options.initial_backoff) {
    wrong.push_back("retry.max_backoff must not be less than retry.initial_backoff");
  }
  return Refusal(wrong);
}

absl::Status Check(const ClientOptions& options) {
  std::vector<std::string> wrong;
  if (options.target.empty()) wrong.push_back("target must name the gateway, such as dns:///gateway.internal:50051");
  if (const auto* tls = std::get_if<Tls>(&options.security); tls != nullptr) {
    if (tls->certificate_file.empty() != tls->key_file.empty()) {
      wrong.push_back("security: certificate_file and key_file belong together");
    }
  } else if (options.token != nullptr && !std::get<PlainText>(options.security).send_token) {
    wrong.push_back("token: would be sent in plain text; use TLS, or say so by PlainText::send_token");
  }
  if (options.default_timeout <= milliseconds(0)) wrong.push_back("default_timeout must be more than 0");
  if (options.max_timeout < options.default_timeout)
    wrong.push_back("max_timeout must not be less than default_timeout");
  if (options.max_timeout > std::chrono::hours(24)) wrong.push_back("max_timeout must not be more than 24 hours");
  if (const absl::Status retry = Check(options.retry); !retry.ok()) wrong.emplace_back(retry.message());
  if (options.keepalive_time < kLeastKeepalive || options.keepalive_time > std::chrono::hours(24)) {
    wrong.push_back("keepalive_time must be 10 s to 24 hours");
  }
  if (options.keepalive_timeout < milliseconds(1) || options.keepalive_timeout > std::chrono::hours(24)) {
    wrong.push_back("keepalive_timeout must be 1 ms to 24 hours");
  }
  if (options.max_message_bytes < 1024) wrong.push_back("max_message_bytes must be 1024 or more");
  return Refusal(wrong);
}

Core::Core(ClientOptions options, std::shared_ptr<grpc::ChannelInterface> channel, std::shared_ptr<Wire> wire)
    : options_(std::move(options)), channel_(std::move(channel)), wire_(std::move(wire)) {}

absl::StatusOr<Core::Head> Core::MakeHead(const CallOptions& options) const {
  Head head;
  head.time = std::min(options.timeout.value_or(options_.default_timeout), options_.max_timeout);
  if (head.time <= milliseconds(0)) return absl::InvalidArgumentError("timeout must be more than 0");
  head.retry = options.retry.value_or(options_.retry);
  if (absl::Status status = Check(head.retry); !status.ok()) return status;
  if (absl::Status status = CheckMetadata(options.metadata); !status.ok()) return status;
  head.metadata = options.metadata;

  head.idempotency_key = options.idempotency_key.has_value() ? *options.idempotency_key : RandomKey();
  if (head.idempotency_key.empty() || head.idempotency_key.size() > kLongestKey ||
      !IsVisible(head.idempotency_key, /*spaces=*/false)) {
    return absl::InvalidArgumentError("idempotency_key must be 1 to 255 visible ASCII characters without spaces");
  }
  head.metadata.emplace_back("idempotency-key", head.idempotency_key);
  if (options.priority.has_value()) {
    head.metadata.emplace_back("x-imbot-priority", *options.priority == Priority::kBulk ? "bulk" : "interactive");
  }
  if (options_.token != nullptr) {
    absl::StatusOr<std::string> token = options_.token();
    if (!token.ok()) {
      return absl::Status(absl::StatusCode::kUnauthenticated,
                          absl::StrCat("no token for the call: ", token.status().message()));
    }
    if (token->empty() || token->size() > kLongestToken || !IsVisible(*token, /*spaces=*/false)) {
      return absl::UnauthenticatedError("the token is not 1 to 4096 visible ASCII characters");
    }
    head.metadata.emplace_back("authorization", absl::StrCat("Bearer ", *token));
  }
  return head;
}

}  // namespace imbot::client::internal
