// What an operator changes through AdminService, with real programs: what callers and the portal see of it, and what
// the log keeps.

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <signal.h>

#include <chrono>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/gateway.h"
#include "tests/support/simulator.h"
#include "tests/transport/test_certificates.h"

namespace imbot {
namespace {

using testing::Gateway;
using testing::GatewayOptions;
using ::testing::HasSubstr;
using testing::Json;
using ::testing::Not;
using testing::RpcClient;
using testing::RpcOptions;
using testing::RpcResult;
using testing::Simulator;
using ::testing::SizeIs;
using testing::TemporaryFolder;

constexpr char kAdminService[] = "imbot.gateway.v1.AdminService/";
constexpr char kAcme[] = R"({"portal": "acme"})";
constexpr char kSend[] = "bitrix24.imbot.v2.MessageService/SendMessage";
constexpr char kSendMethod[] = "imbot.v2.Chat.Message.send";

// One request at a time, so that whatever comes while the portal holds one has to wait.
class AdminChanges : public ::testing::Test {
 protected:
  void Start(const std::string& log_level = "debug") {
    GatewayOptions options;
    options.portal_url = simulator_.http_url();
    options.limits = "  in_flight_per_portal: 1\n";
    options.log_level = log_level;
    gateway_ = std::make_unique<Gateway>(folder_, options);
    const RpcResult registered =
        gateway_->Call("bitrix24.imbot.v2.BotService/RegisterBot",
                       R"({"portal": "acme", "fields": {"code": "support", "properties": {"name": "Support"}}})");
    ASSERT_TRUE(registered.ok()) << registered.status.error_message();
  }
  RpcResult Admin(const std::string& method, const std::string& request = kAcme) const {
    return RpcClient(gateway_->admin_port()).Call(kAdminService + method, request);
  }
  Json Ask(const std::string& method, const std::string& request = kAcme) const {
    const RpcResult result = Admin(method, request);
    EXPECT_TRUE(result.ok()) << method << ": " << result.status.error_message();
    return result.ok() ? Json::parse(result.json) : Json::object();
  }
  Json Acme() const { return Ask("GetStatus").at("portals").at(0); }
  RpcResult Send(const std::string& text) const {
    RpcOptions options;
    options.deadline = std::chrono::seconds(60);
    return gateway_->Call(
        kSend, Json({{"bot", "acme/support"}, {"dialogId", "1"}, {"fields", {{"message", text}}}}).dump(), options);
  }
  void ExpectHeld() const { EXPECT_TRUE(simulator_.HoldsACall()); }
  // Waits until so many calls wait for the portal.
  void WaitForQueue(const std::string& calls) const {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (Acme().at("queuedCalls") != calls) {
      ASSERT_LT(std::chrono::steady_clock::now(), give_up) << "no " << calls << " calls wait: " << Acme();
    }
  }
  // Texts that the portal has sent, in order.
  std::vector<std::string> Sent() const {
    std::vector<std::string> texts;
    for (const Json& call : simulator_.Executed()) {
      if (call.at("method") == kSendMethod) texts.push_back(call.at("params").at("fields").at("message"));
    }
    return texts;
  }
  // Sends `texts` at once, each from a thread of its own, the first of which the portal holds; runs `meanwhile` when
  // the others wait; then lets the portal go on, and waits for all.
  std::vector<RpcResult> SendAround(
      const std::vector<std::string>& texts, const std::function<void()>& meanwhile,
      const std::function<void()>& afterwards = [] {}) {
    simulator_.HoldTheNext(kSendMethod);
    std::vector<RpcResult> results(texts.size());
    std::vector<std::thread> threads;
    for (size_t i = 0; i < texts.size(); ++i) {
      threads.emplace_back([&, i] { results[i] = Send(texts[i]); });
      i == 0 ? ExpectHeld() : WaitForQueue(std::to_string(i));
    }
    meanwhile();
    simulator_.Post("/release");
    afterwards();
    for (std::thread& thread : threads) thread.join();
    return results;
  }
  // Once there are so many, or after half a minute: they are written before the answer, and read a moment later.
  std::vector<Json> AuditLines(size_t count) const {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    std::vector<Json> lines;
    do {
      lines = Lines("audit");
    } while (lines.size() < count && std::chrono::steady_clock::now() < give_up);
    return lines;
  }
  std::vector<Json> Lines(const std::string& event) const {
    std::vector<Json> lines;
    std::istringstream log(gateway_->process().Err());
    for (std::string line; std::getline(log, line);) {
      if (!Json::accept(line)) continue;
      if (Json parsed = Json::parse(line); parsed.value("event", "") == event) lines.push_back(std::move(parsed));
    }
    return lines;
  }
  static void ExpectPaused(const RpcResult& refused) {
    EXPECT_EQ(refused.Reason(), "PORTAL_PAUSED") << refused.status.error_message();
    EXPECT_EQ(refused.Outcome(), "NOT_EXECUTED");
    EXPECT_EQ(refused.Info().metadata().at("actor"), "OPERATOR");
    EXPECT_TRUE(refused.RetryInfo().has_value());
  }

