// What a caller may say about a call beside its request: the metadata that the gateway knows, checked.
//
// Thread-safe functions over plain values; names no gRPC class but the map in which metadata arrives.
#ifndef IMBOT_SERVICE_RPC_CALL_METADATA_H_
#define IMBOT_SERVICE_RPC_CALL_METADATA_H_

#include <grpcpp/support/string_ref.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "service/rpc/call.h"

namespace imbot::rpc {

using MetadataMap = std::multimap<grpc::string_ref, grpc::string_ref>;

// All values of `key`, which is lower-case, in the order of their arrival. The views live as long as the map.
std::vector<std::string_view> MetadataValues(const MetadataMap& metadata, std::string_view key);

struct CallMetadata {
  std::string idempotency_key;                 // `idempotency-key`; empty if none was sent
  Priority priority = Priority::kInteractive;  // `x-imbot-priority`
  bool collapse = false;                       // `x-imbot-collapse`
};
// INVALID_ARGUMENT, reason VALIDATION_FAILED, with a violation per entry that is wrong or repeated.
absl::StatusOr<CallMetadata> ReadCallMetadata(const MetadataMap& metadata);

// The trace id of a well-formed `traceparent` (https://www.w3.org/TR/trace-context/): 32 hexadecimal digits; empty for
// anything else, since a trace that is broken elsewhere must not fail a call.
std::string TraceIdOf(const MetadataMap& metadata);

std::string_view PriorityName(Priority priority);  // interactive, bulk

}  // namespace imbot::rpc

#endif  // IMBOT_SERVICE_RPC_CALL_METADATA_H_
