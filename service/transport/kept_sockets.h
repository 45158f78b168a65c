// The sockets of one loop's connections, found by their two ends: libcurl 7.88 tells a transfer which ends the
// connection has that it was given, not which socket.
//
// Owned by a CurlLoop, and outlives its CURLM, which reports the sockets it closes. Loop thread only.
#ifndef IMBOT_SERVICE_TRANSPORT_KEPT_SOCKETS_H_
#define IMBOT_SERVICE_TRANSPORT_KEPT_SOCKETS_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "service/transport/address.h"

namespace imbot::transport {

// One end of a connection.
struct SocketEnd {
  std::string_view address;  // "192.0.2.1", "2001:db8::1"
  int port = 0;
};

class KeptSockets {
 public:
  // A socket that is about to be connected.
  void Opened(int socket) { unnamed_.push_back(socket); }
  // Before it is closed.
  void Closing(int socket);

  // Whether something waits to be read, be it the connection's end. False for a connection that is not known.
  bool HasInput(const SocketEnd& own, const SocketEnd& peer);

  size_t size() const { return unnamed_.size() + by_ends_.size(); }

 private:
  void NameThem();

  std::vector<int> unnamed_;  // of which nobody has asked yet
  absl::flat_hash_map<std::string, int> by_ends_;
};

}  // namespace imbot::transport

#endif  // IMBOT_SERVICE_TRANSPORT_KEPT_SOCKETS_H_
