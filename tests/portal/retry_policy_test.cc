// What becomes of a failed attempt. The classes and codes are the documentation's (WIRE_FACTS 8).
#include "service/portal/retry_policy.h"

#include <gtest/gtest.h>

#include "service/translate/error_table.h"

namespace imbot::portal {
namespace {

using namespace std::chrono_literals;
using base::MonoTime;
using base::Outcome;
using bitrix24::rest::Retry;
using bitrix24::rest::RETRY_DEDUPLICATED;
using bitrix24::rest::RETRY_IDEMPOTENT;
using bitrix24::rest::RETRY_NEVER;
using bitrix24::rest::RETRY_READ;
using translate::RetryAdvice;
using Kind = transport::Failure::Kind;
using Next = Verdict::Next;

const MonoTime kNow(1'000'000s);

Standing At(Retry retry) {
  return {.retry = retry, .now = kNow, .deadline = kNow + 30s, .repeat_until = kNow + 3'600s, .lot = 1};
}
FailedAttempt Broken(bool sent, Kind kind = Kind::kReset) {
  return Describe(transport::Failure{.kind = kind, .sent = sent, .message = ""});
}
FailedAttempt Coded(std::string_view code, int http_status = 400) {
  const translate::ErrorEntry* const row = translate::FindError({.code = code, .http_status = http_status});
  EXPECT_NE(row, nullptr) << code;
  translate::ParsedReply reply;
  reply.advice = row->advice;
  reply.outcome = row->outcome;
  reply.actor = row->actor;
  reply.code = std::string(code);
  reply.retry_after = row->retry_after;
  FailedAttempt attempt = Describe(reply);
  attempt.code = code;  // `reply` ends here
  return attempt;
}
Next NextOf(const FailedAttempt& attempt, const Standing& standing) {
  return Judge(attempt, standing).next;
}

TEST(RetryPolicy, RepeatsWhateverWasProvedNotToHaveBeenSent) {
  for (const Retry retry : {RETRY_READ, RETRY_IDEMPOTENT, RETRY_DEDUPLICATED, RETRY_NEVER}) {
    for (const Kind kind : {Kind::kDns, Kind::kConnect, Kind::kTimeout, Kind::kReset}) {
      EXPECT_EQ(NextOf(Broken(/*sent=*/false, kind), At(retry)), Next::kRepeat) << retry;
    }
  }
}

TEST(RetryPolicy, RepeatsAnUnknownOutcomeOnlyWhereTheMethodMakesThatHarmless) {
  for (const Kind kind : {Kind::kTimeout, Kind::kReset, Kind::kBadReply}) {
    EXPECT_EQ(NextOf(Broken(true, kind), At(RETRY_READ)), Next::kRepeat);
    EXPECT_EQ(NextOf(Broken(true, kind), At(RETRY_IDEMPOTENT)), Next::kRepeat);
    EXPECT_EQ(NextOf(Broken(true, kind), At(RETRY_DEDUPLICATED)), Next::kRepeat);
    EXPECT_EQ(NextOf(Broken(true, kind), At(RETRY_NEVER)), Next::kAnswer);
  }
}

TEST(RetryPolicy, DoesNotRepeatWhatAnOperatorHasToMend) {
  EXPECT_EQ(NextOf(Broken(false, Kind::kTls), At(RETRY_READ)), Next::kAnswer);
  EXPECT_EQ(NextOf(Broken(false, Kind::kBlocked), At(RETRY_READ)), Next::kAnswer);
  for (const char* const code : {"INVALID_CREDENTIALS", "PORTAL_DELETED", "insufficient_scope", "expired_token"}) {
    EXPECT_EQ(NextOf(Coded(code, 401), At(RETRY_READ)), Next::kAnswer) << code;
  }
}

TEST(RetryPolicy, DoesNotRepeatWhatIsRefusedForWhatItIs) {
  for (const char* const code : {"CHAT_NOT_FOUND", "EMPTY_MESSAGE", "ACCESS_DENIED", "100", "WRONG_REQUEST"}) {
    const auto verdict = NextOf(Coded(code), At(RETRY_NEVER));
    EXPECT_EQ(verdict, Next::kAnswer) << code;
  }
  EXPECT_EQ(NextOf(Coded("CHAT_NOT_FOUND"), At(RETRY_DEDUPLICATED)), Next::kAnswer);
  EXPECT_EQ(NextOf(Coded("100"), At(RETRY_IDEMPOTENT)), Next::kAnswer) << "the caller has to mend it";
  EXPECT_EQ(NextOf(Broken(true, Kind::kReplyTooLarge), At(RETRY_READ)), Next::kAnswer) << "so would the next be";
}

TEST(RetryPolicy, RepeatsAFailureOfThePortalThatItTellsOfOnlyTwice) {
  Standing standing = At(RETRY_IDEMPOTENT);
  for (standing.attempts = 1; standing.attempts <= 2; ++standing.attempts) {
    EXPECT_EQ(NextOf(Coded("INTERNAL_SERVER_ERROR", 500), standing), Next::kRepeat) << standing.attempts;
  }
  EXPECT_EQ(NextOf(Coded("INTERNAL_SERVER_ERROR", 500), standing), Next::kAnswer);
  standing.attempts = 20;
  EXPECT_EQ(NextOf(Broken(true), standing), Next::kRepeat) << "one that told nothing, until the deadline";
}

TEST(RetryPolicy, WaitsForAMessageWhoseIdentifierThePortalHasAlready) {
  EXPECT_EQ(NextOf(Coded("MESSAGE_DUPLICATED_BY_UUID"), At(RETRY_DEDUPLICATED)), Next::kRepeat);
  EXPECT_EQ(NextOf(Coded("MESSAGE_DUPLICATED_BY_UUID"), At(RETRY_NEVER)), Next::kAnswer);
}

TEST(RetryPolicy, NeverRepeatsAMessageAfterThePortalForgetsItsIdentifier) {
  Standing standing = At(RETRY_DEDUPLICATED);
  standing.repeat_until = kNow + 99ms;
  EXPECT_EQ(NextOf(Broken(true), standing), Next::kAnswer) << "the pause takes 100 ms";
  EXPECT_EQ(NextOf(Coded("MESSAGE_DUPLICATED_BY_UUID"), standing), Next::kAnswer);
  EXPECT_EQ(NextOf(Broken(false), standing), Next::kRepeat) << "none has arrived";
  standing.maybe_executed = true;
  EXPECT_EQ(NextOf(Broken(false), standing), Next::kAnswer) << "an earlier one may have";
}

TEST(RetryPolicy, TakesTheCodesOfDoneForDoneOnlyAfterAnAttemptThatMayHaveDoneIt) {
  const std::vector<std::string> codes = {"BOT_NOT_FOUND", "REACTION_ALREADY_SET"};
  Standing standing = At(RETRY_IDEMPOTENT);
  standing.done_codes = codes;
  EXPECT_EQ(NextOf(Coded("BOT_NOT_FOUND"), standing), Next::kAnswer) << "the bot was never there";
  standing.maybe_executed = true;
  EXPECT_EQ(NextOf(Coded("BOT_NOT_FOUND"), standing), Next::kDoneBefore);
  EXPECT_EQ(NextOf(Coded("CHAT_NOT_FOUND"), standing), Next::kAnswer);
}

TEST(RetryPolicy, DoublesThePauseUpToTheGreatest) {
  Standing standing = At(RETRY_READ);
  standing.deadline = kNow + 1h;
  const std::vector<base::Duration> expected = {100ms, 200ms, 400ms, 800ms, 1600ms, 3200ms, 5s, 5s};
  for (const base::Duration pause : expected) {
    EXPECT_EQ(Judge(Broken(true), standing).pause, pause) << standing.attempts;
    ++standing.attempts;
  }
  standing.attempts = 1'000'000;
  EXPECT_EQ(Judge(Broken(true), standing).pause, base::Duration(5s));
}

TEST(RetryPolicy, DrawsHalfOfThePauseByLot) {
  Standing standing = At(RETRY_READ);
  standing.lot = 0;
  EXPECT_EQ(Judge(Broken(true), standing).pause, base::Duration(50ms));
  standing.lot = 0.5;
  EXPECT_EQ(Judge(Broken(true), standing).pause, base::Duration(75ms));
}

TEST(RetryPolicy, WaitsAsLongAsThePortalSays) {
  EXPECT_EQ(Judge(Coded("CONNECTION_ERROR", 401), At(RETRY_NEVER)).pause, base::Duration(5s));
}

TEST(RetryPolicy, TakesThePauseAndTheAnswersTimeOffTheDeadline) {
  Standing standing = At(RETRY_READ);
  standing.reply_time = 400ms;
  standing.deadline = kNow + 500ms;
  EXPECT_EQ(NextOf(Broken(true), standing), Next::kAnswer);
  standing.deadline = kNow + 501ms;
  EXPECT_EQ(NextOf(Broken(true), standing), Next::kRepeat);
}

TEST(RetryPolicy, SaysOfACallInDoubtThatItsOutcomeIsUnknown) {
  const absl::Status refused =
      base::Error(absl::StatusCode::kUnavailable, "CONNECT_FAILED", "connection refused").Build();
  EXPECT_EQ(base::OutcomeOf(refused), "NOT_EXECUTED");
  const absl::Status doubt = InDoubt(refused);
  EXPECT_EQ(base::OutcomeOf(doubt), "UNKNOWN");
  EXPECT_EQ(base::ReasonOf(doubt), "CONNECT_FAILED");
  EXPECT_EQ(doubt.message(), "an earlier attempt may have been executed. The last one: connection refused");
  EXPECT_TRUE(InDoubt(absl::OkStatus()).ok());
}

TEST(RetryPolicy, AReadLeavesNoDoubt) {
  EXPECT_FALSE(LeavesDoubt(Outcome::kUnknown, RETRY_READ));
  EXPECT_TRUE(LeavesDoubt(Outcome::kUnknown, RETRY_IDEMPOTENT));
  EXPECT_FALSE(LeavesDoubt(Outcome::kNotExecuted, RETRY_NEVER));
}

}  // namespace
}  // namespace imbot::portal
