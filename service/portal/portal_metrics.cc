#include "service/portal/portal_metrics.h"

#include <charconv>
#include <chrono>
#include <map>
#include <memory>
#include <vector>

#include "service/base/mutex.h"
#include "service/base/strings.h"

namespace imbot::portal {
namespace {

struct Collected {
  base::Mutex mutex;
  base::CondVar changed;
  size_t left IMBOT_GUARDED_BY(mutex) = 0;
  std::map<std::string, PortalSnapshot> snapshots IMBOT_GUARDED_BY(mutex);
};

struct Series {
  const char* name;
  const char* type;
  const char* help;
  double (*value)(const PortalSnapshot&);
};

double Seconds(base::Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

constexpr Series kSeries[] = {
    {"imbot_portal_limit_level", "gauge", "Requests in the portal's leaky bucket",
     [](const PortalSnapshot& s) { return s.bucket_level; }},
    {"imbot_portal_limit_burst", "gauge", "Requests that the bucket holds; 0 where there is no limit",
     [](const PortalSnapshot& s) { return s.plan.burst; }},
    {"imbot_portal_waiting_calls", "gauge", "Calls that wait for the portal",
     [](const PortalSnapshot& s) { return static_cast<double>(s.queued_calls); }},
    {"imbot_portal_longest_wait_seconds", "gauge", "How long the call that waits longest has waited",
     [](const PortalSnapshot& s) { return Seconds(s.longest_wait.value_or(base::Duration(0))); }},
    {"imbot_portal_open_requests", "gauge", "Requests to the portal that are under way",
     [](const PortalSnapshot& s) { return static_cast<double>(s.in_flight); }},
    {"imbot_portal_sent_requests_total", "counter", "Requests sent to the portal",
     [](const PortalSnapshot& s) { return static_cast<double>(s.requests); }},
    {"imbot_portal_sent_calls_total", "counter", "Calls sent in those, repeats counted",
     [](const PortalSnapshot& s) { return static_cast<double>(s.calls); }},
    {"imbot_portal_sent_batches_total", "counter", "Of the requests, batches",
     [](const PortalSnapshot& s) { return static_cast<double>(s.batches); }},
    {"imbot_portal_refused_requests_total", "counter", "Requests that the portal refused for its limit",
     [](const PortalSnapshot& s) { return static_cast<double>(s.limit_refusals); }},
};

std::string Number(double value) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  return std::string(text, end);
}

}  // namespace

std::string ExposePortals(const Registry& registry) {
  const auto collected = std::make_shared<Collected>();
  const std::vector<Port*> ports = registry.Ports();
  {
    base::MutexLock lock(collected->mutex);
    collected->left = ports.size();
  }
  for (Port* port : ports) {
    port->Snapshot([collected, name = port->portal()](const PortalSnapshot& snapshot) {
      base::MutexLock lock(collected->mutex);
      if (snapshot.requests > 0 || snapshot.queued_calls > 0) collected->snapshots.emplace(name, snapshot);
      if (--collected->left == 0) collected->changed.NotifyAll();
    });
  }
  const base::MonoTime give_up = base::Clock::System().Now() + std::chrono::seconds(1);
  std::string out;
  base::MutexLock lock(collected->mutex);
  while (collected->left > 0 && collected->changed.WaitUntil(collected->mutex, give_up)) continue;
  if (collected->snapshots.empty()) return out;
  for (const Series& series : kSeries) {
    base::StrAppend(&out, "# HELP ", series.name, " ", series.help, "\n# TYPE ", series.name, " ", series.type, "\n");
    // A portal's name needs no escaping.
    for (const auto& [name, snapshot] : collected->snapshots) {
      base::StrAppend(&out, series.name, "{portal=\"", name, "\"} ", Number(series.value(snapshot)), "\n");
    }
  }
  return out;
}

}  // namespace imbot::portal
