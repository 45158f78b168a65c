// A message as JSON, with the contract's names, numbers as numbers and enums by what they are called.
//
// Unlike protobuf's own JSON, in which an id is a text: whoever pipes a response on wants what the REST call would have
// given. Driven by descriptors. Pure function; thread-safe.
#ifndef IMBOT_CLIENT_LIB_CLI_MESSAGE_JSON_H_
#define IMBOT_CLIENT_LIB_CLI_MESSAGE_JSON_H_

#include <string>

#include "client_lib/cli/json_writer.h"
#include "google/protobuf/message.h"

namespace imbot::cli {

// Fields that are set, in the contract's order; bytes in base64.
void WriteMessage(const google::protobuf::Message& message, JsonWriter* writer);

// How a value of an enum is called: the text on the wire, where it has one, else its name without the prefix that its
// enum gives it, in lower case (`BOT_STATE_ACTIVE`: `active`).
std::string EnumText(const google::protobuf::EnumValueDescriptor& value);

}  // namespace imbot::cli

#endif  // IMBOT_CLIENT_LIB_CLI_MESSAGE_JSON_H_
