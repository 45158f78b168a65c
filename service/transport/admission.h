// Decides which transfers are with curl at once: so many connections per host, so many in all, and hosts that wait take
// turns.
//
// Why not curl's own limits: what exceeds them waits in one list for all hosts, of which curl 7.88 looks at the first
// entry only, once per transfer that ends (multi.c, process_pending_handles). A host that hangs, at its limit and first
// in that list, would hold up the others. For the same reason, waiting for a first connection to tell whether it takes
// several requests at once (CURLOPT_PIPEWAIT) is done here. Owned by the transport of one loop. Loop thread only. Knows
// no curl and no time.
#ifndef IMBOT_SERVICE_TRANSPORT_ADMISSION_H_
#define IMBOT_SERVICE_TRANSPORT_ADMISSION_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"

namespace imbot::transport {

class Admission {
 public:
  struct Limits {
    size_t connections_per_host = 0;
    size_t connections = 0;
    size_t streams_per_connection = 0;
    // Whether a host's first connection is waited for before a second is opened, if it could turn out to be HTTP/2.
    bool wait_for_multiplex = true;
  };
  explicit Admission(Limits limits) : limits_(limits) {}

  // `id` waits its turn; `may_multiplex`: the connection could turn out to be HTTP/2.
  void Add(const std::string& host, uint64_t id, bool may_multiplex);
  // The next transfer that may start now; from then on it counts, until Remove.
  std::optional<uint64_t> Next();
  // A transfer to `host` has its connection, which takes several requests at once or doesn't.
  void Connected(const std::string& host, bool multiplex);
  // The transfer has ended, or gave up waiting. Each Add is followed by one Remove.
  void Remove(const std::string& host, uint64_t id);

  size_t waiting() const { return waiting_; }

 private:
  enum class Kind { kUnknown, kSingle, kMultiplex };
  struct Host {
    Kind kind = Kind::kUnknown;
    bool may_multiplex = false;
    size_t active = 0;
    std::deque<uint64_t> waiting;
  };

  // Connections that `active` transfers need.
  size_t Need(const Host& host, size_t active) const;
  bool MayStart(const Host& host) const;

  const Limits limits_;
  absl::flat_hash_map<std::string, Host> hosts_;  // those with transfers, active or waiting
  std::deque<std::string> turns_;                 // hosts with waiting transfers, each once
  size_t needed_ = 0;                             // connections of all hosts
  size_t waiting_ = 0;
};

}  // namespace imbot::transport

#endif  // IMBOT_SERVICE_TRANSPORT_ADMISSION_H_
