#include "service/rpc/caller_auth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/rpc/rpc_harness.h"

namespace imbot::rpc {
namespace {

using rpc_test::ViolatedFields;

using rpc_test::kOtherToken;
using rpc_test::kOtherTokenSha256;
using rpc_test::kToken;
using rpc_test::kTokenSha256;
using ::testing::HasSubstr;
using ::testing::Not;

std::shared_ptr<const CallerSet> TwoCallers() {
  auto callers = CallerSet::Create({{{"billing", false}, kTokenSha256}, {{"admin", true}, kOtherTokenSha256}});
  EXPECT_TRUE(callers.ok()) << callers.status();
  return *callers;
}

TEST(CallerSet, TakesEverybodyAsAnonymousWhenNoCallersAreConfigured) {
  const auto caller = CallerSet::Anonymous(false)->Authenticate({});
  ASSERT_TRUE(caller.ok());
  EXPECT_EQ(caller->name, "anonymous");
  EXPECT_FALSE(caller->raw_allowed);
}

TEST(CallerSet, AllowsRawCallsToAnonymousOnlyWhenToldSo) {
  EXPECT_TRUE(CallerSet::Anonymous(true)->Authenticate({})->raw_allowed);
}

TEST(CallerSet, FindsTheCallerOfAToken) {
  const auto callers = TwoCallers();
  const auto billing = callers->Authenticate({std::string("Bearer ") + kToken});
  ASSERT_TRUE(billing.ok()) << billing.status();
  EXPECT_EQ(billing->name, "billing");
  EXPECT_FALSE(billing->raw_allowed);
  const auto admin = callers->Authenticate({std::string("Bearer ") + kOtherToken});
  ASSERT_TRUE(admin.ok()) << admin.status();
  EXPECT_EQ(admin->name, "admin");
  EXPECT_TRUE(admin->raw_allowed);
}

TEST(CallerSet, TakesTheSchemeInAnyCase) {
  EXPECT_TRUE(TwoCallers()->Authenticate({"bearer abc"}).ok());
  EXPECT_TRUE(TwoCallers()->Authenticate({"BEARER  abc"}).ok());
}

TEST(CallerSet, SaysThatATokenIsMissing) {
  const auto caller = TwoCallers()->Authenticate({});
  EXPECT_EQ(caller.status().code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(base::ReasonOf(caller.status()), "CALLER_TOKEN_MISSING");
}

TEST(CallerSet, RefusesWhatIsNoCallersTokenWithoutRepeatingIt) {
  const auto callers = TwoCallers();
  for (const char* header : {"Bearer abd", "Bearer ab", "Bearer abcd", "Bearer ABC", "Bearer ", "Bearer", "abc",
                             "Basic abc", "", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}) {
    const auto caller = callers->Authenticate({header});
    EXPECT_EQ(caller.status().code(), absl::StatusCode::kUnauthenticated) << header;
    EXPECT_EQ(base::ReasonOf(caller.status()), "CALLER_TOKEN_WRONG") << header;
  }
  const auto caller = callers->Authenticate({"Bearer canary-3f9a"});
  EXPECT_THAT(base::ToRpcStatus(caller.status()).DebugString(), Not(HasSubstr("canary")));
  EXPECT_THAT(caller.status().ToString(), Not(HasSubstr("canary")));
}

TEST(CallerSet, RefusesTwoTokensEvenIfBothAreGood) {
  const auto caller = TwoCallers()->Authenticate({"Bearer abc", "Bearer abc"});
  EXPECT_EQ(base::ReasonOf(caller.status()), "CALLER_TOKEN_WRONG");
}

TEST(CallerSet, ReportsEveryMistakeOfTheConfiguration) {
  std::string not_hex(64, 'a');
  not_hex[63] = 'g';
  const auto callers = CallerSet::Create({{{"", false}, kTokenSha256},
                                          {{"twice", false}, kOtherTokenSha256},
                                          {{"twice", false}, "abc"},
                                          {{"hex", false}, not_hex},
                                          {{"shared", false}, kTokenSha256}});
  ASSERT_EQ(callers.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(ViolatedFields(callers.status()),
              ::testing::ElementsAre("callers[0].name", "callers[2].name", "callers[2].token_sha256",
                                     "callers[3].token_sha256", "callers[4].token_sha256"));
}

TEST(CallerAuth, JudgesByTheCallersInForce) {
  CallerAuth auth(CallerSet::Anonymous(false));
  EXPECT_TRUE(auth.Authenticate({}).ok());
  auth.Replace(TwoCallers());
  EXPECT_EQ(base::ReasonOf(auth.Authenticate({}).status()), "CALLER_TOKEN_MISSING");
  EXPECT_EQ(auth.Authenticate({"Bearer abc"})->name, "billing");
}

}  // namespace
}  // namespace imbot::rpc
