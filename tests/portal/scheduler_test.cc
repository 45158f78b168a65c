#include "service/portal/scheduler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "service/base/error.h"
#include "tests/portal/scheduler_fixture.h"

namespace imbot::portal {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using Kind = transport::Failure::Kind;

class SchedulerTest : public SchedulerFixture {
 protected:
  // Calls that always leave alone.
  int Submit() { return Submit(Options()); }
  int Submit(Options options) {
    options.command = false;
    return SchedulerFixture::Submit(options);
  }
};

// --- Sending at once ---

TEST_F(SchedulerTest, SendsAtOnceWhenThereIsRoom) {
  const int call = Submit();
  ASSERT_EQ(loop_.fake().sent(), 1u);
  EXPECT_EQ(loop_.fake().request(0).url.Reveal(), "https://acme.example/rest/1/code/imbot.v2.Chat.Message.send");
  EXPECT_EQ(loop_.fake().request(0).body, "0");
  EXPECT_EQ(loop_.fake().request(0).content_type, "application/json");
  EXPECT_EQ(metrics_.in_flight.value(), 1);
  EXPECT_FALSE(answered(call));
  loop_.fake().Answer(0, 200, kOk);
  ASSERT_TRUE(answered(call));
  EXPECT_TRUE(answer(call).status.ok());
  EXPECT_EQ(results_[call], "5");
  EXPECT_EQ(answer(call).http_status, 200);
  EXPECT_EQ(answer(call).attempts, 1);
  EXPECT_EQ(answer(call).reply.time.duration, 250ms);
  EXPECT_EQ(answer(call).reply.time.operating, 1.5);
  EXPECT_EQ(answer(call).reply.time.operating_reset_at, 1772088716);
  EXPECT_EQ(metrics_.requests.value(), 1);
  EXPECT_EQ(metrics_.failures.value(), 0);
}

TEST_F(SchedulerTest, GivesThePortalItsOwnTimeHoweverShortTheCallersIs) {
  // A transfer is not torn down because one caller lost patience; the portal's own limit is 60 s.
  Submit({.timeout = 1s});
  EXPECT_EQ(loop_.fake().request(0).give_up_at - loop_.Now(), 65s);
  loop_.fake().Answer(0, 200, kOk);
}

TEST_F(SchedulerTest, MapsThePortalsErrorAndKeepsItsCode) {
  const int call = Submit();
  loop_.fake().Answer(0, 400, R"({"error": "EMPTY_MESSAGE", "error_description": "Message is empty"})");
  EXPECT_EQ(Reason(call), "EMPTY_MESSAGE");
  EXPECT_EQ(answer(call).reply.code, "EMPTY_MESSAGE");
  EXPECT_EQ(answer(call).http_status, 400);
  EXPECT_EQ(metrics_.failures.value(), 0) << "an answer is a success of the transport";
}

TEST_F(SchedulerTest, AnswersNeverFromInsideSubmit) {
  credentials_.available = false;
  const int no_credentials = Submit();
  const int late = Submit({.timeout = 0s});
  EXPECT_FALSE(answered(no_credentials));
  EXPECT_FALSE(answered(late));
  loop_.Run();
  EXPECT_TRUE(answered(no_credentials));
  EXPECT_TRUE(answered(late));
}

// --- The window and the queue ---

TEST_F(SchedulerTest, HoldsBackWhatDoesNotFitTheWindowAndSendsItInTheOrderInWhichItCame) {
  Start(Window(2));
  for (int i = 0; i < 5; ++i) Submit();
  EXPECT_THAT(SentBodies(), ElementsAre("0", "1"));
  EXPECT_EQ(scheduler_->queued(), 3u);
  EXPECT_EQ(scheduler_->in_flight(), 2u);
  EXPECT_EQ(metrics_.queued_calls.value(), 3);
  loop_.fake().Answer(1, 200, kOk);
  EXPECT_THAT(SentBodies(), ElementsAre("0", "1", "2"));
  loop_.fake().Answer(0, 200, kOk);
  loop_.fake().Answer(2, 200, kOk);
  EXPECT_THAT(SentBodies(), ElementsAre("0", "1", "2", "3", "4"));
  loop_.fake().Answer(3, 200, kOk);
  loop_.fake().Answer(4, 200, kOk);
  EXPECT_EQ(answers_.size(), 5u);
}

TEST_F(SchedulerTest, FreesTheWindowWhenATransferFailsToo) {
  Start(Window(1));
  Submit();
  Submit();
  loop_.fake().Fail(0, Kind::kReset);
  EXPECT_THAT(SentBodies(), ElementsAre("0", "1"));
  loop_.fake().Answer(1, 200, kOk);
}

TEST_F(SchedulerTest, TellsHowLongACallWaited) {
  Start(Window(1));
  Submit();
  const int second = Submit();
  loop_.Advance(250ms);
  loop_.fake().Answer(0, 200, kOk);
  loop_.Advance(1s);
  loop_.fake().Answer(1, 200, kOk);
  EXPECT_EQ(answer(second).queued, 250ms);
}

TEST_F(SchedulerTest, LetsACallBeSubmittedFromTheAnswerOfAnother) {
  Outgoing first;
  first.method = "m";
  first.body = [] { return std::string("first"); };
  first.deadline = loop_.Now() + 30s;
  bool second_answered = false;
  scheduler_->Submit(CallId{1}, std::move(first), [&](Answer answer) {
    Outgoing second;
    second.method = "m";
    second.body = [] { return std::string("second"); };
    second.deadline = loop_.Now() + 30s;
    scheduler_->Submit(CallId{2}, std::move(second), [&](Answer) { second_answered = true; });
    EXPECT_EQ(answer.reply.result.ToText(), "5") << "the result lives until the callback returns";
  });
  loop_.fake().Answer(0, 200, kOk);
  loop_.fake().Answer(1, 200, kOk);
  EXPECT_TRUE(second_answered);
}

// --- Bounds ---

TEST_F(SchedulerTest, RefusesACallTooMany) {
  SchedulerOptions options = Window(1);
  options.max_queued_calls = 2;
  Start(options);
  for (int i = 0; i < 3; ++i) Submit();
  const int refused = Submit();
  loop_.Run();
  EXPECT_EQ(answer(refused).status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Reason(refused), "QUEUE_FULL");
  EXPECT_EQ(Outcome(refused), "NOT_EXECUTED");
  EXPECT_EQ(RetryDelay(answer(refused).status), 1000);
  EXPECT_EQ(answer(refused).attempts, 0);
  EXPECT_EQ(MetadataOf(answer(refused).status, "portal"), "acme");
  EXPECT_EQ(MetadataOf(answer(refused).status, "method"), "imbot.v2.Chat.Message.send");
  loop_.fake().Answer(0, 200, kOk);
  const int room_again = Submit();
  loop_.Run();
  EXPECT_FALSE(answered(room_again));
}

TEST_F(SchedulerTest, RefusesBytesTooMany) {
  SchedulerOptions options = Window(1);
  options.max_queued_bytes = 1000;
  Start(options);
  Submit({.bytes = 900});  // in flight: its bytes are no longer the queue's
  const int first = Submit({.bytes = 600});
  const int refused = Submit({.bytes = 401});
  const int fits = Submit({.bytes = 400});
  loop_.Run();
  EXPECT_FALSE(answered(first));
  EXPECT_EQ(Reason(refused), "QUEUE_FULL");
  EXPECT_FALSE(answered(fits));
  EXPECT_EQ(metrics_.queued_bytes.value(), 1000);
}

// --- Order ---

TEST_F(SchedulerTest, SendsALaterCallOfOneKeyOnlyAfterTheEarlierWasAnsweredAndLetsOthersPass) {
  Submit({.order_key = "chat5"});
  const int second = Submit({.order_key = "chat5"});
  Submit({.order_key = "chat6"});
  Submit();
  EXPECT_THAT(SentBodies(), ElementsAre("0", "2", "3"));
  loop_.fake().Answer(1, 200, kOk);
  EXPECT_THAT(SentBodies(), ElementsAre("0", "2", "3")) << "another key's answer changes nothing";
  loop_.fake().Answer(0, 200, kOk);
  EXPECT_THAT(SentBodies(), ElementsAre("0", "2", "3", "1"));
  loop_.fake().Answer(3, 200, kOk);
  EXPECT_TRUE(answered(second));
  loop_.fake().Answer(2, 200, kOk);
}

TEST_F(SchedulerTest, KeepsTheOrderOfAKeyWhenSeveralWait) {
  for (int i = 0; i < 4; ++i) Submit({.order_key = "chat5"});
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(loop_.fake().sent(), i + 1);
    loop_.fake().Answer(i, 200, kOk);
  }
  EXPECT_THAT(SentBodies(), ElementsAre("0", "1", "2", "3"));
}

