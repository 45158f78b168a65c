// Every example request of the documentation through `imbot call`, the program, as it stands: what the portal gets is
// compared with the example.
#include <gtest/gtest.h>

#include <iostream>
#include <set>
#include <string>

#include "tests/conformance/socket_fixture.h"
#include "tests/support/imbot.h"

namespace imbot::conformance {
namespace {

using imbot::testing::ImbotRun;
using imbot::testing::RunImbot;

class Cli : public SocketFixture {
 protected:
  std::map<std::string, std::string> Environment() const {
    return {{"IMBOT_GATEWAY", "127.0.0.1:" + std::to_string(gateway_.grpc_port())}};
  }
  // The JSON as an argument, from a file or from stdin, in turn.
  ImbotRun Call(const std::string& method, const std::string& json) {
    std::vector<std::string> words = {"call", method, "--bot", FreshBot()};
    switch (bot_ % 3) {
      case 0:
        words.push_back(json);
        return RunImbot(words, Environment());
      case 1:
        words.push_back("@" + folder_.Write("request.json", json));
        return RunImbot(words, Environment());
      default:
        words.push_back("-");
        return RunImbot(words, Environment(), json);
    }
  }
};

TEST_F(Cli, CallsEveryExampleRequestAsItStands) {
  Uses uses;
  std::set<std::string> methods;
  int run = 0;
  for (const RequestExample& example : Requests()) {
    SCOPED_TRACE(example.where);
    PlayAnswer(example.method, 200, AnswerOf(example.method));
    const ImbotRun call = Call(example.method, example.body.dump());
    simulator_.Delete("/faults");
    ASSERT_EQ(call.exit_code, 0) << example.method << ": " << call.err;
    EXPECT_EQ(call.err, "");
    ExpectAtThePortal(example, &uses);
    if (Rpc(example.method).server_streaming()) {
      EXPECT_EQ(call.out, kContent);
    } else {
      EXPECT_TRUE(Json::accept(call.out)) << call.out;
    }
    methods.insert(example.method);
    ++run;
  }
  std::cout << run << " example requests of " << methods.size() << " methods, through imbot call\n";
  EXPECT_EQ(methods.size(), 67u);
  EXPECT_GE(run, 66);
}

// Otherwise the above would also hold for a program that drops what it does not know.
TEST_F(Cli, RefusesAnExampleWithOneKeyMoreAndSendsNothing) {
  for (const RequestExample& example : Requests()) {
    SCOPED_TRACE(example.where);
    Json changed = example.body;
    changed["noSuchParameter"] = 1;
    const ImbotRun call = Call(example.method, changed.dump());
    EXPECT_EQ(call.exit_code, 2);
    EXPECT_NE(call.err.find("noSuchParameter"), std::string::npos) << call.err;
  }
  EXPECT_EQ(simulator_.Received().size(), 0u);
}

// And the comparison finds what the program would change.
TEST_F(Cli, ComparesWhatThePortalGotWithTheExample) {
  const RequestExample& example = requests_.at("imbot.v2.Chat.Message.send");
  Json changed = example.body;
  changed["dialogId"] = "chat6";
  PlayAnswer(example.method, 200, AnswerOf(example.method));
  ASSERT_EQ(Call(example.method, changed.dump()).exit_code, 0);
  const Json sent = Json::parse(simulator_.Received().back().at("body").get<std::string>());
  Uses uses;
  EXPECT_EQ(CompareRequest(example.body, sent, OptionsOf(Rpc(example.method)), Identity(example.method), &uses).size(),
            1u);
}

}  // namespace
}  // namespace imbot::conformance
