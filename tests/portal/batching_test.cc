// When calls leave together, and how each gets its own answer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/portal/scheduler_fixture.h"

namespace imbot::portal {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;
using testing::UnorderedElementsAre;
using Kind = transport::Failure::Kind;

class Batching : public SchedulerFixture {
 protected:
  // Call 0 is in flight and fills the window; `waiting` more are held back, and leave as request 1 when it is answered.
  void HoldBack(int waiting) { HoldBack(waiting, Options()); }
  void HoldBack(int waiting, const Options& options) {
    Start(Window(1));
    Submit({.command = false});
    SubmitMany(waiting, options);
  }
  void LetGo() { AnswerOk(0); }
};

// --- What leaves together ---

TEST_F(Batching, SendsACallAtOnceAndAloneToAnIdlePortal) {
  const int call = Submit();
  ASSERT_THAT(Sent(), ElementsAre(ElementsAre(0)));
  EXPECT_FALSE(IsBatch(0));
  AnswerOk(0);
  EXPECT_EQ(results_[call], "0");
  EXPECT_EQ(answer(call).batch_size, std::nullopt);
}

TEST_F(Batching, SendsWhatTheWindowHeldBackTogether) {
  HoldBack(3);
  EXPECT_EQ(loop_.fake().sent(), 1u);
  LetGo();
  ASSERT_THAT(Sent(), ElementsAre(ElementsAre(0), ElementsAre(1, 2, 3)));
  EXPECT_TRUE(IsBatch(1));
  EXPECT_EQ(loop_.fake().request(1).url.Reveal(), "https://acme.example/rest/1/code/batch");
  AnswerOk(1);
  EXPECT_EQ(results_[1], "10");
  EXPECT_EQ(results_[3], "30");
}

TEST_F(Batching, SendsWhatCameInWhileAReplyWasReadTogetherWithWhatWaited) {
  Start(Window(1));
  Submit({.command = false, .answered = [this] { loop_.Post([this] { SubmitMany(2); }); }});
  SubmitMany(2);
  AnswerOk(0);
  EXPECT_THAT(Sent(), ElementsAre(ElementsAre(0), ElementsAre(1, 2, 3, 4)));
  AnswerEverything();
}

TEST_F(Batching, RefusesNoCallForTheSakeOfOthersThatAreAboutToLeave) {
  SchedulerOptions options = Window(1);
  options.max_queued_calls = 1;
  Start(options);
  Submit({.command = false, .answered = [this] { loop_.Post([this] { Submit(); }); }});
  Submit();
  AnswerOk(0);
  EXPECT_THAT(Sent(), ElementsAre(ElementsAre(0), ElementsAre(1)));
  EXPECT_FALSE(answers_.contains(2)) << "it waits";
  AnswerEverything();
  EXPECT_TRUE(results_.contains(2));
}

TEST_F(Batching, SendsWhatTheBucketHeldBackTogetherWhenTheBucketHasRoomAgain) {
  Start(Window(16), {.burst = 3, .per_second = 2});  // of which two are kept free
  SubmitMany(4);
  EXPECT_THAT(Sent(), ElementsAre(ElementsAre(0)));
  loop_.Advance(499ms);
  EXPECT_EQ(loop_.fake().sent(), 1u);
  loop_.Advance(1ms);
  EXPECT_THAT(Sent(), ElementsAre(ElementsAre(0), ElementsAre(1, 2, 3)));
  AnswerEverything();
}

TEST_F(Batching, SaysWhatTheDocumentationAsksForAndNothingElse) {
  HoldBack(2);
  LetGo();
  // `halt` 0, so that one error stops no other; keys that begin with a letter, so that PHP answers with an object.
  EXPECT_EQ(loop_.fake().request(1).body,
            R"({"halt":0,"cmd":{"c0":"imbot.v2.Chat.Message.send?n=1&","c1":"imbot.v2.Chat.Message.send?n=2&"}})");
  EXPECT_EQ(loop_.fake().request(1).content_type, "application/json");
  AnswerEverything();
}

TEST_F(Batching, SendsFiftyAtMost) {
  HoldBack(51);
  LetGo();
  EXPECT_THAT(CallsOf(1), SizeIs(50));
  AnswerOk(1);
  EXPECT_THAT(CallsOf(2), ElementsAre(51));
  EXPECT_FALSE(IsBatch(2)) << "the last one is alone";
  AnswerEverything();
}

TEST_F(Batching, SendsNoMoreBytesThanAServerTakes) {
  HoldBack(6, {.command_size = 100 << 10});
  LetGo();
  EXPECT_THAT(CallsOf(1), ElementsAre(1, 2, 3, 4, 5)) << "512 KiB";
  EXPECT_LE(loop_.fake().request(1).body.size(), size_t{513} << 10);
  AnswerEverything();
}

TEST_F(Batching, SendsALargeCallAlone) {
  HoldBack(0);
  Submit({.caller = "a", .command_size = (128 << 10) + 1});
  Submit({.caller = "b"});
  Submit({.caller = "c"});
  LetGo();
  AnswerOk(1);
  EXPECT_THAT(Sent(), ElementsAre(ElementsAre(0), ElementsAre(1), ElementsAre(2, 3)));
  EXPECT_FALSE(IsBatch(1));
  AnswerEverything();
}

TEST_F(Batching, NeverTakesACallThatIsMarkedAloneOrIsNoCommand) {
  HoldBack(0);
  Submit({.caller = "a"});
  Submit({.caller = "b", .alone = true});
  Submit({.caller = "c", .command = false});
  Submit({.caller = "d"});
  LetGo();
  AnswerOk(1);
  AnswerOk(2);
  EXPECT_THAT(Sent(), ElementsAre(ElementsAre(0), ElementsAre(1, 4), ElementsAre(2), ElementsAre(3)))
      << "who could not join has the next turns";
  AnswerEverything();
}

TEST_F(Batching, NeverTakesAStream) {
  SchedulerOptions options = Window(1);
  options.max_streams = 1;
  Start(options);
  Submit({.stream = true});
  Submit({.stream = true});
  Submit({.stream = true});
  AnswerOk(0);
  AnswerOk(1);
  EXPECT_THAT(Sent(), ElementsAre(ElementsAre(0), ElementsAre(1), ElementsAre(2)));
  AnswerEverything();
}

TEST_F(Batching, DoesNotMixBulkWithInteractive) {
  HoldBack(0);
  Submit({.priority = Priority::kBulk});
  Submit();
  Submit({.priority = Priority::kBulk});
  Submit();
  LetGo();
  AnswerOk(1);
  EXPECT_THAT(Sent(), ElementsAre(ElementsAre(0), ElementsAre(2, 4), ElementsAre(1, 3)));
  AnswerEverything();
}

TEST_F(Batching, SendsEachAloneWhereItIsSwitchedOff) {
  SchedulerOptions options = Window(1);
  options.batching = false;
  Start(options);
  SubmitMany(3);
  AnswerEverything();
  EXPECT_THAT(Sent(), ElementsAre(ElementsAre(0), ElementsAre(1), ElementsAre(2)));
}

// --- How long a batch may take ---

TEST_F(Batching, SendsNoMoreThanFitsIntoTheTimeOfAnyOfItsCalls) {
  HoldBack(10);
  LetGo();
  loop_.Advance(1s);
  AnswerOk(1);  // 100 ms for each command, 300 ms to be on the safe side
  Submit();
  SubmitMany(10, {.caller = "a"});
  const int hurried = Submit({.timeout = 2s, .caller = "hurried"});
  AnswerOk(2);
  EXPECT_THAT(CallsOf(3), SizeIs(6)) << "2 s";
  EXPECT_THAT(CallsOf(3), testing::Contains(hurried));
  AnswerEverything();
}

TEST_F(Batching, SendsNoMoreThanFitsIntoThePortalsSixtySeconds) {
  HoldBack(10, {.timeout = 3600s});
  LetGo();
  loop_.Advance(30s);
  AnswerOk(1);  // 3 s for each command
  Submit({.timeout = 3600s});
  SubmitMany(50, {.timeout = 3600s});
  AnswerOk(2);
  EXPECT_THAT(CallsOf(3), SizeIs(testing::Lt(20u)));
  AnswerEverything();
}

TEST_F(Batching, HalvesBatchesThatThePortalBreaksOff) {
  HoldBack(50, {.timeout = 3600s});
  LetGo();
  loop_.fake().Answer(1, 504, "<html>Gateway timeout</html>");
  EXPECT_EQ(Outcome(1), "UNKNOWN");
  EXPECT_EQ(Outcome(50), "UNKNOWN");
  Submit({.timeout = 3600s});
  SubmitMany(50, {.timeout = 3600s});
  AnswerOk(2);
  EXPECT_THAT(CallsOf(3), SizeIs(25));
  AnswerEverything();
}

TEST_F(Batching, LearnsNothingOfTheTimeOfCommandsFromABatchThatWasRefused) {
  HoldBack(10, {.timeout = 3600s});
  LetGo();
  loop_.Advance(30s);
  AnswerOk(1);  // 3 s for each command
  Submit({.timeout = 3600s});
  SubmitMany(3, {.timeout = 3600s});
  AnswerOk(2);
  const size_t before = loop_.fake().sent();
  for (int i = 0; i < 60; ++i) {
    SubmitMany(2, {.timeout = 3600s});
    loop_.fake().Answer(loop_.fake().sent() - 1, 401, R"({"error":"insufficient_scope","error_description":""})");
  }
  EXPECT_GT(loop_.fake().sent(), before);
  SubmitMany(50, {.timeout = 3600s});
  AnswerOk(loop_.fake().sent() - 1);
  EXPECT_THAT(CallsOf(loop_.fake().sent() - 1), SizeIs(testing::Lt(20u)));
  AnswerEverything();
}

// --- What comes back ---

TEST_F(Batching, GivesEachCallerItsOwnResultErrorTotalNextAndTime) {
  HoldBack(4);
  LetGo();
  loop_.Advance(80ms);
  loop_.fake().Answer(1, 200, R"({"result": {
      "result": {"c0": 7, "c2": [1, 2]},
      "result_error": {"c1": {"error": "EMPTY_MESSAGE", "error_description": "Message is empty"}},
      "result_total": {"c2": 120},
      "result_next": {"c2": 50},
      "result_time": {"c0": {"duration": 0.5, "operating": 2}, "c2": {"duration": 0.25}}}, "time": {"duration": 9}})");
  EXPECT_EQ(results_[1], "7");
  EXPECT_EQ(answer(1).reply.time.duration, 500ms);
  EXPECT_EQ(answer(1).reply.time.operating, 2);
  EXPECT_EQ(answer(1).reply.total, std::nullopt);
  EXPECT_EQ(Reason(2), "EMPTY_MESSAGE");
  EXPECT_EQ(answer(2).reply.code, "EMPTY_MESSAGE");
  EXPECT_EQ(MetadataOf(answer(2).status, "method"), "imbot.v2.Chat.Message.send");
  EXPECT_EQ(results_[3], "[1,2]");
  EXPECT_EQ(answer(3).reply.total, 120);
  EXPECT_EQ(answer(3).reply.next, 50);
  EXPECT_EQ(answer(3).reply.time.duration, 250ms);
  for (int call = 1; call <= 4; ++call) {
    EXPECT_EQ(answer(call).batch_size, 4);
    EXPECT_EQ(answer(call).attempts, 1);
  }
}

