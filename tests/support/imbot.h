// The command line as a script uses it: run to its end, without a terminal.
#ifndef IMBOT_TESTS_SUPPORT_IMBOT_H_
#define IMBOT_TESTS_SUPPORT_IMBOT_H_

#include <map>
#include <string>
#include <vector>

namespace imbot::testing {

struct ImbotRun {
  int exit_code = -1;
  std::string out;
  std::string err;
};

// Runs `imbot WORDS...` with these variables beside the test's own. `input` is its stdin. Throws std::runtime_error if
// it does not end within a minute.
ImbotRun RunImbot(const std::vector<std::string>& words, const std::map<std::string, std::string>& environment = {},
                  const std::string& input = "");

}  // namespace imbot::testing

#endif  // IMBOT_TESTS_SUPPORT_IMBOT_H_
