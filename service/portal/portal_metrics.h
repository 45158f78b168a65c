// Metrics of each portal by itself, made when they are asked for: a portal that is not used costs nothing.
#ifndef IMBOT_SERVICE_PORTAL_PORTAL_METRICS_H_
#define IMBOT_SERVICE_PORTAL_PORTAL_METRICS_H_

#include <map>
#include <string>

#include "service/portal/portal_snapshot.h"
#include "service/portal/registry.h"

namespace imbot::portal {

// In Prometheus' text format, with label `portal`; of the portals that were ever called, or that do not take calls now.
// Blocks until the loops have answered, for a second at most; a loop that has stopped is left out. Thread-safe; not
// from a loop.
std::string ExposePortals(const Registry& registry);
// The same of these, by name. Pure function.
std::string ExposeSnapshots(const std::map<std::string, PortalSnapshot>& snapshots);

}  // namespace imbot::portal

#endif  // IMBOT_SERVICE_PORTAL_PORTAL_METRICS_H_
