// What a call with little time left may cost those behind it.
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

#include "service/portal/scheduler.h"
#include "tests/fakes/manual_loop.h"
#include "tests/portal/fake_credentials.h"

namespace imbot::portal {
namespace {

using namespace std::chrono_literals;

// A portal that takes one request, and two a second after that. Until it has answered, 0.2 s are expected of a command.
class FullBatchTest : public testing::Test {
 protected:
  ~FullBatchTest() override {
    scheduler_.Stop();
    loop_.Run();
  }

  void Submit(const std::string& caller, base::Duration timeout, int count = 1) {
    for (int i = 0; i < count; ++i) {
      const std::string number = std::to_string(next_);
      Outgoing call;
      call.method = "m";
      call.caller = caller;
      call.body = [number] { return number; };
      call.batch_command = [number] { return "m?n=" + number; };
      call.deadline = loop_.Now() + timeout;
      scheduler_.Submit(CallId{next_++}, std::move(call), [](const Answer&) {});
    }
  }
  size_t Commands(size_t request) {
    const std::string& body = loop_.fake().request(request).body;
    size_t count = 0;
    for (size_t at = 0; (at = body.find("m?n=", at)) != body.npos; ++at) ++count;
    return count;
  }

  fakes::ManualLoop loop_;
  fakes::FakeCredentials credentials_;
  Scheduler scheduler_{"acme", loop_, loop_.clock(), credentials_, std::make_shared<LeakyBucket>(RatePlan{3, 2}),
                       {},     {}};
  uint64_t next_ = 1;
};

TEST_F(FullBatchTest, IsNotMadeSmallByACallWithLittleTimeLeft) {
  Submit("first", 30s);
  Submit("hasty", 1200ms);
  Submit("others", 30s, 20);
  ASSERT_EQ(loop_.fake().sent(), 1u);
  loop_.Advance(500ms);
  ASSERT_EQ(loop_.fake().sent(), 2u);
  EXPECT_EQ(Commands(1), 20u) << "three fit into the time of the hasty one";
  loop_.Advance(500ms);
  ASSERT_EQ(loop_.fake().sent(), 3u);
  EXPECT_EQ(loop_.fake().request(2).body, "2") << "it leaves when it costs nobody anything";
}

TEST_F(FullBatchTest, TakesACallWithLittleTimeAlongWhereThereAreFewOthers) {
  Submit("first", 30s);
  Submit("hasty", 1200ms);
  Submit("others", 30s, 2);
  loop_.Advance(500ms);
  ASSERT_EQ(loop_.fake().sent(), 2u);
  EXPECT_EQ(Commands(1), 3u);
}

}  // namespace
}  // namespace imbot::portal
