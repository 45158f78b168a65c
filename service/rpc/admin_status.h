// What AdminService tells of a portal and of the log, in the contract's words. Pure functions; thread-safe.
#ifndef IMBOT_SERVICE_RPC_ADMIN_STATUS_H_
#define IMBOT_SERVICE_RPC_ADMIN_STATUS_H_

#include <optional>
#include <string>
#include <string_view>

#include "imbot/gateway/v1/admin_service.pb.h"
#include "service/base/log.h"
#include "service/portal/portal_snapshot.h"

namespace imbot::rpc {

// A configured portal.
struct AdminPortal {
  std::string name;
  std::string host;
};

// Of each portal no more than so many methods and bytes of text, so that a page of a thousand portals stays far below
// the 4 MiB that clients of gRPC take.
inline constexpr size_t kMostHeldMethods = 10;
inline constexpr size_t kMostTextBytes = 300;

// All that `snapshot` knows; name and host are the caller's.
void FillStatus(const portal::PortalSnapshot& snapshot, imbot::gateway::v1::PortalStatus* status);
void FillQuarantine(const portal::PortalSnapshot::Quarantine& quarantine, imbot::gateway::v1::PortalQuarantine* out);

imbot::gateway::v1::PortalIntake IntakeOf(portal::Intake intake);
std::string_view IntakeName(portal::Intake intake);  // open, paused, draining
// Who must act about it.
imbot::gateway::v1::Actor ActorFor(const portal::PortalSnapshot::Quarantine& quarantine);

imbot::gateway::v1::LogLevel LogLevelOf(base::Level level);
// Nothing if it is none of the contract's.
std::optional<base::Level> LevelOf(imbot::gateway::v1::LogLevel level);

// `text` up to so many bytes, no character of UTF-8 cut in two.
std::string_view CutText(std::string_view text, size_t bytes);

}  // namespace imbot::rpc

#endif  // IMBOT_SERVICE_RPC_ADMIN_STATUS_H_
