// Planted secrets appear nowhere: not in the log at its most verbose, not on stdout, in metrics, trailers, error
// details, channelz, the process's arguments or a core file. And the same check finds them where they were put on
// purpose.

#include <grpcpp/ext/channelz_service_plugin.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/gateway.h"
#include "tests/support/leaks.h"
#include "tests/support/simulator.h"

namespace imbot {
namespace {

using namespace std::chrono_literals;
using testing::FindLeaks;
using testing::Gateway;
using testing::GatewayOptions;
using testing::Json;
using testing::NamedSecret;
using testing::RpcResult;
using testing::Simulator;
using testing::TemporaryFolder;

constexpr char kWebhookCode[] = "canaryWebhook7f3a9c51e2";
constexpr char kBotToken[] = "canary+botToken/9b1d6e&4f";
constexpr char kClientId[] = "canary CLIENT_ID=5c8e%2a7d";
constexpr char kCallerToken[] = "canary-caller-token-3d9f1b";

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

std::string Sha256OfCallerToken() {
  // printf %s canary-caller-token-3d9f1b | sha256sum
  return "18c67fc9628efdd2c4506f6d30aee50d8ecf09b7f70b221f47344d94808a6e3d";
}

// Everything the outside can see of the gateway, gathered while it is used in every way that could go wrong.
class Canary : public ::testing::Test {
 protected:
  Canary() { Start(/*leaks_on_purpose=*/false); }

  void Start(bool leaks_on_purpose) {
    gateway_.reset();
    // Links channelz' messages in, so that it can be called by name.
    grpc::channelz::experimental::InitChannelzService();
    simulator_.Post("/webhooks", {{"user", 1}, {"code", kWebhookCode}, {"scope", {"imbot", "im"}}});
    GatewayOptions options;
    options.portal_url = simulator_.http_url();
    options.webhook_code = kWebhookCode;
    options.log_level = "debug";
    options.environment = {{"CANARY_CLIENT_ID", kClientId}};
    options.configuration =
        "handler_hosts: [bots.example.com]\nbots:\n"
        "  - portal: acme\n    name: old_v2\n    bot_id: 456\n    secret: {file: " +
        folder_.Write("token", kBotToken) +
        "}\n"
        "  - portal: acme\n    name: old_v1\n    bot_id: 39\n    secret: {env: CANARY_CLIENT_ID}\n"
        "callers:\n  - name: tester\n    token_sha256: " +
        Sha256OfCallerToken() + "\n";
    options.leaks_on_purpose = leaks_on_purpose;
    gateway_ = std::make_unique<Gateway>(folder_, options);
  }

  RpcResult Call(const std::string& method, const Json& request) {
    RpcResult result = gateway_->Call(method, request.dump(),
                                      {.metadata = {{"authorization", std::string("Bearer ") + kCallerToken}}});
    Note("response of " + method, result.json);
    Note("status of " + method,
         result.status.error_message() + result.details.DebugString() + result.status.error_details());
    for (const auto& [key, value] : result.trailers) Note("trailer " + key, value);
    return result;
  }

