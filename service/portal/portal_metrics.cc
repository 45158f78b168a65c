#include "service/portal/portal_metrics.h"

#include <charconv>
#include <chrono>
#include <map>
#include <memory>
#include <string_view>
#include <utility>
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

// A reason is capitals, digits and `_`; whatever else a portal's code might bring stays out of a label.
std::string LabelText(std::string_view text) {
  std::string out;
  for (const char c : text) out += base::IsAlnum(c) ? c : '_';
  return out;
}

double Seconds(base::Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

// Of one portal: the value, and labels beside `portal`, `name="value"` each with a comma in front.
struct Sample {
  double value = 0;
  std::string labels = "";
};

struct Series {
  const char* name;
  const char* type;
  const char* help;
  std::vector<Sample> (*samples)(const PortalSnapshot&);
};

std::vector<Sample> One(double value) {
  return {{value}};
}

// 1 with the reason, or 0 without one.
std::vector<Sample> Because(const PortalSnapshot& snapshot, bool breaker) {
  if (!snapshot.quarantine.has_value() || snapshot.quarantine->breaker != breaker) return One(0);
  return {{1, base::StrCat(",reason=\"", LabelText(snapshot.quarantine->reason), "\"")}};
}

std::vector<Sample> IntakeSamples(const PortalSnapshot& snapshot) {
  std::vector<Sample> samples;
  for (const auto& [state, name] : {std::pair(Intake::kOpen, "open"), std::pair(Intake::kPaused, "paused"),
                                    std::pair(Intake::kDraining, "draining")}) {
    samples.push_back({snapshot.intake == state ? 1.0 : 0.0, base::StrCat(",state=\"", name, "\"")});
  }
  return samples;
}

std::vector<Sample> CertificateSamples(const PortalSnapshot& snapshot) {
  if (!snapshot.certificate_expires_at.has_value()) return {};
  return One(std::chrono::duration<double>(snapshot.certificate_expires_at->time_since_epoch()).count());
}

const Series kSeries[] = {
    {"imbot_portal_limit_level", "gauge", "Requests in the portal's leaky bucket",
     [](const PortalSnapshot& s) { return One(s.bucket_level); }},
    {"imbot_portal_limit_burst", "gauge", "Requests that the bucket holds; 0 where there is no limit",
     [](const PortalSnapshot& s) { return One(s.plan.burst); }},
    {"imbot_portal_waiting_calls", "gauge", "Calls that wait for the portal",
     [](const PortalSnapshot& s) { return One(static_cast<double>(s.queued_calls)); }},
    {"imbot_portal_longest_wait_seconds", "gauge", "How long the call that waits longest has waited",
     [](const PortalSnapshot& s) { return One(Seconds(s.longest_wait.value_or(base::Duration(0)))); }},
    {"imbot_portal_open_requests", "gauge", "Requests to the portal that are under way",
     [](const PortalSnapshot& s) { return One(static_cast<double>(s.in_flight)); }},
    {"imbot_portal_sent_requests_total", "counter", "Requests sent to the portal",
     [](const PortalSnapshot& s) { return One(static_cast<double>(s.requests)); }},
    {"imbot_portal_sent_calls_total", "counter", "Calls sent in those, repeats counted",
     [](const PortalSnapshot& s) { return One(static_cast<double>(s.calls)); }},
    {"imbot_portal_sent_batches_total", "counter", "Of the requests, batches",
     [](const PortalSnapshot& s) { return One(static_cast<double>(s.batches)); }},
    {"imbot_portal_refused_requests_total", "counter", "Requests that the portal refused for its limit",
     [](const PortalSnapshot& s) { return One(static_cast<double>(s.limit_refusals)); }},
    {"imbot_portal_waiting_to_repeat_calls", "gauge", "Calls that wait between two attempts, or for a method held back",
     [](const PortalSnapshot& s) { return One(static_cast<double>(s.waiting_to_repeat)); }},
    {"imbot_portal_held_methods", "gauge", "Methods that are held back, so that the portal does not block them",
     [](const PortalSnapshot& s) { return One(static_cast<double>(s.held_methods.size())); }},
    {"imbot_portal_quarantined", "gauge", "1 while calls fail at once because of what the portal said",
     [](const PortalSnapshot& s) { return Because(s, /*breaker=*/false); }},
    {"imbot_portal_circuit_open", "gauge", "1 while calls fail at once because the portal does not answer",
     [](const PortalSnapshot& s) { return Because(s, /*breaker=*/true); }},
    {"imbot_portal_intake", "gauge", "1 for the state that an operator has put the portal into", IntakeSamples},
    {"imbot_portal_certificate_not_after_timestamp_seconds", "gauge",
     "When the certificate ends that the portal showed last, in Unix time", CertificateSamples},
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
      const bool used = snapshot.requests > 0 || snapshot.queued_calls > 0;
      if (used || snapshot.intake != Intake::kOpen || snapshot.quarantine.has_value())
        collected->snapshots.emplace(name, snapshot);
      if (--collected->left == 0) collected->changed.NotifyAll();
    });
  }
  const base::MonoTime give_up = base::Clock::System().Now() + std::chrono::seconds(1);
  base::MutexLock lock(collected->mutex);
  while (collected->left > 0 && collected->changed.WaitUntil(collected->mutex, give_up)) continue;
  return ExposeSnapshots(collected->snapshots);
}

std::string ExposeSnapshots(const std::map<std::string, PortalSnapshot>& snapshots) {
  std::string out;
  if (snapshots.empty()) return out;
  for (const Series& series : kSeries) {
    base::StrAppend(&out, "# HELP ", series.name, " ", series.help, "\n# TYPE ", series.name, " ", series.type, "\n");
    // A portal's name needs no escaping.
    for (const auto& [name, snapshot] : snapshots) {
      for (const Sample& sample : series.samples(snapshot)) {
        base::StrAppend(&out, series.name, "{portal=\"", name, "\"", sample.labels, "} ", Number(sample.value), "\n");
      }
    }
  }
  return out;
}

}  // namespace imbot::portal
