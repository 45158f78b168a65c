#include "client_lib/cli/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace imbot::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Mistake(const std::vector<std::string>& words) {
  const auto line = ParseCommandLine(words);
  return line.ok() ? "" : std::string(line.status().message());
}

TEST(CommandLine, TakesFlagsAnywhereInBothForms) {
  const auto line = ParseCommandLine({"--json", "call", "--bot", "acme/support", "m", "--timeout=5s", "{}"});
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_EQ(line->command->name, "call");
  EXPECT_THAT(line->arguments, ElementsAre("m", "{}"));
  EXPECT_EQ(line->Get("bot"), "acme/support");
  EXPECT_EQ(line->Get("timeout"), "5s");
  EXPECT_TRUE(line->Has("json"));
}

TEST(CommandLine, TakesWhatFollowsTwoDashesAsItStands) {
  const auto line = ParseCommandLine({"send", "--", "acme/support", "chat5", "--json"});
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_THAT(line->arguments, ElementsAre("acme/support", "chat5", "--json"));
  EXPECT_FALSE(line->Has("json"));
}

TEST(CommandLine, TakesADashAloneForAnArgument) {
  const auto line = ParseCommandLine({"call", "m", "-"});
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_THAT(line->arguments, ElementsAre("m", "-"));
}

TEST(CommandLine, TakesTheVariableWhereTheFlagIsMissing) {
  ::setenv("IMBOT_BOT", "acme/from-environment", 1);
  EXPECT_EQ(ParseCommandLine({"call", "m"})->Get("bot"), "acme/from-environment");
  EXPECT_EQ(ParseCommandLine({"call", "m", "--bot", "acme/flag"})->Get("bot"), "acme/flag");
  ::unsetenv("IMBOT_BOT");
  EXPECT_EQ(ParseCommandLine({"call", "m"})->Get("bot", "otherwise"), "otherwise");
}

TEST(CommandLine, SaysWhatIsWrongAndWhatWasMeant) {
  EXPECT_THAT(Mistake({"metods"}), HasSubstr("did you mean methods?"));
  EXPECT_THAT(Mistake({"call", "m", "--portl", "x"}), HasSubstr("did you mean --portal?"));
  EXPECT_THAT(Mistake({"bots", "--file", "x"}), HasSubstr("`imbot bots` has no flag --file"));
  EXPECT_THAT(Mistake({"call"}), HasSubstr("too few arguments; write: imbot call METHOD [JSON|@FILE|-]"));
  EXPECT_THAT(Mistake({"bots", "x"}), HasSubstr("too many arguments; write: imbot bots"));
  EXPECT_THAT(Mistake({"call", "m", "--bot"}), HasSubstr("--bot needs a value: --bot PORTAL/CODE"));
  EXPECT_THAT(Mistake({"call", "m", "--raw=yes"}), HasSubstr("--raw takes no value"));
  EXPECT_THAT(Mistake({"call", "m", "--bot", "a", "--bot=b"}), HasSubstr("--bot stands twice"));
  EXPECT_THAT(Mistake({"call", "m", "-x"}), HasSubstr("no flag -x"));
  EXPECT_THAT(Mistake({}), HasSubstr("no command"));
}

// Every user of a machine can read the arguments of its processes.
TEST(CommandLine, HasNoFlagWhoseValueIsAToken) {
  EXPECT_THAT(Mistake({"call", "m", "--token", "secret"}), HasSubstr("no flag --token"));
  EXPECT_THAT(Mistake({"call", "m", "--token=secret"}), ::testing::Not(HasSubstr("secret")));
}

TEST(CommandLine, TellsInEveryCommandsHelpItsFlags) {
  for (const CommandSpec& command : Commands()) {
    const std::string help = HelpText(command);
    for (const FlagSpec& flag : Flags()) {
      const bool told = help.find("  --" + std::string(flag.name) + " ") != help.npos;
      EXPECT_EQ(told, Takes(command, flag)) << command.name << " " << flag.name;
    }
    EXPECT_THAT(HelpText(), HasSubstr("imbot " + std::string(command.name)));
  }
}

}  // namespace
}  // namespace imbot::cli
