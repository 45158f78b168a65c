// The loop's transport behind an egress proxy.
#include <string>

#include "tests/transport/loop_fixture.h"
#include "tests/transport/test_server.h"

namespace imbot::transport {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Kind = Failure::Kind;

class ProxyTest : public LoopTest {
 protected:
  // A proxy that stands for every portal itself, once it has been asked to connect to it.
  std::unique_ptr<TestServer> Start(int connect_status) {
    return TestServer::Raw(
        [this, connect_status](Connection& connection) {
          if (!connection.ReadRequest(connect_)) return;
          if (connect_status != 200) {
            return connection.Reply(connect_status, "proxy's text", "Proxy-Authenticate: Basic realm=\"egress\"\r\n");
          }
          connection.Write("HTTP/1.1 200 Connected\r\nX-From: proxy\r\n\r\n");
          HttpRequest request;
          while (connection.ReadRequest(request)) {
            inner_ = request;
            connection.Reply(200, request.body);
          }
        },
        {});
  }
  void Use(const TestServer& proxy) {
    options_.proxy = base::Secret("http://egress:pr0xy-s3cr3t@proxy.test:" + std::to_string(proxy.port()));
  }

  HttpRequest connect_;
  HttpRequest inner_;
};

TEST_F(ProxyTest, GoesThroughATunnelWithTheProxysCredentials) {
  const std::unique_ptr<TestServer> proxy = Start(200);
  Use(*proxy);
  for (int i = 0; i < 3; ++i) EXPECT_THAT(Call("http://portal.example/rest/1/s3cr3t/", "x"), Replies(200, "x"));
  EXPECT_EQ(proxy->connections(), 1);
  EXPECT_EQ(connect_.line, "CONNECT portal.example:80 HTTP/1.1");
  // base64("egress:pr0xy-s3cr3t")
  EXPECT_EQ(connect_.Header("proxy-authorization"), "Basic ZWdyZXNzOnByMHh5LXMzY3IzdA==");
  // The portal learns nothing of the proxy, nor the proxy of the webhook's secret.
  EXPECT_EQ(inner_.line, "POST /rest/1/s3cr3t/ HTTP/1.1");
  EXPECT_EQ(inner_.Header("proxy-authorization"), std::nullopt);
  EXPECT_THAT(connect_.headers, Not(HasSubstr("/rest/")));
}

TEST_F(ProxyTest, ResolvesTheProxysNameAndNotThePortals) {
  const std::unique_ptr<TestServer> proxy = Start(200);
  Use(*proxy);
  resolver_.Hang("portal.example");
  EXPECT_THAT(Call("http://portal.example/", "x"), Replies(200, "x"));
  EXPECT_EQ(resolver_.asked(), 1);
}

TEST_F(ProxyTest, AProxyThatRefusesIsNoConnection) {
  const std::unique_ptr<TestServer> proxy = Start(407);
  Use(*proxy);
  const Result result = Call("http://portal.example/rest/1/s3cr3t/");
  EXPECT_THAT(result, FailsWith(Kind::kConnect, false));
  EXPECT_THAT(result.failure->message, HasSubstr("407"));
}

TEST_F(ProxyTest, AProxyThatIsDownIsNoConnection) {
  { Use(*Start(200)); }
  EXPECT_THAT(Call("http://portal.example/rest/1/s3cr3t/"), FailsWith(Kind::kConnect, false));
}

TEST_F(ProxyTest, APrivateAddressIsRefusedBehindAProxyToo) {
  const std::unique_ptr<TestServer> proxy = Start(200);
  Use(*proxy);
  EXPECT_THAT(Call("http://169.254.169.254/latest/"), FailsWith(Kind::kBlocked, false));
  EXPECT_EQ(proxy->connections(), 0);
}

TEST_F(ProxyTest, AProxysUrlThatIsNoneIsRefusedWithoutQuotingIt) {
  auto options = std::make_shared<HttpOptions>();
  options->proxy = base::Secret("socks7://egress:pr0xy-s3cr3t@proxy.test");
  const auto loop = CurlLoop::Create("test", options, resolver_, base::Clock::System());
  ASSERT_FALSE(loop.ok());
  EXPECT_THAT(std::string(loop.status().message()), Not(HasSubstr("s3cr3t")));
}

}  // namespace
}  // namespace imbot::transport
