#include "service/portal/failure_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <ostream>
#include <string>

#include "service/base/error.h"
#include "tests/portal/scheduler_fixture.h"

namespace imbot::portal {
namespace {

using testing::HasSubstr;
using Kind = transport::Failure::Kind;

struct Expected {
  Kind kind;
  bool sent;
  absl::StatusCode code;
  const char* reason;
  const char* outcome;
  std::optional<int64_t> retry_ms;
};

void PrintTo(const Expected& expected, std::ostream* out) {
  *out << transport::FailureName(expected.kind) << (expected.sent ? ", sent" : ", not sent");
}

class FailureMapping : public testing::TestWithParam<Expected> {};

TEST_P(FailureMapping, TellsTheCallerWhatIsKnown) {
  const Expected& expected = GetParam();
  const absl::Status status =
      FailureStatus({expected.kind, expected.sent, "told by the test"}, "imbot.message.add", "acme");
  EXPECT_EQ(status.code(), expected.code);
  EXPECT_EQ(base::ReasonOf(status), expected.reason);
  EXPECT_EQ(base::OutcomeOf(status), expected.outcome);
  EXPECT_EQ(RetryDelay(status), expected.retry_ms);
  EXPECT_EQ(MetadataOf(status, "method"), "imbot.message.add");
  EXPECT_EQ(MetadataOf(status, "portal"), "acme");
  const std::string text(status.message());
  EXPECT_THAT(text, HasSubstr("told by the test"));
  EXPECT_EQ(text.find("Nothing was sent") == std::string::npos, expected.sent) << text;
}

// UNAVAILABLE where a repeat may help, FAILED_PRECONDITION where an operator must act first; RetryInfo where nothing
// can have happened.
INSTANTIATE_TEST_SUITE_P(
    NotSent, FailureMapping,
    testing::Values(
        Expected{Kind::kDns, false, absl::StatusCode::kUnavailable, "DNS_FAILED", "NOT_EXECUTED", 1000},
        Expected{Kind::kConnect, false, absl::StatusCode::kUnavailable, "CONNECT_FAILED", "NOT_EXECUTED", 1000},
        Expected{Kind::kTls, false, absl::StatusCode::kFailedPrecondition, "TLS_FAILED", "NOT_EXECUTED", {}},
        Expected{Kind::kBlocked, false, absl::StatusCode::kFailedPrecondition, "ADDRESS_REFUSED", "NOT_EXECUTED", {}},
        Expected{Kind::kTimeout, false, absl::StatusCode::kUnavailable, "PORTAL_TIMEOUT", "NOT_EXECUTED", 1000},
        Expected{Kind::kReset, false, absl::StatusCode::kUnavailable, "TRANSPORT_FAILED", "NOT_EXECUTED", 1000},
        Expected{Kind::kStopped, false, absl::StatusCode::kUnavailable, "SHUTTING_DOWN", "NOT_EXECUTED", 1000}));
INSTANTIATE_TEST_SUITE_P(
    Sent, FailureMapping,
    testing::Values(
        Expected{Kind::kDns, true, absl::StatusCode::kUnavailable, "DNS_FAILED", "UNKNOWN", {}},
        Expected{Kind::kConnect, true, absl::StatusCode::kUnavailable, "CONNECT_FAILED", "UNKNOWN", {}},
        Expected{Kind::kTls, true, absl::StatusCode::kFailedPrecondition, "TLS_FAILED", "UNKNOWN", {}},
        Expected{Kind::kBlocked, true, absl::StatusCode::kFailedPrecondition, "ADDRESS_REFUSED", "UNKNOWN", {}},
        Expected{Kind::kTimeout, true, absl::StatusCode::kUnavailable, "PORTAL_TIMEOUT", "UNKNOWN", {}},
        Expected{Kind::kReset, true, absl::StatusCode::kUnavailable, "TRANSPORT_FAILED", "UNKNOWN", {}},
        Expected{Kind::kReplyTooLarge, true, absl::StatusCode::kResourceExhausted, "REPLY_TOO_LARGE", "UNKNOWN", {}},
        Expected{Kind::kBadReply, true, absl::StatusCode::kUnavailable, "REPLY_MALFORMED", "UNKNOWN", {}},
        Expected{Kind::kStopped, true, absl::StatusCode::kUnavailable, "SHUTTING_DOWN", "UNKNOWN", {}}));

}  // namespace
}  // namespace imbot::portal
