// A simulator of its own for each test, and short ways to call it.
#ifndef IMBOT_TESTS_SIMULATOR_TEST_PORTAL_FIXTURE_H_
#define IMBOT_TESTS_SIMULATOR_TEST_PORTAL_FIXTURE_H_

#include <gtest/gtest.h>
#include <signal.h>

#include <memory>
#include <string>

#include "tests/simulator/simulator.h"
#include "tests/simulator/test/client.h"

namespace simulator {

class PortalTest : public ::testing::Test {
 protected:
  void SetUp() override {
    signal(SIGPIPE, SIG_IGN);  // the client's side of TLS
    Restart();
  }

  void Restart() {
    std::string error;
    simulator_ = Simulator::Start(options_, &error);
    ASSERT_NE(simulator_, nullptr) << error;
  }

  int http() const { return simulator_->ports().http; }
  int https() const { return simulator_->ports().https; }
  int control() const { return simulator_->ports().control; }

  static std::string Url(const std::string& method) { return "/rest/1/simulator/" + method; }
  Reply Rest(const std::string& method, const Json& params) const { return PostJson(http(), Url(method), params); }
  Json Result(const std::string& method, const Json& params) const {
    const Reply reply = Rest(method, params);
    EXPECT_EQ(reply.status, 200) << method << ": " << reply.body;
    const Json document = reply.json();
    const Json* result = Find(document, "result");
    return result == nullptr ? Json() : *result;
  }
  // The error's code, after checking that it came with this status.
  std::string Error(const std::string& method, const Json& params, int status = 400) const {
    const Reply reply = Rest(method, params);
    EXPECT_EQ(reply.status, status) << method << ": " << reply.body;
    EXPECT_EQ(Find(reply.json(), "time"), nullptr) << "error replies carry no time";
    return reply.error();
  }

  Json Control(const std::string& target) const { return GetUrl(control(), target).json(); }
  Reply ControlPost(const std::string& target, const Json& body) const { return PostJson(control(), target, body); }
  void AddFaults(const Json& faults) const { ASSERT_EQ(ControlPost("/faults", faults).status, 200); }
  // Waits until the call of that many requests is held.
  void AwaitHeld(int count) const {
    for (int i = 0; i < 20'000; ++i) {
      if (Control("/stats")["held"] == count) return;
    }
    FAIL() << "no call is held";
  }

  // A v2 bot with the token "token-1"; its id.
  int64_t RegisterBot(const std::string& code = "support_bot", const std::string& token = "token-1",
                      const std::string& type = "bot") const {
    const Json result = Result(
        "imbot.v2.Bot.register",
        Json{{"fields", {{"code", code}, {"botToken", token}, {"type", type}, {"properties", {{"name", "Support"}}}}}});
    return result["bot"]["id"].get<int64_t>();
  }
  // A v1 bot with the CLIENT_ID "client-1"; its id.
  int64_t RegisterV1(const std::string& code = "newbot", const std::string& client_id = "client-1") const {
    return Result("imbot.register", Json{{"CODE", code},
                                         {"TYPE", "B"},
                                         {"EVENT_HANDLER", "https://example.com/bot/events"},
                                         {"OPENLINE", "N"},
                                         {"PROPERTIES", {{"NAME", "NewBot"}, {"WORK_POSITION", "Support bot"}}},
                                         {"CLIENT_ID", client_id}})
        .get<int64_t>();
  }
  static Json SendParams(int64_t bot_id, const Json& fields, const std::string& dialog = "chat5",
                         const std::string& token = "token-1") {
    return Json{{"botId", bot_id}, {"botToken", token}, {"dialogId", dialog}, {"fields", fields}};
  }

  SimulatorOptions options_;
  std::unique_ptr<Simulator> simulator_;
};

}  // namespace simulator

#endif  // IMBOT_TESTS_SIMULATOR_TEST_PORTAL_FIXTURE_H_
