// Decides when a call goes out to one portal.
//
// Today: at once, within a window of calls in flight; what does not fit waits in the order in which it came, bounded in
// calls and bytes. Calls with one order key leave one after another. Everything that later decides about time (limits,
// batching, fairness, retries) goes in behind this interface: a call already says what those need. It never encodes or
// decodes a method, and never knows who asked beyond a name.
#ifndef IMBOT_SERVICE_PORTAL_SCHEDULER_H_
#define IMBOT_SERVICE_PORTAL_SCHEDULER_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "bitrix24/rest/options.pb.h"
#include "service/base/clock.h"
#include "service/base/metrics.h"
#include "service/base/secret.h"
#include "service/portal/credential_source.h"
#include "service/translate/reply.h"
#include "service/transport/transport.h"

namespace imbot::portal {

enum class Priority { kInteractive, kBulk };
enum class CallId : uint64_t {};

// A call that is ready to go. Move-only: the body holds the bot's secret.
struct Outgoing {
  std::string method;  // REST name
  std::string body;    // JSON
  // Instead of `body`, for a call whose body is a stream. Such calls have a window of their own, so that slow senders
  // hold up no other call.
  std::shared_ptr<transport::BodySource> source;
  // The bot's, which the body holds: never shown, whatever the portal's answer says. Null: there is none.
  std::shared_ptr<const base::Secret> secret;
  // The same as a command of a batch, made when it is wanted; nothing if the call must go alone.
  absl::AnyInvocable<std::optional<std::string>()> batch_command;
  bool alone = false;
  bool in_parts = false;  // the portal does it in parts: an error may come after some were done
  bitrix24::rest::Retry retry = bitrix24::rest::RETRY_NEVER;
  std::string caller;           // for fairness
  std::string order_key;        // empty: order does not matter
  std::string idempotency_key;  // empty: none
  Priority priority = Priority::kInteractive;
  base::MonoTime deadline;
  // A call that changes what the gateway itself knows (a registration): once sent, its reply is waited for even if the
  // caller has gone or its deadline has passed, for at most SchedulerOptions::reply_timeout.
  bool await_reply = false;
};

struct Answer {
  // OK: `reply.result` holds the answer. It lives until the callback returns, as `secrets` do.
  absl::Status status;
  translate::ParsedReply reply;
  // What the request held that must never be shown: the webhook's code, the bot's secret.
  std::vector<std::string_view> secrets;
  std::optional<int> http_status;
  std::chrono::microseconds queued{0};
  std::optional<int> batch_size;
  int attempts = 0;
};
using Done = absl::AnyInvocable<void(Answer)>;

struct SchedulerOptions {
  size_t max_in_flight = 16;
  size_t max_streams = 8;  // calls with a source, beside those
  size_t max_queued_calls = 10'000;
  size_t max_queued_bytes = size_t{64} << 20;
  // How long the portal may take for one request: its own limit is 60 s (documentation, limits.md), so that its answer,
  // even a late error, is worth waiting for. The connection of a call whose caller has gone is not torn down.
  std::chrono::milliseconds reply_timeout{65'000};
};

// Counters shared by all portals, so that their number does not grow with the number of portals.
struct SchedulerMetrics {
  base::Gauge queued_calls, queued_bytes, in_flight;
  base::Counter requests, failures;
  base::Histogram queue_seconds, portal_seconds;
};

// Loop thread only, but for NewId(). Lives as long as its loop runs.
class Scheduler {
 public:
  Scheduler(std::string portal, transport::Loop& loop, const base::Clock& clock, CredentialSource& credentials,
            SchedulerOptions options, SchedulerMetrics metrics);
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // Calls `done` exactly once, never before it returns.
  void Submit(CallId id, Outgoing call, Done done);
  // A call that is queued is dropped (CANCELLED, NOT_EXECUTED). One that was sent is answered at once (CANCELLED,
  // UNKNOWN), left to finish, and its reply discarded. An id that is unknown or answered is ignored.
  void Cancel(CallId id);
  // Answers everything that waits and everything in flight with UNAVAILABLE.
  void Stop();

  size_t queued() const { return queue_.size(); }
  size_t queued_bytes() const { return queued_bytes_; }
  size_t in_flight() const { return in_flight_; }
  size_t streams_in_flight() const { return streams_in_flight_; }

 private:
  struct Entry;
  using Queue = std::list<std::shared_ptr<Entry>>;

  void Pump();
  void Send(const std::shared_ptr<Entry>& entry);
  void OnResult(const std::shared_ptr<Entry>& entry, transport::Result result);
  void OnDeadline(CallId id);
  // Takes the entry out of the queue, if it is there.
  void Unqueue(const std::shared_ptr<Entry>& entry);
  void Finish(const std::shared_ptr<Entry>& entry, Answer answer);
  Answer NoReply(const Entry& entry, absl::Status status) const;

  const std::string portal_;
  transport::Loop& loop_;
  const base::Clock& clock_;
  CredentialSource& credentials_;
  const SchedulerOptions options_;
  const SchedulerMetrics metrics_;

  translate::ReplyParser parser_;
  Queue queue_;
  size_t queued_bytes_ = 0;
  size_t in_flight_ = 0;
  size_t streams_in_flight_ = 0;
  std::unordered_set<std::string> busy_keys_;
  std::unordered_map<CallId, std::shared_ptr<Entry>> open_;  // not answered yet
  // Late callbacks find out that the scheduler has gone.
  std::shared_ptr<Scheduler*> self_;
};

// What a transfer may have done to the portal.
enum class Effect {
  kMayChange,
  kReadsOnly,  // whatever was sent, nothing was done that a repeat would do twice
};
// The error for a transfer that brought no reply.
absl::Status FailureStatus(const transport::Failure& failure, std::string_view method, std::string_view portal,
                           Effect effect = Effect::kMayChange);

}  // namespace imbot::portal

#endif  // IMBOT_SERVICE_PORTAL_SCHEDULER_H_
