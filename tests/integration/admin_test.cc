// AdminService through the real program: on its own listener, and on no other.

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <string>
#include <thread>

#include "grpc/health/v1/health.grpc.pb.h"
#include "grpc/reflection/v1/reflection.grpc.pb.h"
#include "imbot/gateway/v1/admin_service.pb.h"
#include "tests/support/gateway.h"
#include "tests/support/simulator.h"

namespace imbot {
namespace {

using ::testing::ElementsAre;
using testing::Gateway;
using testing::GatewayOptions;
using ::testing::HasSubstr;
using testing::Json;
using ::testing::Not;
using testing::RpcClient;
using testing::RpcResult;
using testing::Simulator;
using testing::TemporaryFolder;

constexpr char kListBots[] = "imbot.gateway.v1.AdminService/ListBots";
constexpr char kGetStatus[] = "imbot.gateway.v1.AdminService/GetStatus";
constexpr char kRegister[] = "bitrix24.imbot.v2.BotService/RegisterBot";
constexpr char kSend[] = "bitrix24.imbot.v2.MessageService/SendMessage";

class Admin : public ::testing::Test {
 protected:
  static GatewayOptions Options(const Simulator& simulator, std::string configuration = "") {
    GatewayOptions options;
    options.portal_url = simulator.http_url();
    options.portals =
        "  - {name: other, base_url: \"https://other.example:8443\", webhook: {user_id: 1, code: {file: "
        "webhook_code}}}\n";
    options.configuration = std::move(configuration);
    return options;
  }
  static Json Register(const Gateway& gateway, const std::string& code) {
    const RpcResult result = gateway.Call(
        kRegister, Json({{"portal", "acme"}, {"fields", {{"code", code}, {"properties", {{"name", code}}}}}}).dump());
    EXPECT_TRUE(result.ok()) << result.status.error_message();
    return result.ok() ? Json::parse(result.json) : Json();
  }
  static std::vector<std::string> Reflected(int port) {
    const auto channel = RpcClient(port).channel();
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    const auto stub = grpc::reflection::v1::ServerReflection::NewStub(channel);
    const auto stream = stub->ServerReflectionInfo(&context);
    grpc::reflection::v1::ServerReflectionRequest request;
    request.set_list_services("");
    stream->Write(request);
    stream->WritesDone();
    grpc::reflection::v1::ServerReflectionResponse response;
    std::vector<std::string> names;
    while (stream->Read(&response)) {
      for (const auto& service : response.list_services_response().service()) names.push_back(service.name());
    }
    EXPECT_TRUE(stream->Finish().ok());
    return names;
  }

  const Simulator simulator_;
  const TemporaryFolder folder_;
};

TEST_F(Admin, TellsTheBotsThatWereRegistered) {
  const Gateway gateway(folder_, Options(simulator_));
  const Json bot = Register(gateway, "support");
  const RpcResult listed = RpcClient(gateway.admin_port()).Call(kListBots, "{}");
  ASSERT_TRUE(listed.ok()) << listed.status.error_message();
  EXPECT_EQ(Json::parse(listed.json), Json::parse(R"({"bots": [{"name": "acme/support", "portal": "acme",
      "code": "support", "state": "BOT_STATE_ACTIVE", "source": "BOT_SOURCE_REGISTERED", "botId": ")" +
                                                  bot.at("bot").at("id").get<std::string>() + "\"}]}"));
}

TEST_F(Admin, TellsHowTheGatewayAndItsPortalsAreDoing) {
  const Gateway gateway(folder_, Options(simulator_));
  const RpcResult status = RpcClient(gateway.admin_port()).Call(kGetStatus, "{}");
  ASSERT_TRUE(status.ok()) << status.status.error_message();
  const Json told = Json::parse(status.json);
  EXPECT_EQ(told.at("state"), "GATEWAY_STATE_SERVING");
  EXPECT_EQ(told.at("version"), "0.1.0");
  EXPECT_EQ(told.at("logLevel"), "LOG_LEVEL_DEBUG") << "what the test's configuration says";
  const std::string host = "127.0.0.1:" + std::to_string(simulator_.http_port());
  EXPECT_EQ(told.at("portals"), Json::parse(R"([{"name": "acme", "host": ")" + host +
                                            R"(", "queuedCalls": "0", "queuedBytes": "0", "inFlight": "0",
                         "queuedBulkCalls": "0", "requests": "0", "sentCalls": "0", "batches": "0",
                         "limitRefusals": "0", "intake": "PORTAL_INTAKE_OPEN", "heldMethodCount": "0",
                         "waitingToRepeat": "0"},
                        {"name": "other", "host": "other.example:8443", "queuedCalls": "0", "queuedBytes": "0",
                         "inFlight": "0", "queuedBulkCalls": "0", "limitLevel": 0, "limitBurst": 50,
                         "limitPerSecond": 2, "requests": "0", "sentCalls": "0", "batches": "0",
                         "limitRefusals": "0", "intake": "PORTAL_INTAKE_OPEN", "heldMethodCount": "0",
                         "waitingToRepeat": "0"}])"));
  const auto listener = [](const char* kind, int port) {
    return Json({{"kind", kind},
                 {"address", "127.0.0.1:" + std::to_string(port)},
                 {"tls", false},
                 {"clientCertificates", false}});
  };
  EXPECT_EQ(told.at("listeners"), Json({listener("LISTENER_KIND_GRPC", gateway.grpc_port()),
                                        listener("LISTENER_KIND_HTTP", gateway.http_port()),
                                        listener("LISTENER_KIND_ADMIN", gateway.admin_port())}));
}

