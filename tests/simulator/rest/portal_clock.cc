#include "tests/simulator/rest/portal_clock.h"

#include <ctime>

namespace simulator {

std::string IsoDate(PortalClock::TimePoint time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  // Nearly always the second that was asked for before.
  thread_local std::time_t last_seconds = -1;
  thread_local std::string last;
  if (seconds == last_seconds) return last;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char buffer[40];
  const size_t length = std::strftime(buffer, sizeof(buffer), "%Y-%m-%dT%H:%M:%S+00:00", &parts);
  last_seconds = seconds;
  last.assign(buffer, length);
  return last;
}

double UnixSeconds(PortalClock::TimePoint time) {
  return static_cast<double>(std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count()) /
         1e6;
}

}  // namespace simulator
