#include "service/rpc/call_gate.h"

#include <gtest/gtest.h>

#include <thread>

namespace imbot::rpc {
namespace {

base::MonoTime Never() {
  return base::Clock::System().Now() + std::chrono::minutes(5);
}

TEST(CallGate, CountsWhoIsInside) {
  CallGate gate;
  EXPECT_TRUE(gate.Enter());
  EXPECT_TRUE(gate.Enter());
  EXPECT_EQ(gate.inside(), 2);
  gate.Leave();
  EXPECT_EQ(gate.inside(), 1);
}

TEST(CallGate, LetsNobodyInOnceClosed) {
  CallGate gate;
  ASSERT_TRUE(gate.Enter());
  gate.Close();
  EXPECT_FALSE(gate.Enter());
  EXPECT_EQ(gate.inside(), 1) << "who is refused does not count";
}

TEST(CallGate, IsEmptyAtOnceWithNobodyInside) {
  CallGate gate;
  EXPECT_TRUE(gate.WaitUntilEmpty(base::Clock::System().Now()));
}

TEST(CallGate, GivesUpAtTheDeadline) {
  CallGate gate;
  ASSERT_TRUE(gate.Enter());
  EXPECT_FALSE(gate.WaitUntilEmpty(base::Clock::System().Now()));
}

TEST(CallGate, WaitsForTheLastToLeave) {
  CallGate gate;
  ASSERT_TRUE(gate.Enter());
  ASSERT_TRUE(gate.Enter());
  gate.Close();
  std::thread leaver([&gate] {
    gate.Leave();
    gate.Leave();
  });
  EXPECT_TRUE(gate.WaitUntilEmpty(Never()));
  EXPECT_EQ(gate.inside(), 0);
  leaver.join();
}

}  // namespace
}  // namespace imbot::rpc
