// What the methods of version 1 share that write into dialogues: which dialogue, which bot, attachment, keyboard and
// menu. Loop thread only.
#ifndef IMBOT_TESTS_SIMULATOR_METHODS_DIALOG_V1_H_
#define IMBOT_TESTS_SIMULATOR_METHODS_DIALOG_V1_H_

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "tests/simulator/methods/sending.h"
#include "tests/simulator/methods/v1_common.h"

namespace simulator {

// `chat5` or a positive number.
bool IsDialogId(const std::string& text);
// The chat that CHAT_ID names, or `chat5` in DIALOG_ID: CHAT_ID_EMPTY, DIALOG_ID_EMPTY otherwise. It need not exist.
std::variant<int64_t, RestError> ChatIdV1(const Json& params);

// BOT_ID, or any one of the caller's bots if it was left out. An empty BOT_ID is bot 0, which does not exist.
std::variant<Bot*, RestError> SendingBot(Portal& portal, const V1Call& v1);
// The same, with the caller's identity read first.
std::variant<Bot*, RestError> ActingBot(Call& call);

// A list, given as one or as the text of one, JSON or JavaScript ([1, '2']). Empty for anything else.
std::optional<Json> ReadListV1(const Json* value);

// ATTACH, KEYBOARD and MENU, each as stored.
std::variant<Json, RestError> ReadAttachV1(const Portal& portal, const Json& attach);
std::variant<Json, RestError> ReadKeyboardV1(const Portal& portal, const Json& keyboard, int64_t bot_id);
std::variant<Json, RestError> ReadMenuV1(const Portal& portal, const Json& menu, int64_t bot_id);
// All three, where they are filled.
std::optional<RestError> ReadDecoration(const Portal& portal, const Json& params, OutgoingMessage* message);

}  // namespace simulator

#endif  // IMBOT_TESTS_SIMULATOR_METHODS_DIALOG_V1_H_
