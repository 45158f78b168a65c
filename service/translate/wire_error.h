// An error as a portal writes it, found in an envelope and turned into a status.
//
// Part of ReplyParser: nothing else has to know that `error` may be a text, a number, "" or an object. Stateless;
// thread-safe.
#ifndef IMBOT_SERVICE_TRANSLATE_WIRE_ERROR_H_
#define IMBOT_SERVICE_TRANSLATE_WIRE_ERROR_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "service/base/error.h"
#include "service/base/json.h"
#include "service/translate/reply.h"

namespace imbot::translate {

// What every part of one reply shares.
struct Origin {
  int http_status;
  std::string_view portal;
  const ReplyContext& context;
};

struct WireError {
  std::string code = {};
  std::string description = {};
  bool description_is_data = false;                  // neither text nor number: not to be shown
  std::string argument = {};                         // ERROR_ARGUMENT's
  std::optional<base::json::Value> validation = {};  // REST 3.0's list of {field, message}
};

// PHP's empty(): nothing, null, false, "", "0", 0, [] and {}.
bool IsEmpty(const std::optional<base::json::Value>& value);

// Numbers and texts that hold one.
std::optional<double> LooseNumber(const base::json::Value& value);

// The error in an envelope, whatever the HTTP status; nothing if it holds none.
std::optional<WireError> FindWireError(const base::json::Value& envelope);
// The error in a batch's `result_error`.
WireError ReadBatchError(const base::json::Value& error);

// Both `error` and `error_description`: what a method returns as an error of its own (WIRE_FACTS 1.4).
bool IsErrorItself(const base::json::Value& result);
WireError ReadError(const base::json::Value& holder);

// `contradicted`: a result stands beside the error, so neither can be believed.
ParsedReply FromWireError(const WireError& error, std::string_view method, const Origin& origin,
                          bool contradicted = false);

// An error of this reply with the metadata they all have.
base::Error StartError(absl::StatusCode grpc, std::string_view reason, std::string message, Actor actor,
                       base::Outcome outcome, std::string_view method, const Origin& origin);

}  // namespace imbot::translate

#endif  // IMBOT_SERVICE_TRANSLATE_WIRE_ERROR_H_
