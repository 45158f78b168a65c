#include "service/portal/leaky_bucket.h"

#include <algorithm>

namespace imbot::portal {
namespace {

using std::chrono::duration;
using std::chrono::duration_cast;

// Two requests of room: at a standard portal's rate, one may take a second longer than another to get there.
constexpr double kSpare = 2;

base::Duration Seconds(double seconds) {
  return duration_cast<base::Duration>(duration<double>(seconds));
}

}  // namespace

LeakyBucket::LeakyBucket(RatePlan plan) : plan_(plan) {}

base::Duration LeakyBucket::Interval() const {
  return Seconds(1 / (plan_.limited() ? plan_.per_second : kStandardPlan.per_second));
}

double LeakyBucket::Room() const {
  return std::max(1.0, plan_.burst - kSpare);
}

base::MonoTime LeakyBucket::NextAt(base::MonoTime now, size_t requests, size_t reserve) const {
  if (requests == 0) return now;
  if (!plan_.limited()) return std::max(now, not_before_);
  const double room = std::max(1.0, Room() - static_cast<double>(reserve));
  const base::MonoTime filled = std::max(empty_at_, now) + Interval() * static_cast<int64_t>(requests);
  return std::max({now, not_before_, filled - Seconds(room / plan_.per_second)});
}

void LeakyBucket::Add(base::MonoTime now) {
  if (plan_.limited()) empty_at_ = std::max(empty_at_, now) + Interval();
}

void LeakyBucket::Wait(Sharer who, size_t reserve) {
  const std::pair waiter(who, reserve);
  if (std::find(waiting_.begin(), waiting_.end(), waiter) == waiting_.end()) waiting_.push_back(waiter);
}

void LeakyBucket::StopWaiting(Sharer who, size_t reserve) {
  std::erase(waiting_, std::pair(who, reserve));
}

size_t LeakyBucket::Ahead(Sharer who, size_t reserve) const {
  size_t ahead = 0;
  for (const auto& [other, others_reserve] : waiting_) {
    if (other == who && others_reserve == reserve) break;
    ahead += other != who && others_reserve <= reserve ? 1 : 0;
  }
  return ahead;
}

void LeakyBucket::OnRefused(base::MonoTime now, base::MonoTime sent_at) {
  if (plan_.limited()) empty_at_ = std::max(empty_at_, now + Seconds(plan_.burst / plan_.per_second));
  // Several that were under way together and are all refused say it once.
  if (refusals_in_a_row_ > 0 && sent_at <= last_refusal_) return;
  last_refusal_ = now;
  const int doublings = std::min(refusals_in_a_row_, 10);
  ++refusals_in_a_row_;
  not_before_ = now + std::min(kLongestWait, Interval() * (int64_t{1} << doublings));
}

double LeakyBucket::Level(base::MonoTime now) const {
  if (!plan_.limited() || empty_at_ <= now) return 0;
  return std::min(plan_.burst, duration<double>(empty_at_ - now).count() * plan_.per_second);
}

}  // namespace imbot::portal
