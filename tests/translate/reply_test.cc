#include "service/translate/reply.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "service/base/json.h"
#include "tests/translate/error_expectations.h"
#include "tests/translate/reply_summary.h"

namespace imbot::translate {
namespace {

constexpr char kJson[] = "application/json; charset=utf-8";
constexpr char kSend[] = "imbot.v2.Chat.Message.send";

std::string ErrorBody(std::string_view code, std::string_view description) {
  base::json::Writer out;
  out.BeginObject();
  out.Key("error");
  out.String(code);
  out.Key("error_description");
  out.String(description);
  out.EndObject();
  return out.Take();
}

ParsedReply ParseError(ReplyParser* parser, std::string_view code, std::string_view description, int status = 400,
                       std::string_view method = kSend, const ReplyContext& context = {}) {
  return parser->Parse(status, kJson, ErrorBody(code, description), method, "acme", context);
}

void ExpectAll(const ParsedReply& reply, const ErrorExpectation& want) {
  const ErrorDetails details = DetailsOf(reply.status);
  EXPECT_EQ(absl::StatusCodeToString(reply.status.code()), want.grpc);
  EXPECT_EQ(details.whole.code(), static_cast<int>(reply.status.code()));
  EXPECT_EQ(details.info.domain(), "bitrix24.com");
  EXPECT_EQ(details.info.reason(), want.reason);
  EXPECT_EQ(details.Meta("code"), want.code);
  EXPECT_EQ(reply.code, want.code);
  EXPECT_EQ(details.Meta("method"), want.method);
  EXPECT_EQ(details.Meta("portal"), "acme");
  EXPECT_EQ(details.Meta("outcome"), want.outcome);
  EXPECT_EQ(base::OutcomeName(reply.outcome), want.outcome);
  EXPECT_EQ(base::ToLower(details.Meta("actor")), want.actor);
  EXPECT_EQ(base::ToLower(ActorName(reply.actor)), want.actor);
  EXPECT_EQ(details.Meta("documented"), "(none)");
  EXPECT_EQ(AdviceName(reply.advice), want.advice);
  EXPECT_EQ(details.retry_ms, want.retry_seconds * 1000);
  EXPECT_EQ(reply.retry_after.count(), want.retry_seconds * 1000);
  if (want.field.empty()) {
    EXPECT_EQ(details.bad_request.field_violations_size(), 0);
  } else {
    ASSERT_EQ(details.bad_request.field_violations_size(), 1);
    EXPECT_EQ(details.bad_request.field_violations(0).field(), want.field);
    EXPECT_FALSE(details.bad_request.field_violations(0).description().empty());
  }
}

TEST(ReplyParser, EveryDocumentedCodeBecomesItsStatus) {
  ReplyParser parser;
  for (const ErrorExpectation& want : ErrorExpectations()) {
    SCOPED_TRACE(want.Name());
    const ParsedReply reply = ParseError(&parser, want.code, want.description, want.http_status, want.method);
    ExpectAll(reply, want);
    EXPECT_EQ(DetailsOf(reply.status).Meta("http_status"), std::to_string(want.http_status));
  }
}

TEST(ReplyParser, EveryDocumentedCodeBecomesTheSameStatusInsideABatch) {
  ReplyParser parser;
  int told_by_status = 0;
  for (ErrorExpectation want : ErrorExpectations()) {
    SCOPED_TRACE(want.Name());
    const std::string body = R"({"result":{"result":[],"result_error":{"c0":)" +
                             ErrorBody(want.code, want.description) +
                             R"(},"result_total":[],"result_next":[],"result_time":[]},"time":{"duration":1}})";
    const std::vector<BatchCommand> commands = {{"c0", want.method}};
    const BatchReply batch = parser.ParseBatch(200, kJson, body, commands, "acme");
    ASSERT_TRUE(batch.whole.status.ok());
    ASSERT_EQ(batch.answers.size(), 1u);
    // A text in the portal's language can only be told by the status, which a command of a batch does not have.
    if (want.code == "ACCESS_DENIED" && want.http_status == 401 && want.description.find("REST") == std::string::npos) {
      ++told_by_status;
      continue;
    }
    ExpectAll(batch.answers[0], want);
    EXPECT_EQ(DetailsOf(batch.answers[0].status).Meta("http_status"), "200");
  }
  EXPECT_EQ(told_by_status, 1);
}

TEST(ReplyParser, MessageSaysWhatHappenedAndWhatToDo) {
  ReplyParser parser;
  EXPECT_EQ(ParseError(&parser, "ACCESS_DENIED", "Bot is not a participant in the chat").status.message(),
            "imbot.v2.Chat.Message.send: Bitrix24 answered ACCESS_DENIED (Bot is not a participant in the chat). Add "
            "the bot to the chat first, "
            "or give it the right it lacks there.");
  EXPECT_EQ(ParseError(&parser, "BOT_NOT_FOUND", "").status.message(),
            "imbot.v2.Chat.Message.send: Bitrix24 answered BOT_NOT_FOUND. Register the bot again.");
  EXPECT_EQ(ParseError(&parser, "OVERLOAD_LIMIT", "REST API is blocked due to overload.").status.message(),
            "imbot.v2.Chat.Message.send: Bitrix24 answered OVERLOAD_LIMIT (REST API is blocked due to overload). "
            "Bitrix24 has blocked the "
            "gateway's credentials by hand: its support has to lift that.");
  EXPECT_EQ(ParseError(&parser, "", "Something").status.message(),
            "imbot.v2.Chat.Message.send: Bitrix24 answered an error without a code (Something). It may have been done "
            "all the same: repeat only "
            "what is safe to repeat.");
}

TEST(ReplyParser, CodeNobodyDocumentedSaysSo) {
  ReplyParser parser;
  const ParsedReply reply = ParseError(&parser, "Brand-New", "Something new");
  const ErrorDetails details = DetailsOf(reply.status);
  EXPECT_EQ(Summary(reply), "UNKNOWN BRAND_NEW UNKNOWN");
  EXPECT_EQ(details.Meta("documented"), "false");
  EXPECT_EQ(details.Meta("code"), "Brand-New");
  EXPECT_EQ(details.info.domain(), "bitrix24.com");
  EXPECT_EQ(reply.advice, RetryAdvice::kUnknownOutcome);
}

TEST(ReplyParser, LongCodeIsCutInTheReasonOnly) {
  ReplyParser parser;
  const std::string code(100, 'Z');
  const ErrorDetails details = DetailsOf(ParseError(&parser, code, "").status);
  EXPECT_EQ(details.info.reason(), std::string(63, 'Z'));
  EXPECT_EQ(details.Meta("code"), code);
}

TEST(ReplyParser, RepliesWithoutACodeCarryTheGatewaysOwnDomain) {
  ReplyParser parser;
  for (const auto& [status, body] :
       std::vector<std::pair<int, std::string>>{{200, ""}, {200, "x"}, {200, "[]"}, {502, "<html>"}, {302, ""}}) {
    const ErrorDetails details = DetailsOf(parser.Parse(status, "", body, kSend, "acme").status);
    EXPECT_EQ(details.info.domain(), "imbot-gateway") << status << body;
    EXPECT_EQ(details.Meta("code"), "(none)") << status << body;
  }
}

TEST(ReplyParser, ValidationOfRest3BecomesFieldViolations) {
  ReplyParser parser;
  const ParsedReply reply = parser.Parse(
      400, kJson,
      R"({"error":{"code":"BITRIX_REST_V3_EXCEPTION_VALIDATION_REQUESTVALIDATIONEXCEPTION","message":"Request object validation error",
          "validation":[{"field":"filter","message":"Field value cannot be empty"},{"message":"Required","field":"fields.title"},{"message":"no field"},7]}})",
      "tasks.task.get", "acme");
  const ErrorDetails details = DetailsOf(reply.status);
  ASSERT_EQ(details.bad_request.field_violations_size(), 2);
  EXPECT_EQ(details.bad_request.field_violations(0).field(), "filter");
  EXPECT_EQ(details.bad_request.field_violations(0).description(), "Field value cannot be empty");
  EXPECT_EQ(details.bad_request.field_violations(1).field(), "fields.title");
}

