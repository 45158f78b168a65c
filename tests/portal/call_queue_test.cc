#include "service/portal/call_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace imbot::portal {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class CallQueueTest : public testing::Test {
 protected:
  struct Options {
    std::string caller = "a";
    std::string key = {};
    Lane lane = Lane::kInteractive;
    size_t bytes = 1;
    std::vector<std::string> fields = {};  // not empty: it may be replaced
  };
  // Not yet added.
  CallQueue::Call Make(const Options& options) {
    auto call = std::make_shared<QueuedCall>();
    call->id = CallId{calls_.size()};
    call->call.caller = options.caller;
    call->call.order_key = options.key;
    call->call.bytes = options.bytes;
    if (options.lane == Lane::kBulk) call->call.priority = Priority::kBulk;
    if (!options.fields.empty()) call->call.collapse = {"subject of " + options.key, options.fields};
    calls_.push_back(call);
    return call;
  }
  CallQueue::Call Add(const Options& options) {
    CallQueue::Call call = Make(options);
    queue_.Add(call);
    return call;
  }
  static int Number(const QueuedCall& call) { return static_cast<int>(call.id); }

  // The calls of a request of `most`.
  std::vector<int> Leave(size_t most, Lane lane = Lane::kInteractive) {
    std::vector<int> left;
    queue_.Begin(lane);
    while (left.size() < most) {
      const CallQueue::Call call = queue_.Next();
      if (call == nullptr) break;
      queue_.Take();
      left.push_back(Number(*call));
    }
    queue_.End();
    return left;
  }
  void Done(int number) { queue_.Done(*calls_[static_cast<size_t>(number)]); }
  void Return(int number) { queue_.Return(calls_[static_cast<size_t>(number)]); }
  // Of Surplus; -1: the newcomer.
  int Surplus(const Options& options, bool by_bytes = false) {
    const CallQueue::Call call = queue_.Surplus(*Make(options), by_bytes);
    return call == nullptr ? -1 : Number(*call);
  }

  CallQueue queue_;
  std::vector<CallQueue::Call> calls_;
};

TEST_F(CallQueueTest, LetsCallsOfOneCallerLeaveInTheOrderInWhichTheyCame) {
  for (int i = 0; i < 4; ++i) Add({});
  EXPECT_THAT(Leave(3), ElementsAre(0, 1, 2));
  EXPECT_THAT(Leave(3), ElementsAre(3));
  EXPECT_THAT(Leave(3), IsEmpty());
}

TEST_F(CallQueueTest, LetsCallersTakeTurns) {
  for (int i = 0; i < 3; ++i) Add({.caller = "a"});
  for (int i = 0; i < 2; ++i) Add({.caller = "b"});
  Add({.caller = "c"});
  EXPECT_THAT(Leave(10), ElementsAre(0, 3, 5, 1, 4, 2));
}

TEST_F(CallQueueTest, GoesOnInTheNextRequestWithWhoseTurnItIs) {
  for (int i = 0; i < 3; ++i) Add({.caller = "a"});
  for (int i = 0; i < 3; ++i) Add({.caller = "b"});
  EXPECT_THAT(Leave(1), ElementsAre(0));
  EXPECT_THAT(Leave(1), ElementsAre(3));
  EXPECT_THAT(Leave(3), ElementsAre(1, 4, 2));
}

TEST_F(CallQueueTest, KeepsLanesApart) {
  Add({.lane = Lane::kBulk});
  Add({});
  EXPECT_EQ(queue_.calls(Lane::kBulk), 1u);
  EXPECT_TRUE(queue_.Ready(Lane::kBulk));
  EXPECT_FALSE(queue_.Ready(Lane::kStream));
  EXPECT_THAT(Leave(10, Lane::kBulk), ElementsAre(0));
  EXPECT_THAT(Leave(10), ElementsAre(1));
}

// --- Order ---

TEST_F(CallQueueTest, LetsLaterCallsOfAKeyJoinTheSameRequest) {
  Add({.key = "k"});
  Add({.key = "k"});
  Add({.caller = "b", .key = "k"});
  EXPECT_THAT(Leave(10), ElementsAre(0, 1, 2));
}

