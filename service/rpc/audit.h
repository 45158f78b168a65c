// The log's line about a change that an operator asked for: who, what, with what result. Once for each attempt, refused
// ones too, and whatever the log's level is.
#ifndef IMBOT_SERVICE_RPC_AUDIT_H_
#define IMBOT_SERVICE_RPC_AUDIT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "service/base/log.h"
#include "service/rpc/call.h"

namespace imbot::rpc {

struct AuditRecord {
  std::string action;  // `pause_portal`
  std::string request_id;
  std::string portal;  // as it was asked for; empty if the action has none
  Peer peer;
  // How what it changes was and is, in the action's own words. Nothing for an attempt that changed nothing.
  std::string before, after;
  std::optional<int64_t> dropped_calls, released_methods;
};

// Writes `{"event":"audit", ...}` at level warning, since somebody changed how the gateway works. Thread-safe.
void WriteAudit(base::Logger& logger, const AuditRecord& record, const absl::Status& result);

}  // namespace imbot::rpc

#endif  // IMBOT_SERVICE_RPC_AUDIT_H_
