// The command line in a terminal: colours, Ctrl-C, and the Tab key of a real bash.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <string>

#include "tests/integration/imbot_fixture.h"
#include "tests/support/terminal.h"

namespace imbot {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::ProgramPath;
using testing::Terminal;

class ImbotTerminal : public ImbotFixture {
 protected:
  ImbotTerminal() { RegisterBot(); }
  std::unique_ptr<Terminal> Start(std::vector<std::string> words, std::map<std::string, std::string> more = {}) const {
    words.insert(words.begin(), ProgramPath("imbot"));
    more.merge(Environment());
    return std::make_unique<Terminal>(words, more);
  }
};

TEST_F(ImbotTerminal, ShowsColoursUnlessTheyAreNotWanted) {
  const auto coloured = Start({"methods", "typing"});
  EXPECT_EQ(coloured->Wait(), 0);
  EXPECT_THAT(coloured->Shown(), HasSubstr("\x1b[1mMETHOD"));
  const auto plain = Start({"methods", "typing"}, {{"NO_COLOR", "1"}});
  EXPECT_EQ(plain->Wait(), 0);
  EXPECT_THAT(plain->Shown(), HasSubstr("METHOD"));
  EXPECT_THAT(plain->Shown(), Not(HasSubstr("\x1b")));
  const auto dumb = Start({"methods", "typing"}, {{"TERM", "dumb"}});
  EXPECT_EQ(dumb->Wait(), 0);
  EXPECT_THAT(dumb->Shown(), Not(HasSubstr("\x1b")));
  const auto json = Start({"methods", "typing", "--json"});
  EXPECT_EQ(json->Wait(), 0);
  EXPECT_TRUE(Json::accept(json->Shown())) << json->Shown();
  EXPECT_THAT(testing::RunImbot({"methods", "typing"}).out, Not(HasSubstr("\x1b"))) << "in a pipe";
}

TEST_F(ImbotTerminal, KeepsTablesWithinItsWidth) {
  const auto terminal = Start({"methods"}, {{"NO_COLOR", "1"}});
  EXPECT_EQ(terminal->Wait(), 0);
  const std::string shown = terminal->Shown();
  EXPECT_THAT(shown, HasSubstr("…"));
  for (size_t begin = 0, end; (end = shown.find('\n', begin)) != shown.npos; begin = end + 1) {
    size_t columns = 0;
    for (size_t i = begin; i < end; ++i) columns += (static_cast<unsigned char>(shown[i]) & 0xC0) == 0x80 ? 0 : 1;
    EXPECT_LE(columns, static_cast<size_t>(Terminal::kColumns)) << shown.substr(begin, end - begin);
  }
}

TEST_F(ImbotTerminal, SaysWhatIsKnownOfACallThatWasInterrupted) {
  HoldTheNextSend();
  const auto terminal = Start({"send", "acme/support", "1", "once"}, {{"NO_COLOR", "1"}});
  ASSERT_TRUE(simulator_.HoldsACall());
  terminal->Type("\x03");
  EXPECT_EQ(terminal->Wait(), 130);
  const std::string shown = terminal->Shown();
  EXPECT_THAT(shown, HasSubstr("error: interrupted before the gateway answered"));
  EXPECT_THAT(shown, HasSubstr("outcome   UNKNOWN: it may have been done"));
  const std::string flag = "repeat with --idempotency-key ";
  const size_t at = shown.find(flag);
  ASSERT_NE(at, shown.npos) << shown;
  const std::string key = shown.substr(at + flag.size(), 36);
  simulator_.Post("/release");

  // What it advises is true: the message appears once.
  const auto repeated = Run({"send", "acme/support", "1", "once", "--idempotency-key", key});
  EXPECT_EQ(repeated.exit_code, 0) << repeated.err;
  EXPECT_EQ(SentMessages(), 1);
}

TEST_F(ImbotTerminal, SaysOfAnInterruptedCallThatOnlyReadsThatNothingWasChanged) {
  simulator_.HoldTheNext("imbot.v2.Revision.get");
  const auto terminal = Start({"call", "imbot.v2.Revision.get", "--portal", "acme"}, {{"NO_COLOR", "1"}});
  ASSERT_TRUE(simulator_.HoldsACall());
  terminal->Type("\x03");
  EXPECT_EQ(terminal->Wait(), 130);
  EXPECT_THAT(terminal->Shown(), HasSubstr("it only reads, so nothing was changed"));
  simulator_.Post("/release");
}

TEST_F(ImbotTerminal, EndsAtOnceIfItIsInterruptedBeforeACall) {
  const auto terminal = Start({"call", "SendMessage", "--bot", "acme/support", "-"});
  terminal->Type("{\"dialogId\"");
  ASSERT_TRUE(terminal->WaitFor("dialogId"));
  terminal->Type("\x03");
  // The key may be faster than the program, which then ends by the signal itself; to a shell that is 130 too.
  EXPECT_THAT(terminal->Wait(), ::testing::AnyOf(130, -SIGINT));
  EXPECT_EQ(SentMessages(), 0);
}

TEST_F(ImbotTerminal, MarksAPortalThatIsPaused) {
  ASSERT_EQ(Run({"pause", "acme"}).exit_code, 0);
  const auto terminal = Start({"status"});
  EXPECT_EQ(terminal->Wait(), 0);
  EXPECT_THAT(terminal->Shown(), HasSubstr("\x1b[33mpaused\x1b[0m       by an operator"));
}

TEST_F(ImbotTerminal, SaysThatThereIsNoGateway) {
  const auto terminal = Start({"send", "acme/support", "1", "x"}, {{"IMBOT_GATEWAY", "127.0.0.1:1"}});
  EXPECT_EQ(terminal->Wait(), 9);
  EXPECT_THAT(terminal->Shown(), HasSubstr("\x1b[31;1merror:"));
  EXPECT_THAT(terminal->Shown(), HasSubstr("is a gateway running at 127.0.0.1:1?"));
}

TEST_F(ImbotTerminal, MarksAFieldThatIsWrong) {
  const auto terminal = Start({"call", "imbot.v2.Chat.Message.send", "--bot", "acme/support", R"({"fields": {}})"});
  EXPECT_EQ(terminal->Wait(), 3);
  EXPECT_THAT(terminal->Shown(), HasSubstr("\x1b[36mdialogId\x1b[0m: "));
}

TEST_F(ImbotTerminal, PutsNoBytesOfAFileOnTheTerminal) {
  const auto terminal =
      Start({"call", "imbot.v2.File.download", "--bot", "acme/support", R"({"fileId": 1})"}, {{"NO_COLOR", "1"}});
  EXPECT_EQ(terminal->Wait(), 2);
  EXPECT_THAT(terminal->Shown(), HasSubstr("--output PATH names a file"));
}

class ImbotTerminalWithCallers : public ImbotFixture {
 protected:
  ImbotTerminalWithCallers() : ImbotFixture(kCallers) {}
};

TEST_F(ImbotTerminalWithCallers, SaysThatATokenIsWrong) {
  auto environment = Environment();
  environment["IMBOT_TOKEN"] = "wr0ngtoken";
  Terminal terminal({ProgramPath("imbot"), "send", "acme/support", "1", "x"}, environment);
  EXPECT_EQ(terminal.Wait(), 4);
  EXPECT_THAT(terminal.Shown(), HasSubstr("this gateway does not know the token"));
  EXPECT_THAT(terminal.Shown(), Not(HasSubstr("wr0ngtoken")));
}

// A person at bash, who presses Tab.
class Completion : public ImbotTerminal {
 protected:
  Completion() {
    auto environment = Environment();
    const std::string folder = std::filesystem::path(ProgramPath("imbot")).parent_path().string();
    environment["PATH"] = folder + ":/usr/bin:/bin";
    environment["PS1"] = "ready> ";
    environment["HISTFILE"] = "";
    environment["INPUTRC"] = folder_.Write("inputrc", "set enable-bracketed-paste off\nset bell-style none\n");
    bash_ =
        std::make_unique<Terminal>(std::vector<std::string>{"/bin/bash", "--noprofile", "--norc", "-i"}, environment);
    EXPECT_TRUE(bash_->WaitFor("ready> "));
    bash_->Type("source <(imbot completion bash); echo lo''aded\n");
    EXPECT_TRUE(bash_->WaitFor("loaded\n")) << bash_->Shown();
  }
  // What stands on the line after a Tab, within half a minute; Ctrl-U clears it again.
  bool Completes(const std::string& typed, const std::string& to) {
    bash_->Type(typed + "\t");
    const bool found = bash_->WaitFor(to);
    bash_->Type("\x15");
    return found;
  }
  std::unique_ptr<Terminal> bash_;
};

TEST_F(Completion, OfCommandsMethodsFlagsAndBots) {
  EXPECT_TRUE(Completes("imbot desc", "imbot describe ")) << bash_->Shown();
  EXPECT_TRUE(Completes("imbot describe imbot.v2.Rev", "describe imbot.v2.Revision.get ")) << bash_->Shown();
  EXPECT_TRUE(Completes("imbot call x --idem", "call x --idempotency-key ")) << bash_->Shown();
  EXPECT_TRUE(Completes("imbot send acme/su", "send acme/support ")) << bash_->Shown();
  EXPECT_TRUE(Completes("imbot bots --portal a", "--portal acme ")) << bash_->Shown();
  EXPECT_TRUE(Completes("imbot rele", "imbot release ")) << bash_->Shown();
  EXPECT_TRUE(Completes("imbot pause a", "pause acme ")) << bash_->Shown();
  EXPECT_TRUE(Completes("imbot log-level deb", "log-level debug ")) << bash_->Shown();
  EXPECT_TRUE(Completes("imbot call x --token-file " + folder_.path() + "/inpu", "/inputrc ")) << bash_->Shown();
}

}  // namespace
}  // namespace imbot
