// The real resolver, c-ares and cache together, against a name server of the test's own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <vector>

#include "service/transport/ares_lookup.h"
#include "service/transport/resolver.h"
#include "tests/transport/dns_server.h"

namespace imbot::transport {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;
using Type = DnsServer::Record::Type;

class SystemResolverTest : public ::testing::Test {
 protected:
  SystemResolverTest() {
    options_.servers = server_.address();
    options_.timeout = milliseconds(1000);
    options_.query_timeout = milliseconds(300);
  }
  std::future<LookupResult> Lookup(const std::string& host) {
    if (lookup_ == nullptr) lookup_ = AresLookup::Create(options_, base::Clock::System()).value();
    auto promise = std::make_shared<std::promise<LookupResult>>();
    lookup_->Lookup(host, [promise](LookupResult result) { promise->set_value(std::move(result)); });
    return promise->get_future();
  }
  static std::vector<std::string> Texts(const std::vector<Address>& addresses) {
    std::vector<std::string> texts;
    for (const Address& address : addresses) texts.push_back(address.ToString());
    return texts;
  }

  DnsServer server_;
  ResolverOptions options_;
  std::unique_ptr<AresLookup> lookup_;
};

TEST_F(SystemResolverTest, FindsAddressesOfBothFamiliesWithTheSmallestTimeToLive) {
  server_.Set("portal.test",
              {{Type::kA, "192.0.2.1", 300}, {Type::kA, "192.0.2.2", 17}, {Type::kAaaa, "2001:db8::1", 120}});
  const LookupResult result = Lookup("portal.test").get();
  EXPECT_EQ(result.outcome, LookupResult::Outcome::kFound);
  EXPECT_THAT(Texts(result.addresses), UnorderedElementsAre("192.0.2.1", "192.0.2.2", "2001:db8::1"));
  EXPECT_EQ(result.ttl, seconds(17));
}

TEST_F(SystemResolverTest, AnAliasTimeToLiveCountsToo) {
  server_.Set("acme.test", {{Type::kCname, "edge.test", 11}, {Type::kA, "192.0.2.1", 300}});
  const LookupResult result = Lookup("acme.test").get();
  EXPECT_THAT(Texts(result.addresses), ElementsAre("192.0.2.1"));
  EXPECT_EQ(result.ttl, seconds(11));
}

TEST_F(SystemResolverTest, TellsNoSuchNameFromNoAnswer) {
  server_.Set("empty.test", {});
  server_.Break("broken.test");
  server_.Hang("hanging.test");
  EXPECT_EQ(Lookup("gone.test").get().outcome, LookupResult::Outcome::kNotFound);
  EXPECT_EQ(Lookup("empty.test").get().outcome, LookupResult::Outcome::kNotFound);
  EXPECT_EQ(Lookup("broken.test").get().outcome, LookupResult::Outcome::kFailed);
  EXPECT_EQ(Lookup("hanging.test").get().outcome, LookupResult::Outcome::kFailed);
  EXPECT_THAT(Lookup("gone.test").get().message, Not(IsEmpty()));
}

TEST_F(SystemResolverTest, NamesThatHangHoldUpNoOtherAndEndInTime) {
  std::vector<std::future<LookupResult>> hanging;
  for (int i = 0; i < 100; ++i) {
    server_.Hang(std::to_string(i) + ".hanging.test");
    hanging.push_back(Lookup(std::to_string(i) + ".hanging.test"));
  }
  server_.Set("portal.test", {{Type::kA, "192.0.2.1", 300}});
  EXPECT_THAT(Texts(Lookup("portal.test").get().addresses), ElementsAre("192.0.2.1"));
  EXPECT_EQ(hanging.front().wait_for(seconds(0)), std::future_status::timeout);
  for (std::future<LookupResult>& each : hanging) EXPECT_EQ(each.get().outcome, LookupResult::Outcome::kFailed);
}

TEST_F(SystemResolverTest, ManyNamesWaitForTheirTurn) {
  options_.max_queries = 4;
  std::vector<std::future<LookupResult>> all;
  for (int i = 0; i < 200; ++i) {
    const std::string name = std::to_string(i) + ".test";
    server_.Set(name, {{Type::kA, "192.0.2.1", 300}});
    all.push_back(Lookup(name));
  }
  for (std::future<LookupResult>& each : all) EXPECT_EQ(each.get().outcome, LookupResult::Outcome::kFound);
}

TEST_F(SystemResolverTest, AsksForANameWithADotBeforeTheSearchList) {
  server_.Set("a.test", {{Type::kA, "192.0.2.1", 300}});
  EXPECT_EQ(Lookup("a.test").get().outcome, LookupResult::Outcome::kFound);
  EXPECT_THAT(server_.names(), ElementsAre("a.test"));
}

TEST_F(SystemResolverTest, KnowsTheHostsFile) {
  EXPECT_THAT(Texts(Lookup("localhost").get().addresses), Contains("127.0.0.1"));
  EXPECT_THAT(server_.names(), IsEmpty());
}

TEST_F(SystemResolverTest, EndsWhatIsUnderWayWhenItStops) {
  server_.Hang("hanging.test");
  options_.timeout = seconds(60);
  options_.query_timeout = seconds(60);
  std::future<LookupResult> hanging = Lookup("hanging.test");
  while (server_.asked("hanging.test") == 0) std::this_thread::yield();
  lookup_.reset();
  EXPECT_EQ(hanging.get().outcome, LookupResult::Outcome::kFailed);
}

TEST_F(SystemResolverTest, RefusesServersThatAreNone) {
  options_.servers = "not-an-address";
  EXPECT_FALSE(CreateSystemResolver(options_, base::Clock::System()).ok());
}

TEST_F(SystemResolverTest, AsksTheServersOncePerTimeToLive) {
  server_.Set("portal.test", {{Type::kA, "192.0.2.1", 300}});
  const std::unique_ptr<Resolver> resolver = CreateSystemResolver(options_, base::Clock::System()).value();
  for (int i = 0; i < 10; ++i) {
    std::promise<Resolution> promise;
    resolver->Resolve("portal.test", [&](const Resolution& resolution) { promise.set_value(resolution); });
    EXPECT_THAT(Texts(promise.get_future().get().addresses), ElementsAre("192.0.2.1"));
  }
  EXPECT_EQ(server_.asked("portal.test"), 1);
}

}  // namespace
}  // namespace imbot::transport
