// What the portal answered becomes a typed response.
//
// As lenient as PHP is loose (WIRE_FACTS 1.7): names in two spellings, numbers as texts and texts as numbers, `[]` for
// an empty map, lists as maps, false for nothing, keys nobody knows. Never throws; depth and size were capped when the
// JSON was parsed. Thread-safe.
#ifndef IMBOT_SERVICE_TRANSLATE_DECODE_H_
#define IMBOT_SERVICE_TRANSLATE_DECODE_H_

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "service/base/json.h"
#include "service/translate/method_table.h"

namespace imbot::translate {

// Fills a new response of the method. `next` and `total` of the envelope go into fields of those names, if the response
// has them. Error: reason RESULT_UNUSABLE, outcome EXECUTED: the portal did what was asked, but what it answered can't
// be read as this response.
absl::StatusOr<std::unique_ptr<google::protobuf::Message>> DecodeResult(const MethodSpec& method,
                                                                        base::json::Value result,
                                                                        std::optional<int64_t> next,
                                                                        std::optional<int64_t> total);

// The response of a call that had nothing left to do: where `result` is a boolean, it is true.
std::unique_ptr<google::protobuf::Message> ResponseOfDone(const MethodSpec& method);

}  // namespace imbot::translate

#endif  // IMBOT_SERVICE_TRANSLATE_DECODE_H_
