#include "service/transport/resolver.h"

#include <utility>

#include "service/transport/ares_lookup.h"
#include "service/transport/caching_resolver.h"

namespace imbot::transport {

absl::StatusOr<std::unique_ptr<Resolver>> CreateSystemResolver(ResolverOptions options, const base::Clock& clock) {
  absl::StatusOr<std::unique_ptr<AresLookup>> lookup = AresLookup::Create(options, clock);
  if (!lookup.ok()) return lookup.status();
  return std::make_unique<CachingResolver>(std::move(options), clock, *std::move(lookup));
}

}  // namespace imbot::transport
