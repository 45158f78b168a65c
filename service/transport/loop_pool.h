// The loops, started and stopped together; a portal always lives on the same one.
//
// Owned by gateway.cc: outlives the servers and everything that posts, ends before the resolver. Thread-safe, but for
// Stop.
#ifndef IMBOT_SERVICE_TRANSPORT_LOOP_POOL_H_
#define IMBOT_SERVICE_TRANSPORT_LOOP_POOL_H_

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "service/base/clock.h"
#include "service/transport/curl_loop.h"
#include "service/transport/http_options.h"
#include "service/transport/resolver.h"
#include "service/transport/transport.h"

namespace imbot::transport {

class LoopPool {
 public:
  // Starts `count` loops. `resolver` and `clock` outlive the pool.
  static absl::StatusOr<std::unique_ptr<LoopPool>> Create(size_t count, HttpOptions options, Resolver& resolver,
                                                          const base::Clock& clock);
  // Stops without grace.
  ~LoopPool();

  // The loop of a portal: by a hash that is the same in every process and release.
  Loop& For(std::string_view portal);
  size_t size() const { return loops_.size(); }
  Loop& at(size_t index) { return *loops_[index]; }
  // Transfers under way on all loops.
  size_t in_flight() const;

  // Each loop takes no new request, waits up to `grace` for its transfers, ends the rest with kStopped, and is joined.
  // Later calls do nothing. Not from a loop's thread.
  void Stop(base::Duration grace);

 private:
  LoopPool(std::vector<std::unique_ptr<CurlLoop>> loops, const base::Clock& clock);

  const std::vector<std::unique_ptr<CurlLoop>> loops_;
  const base::Clock& clock_;
};

}  // namespace imbot::transport

#endif  // IMBOT_SERVICE_TRANSPORT_LOOP_POOL_H_
