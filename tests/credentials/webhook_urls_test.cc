#include "service/credentials/webhook_urls.h"

#include <gtest/gtest.h>

#include "service/base/error.h"

namespace imbot::credentials {
namespace {

std::string Url(const std::string& base_url, int64_t user_id = 1) {
  WebhookUrls urls;
  urls.Add("acme", base_url, user_id, base::Secret("c0de"));
  return std::string(urls.UrlFor("acme", "imbot.v2.Bot.get")->Reveal());
}

TEST(WebhookUrls, MakesTheUrlOfAMethod) {
  EXPECT_EQ(Url("https://acme.bitrix24.com"), "https://acme.bitrix24.com/rest/1/c0de/imbot.v2.Bot.get");
  EXPECT_EQ(Url("https://acme.bitrix24.com", 27), "https://acme.bitrix24.com/rest/27/c0de/imbot.v2.Bot.get");
}

TEST(WebhookUrls, TakesABaseUrlWithSlashesAFolderOrAPort) {
  EXPECT_EQ(Url("https://acme.bitrix24.com/"), "https://acme.bitrix24.com/rest/1/c0de/imbot.v2.Bot.get");
  EXPECT_EQ(Url("https://acme.bitrix24.com//"), "https://acme.bitrix24.com/rest/1/c0de/imbot.v2.Bot.get");
  EXPECT_EQ(Url("https://intranet.example.com/portal/"),
            "https://intranet.example.com/portal/rest/1/c0de/imbot.v2.Bot.get");
  EXPECT_EQ(Url("http://127.0.0.1:8080"), "http://127.0.0.1:8080/rest/1/c0de/imbot.v2.Bot.get");
}

TEST(WebhookUrls, KeepsPortalsApartAndTakesTheLastOfTwo) {
  WebhookUrls urls;
  urls.Add("acme", "https://a", 1, base::Secret("one"));
  urls.Add("globex", "https://g", 2, base::Secret("two"));
  urls.Add("acme", "https://b", 3, base::Secret("three"));
  EXPECT_EQ(urls.UrlFor("acme", "m")->Reveal(), "https://b/rest/3/three/m");
  EXPECT_EQ(urls.UrlFor("globex", "m")->Reveal(), "https://g/rest/2/two/m");
}

TEST(WebhookUrls, RefusesAPortalWithoutOne) {
  const auto url = WebhookUrls().UrlFor("acme", "m");
  EXPECT_EQ(url.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(base::ReasonOf(url.status()), "CREDENTIALS_UNAVAILABLE");
  EXPECT_EQ(base::OutcomeOf(url.status()), "NOT_EXECUTED");
}

}  // namespace
}  // namespace imbot::credentials
