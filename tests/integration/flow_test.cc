// When calls go out, through the real program: limits, batches, what must not be in one, edits that replace each other.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/gateway.h"
#include "tests/support/simulator.h"
#include "tests/translate/reference_texts.h"

namespace imbot {
namespace {

using testing::Gateway;
using testing::GatewayOptions;
using ::testing::HasSubstr;
using testing::Json;
using testing::RpcOptions;
using testing::RpcResult;
using testing::Simulator;
using testing::TemporaryFolder;

constexpr char kSend[] = "bitrix24.imbot.v2.MessageService/SendMessage";
constexpr char kUpdate[] = "bitrix24.imbot.v2.MessageService/UpdateMessage";

Json Message(int dialog, const std::string& text) {
  return {{"bot", "acme/support"}, {"dialogId", std::to_string(1 + dialog % 10)}, {"fields", {{"message", text}}}};
}

std::string Trailer(const RpcResult& result, const std::string& name) {
  const auto it = result.trailers.find(name);
  return it == result.trailers.end() ? "" : it->second;
}

bool WentInABatch(const RpcResult& result) {
  return Trailer(result, "x-imbot-call").find("batch-size=") != std::string::npos;
}

class Flow {
 public:
  explicit Flow(std::vector<std::string> simulator_flags, GatewayOptions options = {})
      : simulator_(std::move(simulator_flags)) {
    options.portal_url = simulator_.http_url();
    options.log_level = "info";
    gateway_ = std::make_unique<Gateway>(folder_, options);
    const RpcResult registered =
        gateway_->Call("bitrix24.imbot.v2.BotService/RegisterBot",
                       R"({"portal": "acme", "fields": {"code": "support", "properties": {"name": "Support"}}})");
    EXPECT_TRUE(registered.ok()) << registered.status.error_message();
  }

  // All at once, each from a thread of its own.
  std::vector<RpcResult> CallAll(const std::vector<std::pair<std::string, Json>>& calls,
                                 const RpcOptions& options = {}) const {
    std::vector<std::future<RpcResult>> waiting;
    for (const auto& [method, request] : calls) {
      waiting.push_back(std::async(std::launch::async, [this, &options, method = method, text = request.dump()] {
        return gateway_->Call(method, text, options);
      }));
    }
    std::vector<RpcResult> results;
    for (auto& one : waiting) results.push_back(one.get());
    return results;
  }

  // Texts of the messages that the portal was asked to send, as the methods got them.
  std::multiset<std::string> Texts() const {
    std::multiset<std::string> texts;
    for (const Json& call : simulator_.Executed()) {
      if (call.at("method") != "imbot.v2.Chat.Message.send") continue;
      const Json& text = call.at("params").at("fields").at("message");
      texts.insert(text.is_string() ? text.get<std::string>() : text.dump());
    }
    return texts;
  }
  size_t Requests() const { return simulator_.Get("/stats").at("requests").get<size_t>(); }
  size_t Refused() const { return simulator_.Get("/stats").at("bucketRefused").get<size_t>(); }
  const Simulator& simulator() const { return simulator_; }
  const Gateway& gateway() const { return *gateway_; }

