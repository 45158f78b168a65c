#include "tests/support/terminal.h"

#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <utility>

#include "tests/support/process.h"

namespace imbot::testing {

Terminal::Terminal(std::vector<std::string> command, std::map<std::string, std::string> environment) {
  environment.emplace("TERM", "xterm");
  const Arguments arguments(std::move(command), environment);

  const winsize size{.ws_row = 40, .ws_col = kColumns, .ws_xpixel = 0, .ws_ypixel = 0};
  int started[2];
  if (pipe2(started, O_CLOEXEC) != 0) throw std::runtime_error("pipe failed");
  pid_ = forkpty(&master_, nullptr, nullptr, &size);
  if (pid_ < 0) throw std::runtime_error("forkpty failed");
  if (pid_ == 0) {
    // Between fork and exec, and the parent has threads: system calls alone.
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    execve(arguments.argv()[0], arguments.argv(), arguments.envp());
    (void)!write(started[1], "x", 1);
    _exit(127);
  }
  // Closed by exec. Before that the terminal is nobody's, and would swallow a Ctrl-C.
  close(started[1]);
  char failed = 0;
  const bool is_running = read(started[0], &failed, 1) == 0;
  close(started[0]);
  if (!is_running) {
    waitpid(pid_, nullptr, 0);
    close(master_);
    throw std::runtime_error("can't start the program of the terminal");
  }
  reader_ = std::thread([this] { Read(); });
}

Terminal::~Terminal() {
  if (!Wait(std::chrono::milliseconds(0)).has_value()) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  reader_.join();
  close(master_);
}

void Terminal::Read() {
  char buffer[4096];
  ssize_t size;
  // EIO: nobody has the other side open any more.
  while ((size = read(master_, buffer, sizeof(buffer))) > 0) {
    const std::lock_guard lock(mutex_);
    std::remove_copy(buffer, buffer + size, std::back_inserter(shown_), '\r');
    changed_.notify_all();
  }
  const std::lock_guard lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

void Terminal::Type(const std::string& keys) {
  if (write(master_, keys.data(), keys.size()) != static_cast<ssize_t>(keys.size()))
    throw std::runtime_error("the terminal takes no keys");
}

std::string Terminal::Shown() const {
  const std::lock_guard lock(mutex_);
  return shown_;
}

bool Terminal::WaitFor(const std::string& text, std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, timeout, [&] { return shown_.find(text) != shown_.npos || ended_; }) &&
         shown_.find(text) != shown_.npos;
}

std::optional<int> Terminal::Wait(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  if (!status_.has_value()) {
    if (!changed_.wait_for(lock, timeout, [&] { return ended_; })) return std::nullopt;
    int status = 0;
    if (waitpid(pid_, &status, 0) != pid_) return std::nullopt;
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  return status_;
}

}  // namespace imbot::testing
