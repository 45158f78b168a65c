// A parsed reply in one line, for tables of expectations:
//   OK 42 next=50 total=120 duration=1500us operating=0.5 reset=1724917000
//   INVALID_ARGUMENT EMPTY_MESSAGE NOT_EXECUTED
//   RESOURCE_EXHAUSTED QUERY_LIMIT_EXCEEDED NOT_EXECUTED retry=1000ms
#ifndef IMBOT_TESTS_TRANSLATE_REPLY_SUMMARY_H_
#define IMBOT_TESTS_TRANSLATE_REPLY_SUMMARY_H_

#include <sstream>
#include <string>

#include "service/base/error.h"
#include "service/translate/reply.h"

namespace imbot::translate {

struct ErrorDetails {
  google::rpc::Status whole;
  google::rpc::ErrorInfo info;
  google::rpc::BadRequest bad_request;
  int64_t retry_ms = 0;
  int infos = 0;

  std::string Meta(const std::string& key) const {
    const auto it = info.metadata().find(key);
    return it == info.metadata().end() ? "(none)" : it->second;
  }
};

inline ErrorDetails DetailsOf(const absl::Status& status) {
  ErrorDetails details;
  details.whole = base::ToRpcStatus(status);
  for (const auto& any : details.whole.details()) {
    google::rpc::RetryInfo retry;
    if (any.UnpackTo(&details.info)) {
      ++details.infos;
    } else if (any.UnpackTo(&retry)) {
      details.retry_ms = retry.retry_delay().seconds() * 1000 + retry.retry_delay().nanos() / 1'000'000;
    } else {
      any.UnpackTo(&details.bad_request);
    }
  }
  return details;
}

inline std::string Summary(const ParsedReply& reply) {
  std::ostringstream out;
  if (!reply.status.ok()) {
    const ErrorDetails details = DetailsOf(reply.status);
    out << absl::StatusCodeToString(reply.status.code()) << ' ' << details.info.reason() << ' '
        << details.Meta("outcome");
    if (details.retry_ms > 0) out << " retry=" << details.retry_ms << "ms";
    return out.str();
  }
  out << "OK " << reply.result.ToText();
  if (reply.next) out << " next=" << *reply.next;
  if (reply.total) out << " total=" << *reply.total;
  if (reply.time.duration) out << " duration=" << reply.time.duration->count() << "us";
  if (reply.time.operating) out << " operating=" << *reply.time.operating;
  if (reply.time.operating_reset_at) out << " reset=" << *reply.time.operating_reset_at;
  return out.str();
}

}  // namespace imbot::translate

#endif  // IMBOT_TESTS_TRANSLATE_REPLY_SUMMARY_H_
