// NameLookup over c-ares: /etc/hosts first, then the name servers, A and AAAA together, with the records' time to live.
//
// Owned by a CachingResolver. Lookup() is thread-safe; everything else happens on the one thread it starts, which never
// blocks on an answer: a name whose servers hang costs a socket, and no other name waits for it. Names with a dot in
// them are asked for as they are before the search list is tried, whatever `ndots` says: in a Kubernetes pod that saves
// four useless queries per name.
#ifndef IMBOT_SERVICE_TRANSPORT_ARES_LOOKUP_H_
#define IMBOT_SERVICE_TRANSPORT_ARES_LOOKUP_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "service/base/clock.h"
#include "service/transport/name_lookup.h"
#include "service/transport/resolver.h"

namespace imbot::transport {

class AresLookup : public NameLookup {
 public:
  // `clock` outlives the lookup and goes with real time.
  static absl::StatusOr<std::unique_ptr<AresLookup>> Create(const ResolverOptions& options, const base::Clock& clock);
  // Ends what is under way with failures and joins the thread.
  ~AresLookup() override;

  void Lookup(std::string host, Callback done) override;

 private:
  class Worker;
  explicit AresLookup(std::unique_ptr<Worker> worker);

  const std::unique_ptr<Worker> worker_;
};

}  // namespace imbot::transport

#endif  // IMBOT_SERVICE_TRANSPORT_ARES_LOOKUP_H_
