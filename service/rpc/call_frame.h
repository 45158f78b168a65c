// What every rpc begins and ends with, whatever lies between: request id, gate, caller, metadata and deadline at its
// start; trailers, the error as gRPC carries it, counters and the line of the access log at its end.
//
// Part of the reactor that serves the rpc, which orders its calls: Enter() first, then one of End() and Abandon(), the
// second followed by AnswerLate(), and Leave() last. The rpc is used up to End() or Abandon().
#ifndef IMBOT_SERVICE_RPC_CALL_FRAME_H_
#define IMBOT_SERVICE_RPC_CALL_FRAME_H_

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "service/base/clock.h"
#include "service/base/random.h"
#include "service/rpc/access_log.h"
#include "service/rpc/call.h"
#include "service/rpc/call_gate.h"
#include "service/rpc/caller_auth.h"
#include "service/rpc/rpc.h"

namespace imbot::rpc {

struct CallLimits {
  size_t max_request_bytes = size_t{8} << 20;              // of one message
  size_t max_response_bytes = 0;                           // 0: no limit of ours
  std::chrono::milliseconds default_deadline{30'000};      // for a caller that sets none
  std::chrono::milliseconds max_deadline{120'000};         // a longer one is cut to this
  std::chrono::milliseconds max_stream_deadline{600'000};  // of a stream, also for a caller that sets none
  std::chrono::milliseconds retry_after_shutdown{1'000};   // RetryInfo while the gateway is going down
};

// What every call needs. The references outlive the server that takes the calls; `log` alone is used after that, by
// answers that come when their callers have long gone.
struct CallEnvironment {
  CallHandler& handler;
  const CallerAuth& callers;
  CallGate& gate;
  std::shared_ptr<AccessLog> log;
  base::Random& random = base::Random::System();
  const base::Clock& clock = base::Clock::System();
  CallLimits limits;
  bool tells_peers = false;  // fills in Call::peer, which costs each call a few copies
};

class CallFrame {
 public:
  CallFrame(std::shared_ptr<const CallEnvironment> environment, const translate::MethodSpec& method, Rpc& rpc);

  const CallEnvironment& environment() const { return *environment_; }
  const translate::MethodSpec& method() const { return method_; }

  // Fills everything of `call` but the request. The error the caller gets otherwise.
  absl::Status Enter(Call* call);
  // One message of the request; MALFORMED_REQUEST or REQUEST_TOO_LARGE.
  absl::Status Parse(const grpc::ByteBuffer& bytes, google::protobuf::Message* message) const;
  // MALFORMED_REQUEST: the caller has sent everything, and no message was among it.
  absl::Status NoMessage() const;
  // RESPONSE_TOO_LARGE if it is more than the gateway sends.
  absl::Status Serialize(const google::protobuf::Message& message, grpc::ByteBuffer* bytes) const;

  // Finishes the rpc.
  void End(const absl::Status& status, CallInfo info);
  // The same, with the response that a method owes if `status` is OK.
  void EndWith(const google::protobuf::Message* response, absl::Status status, CallInfo info);
  // The caller has gone, or ran out of time.
  void Abandon();
  // What became of a call whose caller had gone: the line of the log, which waited for it.
  void AnswerLate(const absl::Status& status, CallInfo info);
  // gRPC has let go of the rpc.
  void Leave();

 private:
  base::MonoTime Deadline();
  // All of the end but finishing the rpc with it.
  grpc::Status Close(absl::Status status, CallInfo info);

  const std::shared_ptr<const CallEnvironment> environment_;
  const translate::MethodSpec& method_;
  Rpc& rpc_;  // not after the call has ended
  const base::MonoTime arrived_at_;
  std::optional<base::MonoTime> callers_deadline_;
  bool entered_ = false;  // counts in the gate
  CallRecord record_;
};

}  // namespace imbot::rpc

#endif  // IMBOT_SERVICE_RPC_CALL_FRAME_H_
