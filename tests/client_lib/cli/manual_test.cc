// The manual page tells of everything that the program understands.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "client_lib/cli/command_line.h"
#include "client_lib/cli/exit_code.h"

namespace imbot::cli {
namespace {

// As a reader sees it: without the page's own escapes.
std::string Manual() {
  std::ifstream file(IMBOT_MANUAL);
  std::string text(std::istreambuf_iterator<char>(file), {});
  for (size_t at; (at = text.find("\\-")) != text.npos;) text.erase(at, 1);
  return text;
}

// Whether a line of the page begins an entry for this word: `.B WORD` or `.BR WORD ...`.
bool HasEntry(const std::string& manual, const std::string& word) {
  for (const char* const macro : {"\n.B ", "\n.BR "}) {
    for (const char* const end : {"\n", " ", ","}) {
      if (manual.find(macro + word + end) != manual.npos) return true;
    }
  }
  return false;
}

TEST(Manual, HasAnEntryForEveryCommand) {
  const std::string manual = Manual();
  for (const CommandSpec& command : Commands())
    EXPECT_TRUE(HasEntry(manual, std::string(command.name))) << command.name;
}

TEST(Manual, HasAnEntryForEveryFlagWithItsVariable) {
  const std::string manual = Manual();
  for (const FlagSpec& flag : Flags()) {
    EXPECT_TRUE(HasEntry(manual, "--" + std::string(flag.name))) << flag.name;
    if (flag.environment.empty()) continue;
    EXPECT_NE(manual.find("[" + std::string(flag.environment) + "]"), manual.npos) << flag.environment;
  }
}

TEST(Manual, HasAnEntryForEveryExitCode) {
  const std::string manual = Manual();
  for (const int code : {kDone, kFailed, kUsage, kCallerError, kRefused, kPrecondition, kNotExecuted, kUnknownOutcome,
                         kExecuted, kNoGateway, kInterrupted})
    EXPECT_TRUE(HasEntry(manual, std::to_string(code))) << code;
}

TEST(Manual, WouldMissWhatItDoesNotTell) {
  EXPECT_FALSE(HasEntry(Manual(), "--no-such-flag"));
  EXPECT_FALSE(HasEntry(Manual(), "--token")) << "the beginning of another one is not enough";
}

// A flag that no command takes, or a command that takes a flag that is none, is a mistake in the tables.
TEST(Manual, TablesFitTogether) {
  std::set<std::string> taken = {"version"};
  for (const CommandSpec& command : Commands()) {
    for (const std::string_view name : command.flags) EXPECT_NE(FindFlag(name), nullptr) << name;
    for (const FlagSpec& flag : Flags()) {
      if (Takes(command, flag)) taken.emplace(flag.name);
    }
    EXPECT_GE(command.kinds.size(), command.least);
    EXPECT_EQ(command.kinds.size(), command.most) << command.name;
  }
  for (const FlagSpec& flag : Flags()) EXPECT_TRUE(taken.contains(std::string(flag.name))) << flag.name;
}

}  // namespace
}  // namespace imbot::cli
