#include "tests/simulator/rest/documented_errors.h"

#include <array>

namespace simulator {
namespace {

struct Row {
  std::string_view method;  // or what its name begins with
  std::string_view code;
  std::string_view documented_code;  // empty: the same
  std::string_view text;
};

// The pages of chat-bots-v2; the first row that fits counts.
constexpr std::array<Row, 37> kRows = {{
    {"imbot.v2.", "BOT_TOKEN_NOT_SPECIFIED", "", "Bot token is not specified"},
    {"imbot.v2.", "BOT_ID_REQUIRED", "", "Bot ID is required"},
    {"imbot.v2.", "BOT_OWNERSHIP_ERROR", "", "Bot is registered by another application"},
    {"imbot.v2.", "BOT_CODE_REQUIRED", "", "Bot code is required"},
    {"imbot.v2.", "BOT_PROPERTIES_REQUIRED", "", "Bot properties are required"},
    {"imbot.v2.", "BOT_CODE_ALREADY_TAKEN", "", "Bot code is already taken"},
    {"imbot.v2.", "BOT_WEBHOOK_URL_REQUIRED", "", "Webhook URL is required"},
    {"imbot.v2.", "BOT_INVALID_CALLBACK", "", "Invalid callback URL"},
    {"imbot.v2.", "BOT_LIMIT_EXCEEDED", "", "Bot limit exceeded"},
    {"imbot.v2.", "BOT_AVATAR_INCORRECT_TYPE", "", "Avatar must be an image"},
    {"imbot.v2.", "BOT_AVATAR_INCORRECT_SIZE", "", "Avatar exceeds maximum size"},
    {"imbot.v2.", "PARAMS_REQUIRED", "", "Required parameters are missing"},
    {"imbot.v2.", "BOT_TYPE_NOT_ALLOWED", "", "Bot type not allowed"},
    {"imbot.v2.", "COMMAND_NAME_INVALID", "", "Command name is invalid"},
    {"imbot.v2.", "COMMAND_TITLE_REQUIRED", "", "Command title is required"},
    {"imbot.v2.", "COMMAND_ALREADY_EXISTS", "", "Command already exists"},
    {"imbot.v2.", "COMMAND_NOT_FOUND", "", "Command not found"},
    {"imbot.v2.", "COMMAND_ANSWER_FAILED", "", "Command answer failed"},
    {"imbot.v2.", "SCOPE_ERROR", "", "Scope error"},
    {"imbot.v2.", "AUTH_ERROR", "", "Auth error"},
    {"imbot.v2.", "USER_NOT_SUBSCRIBED", "", "User not subscribed"},
    {"imbot.v2.", "EMPTY_MESSAGE", "", "Message is empty"},
    {"imbot.v2.Chat.Message.delete", "MESSAGE_ACCESS_DENIED", "ACCESS_DENIED", "Access denied"},
    {"imbot.v2.Chat.Message.delete", "MESSAGE_NOT_FOUND", "ACCESS_DENIED", "Access denied"},
    {"imbot.v2.Chat.Message.read", "MESSAGE_ACCESS_DENIED", "ACCESS_DENIED", "Access denied"},
    {"imbot.v2.", "MESSAGE_ACCESS_DENIED", "", "Message access denied"},
    {"imbot.v2.File.", "FILE_EMPTY", "", "File name or content is empty"},
    {"imbot.v2.File.", "FILE_FOLDER_ERROR", "", "Failed to get chat folder"},
    {"imbot.v2.File.", "FILE_SEND_FAILED", "", "Failed to send message"},
    {"imbot.v2.File.", "FILE_TOO_LARGE", "", "File is too large"},
    {"im.v2.File.", "FILE_EMPTY", "", "File name and content are required"},
    {"im.v2.File.", "FILE_TOO_LARGE", "", "File is too large"},
    {"im.v2.File.", "FILE_FOLDER_ERROR", "FOLDER_ERROR", "Failed to get chat folder"},
    {"im.v2.File.", "FOLDER_ERROR", "", "Failed to get chat folder"},
    {"im.v2.File.", "FILE_UPLOAD_FAILED", "UPLOAD_FAILED", "File upload failed"},
    {"im.v2.File.", "FILE_SEND_FAILED", "SEND_FAILED", "Failed to send message"},
    {"im.v2.File.", "FILE_ACCESS_ERROR", "ACCESS_DENIED", "Access denied"},
}};

}  // namespace

RestError AsDocumented(std::string_view method, RestError error) {
  for (const Row& row : kRows) {
    if (error.code != row.code || method.substr(0, row.method.size()) != row.method) continue;
    if (!row.documented_code.empty()) error.code = row.documented_code;
    error.description = row.text;
    break;
  }
  return error;
}

}  // namespace simulator
