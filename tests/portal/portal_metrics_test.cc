#include "service/portal/portal_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace imbot::portal {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(PortalMetrics, SaysNothingWhereThereIsNothingToSay) {
  EXPECT_EQ(ExposeSnapshots({}), "");
}

TEST(PortalMetrics, TellsNumbersByPortal) {
  PortalSnapshot acme, other;
  acme.queued_calls = 12;
  acme.waiting_to_repeat = 3;
  acme.held_methods.resize(2);
  const std::string text = ExposeSnapshots({{"acme", acme}, {"other", other}});
  EXPECT_THAT(text, HasSubstr("# TYPE imbot_portal_waiting_calls gauge\n"
                              "imbot_portal_waiting_calls{portal=\"acme\"} 12\n"
                              "imbot_portal_waiting_calls{portal=\"other\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("imbot_portal_waiting_to_repeat_calls{portal=\"acme\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("imbot_portal_held_methods{portal=\"acme\"} 2\n"));
}

TEST(PortalMetrics, TellsAQuarantineAndAnOpenCircuitApartEachWithItsReason) {
  PortalSnapshot blocked, hanging, healthy;
  blocked.quarantine = PortalSnapshot::Quarantine{.reason = "OVERLOAD_LIMIT", .message = "said no"};
  hanging.quarantine = PortalSnapshot::Quarantine{.reason = "PORTAL_TIMEOUT", .message = "hangs", .breaker = true};
  const std::string text = ExposeSnapshots({{"a", blocked}, {"b", hanging}, {"c", healthy}});
  EXPECT_THAT(text, HasSubstr("imbot_portal_quarantined{portal=\"a\",reason=\"OVERLOAD_LIMIT\"} 1\n"
                              "imbot_portal_quarantined{portal=\"b\"} 0\n"
                              "imbot_portal_quarantined{portal=\"c\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("imbot_portal_circuit_open{portal=\"a\"} 0\n"
                              "imbot_portal_circuit_open{portal=\"b\",reason=\"PORTAL_TIMEOUT\"} 1\n"
                              "imbot_portal_circuit_open{portal=\"c\"} 0\n"));
  EXPECT_THAT(text, Not(HasSubstr("said no"))) << "a message is no label";
}

TEST(PortalMetrics, KeepsALabelWithinItsQuotes) {
  PortalSnapshot snapshot;
  snapshot.quarantine = PortalSnapshot::Quarantine{.reason = "A\"} 1\nB", .message = ""};
  EXPECT_THAT(ExposeSnapshots({{"a", snapshot}}),
              HasSubstr("imbot_portal_quarantined{portal=\"a\",reason=\"A___1_B\"} 1\n"));
}

TEST(PortalMetrics, TellsWhatAnOperatorHasDone) {
  PortalSnapshot snapshot;
  snapshot.intake = Intake::kDraining;
  EXPECT_THAT(ExposeSnapshots({{"a", snapshot}}),
              HasSubstr("imbot_portal_intake{portal=\"a\",state=\"open\"} 0\n"
                        "imbot_portal_intake{portal=\"a\",state=\"paused\"} 0\n"
                        "imbot_portal_intake{portal=\"a\",state=\"draining\"} 1\n"));
}

TEST(PortalMetrics, TellsACertificatesEndOnlyWhereOneWasSeen) {
  PortalSnapshot plain, encrypted;
  encrypted.certificate_expires_at = base::WallTime(1'767'225'600s);
  const std::string text = ExposeSnapshots({{"a", plain}, {"b", encrypted}});
  const std::string name = "imbot_portal_certificate_not_after_timestamp_seconds{portal=";
  EXPECT_THAT(text, HasSubstr(name + "\"b\"} 1767225600\n"));
  EXPECT_THAT(text, Not(HasSubstr(name + "\"a\"")));
}

}  // namespace
}  // namespace imbot::portal
