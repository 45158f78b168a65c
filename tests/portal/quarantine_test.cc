// When a portal is not worth calling, and how it is found out that it is again.
#include "service/portal/quarantine.h"

#include <gtest/gtest.h>

#include "service/base/error.h"

namespace imbot::portal {
namespace {

using namespace std::chrono_literals;
using base::MonoTime;

class QuarantineTest : public testing::Test {
 protected:
  void Refuse(std::string_view code = "OVERLOAD_LIMIT") { quarantine_.OnClosed(code, "it said no", now_); }
  // Up to the confirmation of what was said once.
  void Close(std::string_view code = "OVERLOAD_LIMIT") {
    Refuse(code);
    FailProbe();
  }
  void FailProbe() {
    ASSERT_TRUE(quarantine_.probe_at().has_value());
    now_ = *quarantine_.probe_at();
    quarantine_.OnProbeSent();
    EXPECT_FALSE(quarantine_.probe_at().has_value()) << "one at a time";
    quarantine_.OnProbeFailed(now_);
  }
  void Silence(int requests, base::Duration apart) {
    for (int i = 0; i < requests; ++i) {
      quarantine_.OnNoAnswer("TRANSPORT_FAILED", "reset", now_);
      now_ += apart;
    }
  }

  Quarantine quarantine_{"acme"};
  MonoTime now_{1'000s};
};

TEST_F(QuarantineTest, OneRefusalIsAskedAboutAtOnceAndClosesNothingYet) {
  Refuse();
  EXPECT_FALSE(quarantine_.closed());
  EXPECT_EQ(quarantine_.probe_at(), now_);
  EXPECT_FALSE(quarantine_.Snapshot(now_).has_value());
}

TEST_F(QuarantineTest, ARefusalThatTheProbeDoesNotConfirmIsForgotten) {
  Refuse();
  quarantine_.OnProbeSent();
  quarantine_.OnAnswered();
  EXPECT_FALSE(quarantine_.closed());
  EXPECT_FALSE(quarantine_.probe_at().has_value());
}

TEST_F(QuarantineTest, ASecondRefusalClosesThePortalAndSaysWhoMustAct) {
  Close("PAYMENT_REQUIRED");
  ASSERT_TRUE(quarantine_.closed());
  EXPECT_FALSE(quarantine_.breaker());
  const absl::Status refusal = quarantine_.Refusal("imbot.v2.Bot.get", now_ + 10s);
  EXPECT_EQ(refusal.code(), absl::StatusCode::kFailedPrecondition) << "the caller can't mend it";
  EXPECT_EQ(base::ReasonOf(refusal), "PORTAL_QUARANTINED");
  EXPECT_EQ(base::OutcomeOf(refusal), "NOT_EXECUTED");
  google::rpc::ErrorInfo info;
  google::rpc::RetryInfo retry;
  const google::rpc::Status whole = base::ToRpcStatus(refusal);
  for (const auto& detail : whole.details()) {
    if (detail.Is<google::rpc::ErrorInfo>()) detail.UnpackTo(&info);
    if (detail.Is<google::rpc::RetryInfo>()) detail.UnpackTo(&retry);
  }
  EXPECT_EQ(info.metadata().at("quarantine_reason"), "PAYMENT_REQUIRED");
  EXPECT_EQ(info.metadata().at("actor"), "OPERATOR");
  EXPECT_EQ(retry.retry_delay().seconds(), 20) << "the next probe";
}

TEST_F(QuarantineTest, AClosedPortalIsProbedAfterThirtySecondsThenEverMoreSeldomUpToTenMinutes) {
  Close();
  MonoTime last = now_;
  for (const auto pause : {30s, 60s, 120s, 240s, 480s, 600s, 600s}) {
    ASSERT_EQ(quarantine_.probe_at(), last + pause);
    FailProbe();
    last = now_;
  }
  EXPECT_EQ(quarantine_.Snapshot(now_)->probes, 8u);
}

TEST_F(QuarantineTest, AProbeThatIsAnsweredOpensThePortalAndTheNextQuarantineBeginsAnew) {
  Close();
  FailProbe();
  now_ = *quarantine_.probe_at();
  quarantine_.OnProbeSent();
  quarantine_.OnAnswered();
  EXPECT_FALSE(quarantine_.closed());
  EXPECT_FALSE(quarantine_.probe_at().has_value());
  Close();
  EXPECT_EQ(quarantine_.probe_at(), now_ + 30s);
}

TEST_F(QuarantineTest, AnOperatorOpensItAtOnce) {
  EXPECT_FALSE(quarantine_.Release());
  Close();
  EXPECT_TRUE(quarantine_.Release());
  EXPECT_FALSE(quarantine_.closed());
  EXPECT_FALSE(quarantine_.probe_at().has_value());
}

TEST_F(QuarantineTest, TheAnswerOfAnyCallOpensIt) {
  Close();
  quarantine_.OnAnswered();
  EXPECT_FALSE(quarantine_.closed());
}

TEST_F(QuarantineTest, ARefusalForTheLimitProvesNothingOfAClosedPortal) {
  Close();
  quarantine_.OnAlive();
  EXPECT_TRUE(quarantine_.closed());
}

TEST_F(QuarantineTest, TellsWhyAndSinceWhenAndWhenItIsAskedAgain) {
  Close("INVALID_CREDENTIALS");
  const auto snapshot = quarantine_.Snapshot(now_ + 12s);
  ASSERT_TRUE(snapshot.has_value());
  EXPECT_EQ(snapshot->reason, "INVALID_CREDENTIALS");
  EXPECT_EQ(snapshot->message, "it said no");
  EXPECT_FALSE(snapshot->breaker);
  EXPECT_EQ(snapshot->since, 12s);
  EXPECT_EQ(snapshot->next_probe_in, 18s);
}

// --- The breaker.

TEST_F(QuarantineTest, TenRequestsInARowWithoutAnAnswerOpenTheBreaker) {
  Silence(9, 300ms);
  EXPECT_FALSE(quarantine_.closed());
  Silence(1, 300ms);
  ASSERT_TRUE(quarantine_.closed());
  EXPECT_TRUE(quarantine_.breaker());
  const absl::Status refusal = quarantine_.Refusal("imbot.v2.Bot.get", now_);
  EXPECT_EQ(refusal.code(), absl::StatusCode::kUnavailable) << "it may pass by itself";
  EXPECT_EQ(base::OutcomeOf(refusal), "NOT_EXECUTED");
}

TEST_F(QuarantineTest, WhoMustActIsToldByWhatFailed) {
  EXPECT_EQ(WhoMustAct("OVERLOAD_LIMIT", /*breaker=*/false), translate::Actor::kOperator);
  EXPECT_EQ(WhoMustAct("CONNECT_FAILED", /*breaker=*/true), translate::Actor::kOperator) << "the network";
  EXPECT_EQ(WhoMustAct("TRANSPORT_FAILED", /*breaker=*/true), translate::Actor::kBitrix24);
  for (int i = 0; i < 10; ++i, now_ += 300ms) quarantine_.OnNoAnswer("DNS_FAILED", "no such name", now_);
  google::rpc::ErrorInfo info;
  const google::rpc::Status whole = base::ToRpcStatus(quarantine_.Refusal("imbot.v2.Bot.get", now_));
  for (const auto& detail : whole.details()) {
    if (detail.Is<google::rpc::ErrorInfo>()) detail.UnpackTo(&info);
  }
  EXPECT_EQ(info.metadata().at("actor"), "OPERATOR");
}

TEST_F(QuarantineTest, APortalThatRestartsForLessThanTwoSecondsOpensNothing) {
  Silence(100, 19ms);
  EXPECT_FALSE(quarantine_.closed());
  Silence(10, 19ms);
  EXPECT_TRUE(quarantine_.closed());
}

TEST_F(QuarantineTest, AnAnswerInBetweenBeginsTheCountAnew) {
  Silence(9, 300ms);
  quarantine_.OnAnswered();
  Silence(9, 300ms);
  EXPECT_FALSE(quarantine_.closed());
  quarantine_.OnAlive();
  Silence(9, 300ms);
  EXPECT_FALSE(quarantine_.closed());
}

TEST_F(QuarantineTest, AnOpenBreakerIsProbedAfterASecondThenEverMoreSeldomUpToThirtySeconds) {
  Silence(10, 300ms);
  MonoTime last = now_ - 300ms;
  for (const auto pause : {1s, 2s, 4s, 8s, 16s, 30s, 30s}) {
    ASSERT_EQ(quarantine_.probe_at(), last + pause);
    FailProbe();
    last = now_;
  }
}

TEST_F(QuarantineTest, SilenceOpensTheBreakerTooAndAnyLateAnswerClosesIt) {
  quarantine_.OnHanging(now_);
  ASSERT_TRUE(quarantine_.closed());
  EXPECT_EQ(quarantine_.Snapshot(now_)->reason, "PORTAL_TIMEOUT");
  quarantine_.OnAlive();
  EXPECT_FALSE(quarantine_.closed());
}

TEST_F(QuarantineTest, ABreakerThatHearsANoBecomesAQuarantine) {
  Silence(10, 300ms);
  Refuse("PORTAL_DELETED");
  ASSERT_TRUE(quarantine_.closed());
  EXPECT_FALSE(quarantine_.breaker());
  EXPECT_EQ(quarantine_.Snapshot(now_)->reason, "PORTAL_DELETED");
  EXPECT_EQ(quarantine_.probe_at(), now_ + 30s);
}

}  // namespace
}  // namespace imbot::portal
