// Who is at the other end of a connection, as far as the connection itself proves it. Stateless; thread-safe.
#ifndef IMBOT_SERVICE_RPC_PEER_H_
#define IMBOT_SERVICE_RPC_PEER_H_

#include <grpcpp/server_context.h>

#include <string>
#include <string_view>

#include "service/rpc/call.h"

namespace imbot::rpc {

// Of a call that has not ended.
Peer PeerOf(const grpc::ServerContextBase& context);
// An address as gRPC writes it, for people: `ipv6:%5B::1%5D:4711` is `[::1]:4711`.
std::string PlainAddress(std::string_view uri);

}  // namespace imbot::rpc

#endif  // IMBOT_SERVICE_RPC_PEER_H_