TEST(ReplyParser, AtMostTenViolationsPass) {
  ReplyParser parser;
  std::string list;
  for (int i = 0; i < 50; ++i) list += (i ? "," : "") + std::string(R"({"field":"f","message":"m"})");
  const ParsedReply reply = parser.Parse(
      400, kJson,
      R"({"error":{"code":"BITRIX_REST_V3_EXCEPTION_VALIDATION_DTOVALIDATIONEXCEPTION","message":"m","validation":[)" +
          list + "]}}",
      "x.y", "acme");
  EXPECT_EQ(DetailsOf(reply.status).bad_request.field_violations_size(), 10);
}

TEST(ReplyParser, ArgumentBesideErrorArgumentBecomesAViolation) {
  ReplyParser parser;
  const ErrorDetails details =
      DetailsOf(parser
                    .Parse(400, kJson,
                           R"({"error":"ERROR_ARGUMENT","error_description":"The value is wrong","argument":"LIMIT"})",
                           "x.y", "acme")
                    .status);
  ASSERT_EQ(details.bad_request.field_violations_size(), 1);
  EXPECT_EQ(details.bad_request.field_violations(0).field(), "LIMIT");
  EXPECT_EQ(details.bad_request.field_violations(0).description(), "The value is wrong");
}

TEST(ReplyParser, WrongRequestPassesOnlyTheTextsOfTheDocumentation) {
  ReplyParser parser;
  EXPECT_NE(
      ParseError(&parser, "WRONG_REQUEST", "Bot can't be created.").status.message().find("(Bot can't be created)"),
      absl::string_view::npos);
  for (const char* dump : {"Array\n(\n    [HASH] => s3cr3t\n)\n", "{\"HASH\":\"s3cr3t\"}", "s3cr3t", "HASH s3cr3t"}) {
    const ParsedReply reply = ParseError(&parser, "WRONG_REQUEST", dump, 400, "imbot.app.register");
    EXPECT_EQ(base::ToRpcStatus(reply.status).SerializeAsString().find("s3cr3t"), std::string::npos) << dump;
    EXPECT_NE(reply.status.message().find("its text is withheld"), absl::string_view::npos) << dump;
    EXPECT_EQ(reply.outcome, base::Outcome::kUnknown);
  }
}

