#include "service/transport/caching_resolver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/fakes/manual_clock.h"

namespace imbot::transport {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

// Keeps every question until the test answers it.
class FakeLookup : public NameLookup {
 public:
  struct Question {
    std::string host;
    Callback done;
  };
  explicit FakeLookup(std::vector<Question>& questions) : questions_(questions) {}
  void Lookup(std::string host, Callback done) override {
    questions_.push_back(Question{std::move(host), std::move(done)});
  }

 private:
  std::vector<Question>& questions_;
};

class CachingResolverTest : public ::testing::Test {
 protected:
  void Start(ResolverOptions options = ResolverOptions()) {
    resolver_ = std::make_unique<CachingResolver>(options, clock_, std::make_unique<FakeLookup>(questions_));
  }
  // The answer of a call, as text, is appended to `answers_` when it comes: addresses, or "!" and the message.
  void Ask(const std::string& host) {
    resolver_->Resolve(host, [this](const Resolution& resolution) {
      std::string text = resolution.addresses.empty() ? "!" + resolution.message : "";
      for (const Address& address : resolution.addresses) text += (text.empty() ? "" : " ") + address.ToString();
      answers_.push_back(text);
    });
  }
  void Answer(LookupResult result) {
    ASSERT_THAT(questions_, Not(IsEmpty()));
    FakeLookup::Question question = std::move(questions_.front());
    questions_.erase(questions_.begin());
    question.done(std::move(result));
  }
  void AnswerFound(const std::string& address, seconds ttl) {
    LookupResult result;
    result.outcome = LookupResult::Outcome::kFound;
    result.addresses = {*Address::Parse(address)};
    result.ttl = ttl;
    Answer(std::move(result));
  }
  void AnswerWith(LookupResult::Outcome outcome, const std::string& message) {
    LookupResult result;
    result.outcome = outcome;
    result.message = message;
    Answer(std::move(result));
  }
  std::vector<std::string> Take() { return std::exchange(answers_, {}); }

  static constexpr auto kNotFound = LookupResult::Outcome::kNotFound;
  static constexpr auto kFailed = LookupResult::Outcome::kFailed;

