// The ledger, the faults and the rest of the control endpoint.
#include <array>
#include <map>
#include <string>
#include <thread>

#include "tests/simulator/test/portal_fixture.h"

namespace simulator {
namespace {

constexpr char kTime[] = "server.time";

class FaultTest : public PortalTest {
 protected:
  Reply Call() const { return GetUrl(http(), Url(kTime)); }
  size_t Executed() const { return Control("/ledger")["executed"].size(); }
  size_t Rejected() const { return Control("/ledger")["rejected"].size(); }
};

TEST_F(FaultTest, EachKindDoesWhatItSaysAndTheLedgerAgrees) {
  struct Row {
    Json fault;
    Reply::End end;
    int status;
    const char* error;
    bool executed;
  };
  const Row rows[] = {
      {Json{{"kind", "reset_before"}}, Reply::End::kReset, 0, "", false},
      {Json{{"kind", "reset_after"}}, Reply::End::kReset, 0, "", true},
      {Json{{"kind", "close_before"}}, Reply::End::kClosed, 0, "", false},
      {Json{{"kind", "close_after"}}, Reply::End::kClosed, 0, "", true},
      {Json{{"kind", "cut"}}, Reply::End::kCut, 0, "", true},
      {Json{{"kind", "status"}, {"args", {{"code", 502}, {"body", "<html>Bad Gateway</html>"}}}}, Reply::End::kComplete,
       502, "", false},
      {Json{{"kind", "status"}, {"args", {{"code", 504}, {"when", "after"}}}}, Reply::End::kComplete, 504, "", true},
      {Json{{"kind", "error"},
            {"args", {{"error", "QUERY_LIMIT_EXCEEDED"}, {"description", "Too many requests"}, {"code", 503}}}},
       Reply::End::kComplete, 503, "QUERY_LIMIT_EXCEEDED", false},
      {Json{{"kind", "error"}, {"at", "before_auth"}, {"args", {{"error", "expired_token"}, {"code", 401}}}},
       Reply::End::kComplete, 401, "expired_token", false},
      {Json{{"kind", "error"}, {"args", {{"error", "INTERNAL_SERVER_ERROR"}, {"code", 500}, {"when", "after"}}}},
       Reply::End::kComplete, 500, "INTERNAL_SERVER_ERROR", true},
      {Json{{"kind", "body"}, {"args", {{"body", "{\"result\":tru"}}}}, Reply::End::kComplete, 200, "", true},
      {Json{{"kind", "half"}}, Reply::End::kComplete, 200, "", true},
      {Json{{"kind", "malformed"}}, Reply::End::kComplete, 200, "", true},
      {Json{{"kind", "deep"}}, Reply::End::kComplete, 200, "", true},
      {Json{{"kind", "html"}}, Reply::End::kComplete, 502, "", false},
      {Json{{"kind", "html"}, {"args", {{"code", 200}, {"when", "after"}}}}, Reply::End::kComplete, 200, "", true},
      {Json{{"kind", "redirect"}}, Reply::End::kComplete, 302, "", false},
      {Json{{"kind", "delay"}, {"args", {{"ms", 1}}}}, Reply::End::kComplete, 200, "", true},
  };
  for (const Row& row : rows) {
    ControlPost("/reset", Json::object());
    AddFaults(Json::array({row.fault}));
    const Reply reply = Call();
    EXPECT_EQ(reply.end, row.end) << row.fault;
    EXPECT_EQ(reply.status, row.status) << row.fault;
    EXPECT_EQ(reply.error(), row.error) << row.fault;
    EXPECT_EQ(Executed(), row.executed ? 1U : 0U) << row.fault;
    EXPECT_EQ(Rejected(), row.executed ? 0U : 1U) << row.fault;
    const Json ledger = Control("/ledger");
    const Json& entry = ledger[row.executed ? "executed" : "rejected"][0];
    EXPECT_EQ(entry["fault"], row.fault["kind"]) << row.fault;
    EXPECT_EQ(entry["delivered"], row.end == Reply::End::kComplete) << row.fault;
    EXPECT_EQ(Call().status, 200) << "one call was hit, as ordered: " << row.fault;
  }
}

TEST_F(FaultTest, BodiesAndHeadersAreSentAsOrdered) {
  AddFaults(Json{{"kind", "status"},
                 {"args",
                  {{"code", 302},
                   {"body", "moved"},
                   {"content_type", "text/plain"},
                   {"headers", {{"Location", "https://elsewhere.test/"}}}}}});
  const Reply reply = Call();
  EXPECT_EQ(reply.status, 302);
  EXPECT_EQ(reply.body, "moved");
  EXPECT_EQ(FindHeader(reply.headers, "Content-Type"), "text/plain");
  EXPECT_EQ(FindHeader(reply.headers, "Location"), "https://elsewhere.test/");
}

TEST_F(FaultTest, RedirectsToItselfOrToWhereItWasTold) {
  const std::string own = "http://localhost" + Url(kTime);
  for (const auto& [to, location] : std::map<std::string, std::string>{
           {"", own},
           {"{self}", own},
           {"https://other.test{target}", "https://other.test" + Url(kTime)},
           {"http://10.0.0.1/", "http://10.0.0.1/"},
       }) {
    AddFaults(Json{{"kind", "redirect"}, {"args", to.empty() ? Json::object() : Json{{"to", to}, {"code", 307}}}});
    const Reply reply = Call();
    EXPECT_EQ(reply.status, to.empty() ? 302 : 307);
    EXPECT_EQ(FindHeader(reply.headers, "Location"), location);
  }
}

TEST_F(FaultTest, ADeepReplyIsJsonAndAMalformedOrHalvedOneIsNot) {
  AddFaults(Json::array({Json{{"kind", "deep"}, {"args", {{"depth", 3}}}}, Json{{"kind", "malformed"}}}));
  EXPECT_EQ(Call().body, R"({"result":[[[]]]})");
  EXPECT_FALSE(ParseJson(Call().body).has_value());
  AddFaults(Json{{"kind", "half"}});
  const Reply half = Call();
  EXPECT_EQ(half.body.substr(0, 10), R"({"result":)");
  EXPECT_FALSE(ParseJson(half.body).has_value());
}

// Reads on as long as the client likes, with little held for it; ends with the client.
TEST_F(FaultTest, AnEndlessReplyLastsAsLongAsItsClient) {
  AddFaults(Json::array({Json{{"kind", "endless"}}, Json{{"kind", "endless"}, {"args", {{"body", "0123456789"}}}}}));
  for (const char* wanted : {"10000\r\n    ", "a\r\n0123456789\r\na\r\n0123456789\r\n"}) {
    ClientConnection connection(http());
    ASSERT_TRUE(connection.Write(FormatRequest("GET", Url(kTime), "", "")));
    std::string got;
    std::array<char, 65536> buffer{};
    while (got.size() < (1U << 20) && (got.size() < 400 || wanted[0] == '1')) {
      const long size = connection.Read(buffer.data(), buffer.size());
      ASSERT_GT(size, 0);
      got.append(buffer.data(), static_cast<size_t>(size));
    }
    const size_t body = got.find("\r\n\r\n") + 4;
    EXPECT_EQ(got.find("Content-Length"), std::string::npos);
    EXPECT_NE(got.find("Transfer-Encoding: chunked"), std::string::npos);
    EXPECT_EQ(got.compare(body, std::string(wanted).size(), wanted), 0) << got.substr(body, 40);
  }
  for (int i = 0; i < 20'000 && Control("/stats")["inProgress"] != 0; ++i) {
  }
  EXPECT_EQ(Control("/stats")["inProgress"], 0);
  EXPECT_EQ(Control("/ledger")["executed"][0]["delivered"], false);
  EXPECT_EQ(Call().status, 200);
}

TEST_F(FaultTest, TheSimulatorStopsInTheMiddleOfAnEndlessReply) {
  AddFaults(Json{{"kind", "endless"}});
  ClientConnection connection(http());
  ASSERT_TRUE(connection.Write(FormatRequest("GET", Url(kTime), "", "")));
  std::array<char, 4096> buffer{};
  ASSERT_GT(connection.Read(buffer.data(), buffer.size()), 0);
  simulator_->Stop();
}

// The client checks name, dates and signature; which of them is wrong is OpenSSL's to say.
TEST_F(FaultTest, CertificatesCanBeWrong) {
  for (const TlsFault fault : {TlsFault::kNone, TlsFault::kWrongName, TlsFault::kExpired, TlsFault::kUnknownCa}) {
    options_.tls_fault = fault;
    Restart();
    const ClientConnection connection(https(), simulator_->ports().ca, "localhost", "");
    EXPECT_EQ(connection.ok(), fault == TlsFault::kNone);
  }
  options_.tls_fault = TlsFault::kWrongName;
  Restart();
  EXPECT_TRUE(ClientConnection(https(), simulator_->ports().ca, "elsewhere.test", "").ok()) << "only the name is wrong";
}

TEST_F(FaultTest, CountsSkipsAndNamesMethods) {
  AddFaults(Json::array(
      {Json{{"method", "imbot.v2.*"}, {"kind", "error"}, {"count", 2}, {"skip", 1}, {"args", {{"error", "X"}}}}}));
  const Json nothing = Json::object();
  EXPECT_EQ(Call().status, 200);
  EXPECT_EQ(Rest("imbot.v2.Revision.get", nothing).status, 200);
  EXPECT_EQ(Rest("imbot.v2.Revision.get", nothing).error(), "X");
  EXPECT_EQ(Rest("imbot.v2.Revision.get", nothing).error(), "X");
  EXPECT_EQ(Rest("imbot.v2.Revision.get", nothing).status, 200);
  EXPECT_EQ(Control("/faults")["faults"][0]["hits"], 2);
  AddFaults(Json{{"kind", "error"}, {"count", -1}, {"args", {{"error", "Y"}}}});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Call().error(), "Y");
  Exchange(control(), FormatRequest("DELETE", "/faults", "", ""));
  EXPECT_EQ(Call().status, 200);
}

TEST_F(FaultTest, WrongSpecificationsAreRefusedWhole) {
  for (const Json& wrong :
       {Json{{"kind", "explode"}}, Json{{"kind", "delay"}}, Json{{"kind", "error"}},
        Json{{"kind", "reset"}, {"at", "nowhere"}}, Json{{"kind", "cut"}, {"at", "before_auth"}}, Json("text")}) {
    EXPECT_EQ(ControlPost("/faults", Json::array({Json{{"kind", "cut"}}, wrong})).status, 400) << wrong;
  }
  EXPECT_EQ(Control("/faults")["faults"].size(), 0U);
}

TEST_F(FaultTest, HeldCallsWaitForTheirRelease) {
  for (const bool after : {false, true}) {
    ControlPost("/reset", Json::object());
    AddFaults(Json{{"kind", after ? "hold_after" : "hold_before"}});
    ClientConnection connection(http());
    ASSERT_TRUE(connection.Write(FormatRequest("GET", Url(kTime), "", "")));
    AwaitHeld(1);
    EXPECT_EQ(Executed(), after ? 1U : 0U);
    EXPECT_EQ(ControlPost("/reset", Json::object()).status, 409) << "not while a call is under way";
    EXPECT_EQ(ControlPost("/release", Json::object()).json()["released"], 1);
    EXPECT_EQ(connection.ReadReply().status, 200);
    EXPECT_EQ(Executed(), 1U);
  }
}

TEST_F(FaultTest, ACallGoesOnWhenItsClientHasGone) {
  AddFaults(Json{{"kind", "hold_before"}});
  {
    ClientConnection connection(http());
    ASSERT_TRUE(connection.Write(FormatRequest("GET", Url(kTime), "", "")));
    AwaitHeld(1);
  }
  ControlPost("/release", Json::object());
  for (int i = 0; i < 20'000 && Executed() == 0; ++i) {
  }
  const Json ledger = Control("/ledger");
  ASSERT_EQ(ledger["executed"].size(), 1U);
  EXPECT_EQ(ledger["executed"][0]["delivered"], false);
}

TEST_F(FaultTest, TheSimulatorStopsWhileCallsAreHeld) {
  AddFaults(Json{{"kind", "hold_before"}, {"count", 2}});
  ClientConnection plain(http());
  ASSERT_TRUE(plain.Write(FormatRequest("GET", Url(kTime), "", "")));
  AwaitHeld(1);
  simulator_->Stop();
  simulator_.reset();
  EXPECT_NE(plain.ReadReply().end, Reply::End::kComplete);
}

TEST_F(FaultTest, TheOrderOfExecutionIsTheLedgers) {
  const int64_t id = RegisterBot();
  AddFaults(Json{{"method", "imbot.v2.Chat.Message.send"}, {"kind", "hold_before"}});
  ClientConnection held(http());
  ASSERT_TRUE(held.Write(FormatRequest("POST", Url("imbot.v2.Chat.Message.send"),
                                       SendParams(id, Json{{"message", "first to come"}}).dump(), "application/json")));
  AwaitHeld(1);
  Result("imbot.v2.Chat.Message.send", SendParams(id, Json{{"message", "second to come"}}));
  ControlPost("/release", Json::object());
  EXPECT_EQ(held.ReadReply().status, 200);
  const Json executed = Control("/ledger?method=imbot.v2.Chat.Message.send")["executed"];
  ASSERT_EQ(executed.size(), 2U);
  EXPECT_EQ(executed[0]["params"]["fields"]["message"], "second to come");
  EXPECT_LT(executed[0]["seq"], executed[1]["seq"]);
  EXPECT_GT(executed[0]["request"], executed[1]["request"]);
}

using LedgerTest = PortalTest;

TEST_F(LedgerTest, SecretsAreLabelsAndRawRequestsAreNot) {
  const int64_t id = RegisterBot("support_bot", "canary-token");
  RegisterV1("newbot", "canary-client");
  Result("imbot.v2.Bot.update",
         Json{{"botId", id}, {"botToken", "canary-token"}, {"fields", {{"botToken", "canary-new"}}}});
  ControlPost("/tokens", Json{{"token", "canary-access"}, {"client_id", "app.1"}});
  GetUrl(http(), "/rest/server.time?auth=canary-access");
  for (const char* target : {"/ledger", "/state", "/stats"}) {
    EXPECT_EQ(GetUrl(control(), target).body.find("canary"), std::string::npos) << target;
  }
  EXPECT_NE(GetUrl(control(), "/ledger").body.find("secret:"), std::string::npos);
  EXPECT_NE(GetUrl(control(), "/received").body.find("canary-token"), std::string::npos);
}

TEST_F(LedgerTest, EqualSecretsHaveEqualLabels) {
  RegisterBot("a", "token-1");
  RegisterBot("b", "token-1");
  RegisterBot("c", "token-2");
  const Json bots = Control("/state")["bots"];
  EXPECT_EQ(bots[0]["owner"], bots[1]["owner"]);
  EXPECT_NE(bots[0]["owner"], bots[2]["owner"]);
  EXPECT_EQ(Control("/ledger")["executed"][0]["params"]["fields"]["botToken"], bots[0]["owner"]);
}

TEST_F(LedgerTest, RefusalsAreKeptApart) {
  Rest("imbot.v2.Bot.get", Json::object());
  GetUrl(http(), "/rest/1/wrong/server.time");
  Rest("nothing", Json{{"a", 1}});
  const Json ledger = Control("/ledger");
  EXPECT_EQ(ledger["executed"].size(), 0U);
  ASSERT_EQ(ledger["rejected"].size(), 3U);
  EXPECT_EQ(ledger["rejected"][0]["error"]["error"], "BOT_TOKEN_NOT_SPECIFIED");
  EXPECT_EQ(ledger["rejected"][1]["httpStatus"], 401);
  EXPECT_EQ(ledger["rejected"][2]["method"], "nothing");
  EXPECT_EQ(ledger["rejected"][2]["contentType"], "application/json");
}

TEST_F(LedgerTest, CanBeReadInParts) {
  for (int i = 0; i < 5; ++i) GetUrl(http(), Url(kTime));
  RegisterBot();
  EXPECT_EQ(Control("/ledger?since=3")["executed"].size(), 3U);
  EXPECT_EQ(Control("/ledger?limit=2")["executed"].size(), 2U);
  EXPECT_EQ(Control("/ledger?method=imbot.v2.Bot.register")["executed"].size(), 1U);
  EXPECT_EQ(Control("/stats")["executed"], (Json{{"imbot.v2.Bot.register", 1}, {"server.time", 5}}));
}

TEST_F(LedgerTest, ForgetsTheOldestAndSaysSo) {
  options_.portal.ledger_limit = 2;
  options_.portal.received_limit = 1;
  Restart();
  for (int i = 0; i < 5; ++i) GetUrl(http(), Url(kTime));
  const Json ledger = Control("/ledger");
  EXPECT_EQ(ledger["executed"].size(), 2U);
  EXPECT_EQ(ledger["executed"][0]["seq"], 4);
  EXPECT_EQ(ledger["droppedExecuted"], 3);
  EXPECT_EQ(Control("/received")["received"].size(), 1U);
}

TEST_F(LedgerTest, ReceivedShowsRequestsAsTheyCame) {
  const std::string body = "{ \"botToken\" : \"t\" }";
  Exchange(http(), FormatRequest("POST", Url("imbot.v2.Bot.list.json?x=%20"), body, "application/json"));
  const Json received = Control("/received")["received"][0];
  EXPECT_EQ(received["target"], Url("imbot.v2.Bot.list.json?x=%20"));
  EXPECT_EQ(received["body"], body);
  EXPECT_EQ(received["httpMethod"], "POST");
  EXPECT_EQ(received["protocol"], "HTTP/1.1");
  EXPECT_EQ(received["headers"][1], Json::array({"Content-Type", "application/json"}));
}

TEST_F(LedgerTest, ResetBringsTheFixtureBack) {
  RegisterBot();
  ControlPost("/clock", Json{{"advance_ms", 1000}});
  AddFaults(Json{{"kind", "cut"}});
  ASSERT_EQ(ControlPost("/reset", Json::object()).status, 200);
  const Json state = Control("/state");
  EXPECT_EQ(state["bots"].size(), 0U);
  EXPECT_EQ(state["users"].size(), 10U);
  EXPECT_EQ(Control("/ledger")["executed"].size(), 0U);
  EXPECT_EQ(Control("/faults")["faults"].size(), 0U);
  EXPECT_EQ(Control("/stats")["clockOffsetMs"], 0);
  EXPECT_EQ(RegisterBot(), 39);
}

TEST_F(LedgerTest, TheControlEndpointNamesItsRoutes) {
  const Reply reply = GetUrl(control(), "/nothing");
  EXPECT_EQ(reply.status, 404);
  EXPECT_NE(reply.body.find("GET /ledger"), std::string::npos);
  EXPECT_EQ(Exchange(control(), FormatRequest("POST", "/faults", "{", "application/json")).status, 400);
}

TEST_F(LedgerTest, DelaysHoldEveryCallAsLongAsTheySay) {
  options_.portal.delay = std::chrono::milliseconds(30);
  options_.portal.per_command = std::chrono::milliseconds(20);
  Restart();
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(GetUrl(http(), Url(kTime)).status, 200);
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(50));
}

}  // namespace
}  // namespace simulator
