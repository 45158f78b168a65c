#include "client_lib/cli/portal_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "google/protobuf/util/time_util.h"

namespace imbot::cli {
namespace {

using google::protobuf::util::TimeUtil;
using imbot::gateway::v1::GetStatusResponse;
using ::testing::HasSubstr;
using ::testing::Not;

std::string Text(const GetStatusResponse& status) {
  return PortalTable(status).Text(Style(false), 0);
}

TEST(PortalTable, PutsTogetherWhatBelongsTogether) {
  GetStatusResponse status;
  auto& busy = *status.add_portals();
  busy.set_name("acme");
  busy.set_host("acme.bitrix24.com");
  busy.set_queued_calls(120);
  busy.set_queued_bulk_calls(100);
  busy.set_in_flight(16);
  *busy.mutable_longest_wait() = TimeUtil::MillisecondsToDuration(2340);
  busy.set_limit_level(49.96);
  busy.set_limit_burst(50);
  busy.set_limit_per_second(2);
  busy.set_requests(10);
  busy.set_sent_calls(425);
  busy.set_limit_refusals(3);
  auto& idle = *status.add_portals();
  idle.set_name("other");
  idle.set_host("other.example");
  idle.set_queued_calls(0);
  idle.set_in_flight(0);
  idle.set_requests(0);
  EXPECT_EQ(Text(status),
            "PORTAL  HOST                       QUEUED  WAIT  IN FLIGHT          LIMIT  REQUESTS  CALLS EACH  REFUSED\n"
            "acme    acme.bitrix24.com  120 (100 bulk)  2.3s         16  50 of 50, 2/s        10        42.5        3\n"
            "other   other.example                   0                0                        0\n");
}

TEST(PortalTable, ShowsWhoIsInTroubleAndWhoseCertificateEndsSoon) {
  GetStatusResponse status;
  status.mutable_start_time()->set_seconds(1'000'000);
  status.mutable_uptime()->set_seconds(500);
  const auto add = [&](const char* name, int64_t certificate_seconds) -> auto& {
    auto& portal = *status.add_portals();
    portal.set_name(name);
    portal.set_intake(imbot::gateway::v1::PORTAL_INTAKE_OPEN);
    portal.mutable_certificate_expire_time()->set_seconds(1'000'500 + certificate_seconds);
    return portal;
  };
  add("healthy", 14 * 86'400);
  add("soon", 14 * 86'400 - 1).set_intake(imbot::gateway::v1::PORTAL_INTAKE_PAUSED);
  auto& late = add("late", -1);
  late.mutable_quarantine()->set_reason("TLS_FAILED");
  late.mutable_quarantine()->set_circuit_breaker(true);
  late.set_held_method_count(2);
  late.set_waiting_to_repeat(7);
  EXPECT_EQ(Text(status),
            "PORTAL   STATE                 TO REPEAT  CERTIFICATE\n"
            "healthy                                           14d\n"
            "soon     paused                                 ! 13d\n"
            "late     circuit open, 2 held          7      ! ended\n");
}

TEST(PortalTable, LeavesOutWhatNoPortalHas) {
  GetStatusResponse status;
  status.add_portals()->set_name("acme");
  EXPECT_EQ(Text(status), "PORTAL\nacme\n");
  EXPECT_EQ(Text(GetStatusResponse()), "PORTAL\n");
}

// A gateway that is newer than this table must not be silent about it: whatever a portal has, some column tells.
TEST(PortalTable, TellsOfEveryNumberOfAPortalOrLeavesItToJsonByName) {
  const auto& type = *imbot::gateway::v1::PortalStatus::descriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    const auto& field = *type.field(i);
    if (field.is_repeated() || field.cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_INT64) continue;
    // Bytes, bulk calls and batches stand beside what they are part of, or in --json.
    if (field.name() == "queued_bytes" || field.name() == "queued_bulk_calls" || field.name() == "batches") continue;
    GetStatusResponse status;
    auto& portal = *status.add_portals();
    portal.set_requests(1);
    portal.GetReflection()->SetInt64(&portal, &field, 777);
    EXPECT_THAT(Text(status), HasSubstr("777")) << field.name();
  }
}

}  // namespace
}  // namespace imbot::cli