  // Every kind of call and every kind of failure.
  void UseEverything() {
    const Json register_v2 = {{"portal", "acme"}, {"fields", {{"code", "fresh"}, {"properties", {{"name", "Fresh"}}}}}};
    const Json send = {{"bot", "acme/fresh"}, {"dialogId", "chat5"}, {"fields", {{"message", "x"}}}};
    Call("bitrix24.imbot.v2.BotService/RegisterBot", register_v2);
    Call("bitrix24.imbot.v2.BotService/RegisterBot", register_v2);
    Call("bitrix24.imbot.v1.BotService/RegisterBot", {{"portal", "acme"},
                                                      {"CODE", "fresh1"},
                                                      {"EVENT_HANDLER", "https://bots.example.com/e"},
                                                      {"PROPERTIES", {{"NAME", "F"}}}});
    Call("bitrix24.imbot.v2.BotService/GetBot", {{"bot", "acme/fresh"}});
    Call("bitrix24.imbot.v2.MessageService/SendMessage", send);
    // The portal does not know these two: their secrets go out and come to nothing.
    Call("bitrix24.imbot.v2.MessageService/SendMessage",
         {{"bot", "acme/old_v2"}, {"dialogId", "chat5"}, {"fields", {{"message", "x"}}}});
    Call("bitrix24.imbot.v1.MessageService/AddMessage",
         {{"bot", "acme/old_v1"}, {"DIALOG_ID", "chat5"}, {"MESSAGE", "x"}});
    Call("bitrix24.imbot.v2.MessageService/SendMessage",
         {{"bot", "acme/nobody"}, {"dialogId", "chat5"}, {"fields", {{"message", "x"}}}});
    Call("bitrix24.imbot.v2.MessageService/SendMessage", {{"fields", {{"message", "x"}}}});
    // A portal that repeats in its errors what it was sent, and one that misbehaves on the wire.
    const std::string echo = std::string("no such webhook /rest/1/") + kWebhookCode +
                             "/imbot.v2.Chat.Message.send botToken=" + kBotToken + " CLIENT_ID=" + kClientId;
    const std::string moved = "https://moved.example.com/rest/1/" + std::string(kWebhookCode) + "/x";
    const Json faults = {
        {{"kind", "error"}, {"args", {{"error", "SOME_NEW_ERROR"}, {"description", echo}, {"code", 400}}}},
        {{"kind", "status"}, {"args", {{"code", 502}, {"body", "<html>" + echo + "</html>"}}}},
        {{"kind", "status"}, {"args", {{"code", 302}, {"body", ""}, {"headers", {{"Location", moved}}}}}},
        {{"kind", "reset_before"}},
        {{"kind", "reset_after"}},
        {{"kind", "cut"}},
        {{"kind", "body"}, {"args", {{"body", echo}}}},
    };
    for (const Json& fault : faults) {
      Json all = fault;
      all["method"] = "*";
      all["count"] = 1;
      simulator_.Post("/faults", Json::array({all}));
      Call("bitrix24.imbot.v2.MessageService/SendMessage",
           {{"bot", "acme/old_v2"}, {"dialogId", "chat5"}, {"fields", {{"message", "x"}}}});
      simulator_.Delete("/faults");
    }
    // A caller with a wrong token, and one without.
    const RpcResult wrong = gateway_->Call("bitrix24.imbot.v2.BotService/GetBot", R"({"bot": "acme/fresh"})",
                                           {.metadata = {{"authorization", std::string("Bearer x") + kCallerToken}}});
    EXPECT_EQ(wrong.status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
    Note("wrong token", wrong.status.error_message() + wrong.details.DebugString());
  }

  void LookEverywhere() {
    const std::string pid = std::to_string(gateway_->process().pid());
    Note("metrics", gateway_->Metrics());
    Note("arguments", ReadFile("/proc/" + pid + "/cmdline"));
    Note("name", ReadFile("/proc/" + pid + "/comm"));
    for (const char* method : {"GetTopChannels", "GetServers"}) {
      Note(std::string("channelz ") + method, ChannelzText(method));
    }
    Note("stdout", gateway_->process().Out());
    Note("stderr", gateway_->process().Err());
  }

  std::string ChannelzText(const std::string& method) {
    return gateway_->Call("grpc.channelz.v1.Channelz/" + method, "{}").json;
  }

  void Note(const std::string& place, const std::string& text) { seen_.emplace_back(place, text); }

  std::vector<NamedSecret> Secrets() const {
    std::vector<NamedSecret> secrets = {{"webhook code", kWebhookCode},
                                        {"botToken", kBotToken},
                                        {"CLIENT_ID", kClientId},
                                        {"caller's token", kCallerToken}};
    // Those the gateway made itself; the portal has seen them.
    for (const Json& request : simulator_.Received()) {
      const Json body = Json::parse(request.at("body").get<std::string>(), nullptr, false);
      if (body.is_discarded() || !body.is_object()) continue;
      if (body.contains("fields") && body.at("fields").contains("botToken"))
        secrets.push_back({"made botToken", body["fields"]["botToken"]});
      if (body.contains("CLIENT_ID")) secrets.push_back({"made CLIENT_ID", body["CLIENT_ID"]});
    }
    return secrets;
  }

  const Simulator simulator_;
  const TemporaryFolder folder_;
  std::unique_ptr<Gateway> gateway_;
  std::vector<std::pair<std::string, std::string>> seen_;
};

TEST_F(Canary, AppearsNowhere) {
  UseEverything();
  LookEverywhere();
  gateway_->process().Signal(SIGTERM);
  ASSERT_EQ(gateway_->process().Wait(20s), 0);
  Note("log to the end", gateway_->process().Err());
  const auto secrets = Secrets();
  ASSERT_GE(secrets.size(), 6u) << "the made ones are among them";
  size_t looked_at = 0;
  for (const auto& [place, text] : seen_) {
    looked_at += text.size();
    for (const std::string& leak : FindLeaks(text, secrets))
      ADD_FAILURE() << place << " shows " << leak << ":\n" << text;
  }
  EXPECT_GT(looked_at, 20'000u) << "there was something to look at";
  EXPECT_NE(gateway_->process().Err().find("\"level\":\"debug\""), std::string::npos)
      << "the log was at its most verbose";
}

TEST_F(Canary, IsFoundWhereItWasPutOnPurpose) {
  Start(/*leaks_on_purpose=*/true);
  // A caller names a bot by a secret: the gateway repeats the name it does not know.
  const RpcResult result = Call("bitrix24.imbot.v2.BotService/GetBot", {{"bot", std::string("acme/") + kWebhookCode}});
  ASSERT_EQ(result.Reason(), "BOT_UNKNOWN");
  // The line may come a little after the answer.
  ASSERT_TRUE(gateway_->process()
                  .WaitForLine([](const std::string& line) { return line.find("BOT_UNKNOWN") != line.npos; }, 10s)
                  .has_value());
  LookEverywhere();
  const auto found_in = [&](const std::string& place) {
    for (const auto& [where, text] : seen_) {
      if (where == place && !FindLeaks(text, Secrets()).empty()) return true;
    }
    return false;
  };
  EXPECT_TRUE(found_in("status of bitrix24.imbot.v2.BotService/GetBot"));
  EXPECT_TRUE(found_in("stderr")) << "the access log names the bot";
  EXPECT_FALSE(found_in("arguments"));
}

TEST_F(Canary, IsFoundInEveryForm) {
  const std::vector<NamedSecret> secret = {{"token", kBotToken}};
  // Written by hand with printf, base64, xxd and jq's @uri.
  EXPECT_EQ(FindLeaks("x canary+botToken/9b1d6e&4f y", secret), std::vector<std::string>{"token (raw)"});
  EXPECT_EQ(FindLeaks("canary%2BbotToken%2F9b1d6e%264f", secret), std::vector<std::string>{"token (percent-encoded)"});
  EXPECT_EQ(FindLeaks("canary%2bbotToken%2f9b1d6e%264f", secret), std::vector<std::string>{"token (percent-encoded)"});
  EXPECT_EQ(FindLeaks("Y2FuYXJ5K2JvdFRva2VuLzliMWQ2ZSY0Zg==", secret), std::vector<std::string>{"token (base64)"});
  EXPECT_EQ(FindLeaks("eGNhbmFyeStib3RUb2tlbi85YjFkNmUmNGY=", secret), std::vector<std::string>{"token (base64)"});
  EXPECT_EQ(FindLeaks("eHljYW5hcnkrYm90VG9rZW4vOWIxZDZlJjRmeg==", secret), std::vector<std::string>{"token (base64)"});
  EXPECT_TRUE(FindLeaks("canary+botToken/9b1d6e&5f", secret).empty());
}

TEST_F(Canary, LeavesNoCoreFile) {
  const std::string pid = std::to_string(gateway_->process().pid());
  const std::string limits = ReadFile("/proc/" + pid + "/limits");
  const size_t at = limits.find("Max core file size");
  ASSERT_NE(at, std::string::npos);
  EXPECT_EQ(limits.substr(at, limits.find('\n', at) - at).find_first_of("123456789"), std::string::npos)
      << limits.substr(at, 70);
  gateway_->process().Signal(SIGABRT);
  EXPECT_EQ(gateway_->process().Wait(20s), -SIGABRT);
  std::string pattern = ReadFile("/proc/sys/kernel/core_pattern");
  for (const auto& folder : {std::filesystem::path(folder_.path()), std::filesystem::current_path()}) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      EXPECT_FALSE(entry.path().filename().string().starts_with("core")) << entry.path();
    }
  }
}

}  // namespace
}  // namespace imbot