TEST_F(CallQueueTest, HoldsLaterCallsOfAKeyBackUntilAllThatLeftAreAnswered) {
  for (int i = 0; i < 3; ++i) Add({.key = "k"});
  Add({.key = "other"});
  EXPECT_THAT(Leave(2), ElementsAre(0, 1));
  EXPECT_TRUE(queue_.Busy("k"));
  EXPECT_THAT(Leave(2), ElementsAre(3));
  Done(0);
  EXPECT_FALSE(queue_.Ready(Lane::kInteractive));
  Done(1);
  EXPECT_FALSE(queue_.Busy("k"));
  EXPECT_THAT(Leave(2), ElementsAre(2));
}

TEST_F(CallQueueTest, HoldsAKeyBackInTheOtherLanesToo) {
  Add({.key = "k"});
  Add({.key = "k", .lane = Lane::kBulk});
  EXPECT_TRUE(queue_.Ready(Lane::kBulk)) << "between lanes, order is kept only against what has left";
  EXPECT_THAT(Leave(10), ElementsAre(0));
  EXPECT_FALSE(queue_.Ready(Lane::kBulk));
  Done(0);
  EXPECT_THAT(Leave(10, Lane::kBulk), ElementsAre(1));
}

TEST_F(CallQueueTest, LetsTheNextOfAKeyLeaveWhenTheFirstIsTakenOut) {
  const CallQueue::Call first = Add({.key = "k"});
  Add({.caller = "b", .key = "k"});
  EXPECT_TRUE(queue_.Remove(*first));
  EXPECT_FALSE(queue_.Remove(*first)) << "it does not wait any more";
  EXPECT_THAT(Leave(10), ElementsAre(1));
}

TEST_F(CallQueueTest, TakesACallThatDidNotGetThroughBackToWhereItWas) {
  for (int i = 0; i < 4; ++i) Add({.key = "k"});
  EXPECT_THAT(Leave(2), ElementsAre(0, 1));
  Return(1);
  EXPECT_FALSE(queue_.Ready(Lane::kInteractive)) << "the other one is still to come";
  Return(0);
  EXPECT_EQ(queue_.calls(), 4u);
  EXPECT_THAT(Leave(10), ElementsAre(0, 1, 2, 3));
}

TEST_F(CallQueueTest, TakesACallWithoutAKeyBackBeforeLaterOnesOfItsCaller) {
  for (int i = 0; i < 3; ++i) Add({});
  EXPECT_THAT(Leave(1), ElementsAre(0));
  Return(0);
  EXPECT_THAT(Leave(10), ElementsAre(0, 1, 2));
}

TEST_F(CallQueueTest, TakesCallsOutWhileARequestIsPutTogether) {
  for (int i = 0; i < 3; ++i) Add({.key = "k"});
  queue_.Begin(Lane::kInteractive);
  queue_.Take();
  const CallQueue::Call second = queue_.Next();
  EXPECT_EQ(Number(*second), 1);
  EXPECT_TRUE(queue_.Remove(*second));
  EXPECT_EQ(Number(*queue_.Next()), 2);
  queue_.Take();
  queue_.End();
  EXPECT_EQ(queue_.calls(), 0u);
  Done(0);
  Done(2);
  EXPECT_FALSE(queue_.Busy("k"));
}

// --- Who sits a request out ---

TEST_F(CallQueueTest, LetsACallerSitARequestOutAndGivesItTheFirstTurnInTheNext) {
  Add({.caller = "a"});
  Add({.caller = "b"});
  Add({.caller = "c"});
  Add({.caller = "a"});
  queue_.Begin(Lane::kInteractive);
  queue_.Take();
  ASSERT_EQ(Number(*queue_.Next()), 1);
  queue_.PassOver();
  EXPECT_EQ(Number(*queue_.Next()), 2);
  queue_.Take();
  EXPECT_EQ(Number(*queue_.Next()), 3);
  queue_.PassOver();
  EXPECT_EQ(queue_.Next(), nullptr);
  queue_.End();
  EXPECT_THAT(Leave(10), ElementsAre(1, 3));
}

// --- Replacing ---

