// `make run`: a simulated portal and the gateway on loopback, and what an internal service does with them.
//
// `make run ARGS=--stay` leaves both running until Ctrl-C, for a try with grpcurl or a client of one's own.
//
// Prints each request and each reply as the service sees them, and afterwards the portal's own view. Ends with 0 only
// if every call did what it was meant to, and the portal holds what was sent.

#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <string>

#include "tests/support/gateway.h"
#include "tests/support/process.h"
#include "tests/support/simulator.h"

namespace {

using imbot::testing::Gateway;
using imbot::testing::GatewayOptions;
using imbot::testing::Json;
using imbot::testing::RpcResult;
using imbot::testing::Simulator;
using imbot::testing::TemporaryFolder;

class Demo {
 public:
  explicit Demo(const Gateway& gateway) : gateway_(gateway) {}

  void Title(const std::string& text) const { std::printf("\n%s%s%s\n", bold(), text.c_str(), plain()); }

  // Calls and prints; throws if the call fails.
  Json Call(const std::string& method, const Json& request) const {
    std::printf("\n%s> %s%s\n%s\n", colour(), method.c_str(), plain(), Indented(request).c_str());
    const RpcResult result = gateway_.Call(method, request.dump());
    if (!result.ok()) throw std::runtime_error(method + ": " + result.status.error_message());
    const Json reply = Json::parse(result.json);
    std::printf("%s<%s\n%s\n", colour(), plain(), Indented(reply).c_str());
    return reply;
  }

  // Calls and prints; throws unless the call fails with that reason.
  void Refused(const std::string& method, const Json& request, const std::string& reason) const {
    std::printf("\n%s> %s%s\n%s\n", colour(), method.c_str(), plain(), Indented(request).c_str());
    const RpcResult result = gateway_.Call(method, request.dump());
    if (result.ok() || result.Reason() != reason)
      throw std::runtime_error(method + " was meant to be refused with " + reason);
    std::printf("%s< %s%s\n", colour(), result.status.error_message().c_str(), plain());
    const auto bad_request = result.BadRequest();
    for (const auto& violation : bad_request.field_violations()) {
      std::printf("    %s: %s\n", violation.field().c_str(), violation.description().c_str());
    }
    std::printf("    reason %s, outcome %s\n", result.Reason().c_str(), result.Outcome().c_str());
  }

  static std::string Indented(const Json& value) {
    std::string text = value.dump(2, ' ', false, Json::error_handler_t::replace);
    for (size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 5) text.insert(at + 1, "    ");
    return "    " + text;
  }

