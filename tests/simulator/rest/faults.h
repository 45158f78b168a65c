// Faults that a test has ordered, and the calls that are being held. Loop thread only.
//
// Every call passes a fixed list of injection points in order; at each it meets at most one fault, the oldest one that
// fits and has a count left. A new kind is one row in faults.cc's table, a new point is one enumerator and one
// `co_await call.At(...)`.
#ifndef IMBOT_TESTS_SIMULATOR_REST_FAULTS_H_
#define IMBOT_TESTS_SIMULATOR_REST_FAULTS_H_

#include <chrono>
#include <coroutine>
#include <cstdint>
#include <deque>
#include <list>
#include <optional>
#include <string>
#include <string_view>

#include "tests/simulator/net/event_loop.h"
#include "tests/simulator/net/http_types.h"
#include "tests/simulator/php/json.h"

namespace simulator {

enum class Point {
  kBeforeAuth,
  kBeforeExecute,
  kBeforeReserve,  // only methods that reserve a templateId pass the next three
  kAfterReserve,
  kAfterStore,
  kBeforeReply,
  kDuringReply,
};

enum class FaultAction {
  kDelay,
  kHold,     // until released
  kReset,    // TCP RST
  kClose,    // orderly close without a reply
  kRespond,  // this status, headers and body
  kError,    // an error of the portal's own form
  kCut,      // half of the reply, then close
  kHalve,    // half of the reply's body, whole as HTTP
  kEndless,  // a body that goes on until the client has gone
};

struct Fault {
  uint64_t id = 0;
  std::string kind;
  std::string method = "*";  // exact, "*", or a prefix that ends in "*"
  std::string portal;        // empty: any
  int64_t count = 1;         // -1: for ever
  int64_t skip = 0;          // calls that pass unharmed before
  uint64_t hits = 0;
  Point at = Point::kBeforeExecute;
  FaultAction action = FaultAction::kDelay;

  std::chrono::milliseconds delay{0};
  HttpResponse response;
  std::string location;  // of a redirect; {target} stands for the request's own path and query
  std::string error;
  std::string description;
};

class Faults {
 public:
  // Reads one or a list of {method, count, kind, args, at, skip, portal}. The reason if anything is wrong: nothing is
  // added then.
  std::optional<std::string> Add(const Json& specification);
  void Clear() { faults_.clear(); }
  Json ToJson() const;

  // The fault that this call meets here, its count already taken down.
  std::optional<Fault> Take(Point point, std::string_view method, std::string_view portal);

 private:
  std::list<Fault> faults_;
  uint64_t next_id_ = 1;
};

// Calls that wait for POST /release, in the order in which they came.
class HeldCalls {
 public:
  explicit HeldCalls(EventLoop* loop) : loop_(loop) {}

  struct Awaiter {
    HeldCalls* held;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) { held->waiting_.push_back(handle); }
    void await_resume() const noexcept {}
  };
  Awaiter Wait() { return Awaiter{this}; }

  // How many were let go.
  size_t Release(size_t at_most);
  size_t size() const { return waiting_.size(); }
  // Forgets them without resuming: their frames are about to be destroyed.
  void Drop() { waiting_.clear(); }

 private:
  EventLoop* const loop_;
  std::deque<std::coroutine_handle<>> waiting_;
};

}  // namespace simulator

#endif  // IMBOT_TESTS_SIMULATOR_REST_FAULTS_H_
