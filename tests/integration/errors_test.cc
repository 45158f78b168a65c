// Every code a portal can answer with, over the sockets: what the caller gets is what tests/translate/data/errors.tsv
// says, which was written from the documentation.

#include <gtest/gtest.h>

#include <cstdio>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "proto/contract.h"
#include "service/translate/method_table.h"
#include "tests/support/gateway.h"
#include "tests/support/request_generator.h"
#include "tests/support/simulator.h"
#include "tests/translate/error_expectations.h"

namespace imbot {
namespace {

using testing::Gateway;
using testing::GatewayOptions;
using testing::Json;
using testing::RpcResult;
using testing::Simulator;
using testing::TemporaryFolder;
using translate::ErrorExpectation;

class Errors : public ::testing::Test {
 protected:
  static GatewayOptions Options(const Simulator& simulator) {
    GatewayOptions options;
    options.limits = "  max_attempts: 1\n  breaker_failures: 0\n";  // what one attempt came to
    options.portal_url = simulator.http_url();
    options.configuration = "handler_hosts: [example.com]\n";
    options.log_level = "info";
    return options;
  }

  void SetUp() override {
    auto table = translate::MethodTable::Create(contract::Files());
    ASSERT_TRUE(table.ok()) << table.status();
    methods_ = *std::move(table);
    const RpcResult registered =
        gateway_.Call("bitrix24.imbot.v2.BotService/RegisterBot",
                      R"({"portal": "acme", "fields": {"code": "support", "properties": {"name": "Support"}}})");
    ASSERT_TRUE(registered.ok()) << registered.status.error_message();
  }

  // The method of the row; for one that streams, any other, since a code's meaning in those does not depend on it.
  const translate::MethodSpec& MethodFor(const std::string& name) const {
    const translate::MethodSpec* method = methods_->FindByName(name);
    if (method == nullptr || method->streaming()) method = methods_->FindByName("imbot.v2.Bot.get");
    return *method;
  }

  RpcResult CallAnsweredBy(const translate::MethodSpec& method, const Json& fault) {
    simulator_.Delete("/faults");
    simulator_.Post("/faults", fault);
    const auto request = testing_support::ValidRequest(*method.descriptor);
    return gateway_.client().Call(*method.descriptor, *request, {.metadata = {}, .deadline = patience_});
  }

