// Turns a host's name into addresses, off the loops.
//
// CreateSystemResolver is the real one: /etc/hosts and the name servers of /etc/resolv.conf through c-ares, on one
// thread of its own that never blocks on an answer, behind a cache that keeps to the records' time to live. What it
// does not do: names that only a plug-in of the C library knows (mDNS, LDAP) are not found. Tests inject their own
// Resolver.
#ifndef IMBOT_SERVICE_TRANSPORT_RESOLVER_H_
#define IMBOT_SERVICE_TRANSPORT_RESOLVER_H_

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "service/base/clock.h"
#include "service/transport/address.h"

namespace imbot::transport {

struct Resolution {
  std::vector<Address> addresses;  // IPv4 and IPv6, the preferred one first; empty: not resolved
  std::string message;             // why not, for people
};

// Thread-safe. Outlives the loops that use it.
class Resolver {
 public:
  using Callback = absl::AnyInvocable<void(const Resolution&)>;

  virtual ~Resolver() = default;
  // `host` is a name, never an address. Calls `done` exactly once: from inside Resolve if the answer is at hand, else
  // later from a thread of the resolver, so that `done` must only post. Never blocks, and always answers within the
  // resolver's own time limit.
  virtual void Resolve(std::string_view host, Callback done) = 0;
};

struct ResolverOptions {
  // How long an answer is used: the records' time to live, within these bounds. /etc/hosts has none and gets the
  // minimum.
  base::Duration min_ttl = std::chrono::seconds(5);
  base::Duration max_ttl = std::chrono::hours(1);
  // How long a failure is remembered: no such name; no answer.
  base::Duration negative_ttl = std::chrono::seconds(5);
  base::Duration failure_ttl = std::chrono::seconds(1);
  // An answer that has expired is still given at once for this long, while a new one is fetched.
  base::Duration stale_while_revalidate = std::chrono::seconds(30);
  // An answer that has expired is given for this long if the name servers don't answer. Never if they say that the name
  // is gone.
  base::Duration stale_if_error = std::chrono::hours(1);
  size_t max_names = 10000;

  // One name, all servers and repetitions together.
  base::Duration timeout = std::chrono::seconds(5);
  // One query to one server.
  base::Duration query_timeout = std::chrono::seconds(2);
  int tries = 2;
  // Names being asked for at once; more wait for their turn. They cost sockets, not threads: one that hangs holds up no
  // other.
  size_t max_queries = 256;
  // "127.0.0.1:5353,[::1]:53"; empty: those of /etc/resolv.conf, read again when the file changes.
  std::string servers{};
};

// `clock` outlives the resolver. The resolver's destructor ends what is under way (each callback gets a failure) and
// joins its thread.
absl::StatusOr<std::unique_ptr<Resolver>> CreateSystemResolver(ResolverOptions options, const base::Clock& clock);

}  // namespace imbot::transport

#endif  // IMBOT_SERVICE_TRANSPORT_RESOLVER_H_
