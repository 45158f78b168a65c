// One logical call over a wire of the test's own: no clock, no network, no thread.
#include "imbot/client/internal/call_loop.h"

#include <gtest/gtest.h>

#include <deque>
#include <string>

#include "bitrix24/imbot/v2/message_service.pb.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace imbot::client::internal {
namespace {

using namespace std::chrono_literals;

// Records what is sent and waited for; the test answers when it likes.
class ManualWire : public Wire {
 public:
  std::shared_ptr<Running> Send(const Attempt& attempt, std::function<void(AttemptResult)> done) override {
    sent.push_back(attempt);
    if (!answers.empty()) {
      AttemptResult result = std::move(answers.front());
      answers.pop_front();
      done(std::move(result));
      return std::make_shared<Task>(nullptr);
    }
    auto task = std::make_shared<Task>([done] {
      done({.status = grpc::Status(grpc::StatusCode::CANCELLED, "Cancelled on the client"), .trailers = {}});
    });
    attempt_under_way = task;
    return task;
  }
  std::shared_ptr<Running> Wait(std::chrono::nanoseconds time, std::function<void()> done) override {
    pauses.push_back(time);
    if (waits_pass) {
      now += time;
      done();
      return std::make_shared<Task>(nullptr);
    }
    return std::make_shared<Task>(std::move(done));
  }
  Clock::time_point Now() override { return now; }
  double Random() override { return 0; }

  struct Task : Running {
    explicit Task(std::function<void()> then) : on_cancel(std::move(then)) {}
    void Cancel() override {
      if (on_cancel != nullptr) std::exchange(on_cancel, nullptr)();
    }
    std::function<void()> on_cancel;
  };

