// Bodies as portals, their fronts, proxies and broken lines produce them, each with the exact value it decodes to or
// the status it becomes (WIRE_FACTS 1.4 to 1.7).
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>

#include "service/translate/reply.h"
#include "tests/translate/reply_summary.h"

namespace imbot::translate {
namespace {

struct Odd {
  const char* name;
  int http_status;
  const char* content_type;
  std::string body;
  const char* want;
};

constexpr char kJson[] = "application/json; charset=utf-8";
constexpr char kHtml[] = "text/html; charset=utf-8";
constexpr char kMalformed[] = "INTERNAL REPLY_MALFORMED UNKNOWN";
constexpr char kEmpty[] = "INTERNAL REPLY_EMPTY UNKNOWN";
constexpr char kNotJson[] = "INTERNAL REPLY_NOT_JSON UNKNOWN";
constexpr char kUnavailable[] = "UNAVAILABLE HTTP_STATUS UNKNOWN";
constexpr char kFailed[] = "INTERNAL HTTP_STATUS UNKNOWN";
constexpr char kRefused[] = "FAILED_PRECONDITION HTTP_STATUS UNKNOWN";
constexpr char kNoCode[] = "UNKNOWN EMPTY_CODE UNKNOWN";

std::string Deep(int levels, char open, char close) {
  return R"({"result":)" + std::string(static_cast<size_t>(levels), open) +
         std::string(static_cast<size_t>(levels), close) + "}";
}

const Odd kBodies[] = {
    // Results of every kind.
    {"number", 200, kJson, R"({"result":42})", "OK 42"},
    {"number as text", 200, kJson, R"({"result":"123"})", R"(OK "123")"},
    {"zero is a result", 200, kJson, R"({"result":0})", "OK 0"},
    {"negative number", 200, kJson, R"({"result":-1})", "OK -1"},
    {"beyond int64", 200, kJson, R"({"result":18446744073709551615})", "OK 18446744073709551615"},
    {"fraction", 200, kJson, R"({"result":0.5})", "OK 0.5"},
    {"true", 200, kJson, R"({"result":true})", "OK true"},
    {"false is a result", 200, kJson, R"({"result":false})", "OK false"},
    {"null is a result", 200, kJson, R"({"result":null,"time":{}})", "OK null"},
    {"empty text is a result", 200, kJson, R"({"result":""})", R"(OK "")"},
    {"empty list for an empty map", 200, kJson, R"({"result":[]})", "OK []"},
    {"empty object", 200, kJson, R"({"result":{}})", "OK {}"},
    {"map by id", 200, kJson, R"({"result":{"39":{"ID":39,"NAME":"a"}}})", R"(OK {"39":{"ID":39,"NAME":"a"}})"},
    {"result inside result", 200, kJson, R"({"result":{"result":true}})", R"(OK {"result":true})"},
    {"both spellings", 200, kJson, R"({"result":{"chatId":5,"chat_id":5}})", R"(OK {"chatId":5,"chat_id":5})"},
    {"escaped slashes and signs", 200, kJson, R"({"result":"a\/b \u003Cb\u003E \u0026 \u0027 \u0022"})",
     R"(OK "a/b <b> & ' \"")"},
    {"letters escaped by older versions", 200, kJson, R"({"result":"\u041f\u0440\u0438"})", R"(OK "При")"},
    {"letters raw", 200, kJson, R"({"result":"При"})", R"(OK "При")"},
    {"replacement character for bad UTF-8", 200, kJson, "{\"result\":\"a\xEF\xBF\xBD\"}", "OK \"a\xEF\xBF\xBD\""},
    {"byte order mark", 200, kJson, "\xEF\xBB\xBF{\"result\":1}", "OK 1"},
    {"white space around", 200, kJson, " \r\n\t{ \"result\" : 1 }\n\n", "OK 1"},
    {"unknown keys", 200, kJson, R"({"signature":"x","result":1,"extra":{"a":[1]}})", "OK 1"},
    {"JSON under another content type", 200, kHtml, R"({"result":1})", "OK 1"},
    {"JSON without a content type", 200, "", R"({"result":1})", "OK 1"},
    {"201", 201, kJson, R"({"result":1})", "OK 1"},
    {"deep, but within bounds", 200, kJson, Deep(60, '[', ']'), nullptr},
    // Lists: next, total.
    {"next and total", 200, kJson, R"({"result":[1],"next":50,"total":120})", "OK [1] next=50 total=120"},
    {"next and total as texts", 200, kJson, R"({"result":[1],"next":"50","total":"120"})", "OK [1] next=50 total=120"},
    {"total as float", 200, kJson, R"({"result":[],"total":3.0})", "OK [] total=3"},
    {"total zero", 200, kJson, R"({"result":[],"total":0})", "OK [] total=0"},
    {"next null", 200, kJson, R"({"result":[],"next":null,"total":false})", "OK []"},
    {"next negative", 200, kJson, R"({"result":[],"next":-50,"total":-1})", "OK []"},
    {"next not a number", 200, kJson, R"({"result":[],"next":"soon","total":{}})", "OK []"},
    {"next a fraction", 200, kJson, R"({"result":[],"next":1.5})", "OK []"},
    {"total beyond what a count can be", 200, kJson, R"({"result":[],"total":1e300})", "OK []"},
    // time.
    {"time with floats", 200, kJson,
     R"({"result":1,"time":{"start":1724916859.461,"finish":1724916859.462,"duration":0.0015,"processing":0.001,"date_start":"2024-08-29T10:34:19+03:00","operating":0.25,"operating_reset_at":1724917459}})",
     "OK 1 duration=1500us operating=0.25 reset=1724917459"},
    {"time with integers", 200, kJson,
     R"({"result":1,"time":{"start":1,"finish":2.5,"duration":1,"processing":0,"operating":0}})",
     "OK 1 duration=1000000us operating=0"},
    {"time with texts", 200, kJson,
     R"({"result":1,"time":{"duration":"0.5","operating":"1.5","operating_reset_at":"1724917459"}})",
     "OK 1 duration=500000us operating=1.5 reset=1724917459"},
    {"reset as float", 200, kJson, R"({"result":1,"time":{"operating_reset_at":1724917459.9}})",
     "OK 1 reset=1724917459"},
    {"negative time", 200, kJson, R"({"result":1,"time":{"duration":-0.2,"operating":-1,"operating_reset_at":-5}})",
     "OK 1"},
    {"absurd time", 200, kJson, R"({"result":1,"time":{"duration":1e12,"operating":1e9,"operating_reset_at":1e18}})",
     "OK 1"},
    {"reset zero", 200, kJson, R"({"result":1,"time":{"operating_reset_at":0}})", "OK 1"},
    {"time as empty list", 200, kJson, R"({"result":1,"time":[]})", "OK 1"},
    {"time null", 200, kJson, R"({"result":1,"time":null})", "OK 1"},
    {"time of another type", 200, kJson, R"({"result":1,"time":"now"})", "OK 1"},
    {"time with nonsense inside", 200, kJson,
     R"({"result":1,"time":{"duration":"fast","operating":null,"operating_reset_at":[]}})", "OK 1"},
    // Errors inside HTTP 200, and codes of every type.
    {"error inside 200", 200, kJson, R"({"error":"BOT_NOT_FOUND","error_description":"Bot not found"})",
     "NOT_FOUND BOT_NOT_FOUND NOT_EXECUTED"},
    {"encoding failure inside 200", 200, kJson,
     R"({"error":"WRONG_ENCODING","error_description":"Wrong request encoding"})", "INTERNAL WRONG_ENCODING UNKNOWN"},
    {"a result that is an error", 200, kJson, R"({"result":{"error":"CHAT_NOT_FOUND","error_description":"no"}})",
     "NOT_FOUND CHAT_NOT_FOUND NOT_EXECUTED"},
    {"a result with half an error is a result", 200, kJson, R"({"result":{"error":"","error_description":"x"}})",
     R"(OK {"error":"","error_description":"x"})"},
    {"a result with an error without text is a result", 200, kJson, R"({"result":{"error":"X"}})",
     R"(OK {"error":"X"})"},
    {"error beside a result", 200, kJson,
     R"({"result":null,"error":"ACCESS_ERROR","error_description":"Action unavailable"})",
     "PERMISSION_DENIED ACCESS_ERROR NOT_EXECUTED"},
    {"error null beside a result", 200, kJson, R"({"result":7,"error":null})", "OK 7"},
    {"error false beside a result", 200, kJson, R"({"result":7,"error":false})", "OK 7"},
    {"error empty beside a result", 200, kJson, R"({"result":7,"error":"","error_description":""})", "OK 7"},
    {"error 0 beside a result", 200, kJson, R"({"result":7,"error":0})", "OK 7"},
    {"error empty list beside a result", 200, kJson, R"({"result":7,"error":[]})", "OK 7"},
    {"error empty, with a text, beside a result", 200, kJson,
     R"({"result":7,"error":"","error_description":"Something"})", kNoCode},
    {"empty code", 400, kJson, R"({"error":"","error_description":"Something"})", kNoCode},
    {"empty code, no text", 400, kJson, R"({"error":"","error_description":""})", kNoCode},
    {"code of blanks", 400, kJson, R"({"error":"  ","error_description":"Something"})", kNoCode},
    {"code 0 as text", 400, kJson, R"({"error":"0","error_description":"Access denied"})", "UNKNOWN CODE_0 UNKNOWN"},
    {"code 0 as number inside 200", 200, kJson, R"({"error":0,"error_description":"Not found"})",
     "UNKNOWN CODE_0 UNKNOWN"},
    {"code 0 as number, no text", 400, kJson, R"({"error":0})", "UNKNOWN CODE_0 UNKNOWN"},
    {"code 100 as number", 400, kJson,
     R"({"error":100,"error_description":"Could not find value for parameter {fields}"})",
     "INVALID_ARGUMENT CODE_100 NOT_EXECUTED"},
    {"code 100 as text, other text", 400, kJson, R"({"error":"100","error_description":"Something else"})",
     "INVALID_ARGUMENT CODE_100 UNKNOWN"},
    {"long number as code", 400, kJson, R"({"error":200140400011,"error_description":"x"})",
     "UNKNOWN CODE_200140400011 UNKNOWN"},
    {"fraction as code", 400, kJson, R"({"error":1.5,"error_description":"x"})", "UNKNOWN CODE_1_5 UNKNOWN"},
    {"true as code", 400, kJson, R"({"error":true,"error_description":"x"})", "UNKNOWN TRUE UNKNOWN"},
    {"list as code", 400, kJson, R"({"error":["X"],"error_description":"x"})", kNoCode},
    {"text without a code", 400, kJson, R"({"error_description":"Something"})", kNoCode},
    {"code without a text", 400, kJson, R"({"error":"EMPTY_MESSAGE"})", "INVALID_ARGUMENT EMPTY_MESSAGE NOT_EXECUTED"},
    {"text null", 400, kJson, R"({"error":"EMPTY_MESSAGE","error_description":null})",
     "INVALID_ARGUMENT EMPTY_MESSAGE NOT_EXECUTED"},
    {"text as a list", 400, kJson, R"({"error":"EMPTY_MESSAGE","error_description":["a","b"]})",
     "INVALID_ARGUMENT EMPTY_MESSAGE NOT_EXECUTED"},
    {"lower case", 401, kJson,
     R"({"error":"expired_token","error_description":"The access token provided has expired"})",
     "FAILED_PRECONDITION EXPIRED_TOKEN NOT_EXECUTED"},
    {"mixed case", 400, kJson, R"({"error":"menu_ERROR","error_description":"Incorrect menu params"})",
     "INVALID_ARGUMENT MENU_ERROR NOT_EXECUTED"},
    {"known code under an unexpected status", 500, kJson,
     R"({"error":"BOT_NOT_FOUND","error_description":"Bot not found"})", "NOT_FOUND BOT_NOT_FOUND NOT_EXECUTED"},
    {"extra beside the error", 400, kJson, R"({"error":"ERROR_ARGUMENT","error_description":"bad","argument":"LIMIT"})",
     "INVALID_ARGUMENT ERROR_ARGUMENT UNKNOWN"},
    {"code nobody documented", 400, kJson, R"({"error":"BRAND_NEW","error_description":"x"})",
     "UNKNOWN BRAND_NEW UNKNOWN"},
    {"code nobody documented, 429", 429, kJson, R"({"error":"BRAND_NEW","error_description":"x"})",
     "RESOURCE_EXHAUSTED BRAND_NEW UNKNOWN"},
    {"code nobody documented, 503", 503, kJson, R"({"error":"BRAND_NEW","error_description":"x"})",
     "UNAVAILABLE BRAND_NEW UNKNOWN"},
    {"limit", 503, kJson, R"({"error":"QUERY_LIMIT_EXCEEDED","error_description":"Too many requests"})",
     "RESOURCE_EXHAUSTED QUERY_LIMIT_EXCEEDED NOT_EXECUTED retry=1000ms"},
    {"limit under another content type", 503, kHtml,
     R"({"error":"QUERY_LIMIT_EXCEEDED","error_description":"Too many requests"})",
     "RESOURCE_EXHAUSTED QUERY_LIMIT_EXCEEDED NOT_EXECUTED retry=1000ms"},
    // REST 3.0: the error is an object.
    {"error object", 400, kJson,
     R"({"error":{"code":"BITRIX_REST_V3_EXCEPTION_ENTITYNOTFOUNDEXCEPTION","message":"no"}})",
     "NOT_FOUND BITRIX_REST_V3_EXCEPTION_ENTITYNOTFOUNDEXCEPTION NOT_EXECUTED"},
    {"error object with an older code", 503, kJson,
     R"({"error":{"code":"QUERY_LIMIT_EXCEEDED","message":"Too many requests"}})",
     "RESOURCE_EXHAUSTED QUERY_LIMIT_EXCEEDED NOT_EXECUTED retry=1000ms"},
    {"error object without a code", 400, kJson, R"({"error":{"message":"no"}})", kNoCode},
    {"error object with a number", 400, kJson, R"({"error":{"code":0,"message":"no"}})", "UNKNOWN CODE_0 UNKNOWN"},
    {"error object, longest code", 400, kJson,
     R"({"error":{"code":"BITRIX_REST_V3_EXCEPTION_VALIDATION_REQUESTFILTERVALIDATIONEXCEPTION","message":"no"}})",
     "INVALID_ARGUMENT BITRIX_REST_V3_EXCEPTION_VALIDATION_REQUESTFILTERVALIDATIONEXCE NOT_EXECUTED"},
    // JSON that is no envelope.
    {"bare list", 200, kJson, "[]", kMalformed},
    {"bare list of values", 200, kJson, "[1,2]", kMalformed},
    {"bare text", 200, kJson, R"("ok")", kMalformed},
    {"bare number", 200, kJson, "5", kMalformed},
    {"bare true", 200, kJson, "true", kMalformed},
    {"bare null", 200, kJson, "null", kMalformed},
    {"empty object as body", 200, kJson, "{}", kMalformed},
    {"time alone", 200, kJson, R"({"time":{"duration":1}})", kMalformed},
    {"error null alone", 200, kJson, R"({"error":null})", kMalformed},
    {"result in another case", 200, kJson, R"({"RESULT":1})", kMalformed},
    // Bodies that are not JSON.
    {"no body", 200, kJson, "", kEmpty},
    {"only white space", 200, kJson, " \r\n", kEmpty},
    {"204", 204, "", "", kEmpty},
    {"HTML page", 200, kHtml, "<!DOCTYPE html><html><body>Under maintenance</body></html>", kNotJson},
    {"PHP warning before JSON", 200, kJson, "<br />\n<b>Warning</b>: x in y on line 1<br />\n{\"result\":1}", kNotJson},
    {"text before JSON", 200, kJson, "Notice: x {\"result\":1}", kNotJson},
    {"two values", 200, kJson, R"({"result":1}{"result":2})", kNotJson},
    {"garbage after", 200, kJson, R"({"result":1}</html>)", kNotJson},
    {"cut in a name", 200, kJson, R"({"resu)", kNotJson},
    {"cut in a number", 200, kJson, R"({"result":12)", kNotJson},
    {"comma too many", 200, kJson, R"({"result":1,})", kNotJson},
    {"single quotes", 200, kJson, "{'result':1}", kNotJson},
    {"NaN", 200, kJson, R"({"result":NaN})", kNotJson},
    {"invalid UTF-8", 200, kJson, "{\"result\":\"\xFF\xFE\"}", kNotJson},
    {"half a surrogate pair, raw", 200, kJson, "{\"result\":\"\xED\xA0\x80\"}", kNotJson},
    {"zero bytes", 200, kJson, std::string("\0\0\0\0", 4), kNotJson},
    {"UTF-16", 200, kJson, std::string("\xFF\xFE{\0}\0", 6), kNotJson},
    {"gzip nobody asked for", 200, kJson, "\x1F\x8B\x08\x01\x02\x03", kNotJson},
    {"XML", 200, "application/xml", "<?xml version=\"1.0\"?><response><result>1</result></response>", kNotJson},
    {"plain word", 200, "text/plain", "OK", kNotJson},
    {"too deep", 200, kJson, Deep(200, '[', ']'), kNotJson},
    {"deep without an end", 200, kJson, std::string(100000, '['), kNotJson},
    // Statuses without a code.
    {"500 empty", 500, "", "", kFailed},
    {"500 HTML", 500, kHtml, "<html>500</html>", kFailed},
    {"500 with a result", 500, kJson, R"({"result":true})", kFailed},
    {"502 HTML", 502, kHtml, "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>",
     kUnavailable},
    {"503 HTML, limit or not", 503, kHtml, "<html>503 Service Temporarily Unavailable</html>", kUnavailable},
    {"503 HTML that mentions a code", 503, kHtml, "<html>QUERY_LIMIT_EXCEEDED</html>", kUnavailable},
    {"503 empty", 503, "", "", kUnavailable},
    {"503 text", 503, "text/plain", "overloaded", kUnavailable},
    {"504 HTML", 504, kHtml, "<html>504 Gateway Time-out</html>", kUnavailable},
    {"504 cut JSON", 504, kJson, R"({"result")", kUnavailable},
    {"521 of a proxy", 521, kHtml, "<html>521</html>", kUnavailable},
    {"507", 507, kHtml, "<html>507</html>", kFailed},
    {"408", 408, "", "", kUnavailable},
    {"400 HTML", 400, kHtml, "<html>400 Bad Request</html>", kRefused},
    {"403 HTML of a firewall", 403, kHtml, "<html>Forbidden</html>", kRefused},
    {"404 HTML", 404, kHtml, "<html>404 Not Found</html>", kRefused},
    {"400 JSON without a code", 400, kJson, R"({"status":"error","data":null,"errors":[]})", kRefused},
    {"401 without a code", 401, kHtml, "<html>Authorization Required</html>",
     "FAILED_PRECONDITION HTTP_STATUS NOT_EXECUTED"},
    {"413 HTML", 413, kHtml, "<html>413 Request Entity Too Large</html>", "INVALID_ARGUMENT HTTP_STATUS NOT_EXECUTED"},
    {"429 HTML", 429, kHtml, "<html>Too Many Requests</html>",
     "RESOURCE_EXHAUSTED HTTP_STATUS NOT_EXECUTED retry=1000ms"},
    {"429 with a result proves nothing", 429, kJson, R"({"result":1})", "RESOURCE_EXHAUSTED HTTP_STATUS UNKNOWN"},
    {"401 with a result proves nothing", 401, kJson, R"({"result":1})", "FAILED_PRECONDITION HTTP_STATUS UNKNOWN"},
    {"302 without a place", 302, kHtml, "", "FAILED_PRECONDITION REDIRECT_REFUSED UNKNOWN"},
    {"304", 304, "", "", "FAILED_PRECONDITION REDIRECT_REFUSED UNKNOWN"},
    {"status 0", 0, "", "", kFailed},
    {"status 999", 999, kJson, R"({"result":1})", kFailed},
};

TEST(OddBodies, EachDecodesToItsValueOrBecomesItsStatus) {
  ReplyParser parser;
  std::set<std::string_view> names;
  for (const Odd& odd : kBodies) {
    SCOPED_TRACE(odd.name);
    EXPECT_TRUE(names.insert(odd.name).second);
    const ParsedReply reply = parser.Parse(odd.http_status, odd.content_type, odd.body, "imbot.v2.Bot.get", "acme");
    if (odd.want == nullptr) {
      EXPECT_EQ(Summary(reply), "OK " + odd.body.substr(10, odd.body.size() - 11));
    } else {
      EXPECT_EQ(Summary(reply), odd.want);
    }
  }
  EXPECT_GE(names.size(), 120u);
}

TEST(OddBodies, EachFailureSaysWhichMethodWhatHappenedAndHowItEnded) {
  ReplyParser parser;
  for (const Odd& odd : kBodies) {
    SCOPED_TRACE(odd.name);
    const ParsedReply reply = parser.Parse(odd.http_status, odd.content_type, odd.body, "imbot.v2.Bot.get", "acme");
    if (reply.status.ok()) continue;
    const ErrorDetails details = DetailsOf(reply.status);
    EXPECT_EQ(details.infos, 1);
    EXPECT_TRUE(std::string_view(details.whole.message()).starts_with("imbot.v2.Bot.get: Bitrix24 "))
        << details.whole.message();
    EXPECT_TRUE(details.whole.message().ends_with(".")) << details.whole.message();
    EXPECT_EQ(details.Meta("method"), "imbot.v2.Bot.get");
    EXPECT_EQ(details.Meta("portal"), "acme");
    EXPECT_EQ(details.Meta("http_status"), std::to_string(odd.http_status));
    EXPECT_EQ(base::OutcomeName(reply.outcome), details.Meta("outcome"));
    EXPECT_EQ(ActorName(reply.actor), details.Meta("actor"));
    EXPECT_EQ(reply.retry_after.count(), details.retry_ms);
    // A body that is no envelope is described, never quoted.
    EXPECT_EQ(details.whole.message().find("nginx"), std::string::npos);
    EXPECT_EQ(details.whole.message().find('<'), std::string::npos);
  }
}

// A reply as the documentation shows them, in size and kind.
constexpr char kGood[] =
    R"({"result":{"id":1234,"uuidMap":{"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11":1234},"text":"Привет \"мир\" \u00e9","list":[1,-2.5,null,true]},)"
    R"("next":50,"total":51,"time":{"start":1724916859.4,"finish":1724916859.5,"duration":0.1,"processing":0.05,)"
    R"("date_start":"2024-08-29T10:34:19+03:00","date_finish":"2024-08-29T10:34:19+03:00","operating_reset_at":1724917459,"operating":0.1}})";

TEST(OddBodies, GoodReplyCutAtEveryByteGivesAClearStatus) {
  ReplyParser parser;
  const std::string good = kGood;
  ASSERT_TRUE(parser.Parse(200, kJson, good, "imbot.v2.Chat.Message.send", "acme").status.ok());
  for (size_t size = 0; size < good.size(); ++size) {
    const ParsedReply reply =
        parser.Parse(200, kJson, std::string_view(good).substr(0, size), "imbot.v2.Chat.Message.send", "acme");
    EXPECT_EQ(Summary(reply), size == 0 ? kEmpty : kNotJson) << size;
    EXPECT_EQ(reply.advice, RetryAdvice::kUnknownOutcome) << size;
    if (size > 0) {
      EXPECT_NE(std::string(reply.status.message()).find("cut off or broken after " + std::to_string(size) + " bytes"),
                std::string::npos);
    }
  }
}

TEST(OddBodies, ErrorCutAtEveryByteNeverClaimsThatNothingHappened) {
  ReplyParser parser;
  const std::string error = R"({"error":"BOT_NOT_FOUND","error_description":"Bot not found"})";
  for (size_t size = 0; size < error.size(); ++size) {
    const ParsedReply reply =
        parser.Parse(400, kJson, std::string_view(error).substr(0, size), "imbot.v2.Bot.get", "acme");
    EXPECT_EQ(Summary(reply), kRefused) << size;
  }
}

}  // namespace
}  // namespace imbot::translate