  const Simulator simulator_;
  const TemporaryFolder folder_;
  std::unique_ptr<Gateway> gateway_;
};

TEST_F(AdminChanges, APausedPortalGetsNothingUntilItIsResumed) {
  Start();
  const auto results = SendAround(
      {"under way", "waiting"},
      [&] {
        const Json paused = Ask("PausePortal");
        EXPECT_EQ(paused.at("previousIntake"), "PORTAL_INTAKE_OPEN");
        EXPECT_EQ(paused.at("portal").at("intake"), "PORTAL_INTAKE_PAUSED");
        EXPECT_EQ(paused.at("portal").at("queuedCalls"), "1");
        EXPECT_THAT(gateway_->Metrics(), HasSubstr("imbot_portal_intake{portal=\"acme\",state=\"paused\"} 1\n"));
      },
      [&] {
        // What was sent ends as ever; what waits stays.
        const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        while (Acme().at("inFlight") != "0") ASSERT_LT(std::chrono::steady_clock::now(), give_up);
        EXPECT_EQ(Acme().at("queuedCalls"), "1");
        const int64_t requests = simulator_.Requests();
        ExpectPaused(Send("refused"));
        EXPECT_EQ(simulator_.Requests(), requests) << "nothing reaches the portal";
        EXPECT_EQ(Ask("ResumePortal").at("previousIntake"), "PORTAL_INTAKE_PAUSED");
      });
  for (const RpcResult& result : results) EXPECT_TRUE(result.ok()) << result.status.error_message();
  EXPECT_TRUE(Send("later").ok());
  EXPECT_THAT(Sent(), ::testing::ElementsAre("under way", "waiting", "later"));
}

TEST_F(AdminChanges, ADrainedPortalStillGetsWhatWaits) {
  Start();
  const auto results = SendAround({"one", "two", "three"}, [&] {
    EXPECT_EQ(Ask("DrainPortal").at("portal").at("intake"), "PORTAL_INTAKE_DRAINING");
    ExpectPaused(Send("refused"));
  });
  for (const RpcResult& result : results) EXPECT_TRUE(result.ok()) << result.status.error_message();
  const Json drained = Acme();
  EXPECT_EQ(drained.at("queuedCalls"), "0");
  EXPECT_EQ(drained.at("inFlight"), "0");
  const int64_t requests = simulator_.Requests();
  ExpectPaused(Send("refused too"));
  EXPECT_EQ(simulator_.Requests(), requests);
  EXPECT_EQ(Ask("ResumePortal").at("previousIntake"), "PORTAL_INTAKE_DRAINING");
  EXPECT_TRUE(Send("four").ok());
  EXPECT_THAT(Sent(), ::testing::ElementsAre("one", "two", "three", "four"));
}

TEST_F(AdminChanges, AFlushedQueuesCallsWereNotExecuted) {
  Start();
  const auto results = SendAround({"under way", "dropped", "dropped too"}, [&] {
    const Json flushed = Ask("FlushQueue");
    EXPECT_EQ(flushed.at("droppedCalls"), "2");
    EXPECT_EQ(flushed.at("portal").at("queuedCalls"), "0");
    EXPECT_EQ(flushed.at("portal").at("inFlight"), "1");
    EXPECT_EQ(flushed.at("portal").at("intake"), "PORTAL_INTAKE_OPEN");
  });
  EXPECT_TRUE(results[0].ok()) << results[0].status.error_message();
  for (const size_t i : {1, 2}) {
    EXPECT_EQ(results[i].Reason(), "QUEUE_FLUSHED");
    EXPECT_EQ(results[i].Outcome(), "NOT_EXECUTED");
  }
  EXPECT_TRUE(Send("later").ok());
  EXPECT_THAT(Sent(), ::testing::ElementsAre("under way", "later"));
}

// The documented pause before the next probe is half a minute: what is sent at once was let out by the release.
TEST_F(AdminChanges, AReleasedPortalIsCalledAgainAtOnce) {
  Start();
  simulator_.Post("/faults", Json::array({{{"method", "*"},
                                           {"count", -1},
                                           {"kind", "error"},
                                           {"args", {{"error", "OVERLOAD_LIMIT"}, {"code", 403}}}}}));
  EXPECT_EQ(Send("blocked").Reason(), "OVERLOAD_LIMIT");
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!Acme().contains("quarantine")) ASSERT_LT(std::chrono::steady_clock::now(), give_up) << Acme();
  const Json quarantine = Acme().at("quarantine");
  EXPECT_EQ(quarantine.at("reason"), "OVERLOAD_LIMIT");
  EXPECT_EQ(quarantine.at("circuitBreaker"), false);
  EXPECT_EQ(quarantine.at("actor"), "ACTOR_OPERATOR");
  EXPECT_TRUE(quarantine.contains("nextProbeIn")) << quarantine;
  EXPECT_THAT(gateway_->Metrics(),
              HasSubstr("imbot_portal_quarantined{portal=\"acme\",reason=\"OVERLOAD_LIMIT\"} 1\n"));
  const int64_t requests = simulator_.Requests();
  const RpcResult refused = Send("refused");
  EXPECT_EQ(refused.Reason(), "PORTAL_QUARANTINED");
  EXPECT_EQ(refused.Outcome(), "NOT_EXECUTED");
  EXPECT_EQ(simulator_.Requests(), requests);

