// Calls of RawService: any REST method by its name, with parameters nobody has described. Thread-safe; pure functions.
#ifndef IMBOT_SERVICE_TRANSLATE_RAW_CALL_H_
#define IMBOT_SERVICE_TRANSLATE_RAW_CALL_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "imbot/gateway/v1/raw_service.pb.h"
#include "service/base/json.h"
#include "service/translate/encode.h"
#include "service/translate/method_table.h"
#include "service/translate/request_fields.h"

namespace imbot::translate {

// OK, or INVALID_ARGUMENT: VALIDATION_FAILED for a name that is none or parameters that are no object, and
// RAW_METHOD_REFUSED for what is not carried, by the portal's own rules of spelling (WIRE_FACTS 1.1 to 1.3: `.json` is
// cut off, case does not matter, a bot's id and secret have two names). Not carried: `batch`; what registers or removes
// a bot, since the gateway holds its secret; what reads a bot's events; downloads, whose URL holds a secret; and
// parameters that would authenticate, name a bot beside `bot`, or change its token.
absl::Status CheckRawCall(const imbot::gateway::v1::CallRequest& request, const MethodTable& methods);

// URLs among the parameters to which the portal would send events.
std::vector<HandlerUrl> RawHandlerUrls(const imbot::gateway::v1::CallRequest& request);

// The JSON body: the parameters, then the bot's id and secret as the method's API spells them (`botId`, `botToken` for
// imbot.v2 and im.v2, else `BOT_ID`, `CLIENT_ID`). Holds the bot's secret. REQUIRES: checked.
std::string EncodeRawCall(const imbot::gateway::v1::CallRequest& request, const Identity& identity);

// The result as it stands, but for texts and keys that hold one of `secrets`, in which that is replaced. Error: reason
// RESULT_UNUSABLE, outcome EXECUTED, if it nests deeper than a protobuf reader would accept.
absl::StatusOr<std::unique_ptr<google::protobuf::Message>> DecodeRawResult(std::string_view method,
                                                                           base::json::Value result,
                                                                           std::optional<int64_t> next,
                                                                           std::optional<int64_t> total,
                                                                           std::span<const std::string_view> secrets);

}  // namespace imbot::translate

#endif  // IMBOT_SERVICE_TRANSLATE_RAW_CALL_H_
