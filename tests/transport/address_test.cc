#include "service/transport/address.h"

#include <gtest/gtest.h>

#include "service/transport/url.h"

namespace imbot::transport {
namespace {

AddressScope Scope(const char* text) {
  return ScopeOf(Address::Parse(text).value());
}

TEST(Address, ReadsAndWritesBothFamilies) {
  EXPECT_EQ(Address::Parse("192.0.2.1")->ToString(), "192.0.2.1");
  EXPECT_TRUE(Address::Parse("192.0.2.1")->is_v4());
  EXPECT_EQ(Address::Parse("2001:DB8:0::1")->ToString(), "2001:db8::1");
  EXPECT_EQ(Address::Parse("2001:db8::1")->bytes().size(), 16u);
  EXPECT_EQ(*Address::Parse("10.0.0.1"), *Address::Parse("10.0.0.1"));
  EXPECT_FALSE(*Address::Parse("10.0.0.1") == *Address::Parse("10.0.0.2"));
  for (const char* text :
       {"", "portal.test", "1.2.3", "1.2.3.4.5", "[::1]", "::1%lo", "1.2.3.4:80", " 1.2.3.4", "0x7f.0.0.1"}) {
    EXPECT_EQ(Address::Parse(text), std::nullopt) << text;
  }
  const uint8_t three[] = {1, 2, 3};
  EXPECT_EQ(Address::FromBytes(three), std::nullopt);
}

TEST(AddressScope, IsPublicForWhatIsOnTheInternet) {
  for (const char* text : {"1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0",
                           "169.253.255.255", "192.169.0.0", "198.20.0.0", "223.255.255.255", "2a00:1450:4001::200e",
                           "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"}) {
    EXPECT_EQ(Scope(text), AddressScope::kPublic) << text;
  }
}

TEST(AddressScope, IsPrivateForNetworksOfOnesOwn) {
  for (const char* text :
       {"10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255", "192.168.0.1", "100.64.0.0", "100.127.255.255",
        "198.18.0.1", "198.19.255.255", "fc00::1", "fdff::1", "::ffff:10.0.0.1", "64:ff9b::a00:1"}) {
    EXPECT_EQ(Scope(text), AddressScope::kPrivate) << text;
  }
}

TEST(AddressScope, IsLoopbackForThisMachine) {
  for (const char* text : {"127.0.0.1", "127.255.255.255", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"}) {
    EXPECT_EQ(Scope(text), AddressScope::kLoopback) << text;
  }
}

TEST(AddressScope, IsForbiddenForWhatIsNeverAPortal) {
  for (const char* text : {"0.0.0.0",
                           "0.1.2.3",
                           "169.254.169.254",
                           "169.254.0.1",
                           "100.100.100.200",
                           "192.0.0.1",
                           "192.0.0.192",
                           "192.0.2.1",
                           "198.51.100.1",
                           "203.0.113.1",
                           "224.0.0.1",
                           "239.1.1.1",
                           "240.0.0.1",
                           "255.255.255.255",
                           "::",
                           "::2",
                           "fe80::1",
                           "fec0::1",
                           "ff02::1",
                           "fd00:ec2::254",
                           "fd20:ce::254",
                           "2001:db8::1",
                           "2001::1",
                           "2002:7f00:1::1",
                           "100::1",
                           "64:ff9b:1::1",
                           "4000::1",
                           "::ffff:169.254.169.254",
                           "64:ff9b::a9fe:a9fe",
                           "::7f00:1"}) {
    EXPECT_EQ(Scope(text), AddressScope::kForbidden) << text;
  }
}

TEST(AllowScopes, AddsOnlyWhatItIsTold) {
  const Address open = *Address::Parse("1.1.1.1");
  const Address own = *Address::Parse("10.0.0.1");
  const Address self = *Address::Parse("127.0.0.1");
  const Address metadata = *Address::Parse("169.254.169.254");
  for (const bool private_networks : {false, true}) {
    for (const bool loopback : {false, true}) {
      const AddressPolicy policy = AllowScopes({.private_networks = private_networks, .loopback = loopback});
      EXPECT_TRUE(policy("portal.test", open));
      EXPECT_EQ(policy("portal.test", own), private_networks);
      EXPECT_EQ(policy("portal.test", self), loopback);
      EXPECT_FALSE(policy("portal.test", metadata));
    }
  }
}

std::string KeyOf(const char* url) {
  const std::optional<Endpoint> endpoint = ParseEndpoint(base::Secret(url));
  return endpoint.has_value() ? endpoint->Key() : "none";
}

TEST(Endpoint, HoldsWhatAConnectionIsMadeTo) {
  EXPECT_EQ(KeyOf("https://Acme.Bitrix24.COM/rest/1/s3cr3t/"), "https://acme.bitrix24.com:443");
  EXPECT_EQ(KeyOf("http://acme.bitrix24.com/rest/"), "http://acme.bitrix24.com:80");
  EXPECT_EQ(KeyOf("https://acme.bitrix24.com:8443?x=1#y"), "https://acme.bitrix24.com:8443");
  EXPECT_EQ(KeyOf("HTTPS://[2001:DB8::1]:443/"), "https://[2001:db8::1]:443");
  EXPECT_EQ(ParseEndpoint(base::Secret("http://127.1/"))->literal, Address::Parse("127.0.0.1"));
  EXPECT_EQ(ParseEndpoint(base::Secret("http://acme.test/"))->literal, std::nullopt);
}

TEST(Endpoint, IsNoneForUrlsThatMustNotBeCalled) {
  for (const char* url : {"", "acme.test", "ftp://acme.test/", "gopher://acme.test/", "https://user@acme.test/",
                          "https://user:pass@acme.test/", "https://", "https://acme.test./", "https://acme test/",
                          "https://acme.test:99999/", "https://ac\xd0\xbc.test/", "https://[fe80::1%25lo]/",
                          "https://acme,test/", "https://.acme.test/"}) {
    EXPECT_EQ(KeyOf(url), "none") << url;
  }
  EXPECT_EQ(ParseEndpoint(base::Secret(std::string("https://acme.test/\0x", 20))), std::nullopt);
}

TEST(OriginOf, IsWhatStandsBeforeThePathOfAPlainUrl) {
  EXPECT_EQ(OriginOf("https://acme.bitrix24.com/rest/1/s3cr3t/imbot.v2.Bot.get"), "https://acme.bitrix24.com");
  EXPECT_EQ(OriginOf("http://[2001:db8::1]:8080/"), "http://[2001:db8::1]:8080");
  EXPECT_EQ(OriginOf("https://Acme.test:443/?x=/"), "https://Acme.test:443");
}

TEST(OriginOf, IsNothingWhereTheWholeUrlDecides) {
  for (const char* url : {"", "acme.test/", "https://acme.test", "https://acme.test?x=/", "https://acme.test#/",
                          "https://user@acme.test/", "https://acme.test\\@evil.test/", "https://ac\xd0\xbc.test/",
                          "https://[fe80::1%25lo]/", "https://acme test/", "https://acme.test/a b",
                          "https://acme.test/\x7f", "https://acme.test/\xd0\xbc"}) {
    EXPECT_EQ(OriginOf(url), "") << url;
  }
  EXPECT_EQ(OriginOf(std::string_view("https://acme.test/\0x", 20)), "");
}

}  // namespace
}  // namespace imbot::transport
