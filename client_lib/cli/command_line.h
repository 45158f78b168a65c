// What the program understands: its commands and flags in two tables, which parsing, help, completion and the check of
// the manual page share.
//
// Plain values and pure functions; thread-compatible.
#ifndef IMBOT_CLIENT_LIB_CLI_COMMAND_LINE_H_
#define IMBOT_CLIENT_LIB_CLI_COMMAND_LINE_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace imbot::cli {

// What the values of a flag or an argument are, for completion.
enum class Value { kNone, kText, kFile, kMethod, kBot, kPortal, kPriority, kShell, kLogLevel };

struct FlagSpec {
  std::string_view name;   // without `--`
  std::string_view value;  // its name in help; empty: the flag has none
  Value kind = Value::kNone;
  std::string_view environment;  // variable that is used where the flag is not given; empty: none
  std::string_view help;
};

struct CommandSpec {
  std::string_view name;
  std::string_view arguments;  // for help: `METHOD [JSON|@FILE|-]`
  std::vector<Value> kinds;    // of the arguments, in order
  size_t least = 0, most = 0;  // how many arguments it takes
  std::string_view help;
  std::vector<std::string_view> flags;  // beside those that every command has
};

const std::vector<FlagSpec>& Flags();
const std::vector<CommandSpec>& Commands();
const FlagSpec* FindFlag(std::string_view name);
const CommandSpec* FindCommand(std::string_view name);
bool Takes(const CommandSpec& command, const FlagSpec& flag);

// One command, as it was typed.
struct CommandLine {
  const CommandSpec* command = nullptr;  // null: help or version alone
  std::vector<std::string> arguments;
  std::map<std::string, std::string, std::less<>> flags;  // by name; those without a value hold an empty text

  bool Has(std::string_view flag) const { return flags.contains(flag); }
  // The flag's value, else its variable's, else `otherwise`.
  std::string Get(std::string_view flag, std::string_view otherwise = "") const;
};

// INVALID_ARGUMENT, naming what is wrong and the nearest that is right. Flags may stand anywhere; what follows `--` is
// an argument. `words`: without the program's name.
absl::StatusOr<CommandLine> ParseCommandLine(const std::vector<std::string>& words);

// Of the program, or of one command.
std::string HelpText();
std::string HelpText(const CommandSpec& command);

}  // namespace imbot::cli

#endif  // IMBOT_CLIENT_LIB_CLI_COMMAND_LINE_H_
