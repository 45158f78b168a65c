// What the methods of imbot (version 1) share: identity, ownership, handler URLs. Loop thread only.
#ifndef IMBOT_TESTS_SIMULATOR_METHODS_V1_COMMON_H_
#define IMBOT_TESTS_SIMULATOR_METHODS_V1_COMMON_H_

#include <optional>
#include <string>
#include <variant>

#include "tests/simulator/rest/call.h"

namespace simulator {

// A version 1 call: parameters with upper-case names, and the owner's key.
struct V1Call {
  Json params;
  std::string owner;             // `custom` and the CLIENT_ID, or the OAuth client id
  std::string custom_client_id;  // the CLIENT_ID of a webhook call; empty for OAuth
};

// ACCESS_DENIED, 403, if a webhook call has no CLIENT_ID.
std::variant<V1Call, RestError> ReadV1(const Call& call);

// The bot that BOT_ID names and the caller owns.
std::variant<Bot*, RestError> OwnBotV1(Portal& portal, const V1Call& v1);

// How the portal judges a handler's address; "Wrong handler URL" or "Unsupported handler protocol" if it refuses it.
std::optional<std::string> HandlerProblem(const Portal& portal, const std::string& url);
// What it stores: for webhook bots `CLIENT_ID=…` is appended, unencoded.
std::string BoundHandler(const V1Call& v1, const std::string& url);

// isset and not empty
const Json* FindFilled(const Json& params, std::string_view key);
// $value == 'Y'
bool IsYes(const Json& params, std::string_view key);

// A picture that the portal takes: base64 of a PNG, JPEG, GIF or BMP of at most 5000 x 5000 (or {fileData: [name,
// base64]}).
enum class Picture { kGood, kNoImage, kTooLarge };
Picture JudgePicture(const Json& value, size_t* bytes);

// LANG as stored: the entries that have a language and a title, the language in lower case.
Json StoredLang(const Json& lang);

}  // namespace simulator

#endif  // IMBOT_TESTS_SIMULATOR_METHODS_V1_COMMON_H_