  std::vector<Attempt> sent;
  std::vector<std::chrono::nanoseconds> pauses;
  std::deque<AttemptResult> answers;
  std::shared_ptr<Task> attempt_under_way;
  Clock::time_point now{};
  bool waits_pass = true;
};

AttemptResult Fails(grpc::StatusCode code, const std::string& reason, const std::string& outcome,
                    std::chrono::seconds retry = 0s) {
  google::rpc::ErrorInfo info;
  info.set_reason(reason);
  info.set_domain("imbot-gateway");
  info.mutable_metadata()->insert({"outcome", outcome});
  google::rpc::Status whole;
  whole.add_details()->PackFrom(info);
  if (retry > 0s) {
    google::rpc::RetryInfo retry_info;
    retry_info.mutable_retry_delay()->set_seconds(retry.count());
    whole.add_details()->PackFrom(retry_info);
  }
  return {.status = grpc::Status(code, "scripted", whole.SerializeAsString()), .trailers = {}};
}
AttemptResult Lost() {
  return {.status = grpc::Status(grpc::StatusCode::UNAVAILABLE, "Socket closed"), .trailers = {}};
}
AttemptResult Unreachable() {
  return {.status = grpc::Status(grpc::StatusCode::UNAVAILABLE, "no connection"), .trailers = {}, .reached = false};
}
AttemptResult Succeeds() {
  return {.status = grpc::Status::OK, .trailers = {{"x-imbot-call", "request-id=\"r2\""}}};
}

class Loop : public testing::Test {
 protected:
  Loop() {
    plan_.attempt = {.path = "/a/b", .metadata = {{"idempotency-key", "k"}}, .time = 30s, .response = &response_};
    plan_.method.repeatable = true;
    plan_.idempotency_key = "k";
  }
  void Start() {
    CallLoop::Start(wire_, plan_, [this](std::optional<Error> error, CallInfo info) {
      ++ended_;
      error_ = std::move(error);
      info_ = std::move(info);
    });
  }
  std::shared_ptr<ManualWire> wire_ = std::make_shared<ManualWire>();
  Plan plan_;
  bitrix24::imbot::v2::AddReactionResponse response_;
  int ended_ = 0;
  std::optional<Error> error_;
  CallInfo info_;
};

TEST_F(Loop, AnsweredAtOnceIsOneAttempt) {
  wire_->answers = {Succeeds()};
  Start();
  EXPECT_EQ(ended_, 1);
  EXPECT_FALSE(error_.has_value());
  EXPECT_EQ(info_.attempts, 1);
  EXPECT_EQ(info_.idempotency_key, "k");
  EXPECT_EQ(info_.request_id, "r2");
  EXPECT_EQ(wire_->sent.at(0).time, 30s);
}

TEST_F(Loop, PausesAreTakenOffTheTimeOfTheCall) {
  wire_->answers = {Fails(grpc::StatusCode::RESOURCE_EXHAUSTED, "QUEUE_FULL", "NOT_EXECUTED", 2s), Unreachable(),
                    Succeeds()};
  Start();
  EXPECT_FALSE(error_.has_value());
  EXPECT_EQ(info_.attempts, 3);
  ASSERT_EQ(wire_->pauses.size(), 2u);
  EXPECT_EQ(wire_->pauses[0], 2s);
  EXPECT_EQ(wire_->sent.at(1).time, 28s);
  EXPECT_EQ(wire_->sent.at(2).time, 28s - wire_->pauses[1]);
}

TEST_F(Loop, EveryAttemptCarriesTheSameMetadata) {
  wire_->answers = {Lost(), Unreachable(), Succeeds()};
  Start();
  ASSERT_EQ(wire_->sent.size(), 3u);
  for (const Attempt& attempt : wire_->sent) EXPECT_EQ(attempt.metadata, plan_.attempt.metadata);
}

TEST_F(Loop, AnUnknownOutcomeStaysUnknownWhenTheRepeatIsRefused) {
  wire_->answers = {Lost(), Fails(grpc::StatusCode::PERMISSION_DENIED, "ACCESS_DENIED", "NOT_EXECUTED")};
  Start();
  ASSERT_TRUE(error_.has_value());
  EXPECT_EQ(error_->reason, "ACCESS_DENIED");
  EXPECT_EQ(error_->outcome, Outcome::kUnknown);
}

TEST_F(Loop, RefusedTwiceIsNotExecuted) {
  plan_.method.repeatable = false;
  wire_->answers = {Unreachable(), Fails(grpc::StatusCode::PERMISSION_DENIED, "ACCESS_DENIED", "NOT_EXECUTED")};
  Start();
  EXPECT_EQ(error_->outcome, Outcome::kNotExecuted);
  EXPECT_EQ(info_.attempts, 2);
}

TEST_F(Loop, ACodeThatSaysItHadBeenDoneIsSuccessAfterAnUnknownOutcome) {
  plan_.method.done_codes = {"REACTION_ALREADY_SET"};
  wire_->answers = {Lost(), Fails(grpc::StatusCode::ALREADY_EXISTS, "REACTION_ALREADY_SET", "NOT_EXECUTED")};
  Start();
  EXPECT_FALSE(error_.has_value());
  EXPECT_TRUE(info_.found_done);
}

TEST_F(Loop, TheSameCodeIsAnErrorWhenNothingCameBefore) {
  plan_.method.done_codes = {"REACTION_ALREADY_SET"};
  wire_->answers = {Unreachable(), Fails(grpc::StatusCode::ALREADY_EXISTS, "REACTION_ALREADY_SET", "NOT_EXECUTED")};
  Start();
  ASSERT_TRUE(error_.has_value());
  EXPECT_EQ(error_->reason, "REACTION_ALREADY_SET");
  EXPECT_FALSE(info_.found_done);
}

TEST_F(Loop, WhatFailsForEverEndsWithTheLastAttempt) {
  for (int i = 0; i < 10; ++i) wire_->answers.push_back(Unreachable());
  Start();
  EXPECT_EQ(ended_, 1);
  EXPECT_EQ(info_.attempts, 5);
  EXPECT_EQ(error_->reason, kGatewayUnreachable);
  EXPECT_EQ(error_->outcome, Outcome::kNotExecuted);
}

TEST_F(Loop, APauseLongerThanTheTimeLeftIsNotWaitedFor) {
  wire_->answers = {Fails(grpc::StatusCode::RESOURCE_EXHAUSTED, "OPERATION_TIME_LIMIT", "NOT_EXECUTED", 600s)};
  Start();
  EXPECT_TRUE(wire_->pauses.empty());
  EXPECT_EQ(error_->retry_delay, 600s);
}

TEST_F(Loop, StoppedBeforehandSendsNothing) {
  std::stop_source source;
  source.request_stop();
  plan_.stop = source.get_token();
  Start();
  EXPECT_EQ(ended_, 1);
  EXPECT_TRUE(wire_->sent.empty());
  EXPECT_EQ(error_->code, absl::StatusCode::kCancelled);
  EXPECT_EQ(error_->outcome, Outcome::kNotExecuted);
}

TEST_F(Loop, StoppedUnderWayCancelsTheAttemptAndIsNotRepeated) {
  std::stop_source source;
  plan_.stop = source.get_token();
  Start();
  EXPECT_EQ(ended_, 0);
  source.request_stop();
  EXPECT_EQ(ended_, 1);
  EXPECT_EQ(error_->code, absl::StatusCode::kCancelled);
  EXPECT_EQ(error_->reason, kStopped);
  EXPECT_EQ(error_->outcome, Outcome::kUnknown);
  EXPECT_EQ(wire_->sent.size(), 1u);
}

TEST_F(Loop, StoppedInAPauseKeepsTheOutcomeOfTheAttempts) {
  for (const auto& [first, outcome] :
       {std::pair(Unreachable(), Outcome::kNotExecuted), std::pair(Lost(), Outcome::kUnknown)}) {
    std::stop_source source;
    plan_.stop = source.get_token();
    wire_->waits_pass = false;
    wire_->answers = {first};
    ended_ = 0;
    Start();
    EXPECT_EQ(ended_, 0);
    source.request_stop();
    EXPECT_EQ(ended_, 1);
    EXPECT_EQ(error_->reason, kStopped);
    EXPECT_EQ(error_->outcome, outcome);
  }
  EXPECT_EQ(wire_->sent.size(), 2u) << "one for each call";
}

TEST_F(Loop, AStopAfterTheEndDoesNothing) {
  std::stop_source source;
  plan_.stop = source.get_token();
  wire_->answers = {Succeeds()};
  Start();
  source.request_stop();
  EXPECT_EQ(ended_, 1);
  EXPECT_FALSE(error_.has_value());
}

TEST_F(Loop, WithoutTimeNothingIsSent) {
  plan_.attempt.time = 0s;
  Start();
  EXPECT_TRUE(wire_->sent.empty());
  EXPECT_EQ(error_->code, absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(error_->outcome, Outcome::kNotExecuted);
}

}  // namespace
}  // namespace imbot::client::internal
