// The limit that a portal counts requests with, as the gateway sees it from its side.
//
// A portal counts every HTTP request from one source address into a bucket that leaks at a constant rate, and refuses
// (503, QUERY_LIMIT_EXCEEDED) what would make it overflow; a batch is one request (WIRE_FACTS 3; documentation,
// limits.md). This is the same arithmetic with a little room to spare, since requests don't take equally long to get
// there. Whoever else shares the address is learnt of when the portal refuses all the same. It is asked and told, and
// never waits by itself.
//
// Pure arithmetic on the times it is given. Thread-compatible: those who share one live on one loop.
#ifndef IMBOT_SERVICE_PORTAL_LEAKY_BUCKET_H_
#define IMBOT_SERVICE_PORTAL_LEAKY_BUCKET_H_

#include <cstddef>
#include <utility>
#include <vector>

#include "service/base/clock.h"

namespace imbot::portal {

// What a portal allows one source address.
struct RatePlan {
  double burst = 0;       // requests at once; 0: no limit
  double per_second = 0;  // requests a second after that

  bool limited() const { return burst > 0; }
};
// The plans that the documentation knows (limits.md).
inline constexpr RatePlan kStandardPlan{50, 2};
inline constexpr RatePlan kEnterprisePlan{250, 5};
inline constexpr RatePlan kUnlimitedPlan{0, 0};

class LeakyBucket {
 public:
  // REQUIRES: of a limited plan, burst >= 1 and per_second > 0.
  explicit LeakyBucket(RatePlan plan);

  const RatePlan& plan() const { return plan_; }
  // When `requests` requests may have left, one after another, the last of them included; `now` if at once. What is
  // asked for with a `reserve` leaves room for so many others.
  base::MonoTime NextAt(base::MonoTime now, size_t requests = 1, size_t reserve = 0) const;
  // A request leaves.
  void Add(base::MonoTime now);

  // Several who share it get its room in turn: who waits for it, with some reserve, says so, and asks for as many
  // requests more as others are ahead. Who waits with a larger reserve is ahead of nobody with a smaller one.
  using Sharer = const void*;
  void Wait(Sharer who, size_t reserve);  // behind all who wait already; nothing new if it is one of them
  void StopWaiting(Sharer who, size_t reserve);
  size_t Ahead(Sharer who, size_t reserve) const;

  // The portal refused a request, which had left at `sent_at`: somebody else uses the same bucket, or it is smaller
  // than the plan says. It counts as full now; refusals one after another make the waiting longer, up to kLongestWait.
  // Without a limit that waiting is all there is.
  void OnRefused(base::MonoTime now, base::MonoTime sent_at);
  // The portal took a request: what refusals have added to the waiting is over.
  void OnTaken() { refusals_in_a_row_ = 0; }

  // Requests' worth that is in it, from 0 to the plan's burst. 0 without a limit.
  double Level(base::MonoTime now) const;

  static constexpr base::Duration kLongestWait = std::chrono::seconds(15);

 private:
  base::Duration Interval() const;  // in which one request leaks away; without a limit, what a refusal costs
  double Room() const;              // what may be in it, the room to spare left out

  const RatePlan plan_;
  // What is in it is the time until it is empty, times the rate.
  base::MonoTime empty_at_;
  base::MonoTime not_before_;  // after refusals
  base::MonoTime last_refusal_;
  int refusals_in_a_row_ = 0;
  std::vector<std::pair<Sharer, size_t>> waiting_;
};

}  // namespace imbot::portal

#endif  // IMBOT_SERVICE_PORTAL_LEAKY_BUCKET_H_
