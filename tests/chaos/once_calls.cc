#include "tests/chaos/once_calls.h"

#include <openssl/sha.h>

#include <stdexcept>

namespace imbot::chaos {
namespace {

using testing::Json;
using testing::RpcResult;

constexpr size_t kChatsOfEach = 2;
constexpr size_t kUsers = 10;  // of the simulator's portal

std::string Sha256Hex(const std::string& text) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  std::string hex;
  for (const unsigned char byte : digest) hex += {"0123456789abcdef"[byte >> 4], "0123456789abcdef"[byte & 15]};
  return hex;
}

Json Ask(const testing::Gateway& gateway, const std::string& rpc, const Json& request) {
  testing::RpcOptions options;
  options.metadata = {{"authorization", "Bearer " + TokenOf(0)}};
  const RpcResult result = gateway.Call(rpc, request.dump(), options);
  if (!result.ok()) throw std::runtime_error(rpc + ": " + result.status.error_message());
  return Json::parse(result.json);
}

std::string UserOf(size_t caller) {
  return std::to_string(1 + caller % kUsers);
}

}  // namespace

std::string TokenOf(size_t caller) {
  return "token-of-caller-" + std::to_string(caller);
}

std::string CallersYaml(size_t callers) {
  std::string yaml = "callers:\n";
  for (size_t i = 0; i < callers; ++i)
    yaml += "  - {name: caller-" + std::to_string(i) + ", token_sha256: " + Sha256Hex(TokenOf(i)) + "}\n";
  return yaml;
}

Calls::Calls(Workload workload, size_t callers, const testing::Gateway& gateway, const testing::Simulator& simulator)
    : workload_(workload) {
  const Json bot = Ask(gateway, "bitrix24.imbot.v2.BotService/RegisterBot",
                       {{"portal", "acme"}, {"fields", {{"code", "support"}, {"properties", {{"name", "Support"}}}}}});
  if (workload == Workload::kNever) {
    Ask(gateway, "bitrix24.imbot.v1.BotService/RegisterBot",
        {{"portal", "acme"},
         {"CODE", "echo"},
         {"EVENT_HANDLER", "https://bots.example.com/events"},
         {"PROPERTIES", {{"NAME", "Echo"}}}});
    command_ = Ask(gateway, "bitrix24.imbot.v2.CommandService/RegisterCommand",
                   {{"bot", "acme/support"}, {"fields", {{"command", "once"}, {"title", {{"en", "Once"}}}}}})
                   .at("command")
                   .at("id");
    for (size_t i = 0; i < callers; ++i) {
      const Json asked = simulator.Post(
          "/users/actions",
          {{"action", "message"}, {"user", 1 + i % kUsers}, {"dialogId", bot.at("bot").at("id")}, {"text", "/once"}});
      asked_.push_back(asked.at("messageId").dump());
    }
    return;
  }
  chats_.resize(callers);
  for (std::vector<Chat>& chats : chats_) {
    while (chats.size() < kChatsOfEach) {
      const Json added = Ask(gateway, "bitrix24.imbot.v2.ChatService/AddChat",
                             {{"bot", "acme/support"}, {"fields", {{"title", "A chat"}, {"userIds", {1}}}}});
      Chat chat{.dialog = added.at("chat").at("dialogId"), .message = ""};
      if (workload == Workload::kIdempotent) {
        chat.message = Ask(gateway, "bitrix24.imbot.v2.MessageService/SendMessage",
                           {{"bot", "acme/support"}, {"dialogId", chat.dialog}, {"fields", {{"message", "first"}}}})
                           .at("id");
      }
      chats.push_back(std::move(chat));
    }
  }
}

Call Calls::Make(size_t caller, size_t number) const {
  const std::string mark = kMarkStart + std::to_string(caller) + " " + std::to_string(number);
  if (workload_ == Workload::kNever) return Never(caller, number, mark);
  const Chat& chat = chats_[caller][number % kChatsOfEach];
  if (workload_ == Workload::kSends) {
    // Of different lengths, as messages are.
    const std::string text = mark + " " + std::string(1 + number * 37 % 200, 'x');
    const Json request = {{"bot", "acme/support"}, {"dialogId", chat.dialog}, {"fields", {{"message", text}}}};
    return {"bitrix24.imbot.v2.MessageService/SendMessage",
            request.dump(),
            {.caller = caller, .lane = chat.dialog, .mark = text, .repeat = Repeat::kDeduplicated, .attempts = {}}};
  }
  Call call;
  call.record = {.caller = caller, .lane = "", .mark = mark, .repeat = Repeat::kIdempotent, .attempts = {}};
  if (number / kChatsOfEach % 2 == 0) {
    call.rpc = "bitrix24.imbot.v2.MessageService/UpdateMessage";
    call.request = Json{{"bot", "acme/support"}, {"messageId", chat.message}, {"fields", {{"message", mark}}}}.dump();
  } else {
    call.rpc = "bitrix24.imbot.v2.ChatService/UpdateChat";
    call.request = Json{{"bot", "acme/support"}, {"dialogId", chat.dialog}, {"fields", {{"title", mark}}}}.dump();
  }
  return call;
}

Call Calls::Never(size_t caller, size_t number, const std::string& mark) const {
  Call call;
  call.record = {.caller = caller, .lane = "", .mark = mark, .repeat = Repeat::kNever, .attempts = {}};
  switch (number % 3) {
    case 0:
      call.rpc = "bitrix24.imbot.v2.ChatService/AddChat";
      call.request = Json{{"bot", "acme/support"}, {"fields", {{"title", mark}, {"userIds", {1}}}}}.dump();
      break;
    case 1:
      call.rpc = "bitrix24.imbot.v1.MessageService/AddMessage";
      call.request = Json{{"bot", "acme/echo"}, {"DIALOG_ID", UserOf(caller)}, {"MESSAGE", mark}}.dump();
      break;
    default:
      call.rpc = "bitrix24.imbot.v2.CommandService/AnswerCommand";
      call.request = Json{{"bot", "acme/support"},
                          {"commandId", command_},
                          {"messageId", asked_[caller]},
                          {"dialogId", UserOf(caller)},
                          {"fields", {{"message", mark}}}}
                         .dump();
  }
  return call;
}

std::vector<std::string> Calls::methods() const {
  switch (workload_) {
    case Workload::kSends:
      return {"imbot.v2.Chat.Message.send"};
    case Workload::kNever:
      return {"imbot.v2.Chat.add", "imbot.message.add", "imbot.v2.Command.answer"};
    default:
      return {"imbot.v2.Chat.Message.update", "imbot.v2.Chat.update"};
  }
}

std::vector<std::string> Calls::sending_methods() const {
  switch (workload_) {
    case Workload::kSends:
      return methods();
    case Workload::kNever:
      return {"imbot.message.add", "imbot.v2.Command.answer"};
    default:
      return {};
  }
}

}  // namespace imbot::chaos