  // A portal's limit is waited for where there is time: half a second at least.
  std::chrono::milliseconds patience_{20'000};
  const Simulator simulator_;
  const TemporaryFolder folder_;
  const Gateway gateway_{folder_, Options(simulator_)};
  std::unique_ptr<translate::MethodTable> methods_;
};

TEST_F(Errors, EveryCodeReachesTheCallerAsTheDocumentationWantsIt) {
  std::map<std::string, int> by_grpc_code;
  std::set<std::string> codes;
  size_t rows = 0;
  for (const ErrorExpectation& want : translate::ErrorExpectations()) {
    SCOPED_TRACE(want.Name());
    const translate::MethodSpec& method = MethodFor(want.method);
    const bool limit = want.code == "QUERY_LIMIT_EXCEEDED";
    patience_ = std::chrono::milliseconds(20'000);
    if (limit) CallAnsweredBy(method, {{"method", "nothing"}, {"kind", "html"}});  // an earlier refusal is waited for
    if (limit) patience_ = std::chrono::milliseconds(400);
    const RpcResult result = CallAnsweredBy(
        method, {{"method", method.name()},
                 {"kind", "error"},
                 {"at", "before_auth"},
                 {"args", {{"error", want.code}, {"description", want.description}, {"status", want.http_status}}}});
    const google::rpc::ErrorInfo info = result.Info();
    EXPECT_EQ(absl::StatusCodeToString(static_cast<absl::StatusCode>(result.status.error_code())), want.grpc);
    EXPECT_EQ(info.domain(), "bitrix24.com");
    EXPECT_EQ(info.reason(), want.reason);
    const auto metadata = info.metadata();
    EXPECT_EQ(metadata.contains("outcome") ? metadata.at("outcome") : "", want.outcome);
    EXPECT_EQ(metadata.contains("code") ? metadata.at("code") : "(none)", want.code);
    EXPECT_EQ(base::ToLower(metadata.contains("actor") ? metadata.at("actor") : ""), want.actor);
    EXPECT_EQ(metadata.contains("http_status") ? metadata.at("http_status") : "", std::to_string(want.http_status));
    EXPECT_EQ(metadata.contains("method") ? metadata.at("method") : "", method.name());
    const auto retry = result.RetryInfo();
    EXPECT_EQ(retry.has_value() ? retry->retry_delay().seconds() : 0, want.retry_seconds);
    const google::rpc::BadRequest bad = result.BadRequest();
    EXPECT_EQ(bad.field_violations_size() > 0 ? bad.field_violations(0).field() : "", want.field);
    ++by_grpc_code[want.grpc];
    codes.insert(want.code);
    ++rows;
  }
  for (const auto& [code, count] : by_grpc_code) std::printf("%-20s %d\n", code.c_str(), count);
  std::printf("%zu rows, %zu codes\n", rows, codes.size());
  EXPECT_GE(codes.size(), 170u);
}

// The positive control: with no fault, the same call gets through.
TEST_F(Errors, TheSameCallSucceedsWithoutThem) {
  const translate::MethodSpec& method = MethodFor("imbot.v2.Bot.get");
  const auto request = testing_support::ValidRequest(*method.descriptor);
  EXPECT_TRUE(gateway_.client().Call(*method.descriptor, *request).ok());
}

// What a portal sends that is no error of its own form.
TEST_F(Errors, BodiesThatAreNoReplyBecomeAClearStatus) {
  struct Case {
    const char* what;
    const char* body;
    int status;
    const char* content_type;
    const char* grpc;
    const char* outcome;
  };
  constexpr char kJson[] = "application/json; charset=utf-8";
  for (const Case& one : {
           Case{"HTML of a gateway in front", "<html><body>502 Bad Gateway</body></html>", 502, "text/html",
                "UNAVAILABLE", "UNKNOWN"},
           Case{"HTML with status 200", "<html><body>Maintenance</body></html>", 200, "text/html", "INTERNAL",
                "UNKNOWN"},
           Case{"nothing at all", "", 200, kJson, "INTERNAL", "UNKNOWN"},
           Case{"cut off", R"({"result":{"bot":{"id":4)", 200, kJson, "INTERNAL", "UNKNOWN"},
           Case{"no JSON", "Internal error", 200, kJson, "INTERNAL", "UNKNOWN"},
           Case{"neither result nor error", R"({"time":{}})", 200, kJson, "INTERNAL", "UNKNOWN"},
           Case{"an error inside a 200", R"({"error":"BOT_NOT_FOUND","error_description":"Bot not found"})", 200, kJson,
                "NOT_FOUND", "NOT_EXECUTED"},
           Case{"an error that is an object",
                R"({"error":{"code":"BITRIX_REST_V3_EXCEPTION_METHODNOTFOUNDEXCEPTION","message":"Method not found"}})",
                404, kJson, "UNIMPLEMENTED", "NOT_EXECUTED"},
           Case{"a code that is a number",
                R"({"error":100,"error_description":"Could not find value for parameter {botId}"})", 400, kJson,
                "INVALID_ARGUMENT", "NOT_EXECUTED"},
           Case{"a code nobody documented", R"({"error":"BRAND_NEW","error_description":"x"})", 400, kJson, "UNKNOWN",
                "UNKNOWN"},
       }) {
    SCOPED_TRACE(one.what);
    const translate::MethodSpec& method = MethodFor("imbot.v2.Bot.get");
    const RpcResult result = CallAnsweredBy(
        method, {{"method", method.name()},
                 {"kind", "status"},
                 {"args", {{"code", one.status}, {"body", one.body}, {"content_type", one.content_type}}}});
    EXPECT_EQ(absl::StatusCodeToString(static_cast<absl::StatusCode>(result.status.error_code())), one.grpc)
        << result.status.error_message();
    EXPECT_EQ(result.Outcome(), one.outcome);
    EXPECT_FALSE(result.Reason().empty());
    EXPECT_EQ(result.status.error_message().find('<'), std::string::npos) << "the body is never quoted";
  }
}

}  // namespace
}  // namespace imbot
