// How long each method may run (WIRE_FACTS.md 3): the time of its calls over the last ten minutes, in ten buckets of
// one, by portal, caller and method. A method over its limit is blocked, alone, until the oldest minute is forgotten.
// Loop thread only.
//
// Inside a batch the sources disagree (WIRE_FACTS.md 2). In the published source each command is billed to its own
// method, under a key that all webhooks of the portal share; measured on a cloud portal, everything is billed to
// `batch`. PortalOptions::operating_bills_batch says which.
#ifndef IMBOT_TESTS_SIMULATOR_REST_OPERATING_H_
#define IMBOT_TESTS_SIMULATOR_REST_OPERATING_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "tests/simulator/php/json.h"
#include "tests/simulator/rest/options.h"
#include "tests/simulator/rest/portal_clock.h"

namespace simulator {

// What `time` tells of it.
struct OperatingState {
  double seconds = 0;
  int64_t reset_at = 0;  // Unix time at which some of it is forgotten
};

class OperatingLimiter {
 public:
  explicit OperatingLimiter(const PortalOptions* options) : options_(options) {}

  static std::string Key(const std::string& portal, const std::string& caller, const std::string& method);

  bool Blocked(const std::string& key, PortalClock::TimePoint now) const;
  // Short calls are not counted.
  void Bill(const std::string& key, PortalClock::TimePoint now, std::chrono::nanoseconds took);
  OperatingState State(const std::string& key, PortalClock::TimePoint now) const;
  Json ToJson(PortalClock::TimePoint now) const;
  void Clear() { minutes_.clear(); }

 private:
  const PortalOptions* const options_;
  std::map<std::string, std::map<int64_t, std::chrono::nanoseconds>> minutes_;  // by key, then by minute
};

}  // namespace simulator

#endif  // IMBOT_TESTS_SIMULATOR_REST_OPERATING_H_
