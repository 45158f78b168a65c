// imbot: the methods of Bitrix24's chat bots, and calls of them through imbot-gateway, for people.

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "client_lib/cli/command_line.h"
#include "client_lib/cli/commands.h"
#include "client_lib/cli/complete.h"
#include "client_lib/cli/console.h"
#include "client_lib/cli/interrupt.h"
#include "client_lib/cli/method_catalog.h"
#include "client_lib/cli/text.h"

namespace imbot::cli {
namespace {

ExitCode RunHelp(const CommandLine& line, const Console& console) {
  const CommandSpec* command = line.command;
  if (command != nullptr && command->name == "help" && !line.arguments.empty()) {
    command = FindCommand(line.arguments.front());
    if (command == nullptr)
      return UsageError(console, StrCat("no command ", line.arguments.front(), "\n`imbot help` lists them"));
  } else if (command != nullptr && command->name == "help") {
    command = nullptr;
  }
  console.Print(command == nullptr ? HelpText() : HelpText(*command));
  return kDone;
}

ExitCode RunCommand(const Session& session) {
  struct Entry {
    std::string_view name;
    ExitCode (*run)(const Session&);
  };
  constexpr Entry kEntries[] = {{"methods", RunMethods},
                                {"describe", RunDescribe},
                                {"call", RunCall},
                                {"send", RunSend},
                                {"bots", RunBots},
                                {"status", RunStatus},
                                {"pause", RunPause},
                                {"resume", RunResume},
                                {"drain", RunDrain},
                                {"flush", RunFlush},
                                {"release", RunRelease},
                                {"log-level", RunLogLevel},
                                {"completion", RunCompletion}};
  for (const Entry& entry : kEntries) {
    if (entry.name == session.line.command->name) return entry.run(session);
  }
  return Failure(session.console, "a command without code");
}

ExitCode PrintCandidates(const std::vector<std::string>& words, const Console& console) {
  for (const Candidate& candidate : Complete(MethodCatalog(), words)) {
    const bool bare = candidate.about.empty();
    console.Print(StrCat(candidate.word, bare ? "" : "\t", candidate.about, "\n"));
  }
  return kDone;
}

ExitCode Run(const std::vector<std::string>& words) {
  Console console = Console::OfProcess();
  if (!words.empty() && words.front() == "__complete")
    return PrintCandidates(std::vector<std::string>(words.begin() + 1, words.end()), console);
  console.json = std::find(words.begin(), words.end(), "--json") != words.end();
  const auto line = ParseCommandLine(words);
  if (!line.ok()) return UsageError(console, MessageOf(line.status()));
  if (line->Has("version")) {
    console.Print("imbot " IMBOT_VERSION "\n");
    return kDone;
  }
  if (line->Has("help") || line->command->name == "help") return RunHelp(*line, console);
  const MethodCatalog catalog;
  return RunCommand({*line, console, catalog});
}

}  // namespace
}  // namespace imbot::cli

int main(int argc, char** argv) {
  // What gRPC would write to stderr by itself comes back as the call's error.
  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);
  imbot::cli::WatchForInterrupts();
  return imbot::cli::Run(std::vector<std::string>(argv + 1, argv + argc));
}
