#include "service/rpc/admin_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "service/base/strings.h"

namespace imbot::rpc_test {
namespace {

using namespace std::chrono_literals;
namespace v1 = imbot::gateway::v1;
using portal::PortalSnapshot;

v1::PortalStatus StatusOf(const PortalSnapshot& snapshot) {
  v1::PortalStatus status;
  rpc::FillStatus(snapshot, &status);
  return status;
}

TEST(AdminStatus, TellsWhyAPortalIsQuarantinedAndWhoMustAct) {
  PortalSnapshot snapshot;
  snapshot.quarantine = PortalSnapshot::Quarantine{
      .reason = "OVERLOAD_LIMIT", .message = "blocked", .since = 90s, .next_probe_in = 210s, .probes = 3};
  EXPECT_EQ(StatusOf(snapshot).quarantine().ShortDebugString(),
            "reason: \"OVERLOAD_LIMIT\" message: \"blocked\" circuit_breaker: false actor: ACTOR_OPERATOR "
            "lasting { seconds: 90 } next_probe_in { seconds: 210 } probes: 3");
  EXPECT_FALSE(StatusOf({}).has_quarantine());
}

TEST(AdminStatus, TellsOfAnOpenCircuitWhoseProbeIsUnderWay) {
  PortalSnapshot snapshot;
  snapshot.quarantine =
      PortalSnapshot::Quarantine{.reason = "PORTAL_TIMEOUT", .message = "hangs", .breaker = true, .since = 1500ms};
  EXPECT_EQ(StatusOf(snapshot).quarantine().ShortDebugString(),
            "reason: \"PORTAL_TIMEOUT\" message: \"hangs\" circuit_breaker: true actor: ACTOR_BITRIX24 "
            "lasting { seconds: 1 nanos: 500000000 } probes: 0");
}

// A portal that says no does so for something that people have to mend; of one that is silent, the reasons that
// errors.proto gives to the operator.
TEST(AdminStatus, KnowsWhoMustActForEachReason) {
  const auto actor = [](const char* reason, bool breaker) {
    return rpc::ActorFor(PortalSnapshot::Quarantine{.reason = reason, .message = "", .breaker = breaker});
  };
  for (const char* const reason : {"OVERLOAD_LIMIT", "PORTAL_DELETED", "PAYMENT_REQUIRED", "INVALID_CREDENTIALS"})
    EXPECT_EQ(actor(reason, false), v1::ACTOR_OPERATOR) << reason;
  for (const char* const reason : {"PORTAL_TIMEOUT", "TRANSPORT_FAILED", "REPLY_NOT_JSON", "HTTP_STATUS"})
    EXPECT_EQ(actor(reason, true), v1::ACTOR_BITRIX24) << reason;
  for (const char* const reason : {"CONNECT_FAILED", "DNS_FAILED", "TLS_FAILED", "ADDRESS_REFUSED"})
    EXPECT_EQ(actor(reason, true), v1::ACTOR_OPERATOR) << reason;
}

TEST(AdminStatus, ListsHeldMethodsByNameAndCountsThemAll) {
  PortalSnapshot snapshot;
  for (int i = 0; i < 12; ++i) snapshot.held_methods.push_back({.method = base::StrCat("m", 30 - i), .until = 5s});
  snapshot.held_methods.back().operating_seconds = 412.5;
  snapshot.held_methods.back().blocked_by_portal = true;
  const v1::PortalStatus status = StatusOf(snapshot);
  EXPECT_EQ(status.held_method_count(), 12);
  ASSERT_EQ(status.held_methods_size(), 10);
  EXPECT_EQ(status.held_methods(0).ShortDebugString(),
            "method: \"m19\" held_for { seconds: 5 } operating_seconds: 412.5 blocked_by_portal: true");
  EXPECT_EQ(status.held_methods(9).method(), "m28");
}

TEST(AdminStatus, TellsTheLastErrorTheCertificatesEndAndWhatAnOperatorHasDone) {
  PortalSnapshot snapshot;
  snapshot.intake = portal::Intake::kDraining;
  snapshot.waiting_to_repeat = 4;
  snapshot.last_error =
      PortalSnapshot::LastError{.reason = "TLS_FAILED", .method = "batch", .message = "expired", .ago = 7s};
  snapshot.certificate_expires_at = base::WallTime(1'767'225'600s);
  const v1::PortalStatus status = StatusOf(snapshot);
  EXPECT_EQ(status.intake(), v1::PORTAL_INTAKE_DRAINING);
  EXPECT_EQ(status.waiting_to_repeat(), 4);
  EXPECT_EQ(status.last_error().ShortDebugString(),
            "reason: \"TLS_FAILED\" method: \"batch\" message: \"expired\" ago { seconds: 7 }");
  EXPECT_EQ(status.certificate_expire_time().seconds(), 1'767'225'600);
  EXPECT_FALSE(StatusOf({}).has_certificate_expire_time());
  EXPECT_FALSE(StatusOf({}).has_last_error());
}

// What clients of gRPC take by default is 4 MiB.
TEST(AdminStatus, KeepsAPageOfAThousandPortalsInTroubleBelowWhatClientsTake) {
  PortalSnapshot snapshot;
  const std::string long_text(5'000, 'x');
  snapshot.quarantine = PortalSnapshot::Quarantine{.reason = std::string(63, 'R'), .message = long_text};
  snapshot.last_error =
      PortalSnapshot::LastError{.reason = std::string(63, 'R'), .method = long_text, .message = long_text};
  snapshot.held_methods.assign(100, {.method = long_text, .until = 600s, .operating_seconds = 412.123456789});
  EXPECT_LT(StatusOf(snapshot).ByteSizeLong() * 1'000, size_t{3} << 20);
}

TEST(AdminStatus, CutsNoCharacterInTwo) {
  EXPECT_EQ(rpc::CutText("abc", 3), "abc");
  EXPECT_EQ(rpc::CutText("abcd", 3), "abc");
  EXPECT_EQ(rpc::CutText("ab\xd0\xbf", 3), "ab");
  EXPECT_EQ(rpc::CutText("\xe2\x82\xac", 2), "");
}

TEST(AdminStatus, KnowsEveryLogLevelOfTheContractButNone) {
  for (const base::Level level : {base::Level::kDebug, base::Level::kInfo, base::Level::kWarning, base::Level::kError})
    EXPECT_EQ(rpc::LevelOf(rpc::LogLevelOf(level)), level);
  EXPECT_EQ(rpc::LevelOf(v1::LOG_LEVEL_UNSPECIFIED), std::nullopt);
  EXPECT_EQ(rpc::LevelOf(static_cast<v1::LogLevel>(99)), std::nullopt);
}

}  // namespace
}  // namespace imbot::rpc_test
