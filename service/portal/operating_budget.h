// How long each method may run on one portal, so that it is held back before the portal blocks it.
//
// A portal adds up the time of each method's calls over the last ten minutes, and refuses the method alone once the sum
// exceeds its limit (420 s; WIRE_FACTS 3). Its answers say how much has been used and when some of that is forgotten.
// A call may leave if what is used, what is under way and the call itself stay below a tenth less than the limit; of a
// method whose cost nobody knows yet, only a few may be under way. When nothing of it is under way and nothing fits,
// the method is held until the portal forgets some.
//
// What a batch's commands are told is another account of the same method, or, on some portals, the batch's own: then
// `batch` is held, and calls leave alone (WIRE_FACTS 2). Pure state: time comes with each call. Loop thread only; owned
// by a scheduler.
#ifndef IMBOT_SERVICE_PORTAL_OPERATING_BUDGET_H_
#define IMBOT_SERVICE_PORTAL_OPERATING_BUDGET_H_

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "service/base/clock.h"
#include "service/portal/portal_snapshot.h"
#include "service/translate/reply.h"

namespace imbot::portal {

// The sum that a portal looks at is of the last so long.
inline constexpr std::chrono::minutes kOperatingWindow{10};
// Of a method whose cost is unknown, so many calls may be under way: even if each takes the 60 s that a request may, it
// stays within the limit.
inline constexpr int kUnknownCostCalls = 6;

class OperatingBudget {
 public:
  // `limit` 0: the portal has none, and nothing is ever held.
  explicit OperatingBudget(std::chrono::seconds limit) : limit_(limit) {}

  // Whether one more call of the method may leave now. If not, it is held, or one that is under way will tell.
  bool MayLeave(std::string_view method, base::MonoTime now);
  // Until when nothing of the method leaves; nothing if it may.
  std::optional<base::MonoTime> HeldUntil(std::string_view method, base::MonoTime now);

  // Balanced: each call that left comes back, however it ended.
  void OnLeft(std::string_view method);
  // `time`: what the portal told; empty if it told nothing. `in_batch`: as a command of one.
  void OnBack(std::string_view method, const translate::ReplyTime& time, bool in_batch, base::MonoTime now,
              base::WallTime wall_now);
  // The portal has blocked the method.
  void OnBlocked(std::string_view method, base::MonoTime now);
  // An operator's word; whether anything was held.
  bool Release(base::MonoTime now);

  std::vector<PortalSnapshot::HeldMethod> Held(base::MonoTime now) const;

 private:
  struct Account {
    int under_way = 0;
    bool known = false;       // the portal has answered at least once
    bool counted = false;     // and it counts: the limit is switched on there
    double used[2] = {0, 0};  // seconds, as last told: of calls alone, of a batch's commands
    base::MonoTime reset_at[2];
    int answers = 0;             // since `used` last grew
    std::optional<double> cost;  // seconds of one call; 0: too short to be counted
    std::optional<base::MonoTime> held_until;
    bool blocked = false;  // by the portal itself
    bool trying = false;   // some must be forgotten by now: one call will tell how much
  };

  void Learn(Account& account, const translate::ReplyTime& time, bool in_batch, base::MonoTime now,
             base::WallTime wall_now) const;
  bool Fits(const Account& account) const;
  Account& Find(std::string_view method);

  const std::chrono::duration<double> limit_;
  std::map<std::string, Account, std::less<>> accounts_;
};

}  // namespace imbot::portal

#endif  // IMBOT_SERVICE_PORTAL_OPERATING_BUDGET_H_