TEST_F(SchedulerTest, HoldsTheOrderEvenIfTheEarlierCallFails) {
  Submit({.order_key = "chat5"});
  Submit({.order_key = "chat5"});
  loop_.fake().Fail(0, Kind::kReset);
  EXPECT_THAT(SentBodies(), ElementsAre("0", "1"));
  loop_.fake().Answer(1, 200, kOk);
}

TEST_F(SchedulerTest, KeepsAKeyBusyWhileAnAbandonedCallIsStillInFlight) {
  // Its caller has gone, but the portal may be executing it.
  const int first = Submit({.order_key = "chat5"});
  Submit({.order_key = "chat5"});
  Cancel(first);
  EXPECT_THAT(SentBodies(), ElementsAre("0"));
  loop_.fake().Answer(0, 200, kOk);
  EXPECT_THAT(SentBodies(), ElementsAre("0", "1"));
  loop_.fake().Answer(1, 200, kOk);
}

TEST_F(SchedulerTest, LetsALaterCallGoWhenTheOneBeforeItLeavesTheQueue) {
  Start(Window(1));
  Submit();
  const int dropped = Submit({.order_key = "chat5"});
  Submit({.order_key = "chat5"});
  Cancel(dropped);
  loop_.fake().Answer(0, 200, kOk);
  EXPECT_THAT(SentBodies(), ElementsAre("0", "2"));
  loop_.fake().Answer(1, 200, kOk);
}

