// Why a call failed, and whether it may have been executed all the same.
//
// A gateway's errors carry all of this (imbot/gateway/v1/errors.proto lists the reasons). Errors that never came from a
// gateway have domain `imbot-client` and one of the reasons below. Plain values; thread-compatible.
#ifndef IMBOT_CLIENT_ERROR_H_
#define IMBOT_CLIENT_ERROR_H_

#include <chrono>
#include <iosfwd>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "imbot/gateway/v1/errors.pb.h"

namespace grpc {
class ClientContext;
class Status;
}  // namespace grpc

namespace imbot::client {

// What is known about the portal's side of a call that failed, over all of its attempts.
enum class Outcome {
  kNotExecuted,  // proved: nothing was done
  kExecuted,     // proved: it was done, only its result is not to be had
  kUnknown,      // neither is proved: look before repeating what is not safe to repeat
};
std::string_view OutcomeName(Outcome outcome);  // NOT_EXECUTED, EXECUTED, UNKNOWN

// Who must act before the call can succeed.
enum class Actor {
  kUnknown,   // the error does not say
  kCaller,    // mend the request, or wait
  kOperator,  // whoever runs the gateway and its portals
  kBitrix24,  // the portal itself failed
};
std::string_view ActorName(Actor actor);  // UNKNOWN, CALLER, OPERATOR, BITRIX24

struct FieldViolation {
  std::string field;  // path in JSON names, from 0: `fields.keyboard.BUTTONS[2].LINK`
  std::string description;
};

// Domain and reasons of what never came from a gateway.
inline constexpr std::string_view kClientDomain = "imbot-client";
// No connection to any gateway; nothing was sent.
inline constexpr std::string_view kGatewayUnreachable = "GATEWAY_UNREACHABLE";
// The connection broke, or a proxy on the way answered, after the request may have left.
inline constexpr std::string_view kGatewayLost = "GATEWAY_LOST";
// The time ran out before an answer came.
inline constexpr std::string_view kTimeout = "TIMEOUT";
// CallOptions::stop was used.
inline constexpr std::string_view kStopped = "STOPPED";
// CallOptions or the request are not valid; nothing was sent.
inline constexpr std::string_view kCallInvalid = "CALL_INVALID";
// The token can't be had; nothing was sent.
inline constexpr std::string_view kTokenUnavailable = "TOKEN_UNAVAILABLE";
// Any other answer without details, such as that of a server which is no gateway.
inline constexpr std::string_view kNoDetails = "NO_DETAILS";

struct Error {
  absl::StatusCode code = absl::StatusCode::kUnknown;
  std::string message;  // for people; says what to do, and holds no secret
  // The error's name: that of an imbot.gateway.v1.ErrorReason without its prefix, one of the portal's own codes in
  // capitals, or one of the reasons above.
  std::string reason;
  std::string domain;  // `imbot-gateway`, `bitrix24.com` or kClientDomain
  Outcome outcome = Outcome::kUnknown;
  Actor actor = Actor::kUnknown;
  // Waiting this long helps. Unset: waiting does not help, or nobody knows how long.
  std::optional<std::chrono::milliseconds> retry_delay;
  std::vector<FieldViolation> violations;       // what the caller got wrong, every field at once
  std::string request_id;                       // for whoever runs the gateway; of the last attempt
  std::string portal;                           // empty where it is not known
  std::string method;                           // REST name, `imbot.v2.Chat.Message.send`; empty where it is not known
  std::string portal_code;                      // the portal's code as it came; empty if the portal said nothing
  std::map<std::string, std::string> metadata;  // all of ErrorInfo's metadata, the above among it

  // Whether `reason` is this one.
  bool Is(gateway::v1::ErrorReason reason) const;
  // One line for a log: code, reason, outcome, message, violations, request id.
  std::string ToString() const;
  // The code and ToString(), for code that hands absl::Status on.
  absl::Status ToStatus() const;
};

std::ostream& operator<<(std::ostream& out, const Error& error);

// The error of a call or stream that was made with a generated stub. REQUIRES: `status` is not OK and came from the
// call that `context` was for, which is over.
[[nodiscard]] Error DecodeError(const grpc::Status& status, const grpc::ClientContext& context);

}  // namespace imbot::client

#endif  // IMBOT_CLIENT_ERROR_H_
