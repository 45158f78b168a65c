// Where the table of faults is made: a gateway that knows a simulated portal, one that is broken, and one for each way
// of not being reached.
#ifndef IMBOT_TESTS_INTEGRATION_OUTCOME_FIXTURE_H_
#define IMBOT_TESTS_INTEGRATION_OUTCOME_FIXTURE_H_

#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "bitrix24/imbot/v2/file_service.grpc.pb.h"
#include "tests/integration/broken_portal.h"
#include "tests/integration/outcome_methods.h"
#include "tests/integration/outcome_table.h"
#include "tests/support/gateway.h"
#include "tests/support/simulator.h"
#include "tests/transport/dns_server.h"
#include "tests/transport/test_certificates.h"
#include "tests/transport/test_server.h"

namespace imbot::testing {

using transport::DnsServer;
using transport::TestAuthority;
using transport::TestServer;

inline std::string FileContent(const std::string& path) {
  std::ostringstream out;
  out << std::ifstream(path).rdbuf();
  return out.str();
}

inline std::string PortalYaml(const std::string& name, const std::string& url) {
  return "  - name: " + name + "\n    base_url: " + url +
         "\n    allow_plain_http: true\n    plan: self_hosted\n    webhook: {user_id: 1, code: {file: webhook_code}}\n";
}

class Outcomes : public ::testing::Test {
 protected:
  Outcomes() {
    folder_.Write("ca.pem", FileContent(simulator_.ca_path()) + FileContent(authority_.file()));
    folder_.Write("bot_token", "configured-bots-token");
    const std::string http_port = ":" + std::to_string(simulator_.http_port());
    names_.Hang("hangs.portal.test");
    names_.Hang("hangs-too.portal.test");
    names_.Break("fails.portal.test");
    names_.Set("private.portal.test", {{DnsServer::Record::Type::kA, "10.20.30.40", 60}});
    names_.Set("changes.portal.test", {{DnsServer::Record::Type::kA, "127.0.0.1", 1}});
    const auto on_loopback = [](int port) { return "http://127.0.0.1:" + std::to_string(port); };
    const std::vector<std::pair<std::string, std::string>> portals = {
        {"secure", "https://localhost:" + std::to_string(simulator_.https_port())},
        {"broken", broken_.url()},
        {"refusing", on_loopback(refusing_.port())},
        {"blackhole", on_loopback(blackhole_.port())},
        {"private", "http://10.20.30.40"},
        {"metadata", "http://169.254.169.254"},
        {"wrong_name", wrong_name_.Url("localhost", "")},
        {"expired", expired_.Url("localhost", "")},
        {"too_early", too_early_.Url("localhost", "")},
        {"unknown_ca", unknown_ca_.Url("localhost", "")},
        {"plain", plain_->Url("localhost", "").replace(0, 4, "https")},
        {"reset_tls", reset_tls_->Url("localhost", "").replace(0, 4, "https")},
        {"no_handshake", no_handshake_.Url("localhost", "")},
        {"hangs", "http://hangs.portal.test" + http_port},
        {"hangs_too", "http://hangs-too.portal.test" + http_port},
        {"fails", "http://fails.portal.test" + http_port},
        {"no_such_name", "http://nowhere.portal.test" + http_port},
        {"private_name", "http://private.portal.test" + http_port},
        {"changes", "http://changes.portal.test" + http_port},
    };
    GatewayOptions options;
    options.portal_url = simulator_.http_url();
    options.log_level = "info";
    options.configuration = "handler_hosts: [bots.example.com]\nbots:\n";
    for (const auto& [name, url] : portals) {
      options.portals += PortalYaml(name, url);
      if (name == "secure") continue;  // bots are registered there
      options.configuration += "  - {portal: " + name + ", name: support, bot_id: 456, secret: {file: bot_token}}\n";
    }
    // What one attempt came to: repeats and the breaker would hide it.
    options.limits =
        "  portal_reply_timeout: 3s\n  connect_timeout: 1500ms\n  max_reply_bytes: 1048576\n  shutdown_grace: 1s\n"
        "  max_attempts: 1\n  breaker_failures: 0\n";
    options.transport = "  ca_file: ca.pem\n  name_servers: [\"" + names_.address() + "\"]\n";
    gateway_ = std::make_unique<Gateway>(folder_, options);
  }

