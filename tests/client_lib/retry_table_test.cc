// What the client repeats, and what not: a table over the faults of the simulated portal, of the gateway and of the
// connection to it, through the real gateway. Witnesses are the portal's ledger, and a proxy in front of the gateway
// that writes each attempt's key down.
#include <gtest/gtest.h>

#include <cstdio>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "bitrix24/imbot/v1/message_service.grpc.pb.h"
#include "bitrix24/imbot/v2/bot_service.grpc.pb.h"
#include "bitrix24/imbot/v2/chat_service.grpc.pb.h"
#include "bitrix24/imbot/v2/file_service.grpc.pb.h"
#include "bitrix24/imbot/v2/message_service.grpc.pb.h"
#include "google/protobuf/util/json_util.h"
#include "imbot/client/client.h"
#include "tests/chaos/gate.h"
#include "tests/client_lib/recording_proxy.h"
#include "tests/integration/outcome_methods.h"
#include "tests/support/gateway.h"
#include "tests/support/simulator.h"

namespace imbot::client {
namespace {

using namespace std::chrono_literals;
using chaos::Gate;
using imbot::testing::Gateway;
using imbot::testing::GatewayOptions;
using imbot::testing::Json;
using imbot::testing::Method;
using imbot::testing::Simulator;
using imbot::testing::TemporaryFolder;
using Lost = RecordingProxy::Lost;

// What a caller is told of one call.
struct Told {
  std::string what;  // "OK", or reason and outcome
  CallInfo info;
};
using Caller = std::function<Told(const Client&, const CallOptions&)>;

// The typed call of this rpc with this request.
template <typename Stub, typename Request, typename Response>
Caller By(grpc::Status (Stub::*rpc)(grpc::ClientContext*, const Request&, Response*), const Method& method) {
  Request request;
  if (!google::protobuf::util::JsonStringToMessage(method.RequestTo("acme"), &request).ok())
    throw std::invalid_argument(method.rpc);
  return [rpc, request](const Client& client, const CallOptions& options) {
    const auto reply = client.Call(rpc, request, options);
    if (reply.ok()) return Told{"OK", reply.info()};
    return Told{reply.error().reason + " " + std::string(OutcomeName(reply.error().outcome)), reply.info()};
  };
}

// What a row must come to. Whether the gateway repeats a call before it answers is its own business, so the attempts
// are counted where they end: at the portal.
struct Want {
  std::string told;
  int at_portal;                    // requests that the portal got
  int executed;                     // how often it did what was asked
  bool repeated_by_client = false;  // certainly by the client: more than one attempt left it
};

struct Row {
  std::string fault, method, told;
  int attempts, at_portal, executed;
  std::size_t keys;
};

std::string Markdown(const std::vector<Row>& rows) {
  std::string out =
      "| | fault | method | the caller is told | attempts | keys | requests at the portal | ledger: executed |\n"
      "|---|---|---|---|---|---|---|---|\n";
  int number = 0;
  for (const Row& row : rows) {
    out += "| " + std::to_string(++number) + " | " + row.fault + " | " + row.method + " | " + row.told + " | " +
           std::to_string(row.attempts) + " | " + std::to_string(row.keys) + " | " + std::to_string(row.at_portal) +
           " | " + std::to_string(row.executed) + " |\n";
  }
  return out;
}

class RetryTable : public ::testing::Test {
 protected:
  static GatewayOptions Options(const Simulator& simulator) {
    GatewayOptions options;
    options.portal_url = simulator.http_url();
    options.log_level = "info";
    options.configuration = "handler_hosts: [bots.example.com]\n";
    // The gateway repeats nothing here: what the client library does is looked at.
    options.limits = "  portal_reply_timeout: 3s\n  max_attempts: 1\n  breaker_failures: 0\n";
    return options;
  }
  RetryTable() {
    ClientOptions options;
    options.target = "127.0.0.1:" + std::to_string(gate_.port());
    options.security = PlainText();
    options.default_timeout = 20s;
    options.retry = {.max_attempts = 3, .initial_backoff = 10ms, .max_backoff = 100ms};
    client_ = std::make_unique<Client>(*Client::Create(options));
  }
  void SetUp() override {
    for (const Method& method :
         {imbot::testing::Register("support"), imbot::testing::Register("reader", "BOT_TYPE_SUPERVISOR")}) {
      ASSERT_TRUE(gateway_.Call(method.rpc, method.RequestTo("acme")).ok());
    }
    ASSERT_TRUE(gateway_
                    .Call("bitrix24.imbot.v1.BotService/RegisterBot",
                          R"({"portal": "acme", "CODE": "echo", "EVENT_HANDLER": "https://bots.example.com/e",
                              "PROPERTIES": {"NAME": "Echo"}})")
                    .ok());
    const auto sent = gateway_.Call(imbot::testing::kSend.rpc, imbot::testing::kSend.RequestTo("acme"));
    ASSERT_TRUE(sent.ok());
    const int64_t id = std::stoll(Json::parse(sent.json).at("id").get<std::string>());
    update_ = imbot::testing::Update(id);
    get_ = imbot::testing::Get(id);
    react_.request["messageId"] = id;
  }

