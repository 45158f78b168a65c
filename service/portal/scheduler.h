// Decides when a call goes out to one portal, and with which others.
//
// An idle portal gets a call at once, alone. Where its limit (a leaky bucket) or the window of requests in flight holds
// calls back, whatever waits by then leaves together as one batch, up to 50 commands, no more than fit into the
// portal's time and the callers' deadlines. Whose turn it is, and what order is kept, is call_queue.h's; what a batch
// holds, batch.h's. Every caller gets its own answer. A call that the portal refused for its limit goes back where it
// was, and its caller waits instead of failing. A call that could not be answered by its deadline is refused at once.
// The queue is bounded; who has most of it loses first. A call whose attempt failed is made again where that is
// harmless (retry_policy.h); one to a portal that refuses or answers nothing fails at once (quarantine.h), and so does
// one of a method that has had its time (operating_budget.h). Never encodes or decodes a method, and never knows who
// asked beyond a name.
#ifndef IMBOT_SERVICE_PORTAL_SCHEDULER_H_
#define IMBOT_SERVICE_PORTAL_SCHEDULER_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "service/base/clock.h"
#include "service/base/metrics.h"
#include "service/portal/call_queue.h"
#include "service/portal/credential_source.h"
#include "service/portal/departures.h"
#include "service/portal/leaky_bucket.h"
#include "service/portal/operating_budget.h"
#include "service/portal/outgoing.h"
#include "service/portal/pace.h"
#include "service/portal/portal_snapshot.h"
#include "service/portal/quarantine.h"
#include "service/portal/retry_policy.h"
#include "service/translate/reply.h"
#include "service/transport/transport.h"

namespace imbot::portal {

struct SchedulerOptions {
  size_t max_in_flight = 16;  // requests, streams aside
  size_t max_streams = 8;     // calls with a source, beside those
  size_t max_queued_calls = 10'000;
  size_t max_queued_bytes = size_t{64} << 20;
  bool batching = true;  // off: every call leaves alone
  // While requests are under way: how long after one has left the next waits for more calls, unless it is full.
  std::chrono::milliseconds batch_linger{0};
  int max_attempts = 1'000;                 // of one call
  int breaker_failures = kBreakerFailures;  // 0: the breaker never opens
  bool quarantine = true;                   // off: a portal is called whatever it answers
  // What a portal lets one method take in ten minutes; 0: it has no such limit.
  std::chrono::seconds operating_limit{0};
  // How long the portal may take for one request: its own limit is 60 s (documentation, limits.md), so that its answer,
  // even a late error, is worth waiting for. The connection of a call whose caller has gone is not torn down.
  std::chrono::milliseconds reply_timeout{65'000};
};

// Counters shared by all portals, so that their number does not grow with the number of portals.
struct SchedulerMetrics {
  base::Gauge queued_calls, queued_bytes, in_flight;
  base::Counter requests, failures;
  base::Counter limit_refusals;  // requests that a portal refused for its limit
  base::Counter superseded;      // calls that a later one replaced
  base::Counter repeats;         // attempts after the first
  base::Histogram queue_seconds, portal_seconds;
  base::Histogram batch_calls;  // calls in a request
};

// Loop thread only. Lives as long as its loop runs.
class Scheduler {
 public:
  // `bucket`: shared by the portals of one host and egress group, which live on one loop.
  Scheduler(std::string portal, transport::Loop& loop, const base::Clock& clock, CredentialSource& credentials,
            std::shared_ptr<LeakyBucket> bucket, SchedulerOptions options, SchedulerMetrics metrics);
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // Calls `done` exactly once, never before it returns.
  void Submit(CallId id, Outgoing call, Done done);
  // The same for a call of which only id, call and done are set.
  void Submit(std::shared_ptr<QueuedCall> call);
  // A call that is queued is dropped (CANCELLED, NOT_EXECUTED). One that was sent is answered at once (CANCELLED,
  // UNKNOWN) and left to finish; its reply goes to Outgoing::late, if anywhere. An id that is unknown or answered is
  // ignored.
  void Cancel(CallId id);
  // An operator's: whether new calls are taken, and whether what waits leaves.
  void SetIntake(Intake intake);
  // An operator's: answers everything that waits; how many calls those were.
  size_t Flush();
  // An operator's: ends a quarantine and what holds methods back; whether there was any of it.
  bool Release();
  // Answers everything that waits and everything in flight with UNAVAILABLE.
  void Stop();

  size_t queued() const { return queue_.calls(); }
  size_t in_flight() const { return in_flight_; }
  PortalSnapshot Snapshot() const;

 private:
  using Call = CallQueue::Call;
  struct Request;

  // The refusal, if there is no use or no room.
  absl::Status Admit(const QueuedCall& call);
  absl::Status CheckOpen(const QueuedCall& call);
  absl::Status Held(const QueuedCall& call, base::MonoTime until) const;
  absl::Status MakeRoom(const QueuedCall& call);
  base::Duration ExpectedTime(const QueuedCall& call) const;
  bool TakesPlaceOfAnother(const Call& call);

