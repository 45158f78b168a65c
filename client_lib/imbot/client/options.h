// How a client reaches its gateway, and how one call is made.
//
// Plain values: build them, hand them to Client::Create() or to a call; the client keeps its own copy.
// Thread-compatible. Every limit is checked by Client::Create() or, for CallOptions, when the call begins; what breaks
// one is refused with INVALID_ARGUMENT, and nothing is sent.
#ifndef IMBOT_CLIENT_OPTIONS_H_
#define IMBOT_CLIENT_OPTIONS_H_

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"

namespace imbot::client {

// TLS. Files are PEM and are read once, by Client::Create().
struct Tls {
  std::string ca_file = {};           // authorities that may sign the gateway's certificate; empty: those of the system
  std::string certificate_file = {};  // the client's own certificate chain, where the gateway asks for one; else empty
  std::string key_file = {};          // the private key of certificate_file; both or neither
  std::string server_name = {};       // name the gateway's certificate must carry; empty: the target's
};

// No encryption: for loopback, or inside a mesh that encrypts by itself.
struct PlainText {
  bool send_token = false;  // a token is refused unless this says that it may be read on the way
};

// Returns the bearer token that a call carries; asked once for each call, in the thread that starts it. Must be
// thread-safe and quick. An error ends the call with reason TOKEN_UNAVAILABLE; its message is shown, so it holds no
// secret. A token is visible ASCII, 1 to 4096 characters; it is never part of an error or of anything printed.
using TokenSource = std::function<absl::StatusOr<std::string>()>;

// The token in this file, without spaces and line ends around it. A file that was replaced or changed is read again by
// the next call, so that a token can be rotated under a running program.
TokenSource TokenFromFile(std::string path);
// Always this token.
TokenSource TokenFromString(std::string token);

// What the client repeats by itself is written at Client::Call(); this says how often, and after how long.
struct RetryOptions {
  int max_attempts = 5;  // the first one among them, 1 to 100; 1: nothing is repeated
  std::chrono::milliseconds initial_backoff{
      100};  // before the second attempt; doubles from one to the next. 1 ms or more
  std::chrono::milliseconds max_backoff{5'000};  // not less than initial_backoff
};

struct ClientOptions {
  // Where the gateway is, in gRPC's own spelling; calls go to all addresses in turn:
  //   dns:///gateway.internal:50051              every address that the name has, or `gateway.internal:50051`
  //   ipv4:10.0.0.1:50051,10.0.0.2:50051         these; ipv6:[::1]:50051 likewise
  //   unix:/run/imbot/gateway.sock               a socket on this machine
  std::string target = {};
  std::variant<Tls, PlainText> security = {};
  // The caller's token; empty where the gateway knows no callers.
  TokenSource token = {};

  // Time for a call that names none, all attempts and the pauses between them included; and the longest that one may
  // ask for, to which a longer one is cut. So no call waits for ever. (A gateway cuts unary calls by itself, to 2
  // minutes unless configured otherwise.)
  std::chrono::milliseconds default_timeout{30'000};
  std::chrono::milliseconds max_timeout{600'000};
  RetryOptions retry = {};

  // Pings that find a dead connection. A gateway closes the connection of a client that sends them more often than
  // every 10 s, which is the least here.
  std::chrono::milliseconds keepalive_time{30'000};
  std::chrono::milliseconds keepalive_timeout{10'000};
  // The largest response, and the largest request, in bytes of protobuf. (A gateway takes 8 MiB unless configured
  // otherwise; larger files travel as streams.)
  int max_message_bytes = 16 << 20;
};

enum class Priority {
  kInteractive,  // a person waits; what the gateway assumes
  kBulk,         // may wait behind interactive calls
};

struct CallOptions {
  // All attempts and pauses included; more than zero. Unset: ClientOptions::default_timeout.
  std::optional<std::chrono::milliseconds> timeout = {};
  // Names the logical call for the gateway: a message sent again under one key appears once, even if another process
  // sends it. 1 to 255 visible ASCII characters without spaces. Unset: a new random key, the same in all attempts.
  std::optional<std::string> idempotency_key = {};
  std::optional<Priority> priority = {};
  std::optional<RetryOptions> retry = {};  // unset: ClientOptions::retry
  // Ends the call as soon as a stop is requested: with CANCELLED, and the outcome that is known by then. What the
  // portal has begun by then is not undone.
  std::stop_token stop = {};
  // More metadata, such as {"traceparent", "00-..."}: keys of lower-case letters, digits, `-`, `_` and `.`, values of
  // visible ASCII and spaces. What the client sets itself is refused: `authorization`, `idempotency-key`,
  // `x-imbot-priority`, and names that begin with `grpc-` or end with `-bin`.
  std::vector<std::pair<std::string, std::string>> metadata = {};
};

}  // namespace imbot::client

#endif  // IMBOT_CLIENT_OPTIONS_H_
