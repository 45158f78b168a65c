// The command line in scripts: what it prints into a pipe, and its exit code for each kind of failure.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

#include "tests/integration/imbot_fixture.h"

namespace imbot {
namespace {

using ::testing::HasSubstr;
using testing::ImbotRun;
using ::testing::Not;
using testing::RunImbot;

std::string Content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

class Imbot : public ImbotFixture {
 protected:
  Imbot() { RegisterBot(); }
};

TEST_F(Imbot, SendsAMessage) {
  const ImbotRun run = Run({"send", "acme/support", "1", "Hello \"there\""});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, ::testing::MatchesRegex("sent message [0-9]+ to 1\n"));
  EXPECT_EQ(run.err, "");
  ASSERT_EQ(SentMessages(), 1);
  const Json sent = Json::parse(simulator_.Received().back().at("body").get<std::string>());
  EXPECT_EQ(sent.at("fields").at("message"), "Hello \"there\"");
  EXPECT_EQ(sent.at("dialogId"), "1");
}

TEST_F(Imbot, SendsWhatStdinHolds) {
  EXPECT_EQ(Run({"send", "acme/support", "1", "-"}, "two\nlines\n").exit_code, 0);
  const Json sent = Json::parse(simulator_.Received().back().at("body").get<std::string>());
  EXPECT_EQ(sent.at("fields").at("message"), "two\nlines");
}

TEST_F(Imbot, AnswersInOneLineOfJsonForPrograms) {
  const std::string json = R"({"dialogId": "1", "fields": {"message": "Hello"}})";
  for (const auto& words :
       {std::vector<std::string>{"call", "SendMessage", "--bot", "acme/support", json, "--json"},
        std::vector<std::string>{"send", "acme/support", "1", "Hello", "--json"},
        std::vector<std::string>{"bots", "--json"}, std::vector<std::string>{"status", "--json"},
        std::vector<std::string>{"methods", "--json"}, std::vector<std::string>{"describe", "SendMessage", "--json"}}) {
    const ImbotRun run = Run(words);
    EXPECT_EQ(run.exit_code, 0) << run.err;
    EXPECT_TRUE(Json::accept(run.out)) << run.out;
    EXPECT_EQ(run.out.find('\n'), run.out.size() - 1) << words[0];
  }
}

TEST_F(Imbot, GivesIdsAsNumbers) {
  const ImbotRun run = Run({"send", "acme/support", "1", "Hello", "--json"});
  EXPECT_TRUE(Json::parse(run.out).at("id").is_number_integer()) << run.out;
}

TEST_F(Imbot, ListsBotsWithoutTheirSecrets) {
  const ImbotRun run = Run({"bots"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("BOT"));
  EXPECT_THAT(run.out, ::testing::ContainsRegex("acme/support +[0-9]+  active  registered\n"));
  EXPECT_THAT(Run({"bots", "--portal", "nowhere"}).err, HasSubstr("PORTAL_UNKNOWN"));
}

TEST_F(Imbot, TellsHowTheGatewayIsDoing) {
  const ImbotRun run = Run({"status"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("serving"));
  EXPECT_THAT(run.out, HasSubstr("admin 127.0.0.1:" + std::to_string(gateway_->admin_port())));
  EXPECT_THAT(run.out, HasSubstr("IN FLIGHT"));
  EXPECT_THAT(run.out, HasSubstr("acme"));
}

TEST_F(Imbot, PausesDrainsAndResumesAPortal) {
  ImbotRun run = Run({"pause", "acme"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, "acme is paused (it was open): 0 calls waiting, 0 requests under way\n");
  EXPECT_THAT(Run({"status"}).out, HasSubstr("\nacme    paused"));
  EXPECT_THAT(Run({"status"}).out,
              HasSubstr("\nacme\n  paused       by an operator: new calls end with PORTAL_PAUSED"));
  const ImbotRun refused = Run({"send", "acme/support", "1", "x"});
  EXPECT_EQ(refused.exit_code, 6) << refused.err;
  EXPECT_THAT(refused.err, HasSubstr("PORTAL_PAUSED"));
  EXPECT_THAT(refused.err, HasSubstr("NOT_EXECUTED"));
  run = Run({"drain", "acme", "--json"});
  EXPECT_EQ(Json::parse(run.out).at("previousIntake"), "paused") << run.out;
  EXPECT_EQ(Json::parse(run.out).at("portal").at("intake"), "draining");
  EXPECT_EQ(Json::parse(Run({"status", "--json"}).out).at("portals").at(0).at("intake"), "draining");
  EXPECT_EQ(Run({"resume", "acme"}).out, "acme is open (it was draining): 0 calls waiting, 0 requests under way\n");
  EXPECT_EQ(Run({"resume", "acme"}).out, "acme is open, as it was: 0 calls waiting, 0 requests under way\n");
  EXPECT_EQ(Run({"send", "acme/support", "1", "x"}).exit_code, 0);
}

TEST_F(Imbot, FlushesAndReleasesAPortal) {
  EXPECT_EQ(Run({"flush", "acme"}).out, "nothing waited for acme\n");
  EXPECT_EQ(Json::parse(Run({"flush", "acme", "--json"}).out).at("droppedCalls"), 0);
  EXPECT_EQ(Run({"release", "acme"}).out, "acme was neither quarantined nor held back: nothing to release\n");
}

TEST_F(Imbot, TellsWhyAPortalIsQuarantinedAndReleasesIt) {
  simulator_.Post("/faults", Json::array({{{"method", "*"},
                                           {"count", -1},
                                           {"kind", "error"},
                                           {"args", {{"error", "OVERLOAD_LIMIT"}, {"code", 403}}}}}));
  EXPECT_NE(Run({"send", "acme/support", "1", "x"}).exit_code, 0);
  ImbotRun run;
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  do {
    run = Run({"status"});
  } while (run.out.find("quarantined") == run.out.npos && std::chrono::steady_clock::now() < give_up);
  EXPECT_THAT(run.out, HasSubstr("\nacme    quarantined  "));
  EXPECT_THAT(run.out, ::testing::ContainsRegex("  quarantined  for [0-9a-z ]+, OVERLOAD_LIMIT: "));
  EXPECT_THAT(run.out,
              HasSubstr("whoever runs the gateway or the portal must act; `imbot release acme` ends it at once"));
  const ImbotRun refused = Run({"send", "acme/support", "1", "x"});
  EXPECT_EQ(refused.exit_code, 5) << refused.err;
  EXPECT_THAT(refused.err, HasSubstr("PORTAL_QUARANTINED"));
  simulator_.Delete("/faults");
  EXPECT_THAT(Run({"release", "acme"}).out,
              ::testing::MatchesRegex("acme is no longer quarantined \\(OVERLOAD_LIMIT for [0-9a-z ]+\\)\n"));
  EXPECT_EQ(Run({"send", "acme/support", "1", "x"}).exit_code, 0);
}

TEST_F(Imbot, TellsAndSetsTheLogsLevel) {
  EXPECT_EQ(Run({"log-level"}).out, "debug\n");
  EXPECT_EQ(Run({"log-level", "warning"}).out, "warning (it was debug)\n");
  EXPECT_EQ(Run({"log-level", "warning"}).out, "warning, as it was\n");
  EXPECT_EQ(Json::parse(Run({"log-level", "--json"}).out), Json::parse(R"({"level": "warning"})"));
  EXPECT_THAT(Run({"status"}).out, HasSubstr("log level  warning\n"));
  const ImbotRun wrong = Run({"log-level", "loud"});
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("no level loud; write debug, info, warning or error"));
}

TEST_F(Imbot, SaysOfAPortalThatIsNoneWhichThereAre) {
  for (const char* const command : {"pause", "drain", "resume", "flush", "release"}) {
    const ImbotRun run = Run({command, "nowhere"});
    EXPECT_EQ(run.exit_code, 3) << command;
    EXPECT_THAT(run.err, HasSubstr("reason    PORTAL_UNKNOWN")) << command;
    EXPECT_THAT(run.err, HasSubstr("`imbot status` lists the portals that the gateway has")) << command;
    EXPECT_EQ(Run({command}).exit_code, 2) << command << " needs a portal";
  }
}

TEST_F(Imbot, SaysWhichFieldsOfTheJsonAreNone) {
  const ImbotRun run = Run({"call", "imbot.v2.Chat.Message.send", "--bot", "acme/support",
                            R"({"DIALOG_ID": 1, "fields": {"mesage": "x"}, "bot": "acme/support"})"});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, HasSubstr("DIALOG_ID: is no parameter; did you mean dialogId?"));
  EXPECT_THAT(run.err, HasSubstr("fields.mesage: is no parameter"));
  EXPECT_THAT(run.err, HasSubstr("--bot names the bot"));
  EXPECT_THAT(run.err, HasSubstr("`imbot describe imbot.v2.Chat.Message.send` tells what it takes"));
  EXPECT_EQ(SentMessages(), 0);
}

TEST_F(Imbot, SaysWhichFieldsTheGatewayRefuses) {
  const ImbotRun run = Run({"call", "imbot.v2.Chat.Message.send", "--bot", "acme/support", R"({"fields": {}})"});
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_THAT(run.err, HasSubstr("  dialogId: "));
  EXPECT_THAT(run.err, HasSubstr("reason    VALIDATION_FAILED"));
  EXPECT_THAT(run.err, HasSubstr("outcome   NOT_EXECUTED"));
  EXPECT_THAT(run.err, ::testing::ContainsRegex("request   [0-9a-zA-Z-]+\n"));
  EXPECT_EQ(run.out, "");
}

TEST_F(Imbot, SaysOfAMethodForABotThatOneMustBeNamed) {
  const ImbotRun run = Run({"call", "imbot.v2.Chat.Message.send", "{}"});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, HasSubstr("--bot PORTAL/CODE names it"));
}

TEST_F(Imbot, SaysThatTheGatewayKnowsNoSuchBot) {
  const ImbotRun run = Run({"send", "acme/nobody", "1", "x"});
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_THAT(run.err, HasSubstr("BOT_UNKNOWN"));
}

TEST_F(Imbot, SaysWhatAPortalRefuses) {
  const ImbotRun run = Run({"send", "acme/support", "chat999999", "x", "--json"});
  EXPECT_NE(run.exit_code, 0);
  const Json error = Json::parse(run.err).at("error");
  EXPECT_EQ(error.at("domain"), "bitrix24.com");
  EXPECT_EQ(error.at("exitCode"), run.exit_code);
  EXPECT_EQ(error.at("portal"), "acme");
}

TEST_F(Imbot, SaysThatThereIsNoGateway) {
  for (const std::vector<std::string>& words : {std::vector<std::string>{"send", "acme/support", "1", "x"},
                                                {"status"},
                                                {"bots"},
                                                {"pause", "acme"},
                                                {"log-level", "debug"}}) {
    const ImbotRun run = RunImbot(words, {{"IMBOT_GATEWAY", "127.0.0.1:1"}, {"IMBOT_ADMIN", "127.0.0.1:1"}});
    EXPECT_EQ(run.exit_code, 9) << run.err;
    EXPECT_THAT(run.err, HasSubstr("is a gateway running at 127.0.0.1:1?"));
    EXPECT_THAT(run.err, HasSubstr("NOT_EXECUTED"));
  }
}

TEST_F(Imbot, SaysOfAGatewayThatDiedThatTheOutcomeIsUnknownAndHowToRepeat) {
  HoldTheNextSend();
  ImbotRun run;
  std::thread sender([&] { run = Run({"send", "acme/support", "1", "x", "--idempotency-key", "k-1"}); });
  EXPECT_TRUE(simulator_.HoldsACall());
  gateway_->process().Signal(SIGKILL);
  sender.join();
  EXPECT_EQ(run.exit_code, 7) << run.err;
  EXPECT_THAT(run.err, HasSubstr("outcome   UNKNOWN: it may have been done"));
  EXPECT_THAT(run.err, HasSubstr("repeat with --idempotency-key k-1"));
}

TEST_F(Imbot, SaysThatTimeRanOut) {
  HoldTheNextSend();
  const ImbotRun run = Run({"send", "acme/support", "1", "x", "--timeout", "500ms"});
  EXPECT_EQ(run.exit_code, 7) << run.err;
  EXPECT_THAT(run.err, HasSubstr("UNKNOWN"));
  simulator_.Post("/release");
}

TEST_F(Imbot, ShowsARequestAndSendsNothingOnADryRun) {
  const size_t before = simulator_.Received().size();
  const ImbotRun run = Run({"call", "imbot.v2.Chat.Message.send", "--bot", "acme/support", "--dry-run",
                            R"({"botId": 7, "dialogId": 5, "fields": {"message": "x"}})"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(Json::parse(run.out), Json::parse(R"({"bot": "acme/support", "dialogId": "5",
                                                  "fields": {"message": "x"}})"))
      << "identity is not sent";
  EXPECT_EQ(simulator_.Received().size(), before);
}

TEST_F(Imbot, CarriesAFileThereAndBackPieceByPiece) {
  std::string content(900'000, '\0');
  for (size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i * 7919 >> 3);
  const std::string path = folder_.Write("report.bin", content);
  const ImbotRun up =
      Run({"call", "imbot.v2.File.upload", "--bot", "acme/support", "--file", path, R"({"dialogId": "1"})", "--json"});
  ASSERT_EQ(up.exit_code, 0) << up.err;
  const Json file = Json::parse(up.out).at("file");
  EXPECT_EQ(file.at("name"), "report.bin") << "the file's own name";
  const std::string request = Json({{"fileId", file.at("id")}}).dump();
  const std::string copy = folder_.path() + "/copy.bin";
  const ImbotRun down = Run({"call", "imbot.v2.File.download", "--bot", "acme/support", "--output", copy, request});
  ASSERT_EQ(down.exit_code, 0) << down.err;
  EXPECT_EQ(Content(copy), content);
  EXPECT_EQ(Json::parse(down.out).at("bytes"), content.size());
  const ImbotRun piped = Run({"call", "imbot.v2.File.download", "--bot", "acme/support", request});
  EXPECT_EQ(piped.out, content);
}

TEST_F(Imbot, LeavesNoHalfAFileBehind) {
  const std::string copy = folder_.path() + "/copy.bin";
  const ImbotRun run =
      Run({"call", "imbot.v2.File.download", "--bot", "acme/support", "--output", copy, R"({"fileId": 999999})"});
  EXPECT_NE(run.exit_code, 0);
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path()))
    EXPECT_THAT(entry.path().string(), Not(HasSubstr("copy.bin")));
}

TEST_F(Imbot, PrintsNoColoursWithoutATerminal) {
  EXPECT_THAT(Run({"methods"}).out, Not(HasSubstr("\x1b")));
  EXPECT_THAT(Run({"describe", "SendMessage"}).out, Not(HasSubstr("\x1b")));
}

class ImbotWithCallers : public ImbotFixture {
 protected:
  ImbotWithCallers() : ImbotFixture(std::string(kCallers) + "anonymous_raw_allowed: false\n") {
    RegisterBot({{"authorization", "Bearer abc"}});
  }
  ImbotRun Send(std::map<std::string, std::string> more, std::vector<std::string> flags = {}) const {
    std::vector<std::string> words = {"send", "acme/support", "1", "x"};
    words.insert(words.end(), flags.begin(), flags.end());
    more.merge(Environment());
    return RunImbot(words, more);
  }
};

TEST_F(ImbotWithCallers, TakesTheTokenFromAFileOrTheEnvironment) {
  const std::string file = folder_.Write("token", "abc\n");
  EXPECT_EQ(Send({}, {"--token-file", file}).exit_code, 0);
  EXPECT_EQ(Send({{"IMBOT_TOKEN_FILE", file}}).exit_code, 0);
  EXPECT_EQ(Send({{"IMBOT_TOKEN", "abc"}}).exit_code, 0);
  EXPECT_EQ(SentMessages(), 3);
}

TEST_F(ImbotWithCallers, SaysThatATokenIsMissingOrWrongAndShowsNone) {
  const ImbotRun missing = Send({});
  EXPECT_EQ(missing.exit_code, 4);
  EXPECT_THAT(missing.err, HasSubstr("CALLER_TOKEN_MISSING"));
  EXPECT_THAT(missing.err, HasSubstr("--token-file FILE"));
  const ImbotRun wrong = Send({{"IMBOT_TOKEN", "wr0ngtoken"}});
  EXPECT_EQ(wrong.exit_code, 4);
  EXPECT_THAT(wrong.err, HasSubstr("CALLER_TOKEN_WRONG"));
  EXPECT_THAT(wrong.out + wrong.err, Not(HasSubstr("wr0ngtoken")));
  EXPECT_EQ(Send({}, {"--token-file", "/no/such/file"}).exit_code, 2);
}

TEST_F(ImbotWithCallers, SaysThatRawCallsAreNotAllowed) {
  const ImbotRun run = RunImbot({"call", "--raw", "--portal", "acme", "server.time"}, [&] {
    auto environment = Environment();
    environment["IMBOT_TOKEN"] = "abc";
    return environment;
  }());
  EXPECT_EQ(run.exit_code, 4) << run.err;
  EXPECT_THAT(run.err, HasSubstr("CALLER_NOT_ALLOWED"));
}

class ImbotRaw : public ImbotFixture {
 protected:
  ImbotRaw() : ImbotFixture("anonymous_raw_allowed: true\n") {}
};

TEST_F(ImbotRaw, CallsAMethodThatTheContractDoesNotHave) {
  const ImbotRun run = Run({"call", "--raw", "--portal", "acme", "server.time", "--json"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_TRUE(Json::parse(run.out).contains("result")) << run.out;
}

}  // namespace
}  // namespace imbot
