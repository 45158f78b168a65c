#include "tests/portal/scheduler_schedule.h"

#include <initializer_list>
#include <sstream>

namespace imbot::portal {
namespace {

using std::chrono::milliseconds;

// SplitMix64: the same numbers on every machine, which the standard's distributions don't promise.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t Next() {
    uint64_t z = (state_ += 0x9E3779B97F4A7C15U);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
  }
  uint32_t Below(uint32_t n) { return static_cast<uint32_t>(Next() % n); }
  bool OneIn(uint32_t n) { return Below(n) == 0; }
  template <typename T>
  T Of(std::initializer_list<T> values) {
    return values.begin()[Below(static_cast<uint32_t>(values.size()))];
  }

 private:
  uint64_t state_;
};

NewCall MakeCall(Random& random, bool large, bool busy) {
  NewCall call;
  call.caller = static_cast<int>(random.Below(kCallers));
  call.key = random.OneIn(2) ? 0 : 1 + static_cast<int>(random.Below(3));
  call.lane = random.OneIn(3) ? Lane::kBulk : random.OneIn(12) ? Lane::kStream : Lane::kInteractive;
  call.timeout =
      milliseconds(random.Of<int64_t>({0, 40, 700, 3'000, 20'000, 20'000, 60'000, 3'600'000'000, 3'600'000'000}));
  call.bytes = random.Of<size_t>({1, 10, 50, 200});
  call.command_size = random.OneIn(8) ? 0 : 24 + random.Below(10);
  if (large && random.OneIn(2)) call.command_size = random.Of<size_t>({4'000, 40'000, 131'072, 131'073});
  call.alone = random.OneIn(12);
  call.await_reply = random.OneIn(12);
  if (call.key != 0 && random.OneIn(3)) call.collapse = 1 + static_cast<int>(random.Below(3));
  if (busy) {
    // Nothing that would keep a batch from being full.
    call.timeout = std::chrono::hours(1'000);
    call.command_size = 24 + random.Below(10);
    call.alone = false;
  }
  return call;
}

std::string Text(ReplyKind kind) {
  switch (kind) {
    case ReplyKind::kOk:
      return "OK";
    case ReplyKind::kErrors:
      return "ERRORS";
    case ReplyKind::kCredentials:
      return "CREDENTIALS";
    case ReplyKind::kLimit:
      return "LIMIT";
    case ReplyKind::kTooLarge:
      return "TOO LARGE";
    case ReplyKind::kNotAllowed:
      return "NOT ALLOWED";
    case ReplyKind::kGatewayTimeout:
      return "GATEWAY TIMEOUT";
    case ReplyKind::kReset:
      return "RESET";
    case ReplyKind::kConnect:
      return "CONNECT";
    case ReplyKind::kTimeout:
      return "TIMEOUT";
  }
  return "?";
}

}  // namespace

Schedule MakeSchedule(uint64_t seed) {
  Random random(seed);
  Schedule schedule;
  schedule.seed = seed;
  schedule.window = random.Of<size_t>({1, 1, 2, 3, 4, 16});
  schedule.streams = random.Of<size_t>({1, 2});
  schedule.max_calls = random.Of<size_t>({3, 8, 1'000, 1'000});
  schedule.max_bytes = random.Of<size_t>({400, 100'000, 100'000, 100'000});
  schedule.batching = !random.OneIn(8);
  schedule.linger = std::chrono::milliseconds(random.Of<int>({0, 0, 1, 100}));
  schedule.plan = random.Of<RatePlan>({kUnlimitedPlan, kUnlimitedPlan, {3, 2}, {6, 0.5}, {8, 3.3}, kStandardPlan});
  schedule.stops = random.OneIn(4);
  const bool large = random.OneIn(20);
  const bool busy = random.OneIn(25);
  const bool kind_portal = random.OneIn(3);
  const uint32_t length = 12 + random.Below(24);
  for (uint32_t i = 0; i < length; ++i) {
    Event event;
    event.pick = static_cast<uint32_t>(random.Next());
    const uint32_t what = random.Below(20);
    if (what < 9) {
      event.kind = Event::Kind::kSubmit;
      const uint32_t copies = busy && random.OneIn(3) ? 60 : random.OneIn(4) ? 4 : 1;
      for (uint32_t copy = 0; copy < copies; ++copy) {
        event.call = MakeCall(random, large, busy);
        schedule.events.push_back(event);
      }
      continue;
    }
    if (what < 11) {
      event.kind = Event::Kind::kCancel;
    } else if (what < 15) {
      event.kind = Event::Kind::kAdvance;
      event.by = random.Of<milliseconds>({milliseconds(1), milliseconds(40), milliseconds(330), milliseconds(500),
                                          milliseconds(2'000), milliseconds(20'000)});
      // Off every round number.
      if (random.OneIn(3)) event.by += std::chrono::nanoseconds(random.Below(1'000'000));
    } else {
      event.kind = Event::Kind::kReply;
      event.reply = kind_portal || random.OneIn(2)
                        ? ReplyKind::kOk
                        : random.Of({ReplyKind::kErrors, ReplyKind::kErrors, ReplyKind::kCredentials, ReplyKind::kLimit,
                                     ReplyKind::kLimit, ReplyKind::kTooLarge, ReplyKind::kNotAllowed,
                                     ReplyKind::kGatewayTimeout, ReplyKind::kReset, ReplyKind::kConnect});
    }
    schedule.events.push_back(event);
  }
  return schedule;
}

CommandAnswer AnswerOf(uint32_t pick, size_t index) {
  switch (Random(pick + index * 7919).Below(6)) {
    case 0:
      return CommandAnswer::kError;
    case 1:
      return CommandAnswer::kMissing;
    case 2:
      return CommandAnswer::kOneTooMany;
    default:
      return CommandAnswer::kOk;
  }
}

std::string Describe(const Schedule& schedule) {
  std::ostringstream out;
  out << "seed " << schedule.seed << ": window " << schedule.window << ", streams " << schedule.streams << ", at most "
      << schedule.max_calls << " calls and " << schedule.max_bytes << " bytes wait, bucket " << schedule.plan.burst
      << " and " << schedule.plan.per_second << " a second" << (schedule.batching ? "" : ", no batches") << ", linger "
      << schedule.linger.count() << " ms" << (schedule.stops ? ", stops at the end" : "") << "\n";
  int submitted = 0;
  for (const Event& event : schedule.events) {
    out << "  ";
    switch (event.kind) {
      case Event::Kind::kSubmit: {
        const NewCall& call = event.call;
        out << "submit " << submitted++ << ": caller " << call.caller << ", key " << call.key << ", "
            << (call.lane == Lane::kBulk     ? "bulk"
                : call.lane == Lane::kStream ? "stream"
                                             : "interactive")
            << ", " << call.timeout.count() << " ms, " << call.bytes << " bytes, command of " << call.command_size
            << (call.alone ? ", alone" : "") << (call.await_reply ? ", awaits its reply" : "");
        if (call.collapse != 0) out << ", collapse " << call.collapse;
        break;
      }
      case Event::Kind::kCancel:
        out << "cancel, pick " << event.pick;
        break;
      case Event::Kind::kAdvance:
        out << "advance by " << event.by.count() << " ns";
        break;
      case Event::Kind::kReply:
        out << "reply " << Text(event.reply) << ", pick " << event.pick;
        break;
    }
    out << "\n";
  }
  return out.str();
}

}  // namespace imbot::portal
