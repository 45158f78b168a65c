#include "service/portal/registry.h"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <thread>

#include "service/base/error.h"
#include "tests/fakes/manual_loop.h"
#include "tests/portal/fake_credentials.h"

namespace imbot::portal {
namespace {

using namespace std::chrono_literals;

class PortTest : public testing::Test {
 protected:
  Outgoing Call(const std::string& body = "{}") {
    Outgoing call;
    call.method = "imbot.v2.Revision.get";
    call.body = [body] { return body; };
    call.bytes = body.size();
    call.deadline = loop_.Now() + 30s;
    return call;
  }
  std::unique_ptr<Port> NewPort(const std::string& name = "acme") {
    return std::make_unique<Port>(name, loop_, loop_.clock(), credentials_,
                                  std::make_shared<LeakyBucket>(kUnlimitedPlan), SchedulerOptions{},
                                  SchedulerMetrics{});
  }

  fakes::ManualLoop loop_;
  fakes::FakeCredentials credentials_;
};

TEST_F(PortTest, SubmitsOnTheLoopAndAnswersOnce) {
  const auto port = NewPort();
  int answers = 0;
  port->Submit(Call(), [&](Answer answer) {
    ++answers;
    EXPECT_TRUE(answer.status.ok()) << answer.status;
  });
  EXPECT_EQ(loop_.fake().sent(), 0u) << "from any thread: the loop sends";
  loop_.Run();
  ASSERT_EQ(loop_.fake().sent(), 1u);
  loop_.fake().Answer(0, 200, R"({"result": {"rest": 36}})");
  EXPECT_EQ(answers, 1);
  port->Stop([] {});
  loop_.Run();
}

TEST_F(PortTest, GivesEachCallItsOwnIdAndCancelsByIt) {
  const auto port = NewPort();
  std::string first, second;
  const CallId one = port->Submit(Call("1"), [&](Answer answer) { first = base::ReasonOf(answer.status); });
  const CallId two = port->Submit(Call("2"), [&](Answer answer) { second = base::ReasonOf(answer.status); });
  EXPECT_NE(one, two);
  port->Cancel(two);
  loop_.Run();
  EXPECT_EQ(first, "");
  EXPECT_EQ(second, "CANCELLED_BY_CALLER");
  port->Stop([] {});
  loop_.Run();
}

TEST_F(PortTest, AnswersWhatIsUnderWayBeforeItSaysThatItHasStopped) {
  const auto port = NewPort();
  std::vector<std::string> order;
  port->Submit(Call(), [&](Answer answer) { order.push_back(base::ReasonOf(answer.status)); });
  port->Stop([&] { order.push_back("stopped"); });
  loop_.Run();
  EXPECT_EQ(order, (std::vector<std::string>{"SHUTTING_DOWN", "stopped"}));
}

TEST_F(PortTest, AnswersACallThatComesAfterItsEnd) {
  const auto port = NewPort();
  port->Stop([] {});
  loop_.Run();
  std::string reason, outcome;
  port->Submit(Call(), [&](Answer answer) {
    reason = base::ReasonOf(answer.status);
    outcome = base::OutcomeOf(answer.status);
    EXPECT_EQ(answer.status.code(), absl::StatusCode::kUnavailable);
  });
  port->Cancel(CallId{1});
  loop_.Run();
  EXPECT_EQ(reason, "SHUTTING_DOWN");
  EXPECT_EQ(outcome, "NOT_EXECUTED");
  EXPECT_EQ(loop_.fake().sent(), 0u);
}

TEST_F(PortTest, DestroysACallUnansweredWhenTheLoopHasStopped) {
  const auto port = NewPort();
  loop_.Stop();
  auto witness = std::make_shared<int>(1);
  port->Submit(Call(), [witness](Answer) { ADD_FAILURE() << "the loop has stopped"; });
  EXPECT_EQ(witness.use_count(), 1);
}

TEST_F(PortTest, LeavesThePortalsLoopWithNothingToTouchOnceItHasStopped) {
  auto port = NewPort();
  port->Submit(Call(), [](Answer) {});
  loop_.Run();
  port->Stop([] {});
  loop_.Run();
  port.reset();
  loop_.fake().Answer(0, 200, R"({"result": 1})");
  loop_.Advance(60s);
}

TEST_F(PortTest, TellsWhatWaitsAndWhatIsUnderWay) {
  SchedulerOptions options;
  options.max_in_flight = 2;
  const auto port = std::make_unique<Port>("acme", loop_, loop_.clock(), credentials_,
                                           std::make_shared<LeakyBucket>(kUnlimitedPlan), options, SchedulerMetrics{});
  for (const char* const body : {"1", "22", "333", "4444"}) port->Submit(Call(body), [](Answer) {});
  std::optional<PortalSnapshot> told;
  port->Snapshot([&](const PortalSnapshot& snapshot) { told = snapshot; });
  EXPECT_FALSE(told.has_value()) << "from any thread: the loop looks";
  loop_.Run();
  ASSERT_TRUE(told.has_value());
  EXPECT_EQ(told->queued_calls, 2u);
  EXPECT_EQ(told->queued_bytes, 7u);
  EXPECT_EQ(told->in_flight, 2u);

  port->Stop([] {});
  bool called = false;
  auto witness = std::make_shared<int>(1);
  port->Snapshot([&called, witness](const PortalSnapshot&) { called = true; });
  loop_.Run();
  EXPECT_FALSE(called);
  EXPECT_EQ(witness.use_count(), 1) << "whoever waits must learn that there is nothing to come";
}

TEST_F(PortTest, IsFoundInTheRegistryByItsName) {
  std::vector<std::unique_ptr<Port>> ports;
  ports.push_back(NewPort("acme"));
  ports.push_back(NewPort("globex"));
  Port* const acme = ports[0].get();
  Registry registry(std::move(ports));
  const Whereabouts found = registry.Find("acme");
  ASSERT_TRUE(std::holds_alternative<Here>(found));
  EXPECT_EQ(std::get<Here>(found).port, acme);
  EXPECT_TRUE(std::holds_alternative<Here>(registry.Find("globex")));
  EXPECT_TRUE(std::holds_alternative<Unknown>(registry.Find("Acme")));
  EXPECT_TRUE(std::holds_alternative<Unknown>(registry.Find("")));
}

TEST_F(PortTest, AreAllStoppedWhenTheRegistrysStopReturns) {
  std::vector<std::unique_ptr<Port>> ports;
  ports.push_back(NewPort("acme"));
  ports.push_back(NewPort("globex"));
  int answered = 0;
  for (const auto& port : ports) port->Submit(Call(), [&](Answer) { ++answered; });
  Registry registry(std::move(ports));
  std::atomic<bool> stopped{false};
  std::thread stopper([&] {
    registry.Stop();
    stopped = true;
  });
  while (!stopped) {
    loop_.Run();
    std::this_thread::yield();
  }
  stopper.join();
  EXPECT_EQ(answered, 2);
}

TEST_F(PortTest, KeepsTheEndOfTheCertificateThatWasShownLast) {
  const auto port = NewPort();
  std::optional<base::WallTime> told;
  const auto look = [&] {
    port->Snapshot([&](const PortalSnapshot& snapshot) { told = snapshot.certificate_expires_at; });
    loop_.Run();
  };
  const auto call = [&](size_t index, std::optional<base::WallTime> shown) {
    port->Submit(Call(), [](Answer) {});
    loop_.Run();
    transport::Result result = fakes::FakeTransport::MakeReply(200, R"({"result": {"rest": 36}})");
    result.reply.certificate_expires_at = shown;
    loop_.fake().Complete(index, std::move(result));
    look();
  };
  look();
  EXPECT_EQ(told, std::nullopt);
  const base::WallTime first(1'767'225'600s), second(1'798'761'600s);
  call(0, first);
  EXPECT_EQ(told, first);
  call(1, std::nullopt);
  EXPECT_EQ(told, first) << "a kept connection shows none";
  call(2, second);
  EXPECT_EQ(told, second);
  // A request that failed may have begun with a handshake.
  port->Submit(Call(), [](Answer) {});
  loop_.Run();
  transport::Result failed = fakes::FakeTransport::MakeFailure(transport::Failure::Kind::kReset, true);
  failed.reply.certificate_expires_at = first;
  loop_.fake().Complete(3, std::move(failed));
  look();
  EXPECT_EQ(told, first);
  port->Stop([] {});
  loop_.Run();
}

}  // namespace
}  // namespace imbot::portal
