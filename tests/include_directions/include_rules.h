// The directions in which the repository's folders may include each other, and a reader that finds every include that
// runs against them.
//
// Works on the text of the sources alone; knows no compiler and follows no macro. An #include inside a comment or an
// #if counts all the same. Thread-compatible, reads the file system, changes nothing.
#ifndef IMBOT_TESTS_INCLUDE_DIRECTIONS_INCLUDE_RULES_H_
#define IMBOT_TESTS_INCLUDE_DIRECTIONS_INCLUDE_RULES_H_

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace imbot::include_directions {

struct Breach {
  std::string file;      // from the repository's root
  std::size_t line = 0;  // 0: the file as a whole
  std::string what;
};

struct Findings {
  std::size_t files = 0;     // sources read
  std::size_t includes = 0;  // #include lines read
  std::vector<Breach> breaches;
};

// Reads service/, proto/, client_lib/ and tests/ under `root`. A folder that is not there is no breach.
[[nodiscard]] Findings CheckIncludes(const std::filesystem::path& root);

}  // namespace imbot::include_directions

#endif  // IMBOT_TESTS_INCLUDE_DIRECTIONS_INCLUDE_RULES_H_
