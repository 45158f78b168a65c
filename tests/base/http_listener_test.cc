#include "service/base/http_listener.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <stdexcept>
#include <thread>

#include "service/base/strings.h"

namespace imbot::base {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

// Sends bytes, ends its own side unless told otherwise, and returns all that comes back.
std::string Exchange(int port, std::string_view bytes, bool end = false) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  while (!bytes.empty()) {
    const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) break;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  if (end) shutdown(fd, SHUT_WR);
  std::string reply;
  char buffer[4096];
  for (ssize_t got; (got = recv(fd, buffer, sizeof(buffer), 0)) > 0;) reply.append(buffer, static_cast<size_t>(got));
  close(fd);
  return reply;
}

std::string Get(int port, std::string_view path, std::string_view method = "GET") {
  return Exchange(port, StrCat(method, " ", path, " HTTP/1.1\r\nHost: x\r\n\r\n"));
}

std::string Post(int port, std::string_view path, std::string_view body, std::string_view headers = "") {
  return Exchange(port, StrCat("POST ", path, " HTTP/1.1\r\nHost: x\r\nContent-Length: ", body.size(), "\r\n", headers,
                               "\r\n", body));
}

std::string BodyOf(const std::string& reply) {
  const size_t at = reply.find("\r\n\r\n");
  return at == std::string::npos ? "" : reply.substr(at + 4);
}

class HttpListenerTest : public ::testing::Test {
 protected:
  HttpListenerTest() {
    HttpListener::Options options;
    options.max_body_bytes = 100;
    options.max_header_bytes = 4096;
    options.timeout = std::chrono::milliseconds(2000);
    const auto echo = [this](const HttpRequest& request) {
      ++calls_;
      return HttpResponse{200, "text/plain",
                          StrCat(request.method, " ", request.path, " ", request.query, " ", request.Header("x-test"),
                                 " ", request.body)};
    };
    auto listener = HttpListener::Create(
        options,
        {{"GET", "/metrics",
          [](const HttpRequest&) {
            return HttpResponse{200, "text/plain; version=0.0.4", "up 1\n"};
          }},
         {"GET", "/readyz",
          [](const HttpRequest&) {
            return HttpResponse{503, "text/plain", "stopping"};
          }},
         {"GET", "/echo", echo},
         {"POST", "/hook/", echo},
         {"POST", "/hook/special",
          [](const HttpRequest&) {
            return HttpResponse{200, "text/plain", "special"};
          }},
         {"GET", "/throws", [](const HttpRequest&) -> HttpResponse { throw std::runtime_error("secret detail"); }}},
        logger_);
    EXPECT_TRUE(listener.ok()) << listener.status();
    listener_ = *std::move(listener);
    port_ = listener_->port();
  }

  std::atomic<int> calls_ = 0;
  std::vector<std::string> lines_;
  Logger logger_{Level::kDebug, [this](std::string_view line) { lines_.emplace_back(line); }};
  std::unique_ptr<HttpListener> listener_;
  int port_ = 0;
};

TEST_F(HttpListenerTest, TakesAFreePortAndTellsWhich) {
  EXPECT_GT(port_, 0);
}

