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
