// Reads the documentation's own JSON of a REST method into the typed request of the rpc behind it.
//
// Whoever has an example of a page, or the body of a REST call, needs no second notation: `imbot call` and the tests
// take it as it stands. Driven by descriptors and the contract's options alone, so that a new method needs nothing
// here. Reads names exactly as the pages spell them (and the contract's own names, such as `removeKeyboard`), and
// values as loosely as PHP writes them:
// - booleans as true, "Y", "1" or 1; numbers as texts; whole numbers as texts where a text is wanted; null as nothing;
// - base64 into bytes; the wire's texts of an enum ("lightBlue", "BOT-admin");
// - keyboards, attachments and menus in the full form, as a bare list of their buttons, blocks or items, or either as
//   JSON text; one object where a list of objects is wanted; `true` for an empty delimiter;
// - what clears something ("N", "", null, false, []) into the field that says so (`remove_keyboard`); a null inside a
//   map of texts into `remove_title`;
// - fields of an `inline` message by the keys that are there.
// Keys of identity (`botId`, `botToken`, `BOT_ID`, `CLIENT_ID`, `auth`) are dropped: the gateway fills them in.
// Checks no limits and nothing required: the gateway does, with the same paths. Stateless; thread-safe.
#ifndef IMBOT_CLIENT_LIB_JSON_READER_JSON_READER_H_
#define IMBOT_CLIENT_LIB_JSON_READER_JSON_READER_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace imbot::client {

// Whom a request is for; the one that its rpc asks for is used.
struct Subject {
  std::string bot;     // `portal/code`, or `code` of the default portal
  std::string portal;  // empty: the default portal
};

// The request of `method` (one with the option `(bitrix24.rest.method)`); of a client stream, its first message. No
// text at all is an empty object, as in a REST call without a body. INVALID_ARGUMENT: every key that is unknown or
// holds what its field can't, one to a line, each with its path in the documentation's names, counted from 0:
// `FIELDS.LANG[0].TITLE: ...`.
absl::StatusOr<std::unique_ptr<google::protobuf::Message>> ReadRequest(const google::protobuf::MethodDescriptor& method,
                                                                       std::string_view json, const Subject& subject);

}  // namespace imbot::client

#endif  // IMBOT_CLIENT_LIB_JSON_READER_JSON_READER_H_
