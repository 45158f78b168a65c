#include "service/transport/timer_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <random>
#include <vector>

namespace imbot::transport {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class TimerQueueTest : public ::testing::Test {
 protected:
  base::TimerId Add(milliseconds at, int name) {
    return queue_.Add(start_ + at, [this, name] { fired_.push_back(name); });
  }
  void FireUntil(milliseconds now) {
    while (base::Task task = queue_.TakeDue(start_ + now)) std::move(task)();
  }

  const base::MonoTime start_ = base::MonoTime(seconds(1000));
  TimerQueue queue_;
  std::vector<int> fired_;
};

TEST_F(TimerQueueTest, FiresInOrderOfTimeThenOfSetting) {
  Add(milliseconds(30), 3);
  Add(milliseconds(10), 1);
  Add(milliseconds(20), 20);
  Add(milliseconds(20), 21);
  Add(milliseconds(20), 22);
  EXPECT_EQ(queue_.Next(), start_ + milliseconds(10));
  FireUntil(milliseconds(9));
  EXPECT_THAT(fired_, IsEmpty());
  FireUntil(milliseconds(20));
  EXPECT_THAT(fired_, ElementsAre(1, 20, 21, 22));
  EXPECT_EQ(queue_.Next(), start_ + milliseconds(30));
  FireUntil(milliseconds(1000));
  EXPECT_EQ(queue_.Next(), std::nullopt);
  EXPECT_EQ(queue_.size(), 0u);
}

TEST_F(TimerQueueTest, ADroppedTimerNeitherFiresNorWakes) {
  const base::TimerId first = Add(milliseconds(10), 1);
  Add(milliseconds(20), 2);
  EXPECT_NE(first, base::TimerId::kNone);
  EXPECT_NE(queue_.Cancel(first), nullptr);
  EXPECT_EQ(queue_.Cancel(first), nullptr);
  EXPECT_EQ(queue_.Cancel(base::TimerId::kNone), nullptr);
  EXPECT_EQ(queue_.Next(), start_ + milliseconds(20));
  FireUntil(milliseconds(20));
  EXPECT_THAT(fired_, ElementsAre(2));
}

TEST_F(TimerQueueTest, KeepsOrderThroughManyDroppedTimers) {
  std::mt19937 random(7);
  std::vector<std::pair<int, int>> kept;
  for (int i = 0; i < 20000; ++i) {
    const int at = static_cast<int>(random() % 1000);
    const base::TimerId id = Add(milliseconds(at), i);
    if (i % 10 == 0) {
      kept.emplace_back(at, i);
    } else {
      queue_.Cancel(id);
    }
  }
  EXPECT_EQ(queue_.size(), kept.size());
  FireUntil(milliseconds(1000));
  std::sort(kept.begin(), kept.end());
  std::vector<int> expected;
  for (const auto& [at, name] : kept) expected.push_back(name);
  EXPECT_EQ(fired_, expected);
}

TEST_F(TimerQueueTest, ClearGivesBackWhatWasSet) {
  auto owned = std::make_shared<int>(1);
  queue_.Add(start_, [owned] {});
  queue_.Clear();
  EXPECT_EQ(owned.use_count(), 1);
  EXPECT_EQ(queue_.Next(), std::nullopt);
}

}  // namespace
}  // namespace imbot::transport
