// What leaves together. Private to the scheduler's own sources.
#ifndef IMBOT_SERVICE_PORTAL_SCHEDULER_REQUEST_H_
#define IMBOT_SERVICE_PORTAL_SCHEDULER_REQUEST_H_

#include <string>
#include <vector>

#include "service/base/secret.h"
#include "service/portal/scheduler.h"

namespace imbot::portal {

// What a batch's commands may take together. PHP takes 8 MiB of a body by default, the web servers before it 1 MiB.
inline constexpr size_t kMostBatchBytes = 512 << 10;
// As small as batches get where a portal finds them too large; what is larger leaves alone.
inline constexpr size_t kLeastBatchBytes = 8 << 10;

// Asked of a portal that may be called again: every portal with chat bots has it, it changes nothing, and its answer
// tells of the credentials too. Such a request has no calls, and no window counts it.
inline constexpr char kProbeMethod[] = "imbot.bot.list";

struct Scheduler::Request {
  bool batch() const { return !commands.empty(); }

  Lane lane = Lane::kInteractive;
  std::vector<Call> calls;            // empty: a probe
  std::vector<std::string> commands;  // one for each call of a batch; empty if the call leaves alone
  size_t bytes = 0;                   // of the commands
  base::Secret url;
  base::MonoTime sent_at;
};

}  // namespace imbot::portal

#endif  // IMBOT_SERVICE_PORTAL_SCHEDULER_REQUEST_H_
