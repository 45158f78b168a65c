#include "tests/simulator/rest/event_queue.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace simulator {
namespace {

constexpr std::chrono::hours kRetention{24};
constexpr std::chrono::seconds kRemembersEmpty{60};
constexpr int64_t kMaxLimit = 1000;

}  // namespace

int64_t EventQueue::Add(int64_t user_id, std::string type, Json data) {
  Expire(user_id);
  const int64_t id = next_id_++;
  by_user_[user_id][id] = Event{std::move(type), clock_->Now(), std::move(data)};
  if (negative_cache_ != NegativeCache::kLossy) empty_since_.erase(user_id);
  return id;
}

Json EventQueue::Fetch(const std::set<int64_t>& user_ids, int64_t offset, int64_t limit) {
  limit = std::clamp<int64_t>(limit, 1, kMaxLimit);
  std::map<int64_t, const Event*> found;
  for (const int64_t user_id : user_ids) {
    Expire(user_id);
    if (offset > 0) empty_since_.erase(user_id);
    const auto queue = by_user_.find(user_id);
    if (queue == by_user_.end()) continue;
    std::map<int64_t, Event>& events = queue->second;
    if (offset > 0) events.erase(events.begin(), events.lower_bound(offset));
    int64_t count = 0;
    for (const auto& [id, event] : events) {
      if (count++ == limit) break;
      found[id] = &event;
    }
  }
  if (RememberedEmpty(user_ids)) found.clear();

  Json events = Json::array();
  int64_t next_offset = offset;
  for (const auto& [id, event] : found) {
    if (static_cast<int64_t>(events.size()) == limit) break;
    Json item = Json::object();
    item["eventId"] = id;
    item["type"] = event->type;
    item["date"] = IsoDate(event->date);
    item["data"] = event->data;
    events.push_back(std::move(item));
    next_offset = std::max(next_offset, id + 1);
  }
  if (events.empty() && negative_cache_ != NegativeCache::kOff) {
    for (const int64_t user_id : user_ids) empty_since_.try_emplace(user_id, clock_->Now());
  }
  Json page = Json::object();
  // An exact fit claims that there is more: the server only compares the number with the limit.
  const bool has_more = static_cast<int64_t>(events.size()) >= limit;
  page["events"] = std::move(events);
  page["nextOffset"] = next_offset;
  page["hasMore"] = has_more;
  return page;
}

Json EventQueue::ToJson() const {
  std::map<int64_t, Json> by_id;
  for (const auto& [user_id, queue] : by_user_) {
    for (const auto& [id, event] : queue) {
      Json item = Json::object();
      item["eventId"] = id;
      item["userId"] = user_id;
      item["type"] = event.type;
      item["date"] = IsoDate(event.date);
      item["data"] = event.data;
      by_id[id] = std::move(item);
    }
  }
  Json events = Json::array();
  for (auto& [id, item] : by_id) events.push_back(std::move(item));
  Json json = Json::object();
  json["events"] = std::move(events);
  json["subscribed"] = subscribed_;
  return json;
}

void EventQueue::Expire(int64_t user_id) {
  const auto queue = by_user_.find(user_id);
  if (queue == by_user_.end()) return;
  const PortalClock::TimePoint oldest = clock_->Now() - kRetention;
  std::erase_if(queue->second, [&](const auto& entry) { return entry.second.date < oldest; });
}

bool EventQueue::RememberedEmpty(const std::set<int64_t>& user_ids) const {
  if (negative_cache_ == NegativeCache::kOff) return false;
  return std::all_of(user_ids.begin(), user_ids.end(), [&](int64_t user_id) {
    const auto since = empty_since_.find(user_id);
    return since != empty_since_.end() && clock_->Now() - since->second < kRemembersEmpty;
  });
}

}  // namespace simulator
