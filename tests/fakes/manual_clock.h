// A clock that stands still until the test moves it. Thread-safe.
#ifndef IMBOT_TESTS_FAKES_MANUAL_CLOCK_H_
#define IMBOT_TESTS_FAKES_MANUAL_CLOCK_H_

#include <atomic>
#include <chrono>

#include "service/base/clock.h"

namespace imbot::fakes {

class ManualClock : public base::Clock {
 public:
  base::MonoTime Now() const override { return base::MonoTime(base::Duration(since_start_.load()) + kMonoStart); }
  base::WallTime WallNow() const override {
    return base::WallTime(
        std::chrono::duration_cast<base::WallTime::duration>(base::Duration(since_start_.load()) + kWallStart));
  }

  void Advance(base::Duration by) { since_start_ += by.count(); }
  // Never goes back: a time that has passed is ignored.
  void AdvanceTo(base::MonoTime when) {
    if (when > Now()) Advance(when - Now());
  }

 private:
  // Not 0, so that a forgotten initial value doesn't look like "now".
  static constexpr base::Duration kMonoStart = std::chrono::hours(1000);
  // 2026-01-01T00:00:00Z
  static constexpr std::chrono::seconds kWallStart{1767225600};

  std::atomic<base::Duration::rep> since_start_{0};
};

}  // namespace imbot::fakes

#endif  // IMBOT_TESTS_FAKES_MANUAL_CLOCK_H_
