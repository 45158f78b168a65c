// What must hold of every reply, whatever a portal sent.
#ifndef IMBOT_TESTS_FUZZ_REPLY_CHECKS_H_
#define IMBOT_TESTS_FUZZ_REPLY_CHECKS_H_

#include <memory>
#include <string_view>

#include "google/protobuf/message.h"
#include "service/translate/method_table.h"
#include "service/translate/reply.h"

namespace imbot::fuzz {

// The webhook's code of every parsed reply: none of these bytes may be in a status.
inline constexpr std::string_view kSecret = "w3bh00kc0de";

// A status has an error's whole equipment, fits an HTTP/2 header, is text in one line, and holds no secret.
void CheckFailure(const absl::Status& status);
// A failure as above; the other members agree with the status.
void CheckReply(const translate::ParsedReply& reply);
// The response, which a client could read from the wire; null if the reply was none, or its result unusable.
std::unique_ptr<google::protobuf::Message> CheckDecoding(const translate::MethodSpec& method,
                                                         const translate::ParsedReply& reply);

}  // namespace imbot::fuzz

#endif  // IMBOT_TESTS_FUZZ_REPLY_CHECKS_H_