TEST_F(Admin, TellsOfACallThatThePortalHolds) {
  const Gateway gateway(folder_, Options(simulator_));
  Register(gateway, "support");
  simulator_.HoldTheNext("imbot.v2.Chat.Message.send");
  std::thread sender([&] {
    testing::RpcOptions options;
    options.deadline = std::chrono::seconds(60);
    gateway.Call(kSend, R"({"bot": "acme/support", "dialogId": "1", "fields": {"message": "held"}})", options);
  });
  const RpcClient admin(gateway.admin_port());
  EXPECT_TRUE(simulator_.HoldsACall());
  EXPECT_EQ(Json::parse(admin.Call(kGetStatus, R"({"portal": "acme"})").json).at("portals").at(0).at("inFlight"), "1");
  EXPECT_EQ(Json::parse(admin.Call(kGetStatus, "{}").json).at("callsInFlight"), "1");
  simulator_.Post("/release");
  sender.join();
}

TEST_F(Admin, IsNotReachableWhereCallersAre) {
  const Gateway gateway(folder_, Options(simulator_));
  const auto& service = *imbot::gateway::v1::GetStatusRequest::descriptor()->file()->FindServiceByName("AdminService");
  for (int i = 0; i < service.method_count(); ++i) {
    const std::string method = "imbot.gateway.v1.AdminService/" + service.method(i)->name();
    const RpcResult refused = gateway.Call(method, "{}");
    EXPECT_EQ(refused.status.error_code(), grpc::StatusCode::UNIMPLEMENTED) << method;
    EXPECT_EQ(refused.Reason(), "RPC_UNKNOWN") << method;
  }
  EXPECT_THAT(Reflected(gateway.grpc_port()), Not(::testing::Contains("imbot.gateway.v1.AdminService")));
  // And the other way round: no rpc of callers goes past their tokens.
  const RpcResult sent = RpcClient(gateway.admin_port()).Call(kSend, R"({"bot": "acme/support"})");
  EXPECT_EQ(sent.Reason(), "RPC_UNKNOWN");
}

TEST_F(Admin, HasHealthAndReflectionOfItsOwn) {
  const Gateway gateway(folder_, Options(simulator_));
  EXPECT_THAT(Reflected(gateway.admin_port()),
              ElementsAre("grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
                          "grpc.reflection.v1alpha.ServerReflection", "imbot.gateway.v1.AdminService"));
  for (const char* const service : {"", "imbot.gateway.v1.AdminService"}) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    grpc::health::v1::HealthCheckRequest request;
    request.set_service(service);
    grpc::health::v1::HealthCheckResponse response;
    const auto stub = grpc::health::v1::Health::NewStub(RpcClient(gateway.admin_port()).channel());
    EXPECT_TRUE(stub->Check(&context, request, &response).ok()) << service;
    EXPECT_EQ(response.status(), grpc::health::v1::HealthCheckResponse::SERVING) << service;
  }
}

TEST_F(Admin, AsksForNoTokenWhereCallersNeedOne) {
  const Gateway gateway(folder_, Options(simulator_,
                                         "callers: [{name: crm, token_sha256: "
                                         "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad}]\n"));
  EXPECT_EQ(gateway.Call(kSend, R"({"bot": "acme/support"})").Reason(), "CALLER_TOKEN_MISSING");
  EXPECT_TRUE(RpcClient(gateway.admin_port()).Call(kListBots, "{}").ok());
}

TEST_F(Admin, StillAnswersWhileTheGatewayDrains) {
  GatewayOptions options = Options(simulator_);
  options.limits = "  shutdown_grace: 30s\n";
  Gateway gateway(folder_, options);
  Register(gateway, "support");
  simulator_.HoldTheNext("imbot.v2.Chat.Message.send");
  RpcResult sent;
  std::thread sender([&] {
    testing::RpcOptions call;
    call.deadline = std::chrono::seconds(60);
    sent = gateway.Call(kSend, R"({"bot": "acme/support", "dialogId": "1", "fields": {"message": "held"}})", call);
  });
  const RpcClient admin(gateway.admin_port());
  const auto state = [&] { return Json::parse(admin.Call(kGetStatus, "{}").json); };
  EXPECT_TRUE(simulator_.HoldsACall());
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  gateway.process().Signal(SIGTERM);
  while (state().at("state") != "GATEWAY_STATE_DRAINING" && std::chrono::steady_clock::now() < give_up) continue;
  EXPECT_EQ(state().at("state"), "GATEWAY_STATE_DRAINING");
  simulator_.Post("/release");
  sender.join();
  EXPECT_TRUE(sent.ok()) << sent.status.error_message();
  EXPECT_EQ(gateway.process().Wait(std::chrono::seconds(30)), 0);
}

}  // namespace
}  // namespace imbot
