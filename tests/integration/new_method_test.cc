// A method is added by an rpc in a proto: no C++ is written for it, in service/ or anywhere else. From a client's
// socket to the portal's.

#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>

#include <string>

#include "service/config/load.h"
#include "service/gateway.h"
#include "tests/integration/new_method.pb.h"
#include "tests/support/gateway.h"
#include "tests/support/simulator.h"

namespace imbot {
namespace {

using testing::Json;
using testing::RpcClient;
using testing::RpcResult;

TEST(NewMethod, WorksOnceItsRpcIsDeclared) {
  const testing::Simulator simulator;
  const testing::TemporaryFolder folder;
  testing::GatewayOptions options;
  options.portal_url = simulator.http_url();
  auto configuration = config::Load(testing::WriteConfiguration(folder, options));
  ASSERT_TRUE(configuration.ok()) << configuration.status();
  base::Logger logger(base::Level::kInfo);
  auto gateway = Gateway::Start(*configuration, logger, {bitrix24::testing::v1::GetTimeRequest::descriptor()->file()});
  ASSERT_TRUE(gateway.ok()) << gateway.status();
  const RpcClient client((*gateway)->grpc_ports()[0]);

  const RpcResult result =
      client.Call("bitrix24.testing.v1.ClockService/GetTime", R"({"portal": "acme", "GREETING": "hello"})");
  ASSERT_TRUE(result.ok()) << result.status.error_message();
  const Json call = simulator.Executed().back();
  EXPECT_EQ(call.at("method"), "server.time");
  EXPECT_EQ(call.at("params").at("GREETING"), "hello");
  EXPECT_EQ(Json::parse(result.json).at("time"), call.at("result")) << "what the portal answered";

  const RpcResult refused =
      client.Call("bitrix24.testing.v1.ClockService/GetTime", R"({"portal": "acme", "GREETING": "too long"})");
  EXPECT_EQ(refused.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(refused.BadRequest().field_violations(0).field(), "GREETING") << "its rules are checked like everybody's";
  EXPECT_EQ(simulator.Executed().size(), 1u);
  EXPECT_TRUE((*gateway)->Stop());
}

}  // namespace
}  // namespace imbot
