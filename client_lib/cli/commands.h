// The commands of the program. Each prints its answer to stdout and what went wrong to stderr, and returns the exit
// code. Called once, from main.
#ifndef IMBOT_CLIENT_LIB_CLI_COMMANDS_H_
#define IMBOT_CLIENT_LIB_CLI_COMMANDS_H_

#include <string_view>

#include "absl/status/status.h"
#include "client_lib/cli/command_line.h"
#include "client_lib/cli/connection.h"
#include "client_lib/cli/console.h"
#include "client_lib/cli/exit_code.h"
#include "client_lib/cli/method_catalog.h"
#include "client_lib/cli/remote_call.h"

namespace imbot::cli {

struct Session {
  const CommandLine& line;
  const Console& console;
  const MethodCatalog& catalog;
};

ExitCode RunMethods(const Session& session);
ExitCode RunDescribe(const Session& session);
ExitCode RunCall(const Session& session);
ExitCode RunSend(const Session& session);
ExitCode RunBots(const Session& session);
ExitCode RunStatus(const Session& session);
ExitCode RunPause(const Session& session);
ExitCode RunResume(const Session& session);
ExitCode RunDrain(const Session& session);
ExitCode RunFlush(const Session& session);
ExitCode RunRelease(const Session& session);
ExitCode RunLogLevel(const Session& session);
ExitCode RunCompletion(const Session& session);

// What is wrong with the command line, as every command says it.
ExitCode UsageError(const Console& console, std::string_view what);
// Anything else that is not a call's error.
ExitCode Failure(const Console& console, std::string_view what);
// The failed call, and its code. `call.error` is set, or `call.file`.
ExitCode CallError(const Session& session, const Connection& connection, const CallResult& call,
                   bitrix24::rest::Retry retry);
// What the gateway told beside the answer, on stderr, with --verbose.
void TellInfo(const Session& session, const client::CallInfo& info);

}  // namespace imbot::cli

#endif  // IMBOT_CLIENT_LIB_CLI_COMMANDS_H_