  simulator_.Delete("/faults");
  const Json released = Ask("ReleasePortal");
  EXPECT_EQ(released.at("wasQuarantined"), true);
  EXPECT_EQ(released.at("endedQuarantine").at("reason"), "OVERLOAD_LIMIT");
  EXPECT_FALSE(released.at("portal").contains("quarantine"));
  EXPECT_TRUE(Send("after").ok());
  EXPECT_EQ(Ask("ReleasePortal").at("wasQuarantined"), false) << "nothing to end";
  EXPECT_THAT(Sent(), ::testing::ElementsAre("after"));
  const std::vector<Json> lines = AuditLines(2);
  ASSERT_THAT(lines, SizeIs(2));
  EXPECT_EQ(lines[0].at("action"), "release_portal");
  EXPECT_EQ(lines[0].at("before"), "OVERLOAD_LIMIT");
  EXPECT_EQ(lines[0].at("after"), "none");
  EXPECT_EQ(lines[1].at("before"), "none");
}

TEST_F(AdminChanges, TheLogsLevelChangesAtOnceAndAuditLinesStandAtEveryLevel) {
  Start("info");
  EXPECT_THAT(Lines("portal_answered"), SizeIs(0)) << "a line of level debug";
  EXPECT_EQ(Ask("SetLogLevel", R"({"level": "LOG_LEVEL_DEBUG"})").at("previousLevel"), "LOG_LEVEL_INFO");
  EXPECT_EQ(Ask("GetStatus").at("logLevel"), "LOG_LEVEL_DEBUG");
  EXPECT_TRUE(Send("at debug").ok());
  EXPECT_EQ(Ask("SetLogLevel", R"({"level": "LOG_LEVEL_ERROR"})").at("level"), "LOG_LEVEL_ERROR");
  EXPECT_TRUE(Send("at error").ok());
  Ask("PausePortal");
  Ask("ResumePortal");
  Ask("SetLogLevel", R"({"level": "LOG_LEVEL_INFO"})");
  EXPECT_TRUE(Send("at info").ok());
  // The log's lines are written a moment after the answer; whoever stops has written all.
  gateway_->process().Signal(SIGTERM);
  EXPECT_EQ(gateway_->process().Wait(std::chrono::seconds(30)), 0);
  EXPECT_THAT(Lines("portal_answered"), SizeIs(1)) << "of the call at debug alone";
  int sends = 0;
  for (const Json& line : Lines("rpc")) sends += line.value("method", "") == kSendMethod ? 1 : 0;
  EXPECT_EQ(sends, 2) << "of the calls at debug and at info";
  std::vector<std::string> actions;
  for (const Json& line : AuditLines(5)) actions.push_back(line.at("action"));
  EXPECT_THAT(actions, ::testing::ElementsAre("set_log_level", "set_log_level", "pause_portal", "resume_portal",
                                              "set_log_level"));
}

TEST_F(AdminChanges, EachAttemptLeavesALineThatSaysWhoDidWhat) {
  Start();
  Ask("PausePortal");
  Ask("DrainPortal");
  Ask("FlushQueue");
  Ask("ResumePortal");
  EXPECT_EQ(Admin("PausePortal", R"({"portal": "nowhere"})").Reason(), "PORTAL_UNKNOWN");
  const RpcResult nameless = Admin("FlushQueue", "{}");
  EXPECT_EQ(nameless.Reason(), "VALIDATION_FAILED");
  ASSERT_EQ(nameless.BadRequest().field_violations_size(), 1);
  EXPECT_EQ(nameless.BadRequest().field_violations(0).field(), "portal");
  EXPECT_EQ(Admin("SetLogLevel", "{}").BadRequest().field_violations(0).field(), "level");
  const std::vector<Json> lines = AuditLines(7);
  ASSERT_THAT(lines, SizeIs(7));
  for (const Json& line : lines) {
    EXPECT_EQ(line.at("level"), "warning") << line;
    EXPECT_THAT(line.at("peer").get<std::string>(), ::testing::MatchesRegex("127\\.0\\.0\\.1:[0-9]+")) << line;
    EXPECT_FALSE(line.at("request_id").get<std::string>().empty()) << line;
  }
  const auto told = [&](size_t index, const char* key) { return lines[index].value(key, ""); };
  EXPECT_EQ(told(0, "action") + " " + told(0, "before") + " " + told(0, "after"), "pause_portal open paused");
  EXPECT_EQ(told(1, "action") + " " + told(1, "before") + " " + told(1, "after"), "drain_portal paused draining");
  EXPECT_EQ(told(3, "action") + " " + told(3, "before") + " " + told(3, "after"), "resume_portal draining open");
  EXPECT_EQ(lines[2].at("dropped_calls"), 0);
  EXPECT_EQ(told(4, "portal") + " " + told(4, "result") + " " + told(4, "reason"), "nowhere NOT_FOUND PORTAL_UNKNOWN");
  EXPECT_EQ(told(5, "result"), "INVALID_ARGUMENT");
  EXPECT_EQ(told(6, "result"), "INVALID_ARGUMENT");
}

TEST_F(AdminChanges, LastUntilTheProcessEnds) {
  Start();
  Ask("PausePortal");
  Ask("SetLogLevel", R"({"level": "LOG_LEVEL_ERROR"})");
  gateway_.reset();
  Start();
  EXPECT_EQ(Acme().at("intake"), "PORTAL_INTAKE_OPEN");
  EXPECT_EQ(Ask("GetStatus").at("logLevel"), "LOG_LEVEL_DEBUG") << "the configuration's";
  EXPECT_TRUE(Send("after").ok());
}

TEST_F(AdminChanges, ALineNamesTheClientsCertificate) {
  const transport::TestAuthority authority;
  const transport::Identity own = authority.Issue({"localhost"}), operators = authority.Issue({"ops.example"});
  folder_.Write("admin.crt", own.certificate_pem());
  folder_.Write("admin.key", own.key_pem());
  const std::string authority_pem = authority.certificate_pem();
  folder_.Write("admin-ca.crt", authority_pem);
  GatewayOptions options;
  options.portal_url = simulator_.http_url();
  options.admin = ", tls: {cert_file: admin.crt, key_file: admin.key, client_ca_file: admin-ca.crt}";
  gateway_ = std::make_unique<Gateway>(folder_, options);
  const auto channel = [&](const std::string& certificate, const std::string& key) {
    grpc::ChannelArguments arguments;
    arguments.SetSslTargetNameOverride("localhost");
    return grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(gateway_->admin_port()),
                                     grpc::SslCredentials({authority_pem, key, certificate}), arguments);
  };
  const std::string pause = std::string(kAdminService) + "PausePortal";
  EXPECT_EQ(RpcClient(channel("", "")).Call(pause, kAcme).status.error_code(), grpc::StatusCode::UNAVAILABLE);
  const RpcResult paused = RpcClient(channel(operators.certificate_pem(), operators.key_pem())).Call(pause, kAcme);
  ASSERT_TRUE(paused.ok()) << paused.status.error_message();
  const std::vector<Json> lines = AuditLines(1);
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_EQ(lines[0].at("certificate"), "CN=Test server; ops.example");
}

