// Holds one of the threads still in which gRPC waits for what its callbacks are about.
//
// gRPC 1.51 makes at least two of them, half as many as the machine has cores, and they hand every event over to each
// other: each call wakes both. On two cores, of which the portals' loop wants one, that costs more than a second one
// can do, since nothing here blocks in a callback. Another version of gRPC is left alone.
//
// At most one at a time per process, as the threads are the process's. Owned by whoever owns the servers, made after
// them, and gone before they are shut down, which waits for the threads. Thread-compatible.
#ifndef IMBOT_SERVICE_RPC_SPARE_POLLER_H_
#define IMBOT_SERVICE_RPC_SPARE_POLLER_H_

#include <memory>

namespace imbot::rpc {

class SparePoller {
 public:
  // Null if there is none to spare: there are more than two `cores`, or one is held already.
  static std::unique_ptr<SparePoller> Hold(unsigned cores);
  // Lets it go on.
  ~SparePoller();
  SparePoller(const SparePoller&) = delete;
  SparePoller& operator=(const SparePoller&) = delete;

 private:
  struct Stop;
  SparePoller();

  const std::unique_ptr<Stop> stop_;
};

}  // namespace imbot::rpc

#endif  // IMBOT_SERVICE_RPC_SPARE_POLLER_H_
