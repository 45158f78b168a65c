// The portals of a gateway's status as a table that fits a terminal.
//
// What belongs together stands in one column; every other single value that a gateway tells of a portal gets one of its
// own, so that what it learns to tell is shown. What needs words is portal_notes.h's; all of it as it came: --json.
// Pure function; thread-safe.
#ifndef IMBOT_CLIENT_LIB_CLI_PORTAL_TABLE_H_
#define IMBOT_CLIENT_LIB_CLI_PORTAL_TABLE_H_

#include "client_lib/cli/table.h"
#include "imbot/gateway/v1/admin_service.pb.h"

namespace imbot::cli {

// Columns in which no portal has anything are left out.
Table PortalTable(const imbot::gateway::v1::GetStatusResponse& status);

}  // namespace imbot::cli

#endif  // IMBOT_CLIENT_LIB_CLI_PORTAL_TABLE_H_
