// The portal's time: the system's, plus what a test has moved it by. Loop thread only.
//
// Windows of an hour or a day (templateId, edit window, token expiry) are measured on it; delays of faults are not.
#ifndef IMBOT_TESTS_SIMULATOR_REST_PORTAL_CLOCK_H_
#define IMBOT_TESTS_SIMULATOR_REST_PORTAL_CLOCK_H_

#include <chrono>
#include <string>

namespace simulator {

class PortalClock {
 public:
  using TimePoint = std::chrono::system_clock::time_point;

  TimePoint Now() const { return std::chrono::system_clock::now() + offset_; }
  void Advance(std::chrono::milliseconds by) { offset_ += by; }
  void Reset() { offset_ = std::chrono::milliseconds(0); }
  std::chrono::milliseconds offset() const { return offset_; }

 private:
  std::chrono::milliseconds offset_{0};
};

// PHP's date('c') in UTC: 2024-10-11T10:00:00+00:00.
std::string IsoDate(PortalClock::TimePoint time);
// Unix time with microseconds.
double UnixSeconds(PortalClock::TimePoint time);

}  // namespace simulator

#endif  // IMBOT_TESTS_SIMULATOR_REST_PORTAL_CLOCK_H_
