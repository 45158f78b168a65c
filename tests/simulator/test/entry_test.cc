// The REST entry: addresses, decoding, authentication, envelopes, transport. Expected values: WIRE_FACTS.md 1.1 to 1.6.
#include <poll.h>

#include <vector>

#include "tests/simulator/test/portal_fixture.h"

namespace simulator {
namespace {

class EntryTest : public PortalTest {};

TEST_F(EntryTest, UnknownMethodIsToldApartBeforeAuthentication) {
  for (const char* target : {"/rest/1/wrong-code/imbot.nothing", "/rest/imbot.nothing?auth=wrong",
                             "/rest/imbot.nothing", "/rest/1/simulator"}) {
    const Reply reply = GetUrl(http(), target);
    EXPECT_EQ(reply.status, 404) << target;
    EXPECT_EQ(reply.body, R"({"error":"ERROR_METHOD_NOT_FOUND","error_description":"Method not found!"})") << target;
  }
}

TEST_F(EntryTest, RefusesWithoutOrWithWrongCredentials) {
  const Reply none = GetUrl(http(), "/rest/server.time");
  EXPECT_EQ(none.status, 401);
  EXPECT_EQ(none.body, R"({"error":"NO_AUTH_FOUND","error_description":"Wrong authorization data"})");
  const Reply wrong = GetUrl(http(), "/rest/1/wrong-code/server.time");
  EXPECT_EQ(wrong.status, 401);
  EXPECT_EQ(wrong.body, R"({"error":"INVALID_CREDENTIALS","error_description":"Invalid request credentials"})");
  EXPECT_EQ(GetUrl(http(), "/rest/2/simulator/server.time").error(), "INVALID_CREDENTIALS");
}

TEST_F(EntryTest, AnswersWithTheDocumentedStatusesIfAskedTo) {
  options_.portal.behave_as_documented = true;
  Restart();
  EXPECT_EQ(GetUrl(http(), "/rest/1/wrong-code/server.time").status, 403);
}

TEST_F(EntryTest, AWebhookNeedsTheScope) {
  ASSERT_EQ(ControlPost("/webhooks", Json{{"user", 2}, {"code", "narrow"}, {"scope", "im"}}).status, 200);
  const Reply reply = PostJson(http(), "/rest/2/narrow/imbot.v2.Bot.list", Json{{"botToken", "t"}});
  EXPECT_EQ(reply.status, 401);
  EXPECT_EQ(
      reply.body,
      R"({"error":"insufficient_scope","error_description":"The request requires higher privileges than provided by the webhook token"})");
  EXPECT_EQ(GetUrl(http(), "/rest/2/narrow/server.time").status, 200) << "server.time needs no scope";
}

TEST_F(EntryTest, TakesALoginInsteadOfAUserId) {
  EXPECT_EQ(GetUrl(http(), "/rest/user1@portal.test/simulator/server.time").status, 200);
}

TEST_F(EntryTest, AccessTokensWorkFromThreePlacesAndExpire) {
  ASSERT_EQ(ControlPost("/tokens", Json{{"token", "at-1"}, {"client_id", "app.1"}, {"expires_in", 3600}}).status, 200);
  EXPECT_EQ(GetUrl(http(), "/rest/server.time?auth=at-1").status, 200);
  EXPECT_EQ(PostJson(http(), "/rest/server.time", Json{{"access_token", "at-1"}}).status, 200);
  EXPECT_EQ(
      Exchange(http(), "GET /rest/server.time?auth=wrong HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer at-1\r\n\r\n")
          .status,
      200);
  const Reply unknown = GetUrl(http(), "/rest/server.time?auth=at-2");
  EXPECT_EQ(unknown.status, 401);
  EXPECT_EQ(unknown.body, R"({"error":"invalid_token","error_description":"Unable to get application by token"})");
  ASSERT_EQ(ControlPost("/clock", Json{{"advance_ms", 3'600'000}}).status, 200);
  const Reply expired = GetUrl(http(), "/rest/server.time?auth=at-1");
  EXPECT_EQ(expired.status, 401);
  EXPECT_EQ(expired.body, R"({"error":"expired_token","error_description":"The access token provided has expired"})");
}

TEST_F(EntryTest, StripsTheJsonSuffixAndTrailingSlash) {
  EXPECT_EQ(GetUrl(http(), Url("server.time.json")).status, 200);
  EXPECT_EQ(GetUrl(http(), Url("server.time/")).status, 200);
}

TEST_F(EntryTest, Version1NamesAreFoundInAnyCaseVersion2NamesAreNot) {
  EXPECT_EQ(Rest("IMBOT.BOT.LIST", Json::object()).status, 200);
  EXPECT_EQ(Rest("imbot.v2.revision.get", Json::object()).status, 404);
  EXPECT_EQ(Rest("imbot.v2.Revision.get", Json::object()).status, 200);
}

TEST_F(EntryTest, InvalidJsonIsSwallowedAndTheQueryStringStillCounts) {
  const int64_t id = RegisterBot();
  const std::string target = Url("imbot.v2.Bot.get?botToken=token-1&botId=" + std::to_string(id));
  const Reply reply = Exchange(http(), FormatRequest("POST", target, "{broken", "application/json; charset=utf-8"));
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(Exchange(http(), FormatRequest("POST", Url("imbot.v2.Bot.get"), "{broken", "application/json")).error(),
            "BOT_TOKEN_NOT_SPECIFIED");
}

TEST_F(EntryTest, TheBodyWinsOverTheQueryString) {
  RegisterBot();
  const Reply reply =
      PostJson(http(), Url("imbot.v2.Bot.get?code=nothing&botToken=token-1"), Json{{"code", "support_bot"}});
  EXPECT_EQ(reply.status, 200) << reply.body;
}

TEST_F(EntryTest, FormBodiesAreParsedAsPhpDoes) {
  const int64_t id = RegisterBot();
  const std::string body =
      "botId=" + std::to_string(id) + "&botToken=token-1&dialogId=chat5&fields%5Bmessage%5D=a+b%26c";
  for (const char* type : {"application/x-www-form-urlencoded", "text/plain", ""}) {
    const Reply reply = Exchange(http(), FormatRequest("POST", Url("imbot.v2.Chat.Message.send"), body, type));
    EXPECT_EQ(reply.status, 200) << type << reply.body;
  }
  EXPECT_EQ(Control("/state")["messages"][0]["text"], "a b&c");
}

TEST_F(EntryTest, SuccessCarriesTime) {
  const Reply reply = GetUrl(http(), Url("server.time"));
  const Json time = reply.json()["time"];
  EXPECT_TRUE(time["start"].is_number_integer()) << "the published source truncates it";
  EXPECT_TRUE(time["finish"].is_number());
  EXPECT_GE(time["duration"].get<double>(), 0);
  EXPECT_TRUE(time["date_start"].is_string());
  EXPECT_TRUE(time["date_finish"].is_string());
  EXPECT_EQ(time["operating"], 0);
  EXPECT_GT(time["operating_reset_at"].get<int64_t>(), time["start"].get<int64_t>());
  EXPECT_EQ(FindHeader(reply.headers, "content-type"), "application/json; charset=utf-8");
  EXPECT_EQ(FindHeader(reply.headers, "Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(FindHeader(reply.headers, "X-Content-Type-Options"), "nosniff");
}

TEST_F(EntryTest, OptionsAnswersWithHeadersAlone) {
  const Reply reply = Exchange(http(), FormatRequest("OPTIONS", Url("server.time"), "", ""));
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "");
}

TEST_F(EntryTest, ATokenParameterGoesToTheLinkCheck) {
  const Reply reply = GetUrl(http(), Url("server.time?token=x"));
  EXPECT_EQ(reply.status, 403);
  EXPECT_EQ(reply.body, R"({"error":"ACCESS_DENIED","error_description":"Access denied! Link check failed"})");
}

TEST_F(EntryTest, Version3AddressesAnswerInVersion3sForm) {
  const Reply reply = GetUrl(http(), "/rest/api/1/simulator/server.time");
  EXPECT_EQ(reply.status, 404);
  EXPECT_TRUE(reply.json()["error"].is_object());
}

TEST_F(EntryTest, RefusesPlainHttpIfAskedTo) {
  options_.portal.require_https = true;
  Restart();
  const Reply reply = GetUrl(http(), Url("server.time"));
  EXPECT_EQ(reply.status, 401);
  EXPECT_EQ(reply.body, R"({"error":"INVALID_REQUEST","error_description":"Https required."})");
  ClientConnection secure(https(), simulator_->ports().ca, "localhost", "");
  ASSERT_TRUE(secure.ok());
  ASSERT_TRUE(secure.Write(FormatRequest("GET", Url("server.time"), "", "")));
  EXPECT_EQ(secure.ReadReply().status, 200);
}

TEST_F(EntryTest, PortalsAreToldApartByHost) {
  ASSERT_EQ(ControlPost("/webhooks", Json{{"portal", "acme.test"}, {"user", 1}, {"code", "acme-code"}}).status, 200);
  EXPECT_EQ(Exchange(http(), FormatRequest("GET", "/rest/1/acme-code/server.time", "", "", "ACME.test:8080")).status,
            200);
  EXPECT_EQ(Exchange(http(), FormatRequest("GET", "/rest/1/acme-code/server.time", "", "", "other.test")).status, 401);
  EXPECT_EQ(Control("/ledger")["executed"][0]["portal"], "acme.test");
}

TEST_F(EntryTest, KeepsConnectionsAliveAndTakesPipelinedRequests) {
  ClientConnection connection(http());
  const std::string request = FormatRequest("GET", Url("server.time"), "", "");
  ASSERT_TRUE(connection.Write(request + request + request));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(connection.ReadReply().status, 200);
  EXPECT_EQ(Control("/stats")["connectionsAccepted"], 1);
}

TEST_F(EntryTest, TakesChunkedBodiesInPieces) {
  RegisterBot();
  ClientConnection connection(http());
  const std::string request =
      "POST " + Url("imbot.v2.Bot.get") +
      " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
      "1\r\n{\r\n2d;x=y\r\n\"botToken\":\"token-1\",\"code\":\"support_bot\"   }\r\n0\r\nTrailer: x\r\n\r\n";
  for (const char c : request) ASSERT_TRUE(connection.Write(std::string_view(&c, 1)));
  const Reply reply = connection.ReadReply();
  EXPECT_EQ(reply.status, 200) << reply.body;
}

TEST_F(EntryTest, ClosesWhenTheClientAsksForIt) {
  ClientConnection connection(http());
  ASSERT_TRUE(connection.Write("GET /rest/1/simulator/server.time HTTP/1.0\r\n\r\n"));
  EXPECT_EQ(connection.ReadReply().status, 200);
  char byte = 0;
  EXPECT_EQ(connection.Read(&byte, 1), 0);
}

TEST_F(EntryTest, MalformedRequestsAreRefused) {
  EXPECT_EQ(Exchange(http(), "nonsense\r\n\r\n").status, 400);
  EXPECT_EQ(Exchange(http(), "GET / HTTP/9.9\r\n\r\n").status, 505);
  EXPECT_EQ(Exchange(http(), "POST /rest/x HTTP/1.1\r\nContent-Length: x\r\n\r\n").status, 400);
  EXPECT_EQ(Exchange(http(), "POST /rest/x HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n").status, 501);
}

TEST_F(EntryTest, HoldsAThousandConnections) {
  std::vector<std::unique_ptr<ClientConnection>> connections;
  for (int i = 0; i < 1000; ++i) {
    connections.push_back(std::make_unique<ClientConnection>(http()));
    ASSERT_TRUE(connections.back()->ok()) << i;
  }
  const std::string request = FormatRequest("GET", Url("server.time"), "", "");
  for (auto& connection : connections) ASSERT_TRUE(connection->Write(request));
  for (auto& connection : connections) EXPECT_EQ(connection->ReadReply().status, 200);
  EXPECT_EQ(Control("/stats")["connectionsOpen"], 1000);
}

TEST_F(EntryTest, TheCertificateNamesPortalHosts) {
  for (const char* name : {"localhost", "portal.test", "acme.portal.test"}) {
    EXPECT_TRUE(ClientConnection(https(), simulator_->ports().ca, name, "").ok()) << name;
  }
  EXPECT_FALSE(ClientConnection(https(), simulator_->ports().ca, "elsewhere.test", "").ok());
}

TEST_F(EntryTest, NegotiatesHttp2OnlyIfItIsOn) {
  constexpr std::string_view kBoth("\x02h2\x08http/1.1", 12);
  EXPECT_EQ(ClientConnection(https(), simulator_->ports().ca, "localhost", kBoth).alpn(), "h2");
  options_.http2 = false;
  Restart();
  EXPECT_EQ(ClientConnection(https(), simulator_->ports().ca, "localhost", kBoth).alpn(), "http/1.1");
}

TEST_F(EntryTest, RevisionIsConfigurable) {
  EXPECT_EQ(Result("imbot.v2.Revision.get", Json::object()),
            (Json{{"rest", 36}, {"web", 130}, {"mobile", 23}, {"desktop", 6}}));
  options_.portal.revision = 33;
  Restart();
  EXPECT_EQ(Result("imbot.v2.Revision.get", Json::object())["rest"], 33);
}

}  // namespace
}  // namespace simulator
