// Listens for callers' connections in gRPC's place, and hands them to it.
//
// gRPC keeps the sockets it accepts to itself, so that answers could not be sent together (Connections). And its
// listener ends for good when the process has no file descriptor left for a connection; this one goes on when there is
// one again.
//
// Owned by Server, used from its owner's thread.
#ifndef IMBOT_SERVICE_RPC_ACCEPTOR_H_
#define IMBOT_SERVICE_RPC_ACCEPTOR_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "service/base/file_descriptor.h"
#include "service/rpc/connections.h"

namespace imbot::rpc {

class Acceptor {
 public:
  // A connection, non-blocking. Called on the acceptor's thread.
  using Give = absl::AnyInvocable<void(base::FileDescriptor)>;

  // Keeps `connections` as it finds and loses them. What was sent and is not acknowledged for `user_timeout` ends a
  // connection (tcp(7), TCP_USER_TIMEOUT).
  Acceptor(std::shared_ptr<Connections> connections, std::chrono::milliseconds user_timeout);
  // Stops.
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  // Before Start(). Connections queue up from now on, and go to `give` once it has been started. `address` as of
  // base::ParseHostPort;
  // `[::]` takes IPv4 as well, and alone where the system has no IPv6. The port. INVALID_ARGUMENT: no such address;
  // UNAVAILABLE: with what the system says.
  absl::StatusOr<int> Listen(const std::string& address, Give give);
  // Once.
  void Start();
  // Nobody can connect any more, and no `give` is called again. What was given stays; it is not watched any more.
  void Stop();

 private:
  struct Listening {
    base::FileDescriptor socket;
    Give give;
  };
  struct Watched {
    std::string peer;
    std::shared_ptr<Connection> connection;
  };

  void Run();
  // Whether there may be more of them.
  bool AcceptOne(Listening& listening);
  void Watch(const std::string& peer, int socket);
  // While it is paused, whoever connects waits.
  void SetPaused(bool paused);
  bool Add(int fd, uint32_t events, uint64_t id) const;

  const std::shared_ptr<Connections> connections_;
  const std::chrono::milliseconds user_timeout_;
  const base::FileDescriptor epoll_, wake_;
  const bool ready_;
  std::vector<Listening> listening_;
  std::thread thread_;

  // The thread's.
  std::map<uint64_t, Watched> watched_;  // by id within the epoll set
  uint64_t last_id_ = 0;                 // of those and of the listening sockets
  bool paused_ = false;                  // nobody is accepted for a moment
  bool told_ = false;                    // that there was a shortage, and it has not ended
};

}  // namespace imbot::rpc

#endif  // IMBOT_SERVICE_RPC_ACCEPTOR_H_
