#include "service/portal/downloads.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "service/base/error.h"
#include "tests/fakes/manual_loop.h"
#include "tests/portal/fake_credentials.h"

namespace imbot::portal {
namespace {

using Kind = transport::Failure::Kind;
using std::chrono::seconds;

class NoSink final : public transport::BodySink {
 public:
  void Begin(std::function<void()>, std::string_view, std::optional<uint64_t>) override {}
  Taken Write(std::string_view) override { return Taken::kAll; }
};

class DownloadsTest : public ::testing::Test {
 protected:
  static constexpr char kAddress[] = "https://acme.example/rest/1/code/download/?token=signed";

  // What became of it; nothing yet.
  std::shared_ptr<std::optional<absl::Status>> Start(const std::string& url, base::Duration time = seconds(60)) {
    auto outcome = std::make_shared<std::optional<absl::Status>>();
    Download download;
    download.method = "imbot.v2.File.download";
    download.url = base::Secret(url);
    download.sink = std::make_shared<NoSink>();
    download.deadline = loop_.clock().Now() + time;
    download.done = [outcome](absl::Status status) { *outcome = std::move(status); };
    downloads_.Start(std::move(download));
    loop_.Run();
    return outcome;
  }
  static std::string ReasonOf(const std::optional<absl::Status>& outcome) {
    return outcome.has_value() ? base::ReasonOf(*outcome) : "(not answered)";
  }

  fakes::ManualLoop loop_;
  fakes::FakeCredentials credentials_;
  Downloads downloads_{"acme", loop_, loop_.clock(), credentials_, 2};
};

TEST_F(DownloadsTest, GetsTheAddressOnThePortalsOwnOrigin) {
  const auto outcome = Start(kAddress);
  ASSERT_EQ(loop_.fake().sent(), 1u);
  EXPECT_TRUE(loop_.fake().request(0).get);
  EXPECT_EQ(loop_.fake().request(0).url.Reveal(), kAddress);
  EXPECT_FALSE(outcome->has_value());
  loop_.fake().Answer(0, 200, "");
  EXPECT_TRUE((*outcome)->ok());
}

TEST_F(DownloadsTest, TakesTheSameOriginInAnotherSpelling) {
  Start("https://ACME.example:443/x");
  EXPECT_EQ(loop_.fake().sent(), 1u);
}

TEST_F(DownloadsTest, RefusesEveryOtherOrigin) {
  for (const char* url :
       {"http://acme.example/x", "https://acme.example:444/x", "https://evil.example/x",
        "https://acme.example.evil.example/x", "https://acme.example@evil.example/x",
        "https://user:password@acme.example/x", "ftp://acme.example/x", "file:///etc/passwd", "/x", ""}) {
    EXPECT_EQ(ReasonOf(*Start(url)), "ADDRESS_REFUSED") << url;
  }
  EXPECT_EQ(loop_.fake().sent(), 0u);
}

TEST_F(DownloadsTest, CarriesSoManyAtOnceAndTheRestInTheirOrder) {
  std::vector<std::shared_ptr<std::optional<absl::Status>>> all;
  for (int i = 0; i < 4; ++i) all.push_back(Start(std::string(kAddress) + std::to_string(i)));
  ASSERT_EQ(loop_.fake().sent(), 2u);
  loop_.fake().Answer(1, 200, "");
  ASSERT_EQ(loop_.fake().sent(), 3u);
  EXPECT_EQ(loop_.fake().request(2).url.Reveal(), std::string(kAddress) + "2");
  loop_.fake().Answer(0, 200, "");
  ASSERT_EQ(loop_.fake().sent(), 4u);
  EXPECT_FALSE(all[3]->has_value());
}

TEST_F(DownloadsTest, OneThatWaitsPastItsDeadlineIsAnsweredAndNotSent) {
  Start(kAddress);
  Start(kAddress);
  const auto waiting = Start(kAddress, seconds(1));
  loop_.Advance(seconds(2));
  EXPECT_EQ(ReasonOf(*waiting), "DEADLINE_EXCEEDED");
  loop_.fake().Answer(0, 200, "");
  EXPECT_EQ(loop_.fake().sent(), 2u);
}

TEST_F(DownloadsTest, AFailureSaysThatNothingWasDone) {
  const auto outcome = Start(kAddress);
  loop_.fake().Fail(0, Kind::kReset, /*sent=*/true);
  EXPECT_EQ(base::OutcomeOf(**outcome), "NOT_EXECUTED") << "a read changes nothing";
  EXPECT_EQ((*outcome)->message().find("Nothing was sent"), std::string::npos) << (*outcome)->message();
}

TEST_F(DownloadsTest, AnErrorOfThePortalIsMapped) {
  const auto outcome = Start(kAddress);
  loop_.fake().Answer(0, 404, R"({"error":"FILE_NOT_FOUND","error_description":"File not found"})");
  EXPECT_EQ(ReasonOf(*outcome), "FILE_NOT_FOUND");
}

TEST_F(DownloadsTest, AnErrorThatRepeatsTheWebhooksCodeDoesNotShowIt) {
  const auto outcome = Start(kAddress);
  loop_.fake().Answer(0, 400, R"({"error":"ERROR_CORE","error_description":"no file for the webhook code of user 1"})");
  EXPECT_EQ((*outcome)->message().find("code of"), std::string::npos) << (*outcome)->message();
  EXPECT_NE((*outcome)->message().find("of user 1"), std::string::npos) << "the rest of the text is shown";
}

TEST_F(DownloadsTest, WithoutCredentialsThereIsNoOriginToTrust) {
  credentials_.available = false;
  EXPECT_EQ(ReasonOf(*Start(kAddress)), "CREDENTIALS_UNAVAILABLE");
  EXPECT_EQ(loop_.fake().sent(), 0u);
}

TEST_F(DownloadsTest, StoppingAnswersEverything) {
  std::vector<std::shared_ptr<std::optional<absl::Status>>> all;
  for (int i = 0; i < 3; ++i) all.push_back(Start(kAddress));
  downloads_.Stop();
  for (const auto& outcome : all) EXPECT_EQ(ReasonOf(*outcome), "SHUTTING_DOWN");
  loop_.fake().Answer(0, 200, "");  // late, and heard by nobody
}

}  // namespace
}  // namespace imbot::portal
