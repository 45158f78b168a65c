// The checker of the chaos runs finds each breach that it is there for, in a ledger that is forged to have it.
#include "tests/chaos/once_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace imbot::chaos {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Json;
using ::testing::Pair;

constexpr int64_t kBegan = 1'000'000'000;  // ms

// Sends of one caller into one dialog, a second apart; each attempt takes 100 ms.
class OnceCheck : public ::testing::Test {
 protected:
  Record& Send(const std::vector<Said>& attempts) {
    Record record{.caller = 3, .lane = "chat5", .mark = "once 3 " + std::to_string(records_.size()), .attempts = {}};
    int64_t now = (kBegan + 1'000 * static_cast<int64_t>(records_.size())) * 1'000;
    for (const Said said : attempts) {
      record.attempts.push_back(
          {.key = "1", .started_us = now, .ended_us = now + 100'000, .said = said, .status = "x", .id = 0});
      now += 200'000;
    }
    records_.push_back(std::move(record));
    return records_.back();
  }
  // So long after its first attempt began.
  Execution& Execute(const Record& record, int64_t after_ms) {
    executions_.push_back({.mark = record.mark,
                           .method = "imbot.v2.Chat.Message.send",
                           .seq = executions_.size() + 1,
                           .request = executions_.size() + 1,
                           .time_ms = record.attempts[0].started_us / 1'000 + after_ms,
                           .changed = true,
                           .batched = false,
                           .delivered = true,
                           .finished = true,
                           .id = 0});
    return executions_.back();
  }
  std::map<std::string, int64_t> Breaches(Expect expect = Expect::kAnything) const {
    return Check(records_, executions_, expect).breaches;
  }

  std::vector<Record> records_;
  std::vector<Execution> executions_;
};

TEST_F(OnceCheck, FindsNothingWhereEverythingIsAsItShouldBe) {
  Execute(Send({Said::kOk}), 50);
  Execute(Send({Said::kUnknown, Said::kNothing, Said::kOk}), 50);
  Execute(Send({Said::kUnknown}), 50);
  Execute(Send({Said::kNotExecuted, Said::kOk}), 250);
  Execute(Send({Said::kExecuted}), 50);
  Send({Said::kNothing, Said::kNotExecuted});
  Send({Said::kNotExecuted});
  const Verdict verdict = Check(records_, executions_, Expect::kAnything);
  EXPECT_TRUE(verdict.good()) << ToString(verdict);
  EXPECT_THAT(verdict.words,
              ElementsAre(Pair("EXECUTED", 1), Pair("NOT_EXECUTED", 1), Pair("OK", 3), Pair("UNKNOWN", 2)));
  EXPECT_EQ(verdict.executed, 5);
}

TEST_F(OnceCheck, FindsWhatIsLost) {
  Send({Said::kOk});
  EXPECT_THAT(Breaches(), ElementsAre(Pair("lost", 1)));
  Send({Said::kUnknown, Said::kExecuted});
  EXPECT_THAT(Breaches(), ElementsAre(Pair("lost", 2)));
}

TEST_F(OnceCheck, FindsWhatIsDoubledWhateverItsCallerWasTold) {
  for (const Said said : {Said::kOk, Said::kUnknown, Said::kNothing}) {
    const Record record = Send({said});
    Execute(record, 50);
    Execute(record, 60);
  }
  EXPECT_THAT(Breaches(), ElementsAre(Pair("doubled", 3)));
}

TEST_F(OnceCheck, CountsARecognisedRepeatAsNoExecution) {
  const Record record = Send({Said::kOk});
  Execute(record, 50);
  Execute(record, 60).changed = false;
  const Verdict verdict = Check(records_, executions_, Expect::kAnything);
  EXPECT_TRUE(verdict.good());
  EXPECT_EQ(verdict.replays, 1);
}

TEST_F(OnceCheck, LetsOnlyIdempotentCallsBeExecutedAgain) {
  Record& record = Send({Said::kOk});
  Execute(record, 50);
  Execute(record, 60);
  record.repeat = Repeat::kNever;
  EXPECT_THAT(Breaches(), ElementsAre(Pair("doubled", 1)));
  record.repeat = Repeat::kIdempotent;
  EXPECT_THAT(Breaches(), IsEmpty());
}

TEST_F(OnceCheck, FindsANotExecutedOfWhatIsThere) {
  Execute(Send({Said::kNotExecuted}), 50);
  EXPECT_THAT(Breaches(), ElementsAre(Pair("denied", 1)));
}

TEST_F(OnceCheck, FindsANotExecutedThatALaterOkHides) {
  Execute(Send({Said::kNotExecuted, Said::kOk}), 50);
  EXPECT_THAT(Breaches(), ElementsAre(Pair("denied", 1)));
}

TEST_F(OnceCheck, FindsANotExecutedOfARepeatWhoseFirstAttemptWasExecuted) {
  Record& record = Send({Said::kNothing, Said::kNotExecuted});
  Execute(record, 50);
  EXPECT_THAT(Breaches(), ElementsAre(Pair("denied", 1)));
  record.repeat = Repeat::kIdempotent;
  EXPECT_THAT(Breaches(), IsEmpty()) << "no keys are kept of those";
}

TEST_F(OnceCheck, FindsAnOkThatNamesAnotherMessage) {
  Record& record = Send({Said::kOk});
  record.attempts[0].id = 790;
  Execution& execution = Execute(record, 50);
  execution.id = 789;
  EXPECT_THAT(Breaches(), ElementsAre(Pair("wrong id", 1)));
  execution.id = 790;
  EXPECT_THAT(Breaches(), IsEmpty());
}

TEST_F(OnceCheck, FindsWhatOvertookAnEarlierOne) {
  Send({Said::kOk});
  Send({Said::kOk});
  Execute(records_[1], 50);
  Execute(records_[0], 1'060);
  EXPECT_THAT(Breaches(), ElementsAre(Pair("misordered", 1)));
}

TEST_F(OnceCheck, AsksNoOrderOfWhatNeededARepeatOrBeganTogetherOrGoesElsewhere) {
  Send({Said::kOk});
  Send({Said::kOk});
  Execute(records_[1], 50);
  Execute(records_[0], 1'060);

  const Record before = records_[0];
  records_[0].attempts.insert(records_[0].attempts.begin(), records_[0].attempts[0]);
  records_[0].attempts[0].said = Said::kUnknown;
  EXPECT_THAT(Breaches(), IsEmpty());

  records_[0] = before;
  records_[0].lane = "chat9";
  EXPECT_THAT(Breaches(), IsEmpty());

  records_[0] = before;
  records_[0].attempts[0].started_us = records_[1].attempts[0].started_us - kTogetherUs + 1;
  const Verdict verdict = Check(records_, executions_, Expect::kAnything);
  EXPECT_TRUE(verdict.good());
  EXPECT_EQ(verdict.together, 1);
}

TEST_F(OnceCheck, FindsACallThatDidNotEndAsWanted) {
  Record& record = Send({Said::kUnknown});
  EXPECT_THAT(Breaches(Expect::kAnything), IsEmpty());
  EXPECT_THAT(Breaches(Expect::kOk), ElementsAre(Pair("unanswered", 1)));
  EXPECT_THAT(Breaches(Expect::kOkUnlessIdMissing), ElementsAre(Pair("unanswered", 1))) << "it is not there";
  Execution& execution = Execute(record, 50);
  EXPECT_THAT(Breaches(Expect::kOkUnlessIdMissing), ElementsAre(Pair("unanswered", 1))) << "its id can be found out";
  execution.finished = false;
  EXPECT_THAT(Breaches(Expect::kOkUnlessIdMissing), IsEmpty());
  EXPECT_THAT(Breaches(Expect::kOk), ElementsAre(Pair("unanswered", 1)));
}

TEST_F(OnceCheck, CountsBatchesAndThoseWhoseReplyWasCut) {
  for (int i = 0; i < 5; ++i) {
    Execution& execution = Execute(Send({Said::kOk}), 50);
    execution.batched = true;
    execution.request = i < 3 ? 7 : 8;
    execution.delivered = i < 3;
  }
  const Verdict verdict = Check(records_, executions_, Expect::kAnything);
  EXPECT_EQ(verdict.batches, 2);
  EXPECT_EQ(verdict.batched, 5);
  EXPECT_EQ(verdict.batches_cut, 1);
}

TEST_F(OnceCheck, SaysWhichCallItIsAbout) {
  Send({Said::kOk});
  EXPECT_THAT(ToString(Check(records_, executions_, Expect::kAnything)), HasSubstr("lost: `once 3 0` of caller 3"));
}

// As the simulator writes them (tests/simulator/rest/ledger.cc): alone, in a batch, recognised, ended by a fault.
TEST(ExecutionsOf, ReadsTheLedger) {
  const Json ledger = Json::parse(R"json([
    {"seq": 1, "request": 4, "timeMs": 1000, "method": "imbot.v2.Chat.Message.send", "changed": true, "delivered": true,
     "params": {"botId": 39, "fields": {"message": "once 1 2 x"}}, "result": {"id": 789, "uuidMap": {}}},
    {"seq": 2, "request": 5, "timeMs": 1001, "method": "imbot.message.add", "changed": false, "delivered": false,
     "command": "c0", "params": {"MESSAGE": "once 1 3"}, "result": 790},
    {"seq": 3, "request": 6, "timeMs": 1002, "method": "imbot.v2.Chat.add", "changed": true, "delivered": null,
     "params": {"fields": {"title": "once 1 4", "userIds": [1]}}},
    {"seq": 4, "request": 7, "timeMs": 1003, "method": "imbot.v2.Bot.register", "changed": true, "delivered": true,
     "params": {"fields": {"code": "support"}}, "result": {}}])json");
  const std::vector<Execution> executions = ExecutionsOf(ledger.get<std::vector<Json>>());
  ASSERT_EQ(executions.size(), 3u);
  EXPECT_EQ(executions[0].mark, "once 1 2 x");
  EXPECT_EQ(executions[0].id, 789);
  EXPECT_TRUE(executions[0].changed && executions[0].delivered && executions[0].finished && !executions[0].batched);
  EXPECT_EQ(executions[1].mark, "once 1 3");
  EXPECT_EQ(executions[1].id, 790);
  EXPECT_TRUE(!executions[1].changed && !executions[1].delivered && executions[1].finished && executions[1].batched);
  EXPECT_EQ(executions[2].mark, "once 1 4");
  EXPECT_EQ(executions[2].time_ms, 1'002);
  EXPECT_FALSE(executions[2].finished);
}

}  // namespace
}  // namespace imbot::chaos
