// A scheduler on a loop that the test turns, with calls that are told apart by the number of their submission: it is a
// call's body, and the `n` of its command.
#ifndef IMBOT_TESTS_PORTAL_SCHEDULER_FIXTURE_H_
#define IMBOT_TESTS_PORTAL_SCHEDULER_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "google/rpc/error_details.pb.h"
#include "service/base/error.h"
#include "service/base/strings.h"
#include "service/portal/scheduler.h"
#include "tests/fakes/manual_loop.h"
#include "tests/portal/fake_credentials.h"

namespace imbot::portal {

// How long a caller is told to wait, in milliseconds; none if it is not told to.
inline std::optional<int64_t> RetryDelay(const absl::Status& status) {
  const google::rpc::Status whole = base::ToRpcStatus(status);
  for (const auto& detail : whole.details()) {
    google::rpc::RetryInfo retry;
    if (detail.UnpackTo(&retry)) return retry.retry_delay().seconds() * 1000 + retry.retry_delay().nanos() / 1'000'000;
  }
  return std::nullopt;
}

inline std::string MetadataOf(const absl::Status& status, const std::string& key) {
  const google::rpc::Status whole = base::ToRpcStatus(status);
  for (const auto& detail : whole.details()) {
    google::rpc::ErrorInfo info;
    if (detail.UnpackTo(&info) && info.metadata().contains(key)) return info.metadata().at(key);
  }
  return "";
}

// What the body of a stream would come from; nobody reads it here.
class NoSource final : public transport::BodySource {
 public:
  explicit NoSource(int number) : number_(number) {}
  int number() const { return number_; }
  void Begin(std::function<void()>) override {}
  Piece Read(std::span<char>) override { return {}; }

 private:
  const int number_;
};

// One request at once, less room than one needs, so that everything waits.
inline constexpr RatePlan kNarrow{.burst = 3, .per_second = 2};

class SchedulerFixture : public testing::Test {
 protected:
  SchedulerFixture() {
    metrics_ = {.queued_calls = registry_.GetGauge("queued_calls", ""),
                .queued_bytes = registry_.GetGauge("queued_bytes", ""),
                .in_flight = registry_.GetGauge("in_flight", ""),
                .requests = registry_.GetCounter("requests", ""),
                .failures = registry_.GetCounter("failures", ""),
                .limit_refusals = registry_.GetCounter("limit_refusals", ""),
                .superseded = registry_.GetCounter("superseded", ""),
                .repeats = registry_.GetCounter("repeats", ""),
                .queue_seconds = registry_.GetHistogram("queue_seconds", "", base::LatencyBuckets()),
                .portal_seconds = registry_.GetHistogram("portal_seconds", "", base::LatencyBuckets()),
                .batch_calls = registry_.GetHistogram("batch_calls", "", {1, 50})};
    Start({});
  }
  // What was counted up is counted down, however a call ended.
  void TearDown() override {
    scheduler_.reset();
    loop_.Run();
    EXPECT_EQ(metrics_.queued_calls.value(), 0);
    EXPECT_EQ(metrics_.queued_bytes.value(), 0);
    EXPECT_EQ(metrics_.in_flight.value(), 0);
  }

  void Start(SchedulerOptions options, RatePlan plan = kUnlimitedPlan) {
    scheduler_ = Make("acme", std::make_shared<LeakyBucket>(plan), options);
  }
  std::unique_ptr<Scheduler> Make(const std::string& portal, std::shared_ptr<LeakyBucket> bucket,
                                  SchedulerOptions options) {
    return std::make_unique<Scheduler>(portal, loop_, loop_.clock(), credentials_, std::move(bucket), options,
                                       metrics_);
  }
  static SchedulerOptions Window(size_t requests) {
    SchedulerOptions options;
    options.max_in_flight = requests;
    return options;
  }

  struct Options {
    std::string order_key = {};
    base::Duration timeout = std::chrono::seconds(30);
    bool await_reply = false;
    size_t bytes = 0;
    std::string caller = {};
    Priority priority = Priority::kInteractive;
    bool command = true;      // it may be one of a batch
    size_t command_size = 0;  // at least
    bool alone = false;
    bool stream = false;
    std::vector<std::string> collapse = {};  // the fields it sets; empty: it does not ask for it
    std::string secret = {};
    bitrix24::rest::Retry retry = bitrix24::rest::RETRY_NEVER;
    std::vector<std::string> done_codes = {};
    bool maybe_executed = false;
    std::string method = "imbot.v2.Chat.Message.send";
    std::function<void(Answer)> late = nullptr;
    std::function<void()> answered = nullptr;  // called with its answer
  };
  int Submit() { return Submit(Options()); }
  int Submit(const Options& options) { return SubmitTo(*scheduler_, options); }
  int SubmitTo(Scheduler& scheduler, const Options& options) {
    const int number = next_++;
    Outgoing call;
    call.method = options.method;
    call.retry = options.retry;
    call.done_codes = options.done_codes;
    call.maybe_executed = options.maybe_executed;
    if (options.late) call.late = [late = options.late](Answer answer) { late(std::move(answer)); };
    if (options.stream) {
      call.source = std::make_shared<NoSource>(number);
    } else {
      call.body = [number] { return std::to_string(number); };
    }
    if (options.command && !options.stream) {
      call.batch_command = [number, size = options.command_size] {
        std::string command = base::StrCat("imbot.v2.Chat.Message.send?n=", number, "&");
        command.resize(std::max(command.size(), size), 'x');
        return std::optional(std::move(command));
      };
    }
    if (!options.secret.empty()) call.secret = std::make_shared<base::Secret>(options.secret);
    call.bytes = options.bytes;
    call.alone = options.alone;
    call.caller = options.caller;
    call.order_key = options.order_key;
    if (!options.collapse.empty()) call.collapse = {"update " + options.order_key, options.collapse};
    call.priority = options.priority;
    call.deadline = loop_.Now() + options.timeout;
    call.await_reply = options.await_reply;
    scheduler.Submit(CallId{static_cast<uint64_t>(number)}, std::move(call),
                     [this, number, answered = options.answered](Answer answer) {
                       EXPECT_FALSE(answers_.contains(number)) << "answered twice";
                       if (answer.status.ok() && !answer.superseded) results_[number] = answer.reply.result.ToText();
                       for (const std::string_view secret : answer.secrets) secrets_[number].emplace_back(secret);
                       answers_[number] = std::move(answer);
                       if (answered) answered();
                     });
    return number;
  }
  std::vector<int> SubmitMany(int count) { return SubmitMany(count, Options()); }
  std::vector<int> SubmitMany(int count, const Options& options) {
    std::vector<int> numbers;
    for (int i = 0; i < count; ++i) numbers.push_back(Submit(options));
    return numbers;
  }
  static Options Bulk() { return Bulk("bulk"); }
  static Options Bulk(std::string caller) { return {.caller = std::move(caller), .priority = Priority::kBulk}; }
  void Cancel(int number) { scheduler_->Cancel(CallId{static_cast<uint64_t>(number)}); }

