#include "service/transport/admission.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace imbot::transport {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<uint64_t> All(Admission& admission) {
  std::vector<uint64_t> ids;
  while (const std::optional<uint64_t> id = admission.Next()) ids.push_back(*id);
  return ids;
}

Admission::Limits Limits(size_t per_host, size_t total, size_t streams = 1, bool wait = true) {
  return {.connections_per_host = per_host,
          .connections = total,
          .streams_per_connection = streams,
          .wait_for_multiplex = wait};
}

TEST(Admission, StartsAsManyPerHostAsConnectionsAreAllowed) {
  Admission admission(Limits(2, 10));
  for (uint64_t id = 1; id <= 4; ++id) admission.Add("a", id, false);
  EXPECT_THAT(All(admission), ElementsAre(1, 2));
  EXPECT_EQ(admission.waiting(), 2u);
  admission.Remove("a", 1);
  EXPECT_THAT(All(admission), ElementsAre(3));
  admission.Remove("a", 4);  // gave up waiting
  admission.Remove("a", 2);
  EXPECT_THAT(All(admission), IsEmpty());
  EXPECT_EQ(admission.waiting(), 0u);
}

TEST(Admission, AHostAtItsLimitHoldsUpNoOther) {
  Admission admission(Limits(1, 10));
  for (uint64_t id = 1; id <= 5; ++id) admission.Add("hanging", id, false);
  EXPECT_THAT(All(admission), ElementsAre(1));
  admission.Add("fine", 6, false);
  EXPECT_THAT(All(admission), ElementsAre(6));
}

TEST(Admission, HostsTakeTurnsWhenTheTotalIsUsedUp) {
  Admission admission(Limits(3, 3));
  for (uint64_t id = 10; id < 20; ++id) admission.Add("a", id, false);
  for (uint64_t id = 20; id < 23; ++id) admission.Add("b", id, false);
  EXPECT_THAT(All(admission), ElementsAre(10, 20, 11));
  admission.Remove("a", 10);
  EXPECT_THAT(All(admission), ElementsAre(21));
  admission.Remove("b", 20);
  EXPECT_THAT(All(admission), ElementsAre(12));
}

TEST(Admission, WaitsForAFirstConnectionThatMayMultiplex) {
  Admission admission(Limits(2, 10, 3));
  for (uint64_t id = 1; id <= 8; ++id) admission.Add("a", id, true);
  EXPECT_THAT(All(admission), ElementsAre(1));
  admission.Connected("a", true);
  // Two connections of three streams.
  EXPECT_THAT(All(admission), ElementsAre(2, 3, 4, 5, 6));
  admission.Remove("a", 3);
  EXPECT_THAT(All(admission), ElementsAre(7));
}

TEST(Admission, OpensMoreWhenTheFirstConnectionDoesNotMultiplex) {
  Admission admission(Limits(2, 10, 100));
  for (uint64_t id = 1; id <= 4; ++id) admission.Add("a", id, true);
  EXPECT_THAT(All(admission), ElementsAre(1));
  admission.Connected("a", false);
  EXPECT_THAT(All(admission), ElementsAre(2));
}

TEST(Admission, DoesNotTryOneAfterTheOtherWhenTheFirstConnectionFails) {
  Admission admission(Limits(3, 10, 100));
  for (uint64_t id = 1; id <= 5; ++id) admission.Add("a", id, true);
  EXPECT_THAT(All(admission), ElementsAre(1));
  admission.Remove("a", 1);
  EXPECT_THAT(All(admission), ElementsAre(2, 3, 4));
}

TEST(Admission, NeedNotWaitForAFirstConnection) {
  Admission admission(Limits(2, 10, 100, false));
  for (uint64_t id = 1; id <= 3; ++id) admission.Add("a", id, true);
  EXPECT_THAT(All(admission), ElementsAre(1, 2));
}

TEST(Admission, CountsNothingTwiceWhenAHostTurnsOutNotToMultiplex) {
  Admission admission(Limits(2, 4, 10));
  for (uint64_t id = 1; id <= 20; ++id) admission.Add("a", id, true);
  EXPECT_THAT(All(admission), ElementsAre(1));
  admission.Connected("a", true);
  EXPECT_EQ(All(admission).size(), 19u);
  // The server was replaced by one without HTTP/2: twenty transfers now need twenty connections, so that nobody else
  // may start.
  admission.Connected("a", false);
  admission.Add("b", 100, false);
  EXPECT_THAT(All(admission), IsEmpty());
  for (uint64_t id = 1; id <= 17; ++id) admission.Remove("a", id);
  EXPECT_THAT(All(admission), ElementsAre(100));
  for (uint64_t id = 18; id <= 20; ++id) admission.Remove("a", id);
  for (uint64_t id = 200; id < 210; ++id) admission.Add("b", id, false);
  EXPECT_THAT(All(admission), ElementsAre(200));
}

TEST(Admission, AnUnknownHostOrIdIsIgnored) {
  Admission admission(Limits(1, 1));
  admission.Remove("a", 1);
  admission.Connected("a", true);
  admission.Add("a", 2, false);
  EXPECT_THAT(All(admission), ElementsAre(2));
}

}  // namespace
}  // namespace imbot::transport
