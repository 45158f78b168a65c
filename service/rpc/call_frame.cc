#include "service/rpc/call_frame.h"

#include <grpc/support/time.h>

#include <algorithm>
#include <utility>

#include "service/base/error.h"
#include "service/base/strings.h"
#include "service/rpc/byte_buffer.h"
#include "service/rpc/call_metadata.h"
#include "service/rpc/peer.h"
#include "service/rpc/status_trailers.h"

namespace imbot::rpc {
namespace {

// Time left until `deadline`; unset if it is never.
std::optional<std::chrono::microseconds> TimeLeft(gpr_timespec deadline) {
  if (gpr_time_cmp(deadline, gpr_inf_future(deadline.clock_type)) == 0) return std::nullopt;
  const gpr_timespec left = gpr_time_sub(deadline, gpr_now(deadline.clock_type));
  return std::chrono::seconds(left.tv_sec) +
         std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::nanoseconds(left.tv_nsec));
}

}  // namespace

CallFrame::CallFrame(std::shared_ptr<const CallEnvironment> environment, const translate::MethodSpec& method, Rpc& rpc)
    : environment_(std::move(environment)), method_(method), rpc_(rpc), arrived_at_(environment_->clock.Now()) {
  record_.request_id = base::RequestId(environment_->random);
  record_.rpc = method_.rpc_path;
  record_.rest_method = method_.name();
}

absl::Status CallFrame::Enter(Call* call) {
  environment_->log->Began();
  const auto& metadata = rpc_.context().client_metadata();
  record_.trace_id = TraceIdOf(metadata);
  entered_ = environment_->gate.Enter();
  // First of all, so that a gateway that is going down spends nothing on a call it won't take.
  if (!entered_) {
    return base::Error(absl::StatusCode::kUnavailable, "SHUTTING_DOWN",
                       "this gateway is shutting down: repeat the call, on another replica if there is one")
        .RetryAfter(environment_->limits.retry_after_shutdown)
        .Build();
  }
  auto caller = environment_->callers.Authenticate(MetadataValues(metadata, "authorization"));
  if (!caller.ok()) return caller.status();
  record_.caller = caller->name;
  auto given = ReadCallMetadata(metadata);
  if (!given.ok()) return given.status();
  record_.priority = given->priority;

  call->method = &method_;
  call->caller = *std::move(caller);
  call->request_id = record_.request_id;
  call->idempotency_key = std::move(given->idempotency_key);
  call->priority = given->priority;
  call->collapse = given->collapse;
  call->arrived_at = arrived_at_;
  call->deadline = Deadline();
  if (environment_->tells_peers) call->peer = PeerOf(rpc_.context());
  return absl::OkStatus();
}

absl::Status CallFrame::Parse(const grpc::ByteBuffer& bytes, google::protobuf::Message* message) const {
  const size_t limit = environment_->limits.max_request_bytes;
  if (bytes.Length() > limit) {
    return base::Error(absl::StatusCode::kResourceExhausted, "REQUEST_TOO_LARGE",
                       base::StrCat("the request has ", bytes.Length(), " bytes, the gateway takes ", limit))
        .Build();
  }
  if (!FromBytes(bytes, message)) {
    return base::Error(
               absl::StatusCode::kInvalidArgument, "MALFORMED_REQUEST",
               base::StrCat("the request is not a serialized ", message->GetTypeName(), " (texts must be UTF-8)"))
        .Build();
  }
  return absl::OkStatus();
}

absl::Status CallFrame::NoMessage() const {
  return base::Error(absl::StatusCode::kInvalidArgument, "MALFORMED_REQUEST",
                     base::StrCat(method_.rpc_path, ": the call ended without a request"))
      .Build();
}

absl::Status CallFrame::Serialize(const google::protobuf::Message& message, grpc::ByteBuffer* bytes) const {
  const size_t size = message.ByteSizeLong();
  const size_t limit = environment_->limits.max_response_bytes;
  if (limit > 0 && size > limit) {
    return base::Error(absl::StatusCode::kResourceExhausted, "RESPONSE_TOO_LARGE",
                       base::StrCat("the call was executed, but its response of ", size, " bytes is more than the ",
                                    limit, " the gateway sends: ask for less at a time"))
        .SetOutcome(base::Outcome::kExecuted)
        .Build();
  }
  *bytes = ToBytesWithCachedSize(message);
  return absl::OkStatus();
}

base::MonoTime CallFrame::Deadline() {
  const CallLimits& limits = environment_->limits;
  const bool streaming = method_.streaming();
  const std::chrono::milliseconds longest = streaming ? limits.max_stream_deadline : limits.max_deadline;
  const auto left = TimeLeft(rpc_.context().raw_deadline());
  if (!left.has_value()) return arrived_at_ + (streaming ? longest : std::min(limits.default_deadline, longest));
  callers_deadline_ = environment_->clock.Now() + *left;
  return std::min(*callers_deadline_, arrived_at_ + longest);
}

void CallFrame::End(const absl::Status& status, CallInfo info) {
  rpc_.Finish(Close(status, std::move(info)));
}

void CallFrame::EndWith(const google::protobuf::Message* response, absl::Status status, CallInfo info) {
  grpc::ByteBuffer bytes;
  if (status.ok()) status = response == nullptr ? absl::InternalError("no response") : Serialize(*response, &bytes);
  const grpc::Status closed = Close(std::move(status), std::move(info));
  if (closed.ok()) {
    rpc_.Finish(bytes);
  } else {
    rpc_.Finish(closed);
  }
}

grpc::Status CallFrame::Close(absl::Status status, CallInfo info) {
  if (!status.ok()) {
    const std::string_view method = info.rest_method.empty() ? record_.rest_method : info.rest_method;
    status = base::WithMetadata(status, "request_id", record_.request_id);
    if (!method.empty()) status = base::WithMetadata(status, "method", method);
    if (!info.portal.empty()) status = base::WithMetadata(status, "portal", info.portal);
  }
  const Trailers trailers = InfoTrailers(record_.request_id, info);
  for (const auto& [name, value] : trailers) rpc_.context().AddTrailingMetadata(*name, value);
  record_.code = status.code();
  record_.reason = base::ReasonOf(status);
  record_.outcome = base::OutcomeOf(status);
  record_.total = environment_->clock.Now() - arrived_at_;
  record_.info = std::move(info);
  environment_->log->Ended(record_.rpc, record_.code, record_.reason, record_.total);
  environment_->log->Write(record_);
  return ToGrpcStatus(status, trailers);
}

void CallFrame::Abandon() {
  const base::MonoTime now = environment_->clock.Now();
  // The caller's timeout travels rounded up, by 1 in 100 at most (gRPC C++), and arrives a little later than it was
  // set: its own clock ends the call first.
  const bool in_time =
      !callers_deadline_.has_value() ||
      now + std::chrono::milliseconds(20) + (*callers_deadline_ - arrived_at_) / 100 < *callers_deadline_;
  record_.code = in_time ? absl::StatusCode::kCancelled : absl::StatusCode::kDeadlineExceeded;
  record_.reason = in_time ? "CANCELLED_BY_CALLER" : "DEADLINE_EXCEEDED";
  record_.total = now - arrived_at_;
  environment_->log->Ended(record_.rpc, record_.code, record_.reason, record_.total);
}

void CallFrame::AnswerLate(const absl::Status& status, CallInfo info) {
  record_.outcome = base::OutcomeOf(status);
  record_.info = std::move(info);
  environment_->log->Write(record_);
}

void CallFrame::Leave() {
  if (entered_) environment_->gate.Leave();
}

}  // namespace imbot::rpc
