// Calls to portals at a steady pace, and how long they took: for benchmarks of what one portal costs the others.
#ifndef IMBOT_TESTS_BENCH_PACED_CALLS_H_
#define IMBOT_TESTS_BENCH_PACED_CALLS_H_

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <future>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "service/base/clock.h"
#include "service/portal/registry.h"

namespace imbot::bench {

inline portal::Outgoing Call(std::chrono::seconds deadline = std::chrono::seconds(30)) {
  portal::Outgoing call;
  call.method = "imbot.v2.Revision.get";
  call.body = [] { return std::string("{}"); };
  call.deadline = base::Clock::System().Now() + deadline;
  return call;
}

struct Latencies {
  std::vector<double> microseconds;  // sorted
  int failed = 0;

  double Percentile(double share) const {
    const size_t at =
        std::min(microseconds.size() - 1, static_cast<size_t>(share * static_cast<double>(microseconds.size())));
    return microseconds[at];
  }
};

// An open loop: `rounds` times a call to each portal, `interval` apart; they leave on time, whether or not the earlier
// ones have been answered.
inline Latencies RunPaced(const std::vector<portal::Port*>& ports, int rounds, std::chrono::microseconds interval) {
  const size_t total = ports.size() * static_cast<size_t>(rounds);
  std::vector<double> took(total, -1);
  std::atomic<size_t> left{total};
  std::atomic<int> failed{0};
  std::promise<void> all;
  const base::Clock& clock = base::Clock::System();
  auto next = clock.Now();
  size_t index = 0;
  const auto apart = interval / static_cast<int64_t>(ports.size());
  for (int i = 0; i < rounds; ++i) {
    for (portal::Port* port : ports) {
      std::this_thread::sleep_until(next);
      next += apart;
      port->Submit(Call(), [&, at = index++, begun = clock.Now()](portal::Answer answer) {
        took[at] = std::chrono::duration<double, std::micro>(clock.Now() - begun).count();
        if (!answer.status.ok()) ++failed;
        if (--left == 0) all.set_value();
      });
    }
  }
  all.get_future().wait();
  std::sort(took.begin(), took.end());
  return {std::move(took), failed};
}

}  // namespace imbot::bench

#endif  // IMBOT_TESTS_BENCH_PACED_CALLS_H_