 private:
  const Simulator simulator_;
  const TemporaryFolder folder_;
  std::unique_ptr<Gateway> gateway_;
};

GatewayOptions OneAtATime() {
  GatewayOptions options;
  options.limits = "  in_flight_per_portal: 1\n";
  return options;
}

TEST(FlowThroughTheGateway, KeepsTheLimitOfThePortalAndSendsEachMessageOnce) {
  GatewayOptions options;
  options.plan = "standard\n    rate_limit: {burst: 5, per_second: 10}";
  const Flow flow({"--bucket=5", "--bucket-leak=10", "--delay-ms=20"}, options);
  std::vector<std::pair<std::string, Json>> calls;
  std::multiset<std::string> sent;
  for (int i = 0; i < 200; ++i) {
    calls.emplace_back(kSend, Message(i, "text " + std::to_string(i)));
    sent.insert("text " + std::to_string(i));
  }
  size_t batched = 0;
  const auto began = std::chrono::steady_clock::now();
  for (const RpcResult& result : flow.CallAll(calls)) {
    EXPECT_TRUE(result.ok()) << result.status.error_message();
    batched += WentInABatch(result) ? 1 : 0;
  }
  EXPECT_EQ(flow.Texts(), sent);
  EXPECT_EQ(flow.Refused(), 0u);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  EXPECT_GT(batched, 0u);
  EXPECT_GE(batched + flow.Requests(), 201u) << "who did not leave with others took a request";
  EXPECT_LE(static_cast<double>(flow.Requests()), 5 + 10 * seconds + 1) << "what the limit allows, and a registration";
  // Beside the registration.
  EXPECT_THAT(flow.gateway().Metrics(), HasSubstr("\nimbot_portal_sent_calls_total{portal=\"acme\"} 201\n"));
  EXPECT_THAT(flow.gateway().Metrics(), HasSubstr("\nimbot_portal_limit_burst{portal=\"acme\"} 5\n"));
  EXPECT_THAT(flow.gateway().Metrics(), HasSubstr("\nimbot_portal_refused_requests_total{portal=\"acme\"} 0\n"));
}

TEST(FlowThroughTheGateway, LearnsThatThePortalTakesLessThanItsPlanSays) {
  GatewayOptions options;
  options.plan = "enterprise";
  options.limits = "  batch_linger: 0s\n";  // many requests, so that the portal refuses some
  const Flow flow({"--bucket=5", "--bucket-leak=10", "--delay-ms=20"}, options);
  std::vector<std::pair<std::string, Json>> calls;
  for (int i = 0; i < 100; ++i) calls.emplace_back(kSend, Message(i, std::to_string(i)));
  for (const RpcResult& result : flow.CallAll(calls)) EXPECT_TRUE(result.ok()) << result.status.error_message();
  EXPECT_GT(flow.Refused(), 0u) << "else there was nothing to learn";
  EXPECT_EQ(flow.Texts().size(), 100u);
}

// Sends everything beside reads of the bot, whose answers a reference would show, through a portal that takes one
// request at a time.
struct Sent {
  std::vector<std::string> texts;
  std::vector<RpcResult> results;
};
Sent SendAmongOthers(const Flow& flow, std::vector<std::string> texts) {
  std::vector<std::pair<std::string, Json>> calls;
  for (size_t i = 0; i < texts.size(); ++i) {
    calls.emplace_back(kSend, Message(static_cast<int>(i), texts[i]));
    calls.emplace_back("bitrix24.imbot.v2.BotService/GetBot", Json{{"bot", "acme/support"}});
  }
  std::vector<RpcResult> results = flow.CallAll(calls, {.metadata = {}, .deadline = std::chrono::seconds(60)});
  Sent sent{.texts = std::move(texts), .results = {}};
  for (size_t i = 0; i < results.size(); i += 2) sent.results.push_back(std::move(results[i]));
  return sent;
}
std::vector<std::string> References() {
  std::vector<std::string> texts = reference_texts::kReferences;
  // What the first commands of a batch answer.
  for (int i = 0; i < 5; ++i) texts.push_back("$result[c" + std::to_string(i) + "][bot][code]");
  return texts;
}

TEST(FlowThroughTheGateway, ATextThatThePortalWouldReplaceArrivesUnchangedAndHarmlessOnesAreBatched) {
  const Flow flow({"--delay-ms=100"}, OneAtATime());
  std::vector<std::string> harmless = reference_texts::kHarmless;
  std::erase(harmless, "");
  const size_t references = References().size();
  std::vector<std::string> texts = References();
  texts.insert(texts.end(), harmless.begin(), harmless.end());
  const Sent sent = SendAmongOthers(flow, texts);
  size_t batched = 0;
  for (size_t i = 0; i < sent.texts.size(); ++i) {
    EXPECT_TRUE(sent.results[i].ok()) << sent.texts[i] << ": " << sent.results[i].status.error_message();
    const bool together = WentInABatch(sent.results[i]);
    if (i < references) {
      EXPECT_FALSE(together) << sent.texts[i];
    } else {
      batched += together ? 1 : 0;
    }
  }
  EXPECT_GE(batched, 30u);
  EXPECT_EQ(flow.Texts(), std::multiset<std::string>(texts.begin(), texts.end()));
}

TEST(FlowThroughTheGateway, WithoutItsGuardTextsDoGetReplaced) {
  GatewayOptions options = OneAtATime();
  options.program = "imbot_gateway_unguarded";
  const Flow flow({"--delay-ms=100"}, options);
  const std::vector<std::string> texts = References();
  SendAmongOthers(flow, texts);
  // Shown another command's data, or lost since what came of them is no text.
  EXPECT_NE(flow.Texts(), std::multiset<std::string>(texts.begin(), texts.end()))
      << "the test above would not notice a missing guard";
}

TEST(FlowThroughTheGateway, EditsThatStillWaitAreReplacedByTheLastWhereTheCallerAsksForIt) {
  const Flow flow({"--delay-ms=400"}, OneAtATime());
  const RpcResult message = flow.gateway().Call(kSend, Message(1, "first").dump());
  ASSERT_TRUE(message.ok());
  const Json id = Json::parse(message.json).at("id");
  const auto edits = [&](const std::string& text) {
    std::vector<std::pair<std::string, Json>> calls;
    for (int i = 0; i < 20; ++i) {
      calls.emplace_back(
          kUpdate,
          Json{{"bot", "acme/support"}, {"messageId", id}, {"fields", {{"message", text + std::to_string(i)}}}});
    }
    return calls;
  };
  const auto executed = [&] {
    size_t count = 0;
    for (const Json& call : flow.simulator().Executed()) count += call.at("method") == "imbot.v2.Chat.Message.update";
    return count;
  };
  size_t superseded = 0;
  for (const RpcResult& result : flow.CallAll(edits("edit "), {.metadata = {{"x-imbot-collapse", "true"}}})) {
    ASSERT_TRUE(result.ok()) << result.status.error_message();
    EXPECT_EQ(Json::parse(result.json).at("result"), true);
    superseded += Trailer(result, "x-imbot-superseded") == "true" ? 1 : 0;
  }
  EXPECT_GE(superseded, 5u);
  EXPECT_EQ(executed(), 20u - superseded);
  flow.CallAll(edits("other "));
  EXPECT_EQ(executed(), 40u - superseded) << "nobody asked for it";
}

}  // namespace
}  // namespace imbot
