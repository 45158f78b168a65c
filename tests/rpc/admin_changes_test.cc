#include "service/rpc/admin_changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "service/base/error.h"
#include "service/rpc/peer.h"
#include "tests/rpc/admin_fixture.h"
#include "tests/rpc/rpc_harness.h"

namespace imbot::rpc_test {
namespace {

namespace v1 = imbot::gateway::v1;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

class AdminChangesTest : public AdminFixture {
 protected:
  AdminChangesTest() { Build({"acme", "globex"}); }

  template <typename Request>
  static Request For(const std::string& portal) {
    Request request;
    request.set_portal(portal);
    return request;
  }
  std::shared_ptr<Answered<v1::PausePortalResponse>> Pause(const std::string& portal = "acme") {
    return Ask<v1::PausePortalResponse>(For<v1::PausePortalRequest>(portal));
  }
  std::shared_ptr<Answered<v1::DrainPortalResponse>> Drain() {
    return Ask<v1::DrainPortalResponse>(For<v1::DrainPortalRequest>("acme"));
  }
  std::shared_ptr<Answered<v1::ResumePortalResponse>> Resume() {
    return Ask<v1::ResumePortalResponse>(For<v1::ResumePortalRequest>("acme"));
  }
  std::shared_ptr<Answered<v1::FlushQueueResponse>> Flush() {
    return Ask<v1::FlushQueueResponse>(For<v1::FlushQueueRequest>("acme"));
  }
  std::shared_ptr<Answered<v1::SetLogLevelResponse>> SetLevel(v1::LogLevel level) {
    v1::SetLogLevelRequest request;
    request.set_level(level);
    return Ask<v1::SetLogLevelResponse>(request);
  }
  // What became of a call that is submitted to `acme` now, by its error's reason; "" while there is none.
  std::shared_ptr<std::string> Call() {
    auto reason = std::make_shared<std::string>();
    Submit(0, "{}", [reason](portal::Answer answer) { *reason = base::ReasonOf(answer.status); });
    loop_.Run();
    return reason;
  }
};

TEST_F(AdminChangesTest, PausesOnePortalAndTellsHowItWasAndIs) {
  Call();
  const auto waiting = Call();
  const auto answered = Pause();
  ASSERT_TRUE(answered->status.ok()) << answered->status;
  EXPECT_EQ(answered->response->previous_intake(), v1::PORTAL_INTAKE_OPEN);
  EXPECT_EQ(answered->response->portal().name(), "acme");
  EXPECT_EQ(answered->response->portal().host(), "acme.example");
  EXPECT_EQ(answered->response->portal().intake(), v1::PORTAL_INTAKE_PAUSED);
  EXPECT_EQ(answered->response->portal().queued_calls(), 1);
  EXPECT_EQ(answered->response->portal().in_flight(), 1);
  EXPECT_EQ(*Call(), "PORTAL_PAUSED");
  EXPECT_EQ(*waiting, "");
  EXPECT_EQ(Pause()->response->previous_intake(), v1::PORTAL_INTAKE_PAUSED) << "twice is fine";
}

TEST_F(AdminChangesTest, ChangesNoOtherPortal) {
  Pause("globex");
  const auto call = Call();
  EXPECT_EQ(*call, "");
  EXPECT_EQ(loop_.fake().sent(), 1u);
}

TEST_F(AdminChangesTest, DrainsAPortalAndResumesIt) {
  Call();
  Call();
  EXPECT_EQ(Drain()->response->portal().intake(), v1::PORTAL_INTAKE_DRAINING);
  EXPECT_EQ(*Call(), "PORTAL_PAUSED");
  loop_.fake().Answer(0, 200, R"({"result": {"rest": 36}})");
  EXPECT_EQ(loop_.fake().sent(), 2u) << "what waited leaves";
  const auto resumed = Resume();
  EXPECT_EQ(resumed->response->previous_intake(), v1::PORTAL_INTAKE_DRAINING);
  EXPECT_EQ(resumed->response->portal().intake(), v1::PORTAL_INTAKE_OPEN);
  EXPECT_EQ(*Call(), "");
}

TEST_F(AdminChangesTest, FlushesWhatWaitsAndCountsIt) {
  const auto sent = Call();
  const auto first = Call(), second = Call();
  const auto flushed = Flush();
  ASSERT_TRUE(flushed->status.ok()) << flushed->status;
  EXPECT_EQ(flushed->response->dropped_calls(), 2);
  EXPECT_EQ(flushed->response->portal().queued_calls(), 0);
  EXPECT_EQ(flushed->response->portal().in_flight(), 1) << "what was sent goes on";
  EXPECT_EQ(*first, "QUEUE_FLUSHED");
  EXPECT_EQ(*second, "QUEUE_FLUSHED");
  EXPECT_EQ(*sent, "");
  EXPECT_EQ(Flush()->response->dropped_calls(), 0);
}

TEST_F(AdminChangesTest, SetsTheLogsLevelAndTellsTheOneBefore) {
  const auto answered = SetLevel(v1::LOG_LEVEL_DEBUG);
  ASSERT_TRUE(answered->status.ok()) << answered->status;
  EXPECT_EQ(answered->response->previous_level(), v1::LOG_LEVEL_INFO);
  EXPECT_EQ(answered->response->level(), v1::LOG_LEVEL_DEBUG);
  EXPECT_TRUE(logger_.Enabled(base::Level::kDebug));
  EXPECT_EQ(SetLevel(v1::LOG_LEVEL_DEBUG)->response->previous_level(), v1::LOG_LEVEL_DEBUG) << "twice is fine";
}

TEST_F(AdminChangesTest, RefusesWhatNamesNoPortalOrNoLevel) {
  const auto nameless = Pause("");
  EXPECT_EQ(base::ReasonOf(nameless->status), "VALIDATION_FAILED");
  EXPECT_THAT(ViolatedFields(nameless->status), ElementsAre("portal"));
  EXPECT_EQ(base::ReasonOf(Pause("initech")->status), "PORTAL_UNKNOWN");
  for (const v1::LogLevel level : {v1::LOG_LEVEL_UNSPECIFIED, static_cast<v1::LogLevel>(99)})
    EXPECT_THAT(ViolatedFields(SetLevel(level)->status), ElementsAre("level"));
  EXPECT_EQ(logger_.level(), base::Level::kInfo);
}

// As an operator reads it afterwards. The clock of the log is the test's.
TEST_F(AdminChangesTest, WritesOneLineForEachAttempt) {
  const std::string begin = R"({"time":"2026-01-01T00:00:00.000Z","level":"warning","event":"audit","action":)";
  const std::string end = R"("request_id":"request-1"})";
  peer_.certificate = "CN=ops";
  Call();
  Call();
  Pause();
  Drain();
  Flush();
  Resume();
  EXPECT_THAT(lines_,
              ElementsAre(begin +
                              R"("pause_portal","portal":"acme","peer":"127.0.0.1:4711","certificate":"CN=ops",)"
                              R"("result":"OK","before":"open","after":"paused",)" +
                              end,
                          begin +
                              R"("drain_portal","portal":"acme","peer":"127.0.0.1:4711","certificate":"CN=ops",)"
                              R"("result":"OK","before":"paused","after":"draining",)" +
                              end,
                          begin +
                              R"("flush_queue","portal":"acme","peer":"127.0.0.1:4711","certificate":"CN=ops",)"
                              R"("result":"OK","before":"1","after":"0","dropped_calls":1,)" +
                              end,
                          begin +
                              R"("resume_portal","portal":"acme","peer":"127.0.0.1:4711","certificate":"CN=ops",)"
                              R"("result":"OK","before":"draining","after":"open",)" +
                              end));
}

TEST_F(AdminChangesTest, WritesALineAlsoForWhatItRefusesAndWhateverTheLevel) {
  SetLevel(v1::LOG_LEVEL_ERROR);
  Pause("initech");
  Pause("");
  SetLevel(v1::LOG_LEVEL_UNSPECIFIED);
  ASSERT_THAT(lines_, SizeIs(4));
  EXPECT_THAT(lines_[0], HasSubstr(R"("action":"set_log_level","peer":"127.0.0.1:4711","result":"OK",)"
                                   R"("before":"info","after":"error")"));
  EXPECT_THAT(lines_[1], HasSubstr(R"("action":"pause_portal","portal":"initech","peer":"127.0.0.1:4711",)"
                                   R"("result":"NOT_FOUND","reason":"PORTAL_UNKNOWN")"));
  EXPECT_THAT(lines_[2], HasSubstr(R"("result":"INVALID_ARGUMENT","reason":"VALIDATION_FAILED")"));
  EXPECT_THAT(lines_[3], HasSubstr(R"("action":"set_log_level")"));
}

TEST_F(AdminChangesTest, KeepsALineShortHoweverLongAName) {
  Pause(std::string(100'000, 'x'));
  ASSERT_THAT(lines_, SizeIs(1));
  EXPECT_LT(lines_[0].size(), 500u);
}

TEST_F(AdminChangesTest, SaysOfAPortalThatIsBeingStoppedThatNothingWasDone) {
  loop_.Stop();
  const auto answered = Start<v1::PausePortalResponse>(For<v1::PausePortalRequest>("acme"));
  EXPECT_EQ(base::ReasonOf(answered->status), "SHUTTING_DOWN");
  EXPECT_EQ(base::OutcomeOf(answered->status), "NOT_EXECUTED");
  ASSERT_THAT(lines_, SizeIs(1));
  EXPECT_THAT(lines_[0], HasSubstr(R"("result":"UNAVAILABLE","reason":"SHUTTING_DOWN")"));
  EXPECT_THAT(lines_[0], Not(HasSubstr("after")));
}

TEST(Peer, IsAnAddressAsPeopleWriteIt) {
  EXPECT_EQ(rpc::PlainAddress("ipv4:127.0.0.1:4711"), "127.0.0.1:4711");
  EXPECT_EQ(rpc::PlainAddress("ipv6:%5B::1%5D:4711"), "[::1]:4711");
  EXPECT_EQ(rpc::PlainAddress("unix:/run/admin"), "unix:/run/admin");
}

}  // namespace
}  // namespace imbot::rpc_test
