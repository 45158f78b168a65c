#include "tests/simulator/rest/operating.h"

namespace simulator {
namespace {

constexpr int64_t kMinutes = 10;

int64_t Minute(PortalClock::TimePoint now) {
  return std::chrono::duration_cast<std::chrono::minutes>(now.time_since_epoch()).count();
}

}  // namespace

std::string OperatingLimiter::Key(const std::string& portal, const std::string& caller, const std::string& method) {
  return portal + " " + caller + " " + method;
}

bool OperatingLimiter::Blocked(const std::string& key, PortalClock::TimePoint now) const {
  if (options_->operating_limit.count() <= 0) return false;
  return State(key, now).seconds > std::chrono::duration<double>(options_->operating_limit).count();
}

void OperatingLimiter::Bill(const std::string& key, PortalClock::TimePoint now, std::chrono::nanoseconds took) {
  if (options_->operating_cost.count() > 0) took = options_->operating_cost;
  if (took <= options_->operating_ignored) return;
  auto& minutes = minutes_[key];
  minutes[Minute(now)] += took;
  minutes.erase(minutes.begin(), minutes.upper_bound(Minute(now) - kMinutes));
}

OperatingState OperatingLimiter::State(const std::string& key, PortalClock::TimePoint now) const {
  const int64_t current = Minute(now);
  OperatingState state;
  state.reset_at = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count() + kMinutes * 60;
  const auto it = minutes_.find(key);
  if (it == minutes_.end()) return state;
  bool first = true;
  for (const auto& [minute, took] : it->second) {
    if (minute <= current - kMinutes || minute > current) continue;
    if (first) state.reset_at = (minute + kMinutes) * 60;
    first = false;
    state.seconds += std::chrono::duration<double>(took).count();
  }
  return state;
}

Json OperatingLimiter::ToJson(PortalClock::TimePoint now) const {
  Json out = Json::object();
  for (const auto& [key, minutes] : minutes_) out[key] = State(key, now).seconds;
  return out;
}

}  // namespace simulator
