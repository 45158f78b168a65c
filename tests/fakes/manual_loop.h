// A transport::Loop that the test turns by hand: no thread, no socket, no real time.
//
//   fakes::ManualLoop loop;
//   Scheduler scheduler(loop, loop.clock());
//   scheduler.Call(...);
//   loop.Run();                                            // what was posted
//   ASSERT_EQ(loop.fake().sent(), 1u);
//   EXPECT_EQ(loop.fake().request(0).body, "{...}");
//   loop.fake().Answer(0, 200, R"({"result":1})");        // delivers, and runs what follows from it
//   loop.Advance(std::chrono::seconds(2));                 // timers fire in order of their time, each at its time
//
// Order is exact: posted tasks first in, first out; then timers that are due, by time, then by order of setting. The
// test's own thread is the loop's thread, so loop-thread-only functions may be called straight from the test's body.
// Post() alone is thread-safe.
#ifndef IMBOT_TESTS_FAKES_MANUAL_LOOP_H_
#define IMBOT_TESTS_FAKES_MANUAL_LOOP_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "service/base/mutex.h"
#include "service/transport/transport.h"
#include "tests/fakes/manual_clock.h"

namespace imbot::fakes {

class ManualLoop;

// Keeps every request; the test, or a script, answers each. A request still open at its give_up_at fails with kTimeout,
// as with the real one.
class FakeTransport : public transport::Transport {
 public:
  // Answers at once (from the loop, after Send has returned), or leaves the request open if it returns nothing.
  using Script = std::function<std::optional<transport::Result>(const transport::Request&)>;

  explicit FakeTransport(ManualLoop& loop) : loop_(loop) {}

  void Send(transport::Request request, transport::Callback done) override;
  size_t in_flight() const override;

  // Requests so far, answered or not, in the order of sending.
  size_t sent() const { return sent_.size(); }
  // Throws if there is no such request, which fails the test.
  const transport::Request& request(size_t index) const { return sent_.at(index)->request; }
  base::MonoTime sent_at(size_t index) const { return sent_.at(index)->at; }
  bool open(size_t index) const { return sent_.at(index)->done != nullptr; }

  void SetScript(Script script) { script_ = std::move(script); }

  // Each answers request `index`, once, and runs the loop until it is idle (from inside a task: as soon as that has
  // returned).
  void Answer(size_t index, int http_status, std::string body);
  void Answer(size_t index, transport::Reply reply);
  void Fail(size_t index, transport::Failure::Kind kind, bool sent = true, std::string message = "made by the test");
  void Complete(size_t index, transport::Result result);

  static transport::Result MakeReply(int http_status, std::string body) {
    transport::Result result;
    result.reply.http_status = http_status;
    result.reply.content_type = "application/json; charset=utf-8";
    result.reply.body = std::move(body);
    return result;
  }
  static transport::Result MakeFailure(transport::Failure::Kind kind, bool sent,
                                       std::string message = "made by the test") {
    transport::Result result;
    result.failure = transport::Failure{kind, sent, std::move(message)};
    return result;
  }

 private:
  friend class ManualLoop;
  struct Sent {
    transport::Request request;
    transport::Callback done;  // empty once it was answered
    base::MonoTime at;
    base::TimerId give_up = base::TimerId::kNone;
  };

  void Finish(Sent& sent, transport::Result result);

  ManualLoop& loop_;
  std::vector<std::shared_ptr<Sent>> sent_;
  Script script_;
};

class ManualLoop : public transport::Loop {
 public:
  ManualLoop() : fake_(*this), thread_(std::this_thread::get_id()) {}
  // A clock shared between loops; not owned, outlives the loop.
  explicit ManualLoop(ManualClock& clock) : clock_(&clock), fake_(*this), thread_(std::this_thread::get_id()) {}
  ~ManualLoop() override { Stop(); }

  transport::Transport& transport() override { return fake_; }
  FakeTransport& fake() { return fake_; }
  const base::Clock& clock() const { return *clock_; }
  base::MonoTime Now() const { return clock_->Now(); }

  void Post(base::Task task) override {
    base::MutexLock lock(mutex_);
    if (!stopped_) tasks_.push_back(std::move(task));
  }
  base::TimerId PostAt(base::MonoTime when, base::Task task) override {
    const auto id = static_cast<base::TimerId>(++last_timer_);
    if (!is_stopped()) timers_.emplace(std::make_pair(when, last_timer_), std::move(task));
    return id;
  }
  void CancelTimer(base::TimerId id) override {
    for (auto timer = timers_.begin(); timer != timers_.end(); ++timer) {
      if (timer->first.second != static_cast<uint64_t>(id)) continue;
      // The task's captures may call back into this loop when they die.
      const base::Task dropped = std::move(timer->second);
      timers_.erase(timer);
      return;
    }
  }
  bool InThisThread() const override { return std::this_thread::get_id() == thread_; }

