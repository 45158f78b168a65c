#include "service/base/error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

namespace imbot::base {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::Pair;
using testing::UnorderedElementsAre;

// The detail of that type; none if there is none.
template <typename Detail>
std::optional<Detail> DetailOf(const absl::Status& status) {
  const google::rpc::Status whole = ToRpcStatus(status);
  for (const auto& detail : whole.details()) {
    Detail out;
    if (detail.UnpackTo(&out)) return out;
  }
  return std::nullopt;
}

TEST(Error, CarriesCodeTextReasonDomainAndOutcome) {
  const absl::Status status = Error(absl::StatusCode::kNotFound, "BOT_UNKNOWN", "no such bot").Build();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "no such bot");
  const auto info = DetailOf<google::rpc::ErrorInfo>(status);
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->reason(), "BOT_UNKNOWN");
  EXPECT_EQ(info->domain(), "imbot-gateway");
  EXPECT_THAT(info->metadata(), UnorderedElementsAre(Pair("outcome", "NOT_EXECUTED")))
      << "the gateway's own refusals happen before anything is sent";
  EXPECT_EQ(ReasonOf(status), "BOT_UNKNOWN");
  EXPECT_EQ(OutcomeOf(status), "NOT_EXECUTED");
}

TEST(Error, HasRetryInfoAndBadRequestOnlyWhereTheyWereGiven) {
  const absl::Status plain = Error(absl::StatusCode::kInternal, "X", "").Build();
  EXPECT_FALSE(DetailOf<google::rpc::RetryInfo>(plain).has_value());
  EXPECT_FALSE(DetailOf<google::rpc::BadRequest>(plain).has_value());

  Error error(absl::StatusCode::kInvalidArgument, "VALIDATION_FAILED", "wrong");
  EXPECT_FALSE(error.has_violations());
  error.Violation("FIELDS.LANG[0].TITLE", "is required")
      .Violation("bot", "is required")
      .RetryAfter(std::chrono::milliseconds(1250));
  EXPECT_TRUE(error.has_violations());
  const absl::Status status = error.Build();
  const auto retry = DetailOf<google::rpc::RetryInfo>(status);
  ASSERT_TRUE(retry.has_value());
  EXPECT_EQ(retry->retry_delay().seconds(), 1);
  EXPECT_EQ(retry->retry_delay().nanos(), 250'000'000);
  const auto bad_request = DetailOf<google::rpc::BadRequest>(status);
  ASSERT_TRUE(bad_request.has_value());
  ASSERT_EQ(bad_request->field_violations_size(), 2);
  EXPECT_EQ(bad_request->field_violations(0).field(), "FIELDS.LANG[0].TITLE");
  EXPECT_EQ(bad_request->field_violations(0).description(), "is required");
  EXPECT_EQ(bad_request->field_violations(1).field(), "bot");
}

TEST(Error, TakesDomainOutcomeAndMetadata) {
  const absl::Status status = Error(absl::StatusCode::kUnknown, "CODE_100", "x")
                                  .Domain(kBitrixDomain)
                                  .SetOutcome(Outcome::kUnknown)
                                  .Metadata("code", "100")
                                  .Build();
  const auto info = DetailOf<google::rpc::ErrorInfo>(status);
  EXPECT_EQ(info->domain(), "bitrix24.com");
  EXPECT_THAT(info->metadata(), UnorderedElementsAre(Pair("outcome", "UNKNOWN"), Pair("code", "100")));
}

TEST(OutcomeName, IsWhatTheContractPublishes) {
  EXPECT_EQ(OutcomeName(Outcome::kNotExecuted), "NOT_EXECUTED");
  EXPECT_EQ(OutcomeName(Outcome::kExecuted), "EXECUTED");
  EXPECT_EQ(OutcomeName(Outcome::kUnknown), "UNKNOWN");
}

TEST(ToRpcStatus, IsEmptyForOk) {
  EXPECT_EQ(ToRpcStatus(absl::OkStatus()).SerializeAsString(), "");
  EXPECT_EQ(ReasonOf(absl::OkStatus()), "");
  EXPECT_EQ(OutcomeOf(absl::OkStatus()), "");
}

TEST(ToRpcStatus, CarriesTheCodeAndTheTextOfTheStatus) {
  const google::rpc::Status whole =
      ToRpcStatus(Error(absl::StatusCode::kNotFound, "BOT_UNKNOWN", "no such bot").Build());
  EXPECT_EQ(whole.code(), 5);
  EXPECT_EQ(whole.message(), "no such bot");
  EXPECT_EQ(whole.details_size(), 1);
}

TEST(ToRpcStatus, ReplacesTheTextOfAStatusFromElsewhere) {
  const absl::Status foreign = absl::UnavailableError("https://acme/rest/1/CANARY/ failed");
  const google::rpc::Status whole = ToRpcStatus(foreign);
  EXPECT_EQ(whole.code(), 14);
  EXPECT_THAT(whole.DebugString(), Not(HasSubstr("CANARY")));
  EXPECT_EQ(ReasonOf(foreign), "INTERNAL");
  EXPECT_EQ(OutcomeOf(foreign), "UNKNOWN");
}

TEST(WithMetadata, AddsAnEntryAndKeepsEverythingElse) {
  const absl::Status status = Error(absl::StatusCode::kInvalidArgument, "VALIDATION_FAILED", "wrong")
                                  .Violation("a", "b")
                                  .RetryAfter(std::chrono::seconds(1))
                                  .Build();
  const absl::Status more = WithMetadata(status, "request_id", "r1");
  EXPECT_EQ(more.code(), status.code());
  EXPECT_EQ(more.message(), status.message());
  EXPECT_THAT(DetailOf<google::rpc::ErrorInfo>(more)->metadata(),
              UnorderedElementsAre(Pair("outcome", "NOT_EXECUTED"), Pair("request_id", "r1")));
  EXPECT_EQ(DetailOf<google::rpc::BadRequest>(more)->field_violations_size(), 1);
  EXPECT_TRUE(DetailOf<google::rpc::RetryInfo>(more).has_value());
}

TEST(WithMetadata, KeepsAnEntryThatIsThere) {
  const absl::Status status = Error(absl::StatusCode::kNotFound, "X", "").Metadata("portal", "first").Build();
  EXPECT_EQ(DetailOf<google::rpc::ErrorInfo>(WithMetadata(status, "portal", "second"))->metadata().at("portal"),
            "first");
}

TEST(WithMetadata, LeavesOkAloneAndTakesTheTextFromAForeignStatus) {
  EXPECT_TRUE(WithMetadata(absl::OkStatus(), "k", "v").ok());
  const absl::Status foreign = WithMetadata(absl::InternalError("CANARY"), "k", "v");
  EXPECT_EQ(foreign.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(foreign.ToString(), Not(HasSubstr("CANARY")));
}

}  // namespace
}  // namespace imbot::base
