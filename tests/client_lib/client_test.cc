// A client over a socket, with the fake gateway at its other end: what a caller sends, and what he is told.
#include "imbot/client/client.h"

#include <grpcpp/channel.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <future>
#include <set>
#include <string>
#include <thread>

#include "bitrix24/imbot/v2/bot_service.grpc.pb.h"
#include "bitrix24/imbot/v2/chat_service.grpc.pb.h"
#include "bitrix24/imbot/v2/file_service.grpc.pb.h"
#include "bitrix24/imbot/v2/message_service.grpc.pb.h"
#include "imbot/client/testing/fake_gateway.h"
#include "tests/support/process.h"

namespace imbot::client {
namespace {

using namespace std::chrono_literals;
using bitrix24::imbot::v2::AddChatRequest;
using bitrix24::imbot::v2::ChatService;
using bitrix24::imbot::v2::FileService;
using bitrix24::imbot::v2::MessageService;
using bitrix24::imbot::v2::SendMessageRequest;
using bitrix24::imbot::v2::SendMessageResponse;
using client_testing::FakeError;
using client_testing::FakeGateway;
using client_testing::RecordedCall;

constexpr auto kSend = &MessageService::Stub::SendMessage;
constexpr auto kAddChat = &ChatService::Stub::AddChat;

SendMessageRequest Hello() {
  SendMessageRequest request;
  request.set_bot("acme/support");
  request.set_dialog_id("chat5");
  request.mutable_fields()->set_message("Hello");
  return request;
}
SendMessageResponse Sent(int64_t id) {
  SendMessageResponse response;
  response.set_id(id);
  return response;
}

class ClientTest : public ::testing::Test {
 protected:
  Client MakeClient() { return MakeClient(gateway_->options()); }
  static Client MakeClient(const ClientOptions& options) {
    auto client = Client::Create(options);
    EXPECT_TRUE(client.ok()) << client.status();
    return *std::move(client);
  }
  const std::unique_ptr<FakeGateway> gateway_ = FakeGateway::Start();
};

TEST_F(ClientTest, ReturnsTheResponseAndWhatTheTrailersSay) {
  gateway_->Reply(kSend, Sent(789),
                  {.request_id = "r1",
                   .queued = 1500us,
                   .portal_time = 20ms,
                   .operating = std::chrono::duration<double>(0.5),
                   .operating_reset_at = std::chrono::system_clock::time_point(1'700'000'000s),
                   .batch_size = 7});
  const auto sent = MakeClient().Call(kSend, Hello());
  ASSERT_TRUE(sent.ok()) << sent.error();
  EXPECT_EQ(sent->id(), 789);
  EXPECT_EQ(sent.info().request_id, "r1");
  EXPECT_EQ(sent.info().queued, 1500us);
  EXPECT_EQ(sent.info().portal_time, 20ms);
  EXPECT_EQ(sent.info().operating->count(), 0.5);
  EXPECT_EQ(sent.info().operating_reset_at, std::chrono::system_clock::time_point(1'700'000'000s));
  EXPECT_EQ(sent.info().batch_size, 7);
  EXPECT_EQ(sent.info().attempts, 1);
  const auto calls = gateway_->CallsOf(kSend);
  ASSERT_EQ(calls.size(), 1u);
  EXPECT_EQ(calls[0].method, "bitrix24.imbot.v2.MessageService/SendMessage");
  EXPECT_EQ(calls[0].request<SendMessageRequest>().fields().message(), "Hello");
}

TEST_F(ClientTest, WhatTheGatewayDoesNotSayIsUnset) {
  gateway_->Reply(kSend, Sent(1));
  const auto sent = MakeClient().Call(kSend, Hello());
  EXPECT_EQ(sent.info().request_id, "");
  EXPECT_FALSE(sent.info().queued || sent.info().portal_time || sent.info().operating || sent.info().batch_size ||
               sent.info().operating_reset_at || sent.info().found_done);
}

TEST_F(ClientTest, DecodesEverythingThatAnErrorCarries) {
  gateway_->Fail(kSend,
                 {.code = absl::StatusCode::kInvalidArgument,
                  .reason = "CODE_100",
                  .message = "two fields are wrong",
                  .outcome = Outcome::kExecuted,
                  .retry_delay = 1500ms,
                  .violations = {{"dialogId", "is required"}, {"fields.keyboard.BUTTONS[0].TEXT", "is required"}},
                  .domain = "bitrix24.com",
                  .metadata = {{"code", "100"},
                               {"portal", "acme"},
                               {"method", "imbot.v2.Chat.Message.send"},
                               {"request_id", "r9"},
                               {"actor", "OPERATOR"},
                               {"http_status", "400"}}});
  const auto sent = MakeClient().Call(kSend, Hello());
  ASSERT_FALSE(sent.ok());
  const Error& error = sent.error();
  EXPECT_EQ(error.code, absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(error.message, "two fields are wrong");
  EXPECT_EQ(error.reason, "CODE_100");
  EXPECT_TRUE(error.Is(gateway::v1::ERROR_REASON_CODE_100));
  EXPECT_FALSE(error.Is(gateway::v1::ERROR_REASON_QUEUE_FULL));
  EXPECT_EQ(error.domain, "bitrix24.com");
  EXPECT_EQ(error.outcome, Outcome::kExecuted);
  EXPECT_EQ(error.actor, Actor::kOperator);
  EXPECT_EQ(error.retry_delay, 1500ms);
  ASSERT_EQ(error.violations.size(), 2u);
  EXPECT_EQ(error.violations[1].field, "fields.keyboard.BUTTONS[0].TEXT");
  EXPECT_EQ(error.request_id, "r9");
  EXPECT_EQ(error.portal, "acme");
  EXPECT_EQ(error.method, "imbot.v2.Chat.Message.send");
  EXPECT_EQ(error.portal_code, "100");
  EXPECT_EQ(error.metadata.at("http_status"), "400");
  EXPECT_EQ(error.ToString(),
            "INVALID_ARGUMENT CODE_100 (EXECUTED): two fields are wrong [dialogId: is required; "
            "fields.keyboard.BUTTONS[0].TEXT: is required] retry after 1500 ms request r9");
  EXPECT_EQ(error.ToStatus().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ClientTest, AllAttemptsOfACallCarryOneKeyAndEveryCallAnother) {
  gateway_->Fail(kSend, {.reason = "SHUTTING_DOWN"});
  gateway_->Lose(kSend);
  gateway_->Fail(kSend, {.code = absl::StatusCode::kResourceExhausted, .reason = "QUEUE_FULL", .retry_delay = 1ms});
  gateway_->Reply(kSend, Sent(1));
  gateway_->Reply(kSend, Sent(2));
  const Client client = MakeClient();
  const auto first = client.Call(kSend, Hello());
  ASSERT_TRUE(first.ok()) << first.error();
  EXPECT_EQ(first.info().attempts, 4);
  ASSERT_TRUE(client.Call(kSend, Hello()).ok());
  const auto calls = gateway_->CallsOf(kSend);
  ASSERT_EQ(calls.size(), 5u);
  std::set<std::string> of_the_first;
  for (size_t i = 0; i < 4; ++i) of_the_first.insert(calls[i].Metadata("idempotency-key"));
  EXPECT_EQ(of_the_first, std::set<std::string>{first.info().idempotency_key});
  EXPECT_EQ(first.info().idempotency_key.size(), 36u);
  EXPECT_NE(calls[4].Metadata("idempotency-key"), first.info().idempotency_key);
}

TEST_F(ClientTest, SendsKeyPriorityAndMetadataOfTheCaller) {
  gateway_->Reply(kSend, Sent(1));
  const auto sent =
      MakeClient().Call(kSend, Hello(),
                        {.timeout = 5s,
                         .idempotency_key = "order-142",
                         .priority = Priority::kBulk,
                         .metadata = {{"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}}});
  ASSERT_TRUE(sent.ok()) << sent.error();
  const RecordedCall call = gateway_->Calls().at(0);
  EXPECT_EQ(call.Metadata("idempotency-key"), "order-142");
  EXPECT_EQ(call.Metadata("x-imbot-priority"), "bulk");
  EXPECT_EQ(call.Metadata("traceparent"), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  EXPECT_EQ(call.Metadata("authorization"), "");
  EXPECT_LE(call.time_left, 6s);
  EXPECT_GT(call.time_left, 3s);
}

TEST_F(ClientTest, ACallWithoutATimeOfItsOwnHasOneAllTheSame) {
  gateway_->Reply(kSend, Sent(1));
  gateway_->Reply(kSend, Sent(1));
  ClientOptions options = gateway_->options();
  options.max_timeout = 60s;
  const Client client = MakeClient(options);
  ASSERT_TRUE(client.Call(kSend, Hello()).ok());
  ASSERT_TRUE(client.Call(kSend, Hello(), {.timeout = 100h}).ok());
  const auto calls = gateway_->Calls();
  EXPECT_LE(calls.at(0).time_left, 31s) << "gRPC rounds it up on the wire";
  EXPECT_LE(calls.at(1).time_left, 61s) << "cut to the longest allowed";
  EXPECT_GT(calls.at(1).time_left, 50s);
}

TEST_F(ClientTest, WhatCantBeSentIsRefusedAndNothingLeaves) {
  const Client client = MakeClient();
  const CallOptions wrong[] = {
      {.timeout = 0ms},
      {.timeout = -1ms},
      {.idempotency_key = ""},
      {.idempotency_key = "two words"},
      {.idempotency_key = std::string(256, 'x')},
      {.idempotency_key = "line\nbreak"},
      {.retry = RetryOptions{.max_attempts = 0}},
      {.retry = RetryOptions{.initial_backoff = 2s, .max_backoff = 1s}},
      {.metadata = {{"Upper", "x"}}},
      {.metadata = {{"", "x"}}},
      {.metadata = {{"authorization", "Bearer x"}}},
      {.metadata = {{"idempotency-key", "x"}}},
      {.metadata = {{"grpc-timeout", "1S"}}},
      {.metadata = {{"x-bytes-bin", "x"}}},
      {.metadata = {{"x-text", "\x01"}}},
      {.metadata = {{"x-text", "\xd0\x96"}}},
  };
  for (const CallOptions& options : wrong) {
    const auto sent = client.Call(kSend, Hello(), options);
    ASSERT_FALSE(sent.ok()) << &options - wrong;
    EXPECT_EQ(sent.error().code, absl::StatusCode::kInvalidArgument) << &options - wrong;
    EXPECT_EQ(sent.error().reason, kCallInvalid);
    EXPECT_EQ(sent.error().outcome, Outcome::kNotExecuted);
    EXPECT_EQ(sent.info().attempts, 0);
    grpc::ClientContext context;
    EXPECT_FALSE(client.Prepare(options, &context).ok());
  }
  EXPECT_TRUE(gateway_->Calls().empty());
}

TEST_F(ClientTest, AnErrorThatNoGatewayMadeHasADefinedOutcome) {
  const Client client = MakeClient();
  gateway_->Lose(kAddChat);
  const auto lost = client.Call(kAddChat, AddChatRequest());
  EXPECT_EQ(lost.error().reason, kGatewayLost);
  EXPECT_EQ(lost.error().domain, kClientDomain);
  EXPECT_EQ(lost.error().outcome, Outcome::kUnknown);
  EXPECT_EQ(lost.info().attempts, 1) << "a second chat would be a second effect";

  gateway_->Hang(kAddChat);
  const auto late = client.Call(kAddChat, AddChatRequest(), {.timeout = 50ms});
  EXPECT_EQ(late.error().code, absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(late.error().reason, kTimeout);
  EXPECT_EQ(late.error().outcome, Outcome::kUnknown);

  ClientOptions nobody = gateway_->options();
  nobody.retry.max_attempts = 2;
  // Nothing listens on the port of a socket that was closed.
  nobody.target = FakeGateway::Start()->target();
  for (const std::string prefix : {"", "dns:///", "ipv4:", "ipv4:127.0.0.1:1,"}) {
    ClientOptions options = nobody;
    options.target = prefix + nobody.target;
    const auto unreachable = MakeClient(options).Call(kAddChat, AddChatRequest());
    EXPECT_EQ(unreachable.error().reason, kGatewayUnreachable) << options.target << " " << unreachable.error();
    EXPECT_EQ(unreachable.error().outcome, Outcome::kNotExecuted);
    EXPECT_EQ(unreachable.info().attempts, 2) << "nothing was sent, so it was tried again";
  }
}

TEST_F(ClientTest, FindsTheGatewayThatListensAmongTheAddresses) {
  gateway_->Otherwise(kSend, [](const SendMessageRequest&) { return Sent(5); });
  const auto second = FakeGateway::Start();
  second->Otherwise(kSend, [](const SendMessageRequest&) { return Sent(6); });
  ClientOptions options = gateway_->options();
  options.target = "ipv4:" + gateway_->target() + "," + second->target();
  options.retry.max_attempts = 20;
  const Client client = MakeClient(options);
  std::set<int64_t> ids;
  // The two connections come up when they like; after that calls go to both in turn.
  for (int i = 0; i < 2000 && ids.size() < 2; ++i) {
    const auto sent = client.Call(kSend, Hello());
    ASSERT_TRUE(sent.ok()) << sent.error();
    ids.insert(sent->id());
  }
  EXPECT_EQ(ids, (std::set<int64_t>{5, 6}));
}

TEST_F(ClientTest, StopsWaitingWhenAskedTo) {
  gateway_->Hang(kSend);
  std::stop_source source;
  std::promise<Reply<SendMessageResponse>> done;
  MakeClient().CallAsync(kSend, Hello(), {.stop = source.get_token()},
                         [&](Reply<SendMessageResponse> reply) { done.set_value(std::move(reply)); });
  auto future = done.get_future();
  EXPECT_EQ(future.wait_for(20ms), std::future_status::timeout);
  source.request_stop();
  ASSERT_EQ(future.wait_for(10s), std::future_status::ready);
  EXPECT_EQ(future.get().error().code, absl::StatusCode::kCancelled);
}

TEST_F(ClientTest, AsyncCallsAreRepeatedAndOutliveTheirClient) {
  gateway_->Lose(kSend);
  gateway_->Reply(kSend, Sent(3));
  std::promise<std::pair<Reply<SendMessageResponse>, std::thread::id>> done;
  MakeClient().CallAsync(kSend, Hello(), {}, [&](Reply<SendMessageResponse> reply) {
    done.set_value({std::move(reply), std::this_thread::get_id()});
  });
  auto future = done.get_future();
  ASSERT_EQ(future.wait_for(10s), std::future_status::ready);
  const auto [reply, thread] = future.get();
  ASSERT_TRUE(reply.ok()) << reply.error();
  EXPECT_EQ(reply->id(), 3);
  EXPECT_EQ(reply.info().attempts, 2);
  EXPECT_NE(thread, std::this_thread::get_id());
}

TEST_F(ClientTest, HundredsOfAsyncCallsWaitAtOnceWithoutThreadsOfTheirOwn) {
  constexpr int kCalls = 300;
  gateway_->Otherwise(kSend, [](const SendMessageRequest&) { return Sent(1); });
  for (int i = 0; i < kCalls; ++i) {
    gateway_->Fail(kSend, {.code = absl::StatusCode::kResourceExhausted, .reason = "QUEUE_FULL", .retry_delay = 200ms});
  }
  const Client client = MakeClient();
  std::mutex mutex;
  std::condition_variable changed;
  int ok = 0, ended = 0;
  const auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < kCalls; ++i) {
    client.CallAsync(kSend, Hello(), {}, [&](const Reply<SendMessageResponse>& reply) {
      const std::lock_guard lock(mutex);
      ok += reply.ok();
      ++ended;
      changed.notify_one();
    });
  }
  std::unique_lock lock(mutex);
  ASSERT_TRUE(changed.wait_for(lock, 60s, [&] { return ended == kCalls; }));
  EXPECT_EQ(ok, kCalls);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 20s) << "one after another they would pause for a minute";
}

TEST_F(ClientTest, ReadsTheTokenAgainWhenItsFileChanges) {
  const imbot::testing::TemporaryFolder folder;
  const std::string path = folder.Write("token", "first-token\n");
  ClientOptions options = gateway_->options();
  options.token = TokenFromFile(path);
  const Client client = MakeClient(options);
  gateway_->Otherwise(kSend, [](const SendMessageRequest&) { return Sent(1); });
  ASSERT_TRUE(client.Call(kSend, Hello()).ok());
  ASSERT_TRUE(client.Call(kSend, Hello()).ok());
  // As secrets are replaced: a new file under the old name.
  std::filesystem::rename(folder.Write("new", "  second-token  "), path);
  ASSERT_TRUE(client.Call(kSend, Hello()).ok());
  const auto calls = gateway_->Calls();
  EXPECT_EQ(calls.at(0).Metadata("authorization"), "Bearer first-token");
  EXPECT_EQ(calls.at(1).Metadata("authorization"), "Bearer first-token");
  EXPECT_EQ(calls.at(2).Metadata("authorization"), "Bearer second-token");
}

TEST_F(ClientTest, WithoutItsTokenACallIsNotSent) {
  const imbot::testing::TemporaryFolder folder;
  for (const auto& [source, shown] :
       {std::pair(TokenFromFile(folder.path() + "/none"), "none"),
        std::pair(TokenFromFile(folder.Write("empty", "\n")), "empty"),
        std::pair(TokenFromFile(folder.path()), "no file"),
        std::pair(TokenFromFile(folder.Write("two", "secret-one secret-two")), "visible ASCII"),
        std::pair(TokenFromString(""), "visible ASCII"), std::pair(TokenFromString("se\ncret-"), "visible ASCII")}) {
    ClientOptions options = gateway_->options();
    options.token = source;
    const auto sent = MakeClient(options).Call(kSend, Hello());
    ASSERT_FALSE(sent.ok());
    EXPECT_EQ(sent.error().code, absl::StatusCode::kUnauthenticated);
    EXPECT_EQ(sent.error().reason, kTokenUnavailable);
    EXPECT_EQ(sent.error().outcome, Outcome::kNotExecuted);
    EXPECT_NE(sent.error().message.find(shown), std::string::npos) << sent.error();
    EXPECT_EQ(sent.error().ToString().find("secret-"), std::string::npos);
  }
  EXPECT_TRUE(gateway_->Calls().empty());
}

TEST_F(ClientTest, AStubOfItsChannelCarriesWhatACallDoes) {
  ClientOptions options = gateway_->options();
  options.token = TokenFromString("t");
  const Client client = MakeClient(options);
  gateway_->Fail(kSend, {.reason = "SHUTTING_DOWN", .metadata = {{"request_id", "r1"}}});
  grpc::ClientContext context;
  ASSERT_TRUE(client.Prepare({.timeout = 5s, .priority = Priority::kInteractive}, &context).ok());
  SendMessageResponse response;
  const grpc::Status status = client.NewStub<MessageService>()->SendMessage(&context, Hello(), &response);
  const Error error = DecodeError(status, context);
  EXPECT_EQ(error.reason, "SHUTTING_DOWN");
  EXPECT_EQ(error.outcome, Outcome::kNotExecuted);
  EXPECT_EQ(DecodeInfo(context).request_id, "");
  const RecordedCall call = gateway_->Calls().at(0);
  EXPECT_EQ(call.Metadata("authorization"), "Bearer t");
  EXPECT_EQ(call.Metadata("idempotency-key").size(), 36u);
  EXPECT_EQ(call.Metadata("x-imbot-priority"), "interactive");
  EXPECT_LE(call.time_left, 6s);
}

}  // namespace
}  // namespace imbot::client
