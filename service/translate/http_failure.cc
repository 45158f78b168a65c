#include "service/translate/http_failure.h"

#include <optional>
#include <utility>

#include "service/base/strings.h"
#include "service/translate/portal_text.h"

namespace imbot::translate {
namespace {

using absl::StatusCode;
using base::Outcome;

constexpr std::string_view kLook =
    ". It may have been done all the same: look before repeating what is not safe to repeat.";

std::string Describe(BodyKind kind, size_t size) {
  switch (kind) {
    case BodyKind::kEmpty:
      return "no body";
    case BodyKind::kHtml:
      return base::StrCat("an HTML page of ", size, " bytes instead of JSON");
    case BodyKind::kBrokenJson:
      return base::StrCat("JSON that is cut off or broken after ", size, " bytes");
    case BodyKind::kText:
      return base::StrCat(size, " bytes that are not JSON");
    case BodyKind::kJson:
      return "JSON without an error code";
  }
  return "a body";
}

// Host, and port unless it is the scheme's own, in lower case; empty for a reference without a host.
std::string HostOf(std::string_view url) {
  std::string_view own_port = ":443";
  if (const size_t scheme = url.find("://"); scheme != std::string_view::npos && url.find('/') > scheme) {
    if (base::EqualsIgnoreCase(url.substr(0, scheme), "http")) own_port = ":80";
    url.remove_prefix(scheme + 3);
  } else if (url.starts_with("//")) {
    url.remove_prefix(2);
  } else {
    return "";
  }
  url = url.substr(0, url.find_first_of("/?#\\"));
  if (const size_t user = url.rfind('@'); user != std::string_view::npos) url.remove_prefix(user + 1);
  if (url.ends_with(own_port)) url.remove_suffix(own_port.size());
  return base::ToLower(url);
}

HttpFailure Redirect(const Origin& origin) {
  const std::string_view location = base::Trim(origin.context.location);
  HttpFailure failure{.grpc = StatusCode::kFailedPrecondition, .reason = "REDIRECT_REFUSED", .actor = Actor::kOperator};
  const std::string target = HostOf(location);
  std::string own = HostOf(base::StrCat("//", origin.context.host));
  if (own.ends_with(":80")) own.resize(own.size() - 3);
  const bool elsewhere = !target.empty() && !origin.context.host.empty() && target != own;
  if (!elsewhere && location.find("coupon_activation") != std::string_view::npos) {
    // The page on which a self-hosted portal asks for its licence, shown before anything else runs.
    failure.advice = RetryAdvice::kNever;
    failure.outcome = Outcome::kNotExecuted;
    failure.text = "redirected to the page that activates its licence. The portal's licence has to be activated.";
    return failure;
  }
  if (elsewhere && location.find("/rest/") != std::string_view::npos) {
    // A portal that changed its address sends every call on, to the same path (page
    // settings/how-to-call-rest-api/change-domen.md).
    failure.reason = "PORTAL_MOVED";
    failure.advice = RetryAdvice::kNever;
    failure.outcome = Outcome::kNotExecuted;
    failure.text =
        base::StrCat("redirected to ", CleanPortalText(target, origin.context.secrets).text,
                     ". If the portal has moved there, write its new address into the gateway's configuration.");
    return failure;
  }
  const std::string where = target.empty() ? "another page" : CleanPortalText(target, origin.context.secrets).text;
  failure.text = base::StrCat("answered HTTP ", origin.http_status, ", a redirect to ", where,
                              ", which the gateway does not follow. Check the portal's address in its configuration.");
  return failure;
}

HttpFailure HttpStatus(const Origin& origin, const std::string& what, bool has_result) {
  const int status = origin.http_status;
  HttpFailure failure{.reason = "HTTP_STATUS"};
  failure.text = base::StrCat("answered HTTP ", status, " with ", what);
  const auto refused = [&](StatusCode grpc, Actor actor, std::string_view help) {
    failure.grpc = grpc;
    failure.actor = actor;
    // Refused before anything runs (WIRE_FACTS 8), unless there is a result after all.
    failure.outcome = has_result ? Outcome::kUnknown : Outcome::kNotExecuted;
    failure.advice = has_result ? RetryAdvice::kUnknownOutcome : RetryAdvice::kNever;
    failure.text.append(help);
  };
  switch (status) {
    case 401:
      refused(StatusCode::kFailedPrecondition, Actor::kOperator,
              ". The gateway's credentials for the portal have to be renewed.");
      return failure;
    case 413:
    case 414:
      refused(StatusCode::kInvalidArgument, Actor::kCaller, ". The request is too large for the portal.");
      return failure;
    case 429:
      refused(StatusCode::kResourceExhausted, Actor::kCaller, ". Wait, then repeat.");
      if (has_result) return failure;
      failure.advice = RetryAdvice::kWait;
      failure.retry_after = std::chrono::seconds(1);
      return failure;
    default:
      break;
  }
  if (status == 408 || (status >= 502 && status <= 504) || (status >= 520 && status <= 530)) {
    failure.grpc = StatusCode::kUnavailable;
  } else if (status >= 400 && status < 500) {
    failure.grpc = StatusCode::kFailedPrecondition;
    failure.actor = Actor::kOperator;
  }
  failure.text.append(kLook);
  return failure;
}

}  // namespace

BodyKind KindOf(std::string_view content_type, std::string_view body, bool parsed) {
  if (parsed) return BodyKind::kJson;
  const std::string_view text = base::Trim(body);
  if (text.empty()) return BodyKind::kEmpty;
  if (text.front() == '<' || base::ToLower(content_type).find("html") != std::string::npos) return BodyKind::kHtml;
  return text.front() == '{' || text.front() == '[' ? BodyKind::kBrokenJson : BodyKind::kText;
}

HttpFailure WithoutEnvelope(const Origin& origin, BodyKind kind, size_t size, bool has_result) {
  const int status = origin.http_status;
  if (status >= 300 && status < 400) return Redirect(origin);
  if (status < 200 || status >= 300) return HttpStatus(origin, Describe(kind, size), has_result);
  HttpFailure failure;
  switch (kind) {
    case BodyKind::kEmpty:
      failure.reason = "REPLY_EMPTY";
      failure.text = base::StrCat("answered HTTP ", status, " with no body", kLook);
      break;
    case BodyKind::kJson:
      failure.reason = "REPLY_MALFORMED";
      failure.text =
          base::StrCat("answered HTTP ", status, " with JSON that holds neither a result nor an error", kLook);
      break;
    default:
      failure.reason = "REPLY_NOT_JSON";
      failure.text = base::StrCat("answered HTTP ", status, " with ", Describe(kind, size), kLook);
  }
  return failure;
}

HttpFailure MissingAnswer() {
  HttpFailure failure{.reason = "BATCH_ANSWER_MISSING"};
  failure.text = base::StrCat("answered a batch, but not this call in it", kLook);
  return failure;
}

ParsedReply FromHttpFailure(const HttpFailure& failure, std::string_view method, const Origin& origin) {
  base::Error error = StartError(failure.grpc, failure.reason, base::StrCat(method, ": Bitrix24 ", failure.text),
                                 failure.actor, failure.outcome, method, origin);
  if (failure.retry_after.count() > 0) error.RetryAfter(failure.retry_after);
  ParsedReply reply;
  reply.status = error.Build();
  reply.advice = failure.advice;
  reply.outcome = failure.outcome;
  reply.actor = failure.actor;
  reply.retry_after = failure.retry_after;
  return reply;
}

}  // namespace imbot::translate
