#include "service/portal/failure_status.h"

#include <chrono>
#include <string>

#include "service/base/error.h"
#include "service/base/strings.h"

namespace imbot::portal {

using base::Error;
using base::Outcome;

absl::Status FailureStatus(const transport::Failure& failure, std::string_view method, std::string_view portal,
                           Effect effect) {
  using Kind = transport::Failure::Kind;
  absl::StatusCode code = absl::StatusCode::kUnavailable;
  std::string_view reason = "TRANSPORT_FAILED";
  std::string_view advice = failure.sent ? "It may have executed the call." : "Nothing was sent; repeat.";
  switch (failure.kind) {
    case Kind::kDns:
      reason = "DNS_FAILED";
      break;
    case Kind::kConnect:
      reason = "CONNECT_FAILED";
      break;
    case Kind::kTls:
      code = absl::StatusCode::kFailedPrecondition;
      reason = "TLS_FAILED";
      if (!failure.sent)
        advice = "Nothing was sent; the operator has to look at the portal's certificate and the gateway's CA.";
      break;
    case Kind::kBlocked:
      code = absl::StatusCode::kFailedPrecondition;
      reason = "ADDRESS_REFUSED";
      if (!failure.sent) advice = "Nothing was sent; the operator has to look at the portal's address.";
      break;
    case Kind::kTimeout:
      reason = "PORTAL_TIMEOUT";
      break;
    case Kind::kReset:
      break;
    case Kind::kAborted:
      code = absl::StatusCode::kCancelled;
      reason = "CANCELLED_BY_CALLER";
      if (!failure.sent) advice = "Nothing was executed.";
      break;
    case Kind::kReplyTooLarge:
      code = absl::StatusCode::kResourceExhausted;
      reason = "REPLY_TOO_LARGE";
      advice = "It has probably executed the call.";
      break;
    case Kind::kBadReply:
      reason = "REPLY_MALFORMED";
      break;
    case Kind::kStopped:
      reason = "SHUTTING_DOWN";
      break;
  }
  const bool executed_perhaps = failure.sent && effect == Effect::kMayChange;
  if (failure.sent && effect == Effect::kReadsOnly) advice = "Nothing was changed; repeat.";
  Error error(code, reason,
              base::StrCat(method, ": no reply from portal ", portal, ": ", failure.message, ". ", advice));
  error.SetOutcome(executed_perhaps ? Outcome::kUnknown : Outcome::kNotExecuted)
      .Metadata("method", method)
      .Metadata("portal", portal);
  if (!executed_perhaps && code == absl::StatusCode::kUnavailable) error.RetryAfter(std::chrono::seconds(1));
  return error.Build();
}

}  // namespace imbot::portal
