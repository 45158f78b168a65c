// Sends HTTP requests to portals. The rest of the gateway knows this interface, never the library behind it.
//
// An HTTP error status is a success of the transport: what a reply means is for translate/ to say. What the transport
// alone knows is whether the request can have left: `Failure::sent` decides whether a call that failed may be repeated.
#ifndef IMBOT_SERVICE_TRANSPORT_TRANSPORT_H_
#define IMBOT_SERVICE_TRANSPORT_TRANSPORT_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "service/base/clock.h"
#include "service/base/executor.h"
#include "service/base/secret.h"

namespace imbot::transport {

// One POST. Move-only, since it holds secrets.
struct Request {
  // Whole URL; a webhook's secret is part of its path.
  base::Secret url;
  std::string content_type = "application/json";
  // May hold a botToken or an access token: never logged.
  std::string body;
  // The transfer ends with Failure::kTimeout then. Not the caller's deadline: a transfer is never torn down because one
  // caller lost patience, since that costs a connection and leaves the outcome unknown.
  base::MonoTime give_up_at;
};

struct Reply {
  int http_status = 0;
  std::string content_type;
  std::string location;  // `Location` of a redirect, which is reported, not followed. May hold a secret.
  std::string body;
  std::chrono::microseconds elapsed{0};
  bool new_connection = false;
};

struct Failure {
  enum class Kind {
    kDns,            // the name could not be resolved in time, or at all
    kConnect,        // no connection
    kTls,            // the certificate was not accepted, or the handshake failed
    kBlocked,        // the address is not one the configuration lets the gateway talk to
    kTimeout,        // give_up_at passed
    kReset,          // the connection ended before a whole reply
    kReplyTooLarge,  // more than the configured cap
    kBadReply,       // not HTTP
    kStopped,        // the gateway is stopping
  };
  Kind kind = Kind::kReset;
  // False: proved that no byte of the request's body reached the portal's application.
  bool sent = true;
  // For people, without a secret: "connection refused".
  std::string message;
};
std::string_view FailureName(Failure::Kind kind);  // "DNS", "CONNECT", ...

struct Result {
  std::optional<Failure> failure;  // unset: `reply` is whole
  Reply reply;
};
using Callback = absl::AnyInvocable<void(Result)>;

// Belongs to one loop. Loop thread only.
class Transport {
 public:
  virtual ~Transport() = default;
  // Calls `done` exactly once, from the loop, never before Send has returned. With reuse of connections and TLS
  // sessions.
  virtual void Send(Request request, Callback done) = 0;
  // Transfers that have begun and not ended.
  virtual size_t in_flight() const = 0;
};

// One thread with its executor and its transport. A portal lives on one loop, so that what decides about it needs no
// lock.
class Loop : public base::Executor {
 public:
  virtual Transport& transport() = 0;
};

}  // namespace imbot::transport

#endif  // IMBOT_SERVICE_TRANSPORT_TRANSPORT_H_
