#include "service/transport/timer_queue.h"

#include <algorithm>
#include <utility>

namespace imbot::transport {

base::TimerId TimerQueue::Add(base::MonoTime when, base::Task task) {
  const uint64_t id = ++last_id_;
  tasks_.emplace(id, std::move(task));
  heap_.push_back(Node{when, id});
  std::push_heap(heap_.begin(), heap_.end());
  return static_cast<base::TimerId>(id);
}

base::Task TimerQueue::Cancel(base::TimerId id) {
  const auto found = tasks_.find(static_cast<uint64_t>(id));
  if (found == tasks_.end()) return nullptr;
  base::Task task = std::move(found->second);
  tasks_.erase(found);
  // Paid for by the cancellations since the last time.
  if (heap_.size() > 2 * tasks_.size() + 64) {
    std::erase_if(heap_, [this](const Node& node) { return !tasks_.contains(node.id); });
    std::make_heap(heap_.begin(), heap_.end());
  }
  return task;
}

void TimerQueue::DropDeadTop() {
  while (!heap_.empty() && !tasks_.contains(heap_.front().id)) {
    std::pop_heap(heap_.begin(), heap_.end());
    heap_.pop_back();
  }
}

base::Task TimerQueue::TakeDue(base::MonoTime now) {
  DropDeadTop();
  if (heap_.empty() || heap_.front().when > now) return nullptr;
  const auto found = tasks_.find(heap_.front().id);
  base::Task task = std::move(found->second);
  tasks_.erase(found);
  std::pop_heap(heap_.begin(), heap_.end());
  heap_.pop_back();
  return task;
}

std::optional<base::MonoTime> TimerQueue::Next() {
  DropDeadTop();
  if (heap_.empty()) return std::nullopt;
  return heap_.front().when;
}

absl::flat_hash_map<uint64_t, base::Task> TimerQueue::Clear() {
  heap_.clear();
  return std::exchange(tasks_, {});
}

}  // namespace imbot::transport