TEST_F(Batching, DoesNotKnowTheOutcomeOfACallWhoseAnswerIsMissingAndKnowsThatOfTheOthers) {
  HoldBack(3);
  LetGo();
  loop_.fake().Answer(1, 200, R"({"result": {"result": {"c0": 1, "c2": 3}, "result_error": []}})");
  EXPECT_TRUE(answer(1).status.ok());
  EXPECT_EQ(Reason(2), "BATCH_ANSWER_MISSING");
  EXPECT_EQ(Outcome(2), "UNKNOWN");
  EXPECT_TRUE(answer(3).status.ok());
  EXPECT_EQ(loop_.fake().sent(), 2u) << "not repeated";
}

TEST_F(Batching, TellsTheSizeOfABatchToThoseInItAlone) {
  HoldBack(2);
  LetGo();
  AnswerOk(1);
  EXPECT_EQ(answer(0).batch_size, std::nullopt);
  EXPECT_EQ(answer(1).batch_size, 2);
  EXPECT_EQ(answer(2).batch_size, 2);
}

TEST_F(Batching, NeverShowsASecretOfOneCallInTheErrorOfAnother) {
  HoldBack(0);
  Submit({.caller = "a", .secret = "token-of-a"});
  Submit({.caller = "b", .secret = "token-of-b"});
  LetGo();
  loop_.fake().Answer(1, 200, R"({"result": {"result": {"c0": 1}, "result_error": {
      "c1": {"error": "ERROR_CORE", "error_description": "bad call token-of-a code token-of-b"}}}})");
  const std::string shown = base::ToRpcStatus(answer(2).status).DebugString();
  EXPECT_THAT(shown, Not(HasSubstr("token-of")));
  EXPECT_THAT(secrets_[1], UnorderedElementsAre("code", "token-of-a", "token-of-b"))
      << "whoever looks at the result must not show them either";
}

