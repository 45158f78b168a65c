#include "tests/support/process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

extern char** environ;

namespace imbot::testing {

Arguments::Arguments(std::vector<std::string> command, const std::map<std::string, std::string>& environment)
    : command_(std::move(command)) {
  for (std::string& word : command_) argv_.push_back(word.data());
  argv_.push_back(nullptr);
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string text = *variable;
    if (!environment.contains(text.substr(0, text.find('=')))) variables_.push_back(text);
  }
  for (const auto& [name, value] : environment) variables_.push_back(name + "=" + value);
  for (std::string& variable : variables_) envp_.push_back(variable.data());
  envp_.push_back(nullptr);
}

Process::Process(std::vector<std::string> command, std::map<std::string, std::string> environment) {
  int out[2], err[2];
  if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) throw std::runtime_error("pipe failed");
  const Arguments arguments(command, environment);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err[1], STDERR_FILENO);
  // The parent may block or ignore signals; the child starts with none of that.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, defaults;
  sigemptyset(&none);
  sigfillset(&defaults);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  const int failed = posix_spawn(&pid_, command[0].c_str(), &actions, &attributes, arguments.argv(), arguments.envp());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  close(out[1]);
  close(err[1]);
  if (failed != 0) {
    close(out[0]);
    close(err[0]);
    throw std::runtime_error("can't start " + command[0]);
  }
  out_reader_ = std::thread([this, fd = out[0]] { ReadStream(fd, &out_); });
  err_reader_ = std::thread([this, fd = err[0]] { ReadStream(fd, &err_); });
}

Process::~Process() {
  if (!Wait(std::chrono::milliseconds(0)).has_value()) {
    Signal(SIGKILL);
    Wait(std::chrono::seconds(10));
  }
  out_reader_.join();
  err_reader_.join();
}

void Process::ReadStream(int fd, std::string* into) {
  char buffer[4096];
  ssize_t size;
  while ((size = read(fd, buffer, sizeof(buffer))) > 0) {
    const std::lock_guard lock(mutex_);
    into->append(buffer, static_cast<size_t>(size));
    changed_.notify_all();
  }
  close(fd);
  const std::lock_guard lock(mutex_);
  --open_streams_;
  changed_.notify_all();
}

void Process::Signal(int signal) const {
  const std::lock_guard lock(mutex_);
  // Once reaped, the id may be another program's.
  if (!status_.has_value()) kill(pid_, signal);
}

std::optional<int> Process::Wait(std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (status_.has_value()) return status_;
      int status = 0;
      if (waitpid(pid_, &status, WNOHANG) == pid_) {
        status_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
        return status_;
      }
    }
    if (std::chrono::steady_clock::now() >= deadline) return std::nullopt;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

std::optional<std::string> Process::WaitForLine(const std::function<bool(const std::string&)>& wanted,
                                                std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  std::unique_lock lock(mutex_);
  size_t seen_out = 0, seen_err = 0;
  for (;;) {
    for (const auto& [text, seen] : {std::pair{&out_, &seen_out}, std::pair{&err_, &seen_err}}) {
      for (size_t end; (end = text->find('\n', *seen)) != std::string::npos; *seen = end + 1) {
        std::string line = text->substr(*seen, end - *seen);
        if (wanted(line)) return line;
      }
    }
    if (open_streams_ == 0) return std::nullopt;
    if (changed_.wait_until(lock, deadline) == std::cv_status::timeout) return std::nullopt;
  }
}

std::string Process::Out() const {
  const std::lock_guard lock(mutex_);
  return out_;
}

std::string Process::Err() const {
  const std::lock_guard lock(mutex_);
  return err_;
}

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "imbot_test.XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("can't make a temporary folder");
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TemporaryFolder::Write(const std::string& name, const std::string& content) const {
  const std::string path = path_ + "/" + name;
  std::ofstream(path) << content;
  chmod(path.c_str(), 0600);
  return path;
}

std::string ProgramPath(const std::string& name) {
  return (std::filesystem::read_symlink("/proc/self/exe").parent_path() / name).string();
}

}  // namespace imbot::testing