TEST(ReplyParser, NoSecretOfThePortalsTextReachesTheStatus) {
  ReplyParser parser;
  const std::vector<std::string_view> known = {"canary-token"};
  const ReplyContext context{{}, {}, known};
  const char* texts[] = {
      "see https://acme.bitrix24.com/rest/17/canary-token/imbot.bot.list for more",
      "see https:\\/\\/acme.bitrix24.com\\/rest\\/17\\/canaryhook\\/x",
      "url=%2Frest%2F17%2Fcanaryhook%2Fx",
      "auth=canaryhook&x=1",
      "{\"botToken\":\"canaryhook\"}",
      "CLIENT_ID: canaryhook",
      "bad canary-token here",
      "Invalid value {canaryhook} to match with parameter {botToken}. Should be value of type string.",
  };
  for (const char* text : texts) {
    for (const char* code : {"INTERNAL_SERVER_ERROR", "100", "canary-token", "EMPTY_MESSAGE"}) {
      const ParsedReply reply = ParseError(&parser, code, text, 400, kSend, context);
      const std::string all = base::ToRpcStatus(reply.status).SerializeAsString();
      EXPECT_EQ(all.find("canary-token"), std::string::npos) << text;
      EXPECT_EQ(all.find("canaryhook"), std::string::npos) << text;
    }
  }
  const ParsedReply v3 = parser.Parse(
      400, kJson,
      R"({"error":{"code":"BITRIX_REST_V3_EXCEPTION_VALIDATION_DTOVALIDATIONEXCEPTION","message":"auth=canaryhook",
                     "validation":[{"field":"canary-token","message":"token=canaryhook"}]}})",
      "x.y", "acme", context);
  const std::string all = base::ToRpcStatus(v3.status).SerializeAsString();
  EXPECT_EQ(all.find("canary"), std::string::npos) << v3.status;
}

TEST(ReplyParser, StatusFitsIntoTheHeadersItTravelsIn) {
  ReplyParser parser;
  std::string emoji;
  for (int i = 0; i < 1000; ++i) emoji += "\xF0\x9F\x98\x80";
  const ParsedReply reply = ParseError(&parser, "INTERNAL_SERVER_ERROR", emoji);
  // grpc-message is percent-encoded, grpc-status-details-bin Base64; the limit for both is 8 KiB.
  const size_t message = reply.status.message().size() * 3;
  const size_t details = base::ToRpcStatus(reply.status).ByteSizeLong() * 4 / 3;
  EXPECT_LT(message + details, 7000u);
}

// Text first, then what is forwarded: a refusal of a part says nothing of the parts before it.
TEST(ReplyParser, ARefusedPartLeavesTheOutcomeOpen) {
  ReplyParser parser;
  const ReplyContext parts{.location = {}, .host = {}, .secrets = {}, .in_parts = true};
  const auto outcome = [&](const char* code, int status, const ReplyContext& context) {
    const std::string body = base::StrCat(R"({"error":")", code, R"(","error_description":"x"})");
    const ParsedReply reply = parser.Parse(status, "application/json", body, kSend, "acme", context);
    EXPECT_EQ(base::OutcomeOf(reply.status), base::OutcomeName(reply.outcome));
    return base::OutcomeOf(reply.status);
  };
  EXPECT_EQ(outcome("MESSAGE_NOT_FOUND", 400, {}), "NOT_EXECUTED");
  EXPECT_EQ(outcome("MESSAGE_NOT_FOUND", 400, parts), "UNKNOWN");
  EXPECT_EQ(outcome("MESSAGE_ACCESS_DENIED", 400, parts), "UNKNOWN");
  // Before the first part.
  EXPECT_EQ(outcome("QUERY_LIMIT_EXCEEDED", 503, parts), "NOT_EXECUTED");
  EXPECT_EQ(outcome("expired_token", 401, parts), "NOT_EXECUTED");
}

