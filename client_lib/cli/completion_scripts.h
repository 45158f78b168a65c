// The completion scripts of the shells, as they stand in completion/. Thread-safe.
#ifndef IMBOT_CLIENT_LIB_CLI_COMPLETION_SCRIPTS_H_
#define IMBOT_CLIENT_LIB_CLI_COMPLETION_SCRIPTS_H_

#include <string_view>

namespace imbot::cli {

// Empty: there is none for that shell.
std::string_view CompletionScript(std::string_view shell);

}  // namespace imbot::cli

#endif  // IMBOT_CLIENT_LIB_CLI_COMPLETION_SCRIPTS_H_
