#include "tests/support/imbot.h"

#include <stdexcept>

#include "tests/support/process.h"

namespace imbot::testing {

ImbotRun RunImbot(const std::vector<std::string>& words, const std::map<std::string, std::string>& environment,
                  const std::string& input) {
  const TemporaryFolder folder;
  // The shell gives it a file for stdin, and the words as they are.
  std::vector<std::string> command = {
      "/bin/sh",           "-c", R"(input=$1; shift; exec "$@" < "$input")", "sh", folder.Write("input", input),
      ProgramPath("imbot")};
  command.insert(command.end(), words.begin(), words.end());
  Process process(std::move(command), environment);
  // No line is wanted: the end of both streams is waited for.
  process.WaitForLine([](const std::string&) { return false; }, std::chrono::minutes(1));
  const auto code = process.Wait(std::chrono::seconds(10));
  if (!code.has_value()) throw std::runtime_error("imbot does not end; it printed " + process.Out() + process.Err());
  return {*code, process.Out(), process.Err()};
}

}  // namespace imbot::testing
