// From what gRPC reports to what a caller is told. Pure functions; thread-safe.
#ifndef IMBOT_CLIENT_INTERNAL_DECODE_H_
#define IMBOT_CLIENT_INTERNAL_DECODE_H_

#include <string>
#include <string_view>

#include "imbot/client/call_info.h"
#include "imbot/client/error.h"
#include "imbot/client/internal/wire.h"

namespace imbot::client::internal {

// REQUIRES: the status is not OK.
Error ErrorOf(const AttemptResult& result);
// `attempts`, `idempotency_key` and `found_done` are left to the caller.
CallInfo InfoOf(const Trailers& trailers);

// An error of the client's own.
Error OwnError(absl::StatusCode code, std::string_view reason, Outcome outcome, std::string message);

}  // namespace imbot::client::internal

#endif  // IMBOT_CLIENT_INTERNAL_DECODE_H_