// --- Batches that fail as a whole ---

TEST_F(Batching, GivesEveryCallTheRefusalOfTheGatewaysCredentials) {
  HoldBack(3);
  LetGo();
  loop_.fake().Answer(1, 401, R"({"error": "INVALID_CREDENTIALS", "error_description": "no"})");
  for (int call = 1; call <= 3; ++call) {
    EXPECT_EQ(Reason(call), "INVALID_CREDENTIALS");
    EXPECT_EQ(Outcome(call), "NOT_EXECUTED");
    EXPECT_EQ(MetadataOf(answer(call).status, "method"), "imbot.v2.Chat.Message.send");
    EXPECT_EQ(answer(call).batch_size, 3);
  }
}

TEST_F(Batching, PutsEveryCallOfARefusedBatchBackWhereItWasAndFailsNone) {
  Start(Window(1), kStandardPlan);
  Submit({.command = false});
  for (int i = 0; i < 3; ++i) Submit({.order_key = "chat5"});
  AnswerOk(0);
  ASSERT_THAT(CallsOf(1), ElementsAre(1, 2, 3));
  const int later = Submit({.order_key = "chat5"});
  AnswerLimit(1);
  EXPECT_EQ(answers_.size(), 1u);
  EXPECT_EQ(scheduler_->queued(), 4u);
  EXPECT_EQ(loop_.fake().sent(), 2u) << "not before the bucket lets it";
  loop_.Advance(10s);
  ASSERT_THAT(Sent(), SizeIs(3));
  EXPECT_THAT(CallsOf(2), ElementsAre(1, 2, 3, later));
  AnswerOk(2);
  EXPECT_EQ(answer(1).attempts, 2);
  EXPECT_EQ(answer(later).attempts, 1);
  EXPECT_EQ(results_[3], "30");
}

