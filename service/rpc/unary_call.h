// One unary call from its first byte to its last: parse, authenticate, hand to the CallHandler, answer.
//
// It owns itself: gRPC holds it until OnDone, the handler until it has answered; whichever is later frees it. gRPC's
// side ends exactly once, by the answer or by the caller's going away, whichever comes first. A caller that goes away
// is let go at once; the line in the access log waits for the handler's answer, so that it can say what became of the
// call. Runs on gRPC's callback threads and on whatever thread the handler answers from. Never blocks.
#ifndef IMBOT_SERVICE_RPC_UNARY_CALL_H_
#define IMBOT_SERVICE_RPC_UNARY_CALL_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "service/base/clock.h"
#include "service/base/mutex.h"
#include "service/base/random.h"
#include "service/rpc/access_log.h"
#include "service/rpc/call.h"
#include "service/rpc/call_gate.h"
#include "service/rpc/caller_auth.h"

namespace imbot::rpc {

struct CallLimits {
  size_t max_request_bytes = size_t{8} << 20;
  size_t max_response_bytes = 0;                          // 0: no limit of ours
  std::chrono::milliseconds default_deadline{30'000};     // for a caller that sets none
  std::chrono::milliseconds max_deadline{120'000};        // a longer one is cut to this
  std::chrono::milliseconds retry_after_shutdown{1'000};  // RetryInfo while the gateway is going down
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
};

class UnaryCall final : public grpc::ServerUnaryReactor, public std::enable_shared_from_this<UnaryCall> {
 public:
  // For gRPC's method handler. `context`, `request` and `response` are gRPC's, alive until OnDone.
  static grpc::ServerUnaryReactor* Start(std::shared_ptr<const CallEnvironment> environment,
                                         const translate::MethodSpec& method, grpc::CallbackServerContext* context,
                                         const grpc::ByteBuffer& request, grpc::ByteBuffer* response) noexcept;

  void OnCancel() noexcept override IMBOT_EXCLUDES(mutex_);
  void OnDone() noexcept override IMBOT_EXCLUDES(mutex_);

 private:
  UnaryCall(std::shared_ptr<const CallEnvironment> environment, const translate::MethodSpec& method,
            grpc::CallbackServerContext* context, grpc::ByteBuffer* response);

  void Run(const grpc::ByteBuffer& request);
  // Fills `call` from the metadata and the bytes; the error the caller gets otherwise.
  absl::Status Prepare(const grpc::ByteBuffer& request, bool entered, Call* call);
  absl::Status Parse(const grpc::ByteBuffer& bytes, google::protobuf::Message* message) const;
  base::MonoTime Deadline();
  // Any thread; what the handler, or the pipeline before it, has to say. The first one to end the call is heard.
  void Answer(absl::Status status, std::unique_ptr<google::protobuf::Message> response, CallInfo info)
      IMBOT_EXCLUDES(mutex_);
  absl::Status Serialize(const google::protobuf::Message& message);

  // Constant after construction.
  const std::shared_ptr<const CallEnvironment> environment_;
  const translate::MethodSpec& method_;
  grpc::CallbackServerContext* const context_;  // not after the call has ended
  grpc::ByteBuffer* const response_;            // not after the call has ended
  const base::MonoTime arrived_at_;

  // Set by the method handler, before anybody else knows the call.
  std::optional<base::MonoTime> callers_deadline_;
  std::shared_ptr<UnaryCall> self_;  // gRPC's hold; dropped in OnDone

  base::Mutex mutex_;
  bool entered_ IMBOT_GUARDED_BY(mutex_) = false;  // counts in the gate
  bool ended_ IMBOT_GUARDED_BY(mutex_) = false;
  std::shared_ptr<CallInProgress> in_progress_ IMBOT_GUARDED_BY(mutex_);
  // Belongs to the method handler, then to whoever ended the call; after a cancellation, what it did not fill belongs
  // to the answer that comes late.
  CallRecord record_;
};

}  // namespace imbot::rpc

#endif  // IMBOT_SERVICE_RPC_UNARY_CALL_H_
