// What a caller is told besides the response: the trailers, and the error as gRPC carries it.
//
// Trailers of a call share 8 KiB, the default limit of gRPC clients in most languages; beyond it a client sees an error
// about metadata instead of ours. So what is too long is cut here, from the least useful end, and says that it was cut.
// Pure functions; thread-safe.
#ifndef IMBOT_SERVICE_RPC_STATUS_TRAILERS_H_
#define IMBOT_SERVICE_RPC_STATUS_TRAILERS_H_

#include <grpcpp/support/status.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "service/rpc/call.h"

namespace imbot::rpc {

// Bytes that all trailers of a call may take on the wire, by HTTP/2's count of 32 for each beside name and value.
inline constexpr size_t kMaxTrailers = 8192;

// Name and value. The names are constants, which live for ever: gRPC takes its own copies, and of nothing but a string.
using Trailers = absl::InlinedVector<std::pair<const std::string*, std::string>, 3>;

// `x-imbot-call` always: a dictionary of RFC 9651 with `request-id` (a string; what the access log and an error's
// details call it too) and those of `queued-ms` (waiting for the portal), `portal-duration-ms`, `operating-ms` (what
// the method has used of its budget; these three with three decimals), `operating-reset-at` (Unix seconds) and
// `batch-size` that are known. One entry, for six cost a call as much as all of its translation, and its caller more.
// `x-imbot-superseded: true` for a call that was never sent, since a later one of its caller took its place
// (`x-imbot-collapse`).
Trailers InfoTrailers(std::string_view request_id, const CallInfo& info);

// OK for OK. Otherwise code, message and details (`grpc-status-details-bin`, a google.rpc.Status), cut so that they fit
// beside `trailers`.
grpc::Status ToGrpcStatus(const absl::Status& status, const Trailers& trailers);

}  // namespace imbot::rpc

#endif  // IMBOT_SERVICE_RPC_STATUS_TRAILERS_H_