TEST_F(Batching, MakesBatchesSmallerThatThePortalFindsTooLarge) {
  HoldBack(8, {.command_size = 10'000});
  LetGo();
  EXPECT_THAT(CallsOf(1), SizeIs(8));
  loop_.fake().Answer(1, 413, "<html>Request Entity Too Large</html>");
  EXPECT_EQ(answers_.size(), 1u) << "nobody fails";
  EXPECT_THAT(CallsOf(2), ElementsAre(1, 2, 3, 4));
  loop_.fake().Answer(2, 413, "<html>Request Entity Too Large</html>");
  EXPECT_THAT(CallsOf(3), ElementsAre(1, 2));
  loop_.fake().Answer(3, 413, "<html>Request Entity Too Large</html>");
  EXPECT_THAT(CallsOf(4), ElementsAre(1));
  EXPECT_FALSE(IsBatch(4));
  AnswerEverything();
  EXPECT_EQ(results_.size(), 9u);
}

TEST_F(Batching, TellsACallThatIsTooLargeAloneThatItIs) {
  HoldBack(0);
  Submit();
  Submit();
  LetGo();
  loop_.fake().Answer(1, 413, "");  // as small as batches get
  EXPECT_THAT(Sent(), ElementsAre(ElementsAre(0), ElementsAre(1, 2), ElementsAre(1)));
  loop_.fake().Answer(2, 413, "");
  EXPECT_EQ(Reason(1), "HTTP_STATUS");
  EXPECT_EQ(answer(1).http_status, 413);
  EXPECT_EQ(Outcome(1), "NOT_EXECUTED");
  AnswerEverything();
  EXPECT_TRUE(answer(2).status.ok());
}

TEST_F(Batching, SendsEachAloneWhatThePortalTakesInNoBatch) {
  HoldBack(3);
  LetGo();
  loop_.fake().Answer(1, 400, R"({"error": "ERROR_BATCH_METHOD_NOT_ALLOWED", "error_description": "no"})");
  EXPECT_EQ(answers_.size(), 1u);
  AnswerEverything();
  EXPECT_THAT(Sent(),
              ElementsAre(ElementsAre(0), ElementsAre(1, 2, 3), ElementsAre(1), ElementsAre(2), ElementsAre(3)));
  EXPECT_EQ(answer(3).batch_size, std::nullopt);
}

TEST_F(Batching, SendsTheOnesTooManyAloneThatThePortalNames) {
  HoldBack(3);
  LetGo();
  // Documentation, batch.md: commands over the limit fail one by one.
  loop_.fake().Answer(1, 200, R"({"result": {"result": {"c0": 1, "c1": 2}, "result_error": {
      "c2": {"error": "ERROR_BATCH_LENGTH_EXCEEDED", "error_description": "Max batch length exceeded"}}}})");
  EXPECT_TRUE(answer(1).status.ok());
  EXPECT_TRUE(answer(2).status.ok());
  EXPECT_FALSE(answered(3));
  EXPECT_THAT(CallsOf(2), ElementsAre(3));
  EXPECT_FALSE(IsBatch(2));
  AnswerEverything();
}

