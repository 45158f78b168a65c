// The callers' connections of one server, as the kernel has them.
//
// gRPC writes each answer by itself, a system call and a packet for each, though those to the commands of one batch
// come together and many of them go to the same connection. Corked, a connection gathers what gRPC writes and sends it
// at once when it is let go: a gateway under load then takes a tenth less CPU, and its callers are woken less often.
#ifndef IMBOT_SERVICE_RPC_CONNECTIONS_H_
#define IMBOT_SERVICE_RPC_CONNECTIONS_H_

#include <sys/socket.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "service/base/file_descriptor.h"
#include "service/base/mutex.h"

namespace imbot::rpc {

// Holds the socket of one beside gRPC, so that its number can't become another's: each connection takes two file
// descriptors. Thread-safe.
class Connection {
 public:
  explicit Connection(base::FileDescriptor socket) : socket_(std::move(socket)) {}

  // What is written waits until it is let go; if that does not come, for 200 ms (tcp(7), TCP_CORK). A connection that
  // has ended, or that the kernel can't do it for, stays as it is.
  void Cork() { SetCork(1); }
  void Uncork() { SetCork(0); }

  int socket() const { return socket_.get(); }

 private:
  void SetCork(int on);

  const base::FileDescriptor socket_;
};

// Those that are open, by their peer as grpc::ServerContext::peer() writes it. Thread-safe. Shared by whoever accepts
// connections and by the threads that answer on them.
class Connections {
 public:
  // One that had the same peer before is found no more: it has ended, or came to another address of this server.
  void Add(std::string peer, std::shared_ptr<Connection> connection) IMBOT_EXCLUDES(mutex_);
  // Does nothing if another has taken its place.
  void Remove(const std::string& peer, const Connection& connection) IMBOT_EXCLUDES(mutex_);
  // Null if there is none.
  std::shared_ptr<Connection> Find(const std::string& peer) const IMBOT_EXCLUDES(mutex_);
  size_t size() const IMBOT_EXCLUDES(mutex_);

 private:
  mutable base::Mutex mutex_;
  absl::flat_hash_map<std::string, std::shared_ptr<Connection>> open_ IMBOT_GUARDED_BY(mutex_);
};

// As gRPC writes it: `ipv4:192.0.2.1:4711`, `ipv6:%5B2001:db8::1%5D:4711`; an IPv4 address within an IPv6 one
// (RFC 4291, 2.5.5.2) as the former; `%252` after one of link 2. "" for any other family.
std::string PeerUri(const sockaddr_storage& address);

}  // namespace imbot::rpc

#endif  // IMBOT_SERVICE_RPC_CONNECTIONS_H_
