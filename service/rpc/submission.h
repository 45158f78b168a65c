// A call that is handed to a portal's scheduler, and its cancellation, which may come before, meanwhile or after.
//
// Held by the operation it is part of, which lives until the scheduler has answered. Thread-safe.
#ifndef IMBOT_SERVICE_RPC_SUBMISSION_H_
#define IMBOT_SERVICE_RPC_SUBMISSION_H_

#include "service/base/log.h"
#include "service/base/mutex.h"
#include "service/portal/registry.h"
#include "service/rpc/call.h"

namespace imbot::rpc {

class Submission {
 public:
  // Once. False if the call was cancelled before: then nothing is submitted, and `done` is destroyed without a call.
  [[nodiscard]] bool Submit(portal::Port& port, portal::Outgoing outgoing, portal::Done done) IMBOT_EXCLUDES(mutex_);
  void Cancel() IMBOT_EXCLUDES(mutex_);

 private:
  base::Mutex mutex_;
  bool cancelled_ IMBOT_GUARDED_BY(mutex_) = false;
  portal::Port* port_ IMBOT_GUARDED_BY(mutex_) = nullptr;  // set once it is submitted
  portal::CallId id_ IMBOT_GUARDED_BY(mutex_){};
};

// The status of a call that was cancelled before it was submitted.
absl::Status CancelledBeforeSent();

// What the answer says of the call's way, besides the status.
void DescribeAnswer(const portal::Answer& answer, CallInfo* info);

// What the access log's line does not say, at level debug: what the portal itself answered. Never its text, which may
// repeat what it was sent.
void LogAnswer(base::Logger* logger, const Call& call, std::string_view rest_method, std::string_view portal,
               const portal::Answer& answer);

}  // namespace imbot::rpc

#endif  // IMBOT_SERVICE_RPC_SUBMISSION_H_
