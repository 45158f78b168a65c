#include "service/base/error.h"

#include <utility>

#include "absl/strings/cord.h"
#include "service/base/strings.h"

namespace imbot::base {
namespace {

constexpr char kPayloadUrl[] = "type.googleapis.com/google.rpc.Status";

bool ReadPayload(const absl::Status& status, google::rpc::Status* out) {
  const auto payload = status.GetPayload(kPayloadUrl);
  return payload.has_value() && out->ParseFromString(std::string(*payload));
}

bool ReadInfo(const absl::Status& status, google::rpc::ErrorInfo* out) {
  google::rpc::Status whole;
  if (!ReadPayload(status, &whole)) return false;
  for (const auto& detail : whole.details()) {
    if (detail.UnpackTo(out)) return true;
  }
  return false;
}

}  // namespace

std::string_view OutcomeName(Outcome outcome) {
  switch (outcome) {
    case Outcome::kNotExecuted:
      return "NOT_EXECUTED";
    case Outcome::kExecuted:
      return "EXECUTED";
    case Outcome::kUnknown:
      return "UNKNOWN";
  }
  return "UNKNOWN";
}

Error::Error(absl::StatusCode code, std::string_view reason, std::string message)
    : code_(code), message_(std::move(message)) {
  info_.set_reason(std::string(reason));
  info_.set_domain(std::string(kGatewayDomain));
  SetOutcome(Outcome::kNotExecuted);
}

Error& Error::Domain(std::string_view domain) {
  info_.set_domain(std::string(domain));
  return *this;
}

Error& Error::SetOutcome(Outcome outcome) {
  return Metadata("outcome", OutcomeName(outcome));
}

Error& Error::Metadata(std::string_view key, std::string_view value) {
  (*info_.mutable_metadata())[std::string(key)] = std::string(value);
  return *this;
}

Error& Error::RetryAfter(std::chrono::milliseconds delay) {
  auto* duration = retry_.emplace().mutable_retry_delay();
  duration->set_seconds(delay.count() / 1000);
  duration->set_nanos(static_cast<int32_t>(delay.count() % 1000) * 1'000'000);
  return *this;
}

Error& Error::Violation(std::string_view path, std::string_view description) {
  auto* violation = bad_request_.add_field_violations();
  violation->set_field(std::string(path));
  violation->set_description(std::string(description));
  return *this;
}

absl::Status Error::Build() const {
  google::rpc::Status whole;
  whole.set_code(static_cast<int>(code_));
  whole.set_message(message_);
  whole.add_details()->PackFrom(info_);
  if (retry_.has_value()) whole.add_details()->PackFrom(*retry_);
  if (has_violations()) whole.add_details()->PackFrom(bad_request_);
  return FromRpcStatus(whole);
}

absl::Status FromRpcStatus(const google::rpc::Status& whole) {
  absl::Status status(static_cast<absl::StatusCode>(whole.code()), whole.message());
  if (!status.ok()) status.SetPayload(kPayloadUrl, absl::Cord(whole.SerializeAsString()));
  return status;
}

google::rpc::Status ToRpcStatus(const absl::Status& status) {
  google::rpc::Status whole;
  if (status.ok()) return whole;
  if (ReadPayload(status, &whole)) return whole;
  return ToRpcStatus(Error(status.code(), "INTERNAL", "internal error of the gateway; its log holds the request id")
                         .SetOutcome(Outcome::kUnknown)
                         .Build());
}

std::string ReasonOf(const absl::Status& status) {
  if (status.ok()) return "";
  google::rpc::ErrorInfo info;
  return ReadInfo(status, &info) ? info.reason() : "INTERNAL";
}

std::string OutcomeOf(const absl::Status& status) {
  if (status.ok()) return "";
  google::rpc::ErrorInfo info;
  if (!ReadInfo(status, &info)) return "UNKNOWN";
  const auto it = info.metadata().find("outcome");
  return it == info.metadata().end() ? "UNKNOWN" : it->second;
}

namespace {

// The same error after `change` of its ErrorInfo.
template <typename Change>
absl::Status WithInfo(const absl::Status& status, google::rpc::Status whole, const Change& change) {
  for (auto& detail : *whole.mutable_details()) {
    google::rpc::ErrorInfo info;
    if (!detail.UnpackTo(&info)) continue;
    change(info);
    detail.PackFrom(info);
  }
  absl::Status result(status.code(), whole.message());
  result.SetPayload(kPayloadUrl, absl::Cord(whole.SerializeAsString()));
  return result;
}

}  // namespace

absl::Status WithOutcome(const absl::Status& status, Outcome outcome, std::string_view prefix) {
  if (status.ok()) return status;
  google::rpc::Status whole = ToRpcStatus(status);
  whole.set_message(StrCat(prefix, whole.message()));
  return WithInfo(status, std::move(whole), [outcome](google::rpc::ErrorInfo& info) {
    (*info.mutable_metadata())["outcome"] = std::string(OutcomeName(outcome));
  });
}

absl::Status WithMetadata(const absl::Status& status, std::string_view key, std::string_view value) {
  if (status.ok()) return status;
  return WithInfo(status, ToRpcStatus(status), [key, value](google::rpc::ErrorInfo& info) {
    info.mutable_metadata()->insert({std::string(key), std::string(value)});
  });
}

}  // namespace imbot::base