  // Fills the window, so that what follows waits.
  void Occupy() { Occupy(1); }
  void Occupy(size_t window) {
    Start(Window(window));
    for (size_t i = 0; i < window; ++i) Submit({.caller = "somebody", .command = false});
  }
  // The same, and only so much may wait.
  void Bounded(size_t calls, size_t bytes = 1 << 20) {
    SchedulerOptions options = Window(1);
    options.max_queued_calls = calls;
    options.max_queued_bytes = bytes;
    Start(options);
    Submit({.caller = "somebody", .command = false});
  }

  // --- What left.
  std::vector<std::string> SentBodies() {
    std::vector<std::string> bodies;
    for (size_t i = 0; i < loop_.fake().sent(); ++i) bodies.push_back(loop_.fake().request(i).body);
    return bodies;
  }
  bool IsBatch(size_t request) { return loop_.fake().request(request).url.Reveal().ends_with("/batch"); }
  // The calls of a request, in its order.
  std::vector<int> CallsOf(size_t request) {
    const transport::Request& sent = loop_.fake().request(request);
    if (sent.source != nullptr) return {dynamic_cast<const NoSource&>(*sent.source).number()};
    if (!IsBatch(request)) return {std::atoi(sent.body.c_str())};
    std::vector<int> calls;
    for (size_t at = sent.body.find("?n="); at != std::string::npos; at = sent.body.find("?n=", at + 1)) {
      calls.push_back(std::atoi(sent.body.c_str() + at + 3));
    }
    return calls;
  }
  // Of each request, in the order of sending.
  std::vector<std::vector<int>> Sent() {
    std::vector<std::vector<int>> all;
    for (size_t i = 0; i < loop_.fake().sent(); ++i) all.push_back(CallsOf(i));
    return all;
  }

  // --- What comes back.
  // Every call of the request has ten times its number for a result.
  void AnswerOk(size_t request) {
    const std::vector<int> calls = CallsOf(request);
    if (!IsBatch(request)) return loop_.fake().Answer(request, 200, base::StrCat(R"({"result":)", calls[0] * 10, "}"));
    std::string results;
    for (size_t i = 0; i < calls.size(); ++i) {
      base::StrAppend(&results, i == 0 ? "" : ",", "\"c", i, "\":", calls[i] * 10);
    }
    loop_.fake().Answer(request, 200, base::StrCat(R"({"result":{"result":{)", results, R"(},"result_error":[]}})"));
  }
  void AnswerLimit(size_t request) {
    loop_.fake().Answer(request, 503, R"({"error":"QUERY_LIMIT_EXCEEDED","error_description":"Too many requests"})");
  }
  // Everything that is open, and what leaves then, until nothing is.
  void AnswerEverything() {
    for (size_t i = 0; i < loop_.fake().sent(); ++i) {
      if (loop_.fake().open(i)) AnswerOk(i);
    }
  }

  bool answered(int number) const { return answers_.contains(number); }
  const Answer& answer(int number) const { return answers_.at(number); }
  std::string Reason(int number) const { return base::ReasonOf(answer(number).status); }
  std::string Outcome(int number) const { return base::OutcomeOf(answer(number).status); }

  static constexpr char kOk[] =
      R"({"result": 5, "time": {"duration": 0.25, "operating": 1.5, "operating_reset_at": 1772088716}})";

  fakes::ManualClock clock_;
  fakes::ManualLoop loop_{clock_};
  fakes::FakeCredentials credentials_;
  base::Metrics registry_;
  SchedulerMetrics metrics_;
  std::unique_ptr<Scheduler> scheduler_;
  int next_ = 0;
  std::map<int, Answer> answers_;
  std::map<int, std::string> results_;
  std::map<int, std::vector<std::string>> secrets_;  // that must not be shown
};

}  // namespace imbot::portal

#endif  // IMBOT_TESTS_PORTAL_SCHEDULER_FIXTURE_H_
