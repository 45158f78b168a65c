// What the controllers of imbot.v2 share: identity, ownership, booleans, and the objects they return. Loop thread only.
#ifndef IMBOT_TESTS_SIMULATOR_METHODS_V2_COMMON_H_
#define IMBOT_TESTS_SIMULATOR_METHODS_V2_COMMON_H_

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tests/simulator/rest/call.h"

namespace simulator {

// The caller's owner key: an OAuth client id, or `custom` and the botToken (or the deprecated CLIENT_ID). Empty if none
// was given.
std::optional<std::string> OwnerKeyV2(const Call& call);
RestError TokenNotSpecified();

// The bot that the call names and owns: BOT_TOKEN_NOT_SPECIFIED, BOT_ID_REQUIRED, BOT_NOT_FOUND, BOT_OWNERSHIP_ERROR
// otherwise.
std::variant<Bot*, RestError> OwnBotV2(Call& call);

// `dialogId` must be a JSON string (WIRE_FACTS.md 1.3); null in the variant if there is no such chat.
std::variant<Chat*, RestError> DialogArgument(Call& call, int64_t bot_id);
// The chat that `dialogId` names, if the bot is in it: ACCESS_DENIED otherwise.
std::variant<Chat*, RestError> MemberDialog(Call& call, int64_t bot_id);
// The message that `messageId` names, in a chat of the bot's: MESSAGE_NOT_FOUND, MESSAGE_ACCESS_DENIED otherwise.
std::variant<Message*, RestError> MessageArgument(Call& call, int64_t bot_id);
// A required int argument: an int or a numeric string.
std::variant<int64_t, RestError> IntArgument(const Call& call, const char* name);

std::variant<int64_t, RestError> IntArgument(const Call& call, const char* name, int64_t otherwise);
// A bool argument is cast, so that "N" and "false" are true (WIRE_FACTS.md 1.3).
bool BoolArgument(const Call& call, const char* name);
// An array argument cast to ints; empty if it is missing.
std::variant<std::vector<int64_t>, RestError> IntListArgument(const Call& call, const char* name);

// `fields`: an empty map if it is missing, the binder's error if it is no array.
std::variant<Json, RestError> FieldsArgument(const Call& call);

// Fields that are true, 1, "1", "Y", "y" or "TRUE".
bool NormalizeBoolean(const Json& value);

// A message's fields: names converted from camelCase to UPPER_SNAKE, only the allowed ones kept. A name that is upper
// case already is mangled and lost, as on the server.
Json PrepareFields(const Json& fields, const std::vector<std::string_view>& allowed);

Json BotV2(const Portal& portal, const Bot& bot, bool for_owner);
Json UserV2(const Portal& portal, int64_t user_id);
// As it stands in events, where nobody's presence is told.
Json UserInEvent(const Portal& portal, int64_t user_id);
// A chat as `viewer` sees it.
Json ChatV2(const Portal& portal, const Chat& chat, int64_t viewer, bool is_new = false);
Json ChatInEvent(const Portal& portal, const Chat& chat, int64_t viewer);
Json MessageV2(const Portal& portal, const Message& message, bool only_common);
// {bot, users}
Json BotWithUser(const Portal& portal, const Bot& bot, bool for_owner);

}  // namespace simulator

#endif  // IMBOT_TESTS_SIMULATOR_METHODS_V2_COMMON_H_
