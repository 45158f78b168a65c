// Asks for a name once, without memory. The seam between the cache and the name servers.
#ifndef IMBOT_SERVICE_TRANSPORT_NAME_LOOKUP_H_
#define IMBOT_SERVICE_TRANSPORT_NAME_LOOKUP_H_

#include <chrono>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "service/transport/address.h"

namespace imbot::transport {

struct LookupResult {
  enum class Outcome {
    kFound,
    kNotFound,  // the name servers say that there is no such name, or that it has no address
    kFailed,    // they said nothing usable, or nothing in time
  };
  Outcome outcome = Outcome::kFailed;
  std::vector<Address> addresses;
  std::chrono::seconds ttl{0};  // the smallest of the records the answer was made of
  std::string message;          // for people, if not found
};

// Thread-safe.
class NameLookup {
 public:
  using Callback = absl::AnyInvocable<void(LookupResult)>;

  virtual ~NameLookup() = default;
  // Calls `done` exactly once, from a thread of its own, within its own time limit, never from inside Lookup.
  virtual void Lookup(std::string host, Callback done) = 0;
};

}  // namespace imbot::transport

#endif  // IMBOT_SERVICE_TRANSPORT_NAME_LOOKUP_H_
