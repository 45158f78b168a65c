// From flags and environment to a client: address, encryption, token, time. Pure functions but for the files they name;
// thread-safe.
#ifndef IMBOT_CLIENT_LIB_CLI_CONNECTION_H_
#define IMBOT_CLIENT_LIB_CLI_CONNECTION_H_

#include <chrono>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "client_lib/cli/command_line.h"
#include "imbot/client/client.h"

namespace imbot::cli {

enum class Listener {
  kCallers,  // --gateway, with the caller's token
  kAdmin,    // --admin, without
};

struct Connection {
  client::Client client;
  std::string address;
  std::string address_flag;  // `--gateway`
};

// INVALID_ARGUMENT, or the error of a file: says what to do. Does not connect.
absl::StatusOr<Connection> Connect(const CommandLine& line, Listener listener);

// What each call carries: --timeout (else `timeout`), --priority, and a new idempotency key, unless one is given.
absl::StatusOr<client::CallOptions> CallOptionsFrom(const CommandLine& line, std::chrono::milliseconds timeout);

// `500ms`, `30s`, `2m`, `1h`; a number alone is seconds.
absl::StatusOr<std::chrono::milliseconds> ParseTime(std::string_view text);
// Whether only this machine is meant: `localhost:1`, `127.0.0.1:1`, `[::1]:1`, a socket's path.
bool IsThisMachine(std::string_view address);

}  // namespace imbot::cli

#endif  // IMBOT_CLIENT_LIB_CLI_CONNECTION_H_
