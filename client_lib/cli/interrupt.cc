#include "client_lib/cli/interrupt.h"

#include <signal.h>
#include <unistd.h>

#include <mutex>
#include <thread>
#include <utility>

#include "client_lib/cli/exit_code.h"

namespace imbot::cli {
namespace {

struct State {
  std::mutex mutex;
  bool interrupted = false;      // guarded by mutex
  std::function<void()> cancel;  // guarded by mutex
};

// Never destroyed: the watching thread is there to the end.
State& TheState() {
  static State* const state = new State;
  return *state;
}

void Watch(const sigset_t& signals) {
  for (;;) {
    int signal = 0;
    sigwait(&signals, &signal);
    State& state = TheState();
    const std::lock_guard lock(state.mutex);
    if (std::exchange(state.interrupted, true) || state.cancel == nullptr) _exit(128 + signal);
    state.cancel();
  }
}

}  // namespace

void WatchForInterrupts() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  // In every thread that is made from now on, so that only sigwait sees them.
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::thread([signals] { Watch(signals); }).detach();
}

bool Interrupted() {
  const std::lock_guard lock(TheState().mutex);
  return TheState().interrupted;
}

InterruptGuard::InterruptGuard(std::function<void()> cancel) {
  const std::lock_guard lock(TheState().mutex);
  if (TheState().interrupted) cancel();
  TheState().cancel = std::move(cancel);
}

InterruptGuard::~InterruptGuard() {
  const std::lock_guard lock(TheState().mutex);
  TheState().cancel = nullptr;
}

}  // namespace imbot::cli
