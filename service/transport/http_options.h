// How the transport talks HTTP: one set for all loops.
#ifndef IMBOT_SERVICE_TRANSPORT_HTTP_OPTIONS_H_
#define IMBOT_SERVICE_TRANSPORT_HTTP_OPTIONS_H_

#include <chrono>
#include <cstddef>
#include <string>

#include "service/base/clock.h"
#include "service/base/secret.h"
#include "service/transport/address.h"

namespace imbot::transport {

// Move-only, since the proxy's URL is a secret: loops share one constant set. Limits are per loop.
struct HttpOptions {
  // Certificates that are trusted; both empty: the system's bundle. A folder (`ca_path`) is read again for every new
  // connection, a file is kept for a day.
  std::string ca_file;
  std::string ca_path;
  // `http://user:password@host:port`; empty: none, whatever the environment says. Everything goes through its CONNECT.
  // Its own address is the operator's choice, so the policy is not asked about it; and what the proxy resolves, nobody
  // here can check.
  base::Secret proxy;
  // Which addresses portals may have.
  AddressPolicy address_policy = AllowScopes({});

  // Over TLS, if the server offers it.
  bool http2 = true;
  // Requests on one HTTP/2 connection at once. 1, since libcurl 7.88 loses replies of the other streams when a server
  // ends a connection with GOAWAY, which nginx does after every 1,000 requests: they hang until their time is up (the
  // transport's README).
  size_t max_streams_per_connection = 1;
  // With more than one stream: wait for a host's first connection to tell whether it is HTTP/2, before a second one is
  // opened.
  bool wait_for_multiplex = true;
  size_t max_connections_per_host = 32;
  size_t max_connections = 512;

  base::Duration connect_timeout = std::chrono::seconds(10);
  // A kept connection that was idle for longer is not used again. Below the 60 to 75 s after which common servers
  // close: a request sent into a connection that is being closed ends with an unknown outcome.
  std::chrono::seconds max_idle{50};
  // A connection older than this is not used again, so that a portal's new address is noticed.
  std::chrono::seconds max_connection_age{600};
  std::chrono::seconds tcp_keepalive_idle{30};
  std::chrono::seconds tcp_keepalive_interval{10};

  size_t max_reply_bytes = size_t{32} << 20;
  size_t max_header_bytes = size_t{64} << 10;
};

}  // namespace imbot::transport

#endif  // IMBOT_SERVICE_TRANSPORT_HTTP_OPTIONS_H_
