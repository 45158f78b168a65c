// Time as the gateway sees it: injected everywhere, so that tests move it.
#ifndef IMBOT_SERVICE_BASE_CLOCK_H_
#define IMBOT_SERVICE_BASE_CLOCK_H_

#include <chrono>

namespace imbot::base {

// Deadlines, timers, waiting times. Never goes back.
using MonoTime = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;
// Dates that leave the process: logs, records.
using WallTime = std::chrono::system_clock::time_point;

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual MonoTime Now() const = 0;
  virtual WallTime WallNow() const = 0;

  // The machine's clocks. Lives for the whole process.
  static const Clock& System();
};

}  // namespace imbot::base

#endif  // IMBOT_SERVICE_BASE_CLOCK_H_
