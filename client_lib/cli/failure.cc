#include "client_lib/cli/failure.h"

#include <cmath>
#include <cstdio>
#include <string_view>
#include <utility>
#include <vector>

#include "client_lib/cli/json_writer.h"
#include "client_lib/cli/method_page.h"
#include "client_lib/cli/text.h"

namespace imbot::cli {
namespace {

using client::Error;
using client::Outcome;

bool ReadsOnly(const FailedCall& call) {
  return call.retry == bitrix24::rest::RETRY_READ;
}

ExitCode CodeOfWhatWasNotExecuted(const Error& error) {
  switch (error.code) {
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
      return kRefused;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kUnimplemented:
      return kCallerError;
    case absl::StatusCode::kFailedPrecondition:
      return kPrecondition;
    case absl::StatusCode::kResourceExhausted:
      // Too large stays too large.
      return error.reason == "REQUEST_TOO_LARGE" || error.reason == "FILE_SIZE_EXCEEDED" ? kCallerError : kNotExecuted;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kCancelled:
      return kNotExecuted;
    default:
      return kFailed;
  }
}

bool IsNoGateway(const Error& error) {
  if (error.domain != client::kClientDomain) return false;
  return error.reason == client::kGatewayUnreachable ||
         (error.reason == client::kNoDetails && error.code == absl::StatusCode::kUnimplemented);
}

std::string OutcomeText(const Error& error, const FailedCall& call) {
  switch (error.outcome) {
    case Outcome::kNotExecuted:
      return "NOT_EXECUTED: nothing was done";
    case Outcome::kExecuted:
      return "EXECUTED: it was done, only its result is not to be had";
    case Outcome::kUnknown:
      break;
  }
  return ReadsOnly(call) ? "UNKNOWN: but it only reads, so nothing was changed" : "UNKNOWN: it may have been done";
}

std::string RepeatAdvice(const FailedCall& call) {
  if (call.retry == bitrix24::rest::RETRY_DEDUPLICATED && !call.idempotency_key.empty())
    return StrCat("repeat with --idempotency-key ", call.idempotency_key, ": then it is done once");
  return RepeatText(call.retry);
}

std::string Advice(const Error& error, const FailedCall& call, ExitCode code) {
  switch (code) {
    case kNoGateway:
      return StrCat("is a gateway running at ", call.address, "? ", call.address_flag,
                    " names another; --tls and --plaintext must be as the gateway has it");
    case kRefused:
      if (error.reason == "CALLER_TOKEN_MISSING")
        return "give the caller's token: --token-file FILE, or IMBOT_TOKEN in the environment";
      if (error.reason == "CALLER_TOKEN_WRONG")
        return "this gateway does not know the token: look at --token-file, IMBOT_TOKEN_FILE and IMBOT_TOKEN";
      return "whoever runs the gateway must allow it";
    case kCallerError:
      if (error.reason == "PORTAL_UNKNOWN") return "`imbot status` lists the portals that the gateway has";
      return error.method.empty() ? "" : StrCat("`imbot describe ", error.method, "` tells what it takes");
    case kPrecondition:
      return error.actor == client::Actor::kCaller ? "" : "whoever runs the gateway or the portal must act first";
    case kNotExecuted:
      return "repeat it";
    case kUnknownOutcome:
    case kInterrupted:
      return error.outcome == Outcome::kUnknown ? RepeatAdvice(call) : "";
    default:
      return "";
  }
}

std::string Seconds(std::chrono::milliseconds time) {
  char buffer[32];
  std::snprintf(buffer, sizeof(buffer), "%.3g s", static_cast<double>(time.count()) / 1000);
  return buffer;
}

std::string AsJson(const Error& error, const FailedCall& call, const std::string& message, ExitCode code) {
  JsonWriter writer(JsonWriter::Layout::kLine, Style(false));
  writer.BeginObject().Key("error").BeginObject();
  writer.Member("code", absl::StatusCodeToString(error.code)).Member("reason", error.reason);
  writer.Member("message", message).Member("outcome", client::OutcomeName(error.outcome));
  writer.Member("domain", error.domain).Key("exitCode").Integer(code);
  if (const std::string advice = Advice(error, call, code); !advice.empty()) writer.Member("advice", advice);
  if (error.retry_delay.has_value()) writer.Key("retryDelayMs").Integer(error.retry_delay->count());
  if (!error.violations.empty()) {
    writer.Key("violations").BeginList();
    for (const auto& violation : error.violations)
      writer.BeginObject().Member("field", violation.field).Member("description", violation.description).EndObject();
    writer.EndList();
  }
  if (!error.request_id.empty()) writer.Member("requestId", error.request_id);
  if (!error.portal.empty()) writer.Member("portal", error.portal);
  if (!error.method.empty()) writer.Member("method", error.method);
  if (!error.portal_code.empty()) writer.Member("portalCode", error.portal_code);
  if (!call.idempotency_key.empty()) writer.Member("idempotencyKey", call.idempotency_key);
  return StrCat(writer.EndObject().EndObject().text(), "\n");
}

}  // namespace

ExitCode CodeOf(const Error& error, const FailedCall& call) {
  if (call.interrupted) return kInterrupted;
  if (IsNoGateway(error)) return kNoGateway;
  if (error.reason == client::kTokenUnavailable || error.reason == client::kCallInvalid) return kUsage;
  if (error.outcome == Outcome::kExecuted) return kExecuted;
  if (error.outcome == Outcome::kUnknown) return ReadsOnly(call) ? kNotExecuted : kUnknownOutcome;
  return CodeOfWhatWasNotExecuted(error);
}

std::string FailureText(const Error& error, const FailedCall& call, const Console& console) {
  const ExitCode code = CodeOf(error, call);
  const std::string message = call.interrupted ? "interrupted before the gateway answered" : Printable(error.message);
  if (console.json) return AsJson(error, call, message, code);
  const Style& style = console.err;
  std::string text = StrCat(style.Bad("error:"), " ", message, "\n");
  for (const auto& violation : error.violations) {
    StrAppend(&text, "  ", style.Name(Printable(violation.field)), ": ", Printable(violation.description), "\n");
  }
  const auto line = [&](std::string_view name, std::string_view value) {
    if (!value.empty())
      StrAppend(&text, "  ", style.Dim(StrCat(name, std::string(10 - name.size(), ' '))), Printable(value), "\n");
  };
  line("reason", error.reason);
  line("outcome", OutcomeText(error, call));
  if (error.retry_delay.has_value()) line("retry", StrCat("in ", Seconds(*error.retry_delay)));
  line("to do", Advice(error, call, code));
  line("request", error.request_id);
  return text;
}

}  // namespace imbot::cli