TEST_F(Batching, TellsEveryCallWhatAFailureOfTheTransportMeans) {
  HoldBack(2);
  LetGo();
  loop_.fake().Fail(1, Kind::kReset);
  EXPECT_EQ(Outcome(1), "UNKNOWN");
  EXPECT_EQ(Outcome(2), "UNKNOWN");
  EXPECT_EQ(answer(1).batch_size, 2);
  SubmitMany(1);
  SubmitMany(2);
  AnswerOk(2);
  loop_.Advance(29'950ms);  // no time is left for another attempt
  loop_.fake().Fail(3, Kind::kConnect, /*sent=*/false);
  EXPECT_EQ(Outcome(4), "NOT_EXECUTED");
  EXPECT_EQ(RetryDelay(answer(5).status), 1000);
  EXPECT_EQ(metrics_.failures.value(), 2) << "requests, not calls";
}

// --- One of several goes ---

TEST_F(Batching, AnswersOneThatIsCancelledInFlightAndTheOthersWithTheirResults) {
  HoldBack(3);
  LetGo();
  Cancel(2);
  EXPECT_EQ(Reason(2), "CANCELLED_BY_CALLER");
  EXPECT_EQ(Outcome(2), "UNKNOWN");
  AnswerOk(1);
  EXPECT_EQ(results_[1], "10");
  EXPECT_EQ(results_[3], "30");
  EXPECT_FALSE(results_.contains(2));
}

TEST_F(Batching, AnswersOneAtItsDeadlineAndTheOthersWithTheirResults) {
  HoldBack(1);
  Submit({.timeout = 5s});
  Submit();
  LetGo();
  ASSERT_THAT(CallsOf(1), ElementsAre(1, 2, 3));
  loop_.Advance(5s);
  EXPECT_EQ(Reason(2), "DEADLINE_EXCEEDED");
  EXPECT_EQ(Outcome(2), "UNKNOWN");
  AnswerOk(1);
  EXPECT_EQ(results_[1], "10");
  EXPECT_EQ(results_[3], "30");
}

TEST_F(Batching, DoesNotSendACallAgainThatWasCancelledBeforeItsBatchWasRefused) {
  Start(Window(1), kStandardPlan);
  Submit({.command = false});
  SubmitMany(3);
  AnswerOk(0);
  Cancel(2);
  AnswerLimit(1);
  loop_.Advance(10s);
  EXPECT_THAT(CallsOf(2), ElementsAre(1, 3));
  AnswerEverything();
}

}  // namespace
}  // namespace imbot::portal
