// `batch`. Expected values: page settings/how-to-call-rest-api/batch.md, WIRE_FACTS.md 2 and 2.1.
#include "tests/simulator/rest/batch.h"

#include <chrono>
#include <string>
#include <utility>

#include "tests/simulator/test/portal_fixture.h"

namespace simulator {
namespace {

Json Commands(const Json& cmd) {
  return Json{{"halt", 0}, {"cmd", cmd}};
}

// --- the parameters and the substitution, without a portal

struct Reference {
  const char* value;     // as it stands in the query, not encoded
  const char* expected;  // JSON
};

// After a command `a` that answered {"id":789,"name":"Bot","list":[5,"x"],"flag":true,"none":null} and total 2, next
// 50, and a command `e` that failed.
Json Substituted(const std::string& value) {
  Batch batch(Commands(Json{{"a", "m"}, {"e", "m"}, {"b", "m?V=" + value + "&deep[x][]=" + value}}));
  const Answer answer = SplitResult(
      ParseJson(R"({"id":789,"name":"Bot","list":[5,"x"],"flag":true,"none":null,"total":2,"next":50})").value());
  batch.Succeeded(batch.commands()[0], answer, Json{{"start", 1}});
  batch.Failed(batch.commands()[1], RestError{"SOME_ERROR", "Some text"});
  const Json params = batch.Params(batch.commands()[2]);
  EXPECT_EQ(params["deep"]["x"][0], params["V"]) << "values at any depth: " << value;
  return params["V"];
}

TEST(Batch, ReferencesAreReplacedAsTheServerDoes) {
  const Reference rows[] = {
      {"$result[a][id]", "789"},
      {"$result[a][name]", "\"Bot\""},
      {"$result[a][list]", "[5,\"x\"]"},
      {"$result[a][list][1]", "\"x\""},
      {"$result[a][flag]", "true"},
      {"$result[a][name][0]", "\"B\""},  // a text's characters are members
      {"$result[a][name][-1]", "\"t\""},
      {"$total[a]", "2"},
      {"$next[a]", "50"},
      {"$time[a][start]", "1"},
      {"$error[e][error]", "\"SOME_ERROR\""},
      {"$result[a][none]",
       R"({"id":789,"name":"Bot","list":[5,"x"],"flag":true,"none":null})"},  // deepest level reached
      {"$result[a][id][zzz]", "789"},
      {"$RESULT[a][id]", "null"},
      {"id $result[a][id] is", "\"id 789 is\""},
      {"$result[a][id]xyz", "789"},               // the whole run of non-space characters is the match
      {"see $result[a][id]xyz.", "\"see 789\""},  // and is consumed
      {"$result[a][id] $result[a][id]", "\"789 789\""},
      {"list $result[a][list]", "\"list $result[a][list]\""},  // neither text nor number: left alone
      {"flag $result[a][flag]", "\"flag $result[a][flag]\""},
      {"x$result[a][name]", "\"xBot\""},
      {"%24result%5Ba%5D%5Bname%5D", "\"Bot\""},  // encoding is no protection
      {"$resultful[a][id]", "789"},               // a name that begins like a section
      // harmless
      {"$result", "\"$result\""},
      {"$result []", "\"$result []\""},
      {"$result[]", "\"$result[]\""},
      {"$ result[a]", "\"$ result[a]\""},
      {"$price[a]", "\"$price[a]\""},
      {"result[a][id]", "\"result[a][id]\""},
      {"$result[a", "\"$result[a\""},
  };
  for (const Reference& row : rows) EXPECT_EQ(Substituted(row.value), ParseJson(row.expected).value()) << row.value;
}

TEST(Batch, AnUnresolvedReferenceBecomesAllResults) {
  EXPECT_EQ(Substituted("$result[zzz]"),
            (Json{{"a", {{"id", 789}, {"name", "Bot"}, {"list", {5, "x"}}, {"flag", true}, {"none", nullptr}}}}));
}

TEST(Batch, NamesAreNeverReplaced) {
  Batch batch(Commands(Json{{"a", "m"}, {"b", "m?$result=1&x[$result]=2"}}));
  batch.Succeeded(batch.commands()[0], Answer{Json("Bot"), {}, {}}, Json::object());
  const Json params = batch.Params(batch.commands()[1]);
  EXPECT_EQ(params["$result"], "1");
  EXPECT_EQ(params["x"]["$result"], "2");
}

TEST(Batch, FurtherMembersOfAnErrorCanBeReferredTo) {
  Batch batch(Commands(Json{{"e", "m"}, {"b", "m?V=$argument[e]"}}));
  RestError error{"ERROR_ARGUMENT", "Wrong"};
  error.extra["argument"] = "BOT_ID";
  EXPECT_EQ(batch.Params(batch.commands()[1])["V"], "$argument[e]") << "not before there is such an answer";
  batch.Failed(batch.commands()[0], error);
  EXPECT_EQ(batch.Params(batch.commands()[1])["V"], "BOT_ID");
  EXPECT_EQ(WriteJson(std::move(batch).Result()),
            R"({"result":[],"result_error":{"e":{"error":"ERROR_ARGUMENT","error_description":"Wrong",)"
            R"("argument":"BOT_ID"}},"result_total":[],"result_next":[],"result_time":[]})");
}

TEST(Batch, TheCommandsAreReadAsUrlsAre) {
  const Batch batch(Commands(Json::array({"a.b?x=1#y=2", "plain", "n?a.b=1&c d=2&e[f][]=3&g=+%2B", "l?t=a\nb"})));
  ASSERT_EQ(batch.commands().size(), 4U);
  EXPECT_EQ(batch.commands()[0].method, "a.b");
  EXPECT_EQ(WriteJson(batch.Params(batch.commands()[0])), R"({"x":"1"})");
  EXPECT_EQ(batch.commands()[1].method, "plain");
  EXPECT_TRUE(batch.Params(batch.commands()[1]).empty());
  EXPECT_EQ(WriteJson(batch.Params(batch.commands()[2])), R"({"a_b":"1","c_d":"2","e":{"f":["3"]},"g":" +"})");
  EXPECT_EQ(WriteJson(batch.Params(batch.commands()[3])), R"({"t":"a_b"})");
}

TEST(Batch, HaltIsAnyFilledValue) {
  const auto halts = [](const Json& value) { return Batch(Json{{"cmd", Json::array()}, {"halt", value}}).halt(); };
  for (const Json& yes : {Json(1), Json(true), Json("1"), Json("N"), Json("false"), Json("0.0")})
    EXPECT_TRUE(halts(yes)) << yes;
  for (const Json& no : {Json(0), Json(false), Json("0"), Json(""), Json(nullptr)}) EXPECT_FALSE(halts(no)) << no;
}

TEST(Batch, TotalAndNextMoveToTheirSections) {
  Batch batch(Commands(Json{{"a", "m"}, {"b", "m"}}));
  batch.Succeeded(batch.commands()[0], SplitResult(Json{{"items", {1}}, {"total", "7"}, {"next", 50}}), Json(1));
  batch.Succeeded(batch.commands()[1], SplitResult(Json(5)), Json(2));
  EXPECT_EQ(WriteJson(std::move(batch).Result()),
            R"({"result":{"a":{"items":[1]},"b":5},"result_error":[],"result_total":{"a":7},"result_next":{"a":50},)"
            R"("result_time":{"a":1,"b":2}})");
}

// --- over the socket

class BatchTest : public PortalTest {
 protected:
  Json Run(const Json& params) const { return Result("batch", params); }
  std::string Body(const Json& cmd, const Json& halt = 0) const {
    return Rest("batch", Json{{"halt", halt}, {"cmd", cmd}}).body;
  }
  // The reply's `result` up to result_time, which is not the same twice.
  std::string Sections(const Json& cmd, const Json& halt = 0) const {
    const std::string body = Body(cmd, halt);
    return body.substr(0, body.find(R"(,"result_time")"));
  }
  std::string Send(int64_t bot, const std::string& text, const std::string& more = "") const {
    return "imbot.v2.Chat.Message.send?botId=" + std::to_string(bot) +
           "&botToken=token-1&dialogId=chat5&fields[message]=" + text + more;
  }
  Json Messages() const { return Control("/state")["messages"]; }
};

TEST_F(BatchTest, NamedCommandsAnswerUnderTheirNames) {
  const int64_t bot = RegisterBot();
  const Json result = Run(Commands(Json{{"one", Send(bot, "Hi%20%26%20bye")}, {"two", "server.time"}}));
  EXPECT_EQ(result["result"]["one"]["id"], 789);
  EXPECT_TRUE(result["result"]["two"].is_string());
  for (const char* empty : {"result_error", "result_total", "result_next"}) EXPECT_EQ(result[empty], Json::array());
  for (const char* key : {"start", "finish", "duration", "processing", "date_start", "date_finish"})
    EXPECT_TRUE(result["result_time"]["one"].contains(key)) << key;
  EXPECT_EQ(result["result_time"].size(), 2U);
  EXPECT_EQ(Messages()[0]["text"], "Hi & bye");
}

TEST_F(BatchTest, AnEmptyBatchIsFiveEmptyLists) {
  constexpr char kEmpty[] =
      R"({"result":{"result":[],"result_error":[],"result_total":[],"result_next":[],"result_time":[])";
  for (const Json& cmd : {Json::array(), Json::object(), Json("text"), Json(nullptr)})
    EXPECT_EQ(Body(cmd).substr(0, sizeof(kEmpty) - 1), kEmpty) << cmd;
}

TEST_F(BatchTest, AListStaysOneUntilItHasAHole) {
  const Json good = Result("imbot.v2.Revision.get", Json::object());
  const std::string revision = WriteJson(good);
  const std::string unknown = R"({"error":"ERROR_METHOD_NOT_FOUND","error_description":"Method not found!"})";
  const char* ok = "imbot.v2.Revision.get";
  EXPECT_EQ(Sections(Json::array({ok, ok})), R"({"result":{"result":[)" + revision + "," + revision +
                                                 R"(],"result_error":[],"result_total":[],"result_next":[])");
  EXPECT_EQ(Sections(Json::array({ok, "nothing"})), R"({"result":{"result":[)" + revision +
                                                        R"(],"result_error":{"1":)" + unknown +
                                                        R"(},"result_total":[],"result_next":[])")
      << "a missing tail leaves a shorter list";
  EXPECT_EQ(Sections(Json::array({"nothing", ok})), R"({"result":{"result":{"1":)" + revision +
                                                        R"(},"result_error":[)" + unknown +
                                                        R"(],"result_total":[],"result_next":[])")
      << "a hole makes an object";
  EXPECT_EQ(Sections(Json{{"0", ok}, {"1", ok}}), Sections(Json::array({ok, ok}))) << "numeric names are positions";
}

TEST_F(BatchTest, WhatIsNoStringIsSkipped) {
  const Json result = Run(
      Commands(Json{{"a", 5}, {"b", Json::array({"server.time"})}, {"c", nullptr}, {"d", true}, {"e", "server.time"}}));
  EXPECT_EQ(result["result"].size(), 1U);
  EXPECT_TRUE(result["result"].contains("e"));
  EXPECT_EQ(result["result_error"], Json::array());
}

TEST_F(BatchTest, HaltStopsAtTheFirstError) {
  const Json cmd = Json{{"a", "server.time"}, {"b", "nothing"}, {"c", "server.time"}};
  const Json on = Run(Json{{"cmd", cmd}, {"halt", "N"}});
  EXPECT_TRUE(on["result"].contains("a"));
  EXPECT_TRUE(on["result_error"].contains("b"));
  EXPECT_FALSE(on["result"].contains("c"));
  const Json off = Run(Json{{"cmd", cmd}, {"halt", 0}});
  EXPECT_TRUE(off["result"].contains("c"));
  const Json upper = Run(Json{{"CMD", cmd}, {"Halt", 1}});
  EXPECT_FALSE(upper["result"].contains("c")) << "the parameters' names are taken in any case";
}

TEST_F(BatchTest, FiftyRunAndEachFurtherOneIsRefused) {
  Json cmd = Json::object();
  for (int i = 0; i < 53; ++i) cmd["c" + std::to_string(i)] = "server.time";
  const Json result = Run(Commands(cmd));
  EXPECT_EQ(result["result"].size(), 50U);
  EXPECT_EQ(result["result_time"].size(), 50U);
  ASSERT_EQ(result["result_error"].size(), 3U);
  EXPECT_EQ(WriteJson(result["result_error"]["c50"]),
            R"({"error":"ERROR_BATCH_LENGTH_EXCEEDED","error_description":"Max batch length exceeded"})");
  const Json ledger = Control("/ledger");
  EXPECT_EQ(ledger["executed"].size(), 50U);
  EXPECT_EQ(ledger["rejected"].size(), 3U);
}

TEST_F(BatchTest, NestedBatchesAndFilesAreRefused) {
  const Json result = Run(Commands(Json{{"a", "batch?cmd[x]=server.time"},
                                        {"b", "download"},
                                        {"c", "upload"},
                                        {"d", "Batch?cmd[x]=server.time"},
                                        {"e", "imbot.v2.Revision.get.json"}}));
  for (const char* key : {"a", "b", "c"}) {
    EXPECT_EQ(
        WriteJson(result["result_error"][key]),
        R"({"error":"ERROR_BATCH_METHOD_NOT_ALLOWED","error_description":"Method is not allowed for batch usage"})")
        << key;
  }
  EXPECT_TRUE(result["result"]["d"]["result"]["x"].is_string()) << "another spelling slips through";
  EXPECT_EQ(result["result_error"]["e"]["error"], "ERROR_METHOD_NOT_FOUND") << "no suffix inside";
}

TEST_F(BatchTest, TheWholeMayBeRefusedInstead) {
  ASSERT_EQ(ControlPost("/options", Json{{"refuse_batch_whole", true}}).status, 200);
  EXPECT_EQ(Error("batch", Commands(Json{{"a", "server.time"}, {"b", "batch"}}), 405),
            "ERROR_BATCH_METHOD_NOT_ALLOWED");
  Json cmd = Json::array();
  for (int i = 0; i < 51; ++i) cmd.push_back("server.time");
  EXPECT_EQ(Error("batch", Commands(cmd), 400), "ERROR_BATCH_LENGTH_EXCEEDED");
  EXPECT_EQ(Control("/ledger")["executed"].size(), 0U);
  cmd.erase(0);
  EXPECT_EQ(Run(Commands(cmd))["result"].size(), 50U);
}

TEST_F(BatchTest, OneCommandsAnswerGoesIntoTheNext) {
  const int64_t bot = RegisterBot();
  const Json result = Run(Commands(Json{{"first", Send(bot, "one")},
                                        {"second", Send(bot, "after%20$result[first][id]%20!")},
                                        {"third", Send(bot, "$result[first]")}}));
  EXPECT_EQ(result["result"]["second"]["id"], 790);
  EXPECT_EQ(Messages()[1]["text"], "after 789 !");
  EXPECT_EQ(result["result_error"]["third"]["error"], "EMPTY_MESSAGE") << "the text has become an array";
  const Json executed = Control("/ledger")["executed"];
  EXPECT_EQ(executed[2]["params"]["fields"]["message"], "after 789 !") << "the ledger shows what the method got";
}

TEST_F(BatchTest, CredentialsAreTheRequestsAndScopesAreChecked) {
  ControlPost("/webhooks", Json{{"user", 1}, {"code", "narrow"}, {"scope", "im"}});
  const Json params = Commands(Json{{"a", "imbot.v2.Revision.get?auth=other"}, {"b", "server.time"}});
  const Reply narrow = PostJson(http(), "/rest/1/narrow/batch", params);
  EXPECT_EQ(narrow.status, 200);
  EXPECT_EQ(WriteJson(narrow.json()["result"]["result_error"]),
            R"({"a":{"error":"insufficient_scope","error_description":""}})");
  EXPECT_TRUE(narrow.json()["result"]["result"].contains("b"));
  const Reply wrong = PostJson(http(), "/rest/1/wrong/batch", params);
  EXPECT_EQ(wrong.status, 401);
  EXPECT_EQ(wrong.error(), "INVALID_CREDENTIALS");
  EXPECT_EQ(Find(wrong.json(), "result"), nullptr);
}

TEST_F(BatchTest, FormsAndQueryStringsCarryBatchesToo) {
  const std::string form = "halt=0&cmd[a]=server.time&cmd[b]=imbot.v2.Revision.get%3Fx%3D1";
  const Reply posted = Exchange(http(), FormatRequest("POST", Url("batch"), form, "application/x-www-form-urlencoded"));
  EXPECT_EQ(posted.json()["result"]["result"].size(), 2U);
  EXPECT_EQ(GetUrl(http(), Url("batch.json?") + form).json()["result"]["result"].size(), 2U);
}

TEST_F(BatchTest, TheLedgerHasEachCommandWithTheRequestsNumber) {
  const int64_t bot = RegisterBot();
  Run(Commands(Json{{"a", Send(bot, "x")}, {"b", "nothing?x=1"}, {"c", "server.time"}}));
  const Json ledger = Control("/ledger");
  ASSERT_EQ(ledger["executed"].size(), 3U);
  EXPECT_EQ(ledger["executed"][1]["method"], "imbot.v2.Chat.Message.send");
  EXPECT_EQ(ledger["executed"][1]["command"], "a");
  EXPECT_EQ(ledger["executed"][1]["params"]["botToken"].get<std::string>().substr(0, 7), "secret:");
  EXPECT_EQ(ledger["executed"][2]["command"], "c");
  ASSERT_EQ(ledger["rejected"].size(), 1U);
  EXPECT_EQ(ledger["rejected"][0]["command"], "b");
  EXPECT_EQ(ledger["rejected"][0]["error"]["error"], "ERROR_METHOD_NOT_FOUND");
  for (const Json& entry : {ledger["executed"][1], ledger["executed"][2], ledger["rejected"][0]}) {
    EXPECT_EQ(entry["request"], 2);
    EXPECT_EQ(entry["delivered"], true);
    EXPECT_EQ(entry["httpStatus"], 200);
  }
  EXPECT_FALSE(ledger["executed"][0].contains("command")) << "not of a call that came alone";
  EXPECT_EQ(Control("/stats")["requests"], 2) << "one batch is one request";
}

TEST_F(BatchTest, CommandsTakeTheirTimeOneAfterAnother) {
  ControlPost("/options", Json{{"per_command_ms", 20}, {"per_command_max_ms", 25}});
  const auto start = std::chrono::steady_clock::now();
  const Json result = Run(Commands(Json{{"a", "server.time"}, {"b", "server.time"}, {"c", "nothing"}}));
  const auto took = std::chrono::steady_clock::now() - start;
  EXPECT_EQ(result["result"].size(), 2U);
  EXPECT_GE(took, std::chrono::milliseconds(40)) << "a command that is no method takes none";
  const double a = result["result_time"]["a"]["finish"];
  const double b = result["result_time"]["b"]["finish"];
  EXPECT_GE(b - a, 0.0199);
}

TEST_F(BatchTest, AFaultOfOneCommandIsItsOwnErrorOnly) {
  AddFaults(Json::array({Json{{"method", "imbot.v2.Revision.get"},
                              {"kind", "error"},
                              {"args",
                               {{"error", "OPERATION_TIME_LIMIT"},
                                {"description", "Method is blocked due to operation time limit."},
                                {"code", 429}}}},
                         Json{{"method", "server.time"},
                              {"kind", "error"},
                              {"args", {{"error", "INTERNAL_SERVER_ERROR"}, {"when", "after"}}}}}));
  const char* revision = "imbot.v2.Revision.get";
  const Json result = Run(Commands(Json{{"a", revision}, {"b", "server.time"}, {"c", revision}}));
  EXPECT_EQ(WriteJson(result["result_error"]["a"]),
            R"({"error":"OPERATION_TIME_LIMIT","error_description":"Method is blocked due to operation time limit."})");
  EXPECT_EQ(result["result_error"]["b"]["error"], "INTERNAL_SERVER_ERROR");
  EXPECT_TRUE(result["result"].contains("c"));
  const Json ledger = Control("/ledger");
  ASSERT_EQ(ledger["executed"].size(), 2U) << "b was executed all the same";
  EXPECT_EQ(ledger["executed"][0]["command"], "b");
  EXPECT_EQ(ledger["rejected"].size(), 1U);
}

TEST_F(BatchTest, AResetEndsTheWholeRequestWhereItHappens) {
  const int64_t bot = RegisterBot();
  const Json cmd = Json{{"a", Send(bot, "1")}, {"b", Send(bot, "2")}, {"c", Send(bot, "3")}};
  struct Row {
    Json fault;
    Reply::End end;
    size_t stored;
  };
  const char* send = "imbot.v2.Chat.Message.send";
  const Row rows[] = {
      {Json{{"method", send}, {"kind", "reset_before"}, {"skip", 1}}, Reply::End::kReset, 1},
      {Json{{"method", send}, {"kind", "reset_after"}, {"skip", 1}}, Reply::End::kReset, 2},
      {Json{{"method", send}, {"kind", "close"}, {"at", "after_store"}, {"skip", 2}}, Reply::End::kClosed, 3},
      {Json{{"method", "batch"}, {"kind", "reset_before"}}, Reply::End::kReset, 0},
      {Json{{"method", "batch"}, {"kind", "reset_after"}}, Reply::End::kReset, 3},
      {Json{{"method", "batch"}, {"kind", "cut"}}, Reply::End::kCut, 3},
      {Json{{"method", "batch"}, {"kind", "status"}, {"args", {{"code", 502}, {"when", "after"}}}},
       Reply::End::kComplete, 3},
  };
  size_t before = 0;
  for (const Row& row : rows) {
    AddFaults(row.fault);
    const uint64_t since = Control("/ledger")["executed"].size();
    EXPECT_EQ(Rest("batch", Commands(cmd)).end, row.end) << row.fault;
    EXPECT_EQ(Messages().size() - before, row.stored) << row.fault;
    before = Messages().size();
    const Json executed = Control("/ledger?since=" + std::to_string(since))["executed"];
    EXPECT_EQ(executed.size(), row.stored) << row.fault;
    for (const Json& entry : executed)
      EXPECT_EQ(entry["delivered"], row.end == Reply::End::kComplete) << row.fault << entry;
  }
  EXPECT_EQ(Run(Commands(cmd))["result"].size(), 3U) << "no fault is left";
}

TEST_F(BatchTest, ATemplateIdIsReservedAndReplayedInsideToo) {
  const int64_t bot = RegisterBot();
  const std::string with_id = "&fields[templateId]=0f7f2a3c-8a53-4d7f-9c5b-6d1f0f0a1b2c";
  AddFaults(Json{{"method", "imbot.v2.Chat.Message.send"}, {"kind", "reset"}, {"at", "after_reserve"}});
  const Json cmd = Json{{"a", Send(bot, "x", with_id)}};
  EXPECT_EQ(Rest("batch", Commands(cmd)).end, Reply::End::kReset);
  EXPECT_EQ(Messages().size(), 0U);
  EXPECT_EQ(Run(Commands(cmd))["result_error"]["a"]["error"], "MESSAGE_DUPLICATED_BY_UUID");
  ControlPost("/clock", Json{{"advance_ms", 3'600'000}});
  EXPECT_EQ(Run(Commands(cmd))["result"]["a"]["id"], 789);
  EXPECT_EQ(Run(Commands(cmd))["result"]["a"]["id"], 789);
  EXPECT_EQ(Messages().size(), 1U);
}

TEST_F(BatchTest, AnEarlierErrorMayStick) {
  const int64_t bot = RegisterV1();
  const std::string add = "imbot.message.add?CLIENT_ID=client-1&MESSAGE=x&BOT_ID=" + std::to_string(bot);
  const Json cmd = Json{{"a", add + "&DIALOG_ID=chat777"}, {"b", add}, {"c", add + "&DIALOG_ID=chat5"}};
  EXPECT_EQ(Run(Commands(cmd))["result_error"]["b"]["error"], "DIALOG_ID_EMPTY");
  ControlPost("/options", Json{{"sticky_errors", true}});
  const Json sticky = Run(Commands(cmd));
  EXPECT_EQ(sticky["result_error"]["a"]["error"], "CHAT_ID");
  EXPECT_EQ(sticky["result_error"]["b"]["error"], "CHAT_ID");
  EXPECT_TRUE(sticky["result"].contains("c")) << "only errors are concerned";
  const Json alone = Json{{"b", add}};
  EXPECT_EQ(Run(Commands(alone))["result_error"]["b"]["error"], "DIALOG_ID_EMPTY") << "nothing outlives its request";
}

TEST_F(BatchTest, NamesOfVersionTwoMayBeFoundInAnyCase) {
  const Json cmd = Json{{"a", "imbot.v2.revision.get"}, {"b", "SERVER.TIME"}};
  const Json strict = Run(Commands(cmd));
  EXPECT_EQ(strict["result_error"]["a"]["error"], "ERROR_METHOD_NOT_FOUND");
  EXPECT_TRUE(strict["result"].contains("b"));
  ControlPost("/options", Json{{"v2_any_case", true}});
  EXPECT_TRUE(Run(Commands(cmd))["result"].contains("a"));
  EXPECT_EQ(Rest("imbot.v2.revision.get", Json::object()).status, 200);
}

TEST_F(BatchTest, PastTheLimitTheFrontAnswersAndNothingMoreBegins) {
  ControlPost("/options", Json{{"request_limit_ms", 300}});
  // The third command takes as long as it is held.
  AddFaults(Json{{"method", "server.time"}, {"kind", "hold_before"}, {"skip", 2}});
  Json cmd = Json::object();
  for (int i = 0; i < 5; ++i) cmd["c" + std::to_string(i)] = "server.time";
  const Reply reply = Rest("batch", Commands(cmd));
  EXPECT_EQ(reply.status, 504);
  EXPECT_EQ(FindHeader(reply.headers, "Content-Type"), "text/html; charset=utf-8");
  ControlPost("/release", Json::object());
  for (int i = 0; i < 20'000 && Control("/stats")["inProgress"] != 0; ++i) {
  }
  const Json ledger = Control("/ledger");
  EXPECT_EQ(ledger["executed"].size(), 2U);
  for (const Json& entry : ledger["executed"]) EXPECT_EQ(entry["delivered"], false);
  ASSERT_EQ(ledger["rejected"].size(), 1U);
  EXPECT_EQ(ledger["rejected"][0]["fault"], "request_limit");
  EXPECT_EQ(Run(Commands(Json{{"a", "server.time"}}))["result"].size(), 1U) << "a short one gets through";
}

}  // namespace
}  // namespace simulator