  // Runs one posted task, or else one timer that is due. False: nothing to do.
  bool RunOne() {
    base::Task task;
    {
      base::MutexLock lock(mutex_);
      if (!tasks_.empty()) {
        task = std::move(tasks_.front());
        tasks_.pop_front();
      }
    }
    if (task == nullptr && !timers_.empty() && timers_.begin()->first.first <= Now()) {
      task = std::move(timers_.begin()->second);
      timers_.erase(timers_.begin());
    }
    if (task == nullptr) return false;
    const bool outer = std::exchange(running_, true);
    std::move(task)();
    running_ = outer;
    return true;
  }
  // Until nothing is posted and no timer is due. Throws after a million tasks: something posts itself forever.
  void Run() {
    for (int i = 0; RunOne(); ++i) {
      if (i == 1000000) throw std::runtime_error("ManualLoop::Run: tasks without end");
    }
  }
  // Moves time on, stopping at each timer on the way.
  void Advance(base::Duration by) {
    const base::MonoTime end = Now() + by;
    Run();
    while (!timers_.empty() && timers_.begin()->first.first <= end) {
      clock_->AdvanceTo(timers_.begin()->first.first);
      Run();
    }
    clock_->AdvanceTo(end);
    Run();
  }

  // When the next timer fires; none if there is none.
  std::optional<base::MonoTime> next_timer() const {
    if (timers_.empty()) return std::nullopt;
    return timers_.begin()->first.first;
  }
  size_t timers() const { return timers_.size(); }
  bool running() const { return running_; }

  // As the real loop stops: what is posted runs, timers are dropped, open requests end with kStopped, later posts are
  // destroyed unrun.
  void Stop() {
    if (is_stopped()) return;
    Run();
    timers_.clear();
    for (size_t i = 0; i < fake_.sent_.size(); ++i) {
      if (fake_.open(i))
        fake_.Finish(*fake_.sent_[i], FakeTransport::MakeFailure(transport::Failure::Kind::kStopped, true));
    }
    Run();
    std::deque<base::Task> dropped;
    {
      base::MutexLock lock(mutex_);
      stopped_ = true;
      dropped.swap(tasks_);
    }
    timers_.clear();
  }

 private:
  bool is_stopped() {
    base::MutexLock lock(mutex_);
    return stopped_;
  }

  ManualClock own_clock_;
  ManualClock* clock_ = &own_clock_;
  FakeTransport fake_;
  const std::thread::id thread_;

  // Loop thread only.
  std::map<std::pair<base::MonoTime, uint64_t>, base::Task> timers_;
  uint64_t last_timer_ = 0;
  bool running_ = false;

  base::Mutex mutex_;
  std::deque<base::Task> tasks_ IMBOT_GUARDED_BY(mutex_);
  bool stopped_ IMBOT_GUARDED_BY(mutex_) = false;
};

inline void FakeTransport::Send(transport::Request request, transport::Callback done) {
  auto sent = std::make_shared<Sent>();
  sent->request = std::move(request);
  sent->done = std::move(done);
  sent->at = loop_.Now();
  sent_.push_back(sent);
  std::optional<transport::Result> scripted = script_ ? script_(sent->request) : std::nullopt;
  if (scripted.has_value()) {
    Finish(*sent, *std::move(scripted));
  } else {
    sent->give_up = loop_.PostAt(sent->request.give_up_at, [this, weak = std::weak_ptr<Sent>(sent)] {
      const std::shared_ptr<Sent> late = weak.lock();
      if (late != nullptr && late->done != nullptr) {
        Finish(*late, MakeFailure(transport::Failure::Kind::kTimeout, true));
      }
    });
  }
}

inline size_t FakeTransport::in_flight() const {
  size_t count = 0;
  for (const auto& sent : sent_) count += sent->done != nullptr ? 1 : 0;
  return count;
}

inline void FakeTransport::Finish(Sent& sent, transport::Result result) {
  loop_.CancelTimer(sent.give_up);
  loop_.Post([done = std::exchange(sent.done, nullptr), result = std::move(result)]() mutable {
    std::move(done)(std::move(result));
  });
}

inline void FakeTransport::Complete(size_t index, transport::Result result) {
  if (!open(index)) throw std::logic_error("FakeTransport: request answered twice");
  Finish(*sent_[index], std::move(result));
  if (!loop_.running()) loop_.Run();
}
inline void FakeTransport::Answer(size_t index, int http_status, std::string body) {
  Complete(index, MakeReply(http_status, std::move(body)));
}
inline void FakeTransport::Answer(size_t index, transport::Reply reply) {
  transport::Result result;
  result.reply = std::move(reply);
  Complete(index, std::move(result));
}
inline void FakeTransport::Fail(size_t index, transport::Failure::Kind kind, bool sent, std::string message) {
  Complete(index, MakeFailure(kind, sent, std::move(message)));
}

}  // namespace imbot::fakes

#endif  // IMBOT_TESTS_FAKES_MANUAL_LOOP_H_
