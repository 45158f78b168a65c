// Checks a request against the rules of the contract before anything is sent.
//
// All violations are reported in one answer, each with the field's path in JSON names, counted from 0:
// `FIELDS.LANG[0].TITLE`. Thread-safe.
#ifndef IMBOT_SERVICE_TRANSLATE_VALIDATE_H_
#define IMBOT_SERVICE_TRANSLATE_VALIDATE_H_

#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "service/translate/method_table.h"

namespace imbot::translate {

// OK, or INVALID_ARGUMENT with reason VALIDATION_FAILED and a BadRequest.
[[nodiscard]] absl::Status Validate(const MethodSpec& method, const google::protobuf::Message& request);

// Length in Unicode code points of valid UTF-8.
size_t CountCharacters(std::string_view text);

}  // namespace imbot::translate

#endif  // IMBOT_SERVICE_TRANSLATE_VALIDATE_H_
