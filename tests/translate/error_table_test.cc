#include "service/translate/error_table.h"

#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "imbot/gateway/v1/errors.pb.h"
#include "service/base/strings.h"
#include "tests/translate/error_expectations.h"

namespace imbot::translate {
namespace {

std::string Upper(std::string_view text) {
  std::string out;
  for (const char c : text) out.push_back(c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c);
  return out;
}

// The published reasons without their prefix, by number.
std::map<int, std::string> PublishedReasons() {
  std::map<int, std::string> reasons;
  const auto* type = imbot::gateway::v1::ErrorReason_descriptor();
  for (int i = 0; i < type->value_count(); ++i) {
    reasons[type->value(i)->number()] = type->value(i)->name().substr(std::string_view("ERROR_REASON_").size());
  }
  return reasons;
}

// Numbers below are the gateway's own.
constexpr int kFirstOfPortal = 100;

TEST(ErrorTable, EveryCodeMeansWhatTheDocumentationSays) {
  size_t checked = 0;
  for (const ErrorExpectation& want : ErrorExpectations()) {
    SCOPED_TRACE(want.Name());
    const ErrorEntry* entry = FindError({want.code, want.http_status, want.description, want.method});
    ASSERT_NE(entry, nullptr);
    EXPECT_EQ(absl::StatusCodeToString(entry->grpc), want.grpc);
    EXPECT_EQ(ReasonOfCode(want.code), want.reason);
    EXPECT_EQ(base::OutcomeName(entry->outcome), want.outcome);
    EXPECT_EQ(AdviceName(entry->advice), want.advice);
    EXPECT_EQ(entry->retry_after.count(), want.retry_seconds);
    EXPECT_EQ(base::ToLower(ActorName(entry->actor)), want.actor);
    ++checked;
  }
  EXPECT_GE(checked, 200u);
}

TEST(ErrorTable, HasEveryDocumentedCodeAndAnExpectationForIt) {
  std::set<std::string> expected;
  for (const ErrorExpectation& want : ErrorExpectations()) expected.insert(want.code);
  const std::vector<std::string> documented = DataLines("documented_codes.txt");
  EXPECT_GE(documented.size(), 200u);
  for (const std::string& code : documented) {
    EXPECT_NE(FindError({code}), nullptr) << code << " is documented, but not in the table";
    EXPECT_TRUE(expected.contains(code)) << code << " is documented, but errors.tsv does not say what to expect";
  }
}

TEST(ErrorTable, HasNoRowAndNoMeaningWithoutAnExpectation) {
  std::set<const ErrorEntry*> reached;
  for (const ErrorExpectation& want : ErrorExpectations()) {
    reached.insert(FindError({want.code, want.http_status, want.description, want.method}));
  }
  for (const ErrorEntry& row : ErrorTable()) {
    EXPECT_TRUE(reached.contains(&row)) << "\"" << row.code << "\" as such is in no row of errors.tsv";
  }
  for (const ErrorMeaning& meaning : ErrorMeanings()) {
    EXPECT_TRUE(reached.contains(&meaning.entry))
        << meaning.entry.code << " with \"" << meaning.text << "\" " << meaning.method << " is in no row of errors.tsv";
  }
}

TEST(ErrorTable, ReasonsAreThePublishedOnesAndTheOtherWayRound) {
  std::set<std::string> published;
  for (const auto& [number, name] : PublishedReasons()) {
    if (number >= kFirstOfPortal) published.insert(name);
  }
  std::set<std::string> in_table;
  for (const ErrorEntry& row : ErrorTable()) in_table.insert(ReasonOfCode(row.code));
  EXPECT_EQ(in_table, published);
}

TEST(ErrorTable, HasEachCodeOnceInCapitalsAndASentenceToGoWithIt) {
  std::set<std::string_view> codes;
  for (const ErrorEntry& row : ErrorTable()) {
    EXPECT_TRUE(codes.insert(row.code).second) << row.code << " twice";
    EXPECT_EQ(Upper(row.code), row.code);
    EXPECT_TRUE(row.help.ends_with('.')) << row.code << ": " << row.help;
  }
}

TEST(ErrorTable, MatchesCodesWithoutRegardToCase) {
  for (const ErrorEntry& row : ErrorTable()) {
    EXPECT_EQ(FindError({base::ToLower(row.code)}), FindError({row.code})) << row.code;
  }
  EXPECT_EQ(FindError({"menu_ERROR"}), FindError({"MENU_ERROR"}));
}

TEST(ErrorTable, SaysNothingOfCodesNobodyDocumented) {
  for (const char* code :
       {"BRAND_NEW_CODE", "QUERY_LIMIT_EXCEEDED_", "QUERY_LIMIT_EXCEEDE", "1", "00", "200140400011", " ", "X"}) {
    EXPECT_EQ(FindError({code}), nullptr) << code;
  }
}

TEST(ErrorTable, UndocumentedCodeIsUnknownUnlessItsHttpClassIsCertain) {
  const auto name = [](int status) { return absl::StatusCodeToString(UndocumentedError(status).grpc); };
  EXPECT_EQ(name(200), "UNKNOWN");
  EXPECT_EQ(name(400), "UNKNOWN");
  EXPECT_EQ(name(403), "UNKNOWN");
  EXPECT_EQ(name(404), "UNKNOWN");
  EXPECT_EQ(name(500), "UNKNOWN");
  EXPECT_EQ(name(401), "FAILED_PRECONDITION");
  EXPECT_EQ(name(429), "RESOURCE_EXHAUSTED");
  EXPECT_EQ(name(502), "UNAVAILABLE");
  EXPECT_EQ(name(503), "UNAVAILABLE");
  EXPECT_EQ(name(504), "UNAVAILABLE");
  for (const int status : {200, 400, 401, 403, 404, 429, 500, 502, 503, 504}) {
    EXPECT_EQ(UndocumentedError(status).outcome, base::Outcome::kUnknown) << status;
    EXPECT_EQ(UndocumentedError(status).advice, RetryAdvice::kUnknownOutcome) << status;
  }
}

TEST(ErrorTable, RefusedCredentialsNeverBlameTheCaller) {
  for (const ErrorEntry& row : ErrorTable()) {
    EXPECT_NE(row.grpc, absl::StatusCode::kUnauthenticated) << row.code;
    if (row.advice == RetryAdvice::kRepairAuth) {
      EXPECT_EQ(row.grpc, absl::StatusCode::kFailedPrecondition) << row.code;
      EXPECT_EQ(row.actor, Actor::kOperator) << row.code;
    }
    if (row.grpc == absl::StatusCode::kPermissionDenied) {
      EXPECT_EQ(row.actor, Actor::kCaller) << row.code;
    }
  }
}

TEST(ErrorTable, AdviceFitsTheOutcome) {
  const auto check = [](const ErrorEntry& row) {
    const bool unknown = row.advice == RetryAdvice::kUnknownOutcome || row.advice == RetryAdvice::kWaitSameIdentity;
    EXPECT_EQ(row.outcome, unknown ? base::Outcome::kUnknown : base::Outcome::kNotExecuted) << row.code;
    const bool waits = row.advice == RetryAdvice::kWait || row.advice == RetryAdvice::kWaitSameIdentity;
    EXPECT_EQ(row.retry_after.count() > 0, waits) << row.code;
    EXPECT_LE(row.retry_after, std::chrono::minutes(10)) << row.code;
  };
  for (const ErrorEntry& row : ErrorTable()) check(row);
  for (const ErrorMeaning& meaning : ErrorMeanings()) check(meaning.entry);
}

TEST(ErrorTable, EveryFailedCodeHasAnUnknownOutcome) {
  int seen = 0;
  for (const ErrorEntry& row : ErrorTable()) {
    if (!row.code.ends_with("_FAILED")) continue;
    ++seen;
    EXPECT_EQ(row.outcome, base::Outcome::kUnknown) << row.code;
  }
  // SENDING, SEND, UPLOAD; BOT_REGISTER, BOT_UPDATE, BOT_UNREGISTER, BOT_TOKEN_ROTATION; COMMAND_REGISTER,
  // COMMAND_ANSWER; FILE_UPLOAD, FILE_SEND.
  EXPECT_EQ(seen, 11);
}

TEST(ReasonOfCode, NormalisesWhateverAPortalWrites) {
  EXPECT_EQ(ReasonOfCode("expired_token"), "EXPIRED_TOKEN");
  EXPECT_EQ(ReasonOfCode("menu_ERROR"), "MENU_ERROR");
  EXPECT_EQ(ReasonOfCode("100"), "CODE_100");
  EXPECT_EQ(ReasonOfCode("0"), "CODE_0");
  EXPECT_EQ(ReasonOfCode(""), "EMPTY_CODE");
  EXPECT_EQ(ReasonOfCode("  "), "EMPTY_CODE");
  EXPECT_EQ(ReasonOfCode(" ACCESS_DENIED\n"), "ACCESS_DENIED");
  EXPECT_EQ(ReasonOfCode("some code-1.2"), "SOME_CODE_1_2");
  EXPECT_EQ(ReasonOfCode("-1"), "CODE__1");
  EXPECT_EQ(ReasonOfCode("200140400011"), "CODE_200140400011");
  EXPECT_EQ(ReasonOfCode("ОШИБКА"), "CODE__");
  EXPECT_EQ(ReasonOfCode(std::string(100, 'a')), std::string(63, 'A'));
  EXPECT_EQ(ReasonOfCode(std::string(62, '1')), "CODE_" + std::string(58, '1'));
}

TEST(ReasonOfCode, AlwaysMakesAReason) {
  const std::regex shape("[A-Z][A-Z0-9_]{0,62}");
  std::string code;
  for (int byte = 0; byte < 256; ++byte) {
    code.push_back(static_cast<char>(byte));
    EXPECT_TRUE(std::regex_match(ReasonOfCode(std::string(1, static_cast<char>(byte))), shape)) << byte;
    EXPECT_TRUE(std::regex_match(ReasonOfCode(code), shape)) << byte;
  }
}

}  // namespace
}  // namespace imbot::translate
