#include "client_lib/cli/command_line.h"

#include <algorithm>
#include <cstdlib>

#include "client_lib/cli/text.h"

namespace imbot::cli {
namespace {

// Every command has these.
constexpr std::string_view kEverywhere[] = {"help", "json"};

// Of commands that go to the gateway.
#define IMBOT_CONNECTION_FLAGS "tls", "plaintext", "ca-file", "cert-file", "key-file", "server-name", "timeout"
#define IMBOT_CALLER_FLAGS "gateway", "token-file", IMBOT_CONNECTION_FLAGS, "idempotency-key", "priority", "verbose"

// Flags as help shows them, in two columns.
std::string FlagsText(const std::vector<const FlagSpec*>& flags) {
  constexpr size_t kColumn = 30;
  std::string text;
  for (const FlagSpec* flag : flags) {
    std::string left = StrCat("  --", flag->name, flag->value.empty() ? "" : " ", flag->value);
    left.resize(std::max(left.size() + 2, kColumn), ' ');
    StrAppend(&text, left, flag->help, flag->environment.empty() ? "" : StrCat(" [", flag->environment, "]"), "\n");
  }
  return text;
}

// The name that begins like `typed`, if there is exactly one; for suggestions.
template <typename Specs>
std::string Suggestion(const Specs& specs, std::string_view typed) {
  std::vector<std::string_view> near;
  for (const auto& spec : specs) {
    const size_t same = static_cast<size_t>(
        std::mismatch(spec.name.begin(), spec.name.end(), typed.begin(), typed.end()).first - spec.name.begin());
    if (same >= 2 || (same >= 1 && spec.name.size() <= 4)) near.push_back(spec.name);
  }
  return near.size() == 1 ? std::string(near.front()) : "";
}

}  // namespace

const std::vector<FlagSpec>& Flags() {
  static const std::vector<FlagSpec> flags = {
      {"bot", "PORTAL/CODE", Value::kBot, "IMBOT_BOT", "the bot that the call is for"},
      {"portal", "NAME", Value::kPortal, "IMBOT_PORTAL", "the portal that the call is for, or that is listed"},
      {"gateway", "ADDRESS", Value::kText, "IMBOT_GATEWAY", "where callers call; default 127.0.0.1:50051"},
      {"admin", "ADDRESS", Value::kText, "IMBOT_ADMIN", "where AdminService answers; default 127.0.0.1:50052"},
      {"token-file", "FILE", Value::kFile, "IMBOT_TOKEN_FILE",
       "file with the caller's token; without it IMBOT_TOKEN, never a flag's value"},
      {"tls", "", Value::kNone, "", "encrypt; the default for addresses other than this machine's"},
      {"plaintext", "", Value::kNone, "", "do not encrypt; the default for this machine"},
      {"ca-file", "FILE", Value::kFile, "IMBOT_CA_FILE", "authorities that may sign the gateway's certificate, PEM"},
      {"cert-file", "FILE", Value::kFile, "IMBOT_CERT_FILE", "certificate of this client, PEM"},
      {"key-file", "FILE", Value::kFile, "IMBOT_KEY_FILE", "private key of --cert-file, PEM"},
      {"server-name", "NAME", Value::kText, "", "name that the gateway's certificate must carry"},
      {"timeout", "TIME", Value::kText, "", "30s, 500ms, 2m; default 30s, for files 10m"},
      {"idempotency-key", "KEY", Value::kText, "", "calls under one key are one call; default: a new one"},
      {"priority", "WHICH", Value::kPriority, "", "interactive or bulk; default interactive"},
      {"file", "PATH", Value::kFile, "", "content of an upload; `-`: stdin"},
      {"output", "PATH", Value::kFile, "", "where a download goes; `-`: stdout"},
      {"raw", "", Value::kNone, "", "call any REST method by name, as RawService does it"},
      {"dry-run", "", Value::kNone, "", "read the JSON and show the request; send nothing"},
      {"verbose", "", Value::kNone, "", "tell on stderr what the gateway told beside the answer"},
      {"json", "", Value::kNone, "", "JSON for programs: one line, errors too"},
      {"help", "", Value::kNone, "", "this text"},
      {"version", "", Value::kNone, "", "the program's version"},
  };
  return flags;
}

const std::vector<CommandSpec>& Commands() {
  static const std::vector<CommandSpec> commands = {
      {"methods", "[WORD]", {Value::kText}, 0, 1, "list methods, those with WORD in name or description", {}},
      {"describe", "METHOD", {Value::kMethod}, 1, 1, "parameters, limits, errors and an example of a method", {}},
      {"call",
       "METHOD [JSON|@FILE|-]",
       {Value::kMethod, Value::kText},
       1,
       2,
       "call a method with the documentation's own JSON",
       {"bot", "portal", "file", "output", "raw", "dry-run", IMBOT_CALLER_FLAGS}},
      {"send",
       "BOT DIALOG TEXT",
       {Value::kBot, Value::kText, Value::kText},
       3,
       3,
       "send a message; TEXT `-` is stdin",
       {IMBOT_CALLER_FLAGS}},
      {"bots", "", {}, 0, 0, "list the bots that the gateway speaks for", {"portal", "admin", IMBOT_CONNECTION_FLAGS}},
      {"status",
       "",
       {},
       0,
       0,
       "how the gateway and its portals are doing",
       {"portal", "admin", IMBOT_CONNECTION_FLAGS}},
      {"pause",
       "PORTAL",
       {Value::kPortal},
       1,
       1,
       "send a portal nothing more, and take no calls for it",
       {"admin", IMBOT_CONNECTION_FLAGS}},
      {"drain",
       "PORTAL",
       {Value::kPortal},
       1,
       1,
       "take no calls for a portal, send what waits",
       {"admin", IMBOT_CONNECTION_FLAGS}},
      {"resume", "PORTAL", {Value::kPortal}, 1, 1, "end pause and drain", {"admin", IMBOT_CONNECTION_FLAGS}},
      {"flush",
       "PORTAL",
       {Value::kPortal},
       1,
       1,
       "drop the calls that wait for a portal",
       {"admin", IMBOT_CONNECTION_FLAGS}},
      {"release",
       "PORTAL",
       {Value::kPortal},
       1,
       1,
       "end a portal's quarantine, open circuit and held methods now",
       {"admin", IMBOT_CONNECTION_FLAGS}},
      {"log-level",
       "[LEVEL]",
       {Value::kLogLevel},
       0,
       1,
       "tell or set the least important line that is logged",
       {"admin", IMBOT_CONNECTION_FLAGS}},
      {"completion", "bash|zsh|fish", {Value::kShell}, 1, 1, "print the shell's completion script", {}},
      {"help", "[COMMAND]", {Value::kText}, 0, 1, "this text, or that of a command", {}},
  };
  return commands;
}

const FlagSpec* FindFlag(std::string_view name) {
  for (const FlagSpec& flag : Flags()) {
    if (flag.name == name) return &flag;
  }
  return nullptr;
}

const CommandSpec* FindCommand(std::string_view name) {
  for (const CommandSpec& command : Commands()) {
    if (command.name == name) return &command;
  }
  return nullptr;
}

bool Takes(const CommandSpec& command, const FlagSpec& flag) {
  const auto is = [&](std::string_view name) { return name == flag.name; };
  return std::any_of(std::begin(kEverywhere), std::end(kEverywhere), is) ||
         std::any_of(command.flags.begin(), command.flags.end(), is);
}

std::string CommandLine::Get(std::string_view flag, std::string_view otherwise) const {
  if (const auto it = flags.find(flag); it != flags.end()) return it->second;
  const FlagSpec* const spec = FindFlag(flag);
  const char* const value =
      spec == nullptr || spec->environment.empty() ? nullptr : std::getenv(std::string(spec->environment).c_str());
  return value == nullptr || *value == '\0' ? std::string(otherwise) : std::string(value);
}

absl::StatusOr<CommandLine> ParseCommandLine(const std::vector<std::string>& words) {
  CommandLine line;
  bool flags_end = false;
  for (size_t i = 0; i < words.size(); ++i) {
    std::string_view word = words[i];
    if (!flags_end && word == "--") {
      flags_end = true;
      continue;
    }
    if (flags_end || word == "-" || !word.starts_with('-')) {
      if (line.command != nullptr) {
        line.arguments.emplace_back(word);
        continue;
      }
      line.command = FindCommand(word);
      if (line.command != nullptr) continue;
      const std::string near = Suggestion(Commands(), word);
      return Invalid(StrCat("no command ", word, near.empty() ? "" : StrCat("; did you mean ", near, "?"),
                            "\n`imbot help` lists them"));
    }
    if (word == "-h") word = "--help";
    if (word == "-v") word = "--verbose";
    if (!word.starts_with("--")) return Invalid(StrCat("no flag ", word, "; flags begin with --"));
    word.remove_prefix(2);
    const size_t equals = word.find('=');
    const std::string_view name = word.substr(0, equals);
    const FlagSpec* const flag = FindFlag(name);
    if (flag == nullptr) {
      const std::string near = Suggestion(Flags(), name);
      return Invalid(StrCat("no flag --", name, near.empty() ? "" : StrCat("; did you mean --", near, "?")));
    }
    std::string value;
    if (flag->value.empty()) {
      if (equals != word.npos) return Invalid(StrCat("--", name, " takes no value"));
    } else if (equals != word.npos) {
      value = std::string(word.substr(equals + 1));
    } else if (i + 1 < words.size()) {
      value = words[++i];
    } else {
      return Invalid(StrCat("--", name, " needs a value: --", name, " ", flag->value));
    }
    if (!line.flags.emplace(name, std::move(value)).second) return Invalid(StrCat("--", name, " stands twice"));
  }
  if (line.Has("help") || (line.command == nullptr && line.Has("version"))) return line;
  if (line.command == nullptr) return Invalid("no command\n`imbot help` lists them");
  for (const auto& [name, value] : line.flags) {
    if (!Takes(*line.command, *FindFlag(name)))
      return Invalid(StrCat("`imbot ", line.command->name, "` has no flag --", name));
  }
  if (line.arguments.size() < line.command->least || line.arguments.size() > line.command->most) {
    return Invalid(StrCat(line.arguments.size() < line.command->least ? "too few" : "too many",
                          " arguments; write: imbot ", line.command->name, line.command->arguments.empty() ? "" : " ",
                          line.command->arguments));
  }
  return line;
}

std::string HelpText() {
  std::string text = "imbot: what Bitrix24's chat-bot methods are, and how to call them through imbot-gateway.\n\n";
  for (const CommandSpec& command : Commands()) {
    std::string left = StrCat("  imbot ", command.name, command.arguments.empty() ? "" : " ", command.arguments);
    left.resize(std::max<size_t>(left.size() + 2, 38), ' ');
    StrAppend(&text, left, command.help, "\n");
  }
  StrAppend(&text, "\n`imbot help COMMAND` tells a command's flags; the manual page, man imbot, tells all.\n",
            "Exit codes: 0 done; 1 failed otherwise; 2 wrong command line; 3 wrong request; 4 refused;\n",
            "5 somebody else must act first; 6 not executed, repeat; 7 outcome unknown; 8 executed, result lost;\n",
            "9 no gateway; 130 interrupted.\n");
  return text;
}

std::string HelpText(const CommandSpec& command) {
  std::vector<const FlagSpec*> taken;
  for (const FlagSpec& flag : Flags()) {
    if (Takes(command, flag)) taken.push_back(&flag);
  }
  return StrCat("imbot ", command.name, command.arguments.empty() ? "" : " ", command.arguments, "\n  ", command.help,
                "\n\n", FlagsText(taken));
}

}  // namespace imbot::cli
