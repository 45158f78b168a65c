// What the gateway itself reads from a request, or writes into it, before it is encoded. Thread-safe; pure functions.
#ifndef IMBOT_SERVICE_TRANSLATE_REQUEST_FIELDS_H_
#define IMBOT_SERVICE_TRANSLATE_REQUEST_FIELDS_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "service/translate/method_table.h"

namespace imbot::translate {

using FieldPath = std::span<const google::protobuf::FieldDescriptor* const>;

// The text or number at the end of `path`, as text; "" if it, or a message on the way, is not set.
std::string TextAt(const google::protobuf::Message& message, FieldPath path);
// The number there, or 0.
int64_t NumberAt(const google::protobuf::Message& message, FieldPath path);
// Sets the text there; makes the messages on the way. REQUIRES: a string field.
void SetTextAt(google::protobuf::Message* message, FieldPath path, std::string text);

// Whether the portal does this call in parts: it sends a message's text first, and then what the message forwards, one
// by one (WIRE_FACTS 6.2).
bool IsDoneInParts(const MethodSpec& method, const google::protobuf::Message& request);

// What may be repeated after an unknown outcome of this very request. The portal recognises neither a message that is
// sent as the system, nor one that forwards under a key that is no lower-case UUIDv4 (WIRE_FACTS 8): those count as
// RETRY_NEVER.
bitrix24::rest::Retry RetryClassOf(const MethodSpec& method, const google::protobuf::Message& request);

// Names of the fields that are set, sorted; those of a message that the request itself declares (`Fields`) as
// `fields.x`.
std::vector<std::string> SetFieldNames(const google::protobuf::Message& request);

// URLs to which the portal would send events, and with them the bot's secret: webhookUrl, EVENT_HANDLER,
// EVENT_COMMAND_ADD and their like.
struct HandlerUrl {
  std::string path;  // JSON names
  std::string url;
};
std::vector<HandlerUrl> HandlerUrls(const MethodSpec& method, const google::protobuf::Message& request);
// The host of an http(s) URL in lower case, without port and brackets; "" if there is none, or if the URL holds
// anything by which another reader could see another host: a user part, a backslash, white space, percent signs in the
// host.
std::string HostOf(std::string_view url);

}  // namespace imbot::translate

#endif  // IMBOT_SERVICE_TRANSLATE_REQUEST_FIELDS_H_