  using MessageService = bitrix24::imbot::v2::MessageService;
  Caller Send() const { return By(&MessageService::Stub::SendMessage, imbot::testing::kSend); }
  Caller AddChat() const { return By(&bitrix24::imbot::v2::ChatService::Stub::AddChat, imbot::testing::kAddChat); }
  Caller AddV1() const { return By(&bitrix24::imbot::v1::MessageService::Stub::AddMessage, imbot::testing::kAddV1); }
  Caller Update() const { return By(&MessageService::Stub::UpdateMessage, update_); }
  Caller Get() const { return By(&MessageService::Stub::GetMessage, get_); }

  void Meet(const std::string& fault, const Method& method, const Caller& call, const Want& want,
            const CallOptions& options = {}) {
    const int64_t mark = simulator_.Requests();
    proxy_.Take();
    const Told told = call(*client_, options);
    const auto at_portal = static_cast<int>(simulator_.Requests() - mark);
    const int executed = simulator_.ExecutedSince(mark, method.rest, method.changes);
    simulator_.Post("/release");
    simulator_.Delete("/faults");
    const auto attempts = proxy_.Take();
    std::set<std::string> keys;
    for (const auto& attempt : attempts) keys.insert(attempt.idempotency_key);
    const Row row{fault, method.Name(), told.what, told.info.attempts, at_portal, executed, keys.size()};
    rows_.push_back(row);
    SCOPED_TRACE(std::to_string(rows_.size()) + ". " + fault + ", " + row.method);
    EXPECT_EQ(row.told, want.told);
    EXPECT_EQ(row.at_portal, want.at_portal);
    EXPECT_EQ(row.executed, want.executed);
    if (want.repeated_by_client) {
      EXPECT_GT(row.attempts, 1);
    } else if (want.at_portal <= 1) {
      EXPECT_EQ(row.attempts, 1);
    }
    EXPECT_LE(attempts.size(), static_cast<size_t>(row.attempts)) << "gRPC repeats nothing by itself";
    // All attempts of a call carry one key, and it is the one the caller is told.
    for (const std::string& key : keys) EXPECT_EQ(key, told.info.idempotency_key);
    EXPECT_FALSE(told.info.idempotency_key.empty());
    EXPECT_TRUE(used_keys_.insert(told.info.idempotency_key).second) << "each call has a key of its own";
  }
  // The portal's next `count` calls of this method meet the fault.
  void MeetAtPortal(const std::string& fault, Json order, const Method& method, const Caller& call, const Want& want,
                    const CallOptions& options = {}) {
    order["method"] = method.rest;
    simulator_.Post("/faults", order);
    Meet(fault, method, call, want, options);
  }
  void MeetOnTheWay(const std::string& fault, Lost what, const Method& method, const Caller& call, const Want& want) {
    proxy_.LoseNext(what, [this] { gate_.ResetAll(); });
    Meet(fault, method, call, want);
  }
  // Until the client's channel has noticed.
  void AwaitConnection(bool wanted) const {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while ((client_->channel()->GetState(/*try_to_connect=*/true) == GRPC_CHANNEL_READY) != wanted) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline);
      std::this_thread::sleep_for(1ms);
    }
  }
  static Json Answering(const std::string& code) { return {{"kind", "error"}, {"args", {{"error", code}}}}; }

  void Refusals();
  void LostReplies();
  void PortalFailures();
  void Connection();
  void GivingUp();

  const Simulator simulator_;
  const TemporaryFolder folder_;
  Gateway gateway_{folder_, Options(simulator_)};
  RecordingProxy proxy_{gateway_.grpc_port()};
  Gate gate_{proxy_.port()};
  std::unique_ptr<Client> client_;
  Method update_ = imbot::testing::Update(0), get_ = imbot::testing::Get(0);
  Method react_{"imbot.v2.Chat.Message.Reaction.add", "bitrix24.imbot.v2.MessageService/AddReaction", "IDEMPOTENT",
                "support", Json{{"reaction", "like"}}};
  std::vector<Row> rows_;
  std::set<std::string> used_keys_;
};

using imbot::testing::kAddChat;
using imbot::testing::kAddV1;
using imbot::testing::kSend;

