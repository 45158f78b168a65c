// Issue: "the gateway stores key, digest of the body and outcome before it answers, for a day; a repeat gets the stored
// outcome, one with another body INVALID_ARGUMENT, one while the first is under way waits for it"; of messages: again
// "with the same id after an unknown outcome for at most an hour".
#include "service/portal/key_ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "tests/portal/key_ledger_fixture.h"

namespace imbot::portal {
namespace {

using namespace std::chrono_literals;
using base::Outcome;
using storage::KeyRecord;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const std::string kOtherBody = "another text";

// --- The record ---

TEST_F(KeyLedgerTest, WritesTheRecordBeforeTheCallGoesOut) {
  Call& call = Start();
  EXPECT_EQ(call.decided, 0);
  EXPECT_TRUE(store_.keys.empty());
  storage_.Run();
  EXPECT_TRUE(call.sends());
  EXPECT_FALSE(call.attempt->maybe_executed());
  const KeyRecord& record = OnlyRecord();
  EXPECT_EQ(record.state, KeyRecord::State::kPending);
  EXPECT_EQ(record.first_attempt_unix_ms, NowMs());
  EXPECT_EQ(record.key.size(), 32u);
  EXPECT_EQ(record.digest.size(), 32u);
}

TEST_F(KeyLedgerTest, StoresNeitherAKeyNorATextInTheClear) {
  EXPECT_TRUE(End(Begin({.key = "order-142-created", .body = "a private text"}), Done("a private answer")));
  Call& failing = Begin({.key = "order-143", .body = "b"});
  EXPECT_TRUE(End(failing, Failed(Outcome::kUnknown, "a private error")));
  for (const auto& [key, record] : store_.keys) {
    const std::string all = record.key + record.digest + record.sealed_outcome;
    EXPECT_GT(all.size(), 64u);
    for (const char* text : {"order-14", "private", "TRANSPORT"}) EXPECT_THAT(all, Not(HasSubstr(text)));
  }
  // The positive control: it is all there for whoever has the secret.
  EXPECT_EQ(Begin({.key = "order-142-created", .body = "a private text"}).told->response, "a private answer");
}

TEST_F(KeyLedgerTest, TellsCallersPortalsBotsAndKeysApart) {
  for (const Ask& ask : {Ask{}, Ask{.key = "2"}, Ask{.caller = "shop"}, Ask{.portal = "globex"}, Ask{.bot = "sales"},
                         Ask{.caller = "crma", .portal = "cme"}, Ask{.key = "", .bot = "support1"}}) {
    EXPECT_TRUE(Begin(ask).sends());
  }
  EXPECT_EQ(store_.keys.size(), 7u);
}

TEST_F(KeyLedgerTest, WritesAllThatWaitInOneTransaction) {
  for (int i = 0; i < 50; ++i) Start({.key = std::to_string(i)});
  storage_.Run();
  EXPECT_THAT(store_.key_groups, ElementsAre(50u));
  for (const auto& call : calls_) EXPECT_TRUE(call->sends());
}

TEST_F(KeyLedgerTest, KeepsOnlyKeysOfCallsUnderWayInMemory) {
  Call& call = Begin();
  EXPECT_EQ(ledger_->under_way(), 1u);
  End(call, Done());
  EXPECT_EQ(ledger_->under_way(), 0u);
  Begin();
  EXPECT_EQ(ledger_->under_way(), 0u) << "nor those that were answered from the store";
}

// --- A repeat of what ended ---

TEST_F(KeyLedgerTest, TellsARepeatTheStoredResponseAlsoAfterARestart) {
  const std::string response("\x08\x01\x00\xff", 4);
  EXPECT_TRUE(End(Begin(), Done(response)));
  for (int round = 0; round < 2; ++round) {
    Call& repeat = Begin();
    EXPECT_FALSE(repeat.sends());
    EXPECT_TRUE(repeat.told->status.ok());
    EXPECT_EQ(repeat.told->response, response);
    Restart();
  }
  EXPECT_EQ(Count("new"), 1);
  EXPECT_EQ(Count("replayed"), 2);
}

TEST_F(KeyLedgerTest, TellsARepeatTheStoredErrorWithAllItsDetails) {
  for (const Outcome outcome : {Outcome::kExecuted, Outcome::kUnknown}) {
    const std::string key(base::OutcomeName(outcome));
    const KeyedOutcome failed = Failed(outcome);
    EXPECT_TRUE(End(Begin({.key = key}), failed));
    Restart();
    Call& repeat = Begin({.key = key});
    EXPECT_FALSE(repeat.sends());
    EXPECT_EQ(repeat.told->status, failed.status);
  }
}

TEST_F(KeyLedgerTest, ToldNobodyBeforeTheOutcomeIsStored) {
  Call& call = Begin();
  bool stored = false;
  call.attempt->End(Done(), [&](const absl::Status& status) { stored = status.ok(); });
  EXPECT_FALSE(stored);
  storage_.Run();
  EXPECT_TRUE(stored);
}

TEST_F(KeyLedgerTest, LetsNobodyWaitForTheOutcomeOfAMessageToBeStored) {
  Call& call = Begin({.deduplicated = true});
  bool stored = false;
  call.attempt->End(Done(), [&](const absl::Status& status) { stored = status.ok(); });
  EXPECT_TRUE(stored) << "the portal recognises the repeat, should the gateway die";
  call.attempt = nullptr;
  // A repeat before it is stored: it waits for that, and is told.
  Call& repeat = Begin({.deduplicated = true});
  EXPECT_EQ(repeat.told->response, "response");
}

TEST_F(KeyLedgerTest, RefusesAnotherRequestUnderTheKey) {
  const auto check = [&](const char* when) {
    Call& other = Begin({.body = kOtherBody});
    EXPECT_EQ(other.reason(), "IDEMPOTENCY_KEY_REUSED") << when;
    EXPECT_EQ(other.told->status.code(), absl::StatusCode::kInvalidArgument) << when;
    EXPECT_EQ(other.outcome(), "NOT_EXECUTED") << when;
    EXPECT_EQ(Begin({.method = "imbot.chat.add"}).reason(), "IDEMPOTENCY_KEY_REUSED") << when;
  };
  Call& first = Begin();
  check("while it is under way");
  End(first, Done());
  check("after its end");
  Restart();
  check("after a restart");
  EXPECT_EQ(Begin().told->response, "response") << "the first request is still known";
  EXPECT_EQ(Count("reused"), 6);
}

TEST_F(KeyLedgerTest, RefusesAnotherRequestUnderAKeyThatWasFreed) {
  End(Begin(), Failed(Outcome::kNotExecuted));
  EXPECT_EQ(Begin({.body = kOtherBody}).reason(), "IDEMPOTENCY_KEY_REUSED");
  EXPECT_TRUE(Begin().sends());
}

TEST_F(KeyLedgerTest, RefusesAnotherRequestThatCameBeforeTheFirstWasStored) {
  Call& first = Start();
  Call& other = Start({.body = kOtherBody});
  storage_.Run();
  EXPECT_TRUE(first.sends());
  EXPECT_EQ(other.reason(), "IDEMPOTENCY_KEY_REUSED");
}

TEST_F(KeyLedgerTest, SaysThatALargeResponseWasNotKept) {
  EXPECT_TRUE(End(Begin({.key = "fits"}), Done(std::string(KeyedOutcomes::kMostBytes, 'x'))));
  EXPECT_TRUE(Begin({.key = "fits"}).told->status.ok());
  EXPECT_TRUE(End(Begin({.key = "large"}), Done(std::string(KeyedOutcomes::kMostBytes + 1, 'x'))));
  Call& repeat = Begin({.key = "large"});
  EXPECT_EQ(repeat.reason(), "RESPONSE_TOO_LARGE");
  EXPECT_EQ(repeat.outcome(), "EXECUTED");
  EXPECT_TRUE(End(Begin({.key = "wordy"}), Failed(Outcome::kUnknown, std::string(1 << 20, 'x'))));
  EXPECT_EQ(Begin({.key = "wordy"}).reason(), "TRANSPORT_FAILED");
}

TEST_F(KeyLedgerTest, SaysWhatItKnowsOfAnOutcomeThatCanNotBeRead) {
  End(Begin(), Done());
  OnlyRecord().sealed_outcome = "damaged";
  EXPECT_EQ(Begin().reason(), "STORAGE_FAILED");
  EXPECT_EQ(Begin().outcome(), "EXECUTED");
  OnlyRecord().state = KeyRecord::State::kFailed;
  EXPECT_EQ(Begin().outcome(), "UNKNOWN");
}

// --- A repeat of what is under way ---

TEST_F(KeyLedgerTest, LetsARepeatWaitForTheEndAndTellsItThat) {
  Call& first = Begin();
  Call& second = Begin();
  Call& third = Begin();
  EXPECT_EQ(second.decided, 0);
  End(first, Done());
  EXPECT_EQ(second.told->response, "response");
  EXPECT_EQ(third.told->response, "response");
  EXPECT_EQ(metrics_.GetCounter("imbot_keyed_waits_total", "").value(), 2);
  EXPECT_EQ(Count("replayed"), 2);
}

TEST_F(KeyLedgerTest, LetsNobodyWaitForWhoeverStillHoldsAnAttemptWhoseEndIsKnown) {
  Call& first = Begin();
  first.attempt->End(Done(), [](const absl::Status&) {});
  storage_.Run();
  EXPECT_EQ(Begin().told->response, "response");
  EXPECT_TRUE(first.sends());
  EXPECT_EQ(ledger_->under_way(), 0u);
}

TEST_F(KeyLedgerTest, LetsARepeatWaitForWhatComesLate) {
  Call& first = Begin();
  Call& repeat = Begin();
  bool told = false;
  first.attempt->End(Failed(Outcome::kUnknown), [&](const absl::Status& status) { told = status.ok(); });
  storage_.Run();
  EXPECT_TRUE(told) << "the first caller's time was up";
  EXPECT_EQ(repeat.decided, 0) << "the portal may answer yet";
  first.attempt->End(Done(), [](const absl::Status&) {});
  first.attempt = nullptr;
  storage_.Run();
  EXPECT_EQ(repeat.told->response, "response");
  Restart();
  EXPECT_EQ(Begin().told->response, "response");
}

TEST_F(KeyLedgerTest, TellsWhoWaitedTheUnknownEndOnceNothingMoreCanCome) {
  Call& first = Begin();
  Call& repeat = Begin();
  const KeyedOutcome unknown = Failed(Outcome::kUnknown);
  End(first, unknown);
  EXPECT_EQ(repeat.told->status, unknown.status);
}

TEST_F(KeyLedgerTest, KeepsTheFirstOfTwoUnknownEnds) {
  Call& first = Begin();
  first.attempt->End(Failed(Outcome::kUnknown, "the deadline passed"), [](const absl::Status&) {});
  EXPECT_TRUE(End(first, Failed(Outcome::kUnknown, "the connection broke")));
  EXPECT_EQ(Begin().told->status.message(), "the deadline passed");
}

TEST_F(KeyLedgerTest, SendsWhoWaitedOnceItIsProvedThatTheFirstWasNotExecuted) {
  Call& first = Begin();
  Call& second = Begin();
  Call& third = Begin();
  EXPECT_TRUE(End(first, Failed(Outcome::kNotExecuted)));
  EXPECT_TRUE(second.sends());
  EXPECT_FALSE(second.attempt->maybe_executed());
  EXPECT_EQ(third.decided, 0) << "one at a time";
  End(second, Done());
  EXPECT_EQ(third.told->response, "response");
}

TEST_F(KeyLedgerTest, LetsNobodyWaitLongerThanItsDeadline) {
  Call& first = Begin();
  Call& repeat = Begin({.timeout = 10s});
  storage_.Advance(10s - 1ms);
  EXPECT_EQ(repeat.decided, 0);
  storage_.Advance(1ms);
  EXPECT_EQ(repeat.reason(), "DEADLINE_EXCEEDED");
  EXPECT_EQ(repeat.outcome(), "UNKNOWN");
  EXPECT_EQ(Count("gave_up"), 1);
  End(first, Done());
  EXPECT_EQ(repeat.decided, 1);
}

TEST_F(KeyLedgerTest, LetsGoOfWhoCancelsItsWaiting) {
  Call& first = Begin();
  Call& repeat = Begin();
  Call& other = Begin();
  ledger_->Cancel(repeat.id);
  EXPECT_EQ(repeat.reason(), "CANCELLED_BY_CALLER");
  EXPECT_EQ(repeat.outcome(), "UNKNOWN");
  ledger_->Cancel(repeat.id);
  ledger_->Cancel(first.id);
  EXPECT_EQ(first.decided, 1);
  End(first, Done());
  EXPECT_EQ(repeat.decided, 1);
  EXPECT_EQ(other.told->response, "response");
}

TEST_F(KeyLedgerTest, AnswersWhoWaitsWhenTheGatewayStops) {
  Call& first = Begin();
  Call& repeat = Begin();
  ledger_->AnswerWaiting();
  EXPECT_EQ(repeat.reason(), "SHUTTING_DOWN");
  EXPECT_EQ(repeat.outcome(), "UNKNOWN");
  EXPECT_TRUE(first.sends());
}

TEST_F(KeyLedgerTest, BoundsWhatWaits) {
  Restart({.max_asking = 5, .max_waiting_for_one = 2});
  Call& first = Begin({.key = "one"});
  Begin({.key = "one"});
  Begin({.key = "one"});
  Call& crowded = Begin({.key = "one"});
  EXPECT_EQ(crowded.reason(), "QUEUE_FULL");
  EXPECT_EQ(crowded.outcome(), "UNKNOWN") << "the first may be executed";
  // Those that wait for the storage thread, too.
  for (int i = 0; i < 3; ++i) Start({.key = std::to_string(i)});
  EXPECT_EQ(Start({.key = "another"}).reason(), "QUEUE_FULL");
  storage_.Run();
  EXPECT_TRUE(Begin({.key = "another"}).sends());
  End(first, Done());
  EXPECT_EQ(ledger_->under_way(), 4u);
}

// --- What a crash leaves open ---

TEST_F(KeyLedgerTest, NeverSendsAgainWhatACrashLeftOpen) {
  Begin();
  Restart();
  for (const base::Duration later : {0h, 2h, 24h * 30}) {
    clock_.Advance(later);
    Call& repeat = Begin();
    EXPECT_FALSE(repeat.sends());
    EXPECT_EQ(repeat.reason(), "IDEMPOTENCY_KEY_UNRESOLVED");
    EXPECT_EQ(repeat.outcome(), "UNKNOWN");
  }
  EXPECT_EQ(Count("unresolved"), 3);
}

TEST_F(KeyLedgerTest, SendsAMessageAgainForAnHourFromItsFirstAttempt) {
  Restart({.reply_timeout = 60s});
  const Ask send{.deduplicated = true};
  Call& first = Begin(send);
  EXPECT_EQ(first.attempt->repeat_until(), clock_.Now() + 59min);
  const base::MonoTime until = *first.attempt->repeat_until();
  EXPECT_TRUE(End(first, Failed(Outcome::kUnknown)));
  clock_.Advance(30min);
  Call& second = Begin(send);
  ASSERT_TRUE(second.sends());
  EXPECT_TRUE(second.attempt->maybe_executed());
  EXPECT_EQ(second.attempt->repeat_until(), until) << "the portal counts from the first attempt";
  // Nor does a crash begin the hour anew.
  Restart({.reply_timeout = 60s});
  clock_.Advance(29min - 1ms);
  EXPECT_TRUE(Begin(send).sends());
  Restart({.reply_timeout = 60s});
  clock_.Advance(1ms);
  Call& late = Begin(send);
  EXPECT_FALSE(late.sends());
  EXPECT_EQ(late.reason(), "IDEMPOTENCY_KEY_UNRESOLVED");
  EXPECT_EQ(late.outcome(), "UNKNOWN");
}

TEST_F(KeyLedgerTest, KnowsNothingOfTheAgeOfARecordFromTheFuture) {
  Begin({.deduplicated = true});
  Restart();
  OnlyRecord().first_attempt_unix_ms += 30'000;
  Call& repeat = Begin({.deduplicated = true});
  ASSERT_TRUE(repeat.sends()) << "clocks are set back by seconds";
  EXPECT_LE(repeat.attempt->repeat_until(), clock_.Now() + 1h);
  Restart();
  OnlyRecord().first_attempt_unix_ms += 7'200'000;
  EXPECT_EQ(Begin({.deduplicated = true}).reason(), "IDEMPOTENCY_KEY_UNRESOLVED");
}

TEST_F(KeyLedgerTest, SendsAMessageOfWhoWaitedWhenTheFirstEndedUnknown) {
  Call& first = Begin({.deduplicated = true});
  Call& repeat = Begin({.deduplicated = true});
  End(first, Failed(Outcome::kUnknown));
  ASSERT_TRUE(repeat.sends());
  EXPECT_TRUE(repeat.attempt->maybe_executed());
}

TEST_F(KeyLedgerTest, FreesAMessageOnlyIfNoEarlierAttemptMayHaveBeenExecuted) {
  const Ask send{.deduplicated = true};
  End(Begin(send), Failed(Outcome::kNotExecuted));
  clock_.Advance(50min);
  Call& anew = Begin(send);
  ASSERT_TRUE(anew.sends());
  EXPECT_FALSE(anew.attempt->maybe_executed());
  End(anew, Failed(Outcome::kUnknown));
  // This one was refused; whether that one was executed is as open as before.
  End(Begin(send), Failed(Outcome::kNotExecuted));
  Call& repeat = Begin(send);
  ASSERT_TRUE(repeat.sends());
  EXPECT_TRUE(repeat.attempt->maybe_executed());
  repeat.attempt = nullptr;
  storage_.Run();
  clock_.Advance(1h);
  EXPECT_EQ(Begin(send).reason(), "IDEMPOTENCY_KEY_UNRESOLVED");
}

TEST_F(KeyLedgerTest, FreesWhatALateAnswerProvesNotToHaveBeenExecuted) {
  Call& first = Begin();
  first.attempt->End(Failed(Outcome::kUnknown), [](const absl::Status&) {});
  EXPECT_TRUE(End(first, Failed(Outcome::kNotExecuted)));
  EXPECT_TRUE(Begin().sends());
}

// --- A store that fails ---

TEST_F(KeyLedgerTest, SendsNothingThatCouldNotBeWrittenDown) {
  store_.put_key_failures = 1;
  Call& call = Begin();
  EXPECT_FALSE(call.sends());
  EXPECT_EQ(call.reason(), "STORAGE_FAILED");
  EXPECT_EQ(call.outcome(), "NOT_EXECUTED");
  EXPECT_TRUE(Begin().sends()) << "nothing of it is left";
  EXPECT_EQ(Count("failed"), 1);
}

TEST_F(KeyLedgerTest, ClaimsNothingWhenTheStoreCanNotBeRead) {
  End(Begin(), Done());
  store_.find_key_failures = 1;
  Call& repeat = Begin();
  EXPECT_FALSE(repeat.sends());
  EXPECT_EQ(repeat.reason(), "STORAGE_FAILED");
  EXPECT_EQ(repeat.outcome(), "UNKNOWN") << "the earlier call was executed";
}

TEST_F(KeyLedgerTest, SaysThatAnOutcomeCouldNotBeStoredAndNeverSendsAgain) {
  Call& call = Begin();
  store_.put_key_failures = 1;
  EXPECT_FALSE(End(call, Done()));
  EXPECT_EQ(Begin().reason(), "IDEMPOTENCY_KEY_UNRESOLVED");
}

// --- Retention ---

TEST_F(KeyLedgerTest, ForgetsAKnownOutcomeAfterADayAndAnUnknownOneAfter31) {
  End(Begin({.key = "done"}), Done());
  End(Begin({.key = "unknown"}), Failed(Outcome::kUnknown));
  Begin({.key = "open"});
  Restart();
  clock_.Advance(24h - 1ms);
  EXPECT_FALSE(Begin({.key = "done"}).sends());
  clock_.Advance(1ms);
  EXPECT_TRUE(Begin({.key = "done", .body = kOtherBody}).sends());
  clock_.Advance(30 * 24h - 1ms);
  EXPECT_FALSE(Begin({.key = "unknown"}).sends());
  EXPECT_FALSE(Begin({.key = "open"}).sends());
  clock_.Advance(1ms);
  EXPECT_TRUE(Begin({.key = "unknown"}).sends());
  EXPECT_TRUE(Begin({.key = "open"}).sends());
}

TEST_F(KeyLedgerTest, DeletesWhatHasExpiredInSmallBites) {
  for (int i = 0; i < 450; ++i) End(Begin({.key = std::to_string(i)}), Done());
  EXPECT_EQ(store_.keys.size(), 450u);
  clock_.Advance(25h);
  // Each piece of work takes a bite along, until nothing is left.
  Begin({.key = "a"});
  EXPECT_EQ(store_.keys.size(), 251u);
  Begin({.key = "b"});
  Begin({.key = "c"});
  EXPECT_EQ(store_.keys.size(), 3u);
}

}  // namespace
}  // namespace imbot::portal
