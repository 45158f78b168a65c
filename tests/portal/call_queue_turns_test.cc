#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "service/portal/call_queue.h"

namespace imbot::portal {
namespace {

class CallQueueTurnsTest : public ::testing::Test {
 protected:
  void Add(const std::string& caller, const std::string& key, int count = 1) {
    for (int i = 0; i < count; ++i) {
      auto call = std::make_shared<QueuedCall>();
      call->call.caller = caller;
      call->call.order_key = key;
      queue_.Add(std::move(call));
    }
  }
  // The callers of a request of at most `most` calls, in order.
  std::string Request(size_t most) {
    std::string callers;
    const CallQueue::Call first = queue_.First(Lane::kInteractive);
    queue_.Begin(Lane::kInteractive);
    EXPECT_EQ(queue_.Next(), first) << "the first one was foretold";
    for (size_t i = 0; i < most && queue_.Next() != nullptr; ++i) {
      callers += queue_.Next()->call.caller;
      queue_.Take();
    }
    queue_.End();
    return callers;
  }

  CallQueue queue_;
};

TEST_F(CallQueueTurnsTest, ServesCallersInTurn) {
  Add("a", "", 3);
  Add("b", "", 2);
  EXPECT_EQ(Request(10), "ababa");
}

// What waits under a key that has left waits for all of it: dialogs with one call each in every request would soon
// leave nothing for the next ones.
TEST_F(CallQueueTurnsTest, TakesACallersNextOnesUnderTheSameKeyAlong) {
  Add("a", "dialog1", 3);
  Add("b", "dialog2", 3);
  EXPECT_EQ(Request(4), "aaab");
  EXPECT_EQ(Request(4), "") << "both dialogs have left";
}

// 300 dialogs: enough for every batch without taking anything along.
TEST_F(CallQueueTurnsTest, TakesNothingAlongWhereThereAreDialogsEnough) {
  for (int i = 0; i < 299; ++i) Add("others", "dialog" + std::to_string(i));
  Add("a", "dialog299", 3);
  EXPECT_EQ(Request(4), "othersaothersa");
}

TEST_F(CallQueueTurnsTest, ExpectsOthersToGetAheadWithWhatTheyHaveAndMoreOfIt) {
  EXPECT_EQ(queue_.Ahead(Lane::kInteractive, "a"), 0u);
  Add("a", "", 9);
  EXPECT_EQ(queue_.Ahead(Lane::kInteractive, "a"), 9u) << "nobody else is there";
  Add("b", "", 100);
  Add("c", "", 1);
  EXPECT_EQ(queue_.Ahead(Lane::kInteractive, "a"), 9u + 15 + 3);
  EXPECT_EQ(queue_.Ahead(Lane::kBulk, "a"), 110u) << "all that is interactive";
}

TEST_F(CallQueueTurnsTest, GivesWhoWasPassedOverTheFirstTurnOfTheNextRequestUnlessItHadOne) {
  Add("a", "dialog1", 2);
  Add("a", "");
  Add("b", "");
  queue_.Begin(Lane::kInteractive);
  queue_.Take();      // a's first one
  queue_.PassOver();  // its next one, under the same key
  queue_.PassOver();  // b's
  queue_.End();
  EXPECT_EQ(Request(2), "ba");
}

TEST_F(CallQueueTurnsTest, LeavesTurnsOutThatWereHadAheadOfTime) {
  Add("a", "dialog1", 3);
  Add("a", "", 3);
  Add("b", "", 6);
  EXPECT_EQ(Request(4), "aaab");
  EXPECT_EQ(Request(8), "bbababab");
}

TEST_F(CallQueueTurnsTest, LetsNobodyPassAnotherCallersCallUnderTheSameKey) {
  Add("a", "dialog1");
  Add("b", "dialog1");
  Add("a", "dialog1");
  EXPECT_EQ(Request(3), "aba");
}

TEST_F(CallQueueTurnsTest, GoesOnWithOthersWhereTheNextOneUnderTheKeyDoesNotFit) {
  Add("a", "dialog1", 2);
  Add("b", "");
  queue_.Begin(Lane::kInteractive);
  queue_.Take();
  ASSERT_EQ(queue_.Next()->call.caller, "a");
  queue_.PassOver();
  ASSERT_NE(queue_.Next(), nullptr);
  EXPECT_EQ(queue_.Next()->call.caller, "b");
  queue_.Take();
  EXPECT_EQ(queue_.Next(), nullptr);
  queue_.End();
  EXPECT_EQ(queue_.calls(), 1u);
}

TEST_F(CallQueueTurnsTest, LetsThoseTakePartAfterAllWhoSitOut) {
  Add("a", "");
  Add("b", "");
  queue_.Begin(Lane::kInteractive);
  queue_.PassOver();
  queue_.Take();
  ASSERT_EQ(queue_.Next(), nullptr);
  queue_.Recall();
  ASSERT_NE(queue_.Next(), nullptr);
  EXPECT_EQ(queue_.Next()->call.caller, "a");
  queue_.End();
}

TEST_F(CallQueueTurnsTest, GoesOnWithOthersWhereTheNextOneUnderTheKeyIsRemoved) {
  Add("a", "dialog1", 2);
  Add("b", "");
  queue_.Begin(Lane::kInteractive);
  queue_.Take();
  const CallQueue::Call next = queue_.Next();
  ASSERT_EQ(next->call.caller, "a");
  EXPECT_TRUE(queue_.Remove(*next));
  ASSERT_NE(queue_.Next(), nullptr);
  EXPECT_EQ(queue_.Next()->call.caller, "b");
  queue_.End();
  EXPECT_EQ(queue_.calls(), 1u);
}

}  // namespace
}  // namespace imbot::portal