// Rejected before execution: repeated where waiting helps, whatever the method.
void RetryTable::Refusals() {
  for (const auto& [method, call] :
       {std::pair(kSend, Send()), std::pair(kAddChat, AddChat()), std::pair(kAddV1, AddV1())}) {
    MeetAtPortal("QUERY_LIMIT_EXCEEDED once", Answering("QUERY_LIMIT_EXCEEDED"), method, call, {"OK", 2, 1});
  }
  MeetAtPortal("OPERATION_TIME_LIMIT, for up to 10 minutes", Answering("OPERATION_TIME_LIMIT"), kSend, Send(),
               {"OPERATION_TIME_LIMIT NOT_EXECUTED", 1, 0});
  MeetAtPortal("ACCESS_DENIED", Answering("ACCESS_DENIED"), kSend, Send(), {"ACCESS_DENIED NOT_EXECUTED", 1, 0});
  Method wrong = kSend;
  wrong.request.erase("dialogId");
  Meet("a required field is missing", wrong, By(&MessageService::Stub::SendMessage, wrong),
       {"VALIDATION_FAILED NOT_EXECUTED", 0, 0});
}

// The outcome is unknown: repeated only where a second execution does no harm.
void RetryTable::LostReplies() {
  const Json before = {{"kind", "reset_before"}}, after = {{"kind", "reset_after"}};
  MeetAtPortal("reset before execution", before, kSend, Send(), {"OK", 2, 1});
  MeetAtPortal("reset after execution", after, kSend, Send(), {"OK", 2, 1});
  MeetAtPortal("reset before execution", before, kAddChat, AddChat(), {"TRANSPORT_FAILED UNKNOWN", 1, 0});
  MeetAtPortal("reset after execution", after, kAddChat, AddChat(), {"TRANSPORT_FAILED UNKNOWN", 1, 1});
  MeetAtPortal("reset after execution", after, kAddV1, AddV1(), {"TRANSPORT_FAILED UNKNOWN", 1, 1});
  MeetAtPortal("reset after execution", after, update_, Update(), {"OK", 2, 2});
  MeetAtPortal("reset after execution", after, get_, Get(), {"OK", 2, 2});
  Method system = kSend;
  system.request["fields"]["system"] = true;
  system.retry = "NEVER, as a system message";
  MeetAtPortal("reset after execution", after, system, By(&MessageService::Stub::SendMessage, system),
               {"TRANSPORT_FAILED UNKNOWN", 1, 1});
  // The repeat is answered REACTION_ALREADY_SET, which says that the first one had done it.
  MeetAtPortal("reset after execution", after, react_, By(&MessageService::Stub::AddReaction, react_), {"OK", 2, 1});
}

void RetryTable::PortalFailures() {
  const Json page_before = {{"kind", "status"}, {"args", {{"code", 503}}}};
  const Json page_after = {{"kind", "html"}, {"args", {{"code", 502}, {"when", "after"}}}};
  MeetAtPortal("503 before execution", page_before, get_, Get(), {"OK", 2, 1});
  MeetAtPortal("HTML 502 after execution", page_after, kSend, Send(), {"OK", 2, 1});
  MeetAtPortal("HTML 502 after execution", page_after, kAddChat, AddChat(), {"HTTP_STATUS UNKNOWN", 1, 1});
  MeetAtPortal("ERROR_CORE", Answering("ERROR_CORE"), get_, Get(), {"OK", 2, 1});
  MeetAtPortal("ERROR_CORE", Answering("ERROR_CORE"), kAddV1, AddV1(), {"ERROR_CORE UNKNOWN", 1, 0});
  MeetAtPortal("SENDING_FAILED", Answering("SENDING_FAILED"), kSend, Send(), {"OK", 2, 1});
  MeetAtPortal("never answers, before execution", {{"kind", "hold_before"}}, get_, Get(), {"OK", 2, 1});
  MeetAtPortal("never answers, after execution", {{"kind", "hold_after"}}, kAddChat, AddChat(),
               {"PORTAL_TIMEOUT UNKNOWN", 1, 1});
}

