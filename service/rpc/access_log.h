// What is written down of every rpc: one log line, and the metrics imbot_rpc_total, imbot_rpc_seconds and
// imbot_rpc_in_flight.
//
// Holds ids, codes and times; never a token, an idempotency key, or anything of a request's or a response's content.
// Owned through shared_ptr by whoever reports to it; logger and metrics outlive it. Thread-safe.
#ifndef IMBOT_SERVICE_RPC_ACCESS_LOG_H_
#define IMBOT_SERVICE_RPC_ACCESS_LOG_H_

#include <map>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "service/base/clock.h"
#include "service/base/log.h"
#include "service/base/metrics.h"
#include "service/base/mutex.h"
#include "service/rpc/call.h"

namespace imbot::rpc {

// What there is to say of one rpc.
struct CallRecord {
  std::string request_id;
  // These two live longer than the record.
  std::string_view rpc;          // `/bitrix24.imbot.v2.MessageService/SendMessage`
  std::string_view rest_method;  // `imbot.v2.Chat.Message.send`; empty where there is none, or `info` names it
  std::string caller;            // empty if it was not let in
  Priority priority = Priority::kInteractive;
  std::string trace_id;  // of `traceparent`; empty if there was none
  absl::StatusCode code = absl::StatusCode::kOk;
  std::string reason;   // of the error; CANCELLED_BY_CALLER or DEADLINE_EXCEEDED if the caller has gone
  std::string outcome;  // of the error
  base::Duration total{0};
  CallInfo info;
};

// The name of a gRPC code as its documentation spells it: OK, INVALID_ARGUMENT.
std::string_view CodeName(absl::StatusCode code);

class AccessLog {
 public:
  AccessLog(base::Logger& logger, base::Metrics& metrics);

  // An rpc has come in.
  void Began();
  // It has ended for the caller: counted by rpc, code and reason. Once for each Began().
  void Ended(std::string_view rpc, absl::StatusCode code, const std::string& reason, base::Duration total)
      IMBOT_EXCLUDES(mutex_);
  // The line. Once for each rpc, at its end or, if its caller left early, when it is known what became of it.
  void Write(const CallRecord& record);

  // Reasons come from portals too, which may invent them: as many different ones become labels, all later ones are
  // counted as OTHER.
  static constexpr size_t kMaxReasons = 300;

 private:
  struct Series {
    base::Histogram seconds;
    base::Counter ok;
    std::map<std::pair<absl::StatusCode, std::string>, base::Counter> failures;
  };

  // By code and reason.
  base::Counter FailuresOf(const std::string& rpc, absl::StatusCode code, const std::string& reason, Series* series)
      IMBOT_REQUIRES(mutex_);
  base::Counter TotalOf(const std::string& rpc, absl::StatusCode code, const std::string& reason);

  base::Logger& logger_;
  base::Metrics& metrics_;
  const base::Gauge in_flight_;
  base::Mutex mutex_;
  absl::flat_hash_map<std::string, Series> series_ IMBOT_GUARDED_BY(mutex_);  // by rpc
  std::unordered_set<std::string> reasons_ IMBOT_GUARDED_BY(mutex_);
};

}  // namespace imbot::rpc

#endif  // IMBOT_SERVICE_RPC_ACCESS_LOG_H_
