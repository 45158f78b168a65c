#include "imbot/client/error.h"

#include <ostream>

#include "absl/strings/str_cat.h"

namespace imbot::client {

std::string_view OutcomeName(Outcome outcome) {
  switch (outcome) {
    case Outcome::kNotExecuted:
      return "NOT_EXECUTED";
    case Outcome::kExecuted:
      return "EXECUTED";
    case Outcome::kUnknown:
      break;
  }
  return "UNKNOWN";
}

std::string_view ActorName(Actor actor) {
  switch (actor) {
    case Actor::kCaller:
      return "CALLER";
    case Actor::kOperator:
      return "OPERATOR";
    case Actor::kBitrix24:
      return "BITRIX24";
    case Actor::kUnknown:
      break;
  }
  return "UNKNOWN";
}

bool Error::Is(gateway::v1::ErrorReason wanted) const {
  constexpr std::string_view kPrefix = "ERROR_REASON_";
  const std::string& name = gateway::v1::ErrorReason_Name(wanted);
  // A client's own reasons are no gateway's, whatever they are called.
  return domain != kClientDomain && name.size() > kPrefix.size() && reason == name.substr(kPrefix.size());
}

std::string Error::ToString() const {
  std::string text = absl::StatusCodeToString(code);
  text.append(" ").append(reason).append(" (").append(OutcomeName(outcome)).append("): ").append(message);
  for (const FieldViolation& violation : violations) {
    absl::StrAppend(&text, &violation == violations.data() ? " [" : "; ", violation.field, ": ", violation.description);
  }
  if (!violations.empty()) text += "]";
  if (retry_delay.has_value()) absl::StrAppend(&text, " retry after ", retry_delay->count(), " ms");
  if (!request_id.empty()) absl::StrAppend(&text, " request ", request_id);
  return text;
}

absl::Status Error::ToStatus() const {
  return absl::Status(code, ToString());
}

std::ostream& operator<<(std::ostream& out, const Error& error) {
  return out << error.ToString();
}

}  // namespace imbot::client
