// What a portal answered, told apart: a result, or an error with everything that is known about it.
//
// Classification is by Bitrix24's code, never by the HTTP status, since the two disagree between versions (ERRORS table; WIRE_FACTS 1.6);
// the status decides only where there is no code. A body that is HTML, empty, cut off or not JSON becomes a clear status too.
// Thread-compatible: the parser inside is reused, so a ParsedReply lives until the next Parse().
#ifndef IMBOT_SERVICE_TRANSLATE_REPLY_H_
#define IMBOT_SERVICE_TRANSLATE_REPLY_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "service/base/json.h"

namespace imbot::translate {

// What a failed call allows next; see ERRORS table, column Retry.
enum class RetryAdvice {
  kNever,             // an answer, or a rejection that waiting does not mend
  kWait,              // rejected before execution: repeat after a pause
  kRepairAuth,        // rejected before execution: once, after refreshing the credential
  kWaitSameIdentity,  // MESSAGE_DUPLICATED_BY_UUID: unknown; wait and repeat with the same templateId
  kUnknownOutcome,    // may have been executed: only methods that may be repeated blindly
};

struct ReplyTime {
  std::optional<std::chrono::microseconds> duration;
  std::optional<double> operating;
  std::optional<int64_t> operating_reset_at;
};

struct ParsedReply {
  absl::Status status;           // OK: `result` holds the answer
  RetryAdvice advice = RetryAdvice::kNever;
  std::string code;              // Bitrix24's code verbatim; empty if there was none
  base::json::Value result;
  std::optional<int64_t> next;   // of a list
  std::optional<int64_t> total;
  ReplyTime time;
};

class ReplyParser {
 public:
  // `method` and `portal` go into the error's metadata.
  ParsedReply Parse(int http_status, std::string_view content_type, std::string_view body, std::string_view method, std::string_view portal);

 private:
  base::json::Parser parser_;
};

}  // namespace imbot::translate

#endif  // IMBOT_SERVICE_TRANSLATE_REPLY_H_
