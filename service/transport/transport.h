// Sends HTTP requests to portals. The rest of the gateway knows this interface, never the library behind it.
//
// An HTTP error status is a success of the transport: what a reply means is for translate/ to say. What the transport
// alone knows is whether the request can have left: `Failure::sent` decides whether a call that failed may be repeated.
#ifndef IMBOT_SERVICE_TRANSPORT_TRANSPORT_H_
#define IMBOT_SERVICE_TRANSPORT_TRANSPORT_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "service/base/clock.h"
#include "service/base/executor.h"
#include "service/base/secret.h"

namespace imbot::transport {

// A body that is made while it is sent. Loop thread only, but for what an implementation adds. It is let go of, unread,
// if the transfer ends before its turn.
class BodySource {
 public:
  enum class State {
    kData,   // `size` bytes were written
    kEnd,    // that was all
    kWait,   // nothing yet: asked again after resume
    kAbort,  // there won't be a whole body: the request is broken off before its end, so that it can't be executed
  };
  struct Piece {
    State state = State::kEnd;
    size_t size = 0;
  };

  virtual ~BodySource() = default;
  // Once, before the first Read. `resume` makes a transfer that waits ask again; from any thread, also after its end,
  // but not from inside Read.
  virtual void Begin(std::function<void()> resume) = 0;
  // REQUIRES: buffer is not empty.
  virtual Piece Read(std::span<char> buffer) = 0;
};

// A reply's body, taken while it arrives: that of status 200 only. Loop thread only, but for what an implementation
// adds.
class BodySink {
 public:
  enum class Taken {
    kAll,
    kWait,   // nothing: the same bytes are offered again after resume, and the portal has to wait
    kAbort,  // the transfer is broken off
  };

  virtual ~BodySink() = default;
  // Once, before the first Write, when the headers are there. `resume` as for a source. `length` is what the headers
  // announced.
  virtual void Begin(std::function<void()> resume, std::string_view content_type, std::optional<uint64_t> length) = 0;
  virtual Taken Write(std::string_view part) = 0;
};

// One POST, or one GET. Move-only, since it holds secrets.
struct Request {
  // Whole URL; a webhook's secret is part of its path.
  base::Secret url;
  bool get = false;  // a GET has no body
  std::string content_type = "application/json";
  // May hold a botToken or an access token: never logged.
  std::string body;
  // Instead of `body`. Sent on a connection of its own making, since it can't be begun again.
  std::shared_ptr<BodySource> source;
  // Where the body of a reply with status 200 goes, instead of into Reply::body, whatever its size. Null: nowhere else.
  std::shared_ptr<BodySink> sink;
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
  // When the certificate ends that the portal showed; told by the first request of a connection with a whole TLS
  // handshake, also if the request failed after that.
  std::optional<base::WallTime> certificate_expires_at;
};

struct Failure {
  enum class Kind {
    kDns,            // the name could not be resolved in time, or at all
    kConnect,        // no connection
    kTls,            // the certificate was not accepted, or the handshake failed
    kBlocked,        // the address is not one the configuration lets the gateway talk to
    kTimeout,        // give_up_at passed
    kReset,          // the connection ended before a whole reply
    kAborted,        // the source or the sink broke it off
    kReplyTooLarge,  // more than the configured cap
    kBadReply,       // not HTTP
    kStopped,        // the gateway is stopping
  };
  Kind kind = Kind::kReset;
  // False: proved that no byte of the request's body reached the portal's application; of a source's body, that its end
  // did not.
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
