#include "tests/simulator/rest/bucket.h"

#include <algorithm>
#include <cmath>

namespace simulator {
namespace {

using std::chrono::nanoseconds;

// The time in which one request leaks away.
nanoseconds Interval(double leak) {
  return nanoseconds(std::llround(1e9 / leak));
}

nanoseconds Since(PortalClock::TimePoint time) {
  return std::chrono::duration_cast<nanoseconds>(time.time_since_epoch());
}

}  // namespace

bool LeakyBucket::Admit(int64_t capacity, double leak, PortalClock::TimePoint now) {
  const nanoseconds interval = Interval(leak);
  const nanoseconds filled = std::max(empty_at_, Since(now)) + interval;
  if (filled - Since(now) > interval * capacity) return false;
  empty_at_ = filled;
  return true;
}

double LeakyBucket::Level(double leak, PortalClock::TimePoint now) const {
  const nanoseconds left = std::max(empty_at_ - Since(now), nanoseconds(0));
  return static_cast<double>(left.count()) / static_cast<double>(Interval(leak).count());
}

bool Buckets::Admit(const std::string& portal, const std::string& source, PortalClock::TimePoint now) {
  if (options_->bucket <= 0) return true;
  Source& of = sources_[{portal, options_->bucket_per_source ? source : "*"}];
  if (of.bucket.Admit(options_->bucket, options_->bucket_leak, now)) {
    ++of.admitted;
    return true;
  }
  ++of.refused;
  ++refused_;
  return false;
}

Json Buckets::ToJson(const std::string& portal, PortalClock::TimePoint now) const {
  Json out = Json::array();
  for (const auto& [key, of] : sources_) {
    if (key.first != portal) continue;
    Json json = Json::object();
    json["source"] = key.second;
    json["level"] = of.bucket.Level(options_->bucket_leak, now);
    json["admitted"] = of.admitted;
    json["refused"] = of.refused;
    out.push_back(std::move(json));
  }
  return out;
}

void Buckets::Clear() {
  sources_.clear();
  refused_ = 0;
}

}  // namespace simulator
