// The seam between the rpc layer, which speaks gRPC, and what carries a call out.
//
// rpc/unary_call and its like parse, authenticate and time a call, and hand it to a CallHandler; the handler answers
// through Reply exactly once, from any thread.
#ifndef IMBOT_SERVICE_RPC_CALL_H_
#define IMBOT_SERVICE_RPC_CALL_H_

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "service/base/clock.h"
#include "service/base/error.h"
#include "service/rpc/file_pipe.h"
#include "service/translate/method_table.h"

namespace imbot::rpc {

enum class Priority { kInteractive, kBulk };

// Who calls, as proved by the bearer token; `anonymous` where the configuration names no callers.
struct Caller {
  std::string name = "anonymous";
  bool raw_allowed = false;
};

// Who is at the other end of the connection.
struct Peer {
  std::string address;      // `127.0.0.1:4711`
  std::string certificate;  // subject and alternative names of a client's certificate that was verified; else empty
};

// What is told in trailers and in the log line besides the status.
struct CallInfo {
  std::string rest_method;                               // of RawService, which has none of its own; else empty
  std::string portal;                                    // empty until it is known
  std::string bot;                                       // `portal/code`, empty if the method has none
  std::optional<std::chrono::microseconds> queued;       // time spent waiting for the portal
  std::optional<std::chrono::microseconds> portal_time;  // Bitrix24's own `time.duration`
  std::optional<double> operating;                       // seconds, of the portal's 10-minute budget
  std::optional<int64_t> operating_reset_at;             // Unix seconds
  std::optional<int> http_status;
  std::optional<int> batch_size;  // set if the call went in a batch
  bool superseded = false;        // never sent: a later call took its place
  int attempts = 0;
};

struct Call {
  const translate::MethodSpec* method = nullptr;
  std::unique_ptr<google::protobuf::Message> request;
  Caller caller;
  std::string request_id;
  std::string idempotency_key;  // empty if the caller sent none
  Priority priority = Priority::kInteractive;
  bool collapse = false;  // a later call may take its place while it waits
  base::MonoTime arrived_at;
  base::MonoTime deadline;  // the caller's, or the configured cap if that is earlier
  // Of a method that streams: what the caller sends (`request` is its first message, without the piece), or where what
  // it gets goes.
  std::shared_ptr<UploadPipe> upload;
  std::shared_ptr<DownloadPipe> download;
  Peer peer;  // on the operator's listener alone
};

// The answer a call is owed. Move-only; if it is dropped unanswered, the caller gets INTERNAL with an unknown outcome
// rather than silence.
class Reply {
 public:
  using Finish = absl::AnyInvocable<void(absl::Status, std::unique_ptr<google::protobuf::Message>, CallInfo)>;
  explicit Reply(Finish finish) : finish_(std::move(finish)) {}
  Reply(Reply&& other) noexcept : finish_(std::exchange(other.finish_, nullptr)) {}
  Reply& operator=(Reply&&) = delete;
  ~Reply() {
    if (finish_) {
      Answer(base::Error(absl::StatusCode::kInternal, "INTERNAL", "the call was dropped inside the gateway")
                 .SetOutcome(base::Outcome::kUnknown)
                 .Build(),
             nullptr, {});
    }
  }
  // `response` is set exactly when `status` is OK, but for a download, which has had its own. Once.
  void Answer(absl::Status status, std::unique_ptr<google::protobuf::Message> response, CallInfo info) {
    std::exchange(finish_, nullptr)(std::move(status), std::move(response), std::move(info));
  }

 private:
  Finish finish_;
};

// A call that is under way. Destroying it does not cancel.
class CallInProgress {
 public:
  virtual ~CallInProgress() = default;
  // The caller has gone or ran out of time: what is queued is dropped, what was sent is left to finish and its reply
  // discarded. Thread-safe; after the answer it does nothing.
  virtual void Cancel() = 0;
};

// Thread-safe. Never blocks.
class CallHandler {
 public:
  virtual ~CallHandler() = default;
  // May answer before it returns; then the result may be null.
  virtual std::shared_ptr<CallInProgress> Start(Call call, Reply reply) = 0;
};

}  // namespace imbot::rpc

#endif  // IMBOT_SERVICE_RPC_CALL_H_
