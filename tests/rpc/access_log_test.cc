#include "service/rpc/access_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "service/base/strings.h"
#include "tests/fakes/manual_clock.h"

namespace imbot::rpc {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class AccessLogTest : public ::testing::Test {
 protected:
  fakes::ManualClock clock_;
  std::vector<std::string> lines_;
  base::Logger logger_{base::Level::kInfo, [this](std::string_view line) { lines_.emplace_back(line); }, clock_};
  base::Metrics metrics_;
  AccessLog log_{logger_, metrics_};
};

TEST_F(AccessLogTest, WritesOneLineWithEverythingThatIsKnown) {
  CallRecord record;
  record.request_id = "0a1b";
  record.rpc = "/bitrix24.imbot.v2.MessageService/SendMessage";
  record.rest_method = "imbot.v2.Chat.Message.send";
  record.caller = "billing";
  record.priority = Priority::kBulk;
  record.trace_id = "4bf92f3577b34da6a3ce929d0e0e4736";
  record.code = absl::StatusCode::kFailedPrecondition;
  record.reason = "BOT_NOT_FOUND";
  record.outcome = "NOT_EXECUTED";
  record.total = std::chrono::microseconds(12'345);
  record.info.portal = "acme";
  record.info.bot = "acme/support";
  record.info.queued = std::chrono::microseconds(1'500);
  record.info.portal_time = std::chrono::microseconds(8'000);
  record.info.http_status = 400;
  record.info.attempts = 2;
  record.info.batch_size = 7;
  log_.Write(record);
  ASSERT_EQ(lines_.size(), 1u);
  EXPECT_EQ(
      lines_[0],
      R"({"time":"2026-01-01T00:00:00.000Z","level":"info","event":"rpc","request_id":"0a1b",)"
      R"("rpc":"/bitrix24.imbot.v2.MessageService/SendMessage","method":"imbot.v2.Chat.Message.send","caller":"billing",)"
      R"("portal":"acme","bot":"acme/support","code":"FAILED_PRECONDITION","reason":"BOT_NOT_FOUND","outcome":"NOT_EXECUTED",)"
      R"("total_ms":12.345,"queued_ms":1.5,"portal_ms":8,"http_status":400,"attempts":2,"batch_size":7,"priority":"bulk",)"
      R"("trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"})");
}

TEST_F(AccessLogTest, LeavesOutWhatIsNotKnown) {
  CallRecord record;
  record.request_id = "0a1b";
  record.rpc = "/s/M";
  log_.Write(record);
  ASSERT_EQ(lines_.size(), 1u);
  EXPECT_EQ(
      lines_[0],
      R"({"time":"2026-01-01T00:00:00.000Z","level":"info","event":"rpc","request_id":"0a1b","rpc":"/s/M","code":"OK",)"
      R"("total_ms":0,"priority":"interactive"})");
}

TEST_F(AccessLogTest, RaisesItsVoiceForDefectsOfTheGatewayOnly) {
  CallRecord record;
  record.code = absl::StatusCode::kInternal;
  log_.Write(record);
  record.code = absl::StatusCode::kUnavailable;
  log_.Write(record);
  ASSERT_EQ(lines_.size(), 2u);
  EXPECT_THAT(lines_[0], HasSubstr(R"("level":"error")"));
  EXPECT_THAT(lines_[1], HasSubstr(R"("level":"info")"));
}

TEST_F(AccessLogTest, CountsByMethodCodeAndReason) {
  log_.Began();
  log_.Began();
  log_.Began();
  log_.Ended("/s/M", absl::StatusCode::kOk, "", std::chrono::milliseconds(3));
  log_.Ended("/s/M", absl::StatusCode::kNotFound, "BOT_UNKNOWN", std::chrono::milliseconds(3));
  const std::string text = metrics_.Expose();
  EXPECT_THAT(text, HasSubstr("imbot_rpc_total{code=\"OK\",method=\"/s/M\",reason=\"\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("imbot_rpc_total{code=\"NOT_FOUND\",method=\"/s/M\",reason=\"BOT_UNKNOWN\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("imbot_rpc_seconds_count{method=\"/s/M\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("imbot_rpc_in_flight 1\n"));
}

TEST_F(AccessLogTest, KeepsTheNumberOfReasonsBounded) {
  for (size_t i = 0; i < AccessLog::kMaxReasons + 50; ++i) {
    log_.Began();
    log_.Ended("/s/M", absl::StatusCode::kUnknown, base::StrCat("INVENTED_", i), {});
  }
  const std::string text = metrics_.Expose();
  EXPECT_THAT(text, HasSubstr("reason=\"OTHER\"} 50\n"));
  EXPECT_THAT(text, HasSubstr(base::StrCat("reason=\"INVENTED_", AccessLog::kMaxReasons - 1, "\"} 1\n")));
  EXPECT_THAT(text, Not(HasSubstr(base::StrCat("reason=\"INVENTED_", AccessLog::kMaxReasons, "\""))));
}

TEST(CodeName, IsTheNameOfTheNumber) {
  // https://grpc.github.io/grpc/core/md_doc_statuscodes.html
  const std::vector<std::string> names = {
      "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
      "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
      "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
      "DATA_LOSS", "UNAUTHENTICATED"};
  for (size_t i = 0; i < names.size(); ++i) EXPECT_EQ(CodeName(static_cast<absl::StatusCode>(i)), names[i]);
}

}  // namespace
}  // namespace imbot::rpc
