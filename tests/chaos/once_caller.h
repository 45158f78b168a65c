// A caller that has every call done once: it repeats one that did not end OK, with the same key, until it knows what
// became of it. Several are under way at once, each begun in order. Its own thread runs Run(); nothing else of it may
// be touched until that has returned.
#ifndef IMBOT_TESTS_CHAOS_ONCE_CALLER_H_
#define IMBOT_TESTS_CHAOS_ONCE_CALLER_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "tests/chaos/once_calls.h"
#include "tests/chaos/once_record.h"
#include "tests/support/rpc_client.h"

namespace imbot::chaos {

// Where the gateway is at the moment. Thread-safe.
class Door {
 public:
  struct Place {
    int port = 0;
    int generation = 0;  // of the process behind it
  };
  void Open(int port);
  void Close();
  // Nobody will come any more.
  void Abandon();
  // Waits while it is closed. Nothing once it is abandoned.
  std::optional<Place> Wait();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  Place place_;
  bool open_ = false, abandoned_ = false;
};

struct CallerOptions {
  size_t index = 0;
  size_t calls = 0;
  size_t window = 4;  // calls under way
  uint64_t seed = 1;
  // How long it goes on with a message of which the portal can't tell whether it is there (MESSAGE_DUPLICATED_BY_UUID).
  std::chrono::milliseconds patience{120'000};
  // What a caller must not do: after an attempt that may have been executed, it takes a new key.
  bool new_key_after_unknown = false;
};

class Caller {
 public:
  // `calls`, `door` and `closed` outlive it. `closed` counts the calls it is done with.
  Caller(const CallerOptions& options, const Calls& calls, Door* door, std::atomic<size_t>* closed);

  // All its calls.
  void Run();
  // Once more what it gave up, now that nothing is in the way.
  void Finish();
  const std::vector<Record>& records() const { return records_; }

 private:
  using Clock = std::chrono::steady_clock;
  struct Answered {
    size_t number;
    Attempt attempt;
    std::chrono::milliseconds pause;
  };
  // Filled by gRPC's threads.
  struct Inbox {
    std::mutex mutex;
    std::condition_variable filled;
    std::deque<Answered> answers;
    size_t under_way = 0;
  };

  void Loop(size_t window);
  // To where the gateway is now; waits for it. False once nobody will come any more.
  bool Connect();
  void Start(size_t number);
  void OnAnswer(Answered answered);
  bool IsDone(size_t number) const;
  bool GivesUp(size_t number) const;
  std::string KeyOf(size_t number) const;
  std::chrono::milliseconds Draw(int from, int to);
  std::chrono::milliseconds DrawDeadline();

  CallerOptions options_;
  const Calls& calls_;
  Door& door_;
  std::atomic<size_t>& closed_;
  const std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>();
  uint64_t random_;
  // One for each process that the gateway was; the last one is used. All are kept, since calls may still be under way.
  std::vector<std::unique_ptr<testing::RpcClient>> clients_;
  int generation_ = 0;
  bool finishing_ = false, abandoned_ = false;
  std::vector<Record> records_;
  std::vector<size_t> given_up_;
  std::vector<size_t> fresh_;                           // to be started, the last one first
  std::multimap<Clock::time_point, size_t> to_repeat_;  // by when
  std::map<size_t, Clock::time_point> begun_;           // when it first tried, or tried once more
  size_t open_ = 0;                                     // begun and not done
  Clock::time_point next_start_{};
};

}  // namespace imbot::chaos

#endif  // IMBOT_TESTS_CHAOS_ONCE_CALLER_H_
