// One logical call: its attempts one after another, the pauses between them, and its one end.
//
// Created by Start() and kept alive by what it waits for. Thread-safe inside: results, timers and stops come from any
// thread. Calls out only without its lock.
#ifndef IMBOT_CLIENT_INTERNAL_CALL_LOOP_H_
#define IMBOT_CLIENT_INTERNAL_CALL_LOOP_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>

#include "imbot/client/call_info.h"
#include "imbot/client/error.h"
#include "imbot/client/internal/method_info.h"
#include "imbot/client/internal/wire.h"
#include "imbot/client/options.h"

namespace imbot::client::internal {

struct Plan {
  Attempt attempt;  // `time` is that of the whole call
  MethodInfo method;
  RetryOptions retry;
  std::stop_token stop;
  std::string idempotency_key;  // as `attempt.metadata` carries it
};

class CallLoop : public std::enable_shared_from_this<CallLoop> {
 public:
  using Done = std::function<void(std::optional<Error>, CallInfo)>;

  // `done` is called once, from any thread, perhaps before this returns.
  static void Start(std::shared_ptr<Wire> wire, Plan plan, Done done);

 private:
  CallLoop(std::shared_ptr<Wire> wire, Plan plan, Done done);

  void Begin();
  void Try();
  void OnResult(const AttemptResult& result);
  void OnPaused();
  void OnStop();
  void Finish(std::optional<Error> error);

  // Starts something that can be cancelled by a stop.
  template <typename Starter>
  void Run(const Starter& start);
  bool stopped() const;

  // Constant after construction.
  const std::shared_ptr<Wire> wire_;
  const Plan plan_;
  const Clock::time_point deadline_;

  // Of the step that is under way; steps follow one another, so they need no lock.
  Done done_;
  CallInfo info_;
  std::optional<Error> last_;  // of the last attempt, its outcome that of all
  std::optional<std::stop_callback<std::function<void()>>> stop_;

  mutable std::mutex mutex_;
  bool stopped_ = false;              // guarded by mutex_
  uint64_t step_ = 0;                 // guarded by mutex_
  std::shared_ptr<Running> running_;  // guarded by mutex_; of step_
};

}  // namespace imbot::client::internal

#endif  // IMBOT_CLIENT_INTERNAL_CALL_LOOP_H_
