// The published table of Bitrix24's error codes: what each one means for a caller.
//
// One row for each code: gRPC code, who must act, what may be tried next, what is proved about the portal's side, and a
// sentence that says what to do. Reasons are those of imbot.gateway.v1.ErrorReason. The choices behind the rows:
// - UNAUTHENTICATED is never used: that is between a caller and this gateway. A portal that refuses the gateway's own
// credentials, its
//   plan or its scope is FAILED_PRECONDITION, since no caller can mend it.
// - PERMISSION_DENIED means that the bot lacks a right inside the portal (it is no member of the chat). The caller can
// act on that;
//   domain `bitrix24.com` tells it from this gateway's own policy.
// - RESOURCE_EXHAUSTED is a limit that time or an operator lifts. A request that is too large in itself is
// INVALID_ARGUMENT.
// - A method the portal doesn't know is UNIMPLEMENTED, so that nobody takes it for a missing message or chat.
// - INTERNAL: the portal failed; or it refused what the gateway alone decides (the size of a batch).
// - NOT_EXECUTED only where the portal decides before it acts. Not for codes that its core puts in place of another
// (CANCELED, CHAT_ID):
//   they tell what stopped a part, and in a batch may be left over from an earlier command.
// Constants only; thread-safe.
#ifndef IMBOT_SERVICE_TRANSLATE_ERROR_TABLE_H_
#define IMBOT_SERVICE_TRANSLATE_ERROR_TABLE_H_

#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "service/base/error.h"

namespace imbot::translate {

// What a failed call allows next.
enum class RetryAdvice {
  kNever,             // an answer, or a rejection that waiting does not mend
  kWait,              // rejected before execution: repeat after a pause
  kRepairAuth,        // rejected before execution: once, after refreshing the credential; never for a webhook
  kWaitSameIdentity,  // MESSAGE_DUPLICATED_BY_UUID: unknown; wait and repeat with the same templateId
  kUnknownOutcome,    // may have been executed: only methods that may be repeated blindly
  kPortalClosed,      // rejected before execution, as every call is until somebody acts: unpaid, deleted, revoked
};

// Who must act before the call can succeed.
enum class Actor {
  kCaller,    // mend the request, wait, or change something in the portal through this API
  kOperator,  // whoever runs the gateway and its portals: credentials, plan, configuration
  kBitrix24,  // the portal itself failed
};
std::string_view ActorName(Actor actor);  // CALLER, OPERATOR, BITRIX24

struct ErrorEntry {
  std::string_view code;  // in capitals; compared without regard to case
  absl::StatusCode grpc;
  Actor actor;
  RetryAdvice advice;
  base::Outcome outcome;
  std::chrono::seconds retry_after;  // RetryInfo; 0: none
  std::string_view field;            // path of the parameter at fault, where it is the same in every method; else empty
  std::string_view help;             // what to do, one sentence
};

// A narrower meaning of a code, told by what came with it. All that is not empty must match.
struct ErrorMeaning {
  int http_status;          // 0: any
  std::string_view text;    // part of the description, compared without regard to case
  std::string_view method;  // REST name, exactly
  ErrorEntry entry;
};

// An error as the portal sent it.
struct PortalError {
  std::string_view code;
  int http_status = 0;
  std::string_view description = {};
  std::string_view method = {};  // REST name of the call
};

// Null if nobody documented the code.
const ErrorEntry* FindError(const PortalError& error);
// What can be said of a code nobody documented: the outcome is unknown, and the gRPC code is UNKNOWN unless the HTTP
// class is certain.
const ErrorEntry& UndocumentedError(int http_status);
// Bitrix24's code as ErrorInfo.reason: capitals, digits and `_`, 1 to 63 of them, a letter first (`CODE_100`,
// `EMPTY_CODE`).
std::string ReasonOfCode(std::string_view code);

// Every row, for documentation and tests.
std::span<const ErrorEntry> ErrorTable();
std::span<const ErrorMeaning> ErrorMeanings();

}  // namespace imbot::translate

#endif  // IMBOT_SERVICE_TRANSLATE_ERROR_TABLE_H_
