// How long requests to a portal take, and with that how many commands fit into one.
//
// A portal ends a request after 60 seconds (documentation, limits.md), commands not yet begun included, and a caller
// has a deadline; both bound a batch. Learns from what took how long; what it says is on the long side. Pure
// arithmetic; thread-compatible.
#ifndef IMBOT_SERVICE_PORTAL_PACE_H_
#define IMBOT_SERVICE_PORTAL_PACE_H_

#include <cstddef>

#include "service/base/clock.h"

namespace imbot::portal {

class Pace {
 public:
  // Commands of one batch that a portal takes (documentation, batch.md).
  static constexpr size_t kMostCommands = 50;
  // What a batch may take: of the portal's 60 s, with room for a command that takes longer than all before.
  static constexpr base::Duration kLongestBatch = std::chrono::seconds(40);

  // A request of `commands` calls was answered; 1 is a call alone.
  void OnAnswered(size_t commands, base::Duration took);
  // A batch of that many did not fit into the portal's time: batches are half of it, and grow again with each that
  // fits.
  void OnTooSlow(size_t commands);

  // How long a request of so many calls takes. Before there was one: a guess, of a batch rather on the short side,
  // since calls are refused for it.
  base::Duration Expect(size_t commands) const;
  // How many commands a batch may have that has to be answered within `available`; 1 at least.
  size_t MostCommands(base::Duration available) const;

 private:
  // A moving average and how far from it things go, as TCP keeps them of round trips (RFC 6298).
  struct Estimate {
    void Add(double sample);
    double high() const { return mean + 4 * deviation; }

    bool known = false;
    double mean = 0;  // seconds
    double deviation = 0;
  };
  double PerCommand() const;

  Estimate single_;
  Estimate per_command_;
  size_t most_ = kMostCommands;
};

}  // namespace imbot::portal

#endif  // IMBOT_SERVICE_PORTAL_PACE_H_
