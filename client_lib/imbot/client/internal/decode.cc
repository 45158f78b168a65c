#include "imbot/client/internal/decode.h"

#include <grpcpp/client_context.h>

#include <charconv>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "imbot/client/internal/grpc_wire.h"

namespace imbot::client::internal {
namespace {

// The trailer that says how a call went.
constexpr char kCall[] = "x-imbot-call";

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::system_clock;

Outcome OutcomeFrom(std::string_view name) {
  if (name == "NOT_EXECUTED") return Outcome::kNotExecuted;
  return name == "EXECUTED" ? Outcome::kExecuted : Outcome::kUnknown;
}

Actor ActorFrom(std::string_view name) {
  if (name == "CALLER") return Actor::kCaller;
  if (name == "OPERATOR") return Actor::kOperator;
  return name == "BITRIX24" ? Actor::kBitrix24 : Actor::kUnknown;
}

std::string Find(const std::map<std::string, std::string>& metadata, const char* key) {
  const auto it = metadata.find(key);
  return it == metadata.end() ? "" : it->second;
}

std::string Find(const Trailers& trailers, const char* key) {
  const auto it = trailers.find(key);
  return it == trailers.end() ? "" : it->second;
}

milliseconds FromProto(const google::protobuf::Duration& time) {
  // Up to a millisecond more, never less; and no value can overflow.
  const int64_t seconds = std::min<int64_t>(std::max<int64_t>(time.seconds(), 0), 1'000'000'000);
  return std::chrono::seconds(seconds) + milliseconds((std::max(time.nanos(), 0) + 999'999) / 1'000'000);
}

// Fills in what the details say; whether they say anything.
bool ReadDetails(const std::string& bytes, Error* error) {
  google::rpc::Status whole;
  if (bytes.empty() || !whole.ParseFromString(bytes)) return false;
  bool found = false;
  google::rpc::ErrorInfo info;
  google::rpc::RetryInfo retry;
  google::rpc::BadRequest bad_request;
  for (const auto& detail : whole.details()) {
    if (detail.UnpackTo(&info)) {
      found = true;
      error->reason = info.reason();
      error->domain = info.domain();
      for (const auto& [key, value] : info.metadata()) error->metadata.emplace(key, value);
    } else if (detail.UnpackTo(&retry)) {
      error->retry_delay = FromProto(retry.retry_delay());
    } else if (detail.UnpackTo(&bad_request)) {
      for (const auto& violation : bad_request.field_violations()) {
        error->violations.push_back({violation.field(), violation.description()});
      }
    }
  }
  return found;
}

// An answer without our details: from gRPC itself, or from something on the way.
void ReadBare(const AttemptResult& result, Error* error) {
  error->domain = kClientDomain;
  error->outcome = result.reached ? Outcome::kUnknown : Outcome::kNotExecuted;
  switch (result.status.error_code()) {
    case grpc::StatusCode::UNAVAILABLE:
      error->reason = result.reached ? kGatewayLost : kGatewayUnreachable;
      error->message = result.reached ? "the connection to the gateway broke before it answered: "
                                      : "no connection to the gateway, nothing was sent: ";
      break;
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      error->reason = kTimeout;
      error->message = "the gateway did not answer in time: ";
      break;
    case grpc::StatusCode::CANCELLED:
      error->reason = kStopped;
      error->message = "the call was cancelled before the gateway answered: ";
      break;
    default:
      error->reason = kNoDetails;
      error->message = "an answer without the details that a gateway gives: ";
  }
  error->message += result.status.error_message();
}

// The value of one member of a dictionary (RFC 9651), without its parameters and, of a string, its quotes (none that
// the gateway sends has anything to unescape); empty if it is not there.
std::string Member(const std::string& dictionary, absl::string_view name) {
  for (const absl::string_view member : absl::StrSplit(dictionary, ',')) {
    const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(member, absl::MaxSplits('=', 1));
    if (absl::StripAsciiWhitespace(parts.first) != name) continue;
    const std::vector<absl::string_view> whole = absl::StrSplit(parts.second, absl::MaxSplits(';', 1));
    absl::string_view value = absl::StripAsciiWhitespace(whole[0]);
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    return std::string(value);
  }
  return "";
}

std::optional<double> Number(const std::string& text) {
  double value = 0;
  if (text.empty() || !absl::SimpleAtod(text, &value) || !std::isfinite(value) || std::abs(value) > 1e12)
    return std::nullopt;
  return value;
}

std::optional<microseconds> Milliseconds(const std::string& text) {
  const auto value = Number(text);
  if (!value.has_value()) return std::nullopt;
  return microseconds(std::llround(*value * 1000));
}

}  // namespace

Error ErrorOf(const AttemptResult& result) {
  Error error;
  error.code = static_cast<absl::StatusCode>(result.status.error_code());
  error.message = result.status.error_message();
  if (ReadDetails(result.status.error_details(), &error)) {
    error.outcome = OutcomeFrom(Find(error.metadata, "outcome"));
    error.actor = ActorFrom(Find(error.metadata, "actor"));
    error.request_id = Find(error.metadata, "request_id");
    error.portal = Find(error.metadata, "portal");
    error.method = Find(error.metadata, "method");
    error.portal_code = Find(error.metadata, "code");
  } else {
    ReadBare(result, &error);
  }
  if (error.request_id.empty()) error.request_id = Member(Find(result.trailers, kCall), "request-id");
  return error;
}

CallInfo InfoOf(const Trailers& trailers) {
  CallInfo info;
  const std::string call = Find(trailers, kCall);
  info.request_id = Member(call, "request-id");
  info.queued = Milliseconds(Member(call, "queued-ms"));
  info.portal_time = Milliseconds(Member(call, "portal-duration-ms"));
  info.operating = Milliseconds(Member(call, "operating-ms"));
  if (const auto reset = Number(Member(call, "operating-reset-at")); reset.has_value()) {
    info.operating_reset_at = system_clock::time_point(std::chrono::seconds(std::llround(*reset)));
  }
  if (const auto size = Number(Member(call, "batch-size")); size.has_value() && *size < 1e6) {
    info.batch_size = static_cast<int>(*size);
  }
  return info;
}

Error OwnError(absl::StatusCode code, std::string_view reason, Outcome outcome, std::string message) {
  Error error;
  error.code = code;
  error.reason = reason;
  error.domain = kClientDomain;
  error.outcome = outcome;
  error.message = std::move(message);
  if (outcome == Outcome::kNotExecuted) error.actor = Actor::kCaller;
  return error;
}

}  // namespace imbot::client::internal

namespace imbot::client {

Error DecodeError(const grpc::Status& status, const grpc::ClientContext& context) {
  return internal::ErrorOf({.status = status,
                            .trailers = internal::TrailersOf(context),
                            .reached = !internal::NeverLeft(status, context.peer())});
}

CallInfo DecodeInfo(const grpc::ClientContext& context) {
  return internal::InfoOf(internal::TrailersOf(context));
}

}  // namespace imbot::client
