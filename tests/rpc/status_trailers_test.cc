#include "service/rpc/status_trailers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "service/base/strings.h"

namespace imbot::rpc {
namespace {

using std::chrono::microseconds;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::Pointee;

template <typename Detail>
std::vector<Detail> DetailsOf(const grpc::Status& status) {
  google::rpc::Status whole;
  EXPECT_TRUE(whole.ParseFromString(status.error_details()));
  std::vector<Detail> found;
  for (const auto& any : whole.details()) {
    Detail detail;
    if (any.UnpackTo(&detail)) found.push_back(detail);
  }
  return found;
}

// What the error takes in the trailers: percent-encoded message, details in base64, and HTTP/2's 32 for each of the
// two.
size_t SizeOnTheWire(const grpc::Status& status) {
  size_t size = 0;
  for (const char c : status.error_message()) size += c >= ' ' && c <= '~' && c != '%' ? 1 : 3;
  return size + (status.error_details().size() + 2) / 3 * 4 + 2 * 32 + std::string("grpc-message").size() +
         std::string("grpc-status-details-bin").size();
}

bool IsUtf8(const std::string& text) {
  google::rpc::Status probe;
  probe.set_message(text);
  google::rpc::Status parsed;
  return parsed.ParseFromString(probe.SerializeAsString());  // a proto3 string that is not UTF-8 does not parse
}

auto Trailer(const std::string& name, const std::string& value) {
  return Pair(Pointee(name), value);
}

TEST(InfoTrailers, TellsOnlyTheRequestIdOfACallThatWentNowhere) {
  EXPECT_THAT(InfoTrailers("0a1b", {}), ElementsAre(Trailer("x-imbot-call", "request-id=\"0a1b\"")));
}

TEST(InfoTrailers, TellsWhatIsKnown) {
  CallInfo info;
  info.portal = "acme";
  info.queued = microseconds(1'234'567);
  info.portal_time = microseconds(48'100);
  info.operating = 0.125;
  info.operating_reset_at = 1767226200;
  info.batch_size = 12;
  info.superseded = true;
  EXPECT_THAT(
      InfoTrailers("0a1b", info),
      ElementsAre(Trailer("x-imbot-call",
                          "request-id=\"0a1b\", queued-ms=1234.567, portal-duration-ms=48.100, operating-ms=125.000, "
                          "operating-reset-at=1767226200, batch-size=12"),
                  Trailer("x-imbot-superseded", "true")));
}

// What follows the request id.
std::string CallTrailer(const CallInfo& info) {
  constexpr std::string_view kId = "request-id=\"0a1b\"";
  for (const auto& [name, value] : InfoTrailers("0a1b", info)) {
    if (*name == "x-imbot-call" && value.starts_with(kId)) return value.substr(kId.size());
  }
  return "(none)";
}

TEST(InfoTrailers, WritesThousandthsWithTheirZeros) {
  CallInfo info;
  info.queued = microseconds(7);
  EXPECT_EQ(CallTrailer(info), ", queued-ms=0.007");
  info.queued = microseconds(3'060);
  EXPECT_EQ(CallTrailer(info), ", queued-ms=3.060");
  info.queued = microseconds(0);
  EXPECT_EQ(CallTrailer(info), ", queued-ms=0.000");
}

TEST(InfoTrailers, KeepsABudgetToItselfThatAStructuredFieldCannotHold) {
  CallInfo info;
  for (const double seconds : {-1.0, 1e8, 1e300, std::numeric_limits<double>::infinity(), std::nan("")}) {
    info.operating = seconds;
    EXPECT_EQ(CallTrailer(info), "") << seconds;
  }
  info.operating = 99'999'999.9994996;
  EXPECT_EQ(CallTrailer(info), ", operating-ms=99999999999.500");
}

TEST(ToGrpcStatus, LeavesOkAlone) {
  EXPECT_TRUE(ToGrpcStatus(absl::OkStatus(), {}).ok());
}

TEST(ToGrpcStatus, CarriesTheWholeError) {
  const absl::Status error =
      base::Error(absl::StatusCode::kInvalidArgument, "VALIDATION_FAILED", "two fields are wrong")
          .Violation("FIELDS.LANG[0].TITLE", "must be set")
          .Violation("DIALOG_ID", "must be set")
          .RetryAfter(std::chrono::milliseconds(1500))
          .Build();
  const grpc::Status status = ToGrpcStatus(error, {});
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), "two fields are wrong");
  EXPECT_EQ(status.error_details(), base::ToRpcStatus(error).SerializeAsString());
}

TEST(ToGrpcStatus, HidesTheTextOfAnErrorNobodyVouchesFor) {
  const grpc::Status status = ToGrpcStatus(absl::InternalError("canary"), {});
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_THAT(status.error_message(), ::testing::Not(HasSubstr("canary")));
  EXPECT_EQ(DetailsOf<google::rpc::ErrorInfo>(status).at(0).reason(), "INTERNAL");
}

TEST(ToGrpcStatus, CutsAListOfViolationsThatIsTooLongAndSaysHowManyMore) {
  base::Error error(absl::StatusCode::kInvalidArgument, "VALIDATION_FAILED", "the request is not valid");
  for (int i = 0; i < 1000; ++i) error.Violation(base::StrCat("FIELDS.LANG[", i, "].TITLE"), "must be set");
  const grpc::Status status = ToGrpcStatus(error.Build(), InfoTrailers(std::string(32, 'a'), {}));
  EXPECT_LE(SizeOnTheWire(status), kMaxTrailers);
  EXPECT_GT(SizeOnTheWire(status), kMaxTrailers / 2) << "far more was cut than had to be";
  const auto bad_requests = DetailsOf<google::rpc::BadRequest>(status);
  ASSERT_EQ(bad_requests.size(), 1u);
  const auto& violations = bad_requests[0].field_violations();
  ASSERT_GT(violations.size(), 2);
  for (int i = 0; i < violations.size() - 1; ++i)
    EXPECT_EQ(violations[i].field(), base::StrCat("FIELDS.LANG[", i, "].TITLE"));
  EXPECT_EQ(violations[violations.size() - 1].field(), "");
  EXPECT_THAT(violations[violations.size() - 1].description(),
              HasSubstr(base::StrCat("and ", 1000 - (violations.size() - 1), " more")));
  EXPECT_EQ(DetailsOf<google::rpc::ErrorInfo>(status).at(0).reason(), "VALIDATION_FAILED");
}

TEST(ToGrpcStatus, CutsALongMessageBetweenCharacters) {
  // Cyrillic takes two bytes a letter, and six once percent-encoded. The letters before shift where the cut falls.
  for (const char* before : {"", "a", "ab", "abc", "abcd", "abcde"}) {
    std::string text = before;
    for (int i = 0; i < 3000; ++i) text += "я";
    const grpc::Status status = ToGrpcStatus(base::Error(absl::StatusCode::kUnknown, "CODE_1", text).Build(), {});
    EXPECT_LE(SizeOnTheWire(status), kMaxTrailers);
    EXPECT_GT(status.error_message().size(), 100u);
    EXPECT_TRUE(IsUtf8(status.error_message()));
    EXPECT_THAT(status.error_message(), EndsWith("я..."));
  }
}

TEST(ToGrpcStatus, CutsLongMetadataAndKeepsTheRest) {
  const grpc::Status status = ToGrpcStatus(base::Error(absl::StatusCode::kUnknown, "CODE_1", "short")
                                               .Metadata("code", std::string(9000, 'x'))
                                               .RetryAfter(std::chrono::seconds(2))
                                               .Build(),
                                           {});
  EXPECT_LE(SizeOnTheWire(status), kMaxTrailers);
  const auto infos = DetailsOf<google::rpc::ErrorInfo>(status);
  ASSERT_EQ(infos.size(), 1u);
  EXPECT_EQ(infos[0].metadata().at("outcome"), "NOT_EXECUTED");
  EXPECT_THAT(infos[0].metadata().at("code"), ::testing::MatchesRegex("x+\\.\\.\\."));
  EXPECT_EQ(DetailsOf<google::rpc::RetryInfo>(status).size(), 1u);
  EXPECT_EQ(status.error_message(), "short");
}

TEST(ToGrpcStatus, FitsWhateverIsTooLong) {
  base::Error error(absl::StatusCode::kInvalidArgument, std::string(9000, 'R'), std::string(9000, '\n'));
  error.Domain(std::string(9000, 'd'));
  for (int i = 0; i < 500; ++i) error.Metadata(base::StrCat("key", i), std::string(300, 'v'));
  for (int i = 0; i < 500; ++i) error.Violation(std::string(2000, 'f'), std::string(2000, 'd'));
  const Trailers trailers = InfoTrailers(std::string(500, 'i'), {});
  const grpc::Status status = ToGrpcStatus(error.Build(), trailers);
  EXPECT_LE(SizeOnTheWire(status) + 32 + 18 + 500, kMaxTrailers);
  const auto infos = DetailsOf<google::rpc::ErrorInfo>(status);
  ASSERT_EQ(infos.size(), 1u);
  EXPECT_EQ(infos[0].metadata().at("outcome"), "NOT_EXECUTED");
}

}  // namespace
}  // namespace imbot::rpc
