// A call that failed, as a person or a script is told: what happened, whether it may have been done, what to do next.
//
// Pure functions; thread-safe.
#ifndef IMBOT_CLIENT_LIB_CLI_FAILURE_H_
#define IMBOT_CLIENT_LIB_CLI_FAILURE_H_

#include <string>

#include "bitrix24/rest/options.pb.h"
#include "client_lib/cli/console.h"
#include "client_lib/cli/exit_code.h"
#include "imbot/client/error.h"

namespace imbot::cli {

// What the failure is about.
struct FailedCall {
  std::string address;          // where it went
  std::string address_flag;     // that says so: `--gateway`
  std::string idempotency_key;  // that it carried; empty: none
  bitrix24::rest::Retry retry = bitrix24::rest::RETRY_NEVER;
  bool interrupted = false;  // by Ctrl-C
  bool connected = true;     // a connection was there
};

ExitCode CodeOf(const client::Error& error, const FailedCall& call);

// For stderr: lines of text, or with --json one line `{"error": {...}}`.
std::string FailureText(const client::Error& error, const FailedCall& call, const Console& console);

}  // namespace imbot::cli

#endif  // IMBOT_CLIENT_LIB_CLI_FAILURE_H_