 private:
  static bool Terminal() { return isatty(STDOUT_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr; }
  static const char* bold() { return Terminal() ? "\033[1m" : ""; }
  static const char* colour() { return Terminal() ? "\033[36m" : ""; }
  static const char* plain() { return Terminal() ? "\033[0m" : ""; }

  const Gateway& gateway_;
};

// What the service does. Returns the id of the message that must stand in the portal at the end.
long RunService(const Demo& demo) {
  demo.Title(
      "A bot, registered and updated (imbot.v2). No portal address, webhook, bot id or botToken: the gateway keeps "
      "them.");
  demo.Call("bitrix24.imbot.v2.RevisionService/GetRevision", {{"portal", "acme"}});
  demo.Call("bitrix24.imbot.v2.BotService/RegisterBot",
            {{"portal", "acme"},
             {"fields",
              {{"code", "support"},
               {"type", "BOT_TYPE_BOT"},
               {"eventMode", "EVENT_MODE_FETCH"},
               {"properties", {{"name", "Support"}, {"workPosition", "First line"}, {"color", "COLOR_AZURE"}}}}}});
  demo.Call("bitrix24.imbot.v2.BotService/UpdateBot",
            {{"bot", "acme/support"},
             {"fields", {{"properties", {{"name", "Support desk"}, {"workPosition", "First line"}}}}}});
  demo.Call("bitrix24.imbot.v2.BotService/GetBot", {{"bot", "acme/support"}});

  demo.Title("A message with a keyboard and an attachment, sent and updated.");
  const Json sent =
      demo.Call("bitrix24.imbot.v2.MessageService/SendMessage",
                {{"bot", "acme/support"},
                 {"dialogId", "chat5"},
                 {"fields",
                  {{"message", "Request [b]#142[/b] is waiting for you"},
                   {"attach",
                    {{"ID", 1},
                     {"COLOR_TOKEN", "COLOR_TOKEN_PRIMARY"},
                     {"BLOCKS",
                      {{{"MESSAGE", "What it is about"}},
                       {{"DELIMITER", {{"SIZE", 200}, {"COLOR", "#c6c6c6"}}}},
                       {{"GRID", {{{"DISPLAY", "GRID_DISPLAY_ROW"}, {"NAME", "Status"}, {"VALUE", "In progress"}}}}},
                       {{"LINK", {{"NAME", "Open the request"}, {"LINK", "https://example.com/requests/142"}}}}}}}},
                   {"keyboard",
                    {{"BUTTONS",
                      {{{"TEXT", "Take it"},
                        {"COMMAND", "take"},
                        {"COMMAND_PARAMS", "142"},
                        {"BG_COLOR_TOKEN", "COLOR_TOKEN_PRIMARY"}},
                       {{"TYPE", "BUTTON_TYPE_NEWLINE"}},
                       {{"TEXT", "Details"}, {"LINK", "https://example.com/requests/142"}}}}}}}}});
  const std::string id = sent.at("id").get<std::string>();
  demo.Call("bitrix24.imbot.v2.MessageService/UpdateMessage",
            {{"bot", "acme/support"},
             {"messageId", id},
             {"fields", {{"message", "Request [b]#142[/b] is taken"}, {"removeKeyboard", true}}}});

  demo.Title("A command, registered (imbot.v2).");
  demo.Call("bitrix24.imbot.v2.CommandService/RegisterCommand",
            {{"bot", "acme/support"},
             {"fields", {{"command", "take"}, {"title", {{"en", "Take a request"}}}, {"common", false}}}});

  demo.Title("The same with the older dialect (imbot): bot, message, command and application, registered and updated.");
  demo.Call("bitrix24.imbot.v1.BotService/RegisterBot", {{"portal", "acme"},
                                                         {"CODE", "echo"},
                                                         {"EVENT_HANDLER", "https://bots.example.com/events"},
                                                         {"PROPERTIES", {{"NAME", "Echo"}, {"COLOR", "COLOR_MINT"}}}});
  demo.Call("bitrix24.imbot.v1.BotService/UpdateBot",
            {{"bot", "acme/echo"}, {"FIELDS", {{"PROPERTIES", {{"NAME", "Echo bot"}, {"WORK_POSITION", "Repeats"}}}}}});
  demo.Call("bitrix24.imbot.v1.MessageService/AddMessage",
            {{"bot", "acme/echo"},
             {"DIALOG_ID", "chat5"},
             {"MESSAGE", "Hello"},
             {"URL_PREVIEW", false},
             {"MENU", {{"ITEMS", {{{"TEXT", "Open"}, {"LINK", "https://example.com/"}}}}}}});
  const Json command = demo.Call("bitrix24.imbot.v1.CommandService/RegisterCommand",
                                 {{"bot", "acme/echo"},
                                  {"COMMAND", "echo"},
                                  {"EVENT_COMMAND_ADD", "https://bots.example.com/command"},
                                  {"LANG", {{{"LANGUAGE_ID", "en"}, {"TITLE", "Echo"}, {"PARAMS", "text"}}}}});
  demo.Call("bitrix24.imbot.v1.CommandService/UpdateCommand",
            {{"bot", "acme/echo"}, {"COMMAND_ID", command.begin().value()}, {"FIELDS", {{"HIDDEN", true}}}});
  const Json app = demo.Call("bitrix24.imbot.v1.AppService/RegisterApp",
                             {{"bot", "acme/echo"},
                              {"CODE", "echo"},
                              {"jsCommand", {{"JS_METHOD", "JS_METHOD_SEND"}, {"JS_PARAM", "/help"}}},
                              {"CONTEXT", "APP_CONTEXT_BOT"},
                              {"LANG", {{{"LANGUAGE_ID", "en"}, {"TITLE", "Echo"}, {"DESCRIPTION", "Sends help"}}}}});
  demo.Call("bitrix24.imbot.v1.AppService/UpdateApp", {{"bot", "acme/echo"},
                                                       {"APP_ID", app.begin().value()},
                                                       {"FIELDS",
                                                        {{"IFRAME", "https://example.com/frame"},
                                                         {"IFRAME_WIDTH", 350},
                                                         {"IFRAME_HEIGHT", 150},
                                                         {"CONTEXT", "APP_CONTEXT_BOT_ADMIN"}}}});

  demo.Title("A mistake: every wrong field is named, and nothing is sent.");
  demo.Refused(
      "bitrix24.imbot.v2.MessageService/SendMessage",
      {{"bot", "acme/support"}, {"fields", {{"keyboard", {{"BUTTONS", {{{"LINK", "https://example.com/"}}}}}}}}},
      "VALIDATION_FAILED");
  return std::stol(id);
}

void ShowPortal(const Demo& demo, const Simulator& simulator, long message_id) {
  demo.Title("The portal's own view afterwards.");
  const Json state = simulator.State();
  std::printf("%s\n", Demo::Indented(state).c_str());
  const std::string text = state.dump();
  for (const char* wanted : {"Support desk", "is taken", "Echo bot", "https:\\/\\/example.com\\/frame"}) {
    std::string plain = wanted;
    for (size_t at; (at = plain.find('\\')) != std::string::npos;) plain.erase(at, 1);
    if (text.find(wanted) == std::string::npos && text.find(plain) == std::string::npos) {
      throw std::runtime_error(std::string("the portal does not hold: ") + plain);
    }
  }
  if (text.find(std::to_string(message_id)) == std::string::npos)
    throw std::runtime_error("the portal does not hold the message");
}

// Until Ctrl-C or SIGTERM, which were blocked before any thread started.
void WaitForSignal() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  int signal = 0;
  sigwait(&signals, &signal);
}

int Run(bool stay) {
  const Simulator simulator;
  const TemporaryFolder folder;
  GatewayOptions options;
  options.portal_url = simulator.http_url();
  options.log_level = "info";
  options.configuration = "handler_hosts: [bots.example.com]\nanonymous_raw_allowed: true\n";
  Gateway gateway(folder, options);
  const Demo demo(gateway);
  std::printf(
      "portal (simulated) on 127.0.0.1:%d, gateway: gRPC on 127.0.0.1:%d, metrics on http://127.0.0.1:%d/metrics\n",
      simulator.http_port(), gateway.grpc_port(), gateway.http_port());
  const long message_id = RunService(demo);
  ShowPortal(demo, simulator, message_id);

  if (stay) {
    demo.Title("Serving until Ctrl-C.");
    std::printf(
        "gRPC: 127.0.0.1:%d   admin: 127.0.0.1:%d   metrics: http://127.0.0.1:%d/metrics   portal's state: "
        "http://127.0.0.1:%d/state\n",
        gateway.grpc_port(), gateway.admin_port(), gateway.http_port(), simulator.control_port());
    std::fflush(stdout);
    WaitForSignal();
  }
  gateway.process().Signal(SIGTERM);
  const auto status = gateway.process().Wait(std::chrono::seconds(20));
  if (status != 0) throw std::runtime_error("the gateway did not stop cleanly");
  demo.Title("Done: every call answered, gateway and portal stopped.");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const bool stay = argc == 2 && std::strcmp(argv[1], "--stay") == 0;
  if (argc > 1 && !stay) {
    std::fputs("imbot_demo [--stay]\n", stderr);
    return 2;
  }
  if (stay) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  }
  try {
    return Run(stay);
  } catch (const std::exception& error) {
    std::fflush(stdout);
    std::fprintf(stderr, "\nimbot_demo: %s\n", error.what());
    return 1;
  }
}