  void Pump(bool lingers = true);
  // After what has been posted to the loop by now: calls that came in meanwhile leave with those that wait.
  void PumpSoon();
  // Whether a pump that waits for nobody would let somebody leave.
  bool MayPump() const { return pump_posted_ || lingers_; }
  // Until when a request of that lane waits for more calls.
  base::MonoTime LingersUntil(Lane lane);
  void PumpAt(base::MonoTime when);
  bool HasRoom(Lane lane) const;
  // How much of the bucket is left for others by a lane.
  size_t Reserve(Lane lane) const;
  // When so many requests of a lane may have left, those ahead who share the bucket included.
  base::MonoTime NextAt(base::MonoTime now, size_t requests, Lane lane) const;
  void WaitForBucket(bool waits, bool bulk_waits);
  // Null: the deadlines of all who could have left have passed, or their methods' budgets let them wait.
  std::unique_ptr<Request> Compose(Lane lane);
  // The call that the queue named, whose method has no time left, waits aside for it, or is refused.
  void SetAside(const Call& call, base::MonoTime now);
  void Send(std::unique_ptr<Request> request);
  void OnResult(Request& request, transport::Result result);
  void OnFailure(Request& request, const transport::Failure& failure);
  void OnReply(Request& request, const transport::Reply& reply);
  void OnBatchReply(Request& request, const transport::Reply& reply);
  // Whether the call went back into the queue, instead of being answered with that.
  bool GoesBack(const Call& call, const translate::ParsedReply& reply, int http_status, const Request& request);
  // An attempt is over: the call is answered, or waits to be made again.
  void Conclude(const Call& call, const FailedAttempt& attempt, Answer answer);
  void LearnFrom(const Request& request, const translate::ParsedReply& whole, int http_status);
  // What the reply tells of the portal as a whole.
  void Hear(const Request& request, const translate::ParsedReply& whole, int http_status);
  void LearnCost(const QueuedCall& call, const translate::ParsedReply& reply, bool in_batch, bool billed_to_batch);
  void NoteError(const Request& request, const absl::Status& status, std::string_view message);
  void OnDeadline(CallId id);

  // Neither in the queue nor in flight; its order key is kept. Until a time, or until WakeParked().
  void Park(const Call& call, std::optional<base::MonoTime> until);
  bool Unpark(const QueuedCall& call);
  void Return(const Call& call);  // from there into the queue, where it was
  void WakeParked();
  std::vector<Call> Waiting() const;  // in the queue or parked

  // A portal that may not be worth calling.
  void PlanProbe();
  void Probe();
  void OnProbed(Request& request, transport::Result result);
  void AfterNews();                             // of the quarantine: who waits is told
  void TellWaiting(std::vector<Call> waiting);  // one after another: `telling_`
  void WatchForSilence(base::MonoTime now, size_t calls);
  void PlanSilence(base::MonoTime at);
  void CheckSilence();

  void CountQueued(const QueuedCall& call, int sign);
  // Takes it out of the queue or from where it waits aside, if it is there.
  void StopWaiting(const Call& call);
  // Ends a call, queued or sent, by the gateway's own word.
  void Settle(const Call& call, absl::Status status);
  void Finish(const Call& call, Answer answer);
  Answer NoReply(const QueuedCall& call, absl::Status status) const;
  // With the portal's name and the method's, which takes as long as the rest of an answer.
  absl::Status Named(const absl::Status& status, const std::string& method) const;
  Answer NoReplyNamed(const QueuedCall& call, absl::Status status) const;  // which has them

  const std::string portal_;
  transport::Loop& loop_;
  const base::Clock& clock_;
  CredentialSource& credentials_;
  const std::shared_ptr<LeakyBucket> bucket_;
  const SchedulerOptions options_;
  const SchedulerMetrics metrics_;

  translate::ReplyParser parser_;
  CallQueue queue_;
  struct Parked {
    Call call;
    base::TimerId timer = base::TimerId::kNone;
  };
  absl::flat_hash_map<CallId, Parked> parked_;
  std::vector<CallId> behind_budget_;  // of those, who wait for the next reply
  Pace pace_;
  Quarantine quarantine_;
  OperatingBudget budget_;
  std::array<Departures, kLanes> departures_;
  size_t most_batch_bytes_;
  Intake intake_ = Intake::kOpen;
  bool telling_ = false;  // not all who waited have been told that the portal is not worth calling
  size_t in_flight_ = 0;
  size_t bulk_in_flight_ = 0;
  size_t streams_in_flight_ = 0;
  Lane last_ = Lane::kStream;  // of the two that take turns, interactive and stream: which left last
  bool pump_posted_ = false;
  base::TimerId pump_timer_ = base::TimerId::kNone;  // for the bucket, or for more calls
  base::MonoTime pump_at_;                           // when it is due
  std::array<base::MonoTime, kLanes> left_at_{};     // when a request of that lane left last
  bool lingers_ = false;                             // the last pump left somebody waiting for more calls
  base::TimerId probe_timer_ = base::TimerId::kNone;
  base::TimerId hang_timer_ = base::TimerId::kNone;
  // The requests in flight, streams aside: when each left, with how many calls.
  std::multimap<base::MonoTime, size_t> outstanding_;
  base::MonoTime last_heard_;               // when the portal last answered
  absl::flat_hash_map<CallId, Call> open_;  // not answered yet
  std::optional<PortalSnapshot::LastError> last_error_;
  base::MonoTime last_error_at_;
  std::minstd_rand lot_;
  std::optional<base::WallTime> certificate_expires_at_;
  uint64_t requests_ = 0, calls_ = 0, batches_ = 0, limit_refusals_ = 0;
  // Late callbacks find out that the scheduler has gone.
  std::shared_ptr<Scheduler*> self_;
};

}  // namespace imbot::portal

#endif  // IMBOT_SERVICE_PORTAL_SCHEDULER_H_
