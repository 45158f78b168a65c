#include "tests/portal/scheduler_reference.h"

#include <algorithm>

namespace imbot::portal {
namespace {

using base::Duration;
using base::MonoTime;

constexpr size_t kMostCommandBytes = 128 << 10;

size_t Index(Lane lane) {
  return static_cast<size_t>(lane);
}

double Seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

Reference::Reference(const Schedule& schedule, const Rules& rules) : schedule_(&schedule), rules_(rules) {}

// --- Who waits, and who may leave.

std::vector<const Reference::Call*> Reference::Waiting(std::optional<Lane> lane) const {
  std::vector<const Call*> found;
  for (const Call& call : calls_) {
    if (call.state == State::kWaiting && (!lane.has_value() || call.what.lane == *lane)) found.push_back(&call);
  }
  std::sort(found.begin(), found.end(), [](const Call* a, const Call* b) { return a->place < b->place; });
  return found;
}

size_t Reference::waiting() const {
  return Waiting(std::nullopt).size();
}

size_t Reference::waiting_bytes() const {
  size_t bytes = 0;
  for (const Call* call : Waiting(std::nullopt)) bytes += call->what.bytes;
  return bytes;
}

size_t Reference::InFlight(std::optional<Lane> lane) const {
  return static_cast<size_t>(std::count_if(requests_.begin(), requests_.end(), [&](const Request& request) {
    return request.open && (lane.has_value() ? request.lane == *lane : request.lane != Lane::kStream);
  }));
}

bool Reference::Ready(const Call& call, std::optional<size_t> joining) const {
  // Who waits beyond its deadline is as good as gone.
  if (call.state != State::kWaiting || call.deadline <= now_) return false;
  if (call.what.key == 0) return true;
  for (const Call& other : calls_) {
    if (other.what.key != call.what.key || other.id == call.id) continue;
    if (other.state == State::kInFlight && !(joining.has_value() && rules_.keys_share && other.request == *joining)) {
      return false;
    }
    if (other.state == State::kWaiting && other.deadline > now_ && other.what.lane == call.what.lane &&
        other.place < call.place) {
      return false;
    }
  }
  return true;
}

bool Reference::AnyReady(Lane lane, std::optional<int> caller) const {
  return std::any_of(calls_.begin(), calls_.end(), [&](const Call& call) {
    return call.what.lane == lane && (!caller.has_value() || call.what.caller == *caller) && Ready(call);
  });
}

size_t Reference::Window(Lane lane) const {
  const bool wide = schedule_->plan.limited() && schedule_->batching &&
                    Waiting(lane).size() >= pace_.MostCommands(Pace::kLongestBatch);
  return wide ? schedule_->window * 4 : schedule_->window;
}

bool Reference::HasRoom(Lane lane) const {
  if (lane == Lane::kStream) return InFlight(Lane::kStream) < schedule_->streams;
  const size_t window = Window(lane);
  // A quarter of the window, if it has one, is for interactive calls alone.
  const size_t for_bulk = std::max<size_t>(1, window - (window + 3) / 4);
  const size_t bulk = InFlight(Lane::kBulk);
  if (lane == Lane::kBulk) return bulk < for_bulk && InFlight(std::nullopt) < window;
  return InFlight(Lane::kInteractive) + std::min(bulk, for_bulk) < window;
}

void Reference::Leak(MonoTime now) {
  level_ = std::max(0.0, level_ - Seconds(now - level_at_) * schedule_->plan.per_second);
  level_at_ = now;
}

bool Reference::BucketLets(Lane lane, MonoTime now, double doubt) {
  if (now + std::chrono::nanoseconds(doubt > 0 ? 1000 : -1000) < not_before_) return false;
  if (!schedule_->plan.limited()) return true;
  Leak(now);
  const double reserve = lane == Lane::kBulk ? rules_.bulk_reserve : 0;
  const double room = std::max(1.0, std::max(1.0, schedule_->plan.burst - rules_.spare) - reserve);
  return level_ + 1 <= room + doubt;
}

bool Reference::BucketLetsBefore(MonoTime deadline, Lane lane, MonoTime now) {
  if (deadline <= not_before_) return false;
  if (!schedule_->plan.limited()) return true;
  Leak(now);
  const double reserve = lane == Lane::kBulk ? rules_.bulk_reserve : 0;
  const double room = std::max(1.0, std::max(1.0, schedule_->plan.burst - rules_.spare) - reserve);
  return level_ + 1 - Seconds(deadline - now) * schedule_->plan.per_second < room - kDoubt;
}

bool Reference::MayLeave(Lane lane, MonoTime now, double doubt) {
  return HasRoom(lane) && BucketLets(lane, now, doubt);
}

bool Reference::IsYoung(Lane lane, MonoTime now) const {
  return !ignores_linger_ && schedule_->batching && lane != Lane::kStream && InFlight(std::nullopt) > 0 &&
         Waiting(lane).size() < pace_.MostCommands(Pace::kLongestBatch) &&
         now < left_at_[Index(lane)] + schedule_->linger * rules_.linger;
}

// Whose turn it is is the scheduler's choice, and with it whether that one could be in a batch; of some it finds out
// when it tries.
bool Reference::MayLinger(Lane lane, MonoTime now) const {
  return IsYoung(lane, now) && std::any_of(calls_.begin(), calls_.end(), [&](const Call& call) {
           return call.what.lane == lane && Ready(call) && !call.alone;
         });
}

bool Reference::MustLinger(Lane lane, MonoTime now) const {
  return IsYoung(lane, now) && std::all_of(calls_.begin(), calls_.end(), [&](const Call& call) {
           return call.what.lane != lane || !Ready(call) ||
                  (IsCommand(call) && call.deadline > left_at_[Index(lane)] + schedule_->linger * rules_.linger);
         });
}

bool Reference::IsCommand(const Call& call) const {
  return schedule_->batching && call.what.lane != Lane::kStream && !call.alone && call.what.command_size > 0 &&
         call.what.command_size <= kMostCommandBytes;
}

// --- What leaves.

void Reference::Sent(const std::vector<int>& ids, bool batch, MonoTime now) {
  now_ = now;
  if (ids.empty()) return Differ("a request without calls");
  // Those that linger may leave so that a newcomer is not refused for their sake, before it is let in.
  const bool may_be_early = schedule_->linger.count() > 0 && newcomer_.has_value() && !admitted_ &&
                            std::find(ids.begin(), ids.end(), *newcomer_) == ids.end();
  if (may_be_early) {
    Reference early = *this;
    early.ignores_linger_ = true;
    early.At(*newcomer_).state = State::kOver;
    early.Leaves(ids, batch, now);
    early.At(*newcomer_).state = State::kWaiting;
    early.ignores_linger_ = false;
    if (early.difference_.empty()) {
      *this = std::move(early);
      return;
    }
  }
  if (newcomer_.has_value()) CheckAdmitted();
  if (MustLinger(At(ids[0]).what.lane, now)) Differ("call ", ids[0], " leaves, though another has just left");
  Leaves(ids, batch, now);
}

void Reference::Leaves(const std::vector<int>& ids, bool batch, MonoTime now) {
  const size_t number = requests_.size();
  const Lane lane = At(ids[0]).what.lane;
  if (!HasRoom(lane)) Differ("call ", ids[0], " leaves, though the window is full");
  if (!BucketLets(lane, now, kDoubt)) Differ("call ", ids[0], " leaves, though the bucket is full");
  CheckPriority(lane, now);
  ForgetTurns();
  for (const Call& call : calls_) {
    if (call.state == State::kWaiting && call.deadline <= now) ForgetTurn(call);
  }
  requests_.push_back({ids, lane, batch, true, now, 0});
  left_at_[Index(lane)] = now;
  for (const int id : ids) Take(id, number, now);
  level_ += schedule_->plan.limited() ? 1 : 0;
  CheckWhole(number, now);
}

void Reference::CheckPriority(Lane lane, MonoTime now) {
  const auto waits = [&](Lane other) {
    return AnyReady(other) && MayLeave(other, now, -kDoubt) && !MayLinger(other, now);
  };
  if (lane == Lane::kBulk) {
    if (waits(Lane::kInteractive) || waits(Lane::kStream)) Differ("bulk leaves before what is not bulk");
    return;
  }
  const Lane other = lane == Lane::kStream ? Lane::kInteractive : Lane::kStream;
  if (last_of_two_ == lane && waits(other)) Differ("a stream and an interactive call don't take turns");
  last_of_two_ = lane;
}

void Reference::Take(int id, size_t request, MonoTime now) {
  Call& call = At(id);
  const Lane lane = requests_[request].lane;
  if (call.state != State::kWaiting || call.answered) return Differ("call ", id, " leaves, though it does not wait");
  if (call.what.lane != lane) Differ("call ", id, " leaves with another lane");
  if (call.deadline <= now) Differ("call ", id, " leaves after its deadline");
  if (!Ready(call, request)) Differ("call ", id, " leaves out of order");
  const auto taker = static_cast<size_t>(call.what.caller);
  // A turn may go on with calls of the same caller and key; it has that many turns less later.
  const std::vector<int>& ids = requests_[request].ids;
  const auto place = std::find(ids.begin(), ids.end(), id);
  const bool follows = place != ids.begin() && call.what.key != 0 && At(*(place - 1)).what.caller == call.what.caller &&
                       At(*(place - 1)).what.key == call.what.key;
  turns_owed_[Index(lane)][taker] += follows ? 1 : 0;
  for (size_t caller = 0; caller < kCallers; ++caller) {
    if (caller == taker) continue;
    const bool could = std::any_of(calls_.begin(), calls_.end(), [&](const Call& other) {
      return other.what.lane == lane && static_cast<size_t>(other.what.caller) == caller && Ready(other, request);
    });
    int& overtaken = overtaken_[Index(lane)][caller][taker];
    overtaken = could ? overtaken + (follows ? 0 : 1) : 0;
  }
  overtaken_[Index(lane)][taker].fill(0);
  requests_without_[Index(lane)][taker] = 0;
  call.state = State::kInFlight;
  call.request = request;
  call.sent_at = now;
  ++call.sends;
  requests_[request].command_bytes += call.what.command_size;
}

void Reference::CheckWhole(size_t number, MonoTime now) {
  const Request& request = requests_[number];
  Duration available = Duration::max();
  for (const int id : request.ids) available = std::min(available, At(id).deadline - now);
  const size_t size = request.ids.size();
  if (request.batch != (size > 1)) Differ("a batch of ", size);
  if (request.batch) {
    if (size > rules_.most_commands) Differ("a batch of ", size);
    for (const int id : request.ids) {
      if (!IsCommand(At(id))) Differ("call ", id, " leaves in a batch");
    }
    if (request.command_bytes > most_batch_bytes_) Differ("a batch of ", request.command_bytes, " bytes");
    if (size > pace_.MostCommands(available)) Differ("a batch of ", size, " has too little time");
  }
  CheckTurns(number, available, now);
}

bool Reference::Joins(const Call& call, size_t number, Duration available, MonoTime now) const {
  const Request& request = requests_[number];
  const size_t most = pace_.MostCommands(std::min(available, call.deadline - now));
  return IsCommand(call) && request.command_bytes + call.what.command_size <= most_batch_bytes_ &&
         (most > request.ids.size() || most == Pace::kMostCommands);
}

void Reference::CheckTurns(size_t number, Duration available, MonoTime now) {
  const Request& request = requests_[number];
  const bool takes_more = IsCommand(At(request.ids[0])) && request.ids.size() < Pace::kMostCommands;
  for (size_t caller = 0; caller < kCallers; ++caller) {
    // What it could have sent along.
    size_t ready = 0;
    size_t joins = 0;
    bool hasty = false;
    for (const Call& call : calls_) {
      if (static_cast<size_t>(call.what.caller) != caller || call.what.lane != request.lane || !Ready(call, number)) {
        continue;
      }
      ++ready;
      joins += Joins(call, number, available, now) ? 1 : 0;
      hasty |= pace_.MostCommands(call.deadline - now) < Pace::kMostCommands;
    }
    auto& overtaken = overtaken_[Index(request.lane)][caller];
    if (takes_more && ready > 0 && joins == ready) Differ("caller ", caller, " is left behind by request ", number);
    // It had to sit this one out, or was made to, since it has too little time for a full batch.
    if ((IsCommand(At(request.ids[0])) && joins < ready) || hasty) overtaken.fill(0);
    const int owed = turns_owed_[Index(request.lane)][caller];
    if (*std::max_element(overtaken.begin(), overtaken.end()) > rules_.overtakes + owed) {
      Differ("caller ", caller, " is overtaken twice by one other");
    }
    int& without = requests_without_[Index(request.lane)][caller];
    const bool took = std::any_of(request.ids.begin(), request.ids.end(),
                                  [&](int id) { return static_cast<size_t>(At(id).what.caller) == caller; });
    if (hasty) without = 0;
    if (!took && AnyReady(request.lane, static_cast<int>(caller)) && ++without >= kCallers * (1 + owed)) {
      Differ("caller ", caller, " has no call in so many requests");
    }
  }
}

void Reference::ForgetTurns() {
  for (const Lane lane : kAllLanes) {
    for (size_t caller = 0; caller < kCallers; ++caller) {
      if (AnyReady(lane, static_cast<int>(caller))) continue;
      overtaken_[Index(lane)][caller].fill(0);
      requests_without_[Index(lane)][caller] = 0;
      const std::vector<const Call*> all = Waiting(lane);
      const bool waits = std::any_of(
          all.begin(), all.end(), [&](const Call* call) { return static_cast<size_t>(call->what.caller) == caller; });
      if (!waits) turns_owed_[Index(lane)][caller] = 0;
    }
  }
}

void Reference::ForgetTurn(const Call& call) {
  overtaken_[Index(call.what.lane)][static_cast<size_t>(call.what.caller)].fill(0);
  requests_without_[Index(call.what.lane)][static_cast<size_t>(call.what.caller)] = 0;
}

void Reference::Idle(size_t queued, size_t in_flight, MonoTime now) {
  now_ = now;
  if (queued != waiting()) Differ(waiting(), " calls wait, told ", queued);
  if (in_flight != InFlight(std::nullopt)) Differ(InFlight(std::nullopt), " requests in flight, told ", in_flight);
  if (!expected_.empty()) Differ("call ", expected_.begin()->first, " is not answered");
  for (const Call& call : calls_) {
    if (call.answered || call.deadline > now) continue;
    if (call.state != State::kInFlight || !call.what.await_reply) Differ("call ", call.id, " outlives its deadline");
  }
  for (const Lane lane : kAllLanes) {
    if (AnyReady(lane) && MayLeave(lane, now, -kDoubt) && !MayLinger(lane, now))
      Differ("nobody leaves, though somebody may");
  }
  ForgetTurns();
}

}  // namespace imbot::portal
