// The leaky bucket that stands before a portal: how many HTTP requests it takes from one source address (WIRE_FACTS.md
// 3). Whole numbers of nanoseconds on the portal's clock: exact in real time, and moved with the clock. Loop thread
// only.
//
// It counts requests and nothing else: a batch is one, and what is refused is not counted, so that a client which waits
// for 1/leak seconds always gets one request through.
#ifndef IMBOT_TESTS_SIMULATOR_REST_BUCKET_H_
#define IMBOT_TESTS_SIMULATOR_REST_BUCKET_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "tests/simulator/php/json.h"
#include "tests/simulator/rest/options.h"
#include "tests/simulator/rest/portal_clock.h"

namespace simulator {

class LeakyBucket {
 public:
  // Takes one request in, or says that there is no room. REQUIRES: capacity > 0, leak > 0 (per second).
  bool Admit(int64_t capacity, double leak, PortalClock::TimePoint now);
  // How many requests' worth is in it.
  double Level(double leak, PortalClock::TimePoint now) const;

 private:
  // When it will be empty. That is all there is to know of it: what is in it is the time until then times the leak.
  std::chrono::nanoseconds empty_at_{0};
};

// One bucket for each portal and source address.
class Buckets {
 public:
  explicit Buckets(const PortalOptions* options) : options_(options) {}

  // Always true while the capacity is 0.
  bool Admit(const std::string& portal, const std::string& source, PortalClock::TimePoint now);

  uint64_t refused() const { return refused_; }
  // [{source, level, admitted, refused}] of one portal.
  Json ToJson(const std::string& portal, PortalClock::TimePoint now) const;
  // All empty; the counters at 0.
  void Clear();

 private:
  struct Source {
    LeakyBucket bucket;
    uint64_t admitted = 0;
    uint64_t refused = 0;
  };

  const PortalOptions* const options_;
  std::map<std::pair<std::string, std::string>, Source> sources_;
  uint64_t refused_ = 0;
};

}  // namespace simulator

#endif  // IMBOT_TESTS_SIMULATOR_REST_BUCKET_H_
