// Idempotency keys through the real program and its store: what a repeat is told, what the portal is asked, and what a
// gateway that was killed, or whose store fails, still knows.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/sha.h>
#include <signal.h>
#include <sqlite3.h>

#include <chrono>
#include <fstream>
#include <future>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/outcome_methods.h"
#include "tests/support/gateway.h"
#include "tests/support/simulator.h"

namespace imbot::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const Method kUpload{"imbot.v2.File.upload", "bitrix24.imbot.v2.FileService/UploadFile", "NEVER", "support",
                     Json{{"dialogId", "chat5"}, {"fields", {{"name", "report.txt"}, {"content", "Y29udGVudA=="}}}}};
const Method kRaw{"imbot.v2.Chat.add", "imbot.gateway.v1.RawService/Call", "NEVER", "support",
                  Json{{"method", "imbot.v2.Chat.add"}, {"params", {{"fields", {{"title", "Reports"}}}}}}};

std::string Sha256Hex(const std::string& text) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  std::ostringstream hex;
  for (const unsigned char byte : digest) hex << "0123456789abcdef"[byte >> 4] << "0123456789abcdef"[byte & 15];
  return hex.str();
}

// As another program would, while the gateway runs or not.
class Database {
 public:
  explicit Database(const std::string& path) { EXPECT_EQ(sqlite3_open(path.c_str(), &connection_), SQLITE_OK); }
  ~Database() { sqlite3_close(connection_); }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  void Execute(const char* sql) {
    EXPECT_EQ(sqlite3_exec(connection_, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(connection_);
  }

 private:
  sqlite3* connection_ = nullptr;
};

class Idempotency : public ::testing::Test {
 protected:
  Idempotency() { Start(); }

  void SetUp() override {
    const RpcResult registered = Call("crm", Register("support"), "");
    ASSERT_TRUE(registered.ok()) << registered.status.error_message();
  }

  void Start(const std::string& limits = "") {
    gateway_.reset();
    GatewayOptions options;
    options.limits = limits;
    options.portal_url = simulator_.http_url();
    options.log_level = "debug";
    options.configuration = "callers:\n";
    for (const char* name : {"crm", "shop"}) {
      options.configuration += std::string("  - {name: ") + name +
                               ", raw_allowed: true, token_sha256: " + Sha256Hex(std::string("token-of-") + name) +
                               "}\n";
    }
    gateway_ = std::make_unique<Gateway>(folder_, options);
  }
  void Kill() {
    gateway_->process().Signal(SIGKILL);
    ASSERT_EQ(gateway_->process().Wait(10s), -SIGKILL);
  }
  // When the portal has executed a call with key 1, and has not answered.
  void KillWhileExecuted(const Method& method) {
    Fault(method, "hold_after");
    auto call = InBackground(method);
    ASSERT_TRUE(simulator_.HoldsACall());
    Kill();
    EXPECT_FALSE(call.get().ok());
    simulator_.Post("/release");
  }
  void Stop() {
    gateway_->process().Signal(SIGTERM);
    ASSERT_EQ(gateway_->process().Wait(40s), 0);
  }

  RpcResult Call(const std::string& caller, const Method& method, const std::string& key,
                 std::chrono::milliseconds deadline = 20s) const {
    return gateway_->Call(method.rpc, method.RequestTo("acme"), Options(caller, key, deadline));
  }
  RpcResult Call(const Method& method, const std::string& key = "1") const { return Call("crm", method, key); }
  // By somebody who will be interrupted.
  std::future<RpcResult> InBackground(const Method& method, const std::string& key = "1",
                                      std::chrono::milliseconds deadline = 20s) const {
    return std::async(std::launch::async,
                      [client = RpcClient(gateway_->grpc_port()), method, options = Options("crm", key, deadline)] {
                        return client.Call(method.rpc, method.RequestTo("acme"), options);
                      });
  }
  static RpcOptions Options(const std::string& caller, const std::string& key, std::chrono::milliseconds deadline) {
    RpcOptions options;
    options.metadata = {{"authorization", "Bearer token-of-" + caller}};
    if (!key.empty()) options.metadata["idempotency-key"] = key;
    options.deadline = deadline;
    return options;
  }

  void Fault(const Method& method, const std::string& kind) const {
    simulator_.Post("/faults", {{"method", method.rest}, {"kind", kind}, {"count", 1}});
  }
  int Executed(const Method& method) const { return simulator_.ExecutedSince(0, method.rest, true); }
  // Requests that reached the portal's door.
  int Received(const Method& method) const {
    int count = 0;
    const std::vector<Json> received = simulator_.Received();
    for (const Json& request : received)
      count += request.at("target").get<std::string>().find(std::string("/") + method.rest) != std::string::npos;
    return count;
  }
  double Metric(const std::string& result) const {
    const std::string metrics = gateway_->Metrics();
    const std::string name = "imbot_keyed_calls_total{result=\"" + result + "\"} ";
    const size_t at = metrics.find(name);
    return at == std::string::npos ? -1 : std::stod(metrics.substr(at + name.size()));
  }
  void AwaitMetric(const std::string& name) const {
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (gateway_->Metrics().find(name) == std::string::npos && std::chrono::steady_clock::now() < deadline)
      std::this_thread::sleep_for(5ms);
  }
  std::string StorePath() const { return folder_.path() + "/store.db"; }

  const Simulator simulator_{{"--received-limit=100000"}};
  const TemporaryFolder folder_;
  std::unique_ptr<Gateway> gateway_;
};

Method Saying(const std::string& text) {
  Method method = kSend;
  method.request["fields"]["message"] = text;
  return method;
}

std::vector<std::string> Texts(const Simulator& simulator) {
  std::vector<std::string> texts;
  const std::vector<Json> executed = simulator.Executed();
  for (const Json& entry : executed) {
    if (entry.at("method") == kSend.rest && entry.at("changed") == true)
      texts.push_back(entry.at("params").at("fields").at("message"));
  }
  return texts;
}

void ExpectRefused(const RpcResult& result) {
  EXPECT_EQ(result.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(result.Reason(), "IDEMPOTENCY_KEY_REUSED");
  EXPECT_EQ(result.Outcome(), "NOT_EXECUTED");
  ASSERT_EQ(result.BadRequest().field_violations_size(), 1);
  EXPECT_EQ(result.BadRequest().field_violations(0).field(), "metadata.idempotency-key");
}

void ExpectUnresolved(const RpcResult& result) {
  EXPECT_EQ(result.Reason(), "IDEMPOTENCY_KEY_UNRESOLVED") << result.status.error_message();
  EXPECT_EQ(result.Outcome(), "UNKNOWN");
}

TEST_F(Idempotency, LetsTwoCallersUseOneKeyForDifferentMessages) {
  const RpcResult first = Call("crm", Saying("from crm"), "1");
  const RpcResult second = Call("shop", Saying("from shop"), "1");
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_NE(first.json, second.json);
  EXPECT_THAT(Texts(simulator_), ElementsAre("from crm", "from shop"));
}

TEST_F(Idempotency, RefusesOneKeyOfOneCallerForTwoMessages) {
  EXPECT_TRUE(Call(Saying("the first")).ok());
  ExpectRefused(Call(Saying("another")));
  ExpectRefused(Call(kAddChat));
  EXPECT_THAT(Texts(simulator_), ElementsAre("the first"));
  EXPECT_EQ(Executed(kAddChat), 0);
}

TEST_F(Idempotency, TellsARepeatTheFirstAnswerWithoutARequest) {
  struct Pair {
    Method method;
    const char* changed;  // JSON pointer into the request
  };
  int number = 0;
  for (const auto& [method, changed] : {Pair{kAddChat, "/fields/title"}, Pair{kSend, "/fields/message"},
                                        Pair{kUpload, "/fields/name"}, Pair{kRaw, "/params/fields/title"}}) {
    SCOPED_TRACE(method.rpc);
    const std::string key = "key-" + std::to_string(++number);
    const RpcResult first = Call(method, key);
    ASSERT_TRUE(first.ok()) << first.status.error_message();
    const int64_t requests = simulator_.Requests();
    const RpcResult repeat = Call(method, key);
    ASSERT_TRUE(repeat.ok()) << repeat.status.error_message();
    EXPECT_EQ(Json::parse(repeat.json), Json::parse(first.json));
    Method other = method;
    other.request[Json::json_pointer(changed)] = "another";
    ExpectRefused(Call(other, key));
    EXPECT_EQ(simulator_.Requests(), requests);
  }
  EXPECT_EQ(Executed(kAddChat), 2);
  EXPECT_EQ(Metric("new"), 4);
  EXPECT_EQ(Metric("replayed"), 4);
  EXPECT_EQ(Metric("reused"), 4);
}

TEST_F(Idempotency, LetsARepeatWaitForTheFirst) {
  Fault(kAddChat, "hold_after");
  auto first = InBackground(kAddChat);
  ASSERT_TRUE(simulator_.HoldsACall());
  auto repeat = InBackground(kAddChat);
  EXPECT_EQ(Call("crm", kAddChat, "1", 300ms).status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(repeat.wait_for(0s), std::future_status::timeout);
  simulator_.Post("/release");
  const RpcResult told = first.get(), told_again = repeat.get();
  ASSERT_TRUE(told.ok()) << told.status.error_message();
  ASSERT_TRUE(told_again.ok()) << told_again.status.error_message();
  EXPECT_EQ(told_again.json, told.json);
  EXPECT_EQ(Executed(kAddChat), 1);
  EXPECT_EQ(Received(kAddChat), 1);
}

TEST_F(Idempotency, StoresWhatThePortalAnswersAfterTheCallerHasGone) {
  Fault(kAddChat, "hold_after");
  const RpcResult gone = Call("crm", kAddChat, "1", 400ms);
  EXPECT_EQ(gone.status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  auto repeat = InBackground(kAddChat);
  AwaitMetric("imbot_keyed_waits_total 1");
  EXPECT_EQ(repeat.wait_for(0s), std::future_status::timeout);
  simulator_.Post("/release");
  const RpcResult told = repeat.get();
  ASSERT_TRUE(told.ok()) << told.status.error_message();
  EXPECT_EQ(Call(kAddChat).json, told.json);
  EXPECT_EQ(Received(kAddChat), 1);
}

TEST_F(Idempotency, NeverSendsAgainWhatAKillLeftOpen) {
  KillWhileExecuted(kAddChat);
  Start();
  for (int i = 0; i < 3; ++i) ExpectUnresolved(Call(kAddChat));
  EXPECT_EQ(Received(kAddChat), 1);
  EXPECT_EQ(Executed(kAddChat), 1);
  Method other = kAddChat;
  other.request["fields"]["title"] = "Another";
  ExpectRefused(Call(other));
}

TEST_F(Idempotency, AGatewayThatStopsAnswersWhoWaits) {
  Start("  shutdown_grace: 700ms\n");
  Fault(kAddChat, "hold_after");
  auto first = InBackground(kAddChat);
  ASSERT_TRUE(simulator_.HoldsACall());
  auto repeat = InBackground(kAddChat);
  AwaitMetric("imbot_keyed_waits_total 1");
  Stop();
  for (auto* call : {&first, &repeat}) {
    const RpcResult result = call->get();
    EXPECT_EQ(result.Reason(), "SHUTTING_DOWN") << result.status.error_message();
    EXPECT_EQ(result.Outcome(), "UNKNOWN");
  }
  simulator_.Post("/release");
  Start();
  EXPECT_EQ(Call(kAddChat).Outcome(), "UNKNOWN");
  EXPECT_EQ(Received(kAddChat), 1);
}

TEST_F(Idempotency, RemembersWhatItToldOverAKill) {
  std::vector<RpcResult> told;
  for (int i = 0; i < 5; ++i) told.push_back(Call(kAddChat, "done-" + std::to_string(i)));
  Fault(kAddChat, "reset_after");
  const RpcResult cut = Call(kAddChat, "cut");
  EXPECT_EQ(cut.Outcome(), "UNKNOWN");
  Kill();
  Start();
  for (int i = 0; i < 5; ++i) {
    const RpcResult repeat = Call(kAddChat, "done-" + std::to_string(i));
    ASSERT_TRUE(repeat.ok()) << repeat.status.error_message();
    EXPECT_EQ(repeat.json, told[static_cast<size_t>(i)].json);
  }
  const RpcResult again = Call(kAddChat, "cut");
  EXPECT_EQ(again.Reason(), cut.Reason());
  EXPECT_EQ(again.status.error_message(), cut.status.error_message());
  EXPECT_EQ(again.Outcome(), "UNKNOWN");
  EXPECT_EQ(Received(kAddChat), 6);
}

TEST_F(Idempotency, CountsSystemMessagesAndForwardsUnderOtherKeysAsNeverRepeated) {
  Method system = kSend, forward = kSend;
  system.request["fields"]["system"] = true;
  forward.request["fields"]["forwardIds"] = {{"0B7C2D5E-6F3A-4C1D-9E8F-7A6B5C4D3E2F", 789}};
  int received = 0;
  // The simulator refuses such a forward, so it is cut off before.
  for (const auto& [method, fault] : {std::pair(system, "reset_after"), std::pair(forward, "reset_before")}) {
    SCOPED_TRACE(method.request.dump());
    Fault(kSend, fault);
    const std::string key = "key-" + std::to_string(received);
    const RpcResult first = Call(method, key);
    EXPECT_EQ(first.Reason(), "TRANSPORT_FAILED");
    EXPECT_EQ(first.Outcome(), "UNKNOWN");
    EXPECT_EQ(Received(kSend), ++received) << "at once";
    const RpcResult repeat = Call(method, key);
    EXPECT_EQ(repeat.Reason(), "TRANSPORT_FAILED");
    EXPECT_EQ(repeat.Outcome(), "UNKNOWN");
    EXPECT_EQ(Received(kSend), received);
  }
  EXPECT_EQ(Executed(kSend), 1);
}

TEST_F(Idempotency, SendsAMessageOnceThoughTheGatewayWasKilledBeforeTheAnswer) {
  KillWhileExecuted(kSend);
  Start();
  const RpcResult repeat = Call(kSend);
  EXPECT_TRUE(repeat.ok()) << repeat.status.error_message();
  EXPECT_EQ(Received(kSend), 2);
  EXPECT_EQ(Executed(kSend), 1) << "the portal has recognised it";
}

TEST_F(Idempotency, SendsNoMessageAgainThatThePortalNoLongerRecognises) {
  KillWhileExecuted(kSend);
  Database(StorePath()).Execute("UPDATE idempotency_keys SET first_attempt_unix_ms = first_attempt_unix_ms - 3600000");
  Start();
  for (int i = 0; i < 2; ++i) ExpectUnresolved(Call(kSend));
  EXPECT_EQ(Received(kSend), 1);
  EXPECT_EQ(Metric("unresolved"), 2);
}

TEST_F(Idempotency, SendsNothingWhileTheKeyCannotBeStored) {
  Database other(StorePath());
  other.Execute("BEGIN IMMEDIATE");  // a backup that does not end; writes give up after a while
  for (const Method& method : {kSend, kAddChat}) {
    const RpcResult result = Call(method, method.rest);
    EXPECT_EQ(result.Reason(), "STORAGE_FAILED") << result.status.error_message();
    EXPECT_EQ(result.Outcome(), "NOT_EXECUTED");
    EXPECT_EQ(Received(method), 0);
  }
  other.Execute("ROLLBACK");
  for (const Method& method : {kSend, kAddChat}) EXPECT_TRUE(Call(method, method.rest).ok());
}

TEST_F(Idempotency, SaysThatACallWasExecutedWhoseResultCannotBeStored) {
  Fault(kAddChat, "hold_after");
  auto call = InBackground(kAddChat);
  ASSERT_TRUE(simulator_.HoldsACall());
  Database other(StorePath());
  other.Execute("BEGIN IMMEDIATE");
  simulator_.Post("/release");
  const RpcResult result = call.get();
  other.Execute("ROLLBACK");
  EXPECT_EQ(result.Reason(), "STORAGE_FAILED") << result.status.error_message();
  EXPECT_EQ(result.Outcome(), "EXECUTED");
  EXPECT_FALSE(result.RetryInfo().has_value());
  ExpectUnresolved(Call(kAddChat));
  EXPECT_EQ(Executed(kAddChat), 1);
}

TEST_F(Idempotency, ASlowDiskDelaysTheRepeatsOfAKeyNotOtherCalls) {
  Database other(StorePath());
  other.Execute("BEGIN IMMEDIATE");
  auto keyed = InBackground(kAddChat);
  EXPECT_TRUE(Call("crm", kSend, "").ok()) << "a call without a key touches no disk";
  EXPECT_EQ(keyed.wait_for(0s), std::future_status::timeout);
  other.Execute("ROLLBACK");
  EXPECT_TRUE(keyed.get().ok());
}

TEST_F(Idempotency, KeepsNeitherKeysNorTextsInTheStoreAndTheLog) {
  const std::string key = "canary-key-5b1f", text = "canary text 77aa", title = "canary title 31c9";
  EXPECT_TRUE(Call(Saying(text), key).ok());
  Method chat = kAddChat;
  chat.request["fields"]["title"] = title;
  EXPECT_TRUE(Call(chat, key + "-chat").ok());
  EXPECT_TRUE(Call(chat, key + "-chat").ok());
  Method raw = kRaw;
  raw.request["params"]["fields"]["title"] = title;
  EXPECT_TRUE(Call(raw, key + "-raw").ok());
  std::string all;
  for (const char* file : {"/store.db", "/store.db-wal"}) {
    std::ifstream stream(folder_.path() + file, std::ios::binary);
    all.append(std::istreambuf_iterator<char>(stream), {});
  }
  Stop();
  std::ifstream stream(StorePath(), std::ios::binary);
  all.append(std::istreambuf_iterator<char>(stream), {});
  EXPECT_THAT(all, HasSubstr("idempotency_keys")) << "the positive control: this is the store";
  EXPECT_THAT(all, HasSubstr("support")) << "and a bot's name stands there as it is";
  const std::string log = gateway_->process().Out() + gateway_->process().Err();
  EXPECT_THAT(log, HasSubstr("imbot.v2.Chat.add"));
  for (const std::string& canary : {std::string("canary"), text, title}) {
    EXPECT_THAT(all, Not(HasSubstr(canary)));
    EXPECT_THAT(log, Not(HasSubstr(canary)));
  }
}

}  // namespace
}  // namespace imbot::testing