TEST_F(HttpListenerTest, AnswersWithStatusTypeLengthAndBody) {
  const std::string reply = Get(port_, "/metrics");
  EXPECT_THAT(reply, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(reply, HasSubstr("\r\nContent-Type: text/plain; version=0.0.4\r\n"));
  EXPECT_THAT(reply, HasSubstr("\r\nContent-Length: 5\r\n"));
  EXPECT_EQ(BodyOf(reply), "up 1\n");
  EXPECT_THAT(Get(port_, "/readyz"), StartsWith("HTTP/1.1 503 Service Unavailable\r\n"));
}

TEST_F(HttpListenerTest, AnswersHeadWithoutABody) {
  const std::string reply = Get(port_, "/metrics", "HEAD");
  EXPECT_THAT(reply, HasSubstr("\r\nContent-Length: 5\r\n"));
  EXPECT_THAT(BodyOf(reply), IsEmpty());
}

TEST_F(HttpListenerTest, GivesTheHandlerPathQueryHeadersAndBody) {
  EXPECT_EQ(BodyOf(Exchange(port_, "GET /echo?a=%20b HTTP/1.1\r\nHost: x\r\nX-Test: seen\r\n\r\n")),
            "GET /echo a=%20b seen ");
  EXPECT_EQ(BodyOf(Post(port_, "/hook/acme", "event=1", "x-TEST: yes\r\n")), "POST /hook/acme  yes event=1");
}

TEST_F(HttpListenerTest, TheLongestRouteWins) {
  EXPECT_EQ(BodyOf(Post(port_, "/hook/special", "")), "special");
  EXPECT_EQ(BodyOf(Post(port_, "/hook/special2", "")), "POST /hook/special2   ");
}

TEST_F(HttpListenerTest, ServesNothingButItsRoutes) {
  for (const char* const path :
       {"/", "/hook", "/metrics/", "/metrics2", "/etc/passwd", "/../../etc/passwd", "/%2e%2e/etc/passwd", "/tests"}) {
    EXPECT_THAT(Get(port_, path), StartsWith("HTTP/1.1 404 ")) << path;
  }
}

TEST_F(HttpListenerTest, NamesTheMethodsThatARouteTakes) {
  const std::string reply = Post(port_, "/metrics", "x");
  EXPECT_THAT(reply, StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(reply, HasSubstr("\r\nAllow: GET\r\n"));
  EXPECT_THAT(Get(port_, "/hook/a", "DELETE"), StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(Get(port_, "/metrics", "OPTIONS"), StartsWith("HTTP/1.1 405 "));
}

TEST_F(HttpListenerTest, RefusesABodyAboveTheLimitHoweverItIsAnnounced) {
  EXPECT_THAT(Post(port_, "/hook/a", std::string(100, 'x')), StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(calls_, 1);
  EXPECT_THAT(Post(port_, "/hook/a", std::string(101, 'x')), StartsWith("HTTP/1.1 413 "));
  // Announced only, never sent: refused without waiting for it.
  EXPECT_THAT(Exchange(port_, "POST /hook/a HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n"),
              StartsWith("HTTP/1.1 413 "));
  const std::string chunk = StrCat("40\r\n", std::string(64, 'x'), "\r\n");
  EXPECT_THAT(Exchange(port_, StrCat("POST /hook/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", chunk,
                                     chunk, "0\r\n\r\n")),
              StartsWith("HTTP/1.1 413 "));
  EXPECT_EQ(calls_, 1);
}

TEST_F(HttpListenerTest, ReadsAChunkedBody) {
  EXPECT_EQ(
      BodyOf(Exchange(
          port_,
          "POST /hook/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")),
      "POST /hook/a   abcde");
}

TEST_F(HttpListenerTest, DoesNotCallTheHandlerWithHalfABody) {
  Exchange(port_, "POST /hook/a HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nhalf", /*end=*/true);
  listener_.reset();
  EXPECT_EQ(calls_, 0);
}

TEST_F(HttpListenerTest, TellsAClientThatWaitsForItToGoOn) {
  const std::string reply = Post(port_, "/hook/a", "abc", "Expect: 100-continue\r\n");
  EXPECT_THAT(reply, StartsWith("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"));
}

TEST_F(HttpListenerTest, RefusesHeadersAboveTheLimit) {
  const std::string reply =
      Exchange(port_, StrCat("GET /echo HTTP/1.1\r\nHost: x\r\nX-Long: ", std::string(8000, 'x'), "\r\n\r\n"));
  EXPECT_THAT(reply, Not(HasSubstr(" 200 ")));
  EXPECT_EQ(calls_, 0);
}

TEST_F(HttpListenerTest, AHandlerThatThrowsIsA500WithoutItsText) {
  const std::string reply = Get(port_, "/throws");
  EXPECT_THAT(reply, StartsWith("HTTP/1.1 500 "));
  EXPECT_THAT(reply, Not(HasSubstr("secret detail")));
  listener_.reset();
  ASSERT_EQ(lines_.size(), 1u);
  EXPECT_THAT(lines_[0], Not(HasSubstr("secret detail")));
}

TEST_F(HttpListenerTest, ServesSeveralClientsAtOnce) {
  std::vector<std::thread> clients;
  std::atomic<int> good = 0;
  for (int c = 0; c < 8; ++c) {
    clients.emplace_back([&] {
      for (int i = 0; i < 20; ++i) good += BodyOf(Post(port_, "/hook/a", "abc")) == "POST /hook/a   abc";
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_EQ(good, 160);
}

TEST_F(HttpListenerTest, SaysWhichAddressItCouldNotListenOn) {
  HttpListener::Options options;
  options.address = StrCat("127.0.0.1:", port_);
  const auto second = HttpListener::Create(options, {}, logger_);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(second.status().message()), HasSubstr(options.address));
  options.address = "example.com:80";
  EXPECT_EQ(HttpListener::Create(options, {}, logger_).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(HttpListenerTest, SaysSoWhereTheLibraryCannotListenOnIpv6) {
  HttpListener::Options options;
  options.address = "[::1]:0";
  const auto listener = HttpListener::Create(options, {}, logger_);
  if (listener.ok()) {
    EXPECT_GT((*listener)->port(), 0);  // Built with IPv6, which Debian's library is not.
  } else {
    EXPECT_EQ(listener.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(listener.status().message()), HasSubstr("IPv4"));
  }
}

}  // namespace
}  // namespace imbot::base
