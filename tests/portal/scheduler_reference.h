// What must hold of every call that a scheduler was given, written down as simply as it can be said: lists that are
// searched from end to end, and a bucket that is a number.
//
// It is told what happens to the scheduler and sees what the scheduler does: what leaves, with what, when, and who is
// answered how. It leaves to the scheduler what the scheduler may choose (which caller is first, how long a wait is
// expected to be) and notes the first difference from what it may not. What a batch may hold in how much time it asks
// Pace, which is arithmetic with tests of its own.
#ifndef IMBOT_TESTS_PORTAL_SCHEDULER_REFERENCE_H_
#define IMBOT_TESTS_PORTAL_SCHEDULER_REFERENCE_H_

#include <array>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "service/portal/outgoing.h"
#include "service/portal/pace.h"
#include "tests/portal/scheduler_schedule.h"

namespace imbot::portal {

// What can be got wrong on purpose, to see that a difference is noticed: each is a scheduler's mistake seen from the
// other side.
struct Rules {
  size_t most_commands = 50;
  double spare = 2;         // requests that a bucket keeps free
  double bulk_reserve = 4;  // and for others than bulk
  bool keys_share = true;   // calls of one key may leave together
  int overtakes = 1;        // calls of another caller between two of one that could leave
  bool limit_goes_back = true;
  bool cancel_in_flight_is_unknown = true;
  bool newest_loses = true;   // of those that wait where there is no room
  bool superset_only = true;  // collapse
  int linger = 1;             // how many times as long
};

class Reference {
 public:
  Reference(const Schedule& schedule, const Rules& rules);

  // --- What happens to the scheduler. Each is told before it happens; times never go back.
  int Submitting(const NewCall& call, base::MonoTime now);  // the call's number
  void Submitted();                                         // Submit has returned
  void Cancelling(int id);
  void Replying(size_t request, ReplyKind kind, uint32_t pick, base::MonoTime now);
  void Stopping();

  // --- What the scheduler does.
  void Sent(const std::vector<int>& ids, bool batch, base::MonoTime now);
  void Answered(int id, const Answer& answer, const std::string& result, base::MonoTime now);
  // Nothing more happens before time goes on.
  void Idle(size_t queued, size_t in_flight, base::MonoTime now);

  const std::string& difference() const { return difference_; }
  const std::vector<int>& members(size_t request) const { return requests_[request].ids; }
  bool Open(int id) const { return !calls_[static_cast<size_t>(id)].answered; }
  size_t calls() const { return calls_.size(); }
  size_t waiting() const;
  size_t waiting_bytes() const;

 private:
  // What rounding to nanoseconds may add up to, in requests' worth.
  static constexpr double kDoubt = 1e-6;

  enum class State { kWaiting, kInFlight, kOver };
  struct Call {
    int id = 0;
    NewCall what;
    base::MonoTime submitted, deadline, sent_at;
    State state = State::kWaiting;
    bool answered = false;
    bool alone = false;
    bool refused_in_batch = false;  // it alone, while others of the batch were executed
    uint64_t place = 0;
    int sends = 0;
    size_t request = 0;  // while it is in flight
  };
  struct Request {
    std::vector<int> ids;
    Lane lane = Lane::kInteractive;
    bool batch = false;
    bool open = true;
    base::MonoTime sent_at;
    size_t command_bytes = 0;
  };
  struct Expected {
    std::string reason;   // empty: OK
    std::string outcome;  // empty: any
    std::string result;
    base::MonoTime left;  // the queue
    std::optional<int> batch_size;
  };