  void SetUp() override {
    Expect(gateway_->Call(Register("support").rpc, Register("support").RequestTo("acme")));
    // Plain bots may not read (imbot.v2.Chat.Message.get).
    const Method reader = Register("reader", "BOT_TYPE_SUPERVISOR");
    Expect(gateway_->Call(reader.rpc, reader.RequestTo("acme")));
    Expect(gateway_->Call("bitrix24.imbot.v1.BotService/RegisterBot",
                          R"({"portal": "acme", "CODE": "echo", "EVENT_HANDLER": "https://bots.example.com/e",
                              "PROPERTIES": {"NAME": "Echo"}})"));
    const RpcResult sent = gateway_->Call(kSend.rpc, kSend.RequestTo("acme"));
    Expect(sent);
    message_id_ = std::stoll(Json::parse(sent.json).at("id").get<std::string>());
  }
  static void Expect(const RpcResult& result) { ASSERT_TRUE(result.ok()) << result.status.error_message(); }

  int64_t Requests() const { return simulator_.Requests(); }
  int ExecutedSince(int64_t mark, const std::string& rest, bool changes) const {
    return simulator_.ExecutedSince(mark, rest, changes);
  }

  void Add(const std::string& fault, const std::string& method, const Told& told, int executed, const Told& want,
           int want_executed) {
    SCOPED_TRACE(std::to_string(rows_.size() + 1) + ". " + fault + ", " + method);
    rows_.push_back({fault, method, told, executed});
    EXPECT_EQ(ToText(told), ToText(want));
    EXPECT_EQ(executed, want_executed);
    EXPECT_EQ(Contradiction(told, executed), "");
  }

  // A call to the simulated portal that meets this fault, and no other does.
  void Meet(const std::string& fault, const Method& method, Json order, const Told& want, int want_executed,
            const std::string& portal = "acme", int want_requests = 1) {
    order["method"] = method.rest;
    simulator_.Post("/faults", order);
    const int64_t mark = Requests();
    const RpcResult result = gateway_->Call(method.rpc, method.RequestTo(portal));
    Add(fault, method.Name(), ToldBy(result.status), ExecutedSince(mark, method.rest, method.changes), want,
        want_executed);
    EXPECT_EQ(Requests() - mark, want_requests) << fault << ": sent so often, and no redirect followed";
    simulator_.Post("/release");
    simulator_.Delete("/faults");
  }

  // The same call twice under one key, of which the first meets the fault: the row is the second.
  void MeetAndRepeat(const std::string& fault, const Json& order, const Told& want, int want_executed) {
    Json send_order = order;
    send_order["method"] = kSend.rest;
    simulator_.Post("/faults", send_order);
    const int64_t mark = Requests();
    const RpcOptions keyed{.metadata = {{"idempotency-key", "key-" + std::to_string(rows_.size())}}};
    EXPECT_EQ(gateway_->Call(kSend.rpc, kSend.RequestTo("acme"), keyed).Outcome(), "UNKNOWN");
    const RpcResult result = gateway_->Call(kSend.rpc, kSend.RequestTo("acme"), keyed);
    Add(fault, kSend.Name(), ToldBy(result.status), ExecutedSince(mark, kSend.rest, true), want, want_executed);
    simulator_.Delete("/faults");
  }

