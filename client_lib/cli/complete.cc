#include "client_lib/cli/complete.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "client_lib/cli/admin_lists.h"
#include "client_lib/cli/command_line.h"
#include "client_lib/cli/connection.h"
#include "client_lib/cli/message_json.h"
#include "client_lib/cli/text.h"

namespace imbot::cli {
namespace {

// Longer than this nobody waits for a Tab.
constexpr std::chrono::milliseconds kPatience{1500};

// The line up to the cursor, as far as it can be understood.
struct Typed {
  CommandLine line;
  const FlagSpec* open_flag = nullptr;  // whose value the cursor is in
};

Typed Understand(const std::vector<std::string>& words) {
  Typed typed;
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    const std::string& word = words[i];
    if (!word.starts_with("--")) {
      if (typed.line.command == nullptr) {
        typed.line.command = FindCommand(word);
      } else {
        typed.line.arguments.push_back(word);
      }
      continue;
    }
    const size_t equals = word.find('=');
    const FlagSpec* const flag = FindFlag(std::string_view(word).substr(2, equals == word.npos ? equals : equals - 2));
    if (flag == nullptr) continue;
    if (flag->value.empty()) {
      typed.line.flags.emplace(flag->name, "");
    } else if (equals != word.npos) {
      typed.line.flags.emplace(flag->name, word.substr(equals + 1));
    } else if (i + 2 < words.size()) {
      typed.line.flags.emplace(flag->name, words[++i]);
    } else {
      typed.open_flag = flag;
    }
  }
  return typed;
}

// What AdminService says, as far as it says it in time; empty if it does not.
template <typename Response, typename Ask>
Response AskAdmin(const CommandLine& line, const Ask& ask) {
  Response all;
  client::CallOptions options;
  options.timeout = kPatience;
  if (const auto connection = Connect(line, Listener::kAdmin); connection.ok())
    ask(connection->client, "", options, &all);
  return all;
}

std::vector<Candidate> Bots(const CommandLine& line) {
  std::vector<Candidate> candidates;
  const auto all = AskAdmin<imbot::gateway::v1::ListBotsResponse>(line, AllBots);
  for (const auto& bot : all.bots()) candidates.push_back({bot.name(), StrCat("bot ", bot.bot_id())});
  return candidates;
}

std::vector<Candidate> Portals(const CommandLine& line) {
  std::vector<Candidate> candidates;
  const auto all = AskAdmin<imbot::gateway::v1::GetStatusResponse>(line, WholeStatus);
  for (const auto& portal : all.portals()) candidates.push_back({portal.name(), portal.host()});
  return candidates;
}

std::vector<Candidate> ValuesOf(Value kind, const MethodCatalog& catalog, const CommandLine& line) {
  std::vector<Candidate> candidates;
  switch (kind) {
    case Value::kFile:
      return {{kFiles, ""}};
    case Value::kMethod:
      for (const MethodEntry& method : catalog.methods())
        candidates.push_back({method.name(), FirstSentence(catalog.Comment(*method.descriptor))});
      return candidates;
    case Value::kBot:
      return Bots(line);
    case Value::kPortal:
      return Portals(line);
    case Value::kPriority:
      return {{"interactive", "a person waits"}, {"bulk", "may wait behind interactive calls"}};
    case Value::kShell:
      return {{"bash", ""}, {"fish", ""}, {"zsh", ""}};
    case Value::kLogLevel:
      return {{"debug", "every decision"},
              {"info", "one line per call"},
              {"warning", "what an operator should look at"},
              {"error", "what does not work"}};
    case Value::kNone:
    case Value::kText:
      return {};
  }
  return {};
}

std::vector<Candidate> CommandNames() {
  std::vector<Candidate> candidates;
  for (const CommandSpec& command : Commands())
    candidates.push_back({std::string(command.name), std::string(command.help)});
  return candidates;
}

std::vector<Candidate> FlagNames(const CommandLine& line) {
  std::vector<Candidate> candidates;
  for (const FlagSpec& flag : Flags()) {
    const bool fits = line.command == nullptr ? flag.name == "help" || flag.name == "version"
                                              : Takes(*line.command, flag) && !line.Has(flag.name);
    if (fits) candidates.push_back({StrCat("--", flag.name), std::string(flag.help)});
  }
  return candidates;
}

std::vector<Candidate> All(const MethodCatalog& catalog, const std::vector<std::string>& words) {
  const Typed typed = Understand(words);
  const CommandLine& line = typed.line;
  if (typed.open_flag != nullptr) return ValuesOf(typed.open_flag->kind, catalog, line);
  if (words.back().starts_with('-')) return FlagNames(line);
  if (line.command == nullptr) return CommandNames();
  if (line.command->name == "help") return line.arguments.empty() ? CommandNames() : std::vector<Candidate>();
  const size_t at = line.arguments.size();
  return at < line.command->kinds.size() ? ValuesOf(line.command->kinds[at], catalog, line) : std::vector<Candidate>();
}

}  // namespace

std::vector<Candidate> Complete(const MethodCatalog& catalog, const std::vector<std::string>& words) {
  if (words.empty()) return CommandNames();
  std::vector<Candidate> candidates = All(catalog, words);
  std::erase_if(candidates, [&](const Candidate& candidate) {
    return candidate.word != kFiles && !candidate.word.starts_with(words.back());
  });
  return candidates;
}

}  // namespace imbot::cli
