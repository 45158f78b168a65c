// The loop as an executor, how it stops, and the pool of loops.
#include <atomic>
#include <latch>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "service/transport/loop_pool.h"
#include "tests/transport/loop_fixture.h"
#include "tests/transport/test_server.h"

namespace imbot::transport {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using Kind = Failure::Kind;

class LoopExecutorTest : public LoopTest {};
class LoopStopTest : public LoopTest {};

base::MonoTime Now() {
  return base::Clock::System().Now();
}

// Tells whether its owner was destroyed.
struct Token {
  explicit Token(std::atomic<int>& count) : destroyed(&count) {}
  Token(Token&& other) noexcept : destroyed(std::exchange(other.destroyed, nullptr)) {}
  ~Token() {
    if (destroyed != nullptr) ++*destroyed;
  }
  std::atomic<int>* destroyed;
};

TEST_F(LoopExecutorTest, RunsTasksInTheOrderOfPostingOnItsThread) {
  std::vector<int> ran;
  std::promise<void> done;
  for (int i = 0; i < 1000; ++i) {
    loop().Post([&, i] {
      EXPECT_TRUE(loop().InThisThread());
      ran.push_back(i);
    });
  }
  loop().Post([&] { done.set_value(); });
  done.get_future().wait();
  EXPECT_FALSE(loop().InThisThread());
  ASSERT_EQ(ran.size(), 1000u);
  EXPECT_TRUE(std::is_sorted(ran.begin(), ran.end()));
}

TEST_F(LoopExecutorTest, TakesTasksFromManyThreads) {
  std::atomic<int> ran{0};
  std::latch all(4 * 5000);
  std::vector<std::thread> threads;
  CurlLoop& to = loop();
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5000; ++i) {
        to.Post([&] {
          ++ran;
          all.count_down();
        });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  all.wait();
  EXPECT_EQ(ran, 20000);
}

TEST_F(LoopExecutorTest, ATaskThatPostsItselfForeverStarvesNobody) {
  std::atomic<bool> stop{false};
  std::function<void()> again = [&] {
    if (!stop) loop().Post([&] { again(); });
  };
  OnLoop([&] { again(); });
  TestServer server([](Connection& connection, const HttpRequest& request) { connection.Reply(200, request.body); });
  std::promise<void> fired;
  OnLoop([&] { loop().PostAt(Now() + milliseconds(5), [&] { fired.set_value(); }); });
  EXPECT_THAT(Call(server.Url("portal.test"), "x"), Replies(200, "x"));
  fired.get_future().wait();
  stop = true;
  OnLoop([] {});
}

TEST_F(LoopExecutorTest, FiresTimersInOrderAndNotEarly) {
  std::vector<int> fired;
  std::promise<void> done;
  const base::MonoTime start = Now();
  OnLoop([&] {
    loop().PostAt(start + milliseconds(30), [&] {
      EXPECT_GE(Now(), start + milliseconds(30));
      fired.push_back(30);
      done.set_value();
    });
    loop().PostAt(start + milliseconds(10), [&] { fired.push_back(10); });
    loop().PostAt(start - seconds(1), [&] { fired.push_back(0); });
    const base::TimerId dropped = loop().PostAt(start + milliseconds(20), [&] { fired.push_back(20); });
    loop().CancelTimer(dropped);
    loop().CancelTimer(dropped);
    loop().CancelTimer(base::TimerId::kNone);
  });
  done.get_future().wait();
  EXPECT_THAT(fired, ElementsAre(0, 10, 30));
}

TEST_F(LoopExecutorTest, ATimerMayDropTheNextOneThatIsDueToo) {
  std::promise<bool> later;
  OnLoop([&] {
    const base::MonoTime past = Now() - seconds(1);
    auto second = std::make_shared<base::TimerId>();
    auto fired = std::make_shared<bool>(false);
    loop().PostAt(past, [&, second] { loop().CancelTimer(*second); });
    *second = loop().PostAt(past, [fired] { *fired = true; });
    loop().PostAt(Now() + milliseconds(20), [&, fired] { later.set_value(*fired); });
  });
  EXPECT_FALSE(later.get_future().get());
}

TEST_F(LoopStopTest, EndsTransfersUnderWayAfterTheGrace) {
  std::latch done(1);
  std::latch arrived(2);
  TestServer server([&](Connection&, const HttpRequest&) {
    arrived.count_down();
    done.wait();
  });
  resolver_.Hang("hanging.test");
  std::future<Result> sent = Send(MakeRequest(server.Url("portal.test")));
  std::future<Result> also_sent = Send(MakeRequest(server.Url("other.test")));
  std::future<Result> unsent = Send(MakeRequest(server.Url("hanging.test")));
  arrived.wait();
  const base::MonoTime start = Now();
  loop().BeginStop(start + milliseconds(100));
  loop().Join();
  EXPECT_GE(Now(), start + milliseconds(100));
  EXPECT_THAT(sent.get(), FailsWith(Kind::kStopped, true));
  EXPECT_THAT(also_sent.get(), FailsWith(Kind::kStopped, true));
  EXPECT_THAT(unsent.get(), FailsWith(Kind::kStopped, false));
  done.count_down();
}

TEST_F(LoopStopTest, NoticesAStopThatComesWhileItIsAwakeAndThenHasNothingToDo) {
  const base::MonoTime start = Now();
  // The bell that rings for the task is still to be answered when the stop rings it again.
  loop().Post([this] { loop().BeginStop(Now()); });
  loop().Join();
  EXPECT_LT(Now(), start + seconds(30)) << "a minute is its longest wait";
}

TEST_F(LoopStopTest, LetsTransfersFinishWithinTheGraceAndTakesNoMore) {
  std::latch go(1);
  std::latch arrived(1);
  TestServer server([&](Connection& connection, const HttpRequest& request) {
    arrived.count_down();
    go.wait();
    connection.Reply(200, request.body);
  });
  std::future<Result> under_way = Send(MakeRequest(server.Url("portal.test"), "x"));
  arrived.wait();
  loop().BeginStop(Now() + seconds(60));
  EXPECT_THAT(Call(server.Url("portal.test")), FailsWith(Kind::kStopped, false));
  go.count_down();
  EXPECT_THAT(under_way.get(), Replies(200, "x"));
  // Long before the grace is over.
  loop().Join();
  EXPECT_EQ(server.requests(), 1);
}

TEST_F(LoopStopTest, WaitingTransfersStillStartWithinTheGrace) {
  options_.max_connections_per_host = 1;
  std::latch go(1);
  std::latch arrived(1);
  TestServer server([&](Connection& connection, const HttpRequest& request) {
    if (request.body == "0") {
      arrived.count_down();
      go.wait();
    }
    connection.Reply(200, request.body);
  });
  std::vector<std::future<Result>> results;
  for (int i = 0; i < 5; ++i) results.push_back(Send(MakeRequest(server.Url("portal.test"), std::to_string(i))));
  arrived.wait();
  OnLoop([] {});
  loop().BeginStop(Now() + seconds(60));
  go.count_down();
  for (int i = 0; i < 5; ++i) EXPECT_THAT(results[i].get(), Replies(200, std::to_string(i)));
  loop().Join();
}

TEST_F(LoopStopTest, EndsEverythingThatWaitsForAConnectionToo) {
  options_.max_connections_per_host = 1;
  std::latch done(1);
  std::latch arrived(1);
  TestServer server([&](Connection&, const HttpRequest&) {
    arrived.count_down();
    done.wait();
  });
  std::vector<std::future<Result>> results;
  for (int i = 0; i < 50; ++i) results.push_back(Send(MakeRequest(server.Url("portal.test"))));
  arrived.wait();
  OnLoop([] {});
  loop().BeginStop(Now());
  loop().Join();
  EXPECT_THAT(results[0].get(), FailsWith(Kind::kStopped, true));
  for (int i = 1; i < 50; ++i) EXPECT_THAT(results[i].get(), FailsWith(Kind::kStopped, false));
  EXPECT_EQ(server.requests(), 1);
  done.count_down();
}

TEST_F(LoopStopTest, RunsWhatTheLastCallbacksPostAndDropsTheRest) {
  std::atomic<int> destroyed{0};
  bool ran = false;
  bool timer_ran = false;
  resolver_.Hang("hanging.test");
  CurlLoop& to = loop();
  OnLoop([&] {
    to.PostAt(Now() + std::chrono::hours(1), [&timer_ran, token = Token(destroyed)] { timer_ran = true; });
    to.transport().Send(MakeRequest("http://hanging.test/"),
                        [&](Result) { to.Post([&ran, token = Token(destroyed)] { ran = true; }); });
  });
  to.BeginStop(Now());
  to.Join();
  EXPECT_TRUE(ran);
  EXPECT_FALSE(timer_ran);
  EXPECT_EQ(destroyed, 2);
  bool after = false;
  to.Post([&after, token = Token(destroyed)] { after = true; });
  EXPECT_FALSE(after);
  EXPECT_EQ(destroyed, 3);
}

TEST_F(LoopStopTest, ACallbackThatSendsAgainForeverDoesNotKeepTheLoopAlive) {
  std::function<void()> send = [&] {
    loop().transport().Send(MakeRequest("http://unknown.example/"), [&](Result) { send(); });
  };
  loop().Post([&] { send(); });
  loop().BeginStop(Now() + milliseconds(50));
  loop().Join();
}

// The pool.

class LoopPoolTest : public LoopTest {
 protected:
  std::unique_ptr<LoopPool> Make(size_t count) {
    HttpOptions options;
    options.address_policy = AllowScopes({.loopback = true});
    return LoopPool::Create(count, std::move(options), resolver_, base::Clock::System()).value();
  }
};

TEST_F(LoopPoolTest, APortalAlwaysLivesOnTheSameLoop) {
  const std::unique_ptr<LoopPool> one = Make(4);
  const std::unique_ptr<LoopPool> two = Make(4);
  std::set<Loop*> used;
  for (int i = 0; i < 100; ++i) {
    const std::string portal = "portal-" + std::to_string(i);
    Loop* loop = &one->For(portal);
    EXPECT_EQ(loop, &one->For(portal));
    used.insert(loop);
    // The same one in another process.
    for (size_t at = 0; at < 4; ++at) EXPECT_EQ(loop == &one->at(at), &two->For(portal) == &two->at(at));
  }
  EXPECT_EQ(used.size(), 4u);
}

TEST_F(LoopPoolTest, StopEndsTransfersOfAllLoopsAtTheEndOfOneGrace) {
  std::latch done(1);
  std::latch arrived(40);
  TestServer server([&](Connection&, const HttpRequest&) {
    arrived.count_down();
    done.wait();
  });
  const std::unique_ptr<LoopPool> pool = Make(4);
  std::vector<std::promise<Result>> results(40);
  for (int i = 0; i < 40; ++i) {
    Loop& loop = pool->For("portal-" + std::to_string(i));
    loop.Post([&, i] {
      loop.transport().Send(MakeRequest(server.Url("portal.test")),
                            [&, i](Result result) { results[i].set_value(std::move(result)); });
    });
  }
  arrived.wait();
  const base::MonoTime start = Now();
  pool->Stop(milliseconds(200));
  EXPECT_LT(Now(), start + milliseconds(200) * 4);
  for (std::promise<Result>& result : results) EXPECT_THAT(result.get_future().get(), FailsWith(Kind::kStopped, true));
  EXPECT_EQ(pool->in_flight(), 0u);
  pool->Stop(seconds(1));
  done.count_down();
}

TEST_F(LoopPoolTest, NeedsAtLeastOneLoopAndLimitsThatLetSomethingThrough) {
  EXPECT_FALSE(LoopPool::Create(0, HttpOptions(), resolver_, base::Clock::System()).ok());
  HttpOptions none;
  none.max_connections = 0;
  EXPECT_FALSE(LoopPool::Create(1, std::move(none), resolver_, base::Clock::System()).ok());
}

}  // namespace
}  // namespace imbot::transport