TEST_F(AdminChanges, TellWhenThePortalsCertificateEnds) {
  const TemporaryFolder certificates;
  const Simulator encrypted({"--tls-dir=" + certificates.path()});
  GatewayOptions options;
  options.portal_url = "https://localhost:" + std::to_string(encrypted.https_port());
  options.transport = "  ca_file: " + encrypted.ca_path() + "\n";
  gateway_ = std::make_unique<Gateway>(folder_, options);
  EXPECT_FALSE(Acme().contains("certificateExpireTime")) << "before anything was sent";
  ASSERT_TRUE(gateway_->Call("bitrix24.imbot.v2.RevisionService/GetRevision", kAcme).ok());
  FILE* const file = std::fopen((certificates.path() + "/cert.pem").c_str(), "r");
  ASSERT_NE(file, nullptr);
  const std::unique_ptr<X509, decltype(&X509_free)> shown(PEM_read_X509(file, nullptr, nullptr, nullptr), X509_free);
  std::fclose(file);
  std::tm ends{};
  ASSERT_EQ(ASN1_TIME_to_tm(X509_get0_notAfter(shown.get()), &ends), 1);
  char text[32];
  std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &ends);
  EXPECT_EQ(Acme().at("certificateExpireTime"), text);
  EXPECT_THAT(gateway_->Metrics(), HasSubstr("imbot_portal_certificate_not_after_timestamp_seconds{portal=\"acme\"} " +
                                             std::to_string(timegm(&ends)) + "\n"));
}

}  // namespace
}  // namespace imbot
