// SIGTERM under load, and callers that leave.

#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "grpc/health/v1/health.grpc.pb.h"
#include "tests/support/gateway.h"
#include "tests/support/http.h"
#include "tests/support/simulator.h"

namespace imbot {
namespace {

using namespace std::chrono_literals;
using testing::Gateway;
using testing::GatewayOptions;
using testing::Json;
using testing::RpcClient;
using testing::RpcResult;
using testing::Simulator;
using testing::TemporaryFolder;

constexpr char kSend[] = "bitrix24.imbot.v2.MessageService/SendMessage";
// Dialogs of their own, since messages of one dialog leave one after another.
std::string Message(int i) {
  return Json{{"bot", "acme/support"}, {"dialogId", std::to_string(1 + i % 10)}, {"fields", {{"message", "x"}}}}.dump();
}

// Polls, since what it waits for happens in another process.
template <typename Condition>
bool Eventually(Condition condition, std::chrono::milliseconds timeout = 10s) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(5ms);
  }
  return true;
}

double Metric(const Gateway& gateway, const std::string& name) {
  const std::string text = "\n" + gateway.Metrics();
  const size_t at = text.find("\n" + name + " ");
  return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size() + 2));
}

class Stopping : public ::testing::Test {
 protected:
  static GatewayOptions Options(const Simulator& simulator) {
    GatewayOptions options;
    options.portal_url = simulator.http_url();
    // Each call a request of its own, as long as the window lets it.
    options.limits =
        "  in_flight_per_portal: 8\n  batch_linger: 0s\n  shutdown_drain_delay: 500ms\n  shutdown_grace: 8s\n";
    return options;
  }
  void SetUp() override {
    ASSERT_TRUE(gateway_
                    .Call("bitrix24.imbot.v2.BotService/RegisterBot",
                          R"({"portal": "acme", "fields": {"code": "support", "properties": {"name": "Support"}}})")
                    .ok());
  }
  size_t Received(const std::string& method) const {
    size_t count = 0;
    for (const Json& request : simulator_.Received()) {
      count += request.at("target").get<std::string>().find(method) != std::string::npos;
    }
    return count;
  }
  void Hold(int count) const {
    simulator_.Post(
        "/faults",
        Json::array({{{"method", "imbot.v2.Chat.Message.send"}, {"count", count}, {"kind", "hold_before"}}}));
  }

  const Simulator simulator_{{"--received-limit=100000"}};
  const TemporaryFolder folder_;
  Gateway gateway_{folder_, Options(simulator_)};
};

TEST_F(Stopping, FinishesWhatIsUnderWayRefusesWhatIsNewAndExitsWithZero) {
  constexpr int kCalls = 24;  // three times the window: some are in flight, others queued
  simulator_.Post("/options", {{"delay_ms", 200}});
  std::vector<std::future<RpcResult>> calls;
  for (int i = 0; i < kCalls; ++i) {
    calls.push_back(std::async(std::launch::async,
                               [port = gateway_.grpc_port(), i] { return RpcClient(port).Call(kSend, Message(i)); }));
  }
  ASSERT_TRUE(Eventually([&] { return Metric(gateway_, "imbot_rpc_in_flight") == kCalls; }));
  const RpcClient late(gateway_.grpc_port());
  ASSERT_TRUE(late.Call("bitrix24.imbot.v2.RevisionService/GetRevision", R"({"portal": "nobody"})").Reason() ==
              "PORTAL_UNKNOWN");
  const auto health = grpc::health::v1::Health::NewStub(late.channel());
  gateway_.process().Signal(SIGTERM);

  // While the listener still takes calls, health has changed, and a new call is told to go elsewhere.
  const auto serving = [&] {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + 2s);
    grpc::health::v1::HealthCheckResponse response;
    const grpc::Status status = health->Check(&context, {}, &response);
    return status.ok() ? static_cast<int>(response.status()) : -1;
  };
  ASSERT_TRUE(Eventually([&] { return serving() != grpc::health::v1::HealthCheckResponse::SERVING; }, 2s));
  const RpcResult refused = late.Call(kSend, Message(0));
  EXPECT_EQ(refused.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(refused.Reason(), "SHUTTING_DOWN");
  EXPECT_EQ(refused.Outcome(), "NOT_EXECUTED");
  EXPECT_TRUE(refused.RetryInfo().has_value());

  for (auto& call : calls) {
    const RpcResult result = call.get();
    EXPECT_TRUE(result.ok()) << result.status.error_message();
  }
  EXPECT_EQ(gateway_.process().Wait(15s), 0);
  size_t executed = 0;
  for (const Json& call : simulator_.Executed()) executed += call.at("method") == "imbot.v2.Chat.Message.send";
  EXPECT_EQ(executed, static_cast<size_t>(kCalls));
}

