// The calls that wait for one portal, and whose turn it is.
//
// Three lanes, each with its own turns: interactive, streams, bulk. In a lane every caller has a line of its own, and
// callers take turns, so that who has many waits longer and nobody else does. Calls with one order key leave in the
// order in which they came, whoever sent them: the first may leave; the next ones may join the same request, unless one
// in it may have been executed before; later ones are not ready until all that left have been answered. A turn is
// therefore a call and some of those of its caller that follow it under its key; turns that were had ahead of time are
// left out later. Call by call, half of a hundred dialogs would be in every batch with one call each, and what follows
// would wait for their answers while the next batches leave empty. Between lanes, order is kept only against what has
// left already: an interactive call passes bulk ones of its own dialog that still wait.
//
// A request is put together between Begin() and End(): Next() names a call, Take() takes it. Decides nothing about
// time. Loop thread only; owned by a scheduler.
#ifndef IMBOT_SERVICE_PORTAL_CALL_QUEUE_H_
#define IMBOT_SERVICE_PORTAL_CALL_QUEUE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "service/base/clock.h"
#include "service/base/executor.h"
#include "service/portal/outgoing.h"

namespace imbot::portal {

enum class Lane : uint8_t { kInteractive, kStream, kBulk };
inline constexpr size_t kLanes = 3;
inline constexpr std::array<Lane, kLanes> kAllLanes{Lane::kInteractive, Lane::kStream, Lane::kBulk};

class CallQueue;

// A call from its submission to its answer. Shared by the scheduler and the request that it left in.
struct QueuedCall {
  CallId id{};
  Outgoing call;
  Done done;  // empty once answered
  base::MonoTime submitted_at;
  base::MonoTime sent_at;
  base::TimerId deadline_timer = base::TimerId::kNone;
  bool sent = false;  // handed to the transport, and not back in the queue
  int attempts = 0;
  bool maybe_executed = false;  // by an attempt before the one that is under way or to come
  base::MonoTime repeat_until;  // from the first attempt on

  bool streams() const { return call.source != nullptr; }
  Lane lane() const {
    if (streams()) return Lane::kStream;
    return call.priority == Priority::kBulk ? Lane::kBulk : Lane::kInteractive;
  }

 private:
  friend class CallQueue;
  struct Key;
  struct Line;

  bool queued = false;
  uint64_t place = 0;  // in the order of coming
  Key* key = nullptr;  // from Add() to Done(); null: order does not matter
};

class CallQueue {
 public:
  using Call = std::shared_ptr<QueuedCall>;

  CallQueue();
  ~CallQueue();
  CallQueue(const CallQueue&) = delete;
  CallQueue& operator=(const CallQueue&) = delete;

  // At the end of its caller's line.
  void Add(Call call);
  // Takes a call out that still waits; false, and nothing happens, if it does not. Also while a request is put
  // together.
  bool Remove(QueuedCall& call);
  // A call that was taken has been answered: those behind it become ready.
  void Done(QueuedCall& call);
  // A call that was taken did not get through: it waits again, where it was.
  void Return(const Call& call);

  // The call that `call` may replace: the last one of its order key, if it waits, is of the same caller and lane, and
  // sets nothing that `call` does not set. Null: none.
  Call ReplacedBy(const QueuedCall& call) const;
  // `next`, not yet added, takes the place of `previous`, which leaves the queue.
  void Replace(QueuedCall& previous, Call next);
  // Who should go where there is no room for `call`: the newest call of whoever has most of the least important lane,
  // if that lane is less important than the newcomer's, or its caller has more than the newcomer's would have. Null:
  // the newcomer.
  Call Surplus(const QueuedCall& call, bool by_bytes) const;

  // --- A request. Of one lane.
  void Begin(Lane lane);
  // Whose turn it is; null if nobody is ready whom PassOver has not put aside. The same until Take or PassOver.
  Call Next() const;
  // The call Next() named leaves.
  void Take();
  // The call Next() named is taken, but waits elsewhere: those behind it under its key don't leave with this request.
  void Defer();
  // The caller of the call that Next() named sits this request out, and has the first turn in the next one unless this
  // call would have followed another of its key.
  void PassOver();
  // Those who sit it out take part after all.
  void Recall();
  void End();

  // Whether somebody could leave. Not between Begin() and End().
  bool Ready(Lane lane) const { return !turns_[Index(lane)].empty(); }
  // Who would be the first; null if nobody could. The same.
  Call First(Lane lane) const;
  size_t calls() const { return calls_; }
  size_t calls(Lane lane) const { return lane_calls_[Index(lane)]; }
  size_t bytes() const { return bytes_; }
  // How many calls may leave before one that `caller` adds now, while everybody goes on as before: rather too many than
  // too few.
  size_t Ahead(Lane lane, const std::string& caller) const;
  // Whether a call of that key has left and is not answered.
  bool Busy(const std::string& order_key) const;
  // When the call that waits longest came; nothing if none waits.
  std::optional<base::MonoTime> OldestSince() const;
  // Each call that waits, in the order of coming, callers after one another.
  std::vector<Call> All() const;

 private:
  using Key = QueuedCall::Key;
  using Line = QueuedCall::Line;
  static constexpr size_t Index(Lane lane) { return static_cast<size_t>(lane); }

  Line& LineOf(Lane lane, const std::string& caller);
  void Insert(const Call& call);
  Call Extract(QueuedCall& call);  // out of line, lane and key's waiting list
  void Refresh(Key& key);
  void SetReady(QueuedCall& call, bool ready);
  void PassDebtors();      // those in front who have had this turn already
  void Release(Key* key);  // forgets it if nobody needs it

  std::array<std::unordered_map<std::string, std::unique_ptr<Line>>, kLanes> lines_;
  std::array<std::list<Line*>, kLanes> turns_;                        // callers with a call that is ready
  absl::flat_hash_map<std::string_view, std::unique_ptr<Key>> keys_;  // by the name that the key holds
  uint64_t last_place_ = 0;
  size_t calls_ = 0;
  size_t bytes_ = 0;
  std::array<size_t, kLanes> lane_calls_{};

  // Between Begin() and End().
  bool open_ = false;
  Lane lane_ = Lane::kInteractive;
  std::vector<Key*> opened_;
  QueuedCall* follows_ = nullptr;  // what the turn goes on with
  size_t turn_calls_ = 0;          // taken in this turn
  std::list<Line*> passed_over_;
};

}  // namespace imbot::portal

#endif  // IMBOT_SERVICE_PORTAL_CALL_QUEUE_H_
