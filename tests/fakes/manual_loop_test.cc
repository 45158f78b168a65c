#include "tests/fakes/manual_loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace imbot::fakes {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using transport::Failure;
using transport::Result;

transport::Request MakeRequest(const ManualLoop& loop, std::string body) {
  transport::Request request;
  request.url = base::Secret("https://portal.example/rest/1/code/profile.json");
  request.body = std::move(body);
  request.give_up_at = loop.Now() + seconds(60);
  return request;
}

TEST(ManualLoop, RunsPostedTasksInOrderAndTimersAtTheirTime) {
  ManualLoop loop;
  std::vector<std::string> ran;
  const base::MonoTime start = loop.Now();
  loop.PostAt(start + seconds(2), [&] {
    ran.push_back("at 2");
    EXPECT_EQ(loop.Now(), start + seconds(2));
    loop.Post([&] { ran.push_back("posted at 2"); });
  });
  loop.PostAt(start + seconds(1), [&] { ran.push_back("at 1"); });
  const base::TimerId cancelled = loop.PostAt(start + seconds(1), [&] { ran.push_back("cancelled"); });
  loop.CancelTimer(cancelled);
  loop.Post([&] { ran.push_back("first"); });
  loop.Post([&] { ran.push_back("second"); });
  EXPECT_THAT(ran, ElementsAre());
  loop.Run();
  EXPECT_THAT(ran, ElementsAre("first", "second"));
  loop.Advance(seconds(10));
  EXPECT_THAT(ran, ElementsAre("first", "second", "at 1", "at 2", "posted at 2"));
  EXPECT_EQ(loop.Now(), start + seconds(10));
}

TEST(FakeTransport, KeepsRequestsAndDeliversWhatTheTestAnswers) {
  ManualLoop loop;
  std::vector<std::string> replies;
  loop.transport().Send(MakeRequest(loop, "one"), [&](Result result) { replies.push_back(result.reply.body); });
  loop.transport().Send(MakeRequest(loop, "two"), [&](Result result) {
    replies.push_back(std::string(FailureName(result.failure.value().kind)));
  });
  EXPECT_EQ(loop.transport().in_flight(), 2u);
  EXPECT_EQ(loop.fake().request(1).body, "two");
  loop.fake().Fail(1, Failure::Kind::kReset);
  loop.fake().Answer(0, 200, "reply");
  EXPECT_THAT(replies, ElementsAre("RESET", "reply"));
  EXPECT_EQ(loop.transport().in_flight(), 0u);
  EXPECT_THROW(loop.fake().Answer(0, 200, "again"), std::logic_error);
}

TEST(FakeTransport, AScriptAnswersFromTheLoopNeverFromInsideSend) {
  ManualLoop loop;
  loop.fake().SetScript(
      [](const transport::Request& request) { return FakeTransport::MakeReply(200, request.body + "!"); });
  std::string reply;
  loop.transport().Send(MakeRequest(loop, "hello"), [&](Result result) { reply = result.reply.body; });
  EXPECT_EQ(reply, "");
  loop.Run();
  EXPECT_EQ(reply, "hello!");
}

TEST(FakeTransport, ARequestNobodyAnswersTimesOutAtItsGiveUpTime) {
  ManualLoop loop;
  std::vector<Failure::Kind> failures;
  loop.transport().Send(MakeRequest(loop, "x"), [&](Result result) { failures.push_back(result.failure->kind); });
  loop.Advance(seconds(59));
  EXPECT_THAT(failures, ElementsAre());
  loop.Advance(seconds(1));
  EXPECT_THAT(failures, ElementsAre(Failure::Kind::kTimeout));
}

TEST(FakeTransport, StopEndsOpenRequestsAndDropsLaterTasks) {
  ManualLoop loop;
  std::vector<Failure::Kind> failures;
  loop.transport().Send(MakeRequest(loop, "x"), [&](Result result) { failures.push_back(result.failure->kind); });
  loop.Stop();
  EXPECT_THAT(failures, ElementsAre(Failure::Kind::kStopped));
  bool ran = false;
  loop.Post([&] { ran = true; });
  loop.Run();
  EXPECT_FALSE(ran);
}

}  // namespace
}  // namespace imbot::fakes
