// Each fault that a portal, the network or the gateway itself can show, with a call of each retry class: what the
// caller is told, and whether it agrees with what the portal counted. What is wanted stands here by hand:
// NOT_EXECUTED only where it is proved that nothing was done (no connection, no byte sent, or a refusal that comes
// before execution), OK and EXECUTED only where it was, UNKNOWN for everything else that was sent. RetryInfo only where
// nothing was done and waiting helps, or where a repeat is recognised.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/broken_portal.h"
#include "tests/integration/outcome_fixture.h"
#include "tests/integration/outcome_methods.h"
#include "tests/integration/outcome_table.h"

namespace imbot::testing {
namespace {

using namespace std::chrono_literals;

// What the caller is told, as the published reasons have it.
const Told kOk{};
const Told kCut{"UNAVAILABLE", "TRANSPORT_FAILED", "UNKNOWN", false};    // sent, and the connection ended
const Told kSilence{"UNAVAILABLE", "PORTAL_TIMEOUT", "UNKNOWN", false};  // sent, and no whole reply in time
const Told kTooLarge{"RESOURCE_EXHAUSTED", "REPLY_TOO_LARGE", "UNKNOWN", false};
const Told kNotHttp{"UNAVAILABLE", "REPLY_MALFORMED", "UNKNOWN", false};
const Told kNotJson{"INTERNAL", "REPLY_NOT_JSON", "UNKNOWN", false};
const Told kEmpty{"INTERNAL", "REPLY_EMPTY", "UNKNOWN", false};
const Told kNoEnvelope{"INTERNAL", "REPLY_MALFORMED", "UNKNOWN", false};
const Told kUnusable{"INTERNAL", "RESULT_UNUSABLE", "EXECUTED", false};
const Told kPage5xx{"UNAVAILABLE", "HTTP_STATUS", "UNKNOWN", false};  // 502, 503, 504
const Told kPage500{"INTERNAL", "HTTP_STATUS", "UNKNOWN", false};
const Told kPage4xx{"FAILED_PRECONDITION", "HTTP_STATUS", "UNKNOWN", false};
const Told kRedirect{"FAILED_PRECONDITION", "REDIRECT_REFUSED", "UNKNOWN", false};
const Told kMoved{"FAILED_PRECONDITION", "PORTAL_MOVED", "NOT_EXECUTED", false};
const Told kNoConnection{"UNAVAILABLE", "CONNECT_FAILED", "NOT_EXECUTED", true};
const Told kNoName{"UNAVAILABLE", "DNS_FAILED", "NOT_EXECUTED", true};
const Told kBadTls{"FAILED_PRECONDITION", "TLS_FAILED", "NOT_EXECUTED", false};
const Told kBadAddress{"FAILED_PRECONDITION", "ADDRESS_REFUSED", "NOT_EXECUTED", false};

class OutcomeTable : public Outcomes {
 protected:
  void SimulatedPortal();
  void Pages();
  void Redirects();
  void BrokenReplies();
  void Unreachable();
  void Names();
  void NameThatChanged();
};

void OutcomeTable::SimulatedPortal() {
  const Method get = Get(message_id_);
  const Method update = Update(message_id_);
  const auto at = [](const char* kind, const char* point) { return Json{{"kind", kind}, {"at", point}}; };
  const Json reset_before{{"kind", "reset_before"}}, reset_after{{"kind", "reset_after"}};

  Meet("answers late, in time", kSend, Json{{"kind", "delay"}, {"args", {{"ms", 100}}}}, kOk, 1);
  Meet("reset before execution", kSend, reset_before, kCut, 0);
  Meet("reset before execution", get, reset_before, kCut, 0);
  Meet("reset before execution", kAddChat, reset_before, kCut, 0);
  Meet("reset after execution", kSend, reset_after, kCut, 1);
  Meet("reset after execution", update, reset_after, kCut, 1);
  Meet("reset after execution", kAddChat, reset_after, kCut, 1);
  Meet("reset after execution", Register("second"), reset_after, kCut, 1);
  Meet("closed before execution", kAddV1, Json{{"kind", "close_before"}}, kCut, 0);
  Meet("closed after execution", kAddV1, Json{{"kind", "close_after"}}, kCut, 1);
  Meet("connection cut in the middle of the reply", kSend, Json{{"kind", "cut"}}, kCut, 1);
  Meet("connection cut in the middle of the reply", get, Json{{"kind", "cut"}}, kCut, 1);
  Meet("reset before execution, HTTP/2", Register("third"), reset_before, kCut, 0, "secure");
  Meet("reset after execution, HTTP/2", Register("fourth"), reset_after, kCut, 1, "secure");
  Meet("connection cut in the middle of the reply, HTTP/2", Register("fifth"), Json{{"kind", "cut"}}, kCut, 1,
       "secure");

  // Around the portal's table of templateIds.
  Meet("reset before the templateId is reserved", kSend, at("reset", "before_reserve"), kCut, 0);
  Meet("reset between reservation and store", kSend, at("reset", "after_reserve"), kCut, 0);
  Meet("reset between store and id", kSend, at("reset", "after_store"), kCut, 1);
  const Told duplicated{"ABORTED", "MESSAGE_DUPLICATED_BY_UUID", "UNKNOWN", true};
  MeetAndRepeat("repeated with its key after a reset before execution", reset_before, kOk, 1);
  MeetAndRepeat("repeated with its key after a reset after execution", reset_after, kOk, 1);
  MeetAndRepeat("repeated with its key after a reset between reservation and store", at("reset", "after_reserve"),
                duplicated, 0);
  MeetAndRepeat("repeated with its key after a reset between store and id", at("reset", "after_store"), duplicated, 1);

  // The text first, then what is forwarded (WIRE_FACTS.md 6.2).
  Method forward = kSend;
  forward.request["fields"]["forwardIds"] = Json{{"0b7c2d5e-6f3a-4c1d-9e8f-7a6b5c4d3e2f", 99'999'999}};
  Meet("a part refused after another was done", forward, Json{{"kind", "delay"}, {"args", {{"ms", 1}}}},
       {"NOT_FOUND", "MESSAGE_NOT_FOUND", "UNKNOWN", false}, 1);

  // Errors of the portal's own form.
  const auto error = [](const char* code, int status, const char* when) {
    return Json{{"kind", "error"}, {"args", {{"error", code}, {"status", status}, {"when", when}}}};
  };
  Meet("QUERY_LIMIT_EXCEEDED", kAddChat, error("QUERY_LIMIT_EXCEEDED", 503, "before"), {}, 1, "acme", 2);
  Meet("OPERATION_TIME_LIMIT", kAddV1, error("OPERATION_TIME_LIMIT", 429, "before"),
       {"RESOURCE_EXHAUSTED", "OPERATION_TIME_LIMIT", "NOT_EXECUTED", true}, 0);
  Meet("expired_token", kSend, error("expired_token", 401, "before"),
       {"FAILED_PRECONDITION", "EXPIRED_TOKEN", "NOT_EXECUTED", false}, 0);
  Meet("INTERNAL_SERVER_ERROR before execution", kAddChat, error("INTERNAL_SERVER_ERROR", 500, "before"),
       {"INTERNAL", "INTERNAL_SERVER_ERROR", "UNKNOWN", false}, 0);
  Meet("INTERNAL_SERVER_ERROR after execution", kAddChat, error("INTERNAL_SERVER_ERROR", 500, "after"),
       {"INTERNAL", "INTERNAL_SERVER_ERROR", "UNKNOWN", false}, 1);
  Meet("a code nobody documented, after execution", kSend, error("BRAND_NEW", 400, "after"),
       {"UNKNOWN", "BRAND_NEW", "UNKNOWN", false}, 1);

  // Bodies.
  const auto body = [](const char* text, const char* type = "application/json; charset=utf-8") {
    return Json{{"kind", "body"}, {"args", {{"body", text}, {"content_type", type}}}};
  };
  Meet("an empty body with status 200", kSend, body(""), kEmpty, 1);
  Meet("half of the JSON, whole as HTTP", kAddChat, Json{{"kind", "half"}}, kNotJson, 1);
  Meet("malformed JSON", update, Json{{"kind", "malformed"}}, kNotJson, 1);
  Meet("JSON 100,000 levels deep", get, Json{{"kind", "deep"}}, kNotJson, 1);
  Meet("JSON with neither result nor error", kAddV1, body(R"({"time":{}})"), kNoEnvelope, 1);
  Meet("a text where an object was expected", kAddChat, body(R"({"result":"yes"})"), kUnusable, 1);
  Meet("a good reply that calls itself HTML", kSend, body(R"({"result":{"id":789,"uuidMap":[]}})", "text/html"), kOk,
       1);
  Meet("an endless body", kSend, Json{{"kind", "endless"}}, kTooLarge, 1);
  Meet("an endless body", get, Json{{"kind", "endless"}}, kTooLarge, 1);
  Meet("an endless body, HTTP/2", Register("sixth"), Json{{"kind", "endless"}}, kTooLarge, 1, "secure");
  Meet("an endless body, a byte at a time", kAddChat, Json{{"kind", "endless"}, {"args", {{"body", " "}, {"ms", 20}}}},
       kSilence, 1);
  Meet("no answer, and not executed yet", kSend, Json{{"kind", "hold_before"}}, kSilence, 0);
  Meet("no answer, and executed", kAddV1, Json{{"kind", "hold_after"}}, kSilence, 1);

  MeetUpload("reset before execution", reset_before, kCut, 0);
  MeetUpload("reset after execution", reset_after, kCut, 1);
  MeetUpload("502 before execution", Json{{"kind", "html"}}, kPage5xx, 0);
}

void OutcomeTable::Pages() {
  const Method get = Get(message_id_);
  const auto page = [](int status, const char* when = "before") {
    return Json{{"kind", "html"}, {"args", {{"code", status}, {"when", when}}}};
  };
  Meet("HTML with 200, not executed", kAddV1, page(200), kNotJson, 0);
  Meet("HTML with 200, executed", kAddV1, page(200, "after"), kNotJson, 1);
  Meet("HTML with 403", kSend, page(403), kPage4xx, 0);
  Meet("HTML with 404", get, page(404), kPage4xx, 0);
  // Refused before execution: WIRE_FACTS.md 8.
  Meet("HTML with 401", kAddChat, page(401), {"FAILED_PRECONDITION", "HTTP_STATUS", "NOT_EXECUTED", false}, 0);
  Meet("HTML with 413", kAddChat, page(413), {"INVALID_ARGUMENT", "HTTP_STATUS", "NOT_EXECUTED", false}, 0);
  Meet("HTML with 429", kAddChat, page(429), {}, 1, "acme", 2);
  Meet("HTML with 500, not executed", kSend, page(500), kPage500, 0);
  Meet("HTML with 500, executed", kSend, page(500, "after"), kPage500, 1);
  Meet("HTML with 502, not executed", kAddChat, page(502), kPage5xx, 0);
  Meet("HTML with 502, executed", kAddChat, page(502, "after"), kPage5xx, 1);
  Meet("HTML with 503", get, page(503), kPage5xx, 0);
  Meet("HTML with 504, executed", kAddChat, page(504, "after"), kPage5xx, 1);
}

void OutcomeTable::Redirects() {
  TestServer other(Reply);
  const std::string host = other.Url("127.0.0.1", "");
  const auto to = [](const std::string& where, int status = 302) {
    return Json{{"kind", "redirect"}, {"args", {{"to", where}, {"code", status}}}};
  };
  Meet("a redirect to itself", kSend, to("{self}"), kRedirect, 0);
  Json after = to("{self}");
  after["args"]["when"] = "after";
  Meet("a redirect to itself, executed", kAddChat, after, kRedirect, 1);
  // A portal that has moved sends every call on, to the same path (settings/how-to-call-rest-api/change-domen.md).
  Meet("a redirect to another host, with the secret in it", kSend, to(host + "{target}"), kMoved, 0);
  Meet("a 307 to another host, with the secret in it", kAddChat, to(host + "{target}", 307), kMoved, 0);
  Meet("a redirect to another host", kAddChat, to(host + "/"), kRedirect, 0);
  Meet("a redirect to a private address, with the secret in it", kSend, to("http://10.20.30.40{target}", 308), kMoved,
       0);
  Meet("a redirect to a private address", kAddV1, to("http://192.168.0.1/login", 301), kRedirect, 0);
  Meet("a redirect to a cloud's metadata", kSend, to("http://169.254.169.254/latest/meta-data/"), kRedirect, 0);
  Meet("a redirect to a file", kSend, to("file:///etc/passwd"), kRedirect, 0);
  EXPECT_EQ(other.connections(), 0) << "no secret goes to another host, nor anything else";
}

void OutcomeTable::BrokenReplies() {
  const std::string json = SentBody(789);
  const std::string ok = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
  Break("garbage instead of HTTP", Answering("\x16\x03\x01 not HTTP at all\r\n\r\n" + json), kNotHttp, 1);
  Break("a body without a head", Answering(json), kNotHttp, 1);
  Break("HTTP/1.0 without a length", Answering("HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" + json), kOk,
        1);
  Break("HTTP/1.0 without a length, cut",
        Answering("HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" + json.substr(0, 20)), kNotJson, 1);
  Break("two replies in one", Answering(SentReply(789) + SentReply(790)), kOk, 1);
  // libcurl takes the head for whole; the outcome is open in any case.
  Break("a head without an end", Answering(ok), kEmpty, 1);
  Break("a length that is too long", Answering(ok + "Content-Length: 100000\r\n\r\n" + json), kCut, 1);
  Break("a length that is too short", Answering(ok + "Content-Length: 20\r\n\r\n" + json), kNotJson, 1);
  Break("a length beyond every limit", Answering(ok + "Content-Length: 99999999999\r\n\r\n" + json), kTooLarge, 1);
  Break("chunks that end in the middle",
        Answering(ok + "Transfer-Encoding: chunked\r\n\r\n40\r\n" + json.substr(0, 20)), kCut, 1);
  Break("chunks without a size", Answering(ok + "Transfer-Encoding: chunked\r\n\r\nzz\r\n" + json), kCut, 1);
  Break("compressed though nobody asked",
        Answering(ok + "Content-Encoding: gzip\r\nContent-Length: 10\r\n\r\n\x1f\x8b\x08 234567"), kNotJson, 1);
  Break("headers without an end", AnsweringForEver("HTTP/1.1 200 OK\r\n", "X-More: " + std::string(200, 'x') + "\r\n"),
        kTooLarge, 1);
  Break("interim replies without an end", AnsweringForEver("", "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"),
        kTooLarge, 1);
  Break(
      "accepts, reads and closes",
      [](BrokenPortal& portal, BrokenPortal::Connection& connection) { portal.Take(connection); }, kCut, 1);
  Break(
      "accepts, and resets upon the first byte",
      [](BrokenPortal&, BrokenPortal::Connection& connection) {
        char byte = 0;
        connection.Read(&byte, 1);
        connection.Reset();
      },
      kCut, 0);
  Break(
      "accepts and never reads", [](BrokenPortal&, BrokenPortal::Connection&) { std::this_thread::sleep_for(3500ms); },
      kSilence, 0);
}

void OutcomeTable::Unreachable() {
  MissPortal("connection refused", kSend, "refusing", 0, kNoConnection);
  MissPortal("connection refused", kAddChat, "refusing", 0, kNoConnection);
  MissPortal("a full backlog", kSend, "blackhole", 0, kNoConnection);
  MissPortal("a private address", kSend, "private", 0, kBadAddress);
  MissPortal("a cloud's metadata as the portal", kSend, "metadata", 0, kBadAddress);
  MissPortal("a certificate for another name", kSend, "wrong_name", wrong_name_.requests(), kBadTls);
  MissPortal("an expired certificate", kAddChat, "expired", expired_.requests(), kBadTls);
  MissPortal("a certificate of tomorrow", kSend, "too_early", too_early_.requests(), kBadTls);
  MissPortal("a certificate of an unknown authority", kSend, "unknown_ca", unknown_ca_.requests(), kBadTls);
  for (const TestServer* server : {&wrong_name_, &expired_, &too_early_, &unknown_ca_, &no_handshake_})
    EXPECT_EQ(server->requests(), 0) << "no secret goes to a portal that has not proved who it is";
  MissPortal("plain HTTP where TLS was expected", kSend, "plain", plain_->requests(), kBadTls);
  MissPortal("reset during the TLS handshake", kSend, "reset_tls", reset_tls_->requests(), kNoConnection);
  MissPortal("accepts and never answers the TLS hello", kSend, "no_handshake", 0, kNoConnection);
}

void OutcomeTable::Names() {
  const int64_t mark = Requests();
  const Told hanging{"UNAVAILABLE", "PORTAL_TIMEOUT", "NOT_EXECUTED", true};
  MissPortal("a name whose servers never answer", kSend, "hangs", 0, hanging);
  // Another name, since a call that joins a lookup may see its end instead.
  MissPortal("a name whose servers never answer", kAddChat, "hangs_too", 0, hanging);
  MissPortal("a name whose servers fail", kSend, "fails", 0, kNoName);
  MissPortal("a name that does not exist", kSend, "no_such_name", 0, kNoName);
  MissPortal("a name that stands for a private address", kSend, "private_name", 0, kBadAddress);
  EXPECT_EQ(Requests(), mark);
}

// The name first led to the simulated portal, which does not know this gateway's configured bot, and then to a private
// address. An answer is used for at least 5 seconds, and once more while the next one is fetched.
void OutcomeTable::NameThatChanged() {
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  Told told{"NOT_FOUND"};
  while (told.grpc == "NOT_FOUND" && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(100ms);
    told = ToldBy(gateway_->Call(kSend.rpc, kSend.RequestTo("changes")).status);
  }
  Add("a name that has come to stand for a private address", kSend.Name(), told, 0, kBadAddress, 0);
}

TEST_F(OutcomeTable, AgreesWithTheLedgerForEveryFault) {
  EXPECT_EQ(gateway_->Call(kSend.rpc, kSend.RequestTo("changes")).Reason(), "BOT_NOT_FOUND") << "reached";
  names_.Set("changes.portal.test", {{DnsServer::Record::Type::kA, "10.20.30.40", 1}});
  SimulatedPortal();
  Pages();
  Redirects();
  BrokenReplies();
  Unreachable();
  Names();
  NameThatChanged();
  std::printf("%s\n%s\n", Markdown(rows_).c_str(), Summary(rows_).c_str());
  EXPECT_GE(rows_.size(), 40u);
  EXPECT_TRUE(gateway_->Call(kSend.rpc, kSend.RequestTo("acme")).ok()) << "and the gateway goes on";
}

// The positive control of the table's check.
TEST(Contradiction, IsFoundInRowsThatClaimWhatIsNotSo) {
  const Told not_executed{"UNAVAILABLE", "X", "NOT_EXECUTED", true};
  const Told executed{"INTERNAL", "X", "EXECUTED", false};
  const Told unknown{"UNAVAILABLE", "X", "UNKNOWN", false};
  EXPECT_NE(Contradiction(not_executed, 1), "");
  EXPECT_NE(Contradiction(executed, 0), "");
  EXPECT_NE(Contradiction(kOk, 0), "");
  EXPECT_NE(Contradiction(unknown, 2), "");
  EXPECT_NE(Contradiction(kOk, 2), "");
  EXPECT_NE(Contradiction({"UNAVAILABLE", "X", "(missing)", false}, 0), "");
  EXPECT_EQ(Contradiction(not_executed, 0), "");
  EXPECT_EQ(Contradiction(executed, 1), "");
  EXPECT_EQ(Contradiction(kOk, 1), "");
  EXPECT_EQ(Contradiction(unknown, 0) + Contradiction(unknown, 1), "");
}

// The next call on a kept connection gets its own reply, not what the portal sent too much before.
TEST_F(Outcomes, AReplyTooManyIsNobodysReply) {
  for (const auto pause : {0ms, 100ms}) {
    std::promise<void> written;
    std::atomic<int> next{790};
    broken_.Play([&](BrokenPortal& portal, BrokenPortal::Connection& connection) {
      while (portal.Take(connection)) {
        const int id = ++next;
        connection.Write(SentReply(id));
        if (id > 791) continue;
        std::this_thread::sleep_for(pause);
        connection.Write(SentReply(666));
        written.set_value();
      }
    });
    const auto id = [&] {
      const RpcResult result = gateway_->Call(kSend.rpc, kSend.RequestTo("broken"));
      return result.ok() ? Json::parse(result.json).at("id").get<std::string>() : result.status.error_message();
    };
    EXPECT_EQ(id(), "791");
    ASSERT_EQ(written.get_future().wait_for(10s), std::future_status::ready);
    std::this_thread::sleep_for(pause);
    EXPECT_EQ(id(), "792");
    EXPECT_EQ(id(), "793");
    EXPECT_EQ(broken_.executed(), 3);
  }
}

int64_t Resident(pid_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("VmRSS:")) return std::stoll(line.substr(6)) * 1024;
  }
  return 0;
}

