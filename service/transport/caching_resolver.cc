#include "service/transport/caching_resolver.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "service/base/mutex.h"

namespace imbot::transport {

class CachingResolver::Cache {
 public:
  Cache(ResolverOptions options, const base::Clock& clock) : options_(std::move(options)), clock_(clock) {}

  // What to do about one call of Resolve.
  struct Decision {
    std::optional<Resolution> answer;  // to be given at once; else the callback was kept
    bool look_up = false;
  };
  Decision Ask(const std::string& host, Callback& done) IMBOT_EXCLUDES(mutex_) {
    const base::MonoTime now = clock_.Now();
    base::MutexLock lock(mutex_);
    MakeRoom(host, now);
    Entry& entry = entries_[host];
    Decision decision;
    if (entry.known && now < entry.use_until) {
      decision.answer = entry.resolution;
    } else if (entry.known && !entry.resolution.addresses.empty() &&
               now < entry.fresh_until + options_.stale_while_revalidate) {
      decision.answer = entry.resolution;
      decision.look_up = !entry.asking;
    } else {
      entry.waiting.push_back(std::move(done));
      decision.look_up = !entry.asking;
    }
    if (decision.look_up) entry.asking = true;
    return decision;
  }

  // Takes the lookup's answer; returns whom to tell what.
  std::pair<Resolution, std::vector<Callback>> Learn(const std::string& host, LookupResult result)
      IMBOT_EXCLUDES(mutex_) {
    const base::MonoTime now = clock_.Now();
    base::MutexLock lock(mutex_);
    Entry& entry = entries_[host];
    entry.asking = false;
    const bool found = result.outcome == LookupResult::Outcome::kFound && !result.addresses.empty();
    if (found) {
      entry.resolution = Resolution{std::move(result.addresses), ""};
      entry.fresh_until = now + std::clamp<base::Duration>(result.ttl, options_.min_ttl, options_.max_ttl);
      entry.use_until = entry.fresh_until;
    } else if (result.outcome == LookupResult::Outcome::kFailed && entry.known && !entry.resolution.addresses.empty() &&
               now < entry.fresh_until + options_.stale_if_error) {
      // The old addresses for a moment longer, then the servers are asked again.
      entry.use_until = now + options_.failure_ttl;
    } else {
      const bool no_such_name = result.outcome != LookupResult::Outcome::kFailed;
      entry.resolution = Resolution{{}, std::move(result.message)};
      entry.fresh_until = now + (no_such_name ? options_.negative_ttl : options_.failure_ttl);
      entry.use_until = entry.fresh_until;
    }
    entry.known = true;
    return {entry.resolution, std::exchange(entry.waiting, {})};
  }

  size_t size() const IMBOT_EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    return entries_.size();
  }

 private:
  struct Entry {
    bool known = false;   // resolution holds an answer, good or bad
    bool asking = false;  // a lookup is under way
    Resolution resolution;
    base::MonoTime fresh_until;  // the end of its time to live
    base::MonoTime use_until;    // given without question until then; beyond fresh_until only after a failed lookup
    std::vector<Callback> waiting;
  };

  // A caller who asks for ever new names must not grow the cache without bound.
  void MakeRoom(const std::string& host, base::MonoTime now) IMBOT_REQUIRES(mutex_) {
    if (entries_.size() < options_.max_names || entries_.contains(host)) return;
    absl::erase_if(entries_, [now](const auto& item) { return !item.second.asking && item.second.use_until <= now; });
    if (entries_.size() < options_.max_names) return;
    auto oldest = entries_.end();
    for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
      if (entry->second.asking) continue;
      if (oldest == entries_.end() || entry->second.use_until < oldest->second.use_until) oldest = entry;
    }
    if (oldest != entries_.end()) entries_.erase(oldest);
  }

  const ResolverOptions options_;
  const base::Clock& clock_;
  mutable base::Mutex mutex_;
  absl::flat_hash_map<std::string, Entry> entries_ IMBOT_GUARDED_BY(mutex_);
};

CachingResolver::CachingResolver(ResolverOptions options, const base::Clock& clock, std::unique_ptr<NameLookup> lookup)
    : cache_(std::make_shared<Cache>(std::move(options), clock)), lookup_(std::move(lookup)) {}

CachingResolver::~CachingResolver() {
  lookup_.reset();
}

void CachingResolver::Resolve(std::string_view host, Callback done) {
  const std::string name = absl::AsciiStrToLower(absl::string_view(host.data(), host.size()));
  const Cache::Decision decision = cache_->Ask(name, done);
  if (decision.look_up) {
    lookup_->Lookup(name, [cache = cache_, name](LookupResult result) {
      auto [resolution, waiting] = cache->Learn(name, std::move(result));
      for (Callback& callback : waiting) callback(resolution);
    });
  }
  if (decision.answer.has_value()) done(*decision.answer);
}

size_t CachingResolver::size() const {
  return cache_->size();
}

}  // namespace imbot::transport
