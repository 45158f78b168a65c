#include "service/portal/operating_budget.h"

#include <algorithm>

namespace imbot::portal {

using base::MonoTime;
using std::chrono::seconds;

namespace {

// Of the limit, what the gateway makes use of: others may use the same account.
constexpr double kShare = 0.9;
// A method is held at least so long, if the portal's clock and this one disagree about when it is free again.
constexpr seconds kLeastHold{60};
// The next cost is not expected to be much less than the greatest seen; but one slow call is forgotten in time.
constexpr double kCostDecay = 0.9;

double Used(const double (&used)[2]) {
  return std::max(used[0], used[1]);
}

}  // namespace

OperatingBudget::Account& OperatingBudget::Find(std::string_view method) {
  const auto it = accounts_.find(method);
  return it != accounts_.end() ? it->second : accounts_.emplace(method, Account()).first->second;
}

bool OperatingBudget::Fits(const Account& account) const {
  if (!account.known) return account.under_way < kUnknownCostCalls;
  if (!account.counted) return true;
  const double room = limit_.count() * kShare - Used(account.used);
  // One at a time is never refused while there is room: the portal looks before the call, not after it.
  if (account.under_way == 0) return room > 0 || account.trying;
  return account.cost.has_value() && !account.trying && (account.under_way + 1) * *account.cost <= room;
}

bool OperatingBudget::MayLeave(std::string_view method, MonoTime now) {
  if (limit_.count() <= 0) return true;
  if (HeldUntil(method, now).has_value()) return false;
  Account& account = Find(method);
  if (Fits(account)) return true;
  if (account.under_way == 0) {
    const MonoTime reset_at = std::max(account.reset_at[0], account.reset_at[1]);
    account.held_until = reset_at > now ? reset_at : now + kLeastHold;
  }
  return false;
}

std::optional<MonoTime> OperatingBudget::HeldUntil(std::string_view method, MonoTime now) {
  const auto it = accounts_.find(method);
  if (it == accounts_.end() || !it->second.held_until.has_value()) return std::nullopt;
  Account& account = it->second;
  if (*account.held_until > now) return account.held_until;
  account.held_until.reset();
  account.blocked = false;
  account.trying = true;
  return std::nullopt;
}

void OperatingBudget::OnLeft(std::string_view method) {
  if (limit_.count() > 0) ++Find(method).under_way;
}

void OperatingBudget::OnBack(std::string_view method, const translate::ReplyTime& time, bool in_batch, MonoTime now,
                             base::WallTime wall_now) {
  if (limit_.count() <= 0) return;
  Account& account = Find(method);
  --account.under_way;
  Learn(account, time, in_batch, now, wall_now);
}

void OperatingBudget::Learn(Account& account, const translate::ReplyTime& time, bool in_batch, MonoTime now,
                            base::WallTime wall_now) const {
  // An error has no `time` at all; a portal that does not count has no `operating` in it.
  if (!time.operating.has_value()) {
    account.known = account.known || time.duration.has_value();
    return;
  }
  double& used = account.used[in_batch ? 1 : 0];
  MonoTime& reset_at = account.reset_at[in_batch ? 1 : 0];
  MonoTime told_reset = reset_at;
  if (time.operating_reset_at.has_value()) {
    const auto in = std::chrono::ceil<seconds>(std::chrono::sys_seconds(seconds(*time.operating_reset_at)) - wall_now);
    told_reset = now + std::clamp<base::Duration>(in, seconds(0), kOperatingWindow) + seconds(1);
  }
  ++account.answers;
  const bool first = !account.counted;
  const double grown = *time.operating - used;
  if (first) {
    // What was used before is not this call's: the next answer tells what one costs.
    if (*time.operating <= 0) account.cost = 0.0;
    account.answers = 0;
  } else if (grown > 0) {
    account.cost = std::max(account.cost.value_or(0) * kCostDecay, grown / account.answers);
    account.answers = 0;
  } else if (!account.cost.has_value()) {
    account.cost = 0.0;
  }
  // Answers overtake each other: less than before counts only once the portal has forgotten something.
  const bool forgotten = told_reset > reset_at + seconds(2) || account.trying;
  if (grown > 0 || forgotten || first) used = *time.operating;
  if (told_reset > reset_at || account.trying) reset_at = told_reset;
  account.known = account.counted = true;
  account.trying = false;
}

void OperatingBudget::OnBlocked(std::string_view method, MonoTime now) {
  if (limit_.count() <= 0) return;
  Account& account = Find(method);
  const MonoTime reset_at = std::max(account.reset_at[0], account.reset_at[1]);
  account.held_until = reset_at > now ? reset_at : now + kOperatingWindow;
  account.blocked = true;
}

bool OperatingBudget::Release(MonoTime now) {
  bool any = false;
  for (auto& [method, account] : accounts_) {
    if (!HeldUntil(method, now).has_value()) continue;
    any = true;
    account.held_until.reset();
    account.blocked = false;
    account.trying = true;
  }
  return any;
}

std::vector<PortalSnapshot::HeldMethod> OperatingBudget::Held(MonoTime now) const {
  std::vector<PortalSnapshot::HeldMethod> held;
  for (const auto& [method, account] : accounts_) {
    if (!account.held_until.has_value() || *account.held_until <= now) continue;
    held.push_back({.method = method,
                    .until = *account.held_until - now,
                    .operating_seconds = Used(account.used),
                    .blocked_by_portal = account.blocked});
  }
  return held;
}

}  // namespace imbot::portal
