// The loop's transport against plain HTTP servers that fail: what is known about the request then.
#include <atomic>
#include <latch>
#include <string>

#include "tests/transport/loop_fixture.h"
#include "tests/transport/test_server.h"

namespace imbot::transport {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using Kind = Failure::Kind;

class HttpFailureTest : public LoopTest {};

TEST_F(HttpFailureTest, CapsAReplyThatAnnouncesItsLength) {
  options_.max_reply_bytes = 1000;
  TestServer server([](Connection& connection, const HttpRequest& request) {
    connection.Reply(200, std::string(request.number == 0 ? 1000 : 1001, 'x'));
  });
  EXPECT_THAT(Call(server.Url("portal.test")), Replies(200, std::string(1000, 'x')));
  EXPECT_THAT(Call(server.Url("portal.test")), FailsWith(Kind::kReplyTooLarge, true));
}

TEST_F(HttpFailureTest, CapsAReplyWithoutALength) {
  options_.max_reply_bytes = 100000;
  TestServer server([](Connection& connection, const HttpRequest&) {
    connection.Write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    // Without end, but for the client's.
    while (connection.is_open()) connection.Write("400\r\n" + std::string(1024, 'x') + "\r\n");
  });
  EXPECT_THAT(Call(server.Url("portal.test")), FailsWith(Kind::kReplyTooLarge, true));
}

TEST_F(HttpFailureTest, CapsHeaders) {
  TestServer server([](Connection& connection, const HttpRequest&) {
    connection.Write("HTTP/1.1 200 OK\r\n");
    while (connection.is_open()) connection.Write("X-Filler: " + std::string(1000, 'x') + "\r\n");
  });
  EXPECT_THAT(Call(server.Url("portal.test")), FailsWith(Kind::kReplyTooLarge, true));
}

TEST_F(HttpFailureTest, WhatIsNotHttpIsABadReply) {
  TestServer server([](Connection& connection, const HttpRequest&) {
    connection.Write("SSH-2.0-OpenSSH_9.2\r\n\r\n\r\n");
    connection.Close();
  });
  EXPECT_THAT(Call(server.Url("portal.test")), FailsWith(Kind::kBadReply, true));
}

TEST_F(HttpFailureTest, HalfAReplyIsAReset) {
  TestServer server([](Connection& connection, const HttpRequest&) {
    connection.Write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    connection.Close();
  });
  EXPECT_THAT(Call(server.Url("portal.test")), FailsWith(Kind::kReset, true));
}

TEST_F(HttpFailureTest, HalfAChunkedReplyIsAReset) {
  TestServer server([](Connection& connection, const HttpRequest&) {
    connection.Write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
    connection.Close();
  });
  EXPECT_THAT(Call(server.Url("portal.test")), FailsWith(Kind::kReset, true));
}

// Connections that fail, and whether the request can have left.

TEST_F(HttpFailureTest, ARefusedConnectionProvesThatNothingWasSent) {
  uint16_t port = 0;
  { port = TestServer(Echo).port(); }
  const Result result = Call("http://portal.test:" + std::to_string(port) + "/rest/1/s3cr3t/");
  EXPECT_THAT(result, FailsWith(Kind::kConnect, false));
  EXPECT_THAT(result.failure->message, HasSubstr("Connection refused"));
}

TEST_F(HttpFailureTest, AFailureLeavesTheLoopFitForTheNextCall) {
  TestServer server([](Connection& connection, const HttpRequest& request) {
    if (request.body == "reset") return connection.Reset();
    connection.Reply(200, request.body);
  });
  for (int i = 0; i < 5; ++i) {
    EXPECT_THAT(Call(server.Url("portal.test"), "reset"), FailsWith(Kind::kReset, true));
    EXPECT_THAT(Call(server.Url("portal.test"), "fine"), Replies(200, "fine"));
  }
}

TEST_F(HttpFailureTest, AResetBeforeTheReplyOfAFirstRequestIsUnknown) {
  TestServer server([](Connection& connection, const HttpRequest&) { connection.Reset(); });
  EXPECT_THAT(Call(server.Url("portal.test")), FailsWith(Kind::kReset, true));
  EXPECT_EQ(server.requests(), 1);
}

// The trap that this transport exists to avoid: curl on its own would repeat these POSTs on a fresh connection.
TEST_F(HttpFailureTest, NeverRepeatsARequestWhenAKeptConnectionIsClosedUponIt) {
  TestServer server([](Connection& connection, const HttpRequest& request) {
    if (request.number == 0) return connection.Reply(200, "first");
    if (request.body == "rst") return connection.Reset();
    connection.Close();
  });
  for (int i = 0; i < 30; ++i) {
    EXPECT_THAT(Call(server.Url("portal.test"), "warm"), Replies(200, "first"));
    const Result result = Call(server.Url("portal.test"), i % 2 == 0 ? "rst" : "fin");
    EXPECT_THAT(result, FailsWith(Kind::kReset, true));
    EXPECT_FALSE(result.reply.new_connection);
  }
  EXPECT_EQ(server.requests(), 60);
  EXPECT_EQ(server.connections(), 30);
}

TEST_F(HttpFailureTest, NeverRepeatsALargeRequestThatIsCutWhileItIsSent) {
  std::atomic<int> begun{0};
  const std::unique_ptr<TestServer> server = TestServer::Raw(
      [&](Connection& connection) {
        HttpRequest request;
        if (!connection.ReadRequest(request)) return;
        connection.Reply(200, "first");
        char part[10000];
        if (!connection.ReadWhole(part, sizeof(part))) return;
        ++begun;
        connection.Reset();
      },
      {});
  for (int i = 0; i < 10; ++i) {
    EXPECT_THAT(Call(server->Url("portal.test"), "warm"), Replies(200, "first"));
    EXPECT_THAT(Call(server->Url("portal.test"), std::string(8 << 20, 'x')), FailsWith(Kind::kReset, true));
  }
  EXPECT_EQ(begun, 10);
  EXPECT_EQ(server->connections(), 10);
}

TEST_F(HttpFailureTest, AConnectionThatWasClosedWhileIdleIsReplacedSilently) {
  TestServer server([](Connection& connection, const HttpRequest& request) {
    connection.Reply(200, request.body);
    connection.Close();
  });
  for (int i = 0; i < 10; ++i) {
    EXPECT_THAT(Call(server.Url("portal.test"), std::to_string(i)), Replies(200, std::to_string(i)));
    // Until the server's FIN is here.
    std::this_thread::sleep_for(milliseconds(20));
  }
  EXPECT_EQ(server.requests(), 10);
}

// Taken for the reply to the next request, it would tell one caller what belongs to nobody.
TEST_F(HttpFailureTest, AReplyTooManyIsNobodysReply) {
  std::latch written(1);
  TestServer server([&](Connection& connection, const HttpRequest& request) {
    connection.Reply(200, "reply to " + request.body);
    if (request.body != "first") return;
    connection.Reply(200, "too many");
    written.count_down();
  });
  EXPECT_THAT(Call(server.Url("portal.test"), "first"), Replies(200, "reply to first"));
  written.wait();
  EXPECT_THAT(Call(server.Url("portal.test"), "second"), Replies(200, "reply to second"));
  const Result third = Call(server.Url("portal.test"), "third");
  EXPECT_THAT(third, Replies(200, "reply to third"));
  EXPECT_FALSE(third.reply.new_connection) << "the clean connection is kept";
  EXPECT_EQ(server.connections(), 2);
  EXPECT_EQ(server.requests(), 3);
}

// Time.

TEST_F(HttpFailureTest, AReplyThatDoesNotComeInTimeIsATimeoutWithAnUnknownOutcome) {
  std::latch done(1);
  TestServer server([&](Connection&, const HttpRequest&) { done.wait(); });
  EXPECT_THAT(Call(server.Url("portal.test"), "x", milliseconds(100)), FailsWith(Kind::kTimeout, true));
  done.count_down();
}

TEST_F(HttpFailureTest, AReplyThatDripsEndsInTimeToo) {
  std::atomic<bool> stop{false};
  TestServer server([&](Connection& connection, const HttpRequest&) {
    connection.Write("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
    while (connection.is_open() && !stop) {
      connection.Write("x");
      std::this_thread::sleep_for(milliseconds(5));
    }
  });
  EXPECT_THAT(Call(server.Url("portal.test"), "x", milliseconds(200)), FailsWith(Kind::kTimeout, true));
  stop = true;
}

TEST_F(HttpFailureTest, ATimeThatHasPassedSendsNothing) {
  TestServer server(Echo);
  resolver_.Hang("portal.test");
  EXPECT_THAT(Call(server.Url("portal.test"), "x", seconds(-1)), FailsWith(Kind::kTimeout, false));
  EXPECT_EQ(server.requests(), 0);
}

// Names and addresses.

}  // namespace
}  // namespace imbot::transport
