// What AdminService answers, of lists all pages together. Blocks; thread-compatible.
#ifndef IMBOT_CLIENT_LIB_CLI_ADMIN_LISTS_H_
#define IMBOT_CLIENT_LIB_CLI_ADMIN_LISTS_H_

#include <optional>
#include <string>

#include "client_lib/cli/remote_call.h"
#include "imbot/gateway/v1/admin_service.pb.h"

namespace imbot::cli {

// Calls the method of AdminService that is called `name`. The failed call, if it failed.
std::optional<CallResult> CallAdmin(const client::Client& client, const char* name,
                                    const google::protobuf::Message& request, const client::CallOptions& options,
                                    google::protobuf::Message* response);

// `portal` empty: of all. The failed call, if one failed; then what was read before is there.
std::optional<CallResult> AllBots(const client::Client& client, const std::string& portal,
                                  const client::CallOptions& options, imbot::gateway::v1::ListBotsResponse* all);
std::optional<CallResult> WholeStatus(const client::Client& client, const std::string& portal,
                                      const client::CallOptions& options, imbot::gateway::v1::GetStatusResponse* all);

}  // namespace imbot::cli

#endif  // IMBOT_CLIENT_LIB_CLI_ADMIN_LISTS_H_