void RetryTable::Connection() {
  MeetOnTheWay("connection to the gateway broke before it got the call", Lost::kRequest, kSend, Send(),
               {"OK", 1, 1, true});
  // The gateway tells the repeat what it told the first.
  MeetOnTheWay("connection to the gateway broke after it had answered", Lost::kReply, kSend, Send(),
               {"OK", 1, 1, true});
  MeetOnTheWay("connection to the gateway broke before it got the call", Lost::kRequest, kAddChat, AddChat(),
               {"GATEWAY_LOST UNKNOWN", 0, 0});
  MeetOnTheWay("connection to the gateway broke after it had answered", Lost::kReply, kAddChat, AddChat(),
               {"GATEWAY_LOST UNKNOWN", 1, 1});
  // A new connection is refused, or ends before it is one: nothing was sent.
  const CallOptions patient{.retry = RetryOptions{.max_attempts = 50, .initial_backoff = 50ms, .max_backoff = 100ms}};
  gate_.SetSchedule(chaos::ParseSchedule("connection 1..3 refuse\n"));
  gate_.ResetAll();
  AwaitConnection(false);
  Meet("no connection to the gateway at first", kAddChat, AddChat(), {"OK", 1, 1, true}, patient);
  gate_.Listen(false);
  gate_.ResetAll();
  AwaitConnection(false);
  Meet("no connection to the gateway at all", kAddChat, AddChat(), {"GATEWAY_UNREACHABLE NOT_EXECUTED", 0, 0, true});
  gate_.Listen(true);
  AwaitConnection(true);
}

void RetryTable::GivingUp() {
  const Json held = {{"kind", "hold_before"}};
  MeetAtPortal("the caller's time runs out", held, kSend, Send(), {"TIMEOUT UNKNOWN", 1, 0}, {.timeout = 500ms});
  std::stop_source source;
  std::future<void> stopper = std::async(std::launch::async, [&] {
    while (simulator_.Get("/stats").at("held") == 0) std::this_thread::sleep_for(5ms);
    source.request_stop();
  });
  MeetAtPortal("the caller stops it", held, kSend, Send(), {"STOPPED UNKNOWN", 1, 0}, {.stop = source.get_token()});
}

TEST_F(RetryTable, AgreesWithTheLedgerForEveryFault) {
  Meet("none", kSend, Send(), {"OK", 1, 1});
  Meet("none", kAddChat, AddChat(), {"OK", 1, 1});
  // First, while the portal looks quick: a gateway refuses what it thinks will not be done in time.
  GivingUp();
  Refusals();
  LostReplies();
  PortalFailures();
  Connection();
  std::printf("%s\n", Markdown(rows_).c_str());
  EXPECT_GE(rows_.size(), 15u);
  // Nothing that must not happen twice did.
  for (const Row& row : rows_) {
    if (row.method.find("NEVER") != std::string::npos || row.method.find("DEDUPLICATED") != std::string::npos) {
      EXPECT_LE(row.executed, 1) << row.fault << ", " << row.method;
    }
  }
}

// Streams are the generated stubs' business; what a call has besides, and what it ends with, they have too.
TEST_F(RetryTable, AStreamIsPreparedAndDecodedAndNeverRepeated) {
  using bitrix24::imbot::v2::FileService;
  ClientOptions options;
  options.target = "127.0.0.1:" + std::to_string(gateway_.grpc_port());
  options.security = PlainText();
  const Client client = *Client::Create(options);
  const auto upload = [&](const std::string& bot, grpc::ClientContext* context) {
    EXPECT_TRUE(client.Prepare({.timeout = 10s}, context).ok());
    bitrix24::imbot::v2::UploadFileRequest request;
    request.set_bot(bot);
    request.set_dialog_id("chat5");
    request.mutable_fields()->set_name("report.txt");
    request.mutable_fields()->set_content("content");
    bitrix24::imbot::v2::UploadFileResponse response;
    const auto writer = client.NewStub<FileService>()->UploadFile(context, &response);
    writer->Write(request);
    writer->WritesDone();
    return writer->Finish();
  };
  grpc::ClientContext good, bad;
  EXPECT_TRUE(upload("acme/support", &good).ok());
  EXPECT_FALSE(DecodeInfo(good).request_id.empty());
  const Error error = DecodeError(upload("acme/nobody", &bad), bad);
  EXPECT_TRUE(error.Is(gateway::v1::ERROR_REASON_BOT_UNKNOWN)) << error;
  EXPECT_EQ(error.outcome, Outcome::kNotExecuted);
  EXPECT_EQ(error.request_id, DecodeInfo(bad).request_id);
}

// The positive control: without a client that keeps the key, the same fault does send a message twice.
TEST_F(RetryTable, WithANewKeyARepeatIsASecondMessage) {
  simulator_.Post("/faults", {{"kind", "reset_after"}, {"method", kSend.rest}});
  const int64_t mark = simulator_.Requests();
  const CallOptions once{.retry = RetryOptions{.max_attempts = 1}};
  EXPECT_EQ(Send()(*client_, once).what, "TRANSPORT_FAILED UNKNOWN");
  EXPECT_EQ(Send()(*client_, once).what, "OK");
  EXPECT_EQ(simulator_.ExecutedSince(mark, kSend.rest, /*changes=*/true), 2);
}

}  // namespace
}  // namespace imbot::client
