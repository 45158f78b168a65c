// The event log of one portal: what its bots in fetch mode and its subscribed users have not confirmed yet
// (WIRE_FACTS.md 6.3). Owned by Portal; loop thread only.
//
// It knows nothing of what an event says: methods/notify.h writes them, methods/event_v2.cc reads them.
#ifndef IMBOT_TESTS_SIMULATOR_REST_EVENT_QUEUE_H_
#define IMBOT_TESTS_SIMULATOR_REST_EVENT_QUEUE_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "tests/simulator/php/json.h"
#include "tests/simulator/rest/portal_clock.h"

namespace simulator {

class EventQueue {
 public:
  explicit EventQueue(const PortalClock* clock) : clock_(clock) {}

  // The event's id: one sequence for the whole portal.
  int64_t Add(int64_t user_id, std::string type, Json data);

  // {events, nextOffset, hasMore}. An offset above 0 first deletes these users' events below it.
  Json Fetch(const std::set<int64_t>& user_ids, int64_t offset, int64_t limit);

  void Wipe(int64_t user_id) { by_user_.erase(user_id); }

  // Users whose events are written down at all; bots need no subscription.
  void Subscribe(int64_t user_id) { subscribed_.insert(user_id); }
  void Unsubscribe(int64_t user_id) { subscribed_.erase(user_id); }
  bool anyone_subscribed() const { return !subscribed_.empty(); }
  bool IsSubscribed(int64_t user_id) const { return subscribed_.count(user_id) > 0; }

  // The server remembers for a minute that a queue was empty. A new event makes it forget, unless `lossy`: that is the
  // race which hides events for up to a minute.
  enum class NegativeCache { kOff, kOn, kLossy };
  void set_negative_cache(NegativeCache mode) { negative_cache_ = mode; }
  // The next event's id, for tests that want the documentation's numbers.
  void set_next_id(int64_t id) { next_id_ = id; }

  // {events: [{eventId, userId, type, date, data}], subscribed: […]}
  Json ToJson() const;

 private:
  struct Event {
    std::string type;
    PortalClock::TimePoint date;
    Json data;
  };

  // What is older than a day is gone.
  void Expire(int64_t user_id);
  bool RememberedEmpty(const std::set<int64_t>& user_ids) const;

  const PortalClock* const clock_;
  int64_t next_id_ = 1;
  std::map<int64_t, std::map<int64_t, Event>> by_user_;  // by user, by id
  std::set<int64_t> subscribed_;
  NegativeCache negative_cache_ = NegativeCache::kOff;
  std::map<int64_t, PortalClock::TimePoint> empty_since_;
};

}  // namespace simulator

#endif  // IMBOT_TESTS_SIMULATOR_REST_EVENT_QUEUE_H_
