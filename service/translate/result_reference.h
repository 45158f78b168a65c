// Texts that a portal would take for a reference to another command's result.
//
// Inside a batch, Bitrix24 replaces `$result[key][field]` in every value by what an earlier command answered, after all
// decoding, so that no escape exists (WIRE_FACTS 2.1): one caller's text would show another caller's data. Whatever
// could be such a reference must not be sent in a batch. Stateless; thread-safe.
#ifndef IMBOT_SERVICE_TRANSLATE_RESULT_REFERENCE_H_
#define IMBOT_SERVICE_TRANSLATE_RESULT_REFERENCE_H_

#include <string_view>

namespace imbot::translate {

// Whether `/\$[A-Za-z_]\S*?\[[^\]\s]+\]/` occurs in `value`. Wider than the portal's own rule, since the names that it
// replaces grow with what earlier commands answered; "$100", "$[x]" and "$total [sic]" are no references.
bool HoldsResultReference(std::string_view value);

}  // namespace imbot::translate

#endif  // IMBOT_SERVICE_TRANSLATE_RESULT_REFERENCE_H_
