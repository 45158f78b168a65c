// Calls whose first attempt fails: which are made again, and what their callers are told.
#include <algorithm>

#include "tests/portal/scheduler_fixture.h"

namespace imbot::portal {
namespace {

using namespace std::chrono_literals;
using bitrix24::rest::RETRY_DEDUPLICATED;
using bitrix24::rest::RETRY_IDEMPOTENT;
using bitrix24::rest::RETRY_NEVER;
using bitrix24::rest::RETRY_READ;
using testing::ElementsAre;
using testing::SizeIs;
using Kind = transport::Failure::Kind;

class Repeating : public SchedulerFixture {
 protected:
  // The longest pause before the second attempt.
  void Pause() { loop_.Advance(100ms); }
  void AnswerError(size_t request, std::string_view code, int http_status = 400) {
    loop_.fake().Answer(request, http_status, base::StrCat(R"({"error":")", code, R"(","error_description":"text"})"));
  }
};

TEST_F(Repeating, ACallWhoseConnectionWasRefusedIsMadeAgain) {
  const int call = Submit({.retry = RETRY_NEVER});
  loop_.fake().Fail(0, Kind::kConnect, /*sent=*/false);
  EXPECT_FALSE(answered(call));
  EXPECT_EQ(scheduler_->Snapshot().waiting_to_repeat, 1u);
  Pause();
  ASSERT_EQ(loop_.fake().sent(), 2u);
  AnswerOk(1);
  EXPECT_TRUE(answer(call).status.ok());
  EXPECT_EQ(answer(call).attempts, 2);
  EXPECT_EQ(metrics_.repeats.value(), 1);
  EXPECT_EQ(scheduler_->Snapshot().waiting_to_repeat, 0u);
}

TEST_F(Repeating, ACallThatMayHaveBeenExecutedIsMadeAgainOnlyWhereThatIsHarmless) {
  for (const auto retry : {RETRY_READ, RETRY_IDEMPOTENT, RETRY_DEDUPLICATED}) {
    const size_t before = loop_.fake().sent();
    const int call = Submit({.retry = retry});
    loop_.fake().Fail(before, Kind::kReset);
    Pause();
    ASSERT_EQ(loop_.fake().sent(), before + 2) << retry;
    AnswerOk(before + 1);
    EXPECT_TRUE(answer(call).status.ok());
  }
  const size_t before = loop_.fake().sent();
  const int call = Submit({.retry = RETRY_NEVER});
  loop_.fake().Fail(before, Kind::kReset);
  ASSERT_TRUE(answered(call)) << "at once";
  EXPECT_EQ(Outcome(call), "UNKNOWN");
  Pause();
  EXPECT_EQ(loop_.fake().sent(), before + 1);
}

TEST_F(Repeating, AnHtmlPageOfTheFrontIsNoAnswer) {
  const int call = Submit({.retry = RETRY_DEDUPLICATED});
  loop_.fake().Answer(0, 502, "<html>Bad Gateway</html>");
  Pause();
  AnswerOk(1);
  EXPECT_TRUE(answer(call).status.ok());
}

TEST_F(Repeating, WhatIsNotWorthAnotherAttemptIsAnsweredAtOnce) {
  const int call = Submit({.retry = RETRY_DEDUPLICATED});
  AnswerError(0, "CHAT_NOT_FOUND");
  ASSERT_TRUE(answered(call));
  EXPECT_EQ(Reason(call), "CHAT_NOT_FOUND");
  EXPECT_EQ(Outcome(call), "NOT_EXECUTED");
}

TEST_F(Repeating, AfterADoubtNoLaterRefusalProvesThatNothingWasDone) {
  const int call = Submit({.timeout = 400ms, .retry = RETRY_DEDUPLICATED});
  loop_.fake().Fail(0, Kind::kReset);
  Pause();
  loop_.fake().Fail(1, Kind::kConnect, /*sent=*/false);
  ASSERT_TRUE(answered(call)) << "no time is left";
  EXPECT_EQ(Reason(call), "CONNECT_FAILED");
  EXPECT_EQ(Outcome(call), "UNKNOWN");
}

TEST_F(Repeating, AfterADoubtTheCallersRepeatIsInDoubtToo) {
  const int call = Submit({.retry = RETRY_DEDUPLICATED, .maybe_executed = true});
  AnswerError(0, "CHAT_NOT_FOUND");
  EXPECT_EQ(Outcome(call), "UNKNOWN");
}

TEST_F(Repeating, AReadIsNeverInDoubtForLong) {
  const int call = Submit({.retry = RETRY_READ});
  loop_.fake().Fail(0, Kind::kReset);
  Pause();
  AnswerError(1, "CHAT_NOT_FOUND");
  EXPECT_EQ(Outcome(call), "NOT_EXECUTED");
}

TEST_F(Repeating, AnErrorThatSaysDoneCountsAsDoneAfterADoubt) {
  const int call = Submit({.retry = RETRY_IDEMPOTENT, .done_codes = {"REACTION_ALREADY_SET"}});
  loop_.fake().Fail(0, Kind::kReset);
  Pause();
  AnswerError(1, "REACTION_ALREADY_SET");
  ASSERT_TRUE(answered(call));
  EXPECT_TRUE(answer(call).status.ok());
  EXPECT_TRUE(answer(call).done_before);
  const int other = Submit({.retry = RETRY_IDEMPOTENT, .done_codes = {"REACTION_ALREADY_SET"}});
  AnswerError(2, "REACTION_ALREADY_SET");
  EXPECT_EQ(Reason(other), "REACTION_ALREADY_SET") << "nobody had asked for it before";
}

TEST_F(Repeating, NothingOfItsDialogFollowsACallInDoubtIntoItsRequest) {
  Occupy();
  const int first = Submit({.order_key = "chat5", .retry = RETRY_DEDUPLICATED, .maybe_executed = true});
  const int second = Submit({.order_key = "chat5", .retry = RETRY_DEDUPLICATED});
  AnswerOk(0);
  ASSERT_EQ(loop_.fake().sent(), 2u);
  AnswerError(1, "MESSAGE_DUPLICATED_BY_UUID");
  EXPECT_FALSE(answered(first));
  EXPECT_EQ(loop_.fake().sent(), 2u) << "the portal may still be at work on the first one";
  loop_.Advance(6s);
  ASSERT_EQ(loop_.fake().sent(), 3u);
  AnswerOk(2);
  ASSERT_EQ(loop_.fake().sent(), 4u);
  AnswerOk(3);
  EXPECT_TRUE(answered(second));
}

TEST_F(Repeating, AMessageThatThePortalHasAlreadyIsWaitedFor) {
  const int call = Submit({.retry = RETRY_DEDUPLICATED});
  AnswerError(0, "MESSAGE_DUPLICATED_BY_UUID");
  EXPECT_FALSE(answered(call));
  loop_.Advance(30s);
  ASSERT_TRUE(answered(call));
  EXPECT_EQ(Outcome(call), "UNKNOWN");
  EXPECT_GE(loop_.fake().sent(), 2u);
}

TEST_F(Repeating, WhatFollowsUnderOneKeyWaitsForTheRepeat) {
  const int first = Submit({.order_key = "chat5", .retry = RETRY_DEDUPLICATED});
  const int second = Submit({.order_key = "chat5", .retry = RETRY_DEDUPLICATED});
  const int other = Submit({.order_key = "chat6", .retry = RETRY_DEDUPLICATED});
  loop_.fake().Fail(0, Kind::kReset);
  ASSERT_THAT(Sent(), ElementsAre(ElementsAre(first), ElementsAre(other)));
  Pause();
  ASSERT_EQ(loop_.fake().sent(), 3u);
  EXPECT_EQ(CallsOf(2).front(), first);
  AnswerEverything();
  EXPECT_TRUE(answer(second).status.ok());
}

TEST_F(Repeating, OfABatchThatFailedEachCallGoesItsOwnWay) {
  Occupy();
  const int message = Submit({.retry = RETRY_DEDUPLICATED});
  const int chat = Submit({.retry = RETRY_NEVER});
  AnswerOk(0);
  ASSERT_THAT(CallsOf(1), ElementsAre(message, chat));
  loop_.fake().Fail(1, Kind::kReset);
  EXPECT_EQ(Outcome(chat), "UNKNOWN");
  EXPECT_FALSE(answered(message));
  Pause();
  ASSERT_THAT(CallsOf(2), ElementsAre(message));
  AnswerOk(2);
  EXPECT_TRUE(answer(message).status.ok());
}

TEST_F(Repeating, ACallThatIsCancelledBetweenTwoAttemptsIsNotMadeAgain) {
  const int call = Submit({.order_key = "chat5", .retry = RETRY_DEDUPLICATED});
  loop_.fake().Fail(0, Kind::kReset);
  Cancel(call);
  EXPECT_EQ(Reason(call), "CANCELLED_BY_CALLER");
  EXPECT_EQ(Outcome(call), "UNKNOWN") << "the first attempt may have been executed";
  Pause();
  EXPECT_EQ(loop_.fake().sent(), 1u);
  const int next = Submit({.order_key = "chat5"});
  EXPECT_THAT(CallsOf(1), ElementsAre(next)) << "it holds nobody up any more";
  AnswerOk(1);
}

TEST_F(Repeating, ADeadlineBetweenTwoAttemptsTellsTheDoubt) {
  const int call = Submit({.timeout = 10s, .retry = RETRY_DEDUPLICATED});
  loop_.fake().Fail(0, Kind::kReset);
  scheduler_->SetIntake(Intake::kPaused);
  loop_.Advance(10s);
  ASSERT_TRUE(answered(call));
  EXPECT_EQ(Reason(call), "DEADLINE_EXCEEDED");
  EXPECT_EQ(Outcome(call), "UNKNOWN");
}

TEST_F(Repeating, AStreamIsNotMadeAgain) {
  const int call = Submit({.stream = true, .retry = RETRY_IDEMPOTENT});
  loop_.fake().Fail(0, Kind::kConnect, /*sent=*/false);
  EXPECT_TRUE(answered(call)) << "its sender has the body";
}

TEST_F(Repeating, WhatThePortalAnsweredTooLateIsTold) {
  std::vector<std::string> late;
  const int call = Submit({.timeout = 1s, .retry = RETRY_NEVER, .late = [&](Answer answer) {
                             late.push_back(answer.status.ok() ? answer.reply.result.ToText() : "failed");
                           }});
  loop_.Advance(1s);
  EXPECT_EQ(Outcome(call), "UNKNOWN");
  EXPECT_THAT(late, SizeIs(0));
  AnswerOk(0);
  EXPECT_THAT(late, ElementsAre("0"));
}

TEST_F(Repeating, WhatWasAnsweredInTimeIsNotToldAgain) {
  int late = 0;
  Submit({.retry = RETRY_NEVER, .late = [&](Answer) { ++late; }});
  AnswerOk(0);
  loop_.Advance(60s);
  EXPECT_EQ(late, 0);
}

// --- A portal that is not worth calling.

TEST_F(Repeating, APortalThatRefusesEverythingIsAskedOnceMoreThenCallsFailAtOnce) {
  Submit();
  const int waiting = Submit({.order_key = "chat5"});
  AnswerError(0, "INVALID_CREDENTIALS", 401);
  loop_.Run();
  // The second call, and the probe.
  ASSERT_EQ(loop_.fake().sent(), 3u);
  EXPECT_TRUE(loop_.fake().request(2).url.Reveal().ends_with("/imbot.bot.list"));
  AnswerError(2, "INVALID_CREDENTIALS", 401);
  const int late = Submit();
  loop_.Run();
  EXPECT_EQ(Reason(late), "PORTAL_QUARANTINED");
  EXPECT_EQ(MetadataOf(answer(late).status, "quarantine_reason"), "INVALID_CREDENTIALS");
  EXPECT_EQ(loop_.fake().sent(), 3u);
  EXPECT_EQ(scheduler_->Snapshot().last_error->reason, "INVALID_CREDENTIALS");
  AnswerError(1, "INVALID_CREDENTIALS", 401);
  EXPECT_EQ(Reason(waiting), "INVALID_CREDENTIALS") << "it had left";

  loop_.Advance(30s);
  ASSERT_EQ(loop_.fake().sent(), 4u) << "the first probe";
  AnswerOk(3);
  const int again = Submit();
  EXPECT_EQ(loop_.fake().sent(), 5u);
  AnswerOk(4);
  EXPECT_TRUE(answer(again).status.ok());
}

TEST_F(Repeating, WhatWaitsForAPortalThatIsClosedFailsAtOnce) {
  Occupy();
  const int waiting = Submit();
  AnswerError(0, "PORTAL_DELETED", 403);
  loop_.Run();
  ASSERT_EQ(loop_.fake().sent(), 3u);
  EXPECT_TRUE(loop_.fake().request(2).url.Reveal().ends_with("/imbot.bot.list"));
  const int behind = Submit();
  AnswerError(2, "PORTAL_DELETED", 403);
  EXPECT_EQ(Reason(behind), "PORTAL_QUARANTINED");
  EXPECT_FALSE(answered(waiting)) << "it has left";
  AnswerOk(1);
  const int next = Submit();
  AnswerOk(3);
  EXPECT_TRUE(answer(next).status.ok()) << "an answer is an answer";
}

TEST_F(Repeating, APortalThatAnswersNothingOpensTheBreakerAndItsQueueIsEmptied) {
  Start(Window(4));
  std::vector<int> sent;
  for (int i = 0; i < 4; ++i) sent.push_back(Submit({.timeout = 60s, .command = false}));
  const std::vector<int> waiting = SubmitMany(10, {.timeout = 60s});
  loop_.Advance(15s);
  for (const int call : waiting) {
    ASSERT_TRUE(answered(call));
    EXPECT_EQ(Reason(call), "PORTAL_QUARANTINED");
    EXPECT_EQ(answer(call).status.code(), absl::StatusCode::kUnavailable);
    EXPECT_EQ(Outcome(call), "NOT_EXECUTED");
  }
  for (const int call : sent) EXPECT_FALSE(answered(call));
  EXPECT_EQ(scheduler_->Snapshot().quarantine->reason, "PORTAL_TIMEOUT");
  loop_.Advance(1s);
  ASSERT_EQ(loop_.fake().sent(), 5u) << "the probe";
  AnswerOk(4);
  EXPECT_FALSE(scheduler_->Snapshot().quarantine.has_value());
}

TEST_F(Repeating, ThoseWhoWaitAreToldBiteByBiteSoThatOtherPortalsHaveTheLoop) {
  Start(Window(4));
  for (int i = 0; i < 4; ++i) Submit({.timeout = 60s, .command = false});
  const std::vector<int> waiting = SubmitMany(50, {.timeout = 60s});
  const auto told = [&] {
    return std::count_if(waiting.begin(), waiting.end(), [&](int call) { return answered(call); });
  };
  loop_.Advance(15s);
  EXPECT_EQ(told(), 10);
  loop_.fake().Fail(0, Kind::kReset);
  EXPECT_EQ(told(), 10) << "news in between begin nothing anew";
  loop_.Advance(1ms);
  EXPECT_EQ(told(), 20);
  loop_.Advance(3ms);
  EXPECT_EQ(told(), 50);
}

TEST_F(Repeating, ACallersRepeatThatNeverLeftIsInDoubtToo) {
  Occupy();
  const int call = Submit({.timeout = 5s, .retry = RETRY_DEDUPLICATED, .maybe_executed = true});
  loop_.Advance(5s);
  ASSERT_TRUE(answered(call));
  EXPECT_EQ(Outcome(call), "UNKNOWN");
}

TEST_F(Repeating, ASlowPortalThatAnswersSomethingOpensNothing) {
  Start(Window(4));
  for (int i = 0; i < 4; ++i) Submit({.timeout = 300s, .command = false});
  for (size_t i = 0; i < 4; ++i) {
    loop_.Advance(14s);
    AnswerOk(i);
    Submit({.timeout = 300s, .command = false});
  }
  EXPECT_FALSE(scheduler_->Snapshot().quarantine.has_value());
}

TEST_F(Repeating, AnOperatorReleasesAPortal) {
  EXPECT_FALSE(scheduler_->Release());
  Submit();
  AnswerError(0, "OVERLOAD_LIMIT", 503);
  loop_.Run();
  AnswerError(1, "OVERLOAD_LIMIT", 503);
  ASSERT_TRUE(scheduler_->Snapshot().quarantine.has_value());
  EXPECT_TRUE(scheduler_->Release());
  const int call = Submit();
  AnswerOk(2);
  EXPECT_TRUE(answer(call).status.ok());
  loop_.Advance(60s);
  EXPECT_EQ(loop_.fake().sent(), 3u) << "no probe is due any more";
}

// --- A method that has had its time.

class HeldMethods : public Repeating {
 protected:
  HeldMethods() {
    SchedulerOptions options;
    options.operating_limit = 420s;
    Start(options);
  }
  void AnswerUsed(size_t request, int operating, int reset_in) {
    const auto reset = std::chrono::duration_cast<std::chrono::seconds>(clock_.WallNow().time_since_epoch()).count();
    loop_.fake().Answer(request, 200,
                        base::StrCat(R"({"result":1,"time":{"duration":0.5,"operating":)", operating,
                                     R"(,"operating_reset_at":)", reset + reset_in, "}}"));
  }
};

TEST_F(HeldMethods, AMethodNearItsLimitIsRefusedWithTheTimeToWaitAndOthersGoOn) {
  Submit({.command = false});
  AnswerUsed(0, 379, 120);
  const int held = Submit({.command = false});
  loop_.Run();
  ASSERT_TRUE(answered(held));
  EXPECT_EQ(Reason(held), "METHOD_HELD");
  EXPECT_EQ(Outcome(held), "NOT_EXECUTED");
  EXPECT_EQ(answer(held).status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(RetryDelay(answer(held).status), 121'000);
  EXPECT_EQ(loop_.fake().sent(), 1u);
  EXPECT_THAT(scheduler_->Snapshot().held_methods, SizeIs(1));
  const int other = Submit({.command = false, .method = "imbot.v2.Chat.User.list"});
  AnswerOk(1);
  EXPECT_TRUE(answer(other).status.ok());
}

TEST_F(HeldMethods, ACallThatHasTheTimeWaitsUntilThePortalForgets) {
  Submit({.command = false});
  AnswerUsed(0, 379, 120);
  const int patient = Submit({.timeout = 300s, .command = false});
  loop_.Advance(120s);
  EXPECT_EQ(loop_.fake().sent(), 1u);
  loop_.Advance(1s);
  ASSERT_EQ(loop_.fake().sent(), 2u);
  AnswerUsed(1, 10, 600);
  EXPECT_TRUE(answer(patient).status.ok());
}

TEST_F(HeldMethods, OfAMethodWhoseCostNobodyKnowsAFewLeaveAndTheRestFollowTheirAnswer) {
  const std::vector<int> calls = SubmitMany(10, {.command = false});
  EXPECT_EQ(loop_.fake().sent(), 6u);
  AnswerUsed(0, 0, 600);
  EXPECT_EQ(loop_.fake().sent(), 10u);
  AnswerEverything();
  for (const int call : calls) EXPECT_TRUE(answer(call).status.ok());
}

TEST_F(HeldMethods, OneThatStandsAsideHoldsBackWhatFollowsUnderItsKey) {
  SubmitMany(6, {.command = false});
  const int aside = Submit({.order_key = "chat5", .command = false});
  const int behind = Submit({.order_key = "chat5", .command = false, .method = "imbot.v2.Chat.User.list"});
  const int other = Submit({.command = false, .method = "imbot.v2.Chat.User.list"});
  ASSERT_EQ(loop_.fake().sent(), 7u);
  EXPECT_THAT(CallsOf(6), ElementsAre(other));
  AnswerUsed(0, 0, 600);
  ASSERT_EQ(loop_.fake().sent(), 8u);
  EXPECT_THAT(CallsOf(7), ElementsAre(aside));
  AnswerOk(7);
  EXPECT_THAT(CallsOf(8), ElementsAre(behind));
  AnswerEverything();
}

TEST_F(HeldMethods, AMethodThatThePortalBlockedIsHeldAlone) {
  const int blocked = Submit({.command = false});
  AnswerError(0, "OPERATION_TIME_LIMIT", 429);
  EXPECT_EQ(Reason(blocked), "OPERATION_TIME_LIMIT");
  const int held = Submit({.command = false});
  loop_.Run();
  EXPECT_EQ(Reason(held), "METHOD_HELD");
  EXPECT_TRUE(scheduler_->Snapshot().held_methods.at(0).blocked_by_portal);
  Submit({.command = false, .method = "imbot.v2.Chat.User.list"});
  EXPECT_EQ(loop_.fake().sent(), 2u);
  AnswerOk(1);
}

}  // namespace
}  // namespace imbot::portal
