#include "service/rpc/call_metadata.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace imbot::rpc {
namespace {

constexpr size_t kMaxIdempotencyKey = 255;

bool IsVisibleAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

bool IsLowerHex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool IsZero(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c == '0'; });
}

}  // namespace

std::vector<std::string_view> MetadataValues(const MetadataMap& metadata, std::string_view key) {
  std::vector<std::string_view> values;
  const auto [begin, end] = metadata.equal_range(grpc::string_ref(key.data(), key.size()));
  for (auto it = begin; it != end; ++it) values.emplace_back(it->second.data(), it->second.size());
  return values;
}

absl::StatusOr<CallMetadata> ReadCallMetadata(const MetadataMap& metadata) {
  CallMetadata result;
  std::vector<std::pair<std::string_view, std::string_view>> violations;
  const auto keys = MetadataValues(metadata, "idempotency-key");
  if (keys.size() > 1) {
    violations.emplace_back("metadata.idempotency-key", "must be sent once");
  } else if (keys.size() == 1) {
    if (keys[0].empty() || keys[0].size() > kMaxIdempotencyKey || !IsVisibleAscii(keys[0])) {
      violations.emplace_back("metadata.idempotency-key", "must be 1 to 255 visible ASCII characters, without spaces");
    } else {
      result.idempotency_key = keys[0];
    }
  }
  const auto priorities = MetadataValues(metadata, "x-imbot-priority");
  if (priorities.size() > 1) {
    violations.emplace_back("metadata.x-imbot-priority", "must be sent once");
  } else if (priorities.size() == 1) {
    if (priorities[0] == "bulk") {
      result.priority = Priority::kBulk;
    } else if (priorities[0] != "interactive") {
      violations.emplace_back("metadata.x-imbot-priority", "must be `interactive` or `bulk`");
    }
  }
  const auto collapse = MetadataValues(metadata, "x-imbot-collapse");
  if (collapse.size() > 1) {
    violations.emplace_back("metadata.x-imbot-collapse", "must be sent once");
  } else if (collapse.size() == 1) {
    result.collapse = collapse[0] == "true";
    if (!result.collapse && collapse[0] != "false") {
      violations.emplace_back("metadata.x-imbot-collapse", "must be `true` or `false`");
    }
  }
  if (violations.empty()) return result;
  base::Error error(absl::StatusCode::kInvalidArgument, "VALIDATION_FAILED", "the call's metadata is not valid");
  for (const auto& [field, description] : violations) error.Violation(field, description);
  return error.Build();
}

std::string TraceIdOf(const MetadataMap& metadata) {
  const auto values = MetadataValues(metadata, "traceparent");
  if (values.size() != 1) return "";
  // version "-" trace-id "-" parent-id "-" flags; versions after 00 may append, but not change, these.
  const std::string_view text = values[0];
  if (text.size() < 55 || text[2] != '-' || text[35] != '-' || text[52] != '-') return "";
  const std::string_view version = text.substr(0, 2), trace = text.substr(3, 32), parent = text.substr(36, 16),
                         flags = text.substr(53, 2);
  if (!IsLowerHex(version) || version == "ff" || !IsLowerHex(trace) || !IsLowerHex(parent) || !IsLowerHex(flags))
    return "";
  if (IsZero(trace) || IsZero(parent)) return "";
  if (text.size() > 55 && (version == "00" || text[55] != '-')) return "";
  return std::string(trace);
}

std::string_view PriorityName(Priority priority) {
  return priority == Priority::kBulk ? "bulk" : "interactive";
}

}  // namespace imbot::rpc
