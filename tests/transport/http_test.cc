// The loop's transport against plain HTTP servers: what is sent, what is reported, and where it is sent to.
#include <latch>
#include <string>
#include <vector>

#include "tests/transport/loop_fixture.h"
#include "tests/transport/test_server.h"

namespace imbot::transport {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using Kind = Failure::Kind;

class HttpTest : public LoopTest {};

TEST_F(HttpTest, PostsTheBodyWithItsHeadersAndNothingElse) {
  HttpRequest seen;
  TestServer server([&](Connection& connection, const HttpRequest& request) {
    seen = request;
    connection.Reply(200, R"({"result":true})");
  });
  const Result result =
      Call(server.Url("portal.test", "/rest/1/s3cr3t/imbot.bot.list.json?a=%20b"), "{\"a\":\"\xd1\x8f\"}");
  EXPECT_THAT(result, Replies(200, R"({"result":true})"));
  EXPECT_EQ(result.reply.content_type, "application/json; charset=utf-8");
  EXPECT_TRUE(result.reply.new_connection);
  EXPECT_GT(result.reply.elapsed.count(), 0);
  EXPECT_EQ(seen.line, "POST /rest/1/s3cr3t/imbot.bot.list.json?a=%20b HTTP/1.1");
  EXPECT_EQ(seen.body, "{\"a\":\"\xd1\x8f\"}");
  EXPECT_EQ(seen.Header("content-type"), "application/json");
  EXPECT_EQ(seen.Header("accept"), "application/json");
  EXPECT_EQ(seen.Header("user-agent"), "imbot-gateway/0.1.0");
  EXPECT_EQ(seen.Header("host"), "portal.test:" + std::to_string(server.port()));
  EXPECT_EQ(seen.Header("cookie"), std::nullopt);
  EXPECT_EQ(seen.Header("authorization"), std::nullopt);
  EXPECT_EQ(seen.Header("accept-encoding"), std::nullopt);
}

TEST_F(HttpTest, SendsABodyOfManyMegabytesWithoutExpect) {
  const std::string body(5 << 20, 'x');
  std::optional<std::string> expect = "unset";
  TestServer server([&](Connection& connection, const HttpRequest& request) {
    expect = request.Header("expect");
    connection.Reply(200, std::to_string(request.body.size()) + (request.body == body ? " same" : " different"));
  });
  EXPECT_THAT(Call(server.Url("portal.test"), body), Replies(200, std::to_string(5 << 20) + " same"));
  EXPECT_EQ(expect, std::nullopt);
}

TEST_F(HttpTest, AnEmptyBodyAndAnotherContentTypeAreSentAsTheyAre) {
  HttpRequest seen;
  TestServer server([&](Connection& connection, const HttpRequest& request) {
    seen = request;
    connection.Reply(200, "");
  });
  Request request = MakeRequest(server.Url("portal.test"), "");
  request.content_type = "application/x-www-form-urlencoded";
  EXPECT_THAT(Send(std::move(request)).get(), Replies(200, ""));
  EXPECT_EQ(seen.Header("content-type"), "application/x-www-form-urlencoded");
  EXPECT_EQ(seen.Header("content-length"), "0");
}

TEST_F(HttpTest, NothingOfARequestStaysForTheNextOne) {
  HttpRequest seen;
  TestServer server([&](Connection& connection, const HttpRequest& request) {
    seen = request;
    connection.Reply(200, "");
  });
  const auto send = [&](Request request) {
    EXPECT_THAT(Send(std::move(request)).get(), Replies(200, ""));
    return seen;
  };
  for (int i = 0; i < 2; ++i) {
    const HttpRequest post = send(MakeRequest(server.Url("portal.test"), "{}"));
    EXPECT_THAT(post.line, ::testing::StartsWith("POST /"));
    EXPECT_EQ(post.body, "{}");
    EXPECT_EQ(post.Header("content-type"), "application/json");
    Request get = MakeRequest(server.Url("portal.test", "/file"), "");
    get.get = true;
    const HttpRequest got = send(std::move(get));
    EXPECT_EQ(got.line, "GET /file HTTP/1.1");
    EXPECT_EQ(got.body, "");
    EXPECT_EQ(got.Header("content-type"), std::nullopt);
    EXPECT_EQ(got.Header("content-length"), std::nullopt);
    Request form = MakeRequest(server.Url("portal.test"), "a=b");
    form.content_type = "application/x-www-form-urlencoded";
    const HttpRequest posted = send(std::move(form));
    EXPECT_THAT(posted.line, ::testing::StartsWith("POST /"));
    EXPECT_EQ(posted.body, "a=b");
    EXPECT_EQ(posted.Header("content-type"), "application/x-www-form-urlencoded");
  }
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(HttpTest, AnErrorStatusIsAReply) {
  TestServer server(
      [](Connection& connection, const HttpRequest&) { connection.Reply(503, R"({"error":"QUERY_LIMIT_EXCEEDED"})"); });
  EXPECT_THAT(Call(server.Url("portal.test")), Replies(503, R"({"error":"QUERY_LIMIT_EXCEEDED"})"));
}

TEST_F(HttpTest, UsesOneConnectionForManyRequests) {
  TestServer server(Echo);
  for (int i = 0; i < 20; ++i) {
    const Result result = Call(server.Url("portal.test"), std::to_string(i));
    EXPECT_THAT(result, Replies(200, std::to_string(i)));
    EXPECT_EQ(result.reply.new_connection, i == 0);
  }
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(HttpTest, DoesNotUseAConnectionThatWasIdleForLonger) {
  options_.max_idle = seconds(1);
  TestServer server(Echo);
  EXPECT_THAT(Call(server.Url("portal.test")), Replies(200, R"({"BOT_ID":39})"));
  // curl counts whole seconds of real time: nothing to inject.
  std::this_thread::sleep_for(milliseconds(2200));
  EXPECT_TRUE(Call(server.Url("portal.test")).reply.new_connection);
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(HttpTest, ReportsARedirectAndDoesNotFollowIt) {
  TestServer server([](Connection& connection, const HttpRequest&) {
    connection.Reply(302, "moved", "Location:  https://new.test/rest/1/s3cr3t/  \r\n");
  });
  const Result result = Call(server.Url("portal.test"));
  EXPECT_THAT(result, Replies(302, "moved"));
  EXPECT_EQ(result.reply.location, "https://new.test/rest/1/s3cr3t/");
  EXPECT_EQ(server.requests(), 1);
}

TEST_F(HttpTest, AnInterimReplyIsNotTheReply) {
  TestServer server([](Connection& connection, const HttpRequest&) {
    connection.Write("HTTP/1.1 103 Early Hints\r\nLocation: /early\r\n\r\n");
    connection.Reply(200, "late");
  });
  const Result result = Call(server.Url("portal.test"));
  EXPECT_THAT(result, Replies(200, "late"));
  EXPECT_EQ(result.reply.location, "");
}

TEST_F(HttpTest, SendsNoCookieBack) {
  std::vector<std::optional<std::string>> cookies;
  TestServer server([&](Connection& connection, const HttpRequest& request) {
    cookies.push_back(request.Header("cookie"));
    connection.Reply(200, "", "Set-Cookie: PHPSESSID=abc; path=/\r\nSet-Cookie: BITRIX_SM_UIDH=1; path=/\r\n");
  });
  for (int i = 0; i < 3; ++i) EXPECT_THAT(Call(server.Url("portal.test")), Replies(200, ""));
  EXPECT_THAT(cookies, ::testing::ElementsAre(std::nullopt, std::nullopt, std::nullopt));
}

TEST_F(HttpTest, IgnoresProxiesOfTheEnvironment) {
  TestServer server(Echo);
  setenv("http_proxy", "http://127.0.0.1:1", 1);
  setenv("all_proxy", "http://127.0.0.1:1", 1);
  EXPECT_THAT(Call(server.Url("portal.test")), Replies(200, R"({"BOT_ID":39})"));
  unsetenv("http_proxy");
  unsetenv("all_proxy");
}

// Replies.

TEST_F(HttpTest, AnUnknownNameIsADnsFailure) {
  const Result result = Call("http://nowhere.example/rest/1/s3cr3t/");
  EXPECT_THAT(result, FailsWith(Kind::kDns, false));
  EXPECT_THAT(result.failure->message, HasSubstr("no such name"));
}

TEST_F(HttpTest, ANameThatHangsHoldsUpNoOther) {
  TestServer server(Echo);
  resolver_.Hang("hanging.test");
  std::vector<std::future<Result>> hanging;
  for (int i = 0; i < 1000; ++i) hanging.push_back(Send(MakeRequest(server.Url("hanging.test"))));
  for (int i = 0; i < 100; ++i) EXPECT_THAT(Call(server.Url("portal.test"), "x", seconds(20)), Replies(200, "x"));
  EXPECT_EQ(hanging.front().wait_for(seconds(0)), std::future_status::timeout);
  Resolution failed;
  failed.message = "gave up";
  for (Resolver::Callback& done : resolver_.TakeHeld()) done(failed);
  for (std::future<Result>& each : hanging) EXPECT_THAT(each.get(), FailsWith(Kind::kDns, false));
}

TEST_F(HttpTest, ANameThatHangsEndsWithItsCallsTime) {
  resolver_.Hang("hanging.test");
  EXPECT_THAT(Call("http://hanging.test/rest/1/s3cr3t/", "x", milliseconds(50)), FailsWith(Kind::kTimeout, false));
  // The late answer finds nobody.
  Resolution late{{*Address::Parse("127.0.0.1")}, ""};
  for (Resolver::Callback& done : resolver_.TakeHeld()) done(late);
  OnLoop([&] { EXPECT_EQ(loop().transport().in_flight(), 0u); });
}

TEST_F(HttpTest, AResolversAnswerAfterTheLoopHasGoneFindsNobody) {
  resolver_.Hang("hanging.test");
  std::future<Result> result = Send(MakeRequest("http://hanging.test/rest/1/s3cr3t/"));
  OnLoop([] {});
  loop_.reset();
  EXPECT_THAT(result.get(), FailsWith(Kind::kStopped, false));
  for (Resolver::Callback& done : resolver_.TakeHeld()) done(Resolution{{*Address::Parse("127.0.0.1")}, ""});
}

TEST_F(HttpTest, ConnectsToTheAddressTheResolverSaysNow) {
  TestServer first(
      [&](Connection& connection, const HttpRequest&) { connection.Reply(200, "first", "Connection: close\r\n"); });
  TestServer second(
      [&](Connection& connection, const HttpRequest&) { connection.Reply(200, "second", "Connection: close\r\n"); },
      {.address = "127.0.0.2", .port = first.port()});
  for (int i = 0; i < 3; ++i) {
    resolver_.Set("portal.test", {"127.0.0.1"});
    EXPECT_THAT(Call(first.Url("portal.test")), Replies(200, "first"));
    resolver_.Set("portal.test", {"127.0.0.2"});
    EXPECT_THAT(Call(first.Url("portal.test")), Replies(200, "second"));
  }
}

TEST_F(HttpTest, TriesTheNextAddressWhenOneRefuses) {
  TestServer server(Echo, {.address = "127.0.0.2"});
  resolver_.Set("portal.test", {"127.0.0.1", "::1", "127.0.0.2"});
  EXPECT_THAT(Call(server.Url("portal.test"), "x"), Replies(200, "x"));
}

TEST_F(HttpTest, BlocksAddressesThatAreNotAllowed) {
  options_.address_policy = AllowScopes({});
  TestServer server(Echo);
  EXPECT_THAT(Call(server.Url("portal.test")), FailsWith(Kind::kBlocked, false));
  EXPECT_THAT(Call(server.Url("127.0.0.1")), FailsWith(Kind::kBlocked, false));
  // Other spellings of the same address.
  EXPECT_THAT(Call(server.Url("0x7f.1")), FailsWith(Kind::kBlocked, false));
  EXPECT_THAT(Call(server.Url("2130706433")), FailsWith(Kind::kBlocked, false));
  EXPECT_THAT(Call(server.Url("[::ffff:127.0.0.1]")), FailsWith(Kind::kBlocked, false));
  EXPECT_THAT(Call("http://169.254.169.254/latest/meta-data/"), FailsWith(Kind::kBlocked, false));
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(HttpTest, UsesOnlyTheAllowedAmongANamesAddresses) {
  TestServer server(Echo);
  resolver_.Set("portal.test", {"169.254.169.254", "10.0.0.1", "127.0.0.1"});
  EXPECT_THAT(Call(server.Url("portal.test"), "x"), Replies(200, "x"));
}

TEST_F(HttpTest, ThePolicyIsAskedWithTheHostsName) {
  options_.address_policy = [](std::string_view host, const Address&) { return host == "mine.test"; };
  TestServer server(Echo);
  EXPECT_THAT(Call(server.Url("Mine.TEST"), "x"), Replies(200, "x"));
  EXPECT_THAT(Call(server.Url("yours.test"), "x"), FailsWith(Kind::kBlocked, false));
}

TEST_F(HttpTest, AnAddressAsHostNeedsNoResolver) {
  TestServer server(Echo);
  EXPECT_THAT(Call(server.Url("127.0.0.1"), "x"), Replies(200, "x"));
  EXPECT_EQ(resolver_.asked(), 0);
}

TEST_F(HttpTest, RefusesUrlsThatAreNotPlainHttp) {
  for (const char* url : {"", "portal.test", "ftp://portal.test/s3cr3t", "file:///etc/passwd",
                          "http://user:s3cr3t@portal.test/", "http://portal.test.:80/", "http://p\xd0\xbertal.test/",
                          "http://portal.test:0/", "https://[fe80::1%25eth0]/"}) {
    EXPECT_THAT(Call(url), FailsWith(Kind::kBlocked, false)) << url;
  }
}

// Many at once.

TEST_F(HttpTest, CarriesAThousandTransfersAtOnce) {
  constexpr int kMany = 1000;
  options_.max_connections = kMany;
  options_.max_connections_per_host = kMany;
  std::latch all(kMany);
  TestServer server([&](Connection& connection, const HttpRequest& request) {
    // Nobody is answered before everybody has asked.
    all.arrive_and_wait();
    connection.Reply(200, request.body);
  });
  std::vector<std::future<Result>> results;
  for (int i = 0; i < kMany; ++i) results.push_back(Send(MakeRequest(server.Url("portal.test"), std::to_string(i))));
  for (int i = 0; i < kMany; ++i) EXPECT_THAT(results[i].get(), Replies(200, std::to_string(i)));
  EXPECT_EQ(server.requests(), kMany);
}

TEST_F(HttpTest, OpensNoMoreConnectionsPerHostThanAllowed) {
  options_.max_connections_per_host = 3;
  TestServer server(Echo);
  std::vector<std::future<Result>> results;
  for (int i = 0; i < 200; ++i) results.push_back(Send(MakeRequest(server.Url("portal.test"), std::to_string(i))));
  for (int i = 0; i < 200; ++i) EXPECT_THAT(results[i].get(), Replies(200, std::to_string(i)));
  EXPECT_LE(server.peak(), 3);
  EXPECT_GE(server.peak(), 2);
}

TEST_F(HttpTest, AHostThatHangsAtItsLimitHoldsUpNoOther) {
  options_.max_connections_per_host = 2;
  std::latch done(1);
  TestServer hanging([&](Connection& connection, const HttpRequest& request) {
    done.wait();
    connection.Reply(200, request.body);
  });
  TestServer server(Echo);
  std::vector<std::future<Result>> waiting;
  for (int i = 0; i < 100; ++i) waiting.push_back(Send(MakeRequest(hanging.Url("hanging.test"), std::to_string(i))));
  for (int i = 0; i < 100; ++i) EXPECT_THAT(Call(server.Url("portal.test"), "x", seconds(20)), Replies(200, "x"));
  EXPECT_LE(hanging.requests(), 2);
  done.count_down();
  for (int i = 0; i < 100; ++i) EXPECT_THAT(waiting[i].get(), Replies(200, std::to_string(i)));
}

TEST_F(HttpTest, ATransferThatWaitsForAConnectionTimesOutUnsent) {
  options_.max_connections_per_host = 1;
  std::latch done(1);
  TestServer server([&](Connection& connection, const HttpRequest& request) {
    done.wait();
    connection.Reply(200, request.body);
  });
  std::future<Result> first = Send(MakeRequest(server.Url("portal.test"), "first"));
  EXPECT_THAT(Call(server.Url("portal.test"), "second", milliseconds(50)), FailsWith(Kind::kTimeout, false));
  done.count_down();
  EXPECT_THAT(first.get(), Replies(200, "first"));
  EXPECT_EQ(server.requests(), 1);
}

TEST_F(HttpTest, ACallbackMaySendAgain) {
  TestServer server(Echo);
  std::promise<std::string> last;
  std::function<void(int)> send = [&](int left) {
    loop().transport().Send(MakeRequest(server.Url("portal.test"), std::to_string(left)), [&, left](Result result) {
      if (left == 0) return last.set_value(result.reply.body);
      send(left - 1);
    });
  };
  loop().Post([&] { send(50); });
  EXPECT_EQ(last.get_future().get(), "0");
  EXPECT_EQ(server.requests(), 51);
}

TEST_F(HttpTest, CallsNoCallbackFromInsideSend) {
  TestServer server(Echo);
  const std::vector<std::string> urls = {server.Url("portal.test"), "ftp://no.test", "http://unknown.example/",
                                         "http://10.0.0.1/", server.Url("127.0.0.1")};
  for (const std::string& url : urls) {
    std::promise<void> done;
    loop().Post([&] {
      const auto inside = std::make_shared<bool>(true);
      loop().transport().Send(MakeRequest(url), [&, inside](Result) {
        EXPECT_FALSE(*inside) << url;
        done.set_value();
      });
      *inside = false;
    });
    done.get_future().wait();
  }
}

}  // namespace
}  // namespace imbot::transport
