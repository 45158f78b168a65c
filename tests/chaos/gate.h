// A TCP proxy on loopback that causes trouble by schedule (schedule.h), and else passes everything unchanged: bytes,
// ends and resets, in both directions. Stands between gateway and portal, or between client and gateway.
//
// Runs on a thread of its own, which is stopped and joined on destruction. The public interface is thread-safe.
#ifndef IMBOT_TESTS_CHAOS_GATE_H_
#define IMBOT_TESTS_CHAOS_GATE_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/chaos/schedule.h"

namespace imbot::chaos {

class Connection;

// What the gate did, from its start.
struct Counters {
  uint64_t connections = 0;  // accepted, refused ones among them
  uint64_t refused = 0;
  uint64_t unreachable = 0;  // the server took no connection
  uint64_t delays = 0, throttles = 0, stalls = 0, half_closes = 0, cuts = 0, resets = 0;
  uint64_t corrupted_bytes = 0;
  uint64_t bytes_to_server = 0, bytes_to_client = 0;  // that were passed on
  uint64_t open = 0;                                  // connections now
};
std::string ToString(const Counters& counters);

class Gate {
 public:
  // Passes connections on to 127.0.0.1:`server_port`. Throws std::runtime_error if it can't listen.
  explicit Gate(int server_port, Schedule schedule = {});
  ~Gate();
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  int port() const { return port_; }
  // Asked of the gate's own thread, so that they hold everything whose effect a peer may have seen.
  Counters counters();
  // Whether `wanted` held within `timeout`; checked after everything the gate does.
  bool WaitUntil(const std::function<bool(const Counters&)>& wanted, std::chrono::milliseconds timeout) const;

  // For connections from now on, which are counted from 1 again.
  void SetSchedule(Schedule schedule);
  // Ends every stall that has no end of its own.
  void Release();
  // Resets every open connection.
  void ResetAll();
  // With false, nothing listens: connections are refused by the system. With true, the same port again.
  void Listen(bool listen);

 private:
  using Clock = std::chrono::steady_clock;

  void Post(std::function<void()> command);  // runs it on the gate's thread, and waits for it
  void Run();
  void Accept();
  void OpenListener();

  const int server_port_;
  int port_ = 0;
  int wake_[2] = {-1, -1};

  // Gate's thread only, after the constructor.
  int listener_ = -1;
  bool stopping_ = false;
  uint64_t number_ = 0;
  Schedule schedule_;
  Counters work_;
  std::vector<std::unique_ptr<Connection>> connections_;

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<std::function<void()>> commands_;  // guarded by mutex_
  Counters counters_;                            // guarded by mutex_
  std::thread thread_;
};

}  // namespace imbot::chaos

#endif  // IMBOT_TESTS_CHAOS_GATE_H_