  template <typename... Parts>
  void Differ(const Parts&... parts);
  Call& At(int id) { return calls_[static_cast<size_t>(id)]; }
  // Of that lane, or of every one; in the order of place.
  std::vector<const Call*> Waiting(std::optional<Lane> lane) const;
  size_t InFlight(std::optional<Lane> lane) const;
  // Whether a call may leave as far as order goes. `joining`: in that request.
  bool Ready(const Call& call, std::optional<size_t> joining = std::nullopt) const;
  bool AnyReady(Lane lane, std::optional<int> caller = std::nullopt) const;
  bool HasRoom(Lane lane) const;
  size_t Window(Lane lane) const;
  void Leak(base::MonoTime now);
  // `doubt` requests' worth to this or that side of what is exact.
  bool BucketLets(Lane lane, base::MonoTime now, double doubt);
  bool MayLeave(Lane lane, base::MonoTime now, double doubt);
  // Whether less than the linger has passed since a request of that lane left, and one with room waits for more calls.
  void Leaves(const std::vector<int>& ids, bool batch, base::MonoTime now);
  bool IsYoung(Lane lane, base::MonoTime now) const;
  bool MayLinger(Lane lane, base::MonoTime now) const;
  bool MustLinger(Lane lane, base::MonoTime now) const;
  bool IsCommand(const Call& call) const;
  // Whether a call would have fitted into a request that left as a batch, or could have become one.
  bool Joins(const Call& call, size_t request, base::Duration available, base::MonoTime now) const;
  const Call* Replaceable(const Call& by) const;
  // Whether `victim` may go where there is no room for `call`.
  bool IsSurplus(const Call& victim, const Call& call) const;
  bool FullInBytes(const Call& call) const;
  bool Full(const Call& call) const;
  void CheckAdmitted();
  void CheckPriority(Lane lane, base::MonoTime now);
  void Take(int id, size_t request, base::MonoTime now);
  void CheckWhole(size_t request, base::MonoTime now);
  void CheckTurns(size_t request, base::Duration available, base::MonoTime now);
  void ForgetTurns();
  void ForgetTurn(const Call& call);  // it left the queue on another way
  // Its answer; nothing more happens if it has one.
  void Expect(Call& call, std::string reason, std::string outcome, base::MonoTime left);
  void EndByReply(Call& call, std::string reason, std::string outcome);
  void EndByReply(Call& call) { EndByReply(call, "", ""); }
  // Whether the bucket may let somebody leave before `deadline`.
  bool BucketLetsBefore(base::MonoTime deadline, Lane lane, base::MonoTime now);
  void Refused(const Request& request, base::MonoTime now);
  void Executed(const Call& call);

  const Schedule* schedule_;
  Rules rules_;
  std::string difference_;
  base::MonoTime now_;
  std::vector<Call> calls_;
  std::vector<Request> requests_;
  std::map<int, Expected> expected_;
  std::optional<int> newcomer_;
  bool newcomer_may_leave_ = false;  // at once
  bool admitted_ = false;
  bool replaced_ = false;  // it took the place of another
  uint64_t last_place_ = 0;
  Pace pace_;
  size_t most_batch_bytes_ = 512 << 10;
  std::optional<Lane> last_of_two_;               // interactive or stream, whichever left last
  std::array<base::MonoTime, kLanes> left_at_{};  // when a request of that lane left last
  bool ignores_linger_ = false;

  // The bucket.
  double level_ = 0;
  base::MonoTime level_at_, not_before_, last_refusal_;
  int refusals_ = 0;

  // By lane, caller and caller: calls of the second since the first could have left. And requests.
  std::array<std::array<std::array<int, kCallers>, kCallers>, kLanes> overtaken_{};
  std::array<std::array<int, kCallers>, kLanes> requests_without_{};
  std::array<std::array<int, kCallers>, kLanes> turns_owed_{};  // at most
  // By key and lane: the place of the last call that the portal executed.
  std::map<std::pair<int, Lane>, uint64_t> executed_;
};

template <typename... Parts>
void Reference::Differ(const Parts&... parts) {
  if (!difference_.empty()) return;
  std::ostringstream out;
  (out << ... << parts);
  difference_ = out.str();
}

}  // namespace imbot::portal

#endif  // IMBOT_TESTS_PORTAL_SCHEDULER_REFERENCE_H_