  void MeetUpload(const std::string& fault, Json order, const Told& want, int want_executed) {
    order["method"] = "imbot.v2.File.upload";
    simulator_.Post("/faults", order);
    const int64_t mark = Requests();
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    bitrix24::imbot::v2::UploadFileResponse response;
    const auto stub = bitrix24::imbot::v2::FileService::NewStub(gateway_->client().channel());
    const auto writer = stub->UploadFile(&context, &response);
    bitrix24::imbot::v2::UploadFileRequest request;
    request.set_bot("acme/support");
    request.set_dialog_id("chat5");
    request.mutable_fields()->set_name("report.txt");
    request.mutable_fields()->set_content("content");
    writer->Write(request);
    writer->WritesDone();
    const grpc::Status status = writer->Finish();
    Add(fault, kUploadName, ToldBy(status), ExecutedSince(mark, "imbot.v2.File.upload", true), want, want_executed);
    simulator_.Delete("/faults");
  }

  // A call to the portal that follows this script.
  void Break(const std::string& fault, const BrokenPortal::Script& script, const Told& want, int want_executed) {
    broken_.AwaitIdle();
    broken_.Play(script);
    const RpcResult result = gateway_->Call(kSend.rpc, kSend.RequestTo("broken"));
    Add(fault, kSend.Name(), ToldBy(result.status), broken_.executed(), want, want_executed);
  }
  // The portal carries the call out, writes that, and closes.
  static BrokenPortal::Script Answering(std::string bytes) {
    return [bytes = std::move(bytes)](BrokenPortal& portal, BrokenPortal::Connection& connection) {
      if (portal.Take(connection)) connection.Write(bytes);
    };
  }
  // The same, and goes on with `part` until the gateway has gone.
  static BrokenPortal::Script AnsweringForEver(std::string head, std::string part) {
    return
        [head = std::move(head), part = std::move(part)](BrokenPortal& portal, BrokenPortal::Connection& connection) {
          if (!portal.Take(connection)) return;
          connection.Write(head);
          while (connection.is_open()) connection.Write(part);
        };
  }

  // A call to a portal that can't be reached; `reached` counts what arrived there all the same.
  void MissPortal(const std::string& fault, const Method& method, const std::string& portal, int reached,
                  const Told& want) {
    const RpcResult result = gateway_->Call(method.rpc, method.RequestTo(portal));
    Add(fault, method.Name(), ToldBy(result.status), reached, want, 0);
  }

  static void Reply(transport::Connection& connection, const transport::HttpRequest&) {
    connection.Write(SentReply(789));
  }
  static TestServer::Options Tls(transport::Identity identity) { return {.tls = std::move(identity)}; }

  const TemporaryFolder folder_;
  const Simulator simulator_;
  const TestAuthority authority_;
  const TestAuthority other_authority_{"Another authority"};
  TestServer wrong_name_{Reply, Tls(authority_.Issue({"elsewhere.test"}))};
  TestServer expired_{Reply, Tls(authority_.Issue({"localhost"}, -3, -1))};
  TestServer too_early_{Reply, Tls(authority_.Issue({"localhost"}, 1, 3))};
  TestServer unknown_ca_{Reply, Tls(other_authority_.Issue({"localhost"}))};
  TestServer no_handshake_{Reply, {.tls = authority_.Issue({"localhost"}), .handshake = false}};
  // As web servers answer what is no HTTP.
  const std::unique_ptr<TestServer> plain_ = TestServer::Raw(
      [](transport::Connection& connection) {
        char hello = 0;
        connection.Read(&hello, 1);
        connection.Write("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        connection.Close();
      },
      {});
  const std::unique_ptr<TestServer> reset_tls_ =
      TestServer::Raw([](transport::Connection& connection) { connection.Reset(); }, {});
  BrokenPortal broken_;
  const RefusingPort refusing_;
  const Blackhole blackhole_;
  DnsServer names_;
  std::unique_ptr<Gateway> gateway_;
  int64_t message_id_ = 0;
  std::vector<OutcomeRow> rows_;
};

}  // namespace imbot::testing

#endif  // IMBOT_TESTS_INTEGRATION_OUTCOME_FIXTURE_H_
