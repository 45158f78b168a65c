// Every rule of every field of every request, broken one at a time over the socket: INVALID_ARGUMENT with the exact
// path, and nothing reaches the portal.

#include <gtest/gtest.h>

#include <cstdio>
#include <map>
#include <set>
#include <string>

#include "proto/contract.h"
#include "service/translate/method_table.h"
#include "tests/support/gateway.h"
#include "tests/support/request_generator.h"
#include "tests/support/simulator.h"

namespace imbot {
namespace {

using testing::RpcResult;

class FieldRules : public ::testing::Test {
 protected:
  static testing::GatewayOptions Options(const testing::Simulator& simulator) {
    testing::GatewayOptions options;
    options.portal_url = simulator.http_url();
    options.log_level = "info";
    return options;
  }

  const testing::Simulator simulator_;
  const testing::TemporaryFolder folder_;
  const testing::Gateway gateway_{folder_, Options(simulator_)};
};

TEST_F(FieldRules, EachBreachIsNamedByItsPathAndNothingIsSent) {
  auto table = translate::MethodTable::Create(contract::Files());
  ASSERT_TRUE(table.ok()) << table.status();
  std::map<std::string, int> rules;
  int breaches = 0;
  for (const auto& method : (*table)->methods()) {
    if (method->streaming()) continue;
    for (const auto& breach : testing_support::Breaches(*method->descriptor)) {
      ++breaches;
      ++rules[breach.what.substr(0, breach.what.find(" of "))];
      const RpcResult result = gateway_.client().Call(*method->descriptor, *breach.request);
      ASSERT_EQ(result.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT)
          << method->name() << " " << breach.path << " (" << breach.what << "): " << result.status.error_message();
      EXPECT_EQ(result.Reason(), "VALIDATION_FAILED");
      EXPECT_EQ(result.Outcome(), "NOT_EXECUTED");
      std::set<std::string> paths;
      const auto bad_request = result.BadRequest();
      for (const auto& violation : bad_request.field_violations()) paths.insert(violation.field());
      EXPECT_EQ(paths, std::set<std::string>{breach.path}) << method->name() << " (" << breach.what << ")";
    }
  }
  for (const auto& [rule, count] : rules) std::printf("%-12s %d breaches\n", rule.c_str(), count);
  EXPECT_GT(breaches, 100);
  for (const char* rule : {"required", "max_length", "min", "pattern", "value 999"}) EXPECT_GT(rules[rule], 0) << rule;
  EXPECT_TRUE(simulator_.Executed().empty());
  EXPECT_TRUE(simulator_.Received().empty());
}

TEST_F(FieldRules, SeveralBreachesComeInOneAnswer) {
  const RpcResult result = gateway_.Call("bitrix24.imbot.v1.CommandService/RegisterCommand", R"({
    "bot": "acme/echo", "COMMAND": "echo", "LANG": [{"LANGUAGE_ID": "en"}, {"TITLE": "Echo"}]})");
  ASSERT_EQ(result.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  std::set<std::string> paths;
  const auto bad_request = result.BadRequest();
  for (const auto& violation : bad_request.field_violations()) paths.insert(violation.field());
  EXPECT_EQ(paths, (std::set<std::string>{"EVENT_COMMAND_ADD", "LANG[0].TITLE", "LANG[1].LANGUAGE_ID"}));
  EXPECT_TRUE(simulator_.Executed().empty());
}

// The positive control: what breaks no rule does reach the portal.
TEST_F(FieldRules, AValidRequestIsSent) {
  const RpcResult result = gateway_.Call("bitrix24.imbot.v2.RevisionService/GetRevision", R"({"portal": "acme"})");
  EXPECT_TRUE(result.ok()) << result.status.error_message();
  EXPECT_EQ(simulator_.Executed().size(), 1u);
}

}  // namespace
}  // namespace imbot