TEST_F(CallQueueTest, ReplacesTheLastCallOfAKeyByOneThatSetsAtLeastAsMuch) {
  Add({.key = "k", .fields = {"x"}});
  const CallQueue::Call last = Add({.key = "k", .fields = {"x", "y"}});
  EXPECT_EQ(queue_.ReplacedBy(*Make({.key = "k", .fields = {"x"}})), nullptr);
  EXPECT_EQ(queue_.ReplacedBy(*Make({.key = "k", .fields = {"x", "y", "z"}})), last);
  EXPECT_EQ(queue_.ReplacedBy(*Make({.key = "k"})), nullptr) << "it did not ask for it";
  EXPECT_EQ(queue_.ReplacedBy(*Make({.caller = "b", .key = "k", .fields = {"x", "y"}})), nullptr);
  EXPECT_EQ(queue_.ReplacedBy(*Make({.key = "k", .lane = Lane::kBulk, .fields = {"x", "y"}})), nullptr);
  EXPECT_EQ(queue_.ReplacedBy(*Make({.key = "other", .fields = {"x", "y"}})), nullptr);
}

TEST_F(CallQueueTest, GivesTheReplacementThePlaceAndCountsItsBytes) {
  const CallQueue::Call first = Add({.key = "k", .bytes = 10, .fields = {"x"}});
  Add({});
  const CallQueue::Call next = Make({.key = "k", .bytes = 30, .fields = {"x"}});
  queue_.Replace(*first, next);
  EXPECT_EQ(queue_.calls(), 2u);
  EXPECT_EQ(queue_.bytes(), 31u);
  EXPECT_FALSE(queue_.Remove(*first));
  EXPECT_THAT(Leave(10), ElementsAre(2, 1));
  EXPECT_TRUE(queue_.Busy("k"));
  Done(2);
  EXPECT_FALSE(queue_.Busy("k"));
}

TEST_F(CallQueueTest, DoesNotReplaceACallThatHasLeft) {
  Add({.key = "k", .fields = {"x"}});
  Leave(1);
  EXPECT_EQ(queue_.ReplacedBy(*Make({.key = "k", .fields = {"x"}})), nullptr);
}

// --- Who goes ---

TEST_F(CallQueueTest, NamesTheNewestCallOfWhoHasMost) {
  for (int i = 0; i < 3; ++i) Add({.caller = "a"});
  Add({.caller = "b"});
  EXPECT_EQ(Surplus({.caller = "b"}), 2);
  EXPECT_EQ(Surplus({.caller = "c"}), 2);
  EXPECT_EQ(Surplus({.caller = "a"}), -1);
}

TEST_F(CallQueueTest, NamesNobodyIfTheNewcomersCallerWouldHaveAsMany) {
  for (int i = 0; i < 2; ++i) Add({.caller = "a"});
  Add({.caller = "b"});
  EXPECT_EQ(Surplus({.caller = "b"}), -1);
}

TEST_F(CallQueueTest, WeighsByBytesWhereBytesAreShort) {
  Add({.caller = "large", .bytes = 100});
  for (int i = 0; i < 5; ++i) Add({.caller = "many", .bytes = 1});
  EXPECT_EQ(Surplus({.caller = "c", .bytes = 10}, /*by_bytes=*/true), 0);
  EXPECT_EQ(Surplus({.caller = "c", .bytes = 100}, /*by_bytes=*/true), -1);
  EXPECT_EQ(Surplus({.caller = "c", .bytes = 100}, /*by_bytes=*/false), 5);
}

TEST_F(CallQueueTest, NamesBulkFirstForWhoIsNotBulkAndNeverTheOtherWayRound) {
  for (int i = 0; i < 3; ++i) Add({.caller = "a"});
  Add({.caller = "b", .lane = Lane::kBulk});
  EXPECT_EQ(Surplus({.caller = "a"}), 3);
  EXPECT_EQ(Surplus({.caller = "c", .lane = Lane::kBulk}), -1);
}

// --- Counting ---

TEST_F(CallQueueTest, TellsWhatWaitsAndSinceWhen) {
  EXPECT_EQ(queue_.OldestSince(), std::nullopt);
  const base::MonoTime start = base::MonoTime(std::chrono::hours(1));
  for (int i = 3; i-- > 0;) {
    const CallQueue::Call call = Make({.caller = std::to_string(i), .bytes = 10});
    call->submitted_at = start + std::chrono::seconds(i);
    queue_.Add(call);
  }
  EXPECT_EQ(queue_.OldestSince(), start);
  EXPECT_EQ(queue_.All().size(), 3u);
  EXPECT_EQ(queue_.bytes(), 30u);
  Leave(10);
  EXPECT_EQ(queue_.OldestSince(), std::nullopt);
  EXPECT_EQ(queue_.bytes(), 0u);
}

}  // namespace
}  // namespace imbot::portal
