#include "service/rpc/audit.h"

#include <vector>

#include "service/base/error.h"
#include "service/rpc/access_log.h"
#include "service/rpc/admin_status.h"

namespace imbot::rpc {
namespace {

// A portal's name is shorter; what else stands in its place is a client's, as long as it likes.
constexpr size_t kMostPortalBytes = 100;
constexpr size_t kMostPeerBytes = 500;

}  // namespace

void WriteAudit(base::Logger& logger, const AuditRecord& record, const absl::Status& result) {
  std::vector<base::Field> fields;
  const auto add = [&fields](std::string_view key, std::string_view value) {
    if (!value.empty()) fields.emplace_back(key, value);
  };
  const std::string reason = base::ReasonOf(result);
  add("action", record.action);
  add("portal", CutText(record.portal, kMostPortalBytes));
  add("peer", CutText(record.peer.address, kMostPeerBytes));
  add("certificate", CutText(record.peer.certificate, kMostPeerBytes));
  add("result", CodeName(result.code()));
  add("reason", reason);
  add("before", record.before);
  add("after", record.after);
  if (record.dropped_calls.has_value()) fields.emplace_back("dropped_calls", *record.dropped_calls);
  if (record.released_methods.has_value()) fields.emplace_back("released_methods", *record.released_methods);
  add("request_id", record.request_id);
  logger.LogAlways(base::Level::kWarning, "audit", fields);
}

}  // namespace imbot::rpc
