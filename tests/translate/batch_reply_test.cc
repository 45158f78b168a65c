// Replies of `batch` in every shape PHP gives them (WIRE_FACTS 2).
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "service/translate/reply.h"
#include "tests/translate/reply_summary.h"

namespace imbot::translate {
namespace {

constexpr char kJson[] = "application/json; charset=utf-8";
constexpr char kMissing[] = "INTERNAL BATCH_ANSWER_MISSING UNKNOWN";

std::vector<BatchCommand> Commands(std::vector<std::string_view> keys) {
  std::vector<BatchCommand> commands;
  for (const std::string_view key : keys) commands.push_back({key, "imbot.v2.Bot.get"});
  return commands;
}

std::vector<std::string> Summaries(const BatchReply& batch) {
  std::vector<std::string> all;
  for (const ParsedReply& answer : batch.answers) all.push_back(Summary(answer));
  return all;
}

using Want = std::vector<std::string>;

struct Shape {
  const char* name;
  std::vector<std::string_view> keys;
  const char* result;  // of the whole reply
  Want want;
};

const Shape kShapes[] = {
    {"objects by key",
     {"a", "b"},
     R"({"result":{"a":1,"b":{"x":2}},"result_error":[],"result_total":[],"result_next":[],"result_time":[]})",
     {"OK 1", R"(OK {"x":2})"}},
    {"in another order", {"b", "a"}, R"({"result":{"a":1,"b":2},"result_error":[]})", {"OK 2", "OK 1"}},
    {"one failed",
     {"a", "b"},
     R"({"result":{"a":1},"result_error":{"b":{"error":"BOT_NOT_FOUND","error_description":"Bot not found"}}})",
     {"OK 1", "NOT_FOUND BOT_NOT_FOUND NOT_EXECUTED"}},
    {"all failed",
     {"a", "b"},
     R"({"result":[],"result_error":{"a":{"error":"insufficient_scope","error_description":""},"b":{"error":"","error_description":""}}})",
     {"FAILED_PRECONDITION INSUFFICIENT_SCOPE NOT_EXECUTED", "UNKNOWN EMPTY_CODE UNKNOWN"}},
    {"sections missing", {"a"}, R"({"result":{"a":1}})", {"OK 1"}},
    {"sections null",
     {"a"},
     R"({"result":{"a":1},"result_error":null,"result_total":null,"result_next":null,"result_time":null})",
     {"OK 1"}},
    {"null, false, 0, empty text and list are answers",
     {"a", "b", "c", "d", "e"},
     R"({"result":{"a":null,"b":false,"c":0,"d":"","e":[]}})",
     {"OK null", "OK false", "OK 0", R"(OK "")", "OK []"}},
    {"an answer is missing",
     {"a", "b", "c"},
     R"({"result":{"a":1,"c":3},"result_error":[]})",
     {"OK 1", kMissing, "OK 3"}},
    {"nothing came back",
     {"a", "b"},
     R"({"result":[],"result_error":[],"result_total":[],"result_next":[],"result_time":[]})",
     {kMissing, kMissing}},
    {"an empty list altogether", {"a"}, "[]", {kMissing}},
    {"null altogether", {"a"}, "null", {kMissing}},
    {"an empty object altogether", {"a"}, "{}", {kMissing}},
    {"lists for numbered keys", {"0", "1"}, R"({"result":["x","y"],"result_error":[]})", {R"(OK "x")", R"(OK "y")"}},
    {"a list that ends early",
     {"0", "1", "2"},
     R"({"result":["x"],"result_error":{"1":{"error":"BOT_NOT_FOUND","error_description":"no"}}})",
     {R"(OK "x")", "NOT_FOUND BOT_NOT_FOUND NOT_EXECUTED", kMissing}},
    {"a hole makes an object of numbered keys",
     {"0", "1", "2"},
     R"({"result":{"0":"x","2":"z"},"result_error":{"1":{"error":"BOT_NOT_FOUND","error_description":"no"}}})",
     {R"(OK "x")", "NOT_FOUND BOT_NOT_FOUND NOT_EXECUTED", R"(OK "z")"}},
    {"errors as a list",
     {"0", "1"},
     R"({"result":[],"result_error":[{"error":"BOT_NOT_FOUND","error_description":"no"},{"error":"CHAT_NOT_FOUND","error_description":"no"}]})",
     {"NOT_FOUND BOT_NOT_FOUND NOT_EXECUTED", "NOT_FOUND CHAT_NOT_FOUND NOT_EXECUTED"}},
    {"a list where keys were named", {"a", "b"}, R"({"result":["x","y"],"result_error":[]})", {kMissing, kMissing}},
    {"keys nobody asked for", {"a"}, R"({"result":{"a":1,"z":9},"result_error":{"y":{"error":"X"}}})", {"OK 1"}},
    {"key in another case", {"a"}, R"({"result":{"A":1}})", {kMissing}},
    {"totals and next",
     {"a", "b"},
     R"({"result":{"a":[1],"b":[2]},"result_total":{"a":120,"b":"7"},"result_next":{"a":50}})",
     {"OK [1] next=50 total=120", "OK [2] total=7"}},
    {"totals as a list",
     {"0", "1"},
     R"({"result":[[1],[2]],"result_total":[5,null],"result_next":[]})",
     {"OK [1] total=5", "OK [2]"}},
    {"time of each",
     {"a", "b"},
     R"({"result":{"a":1,"b":2},"result_time":{"a":{"duration":0.003,"operating":0.1,"operating_reset_at":1724917459}}})",
     {"OK 1 duration=3000us operating=0.1 reset=1724917459", "OK 2"}},
    {"an error as a text",
     {"a"},
     R"({"result":[],"result_error":{"a":"BOT_NOT_FOUND"}})",
     {"NOT_FOUND BOT_NOT_FOUND NOT_EXECUTED"}},
    {"an error of nothing is none", {"a"}, R"({"result":{"a":1},"result_error":{"a":null}})", {"OK 1"}},
    {"an error as an empty list is none", {"a"}, R"({"result":{"a":1},"result_error":{"a":[]}})", {"OK 1"}},
    {"an error object of REST 3.0",
     {"a"},
     R"({"result":[],"result_error":{"a":{"error":{"code":"BITRIX_REST_V3_EXCEPTION_ENTITYNOTFOUNDEXCEPTION","message":"no"}}}})",
     {"NOT_FOUND BITRIX_REST_V3_EXCEPTION_ENTITYNOTFOUNDEXCEPTION NOT_EXECUTED"}},
    {"an answer that is an error itself",
     {"a"},
     R"({"result":{"a":{"error":"BOT_NOT_FOUND","error_description":"no"}}})",
     {"NOT_FOUND BOT_NOT_FOUND NOT_EXECUTED"}},
    {"null beside an error",
     {"a"},
     R"({"result":{"a":null},"result_error":{"a":{"error":"BOT_NOT_FOUND","error_description":"no"}}})",
     {"NOT_FOUND BOT_NOT_FOUND NOT_EXECUTED"}},
    {"a result beside an error proves nothing",
     {"a"},
     R"({"result":{"a":5},"result_error":{"a":{"error":"BOT_NOT_FOUND","error_description":"no"}}})",
     {"NOT_FOUND BOT_NOT_FOUND UNKNOWN"}},
    {"operating limit of one command",
     {"a", "b"},
     R"({"result":{"b":1},"result_error":{"a":{"error":"OPERATION_TIME_LIMIT","error_description":"Method is blocked due to operation time limit."}}})",
     {"RESOURCE_EXHAUSTED OPERATION_TIME_LIMIT NOT_EXECUTED retry=600000ms", "OK 1"}},
    {"too many commands",
     {"a"},
     R"({"result":[],"result_error":{"a":{"error":"ERROR_BATCH_LENGTH_EXCEEDED","error_description":"Max batch length exceeded"}}})",
     {"INTERNAL ERROR_BATCH_LENGTH_EXCEEDED NOT_EXECUTED"}},
};

TEST(BatchReply, EachShapeGivesEachCommandItsOwnAnswer) {
  ReplyParser parser;
  for (const Shape& shape : kShapes) {
    SCOPED_TRACE(shape.name);
    const std::string body = std::string(R"({"result":)") + shape.result + R"(,"time":{"duration":2}})";
    const BatchReply batch = parser.ParseBatch(200, kJson, body, Commands(shape.keys), "acme");
    EXPECT_TRUE(batch.whole.status.ok()) << batch.whole.status;
    EXPECT_EQ(batch.whole.time.duration, std::chrono::seconds(2));
    EXPECT_EQ(Summaries(batch), shape.want);
  }
}

TEST(BatchReply, EachErrorNamesItsOwnMethod) {
  ReplyParser parser;
  const std::vector<BatchCommand> commands = {
      {"a", "imbot.v2.Bot.get"}, {"b", "imbot.message.update"}, {"c", "im.v2.Event.get"}};
  const BatchReply batch = parser.ParseBatch(
      200, kJson,
      R"({"result":{"result":[],"result_error":{"a":{"error":"BOT_NOT_FOUND"},"b":{"error":"KEYBOARD_ERROR","error_description":"x"}}}})",
      commands, "acme");
  EXPECT_EQ(DetailsOf(batch.answers[0].status).Meta("method"), "imbot.v2.Bot.get");
  EXPECT_EQ(DetailsOf(batch.answers[1].status).Meta("method"), "imbot.message.update");
  EXPECT_EQ(Summary(batch.answers[1]), "INVALID_ARGUMENT KEYBOARD_ERROR UNKNOWN");
  EXPECT_EQ(DetailsOf(batch.answers[2].status).Meta("method"), "im.v2.Event.get");
  EXPECT_EQ(DetailsOf(batch.answers[2].status).Meta("portal"), "acme");
}

struct Whole {
  int http_status;
  const char* body;
  const char* want;
};

TEST(BatchReply, FailureOfTheWholeIsEachCommandsFailure) {
  ReplyParser parser;
  const Whole wholes[] = {
      {401, R"({"error":"expired_token","error_description":"The access token provided has expired"})",
       "FAILED_PRECONDITION EXPIRED_TOKEN NOT_EXECUTED"},
      {503, R"({"error":"QUERY_LIMIT_EXCEEDED","error_description":"Too many requests"})",
       "RESOURCE_EXHAUSTED QUERY_LIMIT_EXCEEDED NOT_EXECUTED retry=1000ms"},
      {400, R"({"error":"ERROR_BATCH_LENGTH_EXCEEDED","error_description":"Max batch length exceeded"})",
       "INTERNAL ERROR_BATCH_LENGTH_EXCEEDED NOT_EXECUTED"},
      {504, "<html>504 Gateway Time-out</html>", "UNAVAILABLE HTTP_STATUS UNKNOWN"},
      {200, "", "INTERNAL REPLY_EMPTY UNKNOWN"},
      {200, R"({"result":{"result":{"a":1)", "INTERNAL REPLY_NOT_JSON UNKNOWN"},
      {200, R"({"time":{}})", "INTERNAL REPLY_MALFORMED UNKNOWN"},
      {200, R"({"result":true})", "INTERNAL REPLY_MALFORMED UNKNOWN"},
      {200, R"({"result":5})", "INTERNAL REPLY_MALFORMED UNKNOWN"},
      {200, R"({"result":"text"})", "INTERNAL REPLY_MALFORMED UNKNOWN"},
      {200, R"({"result":[1,2]})", "INTERNAL REPLY_MALFORMED UNKNOWN"},
      {500, R"({"result":{"result":{"a":1,"b":2}}})", "INTERNAL HTTP_STATUS UNKNOWN"},
      {302, "", "FAILED_PRECONDITION REDIRECT_REFUSED UNKNOWN"},
  };
  for (const Whole& one : wholes) {
    SCOPED_TRACE(one.body);
    const std::vector<BatchCommand> commands = {{"a", "imbot.v2.Bot.get"}, {"b", "im.v2.Event.get"}};
    const BatchReply batch = parser.ParseBatch(one.http_status, kJson, one.body, commands, "acme");
    EXPECT_EQ(Summary(batch.whole), one.want);
    EXPECT_EQ(DetailsOf(batch.whole.status).Meta("method"), "batch");
    EXPECT_EQ(Summaries(batch), (Want{one.want, one.want}));
    EXPECT_EQ(DetailsOf(batch.answers[1].status).Meta("method"), "im.v2.Event.get");
    EXPECT_EQ(batch.answers[0].advice, batch.whole.advice);
  }
}

TEST(BatchReply, CutAtEveryByteLeavesEveryCommandUnknown) {
  ReplyParser parser;
  const std::string good =
      R"({"result":{"result":{"a":1,"b":[2]},"result_error":[],"result_total":{"b":1},"result_next":[],"result_time":{"a":{"duration":0.1}}},"time":{"duration":1}})";
  EXPECT_EQ(Summaries(parser.ParseBatch(200, kJson, good, Commands({"a", "b"}), "acme")),
            (Want{"OK 1 duration=100000us", "OK [2] total=1"}));
  for (size_t size = 0; size < good.size(); ++size) {
    const BatchReply batch =
        parser.ParseBatch(200, kJson, std::string_view(good).substr(0, size), Commands({"a", "b"}), "acme");
    const std::string want = size == 0 ? "INTERNAL REPLY_EMPTY UNKNOWN" : "INTERNAL REPLY_NOT_JSON UNKNOWN";
    EXPECT_EQ(Summaries(batch), (Want{want, want})) << size;
  }
}

TEST(BatchReply, FiftyCommandsAreMatchedByKey) {
  ReplyParser parser;
  std::vector<std::string> keys;
  std::string result, errors;
  for (int i = 0; i < 50; ++i) {
    keys.push_back("c" + std::to_string(i));
    std::string& section = i % 5 == 0 ? errors : result;
    section += (section.empty() ? "\"" : ",\"") + keys.back() +
               "\":" + (i % 5 == 0 ? R"({"error":"CHAT_NOT_FOUND"})" : std::to_string(i));
  }
  const std::vector<BatchCommand> commands = Commands({keys.begin(), keys.end()});
  const BatchReply batch = parser.ParseBatch(
      200, kJson, R"({"result":{"result":{)" + result + R"(},"result_error":{)" + errors + "}}}", commands, "acme");
  ASSERT_EQ(batch.answers.size(), 50u);
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(Summary(batch.answers[static_cast<size_t>(i)]),
              i % 5 == 0 ? "NOT_FOUND CHAT_NOT_FOUND NOT_EXECUTED" : "OK " + std::to_string(i));
  }
}

TEST(BatchReply, NoCommandsNoAnswers) {
  ReplyParser parser;
  EXPECT_TRUE(parser.ParseBatch(200, kJson, R"({"result":{"result":{"a":1}}})", {}, "acme").answers.empty());
}

// Text first, then what is forwarded: a refusal of a part says nothing of the parts before it.
TEST(ReplyParser, ARefusedPartOfOneCommandLeavesItsOutcomeOpenAndNoOthers) {
  const std::vector<BatchCommand> commands = {{"a", "imbot.v2.Chat.Message.send", true},
                                              {"b", "imbot.v2.Chat.Message.send"}};
  constexpr char kBody[] =
      R"({"result":{"result":[],"result_error":{"a":{"error":"MESSAGE_NOT_FOUND","error_description":"x"},)"
      R"("b":{"error":"MESSAGE_NOT_FOUND","error_description":"x"}}}})";
  ReplyParser parser;
  const BatchReply batch = parser.ParseBatch(200, kJson, kBody, commands, "acme");
  EXPECT_EQ(batch.answers.at(0).outcome, base::Outcome::kUnknown);
  EXPECT_EQ(batch.answers.at(1).outcome, base::Outcome::kNotExecuted);
}

}  // namespace
}  // namespace imbot::translate
