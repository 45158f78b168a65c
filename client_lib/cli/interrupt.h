// Ctrl-C: the call under way is cancelled, so that the program can still say what is known of it. A second one, or one
// while no call is under way, ends the program at once.
//
// One for the process, made before any other thread. Thread-safe.
#ifndef IMBOT_CLIENT_LIB_CLI_INTERRUPT_H_
#define IMBOT_CLIENT_LIB_CLI_INTERRUPT_H_

#include <functional>

namespace imbot::cli {

// Takes SIGINT and SIGTERM from now on.
void WatchForInterrupts();

// Whether one has come.
bool Interrupted();

// While it lives, the first interrupt calls `cancel` instead of ending the program; one that has come calls it at once.
// From a thread of its own. One at a time.
class InterruptGuard {
 public:
  explicit InterruptGuard(std::function<void()> cancel);
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;
};

}  // namespace imbot::cli

#endif  // IMBOT_CLIENT_LIB_CLI_INTERRUPT_H_
