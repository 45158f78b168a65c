#include "service/rpc/submission.h"

#include <utility>

#include "service/base/error.h"

namespace imbot::rpc {

bool Submission::Submit(portal::Port& port, portal::Outgoing outgoing, portal::Done done) {
  // The lock holds Cancel() back until the id is known; Port::Submit only posts.
  base::MutexLock lock(mutex_);
  if (cancelled_) return false;
  id_ = port.Submit(std::move(outgoing), std::move(done));
  port_ = &port;
  return true;
}

void Submission::Cancel() {
  portal::Port* port = nullptr;
  portal::CallId id{};
  {
    base::MutexLock lock(mutex_);
    cancelled_ = true;
    port = port_;
    id = id_;
  }
  if (port != nullptr) port->Cancel(id);
}

absl::Status CancelledBeforeSent() {
  return base::Error(absl::StatusCode::kCancelled, "CANCELLED_BY_CALLER", "the caller has gone; nothing was sent")
      .Build();
}

void DescribeAnswer(const portal::Answer& answer, CallInfo* info) {
  info->queued = answer.queued;
  info->attempts = answer.attempts;
  info->http_status = answer.http_status;
  info->batch_size = answer.batch_size;
  info->superseded = answer.superseded;
  info->portal_time = answer.reply.time.duration;
  info->operating = answer.reply.time.operating;
  info->operating_reset_at = answer.reply.time.operating_reset_at;
}

void LogAnswer(base::Logger* logger, const Call& call, std::string_view rest_method, std::string_view portal,
               const portal::Answer& answer) {
  if (logger == nullptr || !logger->Enabled(base::Level::kDebug)) return;
  logger->Log(base::Level::kDebug, "portal_answered",
              {{"request_id", call.request_id},
               {"method", rest_method},
               {"portal", portal},
               {"http_status", answer.http_status.value_or(0)},
               {"reason", base::ReasonOf(answer.status)},
               {"attempts", answer.attempts},
               {"queued_us", answer.queued.count()}});
}

}  // namespace imbot::rpc
