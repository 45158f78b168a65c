#include "service/rpc/completion_thread.h"

#include <gmock/gmock.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>
#include <vector>

namespace imbot::rpc {
namespace {

using ::testing::ElementsAre;

// A thread of a server that takes no calls.
class CompletionThreadTest : public ::testing::Test {
 protected:
  CompletionThreadTest() {
    grpc::ServerBuilder builder;
    builder.RegisterAsyncGenericService(&service_);
    thread_ = std::make_shared<CompletionThread>(builder.AddCompletionQueue(), std::make_shared<Connections>());
    server_ = builder.BuildAndStart();
    thread_->Start();
  }
  ~CompletionThreadTest() override {
    server_->Shutdown();
    thread_->Stop();
  }
  // Runs there and waits.
  template <typename Function>
  auto Ask(Function function) {
    std::promise<decltype(function())> answer;
    thread_->Run([&] { answer.set_value(function()); });
    return answer.get_future().get();
  }

  grpc::AsyncGenericService service_;
  std::unique_ptr<grpc::Server> server_;
  std::shared_ptr<CompletionThread> thread_;
};

TEST_F(CompletionThreadTest, RunsTasksInTheOrderInWhichTheyCame) {
  std::vector<int> ran;
  for (int i = 0; i < 4; ++i) thread_->Run([&ran, i] { ran.push_back(i); });
  EXPECT_THAT(Ask([&] { return ran; }), ElementsAre(0, 1, 2, 3));
}

TEST_F(CompletionThreadTest, RunsEveryTaskOnOneThreadThatIsNotTheCallers) {
  const auto first = Ask([] { return std::this_thread::get_id(); });
  EXPECT_NE(first, std::this_thread::get_id());
  EXPECT_EQ(Ask([] { return std::this_thread::get_id(); }), first);
}

TEST_F(CompletionThreadTest, RunsATaskOfItsOwnBeforeRunReturns) {
  EXPECT_TRUE(Ask([this] {
    bool ran = false;
    thread_->Run([&ran] { ran = true; });
    return ran;
  }));
}

TEST_F(CompletionThreadTest, LosesNoTaskThatComesWhileOthersAreRun) {
  constexpr int kThreads = 4, kTasks = 5'000;
  std::atomic<int> ran{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < kTasks; ++j) thread_->Run([&ran] { ++ran; });
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(Ask([&] { return ran.load(); }), kThreads * kTasks);
}

TEST_F(CompletionThreadTest, EndsWhenTheLastRpcHasLeft) {
  Ask([this] {
    thread_->Enter();
    return 0;
  });
  server_->Shutdown();
  std::atomic<bool> left{false};
  std::thread stopper([&] {
    thread_->Stop();
    EXPECT_TRUE(left) << "it ended with an rpc on it";
  });
  // Whatever was told to stop still runs what there is to run.
  Ask([&] {
    left = true;
    thread_->Leave();
    return 0;
  });
  stopper.join();
}

TEST_F(CompletionThreadTest, RunsAtOnceWhatComesAfterItsEnd) {
  server_->Shutdown();
  thread_->Stop();
  bool ran = false;
  thread_->Run([&ran] { ran = true; });
  EXPECT_TRUE(ran);
}

TEST(CompletionThread, OfAServerThatNeverStartedGoesQuietly) {
  grpc::ServerBuilder builder;
  const CompletionThread thread(builder.AddCompletionQueue(), std::make_shared<Connections>());
}

}  // namespace
}  // namespace imbot::rpc
