// Errors as callers see them: the one place where they are built.
//
// Every error is an absl::Status that carries a whole google.rpc.Status: ErrorInfo always, RetryInfo where waiting
// helps, BadRequest where the caller got fields wrong. The rpc layer sends it as it is. Messages say what to do and
// hold no secret.
#ifndef IMBOT_SERVICE_BASE_ERROR_H_
#define IMBOT_SERVICE_BASE_ERROR_H_

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace imbot::base {

inline constexpr std::string_view kBitrixDomain = "bitrix24.com";
inline constexpr std::string_view kGatewayDomain = "imbot-gateway";

// What is known about the portal's side of a call that failed.
enum class Outcome {
  kNotExecuted,  // Proved: the portal did nothing.
  kExecuted,     // The change is proved, its result can't be used.
  kUnknown,      // Neither is proved.
};
std::string_view OutcomeName(Outcome outcome);  // NOT_EXECUTED, EXECUTED, UNKNOWN

// Builds one error. Thread-compatible.
//   return Error(absl::StatusCode::kNotFound, "BOT_UNKNOWN", "no bot ...").Metadata("portal", portal).Build();
class Error {
 public:
  // `reason` is the text of imbot.gateway.v1.ErrorReason without its prefix. The domain starts as kGatewayDomain, the
  // outcome as kNotExecuted: the gateway's own refusals happen before anything is sent.
  Error(absl::StatusCode code, std::string_view reason, std::string message);

  Error& Domain(std::string_view domain);
  Error& SetOutcome(Outcome outcome);
  Error& Metadata(std::string_view key, std::string_view value);
  Error& RetryAfter(std::chrono::milliseconds delay);
  // `path` in JSON names, from 0: `FIELDS.LANG[0].TITLE`.
  Error& Violation(std::string_view path, std::string_view description);
  bool has_violations() const { return bad_request_.field_violations_size() > 0; }

  [[nodiscard]] absl::Status Build() const;

 private:
  absl::StatusCode code_;
  std::string message_;
  google::rpc::ErrorInfo info_;
  google::rpc::BadRequest bad_request_;
  std::optional<google::rpc::RetryInfo> retry_;
};

// The google.rpc.Status inside a status built here; a status from elsewhere becomes reason INTERNAL, its text replaced,
// since nobody vouches that it holds no secret.
google::rpc::Status ToRpcStatus(const absl::Status& status);
// The status that holds this one: what ToRpcStatus() gave becomes the same error again.
absl::Status FromRpcStatus(const google::rpc::Status& whole);
// ErrorInfo.reason, or "" for OK.
std::string ReasonOf(const absl::Status& status);
// ErrorInfo metadata `outcome`, or "" for OK.
std::string OutcomeOf(const absl::Status& status);
// The same error with another outcome; `prefix` is put before its message.
absl::Status WithOutcome(const absl::Status& status, Outcome outcome, std::string_view prefix);
// The same error with one more entry in ErrorInfo's metadata (`request_id`, `portal`, `method`); an existing key is
// kept.
absl::Status WithMetadata(const absl::Status& status, std::string_view key, std::string_view value);

}  // namespace imbot::base

#endif  // IMBOT_SERVICE_BASE_ERROR_H_