  fakes::ManualClock clock_;
  std::vector<FakeLookup::Question> questions_;
  std::vector<std::string> answers_;
  std::unique_ptr<CachingResolver> resolver_;
};

TEST_F(CachingResolverTest, AsksOnceForAllWhoWait) {
  Start();
  Ask("portal.test");
  Ask("PORTAL.test");
  Ask("portal.test");
  ASSERT_EQ(questions_.size(), 1u);
  EXPECT_EQ(questions_[0].host, "portal.test");
  EXPECT_THAT(answers_, IsEmpty());
  AnswerFound("1.1.1.1", seconds(60));
  EXPECT_THAT(Take(), ElementsAre("1.1.1.1", "1.1.1.1", "1.1.1.1"));
}

TEST_F(CachingResolverTest, KeepsAnAnswerForItsTimeToLive) {
  Start({.stale_while_revalidate = seconds(0)});
  Ask("portal.test");
  AnswerFound("1.1.1.1", seconds(60));
  clock_.Advance(seconds(59));
  Ask("portal.test");
  EXPECT_THAT(Take(), ElementsAre("1.1.1.1", "1.1.1.1"));
  EXPECT_THAT(questions_, IsEmpty());
  clock_.Advance(seconds(1));
  Ask("portal.test");
  EXPECT_THAT(answers_, IsEmpty());
  AnswerFound("2.2.2.2", seconds(60));
  EXPECT_THAT(Take(), ElementsAre("2.2.2.2"));
}

TEST_F(CachingResolverTest, HoldsTheTimeToLiveWithinItsBounds) {
  Start({.min_ttl = seconds(5), .max_ttl = hours(1), .stale_while_revalidate = seconds(0)});
  Ask("short.test");
  AnswerFound("1.1.1.1", seconds(0));
  Ask("long.test");
  AnswerFound("2.2.2.2", hours(1000));
  clock_.Advance(seconds(4));
  Ask("short.test");
  EXPECT_THAT(questions_, IsEmpty());
  clock_.Advance(seconds(1));
  Ask("short.test");
  EXPECT_EQ(questions_.size(), 1u);
  clock_.Advance(hours(1) - seconds(6));
  Ask("long.test");
  EXPECT_EQ(questions_.size(), 1u);
  clock_.Advance(seconds(1));
  Ask("long.test");
  EXPECT_EQ(questions_.size(), 2u);
}

TEST_F(CachingResolverTest, GivesAStaleAnswerAtOnceWhileItAsksAgain) {
  Start({.stale_while_revalidate = seconds(30)});
  Ask("portal.test");
  AnswerFound("1.1.1.1", seconds(60));
  clock_.Advance(seconds(89));
  Ask("portal.test");
  Ask("portal.test");
  EXPECT_THAT(Take(), ElementsAre("1.1.1.1", "1.1.1.1", "1.1.1.1"));
  EXPECT_EQ(questions_.size(), 1u);
  AnswerFound("2.2.2.2", seconds(60));
  EXPECT_THAT(answers_, IsEmpty());
  Ask("portal.test");
  EXPECT_THAT(Take(), ElementsAre("2.2.2.2"));
}

TEST_F(CachingResolverTest, AnAnswerThatIsTooStaleIsWaitedFor) {
  Start({.stale_while_revalidate = seconds(30)});
  Ask("portal.test");
  AnswerFound("1.1.1.1", seconds(60));
  Take();
  clock_.Advance(seconds(90));
  Ask("portal.test");
  EXPECT_THAT(answers_, IsEmpty());
}

TEST_F(CachingResolverTest, FallsBackToTheOldAddressesWhenServersDoNotAnswer) {
  Start({.failure_ttl = seconds(1), .stale_if_error = hours(1)});
  Ask("portal.test");
  AnswerFound("1.1.1.1", seconds(60));
  Take();
  clock_.Advance(minutes(30));
  Ask("portal.test");
  AnswerWith(kFailed, "time-out");
  EXPECT_THAT(Take(), ElementsAre("1.1.1.1"));
  // For a second without asking, then again.
  Ask("portal.test");
  EXPECT_THAT(Take(), ElementsAre("1.1.1.1"));
  EXPECT_THAT(questions_, IsEmpty());
  clock_.Advance(seconds(1));
  Ask("portal.test");
  EXPECT_EQ(questions_.size(), 1u);
  AnswerFound("2.2.2.2", seconds(60));
  EXPECT_THAT(Take(), ElementsAre("2.2.2.2"));
}

TEST_F(CachingResolverTest, DoesNotFallBackForever) {
  Start({.stale_if_error = hours(1)});
  Ask("portal.test");
  AnswerFound("1.1.1.1", seconds(60));
  Take();
  clock_.Advance(hours(1) + seconds(60));
  Ask("portal.test");
  AnswerWith(kFailed, "time-out");
  EXPECT_THAT(Take(), ElementsAre("!time-out"));
}

TEST_F(CachingResolverTest, DoesNotFallBackWhenTheNameIsGone) {
  Start();
  Ask("portal.test");
  AnswerFound("1.1.1.1", seconds(60));
  Take();
  clock_.Advance(minutes(2));
  Ask("portal.test");
  AnswerWith(kNotFound, "no such name");
  EXPECT_THAT(Take(), ElementsAre("!no such name"));
}

TEST_F(CachingResolverTest, RemembersFailuresShortly) {
  Start({.negative_ttl = seconds(5), .failure_ttl = seconds(1)});
  Ask("gone.test");
  AnswerWith(kNotFound, "no such name");
  Ask("broken.test");
  AnswerWith(kFailed, "time-out");
  EXPECT_THAT(Take(), ElementsAre("!no such name", "!time-out"));
  Ask("gone.test");
  Ask("broken.test");
  EXPECT_THAT(Take(), ElementsAre("!no such name", "!time-out"));
  clock_.Advance(seconds(1));
  Ask("gone.test");
  EXPECT_THAT(questions_, IsEmpty());
  Ask("broken.test");
  EXPECT_EQ(questions_.size(), 1u);
  clock_.Advance(seconds(4));
  Ask("gone.test");
  EXPECT_EQ(questions_.size(), 2u);
}

TEST_F(CachingResolverTest, ANameThatHangsHoldsUpNoOther) {
  Start();
  Ask("hanging.test");
  Ask("portal.test");
  ASSERT_EQ(questions_.size(), 2u);
  std::swap(questions_[0], questions_[1]);
  AnswerFound("1.1.1.1", seconds(60));
  EXPECT_THAT(Take(), ElementsAre("1.1.1.1"));
}

TEST_F(CachingResolverTest, DoesNotGrowWithoutBound) {
  Start({.max_names = 100});
  for (int i = 0; i < 1000; ++i) {
    Ask(std::to_string(i) + ".test");
    AnswerFound("1.1.1.1", seconds(60));
    EXPECT_LE(resolver_->size(), 100u);
  }
  // The last ones are still known.
  Ask("999.test");
  EXPECT_THAT(questions_, IsEmpty());
}

TEST_F(CachingResolverTest, ACallbackMayAskAgain) {
  Start();
  bool second = false;
  resolver_->Resolve("portal.test", [&](const Resolution&) {
    resolver_->Resolve("portal.test", [&](const Resolution&) { second = true; });
  });
  AnswerFound("1.1.1.1", seconds(60));
  EXPECT_TRUE(second);
}

}  // namespace
}  // namespace imbot::transport