TEST_F(Stopping, ExitsWithinItsGraceTimeThoughThePortalHangs) {
  Hold(1);
  auto hanging = std::async(std::launch::async, [port = gateway_.grpc_port(), i = 0] {
    return RpcClient(port).Call(kSend, Message(i), {.metadata = {}, .deadline = 60s});
  });
  ASSERT_TRUE(Eventually([&] { return Received("imbot.v2.Chat.Message.send") == 1; }));
  gateway_.process().Signal(SIGTERM);
  EXPECT_EQ(gateway_.process().Wait(20s), 0);
  const RpcResult result = hanging.get();
  EXPECT_FALSE(result.ok());
  simulator_.Post("/release");
}

TEST_F(Stopping, ASecondSignalEndsItAtOnce) {
  Hold(1);
  auto hanging = std::async(std::launch::async, [port = gateway_.grpc_port(), i = 0] {
    return RpcClient(port).Call(kSend, Message(i), {.metadata = {}, .deadline = 60s});
  });
  ASSERT_TRUE(Eventually([&] { return Received("imbot.v2.Chat.Message.send") == 1; }));
  gateway_.process().Signal(SIGTERM);
  ASSERT_TRUE(gateway_.process().WaitForLine(
      [](const std::string& line) { return line.find("\"event\":\"stopping\"") != line.npos; }, 5s));
  gateway_.process().Signal(SIGTERM);
  const auto status = gateway_.process().Wait(3s);
  ASSERT_TRUE(status.has_value());
  EXPECT_NE(*status, 0) << "calls were cut off";
  EXPECT_FALSE(hanging.get().ok());
  simulator_.Post("/release");
}

TEST_F(Stopping, ACallerThatRunsOutOfTimeFreesWhatItHeld) {
  constexpr int kCalls = 20;  // 8 in flight, 12 queued
  Hold(8);
  std::vector<std::future<RpcResult>> calls;
  for (int i = 0; i < kCalls; ++i) {
    calls.push_back(std::async(std::launch::async, [port = gateway_.grpc_port(), i] {
      return RpcClient(port).Call(kSend, Message(i), {.metadata = {}, .deadline = 1500ms});
    }));
  }
  ASSERT_TRUE(Eventually([&] { return Metric(gateway_, "imbot_portal_queued_calls") == kCalls - 8; }));
  for (auto& call : calls) EXPECT_EQ(call.get().status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_TRUE(Eventually([&] { return Metric(gateway_, "imbot_portal_queued_calls") == 0; }))
      << "what was queued is dropped";
  EXPECT_TRUE(Eventually([&] { return Metric(gateway_, "imbot_rpc_in_flight") == 0; }));
  EXPECT_EQ(Metric(gateway_, "imbot_portal_in_flight"), 8) << "what was sent is left to finish";
  simulator_.Post("/release");
  EXPECT_TRUE(Eventually([&] { return Metric(gateway_, "imbot_portal_in_flight") == 0; }));
  EXPECT_EQ(Received("imbot.v2.Chat.Message.send"), 8u) << "nothing of what was dropped went out";
  EXPECT_TRUE(gateway_.Call(kSend, Message(0)).ok()) << "and the connections still serve";
}

TEST_F(Stopping, ACallerThatCancelsFreesWhatItHeld) {
  Hold(8);
  std::vector<std::future<RpcResult>> held;
  for (int i = 0; i < 8; ++i) {
    held.push_back(std::async(std::launch::async,
                              [port = gateway_.grpc_port(), i] { return RpcClient(port).Call(kSend, Message(i)); }));
  }
  ASSERT_TRUE(Eventually([&] { return Metric(gateway_, "imbot_portal_in_flight") == 8; }));
  auto client = std::make_unique<RpcClient>(gateway_.grpc_port());
  grpc::ClientContext context;
  grpc::GenericStub stub(client->channel());
  std::promise<grpc::Status> done;
  const auto* method = google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(
      "bitrix24.imbot.v2.MessageService.SendMessage");
  std::unique_ptr<google::protobuf::Message> message(
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(method->input_type())->New());
  const auto* reflection = message->GetReflection();
  reflection->SetString(message.get(), method->input_type()->FindFieldByName("bot"), "acme/support");
  reflection->SetString(message.get(), method->input_type()->FindFieldByName("dialog_id"), "chat5");
  reflection->MutableMessage(message.get(), method->input_type()->FindFieldByName("fields"));
  grpc::Slice slice(message->SerializeAsString());
  grpc::ByteBuffer request(&slice, 1), response;
  stub.UnaryCall(&context, std::string("/") + kSend, {}, &request, &response,
                 [&](grpc::Status status) { done.set_value(status); });
  ASSERT_TRUE(Eventually([&] { return Metric(gateway_, "imbot_portal_queued_calls") == 1; }));
  context.TryCancel();
  EXPECT_EQ(done.get_future().get().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(Eventually([&] { return Metric(gateway_, "imbot_portal_queued_calls") == 0; }));
  simulator_.Post("/release");
  for (auto& call : held) EXPECT_TRUE(call.get().ok());
  EXPECT_EQ(Received("imbot.v2.Chat.Message.send"), 8u);
}

}  // namespace
}  // namespace imbot
