// The cache in front of a NameLookup: one lookup per name at a time, answers kept for their time to live.
//
// Owned by the gateway (through CreateSystemResolver), called by every loop, and by the lookup's thread with answers.
// Thread-safe. Never blocks, never calls out while holding its lock, has no timer: the lookup's own time limit ends
// every wait.
#ifndef IMBOT_SERVICE_TRANSPORT_CACHING_RESOLVER_H_
#define IMBOT_SERVICE_TRANSPORT_CACHING_RESOLVER_H_

#include <memory>
#include <string>
#include <string_view>

#include "service/base/clock.h"
#include "service/transport/name_lookup.h"
#include "service/transport/resolver.h"

namespace imbot::transport {

class CachingResolver : public Resolver {
 public:
  // `clock` outlives the resolver.
  CachingResolver(ResolverOptions options, const base::Clock& clock, std::unique_ptr<NameLookup> lookup);
  // Ends the lookup first, so waiting callbacks get its last answers.
  ~CachingResolver() override;

  void Resolve(std::string_view host, Callback done) override;
  // Names known or being asked for.
  size_t size() const;

 private:
  class Cache;

  // Shared with the callbacks given to the lookup.
  const std::shared_ptr<Cache> cache_;
  std::unique_ptr<NameLookup> lookup_;
};

}  // namespace imbot::transport

#endif  // IMBOT_SERVICE_TRANSPORT_CACHING_RESOLVER_H_
