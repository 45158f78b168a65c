// A schedule: what happens to a scheduler, in which order. Made from a seed, whole and ahead of time, so that it can be
// printed, repeated, and made shorter by leaving events out: an event never says which call or request it means, but
// which of those that could be meant.
#ifndef IMBOT_TESTS_PORTAL_SCHEDULER_SCHEDULE_H_
#define IMBOT_TESTS_PORTAL_SCHEDULER_SCHEDULE_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "service/portal/call_queue.h"
#include "service/portal/leaky_bucket.h"

namespace imbot::portal {

inline constexpr int kCallers = 4;

enum class ReplyKind {
  kOk,
  kErrors,          // of a batch: some commands succeed, some fail, some are missing, some are one too many
  kCredentials,     // refused as a whole
  kLimit,           // QUERY_LIMIT_EXCEEDED
  kTooLarge,        // 413
  kNotAllowed,      // ERROR_BATCH_METHOD_NOT_ALLOWED, as a whole
  kGatewayTimeout,  // 504, HTML
  kReset,           // the connection broke, after the request was sent
  kConnect,         // and before
  kTimeout,         // no reply until the transport gave up
};

struct NewCall {
  int caller = 0;
  int key = 0;  // 0: none
  Lane lane = Lane::kInteractive;
  std::chrono::milliseconds timeout{0};
  size_t bytes = 0;
  size_t command_size = 0;  // 0: it can't be a command
  bool alone = false;
  bool await_reply = false;
  int collapse = 0;  // bits: the fields it sets; 0: it does not ask for it
};

struct Event {
  enum class Kind { kSubmit, kCancel, kAdvance, kReply };
  Kind kind = Kind::kAdvance;
  NewCall call;
  uint32_t pick = 0;
  ReplyKind reply = ReplyKind::kOk;
  base::Duration by{0};
};

struct Schedule {
  uint64_t seed = 0;
  size_t window = 1;
  size_t streams = 1;
  size_t max_calls = 1;
  size_t max_bytes = 1;
  bool batching = true;
  std::chrono::milliseconds linger{0};
  RatePlan plan;
  bool stops = false;  // at the end, instead of answering what is left
  std::vector<Event> events;
};

Schedule MakeSchedule(uint64_t seed);
std::string Describe(const Schedule& schedule);
// The answer of one command in a reply of kErrors.
enum class CommandAnswer { kOk, kError, kMissing, kOneTooMany };
CommandAnswer AnswerOf(uint32_t pick, size_t index);

}  // namespace imbot::portal

#endif  // IMBOT_TESTS_PORTAL_SCHEDULER_SCHEDULE_H_
