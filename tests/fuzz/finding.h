// How a fuzz target says that something is wrong: it names it and ends the program, which libFuzzer turns into a saved
// input, and the replay of a corpus (replay.cc) into a failed test.
#ifndef IMBOT_TESTS_FUZZ_FINDING_H_
#define IMBOT_TESTS_FUZZ_FINDING_H_

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace imbot::fuzz {

[[noreturn]] inline void Fail(std::string_view what, std::string_view detail = {}) {
  std::fprintf(stderr, "FINDING: %.*s\n%.*s\n", static_cast<int>(what.size()), what.data(),
               static_cast<int>(detail.size()), detail.data());
  std::fflush(stderr);
  std::abort();
}

inline void Expect(bool holds, std::string_view what, std::string_view detail = {}) {
  if (!holds) Fail(what, detail);
}

}  // namespace imbot::fuzz

#endif  // IMBOT_TESTS_FUZZ_FINDING_H_
