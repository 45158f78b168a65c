// What is repeated, and after how long: the rules of Client::Call(), one by one.
#include "imbot/client/internal/retry.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>

namespace imbot::client::internal {
namespace {

using namespace std::chrono_literals;
using absl::StatusCode;

struct Case {
  std::string name;
  StatusCode code;
  Outcome outcome;
  bool retry_info;
  bool if_repeatable;  // repeated where a second execution does no harm
  bool if_not;         // repeated where it would
};
void PrintTo(const Case& row, std::ostream* out) {
  *out << row.name;
}

Error MakeError(const Case& row) {
  Error error;
  error.code = row.code;
  error.outcome = row.outcome;
  if (row.retry_info) error.retry_delay = 1s;
  return error;
}

Attempts First(bool repeatable) {
  return {.made = 1, .left = 30s, .repeatable = repeatable, .random = 0};
}

class Rules : public testing::TestWithParam<Case> {};

TEST_P(Rules, SayWhetherItIsRepeated) {
  EXPECT_EQ(NextPause({}, MakeError(GetParam()), First(true)).has_value(), GetParam().if_repeatable);
  EXPECT_EQ(NextPause({}, MakeError(GetParam()), First(false)).has_value(), GetParam().if_not);
}

INSTANTIATE_TEST_SUITE_P(
    NextPause, Rules,
    testing::Values(
        Case{"NothingWasSent", StatusCode::kUnavailable, Outcome::kNotExecuted, false, true, true},
        Case{"TheGatewayIsFull", StatusCode::kResourceExhausted, Outcome::kNotExecuted, true, true, true},
        Case{"AFieldIsWrong", StatusCode::kInvalidArgument, Outcome::kNotExecuted, false, false, false},
        Case{"ACallerIsNotAllowed", StatusCode::kPermissionDenied, Outcome::kNotExecuted, false, false, false},
        Case{"AnOperatorMustAct", StatusCode::kFailedPrecondition, Outcome::kNotExecuted, false, false, false},
        Case{"TheConnectionBroke", StatusCode::kUnavailable, Outcome::kUnknown, false, true, false},
        Case{"TheConnectionBrokeAndWaitingHelps", StatusCode::kUnavailable, Outcome::kUnknown, true, true, false},
        Case{"ThePortalFailed", StatusCode::kInternal, Outcome::kUnknown, false, true, false},
        Case{"ThePortalSaidSomethingNobodyKnows", StatusCode::kUnknown, Outcome::kUnknown, false, true, false},
        Case{"AnEarlierAttemptIsUnderWay", StatusCode::kAborted, Outcome::kUnknown, true, true, false},
        Case{"TheTimeRanOut", StatusCode::kDeadlineExceeded, Outcome::kUnknown, false, false, false},
        Case{"ItWasStopped", StatusCode::kCancelled, Outcome::kUnknown, false, false, false},
        Case{"AnArgumentIsWrongPerhaps", StatusCode::kInvalidArgument, Outcome::kUnknown, false, false, false},
        Case{"TheReplyIsTooLarge", StatusCode::kResourceExhausted, Outcome::kUnknown, false, false, false},
        Case{"ItIsDoneButUnusable", StatusCode::kInternal, Outcome::kExecuted, false, false, false},
        Case{"ItIsDoneThoughUnavailable", StatusCode::kUnavailable, Outcome::kExecuted, true, false, false}),
    [](const auto& row) { return row.param.name; });

Error Unreachable() {
  Error error;
  error.code = StatusCode::kUnavailable;
  error.outcome = Outcome::kNotExecuted;
  return error;
}

TEST(NextPause, DoublesFromOneAttemptToTheNextUpToTheLongest) {
  const RetryOptions options{.max_attempts = 100, .initial_backoff = 100ms, .max_backoff = 500ms};
  const auto pause = [&](int made, double random) {
    return NextPause(options, Unreachable(), {.made = made, .left = 30s, .repeatable = false, .random = random});
  };
  EXPECT_EQ(pause(1, 0), 50ms);
  EXPECT_EQ(pause(2, 0), 100ms);
  EXPECT_EQ(pause(3, 0), 200ms);
  EXPECT_EQ(pause(4, 0), 250ms);
  EXPECT_EQ(pause(99, 0), 250ms);
  EXPECT_EQ(pause(1, 0.5), 75ms) << "half of it is jitter";
  EXPECT_EQ(pause(99, 0.5), 375ms);
}

TEST(NextPause, IsNeverShorterThanTheGatewaySays) {
  Error error = Unreachable();
  error.retry_delay = 2s;
  EXPECT_EQ(NextPause({}, error, {.made = 1, .left = 30s, .repeatable = false, .random = 0}), 2s);
  EXPECT_EQ(NextPause({}, error, {.made = 1, .left = 30s, .repeatable = false, .random = 0.5}), 2100ms);
  error.retry_delay = 1ms;
  EXPECT_EQ(NextPause({}, error, {.made = 1, .left = 30s, .repeatable = false, .random = 0}), 50ms)
      << "nor than our own";
}

TEST(NextPause, IsNoneIfThereIsNoTimeForIt) {
  EXPECT_TRUE(NextPause({}, Unreachable(), {.made = 1, .left = 51ms, .repeatable = false, .random = 0}).has_value());
  EXPECT_FALSE(NextPause({}, Unreachable(), {.made = 1, .left = 50ms, .repeatable = false, .random = 0}).has_value());
  EXPECT_FALSE(NextPause({}, Unreachable(), {.made = 1, .left = -1s, .repeatable = false, .random = 0}).has_value());
  Error blocked = Unreachable();
  blocked.retry_delay = 600s;
  EXPECT_FALSE(NextPause({}, blocked, First(true)).has_value()) << "the caller learns at once how long";
}

TEST(NextPause, EndsAfterTheLastAttempt) {
  const RetryOptions three{.max_attempts = 3};
  EXPECT_TRUE(NextPause(three, Unreachable(), {.made = 2, .left = 30s, .repeatable = true, .random = 0}).has_value());
  EXPECT_FALSE(NextPause(three, Unreachable(), {.made = 3, .left = 30s, .repeatable = true, .random = 0}).has_value());
  EXPECT_FALSE(NextPause({.max_attempts = 1}, Unreachable(), First(true)).has_value());
}

TEST(OutcomeOfBoth, StaysUnknownOnceItWas) {
  EXPECT_EQ(OutcomeOfBoth(Outcome::kNotExecuted, Outcome::kNotExecuted), Outcome::kNotExecuted);
  EXPECT_EQ(OutcomeOfBoth(Outcome::kNotExecuted, Outcome::kUnknown), Outcome::kUnknown);
  EXPECT_EQ(OutcomeOfBoth(Outcome::kUnknown, Outcome::kNotExecuted), Outcome::kUnknown);
  EXPECT_EQ(OutcomeOfBoth(Outcome::kUnknown, Outcome::kUnknown), Outcome::kUnknown);
  EXPECT_EQ(OutcomeOfBoth(Outcome::kUnknown, Outcome::kExecuted), Outcome::kExecuted) << "proved after all";
}

}  // namespace
}  // namespace imbot::client::internal
