// The loop's transport over TLS: whom it trusts, what it resumes, and HTTP/2.
#include <openssl/x509.h>

#include <atomic>
#include <ctime>
#include <future>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include "tests/transport/h2_connection.h"
#include "tests/transport/loop_fixture.h"
#include "tests/transport/test_certificates.h"
#include "tests/transport/test_server.h"

namespace imbot::transport {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using Kind = Failure::Kind;

class HttpsTest : public LoopTest {
 protected:
  HttpsTest() { options_.ca_file = authority_.file(); }

  const TestAuthority authority_;
  const Identity good_ = authority_.Issue({"portal.test", "*.portals.test"});
};

TEST_F(HttpsTest, TrustsACertificateOfTheConfiguredAuthority) {
  TestServer server(Echo, {.tls = good_});
  EXPECT_THAT(Call(server.Url("portal.test"), "x"), Replies(200, "x"));
  EXPECT_THAT(Call(server.Url("portal.test"), "y"), Replies(200, "y"));
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(HttpsTest, RefusesACertificateForAnotherName) {
  TestServer server(Echo, {.tls = good_});
  const Result result = Call(server.Url("other.test"));
  EXPECT_THAT(result, FailsWith(Kind::kTls, false));
  EXPECT_THAT(result.failure->message, HasSubstr("another name"));
  EXPECT_EQ(server.requests(), 0);
}

TEST_F(HttpsTest, RefusesAnExpiredCertificate) {
  TestServer server(Echo, {.tls = authority_.Issue({"portal.test"}, -9, -1)});
  const Result result = Call(server.Url("portal.test"));
  EXPECT_THAT(result, FailsWith(Kind::kTls, false));
  EXPECT_THAT(result.failure->message, HasSubstr("expired"));
  EXPECT_EQ(server.requests(), 0);
}

TEST_F(HttpsTest, RefusesACertificateOfAnUnknownAuthority) {
  const TestAuthority unknown("Unknown authority");
  TestServer server(Echo, {.tls = unknown.Issue({"portal.test"})});
  const Result result = Call(server.Url("portal.test"));
  EXPECT_THAT(result, FailsWith(Kind::kTls, false));
  EXPECT_THAT(result.failure->message, HasSubstr("certificate"));
  EXPECT_EQ(server.requests(), 0);
}

TEST_F(HttpsTest, RefusesACertificateSignedByAnImpostorOfTheAuthority) {
  const TestAuthority impostor;
  TestServer server(Echo, {.tls = impostor.Issue({"portal.test"})});
  EXPECT_THAT(Call(server.Url("portal.test")), FailsWith(Kind::kTls, false));
  EXPECT_EQ(server.requests(), 0);
}

TEST_F(HttpsTest, TheSystemsAuthoritiesDoNotVouchForATestServer) {
  options_.ca_file.clear();
  TestServer server(Echo, {.tls = good_});
  EXPECT_THAT(Call(server.Url("portal.test")), FailsWith(Kind::kTls, false));
}

TEST_F(HttpsTest, AMissingFileOfAuthoritiesIsATlsFailure) {
  options_.ca_file = "/nonexistent/authorities.pem";
  TestServer server(Echo, {.tls = good_});
  EXPECT_THAT(Call(server.Url("portal.test")), FailsWith(Kind::kTls, false));
}

TEST_F(HttpsTest, RefusesTlsBelow1_2) {
  TestServer server(Echo, {.tls = good_, .newest_tls = TLS1_1_VERSION});
  EXPECT_THAT(Call(server.Url("portal.test")), FailsWith(Kind::kTls, false));
}

TEST_F(HttpsTest, SpeaksTls1_2) {
  TestServer server(Echo, {.tls = good_, .newest_tls = TLS1_2_VERSION});
  EXPECT_THAT(Call(server.Url("portal.test"), "x"), Replies(200, "x"));
}

TEST_F(HttpsTest, APlainServerBehindAnHttpsUrlIsATlsFailure) {
  const std::unique_ptr<TestServer> server = TestServer::Raw(
      [](Connection& connection) {
        char hello[16];
        if (connection.Read(hello, sizeof(hello)) > 0) connection.Reply(400, "plain HTTP here");
      },
      {});
  EXPECT_THAT(Call("https://portal.test:" + std::to_string(server->port()) + "/s3cr3t"), FailsWith(Kind::kTls, false));
}

TEST_F(HttpsTest, AHandshakeThatNeverEndsIsNoConnection) {
  options_.connect_timeout = milliseconds(100);
  TestServer server(Echo, {.tls = good_, .handshake = false});
  EXPECT_THAT(Call(server.Url("portal.test")), FailsWith(Kind::kConnect, false));
}

// Nothing is wrong with the server's certificate: another try may do.
TEST_F(HttpsTest, AConnectionLostDuringTheHandshakeIsNoConnection) {
  for (const bool reset : {true, false}) {
    const std::unique_ptr<TestServer> server = TestServer::Raw(
        [reset](Connection& connection) {
          char hello = 0;
          connection.Read(&hello, 1);
          reset ? connection.Reset() : connection.Close();
        },
        {});
    EXPECT_THAT(Call("https://portal.test:" + std::to_string(server->port()) + "/s3cr3t"),
                FailsWith(Kind::kConnect, false));
  }
}

TEST_F(HttpsTest, AReplyTooManyIsNobodysReply) {
  std::promise<void> written;
  TestServer server(
      [&](Connection& connection, const HttpRequest& request) {
        connection.Reply(200, "reply to " + request.body);
        if (request.body != "first") return;
        std::this_thread::sleep_for(milliseconds(50));
        connection.Reply(200, "too many");
        written.set_value();
      },
      {.tls = good_});
  EXPECT_THAT(Call(server.Url("portal.test"), "first"), Replies(200, "reply to first"));
  written.get_future().wait();
  EXPECT_THAT(Call(server.Url("portal.test"), "second"), Replies(200, "reply to second"));
  EXPECT_THAT(Call(server.Url("portal.test"), "third"), Replies(200, "reply to third"));
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(HttpsTest, ResumesTheSessionOnANewConnection) {
  TestServer server([](Connection& connection,
                       const HttpRequest& request) { connection.Reply(200, request.body, "Connection: close\r\n"); },
                    {.tls = good_});
  for (int i = 0; i < 5; ++i) EXPECT_THAT(Call(server.Url("portal.test"), "x"), Replies(200, "x"));
  EXPECT_EQ(server.connections(), 5);
  EXPECT_EQ(server.resumed(), 4);
}

// A share of curl keeps 8 sessions: with one share for all hosts, none of these would be resumed.
TEST_F(HttpsTest, ResumesSessionsOfManyPortals) {
  TestServer server([](Connection& connection,
                       const HttpRequest& request) { connection.Reply(200, request.body, "Connection: close\r\n"); },
                    {.tls = good_});
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 20; ++i) {
      const std::string host = std::to_string(i) + ".portals.test";
      EXPECT_THAT(Call(server.Url(host), "x"), Replies(200, "x"));
    }
  }
  EXPECT_EQ(server.connections(), 40);
  EXPECT_EQ(server.resumed(), 20);
}

base::WallTime EndOf(const Identity& identity) {
  std::tm ends{};
  EXPECT_EQ(ASN1_TIME_to_tm(X509_get0_notAfter(identity.certificate.get()), &ends), 1);
  return std::chrono::system_clock::from_time_t(timegm(&ends));
}

TEST_F(HttpsTest, TellsWhenTheCertificateOfANewConnectionEnds) {
  TestServer server(Echo, {.tls = good_});
  EXPECT_EQ(Call(server.Url("portal.test")).reply.certificate_expires_at, EndOf(good_));
  EXPECT_EQ(Call(server.Url("portal.test")).reply.certificate_expires_at, std::nullopt) << "nothing new was shown";
}

TEST_F(HttpsTest, TellsNoCertificateOfAResumedSessionOrAPlainConnection) {
  TestServer server([](Connection& connection,
                       const HttpRequest& request) { connection.Reply(200, request.body, "Connection: close\r\n"); },
                    {.tls = good_});
  EXPECT_TRUE(Call(server.Url("portal.test")).reply.certificate_expires_at.has_value());
  EXPECT_EQ(Call(server.Url("portal.test")).reply.certificate_expires_at, std::nullopt);
  EXPECT_EQ(server.resumed(), 1);
  TestServer plain(Echo);
  const Result result = Call("http://portal.test:" + std::to_string(plain.port()) + "/s3cr3t");
  EXPECT_EQ(result.reply.http_status, 200);
  EXPECT_EQ(result.reply.certificate_expires_at, std::nullopt);
}

TEST_F(HttpsTest, TellsTheCertificateAlsoIfTheRequestFailsAfterTheHandshake) {
  TestServer broken([](Connection& connection, const HttpRequest&) { connection.Close(); }, {.tls = good_});
  const Result reset = Call(broken.Url("portal.test"));
  EXPECT_THAT(reset, FailsWith(Kind::kReset, true));
  EXPECT_EQ(reset.reply.certificate_expires_at, EndOf(good_));
  std::promise<void> over;
  TestServer hanging([&over](Connection&, const HttpRequest&) { over.get_future().wait(); }, {.tls = good_});
  const Result late = Call(hanging.Url("other.portals.test"), "x", milliseconds(500));
  over.set_value();
  EXPECT_THAT(late, FailsWith(Kind::kTimeout, true));
  EXPECT_EQ(late.reply.certificate_expires_at, EndOf(good_));
}

TEST_F(HttpsTest, NeverRepeatsARequestWhenAKeptConnectionIsClosedUponIt) {
  TestServer server(
      [](Connection& connection, const HttpRequest& request) {
        if (request.number == 0) return connection.Reply(200, "first");
        if (request.body == "rst") return connection.Reset();
        connection.Close();
      },
      {.tls = good_});
  for (int i = 0; i < 20; ++i) {
    EXPECT_THAT(Call(server.Url("portal.test"), "warm"), Replies(200, "first"));
    EXPECT_THAT(Call(server.Url("portal.test"), i % 2 == 0 ? "rst" : "fin"), FailsWith(Kind::kReset, true));
  }
  EXPECT_EQ(server.requests(), 40);
  EXPECT_EQ(server.connections(), 20);
}

TEST_F(HttpsTest, SendsALargeBodyAndTakesALargeReply) {
  const std::string body(5 << 20, 'x');
  TestServer server(Echo, {.tls = good_});
  EXPECT_THAT(Call(server.Url("portal.test"), body), Replies(200, body));
}

TEST_F(HttpsTest, OpensOneConnectionFirstAndThenAsManyAsAServerWithoutHttp2Needs) {
  std::latch three(3);
  TestServer server(
      [&](Connection& connection, const HttpRequest& request) {
        three.arrive_and_wait();
        connection.Reply(200, request.body);
      },
      {.tls = good_});
  std::vector<std::future<Result>> results;
  for (int i = 0; i < 3; ++i) results.push_back(Send(MakeRequest(server.Url("portal.test"), std::to_string(i))));
  for (int i = 0; i < 3; ++i) EXPECT_THAT(results[i].get(), Replies(200, std::to_string(i)));
  EXPECT_EQ(server.connections(), 3);
}

// HTTP/2.

class Http2Test : public HttpsTest {
 protected:
  std::unique_ptr<TestServer> Start(TestServer::RawHandler handler) {
    return TestServer::Raw(std::move(handler), {.tls = good_, .http2 = true});
  }
};

TEST_F(Http2Test, SharesOneConnectionBetweenManyRequestsIfToldTo) {
  constexpr int kMany = 50;
  options_.max_streams_per_connection = 100;
  TestServer* counter = nullptr;
  const std::unique_ptr<TestServer> server = Start([&](Connection& connection) {
    H2Connection h2(connection);
    if (!h2.Start()) return;
    std::vector<H2Connection::Stream> streams;
    while (std::optional<H2Connection::Stream> stream = h2.ReadRequest()) {
      counter->CountRequest();
      streams.push_back(*stream);
      // The last come first, and nobody before everybody has asked.
      if (streams.size() < kMany) continue;
      while (!streams.empty()) {
        h2.Reply(streams.back().id, streams.back().body);
        streams.pop_back();
      }
    }
  });
  counter = server.get();
  std::vector<std::future<Result>> results;
  for (int i = 0; i < kMany; ++i) results.push_back(Send(MakeRequest(server->Url("portal.test"), std::to_string(i))));
  for (int i = 0; i < kMany; ++i) EXPECT_THAT(results[i].get(), Replies(200, std::to_string(i)));
  EXPECT_EQ(server->connections(), 1);
  EXPECT_EQ(server->requests(), kMany);
}

TEST_F(Http2Test, IsNotOfferedWhenSwitchedOff) {
  options_.http2 = false;
  TestServer server(Echo, {.tls = good_, .http2 = true});
  EXPECT_THAT(Call(server.Url("portal.test"), "x"), Replies(200, "x"));
}

TEST_F(Http2Test, SendsABodyLargerThanTheFlowControlWindow) {
  const std::string body(3 << 20, 'x');
  const std::unique_ptr<TestServer> server = Start([&](Connection& connection) {
    H2Connection h2(connection);
    if (!h2.Start()) return;
    while (const std::optional<H2Connection::Stream> stream = h2.ReadRequest()) {
      h2.Reply(stream->id, stream->body == body ? "same" : "different");
    }
  });
  EXPECT_THAT(Call(server->Url("portal.test"), body), Replies(200, "same"));
}

TEST_F(Http2Test, RepeatsARequestThatTheServerRefusedUnprocessed) {
  std::atomic<int> refused{0};
  std::atomic<int> executed{0};
  const std::unique_ptr<TestServer> server = Start([&](Connection& connection) {
    H2Connection h2(connection);
    if (!h2.Start()) return;
    while (const std::optional<H2Connection::Stream> stream = h2.ReadRequest()) {
      if (refused == 0) {
        ++refused;
        h2.Refuse(stream->id);
      } else {
        ++executed;
        h2.Reply(stream->id, stream->body);
      }
    }
  });
  EXPECT_THAT(Call(server->Url("portal.test"), "x"), Replies(200, "x"));
  EXPECT_EQ(refused, 1);
  EXPECT_EQ(executed, 1);
}

TEST_F(Http2Test, WhatAServerRefusesForeverWasNotSent) {
  const std::unique_ptr<TestServer> server = Start([&](Connection& connection) {
    H2Connection h2(connection);
    if (!h2.Start()) return;
    while (const std::optional<H2Connection::Stream> stream = h2.ReadRequest()) h2.Refuse(stream->id);
  });
  EXPECT_THAT(Call(server->Url("portal.test"), "x"), FailsWith(Kind::kReset, false));
}

// How nginx ends a connection after so many requests. Those after the last one it names have not been processed.
TEST_F(Http2Test, ExecutesEachRequestOnceWhenTheServerGoesAway) {
  std::mutex mutex;
  std::map<std::string, int> executed;
  const std::unique_ptr<TestServer> server = Start([&](Connection& connection) {
    H2Connection h2(connection);
    if (!h2.Start()) return;
    for (int i = 0; const std::optional<H2Connection::Stream> stream = h2.ReadRequest(); ++i) {
      if (i >= 5) continue;
      if (i == 4) h2.GoAway(stream->id);
      h2.Reply(stream->id, stream->body);
      const std::lock_guard lock(mutex);
      ++executed[stream->body];
    }
  });
  for (int wave = 0; wave < 20; ++wave) {
    std::vector<std::future<Result>> results;
    for (int i = 0; i < 10; ++i)
      results.push_back(Send(MakeRequest(server->Url("portal.test"), std::to_string(wave * 10 + i))));
    for (int i = 0; i < 10; ++i) EXPECT_THAT(results[i].get(), Replies(200, std::to_string(wave * 10 + i)));
  }
  const std::lock_guard lock(mutex);
  EXPECT_EQ(executed.size(), 200u);
  for (const auto& [body, times] : executed) EXPECT_EQ(times, 1) << body;
}

// What may be repeated without fear: the server says that it did nothing about it.
TEST_F(Http2Test, ARequestThatMetAServerGoingAwayIsKnownToBeUnsent) {
  const std::unique_ptr<TestServer> server = Start([&](Connection& connection) {
    H2Connection h2(connection);
    if (!h2.Start()) return;
    const std::optional<H2Connection::Stream> first = h2.ReadRequest();
    if (!first.has_value()) return;
    h2.Reply(first->id, first->body);
    if (h2.ReadRequest().has_value()) h2.GoAway(first->id);
  });
  for (int i = 0; i < 10; ++i) {
    EXPECT_THAT(Call(server->Url("portal.test"), "first"), Replies(200, "first"));
    EXPECT_THAT(Call(server->Url("portal.test"), "second"), FailsWith(Kind::kReset, false));
  }
  EXPECT_EQ(server->connections(), 10);
}

TEST_F(Http2Test, NeverRepeatsARequestWhenAKeptConnectionIsCutUponIt) {
  std::atomic<int> seen{0};
  const std::unique_ptr<TestServer> server = Start([&](Connection& connection) {
    H2Connection h2(connection);
    if (!h2.Start()) return;
    const std::optional<H2Connection::Stream> first = h2.ReadRequest();
    if (!first.has_value()) return;
    h2.Reply(first->id, "first");
    const std::optional<H2Connection::Stream> second = h2.ReadRequest();
    if (!second.has_value()) return;
    ++seen;
    if (second->body == "rst") return connection.Reset();
    // That it was processed, or may have been.
    if (second->body == "goaway") h2.GoAway(second->id);
  });
  for (int round = 0; round < 10; ++round) {
    for (const char* body : {"rst", "fin", "goaway"}) {
      EXPECT_THAT(Call(server->Url("portal.test"), "warm"), Replies(200, "first"));
      EXPECT_THAT(Call(server->Url("portal.test"), body), FailsWith(Kind::kReset, true));
    }
  }
  EXPECT_EQ(seen, 30);
  EXPECT_EQ(server->connections(), 30);
}

TEST_F(Http2Test, NeverRepeatsRequestsThatShareAConnectionThatIsCut) {
  options_.max_streams_per_connection = 100;
  std::atomic<int> seen{0};
  const std::unique_ptr<TestServer> server = Start([&](Connection& connection) {
    H2Connection h2(connection);
    if (!h2.Start()) return;
    const std::optional<H2Connection::Stream> first = h2.ReadRequest();
    if (!first.has_value()) return;
    h2.Reply(first->id, "first");
    for (int i = 0; i < 10; ++i) {
      if (!h2.ReadRequest().has_value()) return;
      ++seen;
    }
    connection.Reset();
  });
  for (int round = 0; round < 5; ++round) {
    EXPECT_THAT(Call(server->Url("portal.test"), "warm"), Replies(200, "first"));
    std::vector<std::future<Result>> results;
    for (int i = 0; i < 10; ++i) results.push_back(Send(MakeRequest(server->Url("portal.test"), std::to_string(i))));
    for (std::future<Result>& each : results) EXPECT_THAT(each.get(), FailsWith(Kind::kReset, true));
  }
  EXPECT_EQ(seen, 50);
  EXPECT_EQ(server->connections(), 5);
}

TEST_F(Http2Test, TakesALargeReply) {
  const std::string part(16000, 'x');
  const std::unique_ptr<TestServer> server = Start([&](Connection& connection) {
    H2Connection h2(connection);
    if (!h2.Start()) return;
    while (const std::optional<H2Connection::Stream> stream = h2.ReadRequest()) h2.Reply(stream->id, part);
  });
  for (int i = 0; i < 10; ++i) EXPECT_THAT(Call(server->Url("portal.test"), "x"), Replies(200, part));
  EXPECT_EQ(server->connections(), 1);
}

TEST_F(Http2Test, AStreamThatTimesOutLeavesTheOthersAlone) {
  options_.max_streams_per_connection = 100;
  const std::unique_ptr<TestServer> server = Start([&](Connection& connection) {
    H2Connection h2(connection);
    if (!h2.Start()) return;
    while (const std::optional<H2Connection::Stream> stream = h2.ReadRequest()) {
      if (stream->body != "never") h2.Reply(stream->id, stream->body);
    }
  });
  EXPECT_THAT(Call(server->Url("portal.test"), "x"), Replies(200, "x"));
  EXPECT_THAT(Call(server->Url("portal.test"), "never", milliseconds(100)), FailsWith(Kind::kTimeout, true));
  EXPECT_THAT(Call(server->Url("portal.test"), "y"), Replies(200, "y"));
  EXPECT_EQ(server->connections(), 1);
}

}  // namespace
}  // namespace imbot::transport
