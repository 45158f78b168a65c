// A reply that holds neither a result nor an error code: an HTTP status, a redirect, HTML, nothing at all.
//
// Part of ReplyParser. What is said here carries the gateway's own reasons; a body is described, never quoted.
// Stateless; thread-safe.
#ifndef IMBOT_SERVICE_TRANSLATE_HTTP_FAILURE_H_
#define IMBOT_SERVICE_TRANSLATE_HTTP_FAILURE_H_

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "service/base/error.h"
#include "service/translate/reply.h"
#include "service/translate/wire_error.h"

namespace imbot::translate {

struct HttpFailure {
  absl::StatusCode grpc = absl::StatusCode::kInternal;
  std::string_view reason = {};
  Actor actor = Actor::kBitrix24;
  RetryAdvice advice = RetryAdvice::kUnknownOutcome;
  base::Outcome outcome = base::Outcome::kUnknown;
  std::chrono::milliseconds retry_after{0};
  std::string text = {};  // after `METHOD: Bitrix24 `
};

enum class BodyKind { kEmpty, kHtml, kBrokenJson, kText, kJson };
BodyKind KindOf(std::string_view content_type, std::string_view body, bool parsed);

// `has_result`: the body is JSON with a result that the status, or its type, contradicts.
HttpFailure WithoutEnvelope(const Origin& origin, BodyKind kind, size_t size, bool has_result);
// A batch whose reply lacks one command's answer.
HttpFailure MissingAnswer();

ParsedReply FromHttpFailure(const HttpFailure& failure, std::string_view method, const Origin& origin);

}  // namespace imbot::translate

#endif  // IMBOT_SERVICE_TRANSLATE_HTTP_FAILURE_H_
