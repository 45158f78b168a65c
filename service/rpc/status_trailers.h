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
#include <vector>

#include "absl/status/status.h"
#include "service/rpc/call.h"

namespace imbot::rpc {

// Bytes that all trailers of a call may take on the wire, by HTTP/2's count of 32 for each beside name and value.
inline constexpr size_t kMaxTrailers = 8192;

using Trailers = std::vector<std::pair<std::string, std::string>>;

// `x-imbot-request-id` always; the rest where it is known: `x-imbot-queued-ms` and `x-imbot-portal-duration-ms`
// (milliseconds with three decimals), `x-imbot-operating` (seconds), `x-imbot-operating-reset-at` (Unix seconds),
// `x-imbot-batch-size`; `x-imbot-superseded: true` for a call that was never sent, since a later one of its caller took
// its place (`x-imbot-collapse`).
Trailers InfoTrailers(std::string_view request_id, const CallInfo& info);

// OK for OK. Otherwise code, message and details (`grpc-status-details-bin`, a google.rpc.Status), cut so that they fit
// beside `trailers`.
grpc::Status ToGrpcStatus(const absl::Status& status, const Trailers& trailers);

}  // namespace imbot::rpc

#endif  // IMBOT_SERVICE_RPC_STATUS_TRAILERS_H_
