// How fast a lane of calls gets away while calls wait in it, as the measure of how long the next one has to wait.
//
// Everything that holds calls back (limits, windows, slow replies, order) shows in it, without being known here. Pure
// arithmetic; thread-compatible.
#ifndef IMBOT_SERVICE_PORTAL_DEPARTURES_H_
#define IMBOT_SERVICE_PORTAL_DEPARTURES_H_

#include <cstddef>
#include <optional>

#include "service/base/clock.h"

namespace imbot::portal {

class Departures {
 public:
  // So many calls left, and others were left waiting or not.
  void OnLeft(size_t calls, bool others_wait, base::MonoTime now) {
    if (!since_.has_value()) {
      if (others_wait) since_ = now;
      return;
    }
    left_ += calls;
    const double seconds = std::chrono::duration<double>(now - *since_).count();
    if (seconds >= kInterval) {
      const double rate = static_cast<double>(left_) / seconds;
      per_second_ = per_second_.has_value() ? (*per_second_ + rate) / 2 : rate;
      since_ = now;
      left_ = 0;
    }
    if (others_wait) return;
    // What leaves from here on leaves as it comes.
    since_.reset();
    per_second_.reset();
    left_ = 0;
  }
  // Nothing while it is not known.
  std::optional<double> per_second() const { return per_second_; }

 private:
  static constexpr double kInterval = 2;  // seconds; a batch takes about that

  std::optional<base::MonoTime> since_;  // calls wait
  size_t left_ = 0;
  std::optional<double> per_second_;
};

}  // namespace imbot::portal

#endif  // IMBOT_SERVICE_PORTAL_DEPARTURES_H_
