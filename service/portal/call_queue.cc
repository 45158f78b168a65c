#include "service/portal/call_queue.h"

#include <algorithm>
#include <utility>

#include "absl/container/btree_map.h"

namespace imbot::portal {
namespace {

// Calls that a turn takes at most, times the order keys there are: 50 commands of a batch are of a sixth of them.
// Batches overlap, by about four where a standard portal takes two a second and each lasts two seconds, so that with
// more keys in each the next ones would find all of them on their way; with fewer, callers would overtake each other
// for nothing.
constexpr size_t kTurnTimesKeys = 300;
// How far others get ahead of a call that waits: they take several calls in a turn, and more come.
constexpr size_t kOvertakingNumerator = 3, kOvertakingDenominator = 2;
// No caller is expected to send more, meanwhile, than so many times what of it waits now.
constexpr size_t kMoreToCome = 3;

}  // namespace

// What order is kept by: a bot's dialog, a message.
struct QueuedCall::Key {
  std::string name;
  size_t busy = 0;    // calls that left and are not answered
  bool open = false;  // all of those are in the request that is being put together
  std::array<absl::btree_map<uint64_t, QueuedCall*>, kLanes> waiting;
  std::array<QueuedCall*, kLanes> ready{};  // the first of each lane, if it may leave
};

// One caller's calls of one lane.
struct QueuedCall::Line {
  std::string caller;
  absl::btree_map<uint64_t, CallQueue::Call> calls;
  absl::btree_map<uint64_t, QueuedCall*> ready;
  size_t bytes = 0;
  bool has_turn = false;  // in the lane's turns
  bool sits_out = false;  // or among those who sit this request out
  bool had_turn = false;  // and was to go on with a turn that it has had
  size_t owes = 0;        // turns that it has had ahead of time
  std::list<Line*>::iterator turn;
};

CallQueue::CallQueue() = default;
CallQueue::~CallQueue() = default;

CallQueue::Line& CallQueue::LineOf(Lane lane, const std::string& caller) {
  std::unique_ptr<Line>& line = lines_[Index(lane)][caller];
  if (line == nullptr) {
    line = std::make_unique<Line>();
    line->caller = caller;
  }
  return *line;
}

void CallQueue::Add(Call call) {
  call->place = ++last_place_;
  if (const std::string& name = call->call.order_key; !name.empty()) {
    auto it = keys_.find(name);
    if (it == keys_.end()) {
      auto key = std::make_unique<Key>();
      key->name = name;
      const std::string_view own_name = key->name;
      it = keys_.emplace(own_name, std::move(key)).first;
    }
    call->key = it->second.get();
  }
  Insert(call);
}

void CallQueue::Insert(const Call& call) {
  const Lane lane = call->lane();
  Line& line = LineOf(lane, call->call.caller);
  call->queued = true;
  line.calls.emplace(call->place, call);
  line.bytes += call->call.bytes;
  ++calls_;
  ++lane_calls_[Index(lane)];
  bytes_ += call->call.bytes;
  if (call->key == nullptr) return SetReady(*call, true);
  call->key->waiting[Index(lane)].emplace(call->place, call.get());
  Refresh(*call->key);
}

CallQueue::Call CallQueue::Extract(QueuedCall& call) {
  const Lane lane = call.lane();
  Line& line = LineOf(lane, call.call.caller);
  SetReady(call, false);
  call.queued = false;
  const auto it = line.calls.find(call.place);
  Call out = std::move(it->second);
  line.calls.erase(it);
  line.bytes -= call.call.bytes;
  --calls_;
  --lane_calls_[Index(lane)];
  bytes_ -= call.call.bytes;
  if (call.key != nullptr) {
    call.key->waiting[Index(lane)].erase(call.place);
    if (call.key->ready[Index(lane)] == &call) call.key->ready[Index(lane)] = nullptr;
  }
  if (line.calls.empty()) lines_[Index(lane)].erase(line.caller);
  return out;
}

bool CallQueue::Remove(QueuedCall& call) {
  if (!call.queued) return false;
  if (follows_ == &call) follows_ = nullptr;
  Key* const key = call.key;
  const Call held = Extract(call);
  call.key = nullptr;
  if (key == nullptr) return true;
  Refresh(*key);
  Release(key);
  return true;
}

void CallQueue::Done(QueuedCall& call) {
  Key* const key = std::exchange(call.key, nullptr);
  if (key == nullptr) return;
  --key->busy;
  Refresh(*key);
  Release(key);
}

void CallQueue::Return(const Call& call) {
  if (call->key != nullptr) --call->key->busy;
  Insert(call);
}

void CallQueue::Release(Key* key) {
  const bool waits =
      std::any_of(key->waiting.begin(), key->waiting.end(), [](const auto& calls) { return !calls.empty(); });
  if (key->busy == 0 && !waits) keys_.erase(key->name);
}

void CallQueue::Refresh(Key& key) {
  for (const Lane lane : kAllLanes) {
    const size_t i = Index(lane);
    const bool may_leave = key.busy == 0 || (key.open && lane == lane_);
    QueuedCall* const first = may_leave && !key.waiting[i].empty() ? key.waiting[i].begin()->second : nullptr;
    if (first == key.ready[i]) continue;
    if (key.ready[i] != nullptr) SetReady(*key.ready[i], false);
    if (first != nullptr) SetReady(*first, true);
    key.ready[i] = first;
  }
}

void CallQueue::SetReady(QueuedCall& call, bool ready) {
  const size_t lane = Index(call.lane());
  Line& line = LineOf(call.lane(), call.call.caller);
  if (ready) {
    line.ready.emplace(call.place, &call);
    if (line.has_turn) return;
    line.has_turn = true;
    line.turn = turns_[lane].insert(turns_[lane].end(), &line);
  } else {
    line.ready.erase(call.place);
    if (!line.ready.empty() || !line.has_turn) return;
    line.has_turn = false;
    (std::exchange(line.sits_out, false) ? passed_over_ : turns_[lane]).erase(line.turn);
  }
}

CallQueue::Call CallQueue::ReplacedBy(const QueuedCall& call) const {
  if (!call.call.collapse.has_value()) return nullptr;
  const auto key = keys_.find(call.call.order_key);
  if (key == keys_.end()) return nullptr;
  const auto& waiting = key->second->waiting[Index(call.lane())];
  if (waiting.empty()) return nullptr;
  QueuedCall& last = *waiting.rbegin()->second;
  if (!last.call.collapse.has_value() || last.call.caller != call.call.caller) return nullptr;
  const Collapse& before = *last.call.collapse;
  const Collapse& after = *call.call.collapse;
  const bool says_as_much =
      std::includes(after.fields.begin(), after.fields.end(), before.fields.begin(), before.fields.end());
  if (before.subject != after.subject || !says_as_much) return nullptr;
  return lines_[Index(call.lane())].at(call.call.caller)->calls.at(last.place);
}

void CallQueue::Replace(QueuedCall& previous, Call next) {
  const size_t lane = Index(previous.lane());
  Line& line = LineOf(previous.lane(), previous.call.caller);
  Key& key = *previous.key;
  next->place = previous.place;
  next->queued = true;
  next->key = &key;
  // In place, so that who edits a message many times a second keeps its turn.
  key.waiting[lane][next->place] = next.get();
  if (key.ready[lane] == &previous) {
    key.ready[lane] = next.get();
    line.ready[next->place] = next.get();
  }
  line.bytes += next->call.bytes - previous.call.bytes;
  bytes_ += next->call.bytes - previous.call.bytes;
  previous.queued = false;
  previous.key = nullptr;
  line.calls[next->place] = std::move(next);  // may be the last hold on `previous`
}

CallQueue::Call CallQueue::Surplus(const QueuedCall& call, bool by_bytes) const {
  const auto weight = [&](const Line& line) { return by_bytes ? line.bytes : line.calls.size(); };
  const auto greatest = [&](Lane lane) -> const Line* {
    const Line* found = nullptr;
    for (const auto& [name, line] : lines_[Index(lane)]) {
      if (found == nullptr || weight(*line) > weight(*found)) found = line.get();
    }
    return found;
  };
  if (call.lane() != Lane::kBulk) {
    if (const Line* bulk = greatest(Lane::kBulk); bulk != nullptr) return bulk->calls.rbegin()->second;
  }
  const Line* const most = greatest(call.lane());
  if (most == nullptr || most->caller == call.call.caller) return nullptr;
  const auto own = lines_[Index(call.lane())].find(call.call.caller);
  const size_t has = own == lines_[Index(call.lane())].end() ? 0 : weight(*own->second);
  const size_t would_have = has + (by_bytes ? call.call.bytes : 1);
  return weight(*most) > would_have ? most->calls.rbegin()->second : nullptr;
}

CallQueue::Call CallQueue::First(Lane lane) const {
  const std::list<Line*>& turns = turns_[Index(lane)];
  // Those who owe turns would be passed, round after round.
  const auto first = std::min_element(turns.begin(), turns.end(),
                                      [](const Line* left, const Line* right) { return left->owes < right->owes; });
  return first == turns.end() ? nullptr : (*first)->calls.at((*first)->ready.begin()->first);
}

void CallQueue::Begin(Lane lane) {
  open_ = true;
  lane_ = lane;
  PassDebtors();
}

CallQueue::Call CallQueue::Next() const {
  if (follows_ != nullptr) return lines_[Index(lane_)].at(follows_->call.caller)->calls.at(follows_->place);
  const std::list<Line*>& turns = turns_[Index(lane_)];
  if (turns.empty()) return nullptr;
  const Line& line = *turns.front();
  return line.calls.at(line.ready.begin()->first);
}

void CallQueue::Take() {
  std::list<Line*>& turns = turns_[Index(lane_)];
  QueuedCall* next = std::exchange(follows_, nullptr);
  if (next != nullptr) {
    ++LineOf(lane_, next->call.caller).owes;
  } else {
    Line& line = *turns.front();
    next = line.ready.begin()->second;
    // Behind everybody else, before it is known whether it has another call.
    turns.splice(turns.end(), turns, line.turn);
    turn_calls_ = 0;
  }
  ++turn_calls_;
  const Call call = Extract(*next);
  if (Key* const key = call->key; key != nullptr) {
    ++key->busy;
    if (!key->open) {
      key->open = true;
      opened_.push_back(key);
    }
    // An earlier attempt may still be under way at the portal, which then refuses this one: what follows would
    // overtake.
    if (call->maybe_executed) key->open = false;
    Refresh(*key);
    QueuedCall* const behind = key->ready[Index(lane_)];
    if (turn_calls_ * keys_.size() < kTurnTimesKeys && behind != nullptr && behind->call.caller == call->call.caller)
      follows_ = behind;
  }
  if (follows_ == nullptr) PassDebtors();
}

void CallQueue::Defer() {
  QueuedCall* next = std::exchange(follows_, nullptr);
  if (next == nullptr) next = turns_[Index(lane_)].front()->ready.begin()->second;
  const Call call = Extract(*next);
  if (Key* const key = call->key; key != nullptr) {
    ++key->busy;
    key->open = false;
    Refresh(*key);
  }
  PassDebtors();
}

void CallQueue::PassOver() {
  std::list<Line*>& turns = turns_[Index(lane_)];
  const QueuedCall* const next = std::exchange(follows_, nullptr);
  Line& line = next != nullptr ? LineOf(lane_, next->call.caller) : *turns.front();
  line.sits_out = true;
  line.had_turn = next != nullptr;
  passed_over_.splice(passed_over_.end(), turns, line.turn);
  PassDebtors();
}

void CallQueue::PassDebtors() {
  std::list<Line*>& turns = turns_[Index(lane_)];
  while (!turns.empty() && turns.front()->owes > 0) {
    --turns.front()->owes;
    turns.splice(turns.end(), turns, turns.begin());
  }
}

void CallQueue::Recall() {
  std::list<Line*>& turns = turns_[Index(lane_)];
  follows_ = nullptr;
  for (auto it = passed_over_.begin(); it != passed_over_.end();) {
    const auto place = it++;
    (*place)->sits_out = false;
    if ((*place)->had_turn) turns.splice(turns.end(), passed_over_, place);
  }
  turns.splice(turns.begin(), passed_over_);
}

void CallQueue::End() {
  Recall();
  for (Key* key : std::exchange(opened_, {})) {
    key->open = false;
    Refresh(*key);
  }
  open_ = false;
}

size_t CallQueue::Ahead(Lane lane, const std::string& caller) const {
  const auto& lines = lines_[Index(lane)];
  const auto own = lines.find(caller);
  const size_t own_calls = own == lines.end() ? 0 : own->second->calls.size();
  const size_t turns = (own_calls + 1) * kOvertakingNumerator / kOvertakingDenominator;
  size_t ahead = own_calls;
  for (const auto& [name, line] : lines) {
    if (name != caller) ahead += std::min(turns, line->calls.size() * kMoreToCome);
  }
  return lane == Lane::kBulk ? ahead + calls(Lane::kInteractive) : ahead;
}

bool CallQueue::Busy(const std::string& order_key) const {
  const auto key = keys_.find(order_key);
  return key != keys_.end() && key->second->busy > 0;
}

std::optional<base::MonoTime> CallQueue::OldestSince() const {
  std::optional<base::MonoTime> oldest;
  for (const auto& lines : lines_) {
    for (const auto& [name, line] : lines) {
      const base::MonoTime first = line->calls.begin()->second->submitted_at;
      if (!oldest.has_value() || first < *oldest) oldest = first;
    }
  }
  return oldest;
}

std::vector<CallQueue::Call> CallQueue::All() const {
  std::vector<Call> all;
  for (const auto& lines : lines_) {
    for (const auto& [name, line] : lines) {
      for (const auto& [place, call] : line->calls) all.push_back(call);
    }
  }
  return all;
}

}  // namespace imbot::portal