struct RedirectCase {
  const char* location;
  const char* host;
  const char* want;
};

TEST(ReplyParser, RedirectsAreToldApart) {
  ReplyParser parser;
  const char* moved = "FAILED_PRECONDITION PORTAL_MOVED NOT_EXECUTED";
  const char* refused = "FAILED_PRECONDITION REDIRECT_REFUSED UNKNOWN";
  const char* licence = "FAILED_PRECONDITION REDIRECT_REFUSED NOT_EXECUTED";
  const RedirectCase cases[] = {
      {"https://new.bitrix24.com/rest/17/canary/imbot.bot.list", "old.bitrix24.com", moved},
      {"//new.bitrix24.com/rest/17/canary/imbot.bot.list", "old.bitrix24.com", moved},
      {"https://old.bitrix24.com:8443/rest/17/canary/x", "old.bitrix24.com", moved},
      {"https://user:canary@new.bitrix24.com/rest/x", "old.bitrix24.com", moved},
      {"https://OLD.bitrix24.com:443/rest/17/canary/x", "old.bitrix24.com", refused},
      {"https://old.bitrix24.com/rest/17/canary/x", "old.bitrix24.com:443", refused},
      {"http://old.bitrix24.com:80/rest/17/canary/x", "old.bitrix24.com", refused},
      {"/rest/17/canary/x/", "old.bitrix24.com", refused},
      {"https://new.bitrix24.com/auth/?canary", "old.bitrix24.com", refused},
      {"https://new.bitrix24.com/rest/17/canary/x", "", refused},
      {"/bitrix/coupon_activation.php", "old.bitrix24.com", licence},
      {"https://old.bitrix24.com/bitrix/coupon_activation.php", "old.bitrix24.com", licence},
      {"https://new.bitrix24.com/bitrix/coupon_activation.php", "old.bitrix24.com", refused},
      {"", "old.bitrix24.com", refused},
      {"canary:///", "old.bitrix24.com", refused},
  };
  for (const RedirectCase& one : cases) {
    SCOPED_TRACE(one.location);
    for (const int status : {301, 302, 303, 307, 308}) {
      const ReplyContext context{one.location, one.host, {}};
      const ParsedReply reply = parser.Parse(status, "text/html", "<html>moved</html>", kSend, "acme", context);
      EXPECT_EQ(Summary(reply), one.want);
      EXPECT_EQ(reply.actor, Actor::kOperator);
      EXPECT_EQ(base::ToRpcStatus(reply.status).SerializeAsString().find("canary"), std::string::npos);
    }
  }
}

TEST(ReplyParser, MovedPortalNamesTheNewHost) {
  ReplyParser parser;
  const ReplyContext context{"https://new.bitrix24.com/rest/17/canary/x", "old.bitrix24.com", {}};
  EXPECT_EQ(parser.Parse(302, "text/html", "", kSend, "acme", context).status.message(),
            "imbot.v2.Chat.Message.send: Bitrix24 redirected to new.bitrix24.com. If the portal has moved there, write "
            "its new address into the "
            "gateway's configuration.");
}

TEST(ReplyParser, CodeInsideARedirectCounts) {
  ReplyParser parser;
  EXPECT_EQ(Summary(ParseError(&parser, "PORTAL_DELETED", "Portal was deleted", 302)),
            "FAILED_PRECONDITION PORTAL_DELETED NOT_EXECUTED");
}

TEST(ReplyParser, ResultLivesUntilTheNextParse) {
  ReplyParser parser;
  EXPECT_EQ(Summary(parser.Parse(200, kJson, R"({"result":{"a":"first"}})", kSend, "acme")), R"(OK {"a":"first"})");
  EXPECT_EQ(Summary(parser.Parse(200, kJson, R"({"result":{"a":"second"}})", kSend, "acme")), R"(OK {"a":"second"})");
  EXPECT_EQ(Summary(ParseError(&parser, "BOT_NOT_FOUND", "")), "NOT_FOUND BOT_NOT_FOUND NOT_EXECUTED");
  EXPECT_EQ(Summary(parser.Parse(200, kJson, R"({"result":3})", kSend, "acme")), "OK 3");
}

TEST(ReplyParser, SuccessIsExecuted) {
  ReplyParser parser;
  const ParsedReply reply = parser.Parse(200, kJson, R"({"result":3})", kSend, "acme");
  EXPECT_EQ(reply.outcome, base::Outcome::kExecuted);
  EXPECT_EQ(reply.code, "");
}

}  // namespace
}  // namespace imbot::translate
