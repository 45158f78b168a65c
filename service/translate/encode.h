// A typed request becomes what the portal reads: a JSON body, or the query string of one command of a batch.
//
// Thread-safe: walks an immutable plan and a message that nobody changes meanwhile. Checks nothing: validate.h has done
// so.
#ifndef IMBOT_SERVICE_TRANSLATE_ENCODE_H_
#define IMBOT_SERVICE_TRANSLATE_ENCODE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "google/protobuf/message.h"
#include "service/translate/method_table.h"

namespace imbot::translate {

// What the gateway puts into a request beside what the caller wrote.
struct Identity {
  std::optional<int64_t> bot_id;  // at `id_path`, and as BOT_ID of a keyboard
  std::string_view secret;        // at `secret_path`; empty: not sent (OAuth, or the method takes none)
};

// The JSON body. Holds the bot's secret: never logged.
std::string EncodeJson(const MethodSpec& method, const google::protobuf::Message& request, const Identity& identity);

// `imbot.v2.Chat.Message.send?dialogId=chat5&fields%5Bmessage%5D=...`: RFC 3986, encoded once, booleans as Y/N or 1/0.
// Nothing if a query string can't express the request (a null, an empty list, a key with brackets, more values than PHP
// reads), or if the portal would replace a value in it (result_reference.h): such a call goes alone. Holds the bot's
// secret.
std::optional<std::string> EncodeBatchCommand(const MethodSpec& method, const google::protobuf::Message& request,
                                              const Identity& identity);

}  // namespace imbot::translate

#endif  // IMBOT_SERVICE_TRANSLATE_ENCODE_H_
