// The gRPC server: listeners, TLS, limits, health, channelz, and a shutdown in the order that loses no call.
//
// Owned by gateway.cc, which creates, drains and destroys it from its own thread. Never from an rpc's thread: gRPC
// would wait for that thread for ever.
#ifndef IMBOT_SERVICE_RPC_SERVER_H_
#define IMBOT_SERVICE_RPC_SERVER_H_

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "service/base/clock.h"
#include "service/rpc/acceptor.h"
#include "service/rpc/call_gate.h"
#include "service/rpc/completion_thread.h"
#include "service/rpc/connections.h"
#include "service/rpc/health.h"
#include "service/rpc/routes.h"
#include "service/rpc/tls.h"
#include "service/rpc/unary_rpc.h"

namespace imbot::rpc {

struct Listener {
  std::string address;            // of base::ParseHostPort; `[::]` takes IPv4 as well; port 0 takes a free one
  std::optional<TlsOptions> tls;  // unset: plain text
};

struct ServerOptions {
  std::vector<Listener> listeners;
  // Above CallLimits::max_request_bytes, so that requests that are a little too large get our error instead of gRPC's
  // own.
  int max_receive_bytes = 16 << 20;
  int max_send_bytes = -1;  // no limit
  // Of gRPC's own buffers. Connections are taken whatever is left of it.
  size_t memory_quota_bytes = size_t{512} << 20;
  int max_concurrent_streams = 1'000;  // of one connection
  // Pings to clients, so that a dead one is noticed; clients may ping every 10 seconds, with or without calls.
  std::chrono::milliseconds keepalive_time{60'000};
  std::chrono::milliseconds keepalive_timeout{20'000};
  // A connection is closed, and made anew by the client, after about this long: so that load spreads over new replicas.
  // 0: never.
  std::chrono::milliseconds max_connection_age{0};
  bool channelz = true;  // which knows the connections, and nothing of the listening sockets, since they are ours
  // Threads on which rpcs live; more are of use when one can't keep up with tens of thousands of calls a second. 0: one
  // for every two cores, at least one and at most eight.
  unsigned completion_threads = 0;
  // How long after BeginDrain() the listeners stay, answering new calls with UNAVAILABLE, while load balancers learn of
  // it.
  std::chrono::milliseconds drain_delay{0};
};

class Server {
 public:
  struct Parts {
    Routes routes;                          // what they refer to outlives the server
    std::vector<std::string> health_names;  // services whose health is told
    CallGate* gate = nullptr;               // outlives the server; what its services count their calls with
    // Answers the calls that are still under way when the grace is over, so that each of their callers learns what is
    // known of it. May block for a moment.
    std::function<void()> answer_all = nullptr;
  };
  // Listens and serves when it returns. UNAVAILABLE, naming every address that can't be listened on, and why: taken,
  // not this machine's, or with a certificate and key that are of no use.
  static absl::StatusOr<std::unique_ptr<Server>> Create(ServerOptions options, Parts parts);
  // Shuts down without grace if that has not been done.
  ~Server();

  // In the order of ServerOptions::listeners.
  const std::vector<int>& ports() const { return ports_; }
  Health& health() { return health_; }

  // Health says NOT_SERVING, then new calls are refused with SHUTTING_DOWN. Does not block; calls under way go on. Then
  // pollers are stopped and event streams closed, which is not the server's business.
  void BeginDrain();
  // BeginDrain(), if that has not been done; waits for the rest of the drain delay; then until no call is under way, or
  // `grace` has passed since now, which ends what is left; then stops gRPC. When it returns no rpc is running.
  // Whether nothing was cut short.
  bool Shutdown(std::chrono::milliseconds grace);

 private:
  Server(ServerOptions options, Parts parts);
  absl::Status Listen(grpc::ServerBuilder* builder);
  // With those of the server itself.
  const Routes& AllRoutes();
  // Takes rpcs from here on.
  void Begin();

  const ServerOptions options_;
  Parts parts_;
  Health health_;
  std::vector<int> ports_;
  UnaryService unary_service_;
  grpc::AsyncGenericService stream_service_;
  const std::shared_ptr<Connections> connections_ = std::make_shared<Connections>();
  std::vector<std::shared_ptr<CompletionThread>> threads_;  // ended when all rpcs have
  std::unique_ptr<grpc::Server> server_;
  Acceptor acceptor_;
  // Owner's thread only.
  std::optional<base::MonoTime> drain_began_;
  bool stopped_ = false;
};

// Makes every server created later tell about its connections and calls (grpc.channelz.v1). For the whole process,
// once; before threads.
void EnableChannelz();

}  // namespace imbot::rpc

#endif  // IMBOT_SERVICE_RPC_SERVER_H_