// --- Deadlines ---

TEST_F(SchedulerTest, RefusesACallWhoseDeadlineHasPassed) {
  const int late = Submit({.timeout = 0s});
  loop_.Run();
  EXPECT_EQ(answer(late).status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(Reason(late), "DEADLINE_EXCEEDED");
  EXPECT_EQ(Outcome(late), "NOT_EXECUTED");
  EXPECT_EQ(loop_.fake().sent(), 0u);
}

TEST_F(SchedulerTest, DropsACallWhoseDeadlinePassesWhileItWaits) {
  Start(Window(1));
  Submit();
  const int waiting = Submit({.timeout = 2s});
  const int behind = Submit();
  loop_.Advance(2s - 1ms);
  EXPECT_FALSE(answered(waiting));
  loop_.Advance(1ms);
  ASSERT_TRUE(answered(waiting));
  EXPECT_EQ(Reason(waiting), "DEADLINE_EXCEEDED");
  EXPECT_EQ(Outcome(waiting), "NOT_EXECUTED");
  EXPECT_EQ(answer(waiting).attempts, 0);
  EXPECT_EQ(answer(waiting).queued, 2s);
  EXPECT_EQ(metrics_.queued_calls.value(), 1);
  loop_.fake().Answer(0, 200, kOk);
  EXPECT_THAT(SentBodies(), ElementsAre("0", "2"));
  loop_.fake().Answer(1, 200, kOk);
  EXPECT_TRUE(answer(behind).status.ok());
}

TEST_F(SchedulerTest, AnswersACallInFlightAtItsDeadlineAndDiscardsTheReply) {
  Start(Window(1));
  const int call = Submit({.timeout = 2s});
  loop_.Advance(2s);
  ASSERT_TRUE(answered(call));
  EXPECT_EQ(Reason(call), "DEADLINE_EXCEEDED");
  EXPECT_EQ(Outcome(call), "UNKNOWN");
  EXPECT_EQ(answer(call).attempts, 1);
  EXPECT_EQ(scheduler_->in_flight(), 1u) << "the transfer is left to finish";
  Submit();
  EXPECT_EQ(loop_.fake().sent(), 1u);
  loop_.fake().Answer(0, 200, kOk);
  EXPECT_EQ(loop_.fake().sent(), 2u);
  loop_.fake().Answer(1, 200, kOk);
}

TEST_F(SchedulerTest, SetsNoTimerThatOutlivesItsCall) {
  Submit();
  loop_.fake().Answer(0, 200, kOk);
  Start(Window(1));
  Submit();
  const int queued = Submit();
  Cancel(queued);
  loop_.fake().Answer(1, 200, kOk);
  EXPECT_EQ(loop_.timers(), 0u);
}

// --- Cancellation ---

TEST_F(SchedulerTest, DropsACancelledCallThatStillWaits) {
  Start(Window(1));
  Submit();
  const int waiting = Submit({.bytes = 100});
  Cancel(waiting);
  ASSERT_TRUE(answered(waiting));
  EXPECT_EQ(answer(waiting).status.code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(Reason(waiting), "CANCELLED_BY_CALLER");
  EXPECT_EQ(Outcome(waiting), "NOT_EXECUTED");
  EXPECT_EQ(metrics_.queued_bytes.value(), 0);
  loop_.fake().Answer(0, 200, kOk);
  EXPECT_EQ(loop_.fake().sent(), 1u);
}

TEST_F(SchedulerTest, AnswersACancelledCallInFlightAtOnceAndDiscardsTheReply) {
  const int call = Submit();
  Cancel(call);
  ASSERT_TRUE(answered(call));
  EXPECT_EQ(Reason(call), "CANCELLED_BY_CALLER");
  EXPECT_EQ(Outcome(call), "UNKNOWN");
  EXPECT_EQ(answer(call).attempts, 1);
  EXPECT_EQ(scheduler_->in_flight(), 1u);
  loop_.fake().Answer(0, 200, kOk);
  EXPECT_EQ(scheduler_->in_flight(), 0u);
}

TEST_F(SchedulerTest, IgnoresCancellingWhatWasAnsweredOrNeverWas) {
  const int call = Submit();
  loop_.fake().Answer(0, 200, kOk);
  Cancel(call);
  Cancel(77);
  EXPECT_TRUE(answer(call).status.ok());
}

// --- Calls whose reply the gateway itself needs ---

TEST_F(SchedulerTest, WaitsForTheReplyOfARegistrationThoughTheCallerHasGone) {
  const int call = Submit({.await_reply = true});
  Cancel(call);
  EXPECT_FALSE(answered(call));
  loop_.fake().Answer(0, 200, kOk);
  EXPECT_TRUE(answer(call).status.ok());
}

TEST_F(SchedulerTest, WaitsForTheReplyOfARegistrationBeyondTheDeadlineUntilTheTransportGivesUp) {
  const int call = Submit({.timeout = 2s, .await_reply = true});
  loop_.Advance(64s);
  EXPECT_FALSE(answered(call));
  loop_.Advance(1s);
  ASSERT_TRUE(answered(call));
  EXPECT_EQ(Reason(call), "PORTAL_TIMEOUT");
  EXPECT_EQ(Outcome(call), "UNKNOWN");
}

TEST_F(SchedulerTest, DropsARegistrationThatStillWaitsLikeAnyOther) {
  Start(Window(1));
  Submit();
  const int cancelled = Submit({.await_reply = true});
  const int late = Submit({.timeout = 2s, .await_reply = true});
  Cancel(cancelled);
  loop_.Advance(2s);
  EXPECT_EQ(Reason(cancelled), "CANCELLED_BY_CALLER");
  EXPECT_EQ(Outcome(cancelled), "NOT_EXECUTED");
  EXPECT_EQ(Reason(late), "DEADLINE_EXCEEDED");
  EXPECT_EQ(Outcome(late), "NOT_EXECUTED");
}

// --- Without credentials ---

TEST_F(SchedulerTest, RefusesACallForWhichThereAreNoCredentials) {
  credentials_.available = false;
  const int call = Submit();
  loop_.Run();
  EXPECT_EQ(answer(call).status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Reason(call), "CREDENTIALS_UNAVAILABLE");
  EXPECT_EQ(Outcome(call), "NOT_EXECUTED");
  EXPECT_EQ(answer(call).attempts, 0) << "nothing was sent";
  EXPECT_EQ(MetadataOf(answer(call).status, "portal"), "acme");
  EXPECT_EQ(metrics_.requests.value(), 0);
  EXPECT_EQ(loop_.fake().sent(), 0u);
}

TEST_F(SchedulerTest, SaysThatNothingWasSentWhenACallWithoutCredentialsIsCancelledOrStopped) {
  credentials_.available = false;
  const int cancelled = Submit();
  Cancel(cancelled);
  EXPECT_EQ(Outcome(cancelled), "NOT_EXECUTED");
  EXPECT_EQ(answer(cancelled).attempts, 0);
  const int stopped = Submit();
  scheduler_->Stop();
  EXPECT_EQ(Outcome(stopped), "NOT_EXECUTED");
  loop_.Run();
}

TEST_F(SchedulerTest, SendsTheNextOfAKeyAfterOneWithoutCredentials) {
  credentials_.available = false;
  Submit({.order_key = "chat5"});
  loop_.Run();
  credentials_.available = true;
  Submit({.order_key = "chat5"});
  EXPECT_EQ(loop_.fake().sent(), 1u);
  loop_.fake().Answer(0, 200, kOk);
}

// --- Stopping ---

TEST_F(SchedulerTest, AnswersEverythingWhenItStops) {
  Start(Window(1));
  const int in_flight = Submit();
  const int waiting = Submit();
  const int registration = Submit({.await_reply = true});
  scheduler_->Stop();
  for (const int call : {in_flight, waiting, registration}) {
    ASSERT_TRUE(answered(call));
    EXPECT_EQ(answer(call).status.code(), absl::StatusCode::kUnavailable);
    EXPECT_EQ(Reason(call), "SHUTTING_DOWN");
  }
  EXPECT_EQ(Outcome(in_flight), "UNKNOWN");
  EXPECT_EQ(RetryDelay(answer(in_flight).status), std::nullopt) << "it may have been executed";
  EXPECT_EQ(Outcome(waiting), "NOT_EXECUTED");
  EXPECT_EQ(RetryDelay(answer(waiting).status), 1000);
  EXPECT_EQ(scheduler_->queued(), 0u);
  loop_.fake().Answer(0, 200, kOk);  // late: nobody is told twice
}

TEST_F(SchedulerTest, IsNotTouchedByWhatArrivesAfterItsEnd) {
  Submit({.timeout = 2s});
  credentials_.available = false;
  Submit();
  scheduler_.reset();
  EXPECT_EQ(answers_.size(), 2u);
  EXPECT_EQ(metrics_.in_flight.value(), 0) << "a portal that is taken out of the configuration leaves nothing behind";
  loop_.fake().Answer(0, 200, kOk);
  loop_.Advance(70s);
}

// --- What a failure of the transport means ---

TEST_F(SchedulerTest, CountsAFailureOfTheTransportAndTellsWhatItMeans) {
  const int call = Submit({.timeout = std::chrono::milliseconds(50)});  // too little for another attempt
  loop_.fake().Fail(0, Kind::kConnect, /*sent=*/false, "connection refused");
  EXPECT_EQ(Reason(call), "CONNECT_FAILED");
  EXPECT_EQ(Outcome(call), "NOT_EXECUTED");
  EXPECT_EQ(answer(call).http_status, std::nullopt);
  EXPECT_EQ(metrics_.failures.value(), 1);
}

TEST_F(SchedulerTest, NeverTellsTheAddressOfThePortal) {
  const int call = Submit();
  loop_.fake().Fail(0, Kind::kReset);
  EXPECT_THAT(answer(call).status.ToString(), Not(HasSubstr("/rest/1/code")));
}

}  // namespace
}  // namespace imbot::portal
