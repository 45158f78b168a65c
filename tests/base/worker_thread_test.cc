#include "service/base/worker_thread.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <future>
#include <memory>

namespace imbot::base {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using ::testing::ElementsAre;

// Waits until everything posted before has run.
void Flush(WorkerThread& worker) {
  std::promise<void> done;
  worker.Post([&] { done.set_value(); });
  done.get_future().wait();
}

TEST(WorkerThread, RunsTasksInTheOrderOfPostingOnItsOwnThread) {
  WorkerThread worker("test");
  std::vector<int> order;
  bool inside = false;
  worker.Post([&] { inside = worker.InThisThread(); });
  for (int i = 0; i < 5; ++i) worker.Post([&, i] { order.push_back(i); });
  Flush(worker);
  EXPECT_THAT(order, ElementsAre(0, 1, 2, 3, 4));
  EXPECT_TRUE(inside);
  EXPECT_FALSE(worker.InThisThread());
}

TEST(WorkerThread, RunsTimersByTimeAndThenByOrderOfAsking) {
  WorkerThread worker("test");
  std::vector<int> order;
  std::promise<void> done;
  worker.Post([&] {
    const MonoTime now = Clock::System().Now();
    worker.PostAt(now + milliseconds(3), [&] {
      order.push_back(3);
      done.set_value();
    });
    worker.PostAt(now + milliseconds(1), [&] { order.push_back(1); });
    worker.PostAt(now + milliseconds(1), [&] { order.push_back(2); });
    worker.PostAt(now - milliseconds(1), [&] { order.push_back(0); });
  });
  done.get_future().wait();
  EXPECT_THAT(order, ElementsAre(0, 1, 2, 3));
}

TEST(WorkerThread, NeverRunsATimerBeforeItsTime) {
  WorkerThread worker("test");
  std::promise<MonoTime> ran;
  MonoTime due;
  worker.Post([&] {
    due = Clock::System().Now() + milliseconds(5);
    worker.PostAt(due, [&] { ran.set_value(Clock::System().Now()); });
  });
  EXPECT_GE(ran.get_future().get(), due);
}

TEST(WorkerThread, DropsACancelledTimerAndIgnoresUnknownOnes) {
  WorkerThread worker("test");
  bool fired = false;
  std::promise<void> done;
  worker.Post([&] {
    const MonoTime past = Clock::System().Now() - milliseconds(1);
    const TimerId cancelled = worker.PostAt(past, [&] { fired = true; });
    worker.CancelTimer(cancelled);
    worker.CancelTimer(cancelled);
    worker.CancelTimer(TimerId::kNone);
    worker.PostAt(past, [&] { done.set_value(); });
  });
  done.get_future().wait();
  EXPECT_FALSE(fired);
}

TEST(WorkerThread, ATimerMayCancelAnotherThatIsDueAtTheSameTime) {
  WorkerThread worker("test");
  bool fired = false;
  std::promise<void> done;
  worker.Post([&] {
    const MonoTime past = Clock::System().Now() - milliseconds(1);
    auto second = std::make_shared<TimerId>();
    worker.PostAt(past, [&worker, second] { worker.CancelTimer(*second); });
    *second = worker.PostAt(past, [&] { fired = true; });
    worker.PostAt(past, [&] { done.set_value(); });
  });
  done.get_future().wait();
  EXPECT_FALSE(fired);
}

TEST(WorkerThread, ATimerThatArmsItselfInThePastDoesNotStarveTheQueue) {
  WorkerThread worker("test");
  auto again = std::make_shared<std::function<void()>>();
  std::atomic<bool> stop = false;
  *again = [&worker, &stop, weak = std::weak_ptr(again)] {
    const auto self = weak.lock();
    if (self && !stop) worker.PostAt(MonoTime(), [self] { (*self)(); });
  };
  worker.Post([again] { (*again)(); });
  Flush(worker);  // Would wait for ever.
  stop = true;
  Flush(worker);
}

TEST(WorkerThread, StopRunsWhatWasPostedAndDropsTimersThatAreNotDue) {
  auto worker = std::make_unique<WorkerThread>("test");
  std::promise<void> gate;
  std::atomic<int> ran = 0;
  std::atomic<bool> timer_ran = false;
  const auto held = std::make_shared<int>(0);
  worker->Post(
      [&, held] { worker->PostAt(Clock::System().Now() + hours(1), [&timer_ran, held] { timer_ran = true; }); });
  worker->Post([&] { gate.get_future().wait(); });
  for (int i = 0; i < 10; ++i) worker->Post([&] { ++ran; });
  gate.set_value();
  worker->Stop();
  EXPECT_EQ(ran, 10);
  EXPECT_FALSE(timer_ran);
  EXPECT_EQ(held.use_count(), 1);  // The timer's task is gone.
  worker->Stop();
}

TEST(WorkerThread, DestroysWhatIsPostedAfterItStopped) {
  WorkerThread worker("test");
  worker.Stop();
  const auto held = std::make_shared<int>(0);
  bool ran = false;
  worker.Post([&ran, held] { ran = true; });
  EXPECT_FALSE(ran);
  EXPECT_EQ(held.use_count(), 1);
}

TEST(WorkerThread, ADroppedTaskMayPostFromItsDestructor) {
  WorkerThread worker("test");
  worker.Stop();
  struct PostsWhenGone {
    WorkerThread* worker;
    ~PostsWhenGone() {
      worker->Post([] {});
    }
  };
  worker.Post([gone = std::make_unique<PostsWhenGone>(PostsWhenGone{&worker})] {});  // Would deadlock.
}

TEST(WorkerThread, CountsWhatWaits) {
  WorkerThread worker("test");
  std::promise<void> started;
  std::promise<void> gate;
  worker.Post([&] {
    started.set_value();
    gate.get_future().wait();
  });
  started.get_future().wait();
  worker.Post([] {});
  worker.Post([] {});
  EXPECT_EQ(worker.queued(), 2u);
  gate.set_value();
  Flush(worker);
  EXPECT_EQ(worker.queued(), 0u);
}

TEST(WorkerThread, TakesTasksFromSeveralThreadsAndKeepsEachThreadsOrder) {
  WorkerThread worker("test");
  std::vector<std::vector<int>> seen(4);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 500; ++i) worker.Post([&seen, t, i] { seen[t].push_back(i); });
    });
  }
  for (auto& thread : threads) thread.join();
  worker.Stop();
  for (const auto& order : seen) {
    ASSERT_EQ(order.size(), 500u);
    EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  }
}

}  // namespace
}  // namespace imbot::base
