// What an operator should know about portals beyond their numbers: who is paused, quarantined or held back, why, for
// how long, and what ends it. Pure functions; thread-safe.
#ifndef IMBOT_CLIENT_LIB_CLI_PORTAL_NOTES_H_
#define IMBOT_CLIENT_LIB_CLI_PORTAL_NOTES_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "client_lib/cli/console.h"
#include "imbot/gateway/v1/admin_service.pb.h"

namespace imbot::cli {

// A paragraph for each portal that has something to say; empty if none has.
std::string PortalNotes(const imbot::gateway::v1::GetStatusResponse& status, const Style& style, size_t width);

// In a word or two: `open`, `paused`, `quarantined`, `draining, circuit open, 2 held`.
std::string StateOf(const imbot::gateway::v1::PortalStatus& portal);

// Days until the portal's certificate ends by the gateway's clock, below zero if it has ended; nothing if either is not
// known.
std::optional<int64_t> CertificateDays(const imbot::gateway::v1::GetStatusResponse& status,
                                       const imbot::gateway::v1::PortalStatus& portal);
// From here on somebody should see to it.
inline constexpr int64_t kCertificateWarningDays = 14;

// `3d 4h`, `5m 6s`: the two largest units; `350ms` below a second.
std::string Lasting(const google::protobuf::Duration& duration);

}  // namespace imbot::cli

#endif  // IMBOT_CLIENT_LIB_CLI_PORTAL_NOTES_H_
