// What a portal answered, told apart: a result, or an error with everything that is known about it.
//
// Classification is by Bitrix24's code, never by the HTTP status, since the two disagree between versions
// (WIRE_FACTS 1.6); the status decides only where there is no code. A body that is HTML, empty, cut off or not JSON
// becomes a clear status too. Texts of the portal are cleaned of secrets before they get into a status; a body that is
// no envelope is never quoted. Thread-compatible: the JSON parser inside is reused, so what was parsed lives until the
// next Parse() or ParseBatch().
#ifndef IMBOT_SERVICE_TRANSLATE_REPLY_H_
#define IMBOT_SERVICE_TRANSLATE_REPLY_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "service/base/error.h"
#include "service/base/json.h"
#include "service/translate/error_table.h"

namespace imbot::translate {

// What the portal says of the time it took. Values no portal can mean (negative, longer than a day) are unset.
struct ReplyTime {
  std::optional<std::chrono::microseconds> duration;
  // Seconds of the last 10 minutes that this method has used up. Not to be relied on inside a batch (WIRE_FACTS 2).
  std::optional<double> operating;
  std::optional<int64_t> operating_reset_at;  // unix seconds
};

struct ParsedReply {
  absl::Status status;  // OK: `result` holds the answer
  // Of a failure; the status says the same to the caller.
  RetryAdvice advice = RetryAdvice::kNever;
  base::Outcome outcome = base::Outcome::kExecuted;
  Actor actor = Actor::kCaller;
  std::chrono::milliseconds retry_after{0};
  std::string code;             // Bitrix24's code verbatim; empty if there was none
  base::json::Value result;     // null is an answer too
  std::optional<int64_t> next;  // of a list
  std::optional<int64_t> total;
  ReplyTime time;
};

// What beside the reply itself decides about it.
struct ReplyContext {
  std::string_view location;  // header `Location`; may hold a secret
  std::string_view host;      // of the request's URL, with the port if one was written
  // Never to be shown, whatever the portal says: the webhook's code, the bot's token.
  std::span<const std::string_view> secrets;
  // The portal does the call in parts, one after another: an error of one comes after others were done.
  bool in_parts = false;
};

// One command of a batch: its key in `cmd`, the REST method it calls, and what ReplyContext says of a call alone.
struct BatchCommand {
  std::string_view key;
  std::string_view method;
  bool in_parts = false;
};

struct BatchReply {
  // OK: the batch was taken, whatever became of its commands. `time` is the whole request's.
  ParsedReply whole;
  // One for each command, in their order. If the batch failed as a whole, each has that failure.
  std::vector<ParsedReply> answers;
};

class ReplyParser {
 public:
  // `method` and `portal` go into the error's metadata.
  ParsedReply Parse(int http_status, std::string_view content_type, std::string_view body, std::string_view method,
                    std::string_view portal, const ReplyContext& context = {});

  // The reply of `batch`. A command whose answer is missing has an unknown outcome; the others are not touched by that.
  BatchReply ParseBatch(int http_status, std::string_view content_type, std::string_view body,
                        std::span<const BatchCommand> commands, std::string_view portal,
                        const ReplyContext& context = {});

 private:
  base::json::Parser parser_;
};

}  // namespace imbot::translate

#endif  // IMBOT_SERVICE_TRANSLATE_REPLY_H_
