// A program in a terminal of its own (a pty), as a person uses it: typed at, looked at, interrupted.
#ifndef IMBOT_TESTS_SUPPORT_TERMINAL_H_
#define IMBOT_TESTS_SUPPORT_TERMINAL_H_

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace imbot::testing {

// Killed and reaped on destruction, if it still runs. Thread-safe.
class Terminal {
 public:
  // Throws std::runtime_error if it can't be started. `environment` is added to the caller's; TERM is xterm.
  explicit Terminal(std::vector<std::string> command, std::map<std::string, std::string> environment = {});
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  // As if typed: "\x03" is Ctrl-C, "\t" the Tab key.
  void Type(const std::string& keys);
  // Everything shown so far, with the escape sequences of colours; line ends are "\n".
  std::string Shown() const;
  // Whether that holds `text` within `timeout`.
  bool WaitFor(const std::string& text, std::chrono::milliseconds timeout = std::chrono::seconds(30));
  // The exit code, or minus the signal that ended it, once everything it showed is there; nothing if it still runs
  // after `timeout`.
  std::optional<int> Wait(std::chrono::milliseconds timeout = std::chrono::seconds(30));

  static constexpr int kColumns = 100;

 private:
  void Read();

  pid_t pid_ = -1;
  int master_ = -1;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string shown_;          // guarded by mutex_
  bool ended_ = false;         // guarded by mutex_
  std::optional<int> status_;  // guarded by mutex_
  std::thread reader_;
};

}  // namespace imbot::testing

#endif  // IMBOT_TESTS_SUPPORT_TERMINAL_H_
