#include "tests/chaos/once_caller.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <algorithm>
#include <string>

#include "tests/chaos/schedule.h"

namespace imbot::chaos {
namespace {

using std::chrono::milliseconds;
using testing::RpcResult;

constexpr milliseconds kLongestPause{1'000};
constexpr milliseconds kConnectWithin{500};
// Shorter than the time after which the portal wants to be asked again about a message that it may have lost.
constexpr milliseconds kFinishingDeadline{3'000};
constexpr milliseconds kLongestPatience{120'000};
// After so many answers of the gateway that it can't know, a NEVER call is left.
constexpr int kEnoughUnknown = 3;

int64_t UnixMicros() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

Said SaidBy(const RpcResult& result) {
  if (result.ok()) return Said::kOk;
  const std::string outcome = result.Outcome();
  if (outcome == "NOT_EXECUTED") return Said::kNotExecuted;
  if (outcome == "EXECUTED") return Said::kExecuted;
  return outcome == "UNKNOWN" ? Said::kUnknown : Said::kNothing;
}

std::string StatusOf(const RpcResult& result) {
  static constexpr const char* kCodes[] = {
      "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
      "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
      "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
      "DATA_LOSS", "UNAUTHENTICATED"};
  const auto code = static_cast<size_t>(result.status.error_code());
  std::string text = code < std::size(kCodes) ? kCodes[code] : "code " + std::to_string(code);
  if (result.ok()) return text;
  if (result.Reason().empty()) return text + " without ErrorInfo";
  return text + " " + result.Reason() + " " + result.Outcome();
}

milliseconds PauseAfter(const RpcResult& result) {
  const auto retry = result.RetryInfo();
  if (!retry.has_value()) return milliseconds(0);
  const milliseconds asked(retry->retry_delay().seconds() * 1'000 + retry->retry_delay().nanos() / 1'000'000);
  return std::min(asked, kLongestPause);
}

}  // namespace

void Door::Open(int port) {
  const std::lock_guard lock(mutex_);
  place_ = {port, place_.generation + 1};
  open_ = true;
  changed_.notify_all();
}

void Door::Close() {
  const std::lock_guard lock(mutex_);
  open_ = false;
}

void Door::Abandon() {
  const std::lock_guard lock(mutex_);
  abandoned_ = true;
  changed_.notify_all();
}

std::optional<Door::Place> Door::Wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return open_ || abandoned_; });
  if (abandoned_) return std::nullopt;
  return place_;
}

Caller::Caller(const CallerOptions& options, const Calls& calls, Door* door, std::atomic<size_t>* closed)
    : options_(options), calls_(calls), door_(*door), closed_(*closed), random_(options.seed) {
  records_.resize(options.calls);
  for (size_t i = options.calls; i > 0; --i) fresh_.push_back(i - 1);
}

void Caller::Run() {
  Loop(options_.window);
}

void Caller::Finish() {
  finishing_ = true;
  options_.patience = kFinishingDeadline;
  fresh_.assign(given_up_.rbegin(), given_up_.rend());
  given_up_.clear();
  Loop(fresh_.size());
}

void Caller::Loop(size_t window) {
  while (!abandoned_) {
    auto now = Clock::now();
    while (!to_repeat_.empty() && to_repeat_.begin()->first <= now && !abandoned_) {
      const size_t number = to_repeat_.begin()->second;
      to_repeat_.erase(to_repeat_.begin());
      Start(number);
    }
    if (!fresh_.empty() && open_ < window && next_start_ <= now && !abandoned_) {
      const size_t number = fresh_.back();
      fresh_.pop_back();
      begun_[number] = now;
      ++open_;
      Start(number);
      // Longer than what kTogetherUs of once_check.h sets apart.
      next_start_ = Clock::now() + Draw(15, 35);
    }
    if (open_ == 0 && fresh_.empty()) return;

    // The next answer, or the next thing to do.
    auto wake = now + milliseconds(1'000);
    if (!to_repeat_.empty()) wake = std::min(wake, to_repeat_.begin()->first);
    if (!fresh_.empty() && open_ < window) wake = std::min(wake, next_start_);
    std::deque<Answered> answers;
    {
      std::unique_lock lock(inbox_->mutex);
      inbox_->filled.wait_until(lock, wake, [&] { return !inbox_->answers.empty(); });
      answers.swap(inbox_->answers);
    }
    for (Answered& answered : answers) OnAnswer(std::move(answered));
  }
  std::unique_lock lock(inbox_->mutex);
  inbox_->filled.wait(lock, [&] { return inbox_->under_way == 0; });
}

// Calls that wait for a connection leave together once it is there, however far apart they began: so none begins
// without.
bool Caller::Connect() {
  do {
    const auto place = door_.Wait();
    if (!place.has_value()) return false;
    if (place->generation == generation_) continue;
    generation_ = place->generation;
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // a connection of its own
    clients_.push_back(std::make_unique<testing::RpcClient>(grpc::CreateCustomChannel(
        "127.0.0.1:" + std::to_string(place->port), grpc::InsecureChannelCredentials(), arguments)));
  } while (!clients_.back()->channel()->WaitForConnected(std::chrono::system_clock::now() + kConnectWithin));
  return true;
}

void Caller::Start(size_t number) {
  if (!Connect()) {
    abandoned_ = true;
    return;
  }
  Call call = calls_.Make(options_.index, number);
  if (records_[number].mark.empty()) records_[number] = std::move(call.record);

  Attempt attempt;
  attempt.key = KeyOf(number);
  testing::RpcOptions options;
  options.deadline = finishing_ ? kFinishingDeadline : DrawDeadline();
  options.metadata = {{"authorization", "Bearer " + TokenOf(options_.index)}, {"idempotency-key", attempt.key}};
  attempt.started_us = UnixMicros();
  {
    const std::lock_guard lock(inbox_->mutex);
    ++inbox_->under_way;
  }
  clients_.back()->CallAsync(
      call.rpc, call.request, options, [inbox = inbox_, attempt, number](const RpcResult& result) {
        Answered answered{number, attempt, PauseAfter(result)};
        answered.attempt.ended_us = UnixMicros();
        answered.attempt.said = SaidBy(result);
        answered.attempt.status = StatusOf(result);
        if (result.ok() && result.json.find("\"id\"") != std::string::npos) {
          const testing::Json id = testing::Json::parse(result.json).value("id", testing::Json());
          if (id.is_string()) answered.attempt.id = std::stoll(id.get<std::string>());
        }
        const std::lock_guard lock(inbox->mutex);
        inbox->answers.push_back(std::move(answered));
        --inbox->under_way;
        inbox->filled.notify_one();
      });
}

void Caller::OnAnswer(Answered answered) {
  const size_t number = answered.number;
  std::vector<Attempt>& attempts = records_[number].attempts;
  attempts.push_back(std::move(answered.attempt));
  const bool done = IsDone(number);
  if (!done && !GivesUp(number)) {
    const milliseconds backoff = Draw(10, 40 + 20 * static_cast<int>(std::min<size_t>(attempts.size(), 20)));
    to_repeat_.emplace(Clock::now() + std::max(backoff, answered.pause), number);
    return;
  }
  if (!done) given_up_.push_back(number);
  --open_;
  if (!finishing_) ++closed_;
}

bool Caller::IsDone(size_t number) const {
  const Record& record = records_[number];
  const Attempt& last = record.attempts.back();
  if (last.said == Said::kOk || last.said == Said::kExecuted) return true;
  if (record.repeat != Repeat::kNever) return false;
  if (last.status.find("IDEMPOTENCY_KEY_UNRESOLVED") != std::string::npos) return true;
  return std::count_if(record.attempts.begin(), record.attempts.end(),
                       [](const Attempt& attempt) { return attempt.said == Said::kUnknown; }) >= kEnoughUnknown;
}

bool Caller::GivesUp(size_t number) const {
  const auto spent = Clock::now() - begun_.at(number);
  if (spent > kLongestPatience) return true;
  const std::string& status = records_[number].attempts.back().status;
  return spent > options_.patience && status.find("MESSAGE_DUPLICATED_BY_UUID") != std::string::npos;
}

// "1", "2", ...: the same for every caller, as services count.
std::string Caller::KeyOf(size_t number) const {
  const std::string key = std::to_string(number + 1);
  if (!options_.new_key_after_unknown) return key;
  const auto& attempts = records_[number].attempts;
  const auto unknown = std::count_if(attempts.begin(), attempts.end(), [](const Attempt& attempt) {
    return attempt.said == Said::kUnknown || attempt.said == Said::kNothing;
  });
  return unknown == 0 ? key : key + "-" + std::to_string(unknown);
}

milliseconds Caller::Draw(int from, int to) {
  return milliseconds(from + static_cast<int>(NextRandom(&random_) % static_cast<uint64_t>(to - from + 1)));
}

// Most have time enough, some little, some none.
milliseconds Caller::DrawDeadline() {
  const uint64_t kind = NextRandom(&random_) % 10;
  if (kind == 0) return Draw(5, 100);
  return kind <= 2 ? Draw(200, 1'500) : Draw(3'000, 6'000);
}

}  // namespace imbot::chaos
