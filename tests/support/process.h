// A program that a test starts and stops: by its own process id, with everything it printed.
#ifndef IMBOT_TESTS_SUPPORT_PROCESS_H_
#define IMBOT_TESTS_SUPPORT_PROCESS_H_

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace imbot::testing {

// What exec takes: the words of a command, and the caller's environment with more.
class Arguments {
 public:
  Arguments(std::vector<std::string> command, const std::map<std::string, std::string>& environment);
  Arguments(const Arguments&) = delete;
  Arguments& operator=(const Arguments&) = delete;
  char* const* argv() const { return argv_.data(); }
  char* const* envp() const { return envp_.data(); }

 private:
  std::vector<std::string> command_, variables_;
  std::vector<char*> argv_, envp_;  // point into those
};

// Killed and reaped on destruction, if it still runs. Thread-safe.
class Process {
 public:
  // Throws std::runtime_error if it can't be started. `environment` is added to the caller's.
  explicit Process(std::vector<std::string> command, std::map<std::string, std::string> environment = {});
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  void Signal(int signal) const;
  // The exit code, or minus the signal that ended it; nothing if it still runs after `timeout`.
  std::optional<int> Wait(std::chrono::milliseconds timeout);
  // The first line, of either stream, for which `wanted` holds; nothing if there is none within `timeout`, or the
  // program ended.
  std::optional<std::string> WaitForLine(const std::function<bool(const std::string&)>& wanted,
                                         std::chrono::milliseconds timeout);
  // Everything printed so far.
  std::string Out() const;
  std::string Err() const;

 private:
  void ReadStream(int fd, std::string* into);

  pid_t pid_ = -1;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string out_, err_;
  int open_streams_ = 2;
  std::optional<int> status_;
  std::thread out_reader_, err_reader_;
};

// A folder of the test's own, removed with everything in it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }
  // Writes a file, mode 0600, and returns its path.
  std::string Write(const std::string& name, const std::string& content) const;

 private:
  std::string path_;
};

// Where the programs of this build are: beside the running one.
std::string ProgramPath(const std::string& name);

}  // namespace imbot::testing

#endif  // IMBOT_TESTS_SUPPORT_PROCESS_H_