// Whatever the portal goes on sending, a call costs no more than the limit on replies, and no more than its time.
// Of 8 calls at once: less than the limit on one reply, with what the allocator keeps; a sanitizer keeps more of what
// was freed, and has memory of its own.
#ifdef IMBOT_SANITIZED
constexpr int64_t kRoom = int64_t{512} << 20;
#else
constexpr int64_t kRoom = int64_t{32} << 20;
#endif

TEST_F(Outcomes, EndlessAndDeepRepliesCostBoundedMemoryAndTime) {
  const pid_t pid = gateway_->process().pid();
  for (const Json& fault : {Json{{"kind", "endless"}}, Json{{"kind", "deep"}, {"args", {{"depth", 500'000}}}},
                            Json{{"kind", "endless"}, {"args", {{"body", "["}, {"ms", 1}}}}}) {
    const int64_t before = Resident(pid);
    int64_t most = before;
    for (int round = 0; round < 2; ++round) {
      Json order = fault;
      order["method"] = "*";
      order["count"] = 8;
      simulator_.Post("/faults", order);
      const auto begun = std::chrono::steady_clock::now();
      std::vector<std::future<RpcResult>> calls;
      for (int i = 0; i < 8; ++i) {
        calls.push_back(std::async(std::launch::async, [&] {
          return gateway_->Call(Get(message_id_).rpc, Get(message_id_).RequestTo("acme"));
        }));
      }
      for (auto& call : calls) {
        while (call.wait_for(5ms) != std::future_status::ready) most = std::max(most, Resident(pid));
        EXPECT_EQ(call.get().Outcome(), "UNKNOWN");
      }
      EXPECT_LT(std::chrono::steady_clock::now() - begun, 8s) << fault;
      simulator_.Delete("/faults");
    }
    std::printf("%s: at most %ld KiB more\n", fault.dump().c_str(), static_cast<long>((most - before) / 1024));
    EXPECT_LT(most - before, kRoom) << fault;
  }
}
}  // namespace
}  // namespace imbot::testing
