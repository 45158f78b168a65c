// Carries out the calls of AdminService that change something: what a portal takes and sends, its queue, its
// quarantine, the log's level.
//
// A change of a portal happens on the portal's loop, between two looks at it, so that what is answered and written down
// is what this change did. A portal that is being stopped changes no more: SHUTTING_DOWN. Nothing is kept beyond the
// process. Thread-safe; never blocks. What it was given outlives it and every call it has started.
#ifndef IMBOT_SERVICE_RPC_ADMIN_CHANGES_H_
#define IMBOT_SERVICE_RPC_ADMIN_CHANGES_H_

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "service/base/log.h"
#include "service/portal/registry.h"
#include "service/rpc/admin_status.h"
#include "service/rpc/audit.h"
#include "service/rpc/call.h"

namespace imbot::rpc {

class AdminChanges {
 public:
  AdminChanges(const portal::Registry& registry, const std::vector<AdminPortal>& portals, base::Logger& logger);

  // REQUIRES: the request is one of AdminService's that changes something.
  void Start(Call call, Reply reply) const;

 private:
  class PortalChange;

  static AuditRecord RecordOf(std::string_view action, std::string_view portal, const Call& call);
  void Refuse(const AuditRecord& record, absl::Status status, Reply reply) const;
  // Null: it was refused.
  template <typename Request>
  std::shared_ptr<PortalChange> Begin(std::string_view action, const Call& call, Reply reply) const;
  void FillPortal(const std::string& name, const portal::PortalSnapshot& snapshot,
                  imbot::gateway::v1::PortalStatus* out) const;

  template <typename Request, typename Response>
  void ChangeIntake(std::string_view action, void (portal::Port::*to)(), const Call& call, Reply reply) const;
  void FlushQueue(const Call& call, Reply reply) const;
  void ReleasePortal(const Call& call, Reply reply) const;
  void SetLogLevel(const Call& call, Reply reply) const;

  const portal::Registry& registry_;
  std::map<std::string, std::string, std::less<>> hosts_;  // by portal
  base::Logger& logger_;
};

}  // namespace imbot::rpc

#endif  // IMBOT_SERVICE_RPC_ADMIN_CHANGES_H_
