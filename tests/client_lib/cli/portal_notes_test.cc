#include "client_lib/cli/portal_notes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "google/protobuf/util/time_util.h"

namespace imbot::cli {
namespace {

namespace v1 = imbot::gateway::v1;
using google::protobuf::util::TimeUtil;
using ::testing::HasSubstr;
using ::testing::Not;

class PortalNotesTest : public ::testing::Test {
 protected:
  PortalNotesTest() {
    // 2026-01-01, an hour after the start.
    status_.mutable_start_time()->set_seconds(1'767'225'600 - 3'600);
    status_.mutable_uptime()->set_seconds(3'600);
    portal_.set_name("acme");
    portal_.set_intake(v1::PORTAL_INTAKE_OPEN);
    portal_.set_queued_calls(0);
    portal_.set_in_flight(0);
  }
  std::string Text(size_t width = 0) const { return PortalNotes(status_, Style(false), width); }
  void CertificateEndsIn(int64_t seconds) {
    portal_.mutable_certificate_expire_time()->set_seconds(1'767'225'600 + seconds);
  }

  v1::GetStatusResponse status_;
  v1::PortalStatus& portal_ = *status_.add_portals();
};

TEST_F(PortalNotesTest, SayNothingOfAHealthyPortal) {
  CertificateEndsIn(14 * 86'400);
  EXPECT_EQ(Text(), "");
  EXPECT_EQ(StateOf(portal_), "open");
}

TEST_F(PortalNotesTest, TellWhoPausedAPortalAndWhatEndsIt) {
  portal_.set_intake(v1::PORTAL_INTAKE_PAUSED);
  portal_.set_queued_calls(12);
  EXPECT_EQ(Text(),
            "acme\n"
            "  paused       by an operator: new calls end with PORTAL_PAUSED, nothing is sent, 12 calls wait; "
            "`imbot resume acme` ends it\n");
  EXPECT_EQ(StateOf(portal_), "paused");
}

TEST_F(PortalNotesTest, TellWhetherAPortalIsDrained) {
  portal_.set_intake(v1::PORTAL_INTAKE_DRAINING);
  portal_.set_waiting_to_repeat(1);
  portal_.set_in_flight(2);
  EXPECT_THAT(Text(), HasSubstr("  draining     by an operator: new calls end with PORTAL_PAUSED, 1 call still to be "
                                "sent, 2 under way; `imbot resume acme` ends it\n"));
  portal_.set_waiting_to_repeat(0);
  EXPECT_THAT(Text(), HasSubstr("0 calls still to be sent, 2 under way"));
  portal_.set_in_flight(0);
  EXPECT_THAT(Text(), HasSubstr("and done: nothing waits, nothing is under way"));
}

TEST_F(PortalNotesTest, TellWhyAPortalIsQuarantinedWhenItIsTriedAgainAndWhoMustAct) {
  auto& quarantine = *portal_.mutable_quarantine();
  quarantine.set_reason("OVERLOAD_LIMIT");
  quarantine.set_message("the portal has blocked the credentials");
  quarantine.set_actor(v1::ACTOR_OPERATOR);
  *quarantine.mutable_lasting() = TimeUtil::SecondsToDuration(723);
  *quarantine.mutable_next_probe_in() = TimeUtil::SecondsToDuration(240);
  quarantine.set_probes(3);
  EXPECT_EQ(Text(),
            "acme\n"
            "  quarantined  for 12m 3s, OVERLOAD_LIMIT: the portal has blocked the credentials; next probe in 4m 0s "
            "(3 so far); whoever runs the gateway or the portal must act; `imbot release acme` ends it at once\n");
  EXPECT_EQ(StateOf(portal_), "quarantined");
}

TEST_F(PortalNotesTest, TellAnOpenCircuitFromAQuarantine) {
  auto& quarantine = *portal_.mutable_quarantine();
  quarantine.set_reason("PORTAL_TIMEOUT");
  quarantine.set_circuit_breaker(true);
  quarantine.set_actor(v1::ACTOR_BITRIX24);
  *quarantine.mutable_lasting() = TimeUtil::MillisecondsToDuration(350);
  EXPECT_EQ(Text(),
            "acme\n"
            "  circuit open for 350ms, PORTAL_TIMEOUT; a probe is under way; the portal itself must get well; "
            "`imbot release acme` ends it at once\n");
  EXPECT_EQ(StateOf(portal_), "circuit open");
}

TEST_F(PortalNotesTest, TellEachHeldMethodAndHowManyMore) {
  auto& held = *portal_.add_held_methods();
  held.set_method("imbot.v2.Chat.Message.send");
  *held.mutable_held_for() = TimeUtil::SecondsToDuration(200);
  held.set_operating_seconds(412.7);
  held.set_blocked_by_portal(true);
  portal_.set_held_method_count(5);
  EXPECT_EQ(
      Text(),
      "acme\n"
      "  held         imbot.v2.Chat.Message.send for 3m 20s, 412 s of operating time used; the portal has blocked "
      "it\n"
      "  held         and 4 more\n");
}

TEST_F(PortalNotesTest, WarnOfACertificateThatEndsWithinTwoWeeks) {
  CertificateEndsIn(14 * 86'400 - 1);
  EXPECT_EQ(Text(), "acme\n  certificate  ends in 13 days, on 2026-01-14; whoever runs the portal must renew it\n");
  CertificateEndsIn(86'400);
  EXPECT_THAT(Text(), HasSubstr("ends in 1 day, on 2026-01-02"));
  CertificateEndsIn(3'600);
  EXPECT_THAT(Text(), HasSubstr("ends today, on 2026-01-01"));
  CertificateEndsIn(-1);
  EXPECT_THAT(Text(), HasSubstr("ended on 2025-12-31"));
  EXPECT_EQ(CertificateDays(status_, portal_), -1);
  CertificateEndsIn(-86'401);
  EXPECT_EQ(CertificateDays(status_, portal_), -2);
}

TEST_F(PortalNotesTest, KnowNoDaysWithoutTheGatewaysClock) {
  CertificateEndsIn(3'600);
  status_.clear_start_time();
  EXPECT_EQ(CertificateDays(status_, portal_), std::nullopt);
  EXPECT_EQ(Text(), "");
}

TEST_F(PortalNotesTest, TellTheLastError) {
  auto& error = *portal_.mutable_last_error();
  error.set_reason("TLS_FAILED");
  error.set_method("batch");
  error.set_message("the certificate is not accepted");
  *error.mutable_ago() = TimeUtil::SecondsToDuration(5);
  EXPECT_EQ(Text(), "acme\n  last error   5s ago, batch: TLS_FAILED: the certificate is not accepted\n");
}

// A portal's words must not move the cursor of whoever reads them.
TEST_F(PortalNotesTest, ShowNoControlCharactersAndStayWithinTheTerminal) {
  auto& error = *portal_.mutable_last_error();
  error.set_reason("TLS_FAILED");
  error.set_message("\x1b]0;title\x07 " + std::string("word ") + std::string("and word ") + "after word after word");
  const std::string text = Text(50);
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, HasSubstr("\n               "));
  size_t begin = 0;
  for (size_t end; (end = text.find('\n', begin)) != text.npos; begin = end + 1) EXPECT_LE(end - begin, 50u);
}

TEST(Lasting, GivesTheTwoLargestUnits) {
  EXPECT_EQ(Lasting(TimeUtil::SecondsToDuration(3 * 86'400 + 4 * 3'600 + 59)), "3d 4h");
  EXPECT_EQ(Lasting(TimeUtil::SecondsToDuration(2 * 3'600 + 60)), "2h 1m");
  EXPECT_EQ(Lasting(TimeUtil::SecondsToDuration(306)), "5m 6s");
  EXPECT_EQ(Lasting(TimeUtil::MillisecondsToDuration(9'900)), "9s");
  EXPECT_EQ(Lasting(TimeUtil::MillisecondsToDuration(350)), "350ms");
  EXPECT_EQ(Lasting({}), "0s");
}

}  // namespace
}  // namespace imbot::cli
