// One thread, one CURLM: a portal's executor and its transport.
//
// Owned by a LoopPool, which starts and stops it. Post and InThisThread are thread-safe; PostAt, CancelTimer and
// transport() belong to the loop's thread. The thread never blocks but in CurlEvents::Wait: names are resolved
// elsewhere, and what is posted must not block either.
#ifndef IMBOT_SERVICE_TRANSPORT_CURL_LOOP_H_
#define IMBOT_SERVICE_TRANSPORT_CURL_LOOP_H_

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "service/base/clock.h"
#include "service/transport/http_options.h"
#include "service/transport/resolver.h"
#include "service/transport/transport.h"

namespace imbot::transport {

class CurlLoop : public Loop {
 public:
  // Starts the thread, named `name` (15 characters). `resolver` and `clock` outlive the loop; the clock goes with real
  // time.
  static absl::StatusOr<std::unique_ptr<CurlLoop>> Create(std::string name, std::shared_ptr<const HttpOptions> options,
                                                          Resolver& resolver, const base::Clock& clock);
  // Stops without grace and joins.
  ~CurlLoop() override;

  void Post(base::Task task) override;
  base::TimerId PostAt(base::MonoTime when, base::Task task) override;
  void CancelTimer(base::TimerId id) override;
  bool InThisThread() const override;
  Transport& transport() override;

  // Thread-safe. New requests fail with kStopped at once, tasks and timers go on until the last transfer has ended or
  // `deadline` has passed; what is then still under way ends with kStopped, what that posts is run, and the thread
  // ends. The first call counts.
  void BeginStop(base::MonoTime deadline);
  // Waits for the thread's end. Not from the loop's thread; after BeginStop.
  void Join();

  // Transfers under way, as of the loop's last turn. Thread-safe.
  size_t in_flight() const;

 private:
  class Core;
  explicit CurlLoop(std::unique_ptr<Core> core);

  const std::unique_ptr<Core> core_;
};

}  // namespace imbot::transport

#endif  // IMBOT_SERVICE_TRANSPORT_CURL_LOOP_H_
