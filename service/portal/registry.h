// Which portals there are, and whether this replica is the one that talks to a portal.
//
// With one replica every portal is here. With several, the one that holds a portal's lease is its owner, and the others
// forward to it. Owns the schedulers. Thread-safe after construction.
#ifndef IMBOT_SERVICE_PORTAL_REGISTRY_H_
#define IMBOT_SERVICE_PORTAL_REGISTRY_H_

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "service/portal/downloads.h"
#include "service/portal/portal_snapshot.h"
#include "service/portal/scheduler.h"

namespace imbot::portal {

// The way to a portal's scheduler from any thread. Owned by the registry.
class Port {
 public:
  // `bucket`: that of the portal's host and egress group, which live on `loop`.
  Port(std::string portal, transport::Loop& loop, const base::Clock& clock, CredentialSource& credentials,
       std::shared_ptr<LeakyBucket> bucket, SchedulerOptions options, SchedulerMetrics metrics);

  const std::string& portal() const { return portal_; }
  // Thread-safe. `done` is called on the portal's loop, exactly once, after Stop() with UNAVAILABLE; if the loop has
  // stopped, it is destroyed without a call.
  CallId Submit(Outgoing call, Done done);
  void Cancel(CallId id);
  // Thread-safe; `download.done` as `done` above. A caller that goes away lets the sink break it off.
  void Fetch(Download download);
  // Thread-safe. `done` is called on the portal's loop; it is destroyed without a call if the portal has stopped.
  void Snapshot(absl::AnyInvocable<void(const PortalSnapshot&)> done);
  // --- What an operator may do. Thread-safe; for as long as the process runs.
  void
  Pause();  // nothing leaves, new calls end with PORTAL_PAUSED; those that wait go on waiting, until their deadlines
  void Drain();   // new calls end with PORTAL_PAUSED; what waits still leaves
  void Resume();  // ends both
  // Answers every call that waits with QUEUE_FLUSHED; how many those were. `done` as in Snapshot(), here and below.
  void Flush(absl::AnyInvocable<void(size_t dropped)> done);
  // Ends a quarantine, and what holds methods back; whether there was any of it.
  void Release(absl::AnyInvocable<void(bool released)> done);

  // Answers everything with UNAVAILABLE, then destroys the scheduler, on its loop; `stopped` is called after that.
  // Once.
  void Stop(absl::AnyInvocable<void()> stopped);

 private:
  void SetIntake(Intake intake);

  const std::string portal_;
  transport::Loop& loop_;
  std::atomic<uint64_t> last_id_{0};
  struct Posted;
  // Used and destroyed on the loop.
  struct OnLoop;
  std::shared_ptr<OnLoop> on_loop_;
  const std::weak_ptr<OnLoop> reference_{on_loop_};
};

struct Here {
  Port* port;
};
struct Elsewhere {
  std::string address;  // of the replica that owns the portal
};
struct Unknown {};
using Whereabouts = std::variant<Unknown, Here, Elsewhere>;

class Registry {
 public:
  explicit Registry(std::vector<std::unique_ptr<Port>> ports);

  Whereabouts Find(std::string_view portal) const;
  // Those that are here, in no order.
  std::vector<Port*> Ports() const;
  // Blocks until every scheduler has stopped, and with that answered its calls. Not from a loop; by one thread. Only
  // the first call does anything.
  void Stop();

 private:
  std::unordered_map<std::string_view, std::unique_ptr<Port>> ports_;  // keys point into the ports
  bool stopped_ = false;
};

}  // namespace imbot::portal

#endif  // IMBOT_SERVICE_PORTAL_REGISTRY_H_
