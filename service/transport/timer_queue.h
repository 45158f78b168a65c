// Timers of one thread, in order of their time, then of their setting. Thread-compatible: its owner's thread only.
//
// Setting and dropping cost a logarithm, on average, and dropped timers leave no trace for long: nearly every call sets
// one for a minute ahead and drops it milliseconds later.
#ifndef IMBOT_SERVICE_TRANSPORT_TIMER_QUEUE_H_
#define IMBOT_SERVICE_TRANSPORT_TIMER_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "service/base/clock.h"
#include "service/base/executor.h"

namespace imbot::transport {

class TimerQueue {
 public:
  base::TimerId Add(base::MonoTime when, base::Task task);
  // Gives back the task, to be destroyed by the caller when it holds nothing; an unknown id gives an empty one.
  base::Task Cancel(base::TimerId id);
  // The next task whose time has come, or an empty one.
  base::Task TakeDue(base::MonoTime now);
  // When the next one is due.
  std::optional<base::MonoTime> Next();
  size_t size() const { return tasks_.size(); }
  // Empties the queue; destroying what it returns may set new timers.
  absl::flat_hash_map<uint64_t, base::Task> Clear();

 private:
  struct Node {
    base::MonoTime when;
    uint64_t id;
    // For a heap with the earliest on top.
    bool operator<(const Node& other) const { return when != other.when ? when > other.when : id > other.id; }
  };
  void DropDeadTop();

  std::vector<Node> heap_;  // holds nodes of cancelled timers too
  absl::flat_hash_map<uint64_t, base::Task> tasks_;
  uint64_t last_id_ = 0;
};

}  // namespace imbot::transport

#endif  // IMBOT_SERVICE_TRANSPORT_TIMER_QUEUE_H_
