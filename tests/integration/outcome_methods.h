// The calls of the table of faults: one of each retry class, with a valid request.
#ifndef IMBOT_TESTS_INTEGRATION_OUTCOME_METHODS_H_
#define IMBOT_TESTS_INTEGRATION_OUTCOME_METHODS_H_

#include <cstdint>
#include <string>

#include "tests/support/simulator.h"

namespace imbot::testing {

// A method, and a valid request for it.
struct Method {
  const char* rest;
  const char* rpc;
  const char* retry;
  const char* bot;  // of the request; null: it names the portal
  Json request;
  bool changes = true;

  std::string RequestTo(const std::string& portal) const {
    Json json = request;
    json[bot == nullptr ? "portal" : "bot"] = bot == nullptr ? portal : portal + "/" + bot;
    return json.dump();
  }
  std::string Name() const { return std::string(rest) + " (" + retry + ")"; }
};

inline const Method kSend{"imbot.v2.Chat.Message.send", "bitrix24.imbot.v2.MessageService/SendMessage", "DEDUPLICATED",
                          "support", Json{{"dialogId", "chat5"}, {"fields", {{"message", "x"}}}}};
inline const Method kAddChat{"imbot.v2.Chat.add", "bitrix24.imbot.v2.ChatService/AddChat", "NEVER", "support",
                             Json{{"fields", {{"title", "Orders"}, {"userIds", {1}}}}}};
inline const Method kAddV1{"imbot.message.add", "bitrix24.imbot.v1.MessageService/AddMessage", "NEVER", "echo",
                           Json{{"DIALOG_ID", "chat5"}, {"MESSAGE", "x"}}};

inline Method Get(int64_t message_id) {
  return {"imbot.v2.Chat.Message.get",
          "bitrix24.imbot.v2.MessageService/GetMessage",
          "READ",
          "reader",
          Json{{"messageId", message_id}},
          /*changes=*/false};
}
inline Method Update(int64_t message_id) {
  return {"imbot.v2.Chat.Message.update", "bitrix24.imbot.v2.MessageService/UpdateMessage", "IDEMPOTENT", "support",
          Json{{"messageId", message_id}, {"fields", {{"message", "y"}}}}};
}
inline Method Register(const std::string& code, const std::string& type = "BOT_TYPE_BOT") {
  return {"imbot.v2.Bot.register", "bitrix24.imbot.v2.BotService/RegisterBot", "IDEMPOTENT", nullptr,
          Json{{"fields", {{"code", code}, {"type", type}, {"properties", {{"name", "Support"}}}}}}};
}
inline constexpr char kUploadName[] = "imbot.v2.File.upload (NEVER)";

}  // namespace imbot::testing

#endif  // IMBOT_TESTS_INTEGRATION_OUTCOME_METHODS_H_
