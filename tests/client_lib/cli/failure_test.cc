#include "client_lib/cli/failure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace imbot::cli {
namespace {

using bitrix24::rest::RETRY_DEDUPLICATED;
using bitrix24::rest::RETRY_IDEMPOTENT;
using bitrix24::rest::RETRY_NEVER;
using bitrix24::rest::RETRY_READ;
using client::Outcome;
using ::testing::HasSubstr;
using ::testing::Not;

client::Error Error(absl::StatusCode code, std::string reason, Outcome outcome) {
  client::Error error;
  error.code = code;
  error.reason = std::move(reason);
  error.domain = "imbot-gateway";
  error.outcome = outcome;
  error.message = "what happened";
  return error;
}

FailedCall Call(bitrix24::rest::Retry retry) {
  FailedCall call;
  call.address = "127.0.0.1:50051";
  call.address_flag = "--gateway";
  call.idempotency_key = "key-1";
  call.retry = retry;
  return call;
}

ExitCode Code(absl::StatusCode code, Outcome outcome, bitrix24::rest::Retry retry = RETRY_NEVER) {
  return CodeOf(Error(code, "SOME_REASON", outcome), Call(retry));
}

TEST(Failure, GivesEachKindItsExitCode) {
  using Is = absl::StatusCode;
  EXPECT_EQ(Code(Is::kInvalidArgument, Outcome::kNotExecuted), kCallerError);
  EXPECT_EQ(Code(Is::kNotFound, Outcome::kNotExecuted), kCallerError);
  EXPECT_EQ(Code(Is::kUnimplemented, Outcome::kNotExecuted), kCallerError);
  EXPECT_EQ(Code(Is::kUnauthenticated, Outcome::kNotExecuted), kRefused);
  EXPECT_EQ(Code(Is::kPermissionDenied, Outcome::kNotExecuted), kRefused);
  EXPECT_EQ(Code(Is::kFailedPrecondition, Outcome::kNotExecuted), kPrecondition);
  EXPECT_EQ(Code(Is::kUnavailable, Outcome::kNotExecuted), kNotExecuted);
  EXPECT_EQ(Code(Is::kResourceExhausted, Outcome::kNotExecuted), kNotExecuted);
  EXPECT_EQ(Code(Is::kDeadlineExceeded, Outcome::kNotExecuted), kNotExecuted);
  EXPECT_EQ(Code(Is::kUnavailable, Outcome::kUnknown), kUnknownOutcome);
  EXPECT_EQ(Code(Is::kUnavailable, Outcome::kUnknown, RETRY_READ), kNotExecuted) << "what only reads changed nothing";
  EXPECT_EQ(Code(Is::kInternal, Outcome::kExecuted), kExecuted);
  EXPECT_EQ(Code(Is::kInternal, Outcome::kNotExecuted), kFailed);
}

TEST(Failure, TellsARequestThatIsTooLargeFromAGatewayThatIsBusy) {
  const auto too_large = Error(absl::StatusCode::kResourceExhausted, "REQUEST_TOO_LARGE", Outcome::kNotExecuted);
  EXPECT_EQ(CodeOf(too_large, Call(RETRY_NEVER)), kCallerError);
}

TEST(Failure, TellsThatThereIsNoGateway) {
  auto error = Error(absl::StatusCode::kUnavailable, std::string(client::kGatewayUnreachable), Outcome::kNotExecuted);
  error.domain = client::kClientDomain;
  EXPECT_EQ(CodeOf(error, Call(RETRY_NEVER)), kNoGateway);
  const std::string text = FailureText(error, Call(RETRY_NEVER), Console());
  EXPECT_THAT(text, HasSubstr("is a gateway running at 127.0.0.1:50051? --gateway names another"));
  error.domain = "imbot-gateway";
  EXPECT_EQ(CodeOf(error, Call(RETRY_NEVER)), kNotExecuted) << "a gateway that says so is one";
}

TEST(Failure, TellsHowToRepeatWhatMayHaveBeenDone) {
  const auto lost = Error(absl::StatusCode::kUnavailable, "TRANSPORT_FAILED", Outcome::kUnknown);
  const auto text = [&](bitrix24::rest::Retry retry) { return FailureText(lost, Call(retry), Console()); };
  EXPECT_THAT(text(RETRY_DEDUPLICATED), HasSubstr("repeat with --idempotency-key key-1: then it is done once"));
  EXPECT_THAT(text(RETRY_IDEMPOTENT), HasSubstr("safe to repeat"));
  EXPECT_THAT(text(RETRY_NEVER), HasSubstr("not safe to repeat: look first"));
  EXPECT_THAT(text(RETRY_READ), HasSubstr("it only reads, so nothing was changed"));
}

TEST(Failure, TellsOfAnInterruptionWhatIsKnown) {
  FailedCall call = Call(RETRY_DEDUPLICATED);
  call.interrupted = true;
  const auto sent = Error(absl::StatusCode::kCancelled, "STOPPED", Outcome::kUnknown);
  EXPECT_EQ(CodeOf(sent, call), kInterrupted);
  EXPECT_THAT(FailureText(sent, call, Console()), HasSubstr("UNKNOWN: it may have been done"));
  const auto not_sent = Error(absl::StatusCode::kCancelled, "STOPPED", Outcome::kNotExecuted);
  EXPECT_THAT(FailureText(not_sent, call, Console()), HasSubstr("NOT_EXECUTED: nothing was done"));
  EXPECT_THAT(FailureText(not_sent, call, Console()), Not(HasSubstr("to do")));
}

TEST(Failure, ListsEveryFieldWithReasonDelayAndRequest) {
  auto error = Error(absl::StatusCode::kInvalidArgument, "VALIDATION_FAILED", Outcome::kNotExecuted);
  error.violations = {{"fields.message", "is required"}, {"dialogId", "is required"}};
  error.retry_delay = std::chrono::milliseconds(1500);
  error.request_id = "7f3a";
  error.method = "imbot.v2.Chat.Message.send";
  const std::string text = FailureText(error, Call(RETRY_NEVER), Console());
  EXPECT_EQ(text,
            "error: what happened\n"
            "  fields.message: is required\n"
            "  dialogId: is required\n"
            "  reason    VALIDATION_FAILED\n"
            "  outcome   NOT_EXECUTED: nothing was done\n"
            "  retry     in 1.5 s\n"
            "  to do     `imbot describe imbot.v2.Chat.Message.send` tells what it takes\n"
            "  request   7f3a\n");
  Console json;
  json.json = true;
  EXPECT_EQ(FailureText(error, Call(RETRY_NEVER), json),
            R"({"error":{"code":"INVALID_ARGUMENT","reason":"VALIDATION_FAILED","message":"what happened",)"
            R"("outcome":"NOT_EXECUTED","domain":"imbot-gateway","exitCode":3,)"
            R"("advice":"`imbot describe imbot.v2.Chat.Message.send` tells what it takes","retryDelayMs":1500,)"
            R"("violations":[{"field":"fields.message","description":"is required"},)"
            R"({"field":"dialogId","description":"is required"}],"requestId":"7f3a",)"
            R"("method":"imbot.v2.Chat.Message.send","idempotencyKey":"key-1"}})"
            "\n");
}

TEST(Failure, LetsNoPortalsTextMoveTheTerminal) {
  auto error = Error(absl::StatusCode::kUnknown, "X", Outcome::kUnknown);
  error.message = "a\x1b]0;title\x07";
  EXPECT_THAT(FailureText(error, Call(RETRY_NEVER), Console()), HasSubstr("error: a?]0;title?\n"));
}

}  // namespace
}  // namespace imbot::cli
