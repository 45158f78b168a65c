// Every documented error can be had: by what a client or a portal does where there is such a thing, and by order in any
// case. The table, errors.json beside this file, is written from the documentation's pages, ERRORS.md and WIRE_FACTS.md
// 1.6; where the published source words an error otherwise, it says how (`source_says`).
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include "tests/simulator/php/coerce.h"
#include "tests/simulator/test/portal_fixture.h"

namespace simulator {
namespace {

constexpr char kPng[] =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
// The head of one that is 5001 pixels wide.
constexpr char kWidePng[] = "iVBORw0KGgoAAAANSUhEUgAAE4kAAAABCAYAAAA=";

const Json& Table() {
  static const Json table = [] {
    std::ifstream file(SIMULATOR_ERRORS_TABLE);
    std::stringstream text;
    text << file.rdbuf();
    return ParseJson(text.str()).value_or(Json::object());
  }();
  return table;
}

std::string Text(const Json& row, const char* name) {
  return ToString(FindSet(row, name));
}

class ErrorsTest : public PortalTest {
 protected:
  // A fresh portal with two owners' bots of both versions, and something of everything for each.
  void MakeWorld() {
    ControlPost("/reset", Json::object());
    code_ = "simulator";
    vars_ = Json{
        {"png", kPng}, {"widepng", kWidePng}, {"long", std::string(31'000, 'x')}, {"huge", std::string(61'000, 'x')}};
    ControlPost("/webhooks", Json{{"user", 1}, {"code", "narrow"}, {"scope", "imbot"}});
    const Json lang = Json::array({Json{{"LANGUAGE_ID", "en"}, {"TITLE", "Echo"}}});
    for (const bool own : {true, false}) {
      const std::string token = own ? "token-1" : "token-2";
      const std::string client = own ? "client-1" : "client-2";
      const auto name = [&](const char* first, const char* second) { return std::string(own ? first : second); };
      const int64_t bot = RegisterBot(own ? "bot" : "otherbot", token);
      const int64_t v1 = RegisterV1(own ? "v1" : "v1other", client);
      vars_[name("bot", "other")] = bot;
      vars_[name("v1", "v1other")] = v1;
      const Json identity = Json{{"botId", bot}, {"botToken", token}};
      const auto v2 = [&](Json params) {
        for (const auto& item : identity.items()) params[item.key()] = item.value();
        return params;
      };
      const int64_t chat =
          Result("imbot.v2.Chat.add",
                 v2(Json{{"fields",
                          {{"title", "Chat"}, {"userIds", own ? Json::array({2}) : Json::array()}}}}))["chat"]["id"]
              .get<int64_t>();
      vars_[name("own2", "closed")] = chat;
      const std::string dialog = own ? "chat5" : "chat" + std::to_string(chat);
      const auto send = [&] {
        return Result("imbot.v2.Chat.Message.send",
                      v2(Json{{"dialogId", dialog}, {"fields", {{"message", "x"}}}}))["id"];
      };
      vars_[name("message", "closedmessage")] = send();
      vars_[name("file", "closedfile")] = Result(
          "imbot.v2.File.upload",
          v2(Json{{"dialogId", dialog}, {"fields", {{"name", "a.txt"}, {"content", "aGVsbG8="}}}}))["file"]["id"];
      vars_[name("command1", "othercommand")] =
          Result("imbot.command.register", Json{{"BOT_ID", v1},
                                                {"CLIENT_ID", client},
                                                {"COMMAND", "echo"},
                                                {"EVENT_COMMAND_ADD", "https://a.example/"},
                                                {"LANG", lang}});
      vars_[name("app1", "otherapp")] = Result("imbot.app.register", Json{{"BOT_ID", v1},
                                                                          {"CLIENT_ID", client},
                                                                          {"CODE", "echo"},
                                                                          {"JS_METHOD", "SEND"},
                                                                          {"JS_PARAM", "/help"},
                                                                          {"LANG", lang}});
      if (!own) continue;
      vars_["super"] = RegisterBot("super", token, "supervisor");
      vars_["liked"] = send();
      Result("imbot.v2.Chat.Message.Reaction.add", v2(Json{{"messageId", vars_["liked"]}, {"reaction", "like"}}));
      vars_["command2"] =
          Result("imbot.v2.Command.register",
                 v2(Json{{"fields", {{"command", "echo2"}, {"title", {{"en", "Echo"}}}}}}))["command"]["id"];
      const Json v1_identity = Json{{"BOT_ID", v1}, {"CLIENT_ID", client}};
      Json params = v1_identity;
      params["USERS"] = Json::array({2});
      vars_["own1"] = Result("imbot.chat.add", params);
      params = v1_identity;
      params["DIALOG_ID"] = "chat5";
      params["MESSAGE"] = "x";
      vars_["message1"] = Result("imbot.message.add", params);
    }
    const Reply asked =
        ControlPost("/users/actions",
                    Json{{"action", "message"}, {"user", 2}, {"dialogId", "chat5"}, {"text", "/echo hi\n/echo2 hi"}});
    ASSERT_EQ(asked.status, 200) << asked.body;
    vars_["asked"] = asked.json()["messageId"];
  }

  // `{name}` alone becomes the value, within a text its text.
  Json Fill(const Json& value) const {
    if (value.is_string()) {
      std::string text = value.get<std::string>();
      for (const auto& item : vars_.items()) {
        const std::string mark = "{" + item.key() + "}";
        if (text == mark) return item.value();
        for (size_t at = text.find(mark); at != std::string::npos; at = text.find(mark))
          text.replace(at, mark.size(), ToString(&item.value()));
      }
      return text;
    }
    Json out = value;
    if (IsArray(out)) {
      for (Json& item : out) item = Fill(item);
    }
    return out;
  }

  void Prepare(const Json& step) {
    if (const Json* code = FindSet(step, "as")) {
      code_ = ToString(code);
      return;
    }
    const Json* repeat = FindSet(step, "repeat");
    const int64_t times = repeat == nullptr ? 1 : ToInt(repeat);
    for (int64_t i = 0; i < times; ++i) {
      vars_["n"] = i;
      if (const Json* path = FindSet(step, "control")) {
        EXPECT_EQ(ControlPost(ToString(path), Fill(step["body"])).status, 200) << step;
      } else {
        Rest(Text(step, "call"), Fill(step["params"]));
      }
    }
  }

  Reply Call(const std::string& method, const Json& params) const {
    return PostJson(http(), (code_.empty() ? "/rest/" : "/rest/1/" + code_ + "/") + method, params);
  }

  // Brings a row's error about, and checks its code and status.
  Reply Meet(const Json& row) {
    MakeWorld();
    const Json& by = row["by"];
    bool options_changed = false;
    if (const Json* steps = FindSet(by, "prepare")) {
      for (const Json& step : *steps) {
        options_changed |= Text(step, "control") == "/options";
        Prepare(step);
      }
    }
    const std::string method = Text(row, "method");
    const Reply reply = Call(method, Fill(Changed(Table()["base"][method], by["set"])));
    EXPECT_EQ(reply.error(), Text(row, "code")) << row << ": " << reply.body;
    EXPECT_EQ(reply.status, row["status"]) << row;
    if (options_changed) Restart();
    return reply;
  }

  static std::string Documented(const Json& row) {
    std::string text = Text(row, "description");
    // N stands for the limit.
    if (Text(row, "code") == "MAX_COUNT_ERROR") text.replace(text.find(": N"), 3, ": 100");
    return text;
  }

  static Json Changed(Json params, const Json& changes) {
    for (const auto& item : changes.items()) {
      if (item.value().is_null()) {
        params.erase(item.key());
      } else {
        params[item.key()] = item.value();
      }
    }
    return params;
  }

  // What a reply says, compared with what is documented; the case of words is the pages' own.
  static bool SameText(const std::string& a, const std::string& b) {
    const auto plain = [](std::string text) {
      text = AsciiLower(text);
      if (!text.empty() && text.back() == '.') text.pop_back();
      return text;
    };
    return plain(a) == plain(b);
  }

  std::string code_ = "simulator";
  Json vars_ = Json::object();
};

TEST_F(ErrorsTest, TheTableIsThere) {
  ASSERT_GE(Table()["rows"].size(), 370U);
  ASSERT_GE(Table()["system"].size(), 60U);
}

// WIRE_FACTS.md 9: what a cloud portal's status is, the sources disagree.
TEST_F(ErrorsTest, StatusesOfRefusedCredentialsAreASwitchOfTheirOwn) {
  EXPECT_EQ(GetUrl(http(), "/rest/1/wrong/server.time").status, 401);
  ControlPost("/options", Json{{"documented_statuses", true}});
  EXPECT_EQ(GetUrl(http(), "/rest/1/wrong/server.time").status, 403);
  EXPECT_EQ(GetUrl(http(), "/rest/server.time").status, 401) << "no credential at all: both say so";
}

// The positive control: what the rows below change is good as it is.
TEST_F(ErrorsTest, EveryCallThatIsChangedBelowSucceedsUnchanged) {
  for (const auto& item : Table()["base"].items()) {
    MakeWorld();
    const Reply reply = Call(item.key(), Fill(item.value()));
    EXPECT_EQ(reply.status, 200) << item.key() << ": " << reply.body;
  }
}

TEST_F(ErrorsTest, DocumentedErrorsComeFromWhatIsDone) {
  int met = 0;
  int own_words = 0;
  int ordered_only = 0;
  std::set<std::string> codes;
  for (const Json& row : Table()["rows"]) {
    if (FindSet(row, "by") == nullptr) {
      ++ordered_only;
      continue;
    }
    const Reply reply = Meet(row);
    const std::string says = Text(reply.json(), "error_description");
    if (const Json* source = FindSet(row, "source_says")) {
      EXPECT_EQ(says, ToString(source)) << row;
      ++own_words;
    } else {
      EXPECT_TRUE(SameText(says, Documented(row))) << row << " SAYS " << says;
    }
    codes.insert(Text(row, "code"));
    ++met;
  }
  std::printf(
      "documented errors of methods: %d by a condition (%d of them in the published source's words), %d by order "
      "alone; "
      "%zu codes by a condition\n",
      met, own_words, ordered_only, codes.size());
  EXPECT_GE(met, 355);
  EXPECT_EQ(met + ordered_only, static_cast<int>(Table()["rows"].size()));
}

// Where the published source has words of its own, a portal that behaves as documented has the pages'.
TEST_F(ErrorsTest, TheDocumentationsWordsCanBeHadToo) {
  options_.portal.behave_as_documented = true;
  Restart();
  int met = 0;
  for (const Json& row : Table()["rows"]) {
    // Of chat applications the pages describe the errors and do not quote them.
    if (FindSet(row, "source_says") == nullptr || FindSet(row, "description_is_prose") != nullptr) continue;
    const Reply reply = Meet(row);
    EXPECT_TRUE(SameText(Text(reply.json(), "error_description"), Documented(row))) << row << reply.body;
    ++met;
  }
  std::printf("in the documentation's words: %d\n", met);
  EXPECT_GE(met, 110);
}

TEST_F(ErrorsTest, EveryDocumentedErrorCanBeOrderedWordForWord) {
  MakeWorld();
  int ordered = 0;
  const auto order = [&](const std::string& method, const Json& params, const Json& row) {
    const std::string code = Text(row, "code");
    const std::string description = Text(row, "description");
    AddFaults(Json{{"method", method},
                   {"kind", "error"},
                   {"args", {{"error", code}, {"description", description}, {"code", row["status"]}}}});
    const Reply reply = Call(method, params);
    EXPECT_EQ(reply.status, row["status"]) << method << code;
    EXPECT_EQ(reply.json(), (Json{{"error", code}, {"error_description", description}})) << method << code;
    ++ordered;
  };
  for (const Json& row : Table()["rows"]) order(Text(row, "method"), Json::object(), row);
  for (const Json& row : Table()["system"]) {
    if (FindSet(row, "object") == nullptr) {
      order("server.time", Json::object(), row);
      continue;
    }
    // REST 3.0: the error is an object.
    const Json body = Json{{"error", {{"code", row["code"]}, {"message", row["description"]}}}};
    AddFaults(Json{{"method", "server.time"},
                   {"kind", "status"},
                   {"args", {{"code", row["status"]}, {"body", body.dump()}, {"content_type", "application/json"}}}});
    const Reply reply = Call("server.time", Json::object());
    EXPECT_EQ(reply.status, row["status"]) << row;
    EXPECT_EQ(reply.json(), body);
    ++ordered;
  }
  EXPECT_EQ(Control("/ledger?method=server.time")["executed"].size(), 0U) << "refused before execution";
  EXPECT_EQ(Call("server.time", Json::object()).status, 200) << "nothing is left over";
  std::printf("errors by order: %d\n", ordered);
}

TEST_F(ErrorsTest, ErrorsOfTheServerComeFromWhatIsDone) {
  const Json none = Json::object();
  const std::map<std::string, std::function<Reply()>> ways = {
      {"bucket",
       [&] {
         ControlPost("/options", Json{{"bucket", 1}, {"bucket_leak", 0.001}});
         Call("server.time", none);
         return Call("server.time", none);
       }},
      {"expired_token",
       [&] {
         ControlPost("/tokens", Json{{"token", "t"}, {"client_id", "app.1"}, {"expires_in", 10}});
         EXPECT_EQ(GetUrl(http(), "/rest/server.time?auth=t").status, 200);
         ControlPost("/clock", Json{{"advance_ms", 11'000}});
         return GetUrl(http(), "/rest/server.time?auth=t");
       }},
      {"unknown_token", [&] { return GetUrl(http(), "/rest/server.time?auth=unknown"); }},
      {"no_credential", [&] { return GetUrl(http(), "/rest/server.time"); }},
      {"wrong_code", [&] { return GetUrl(http(), "/rest/1/wrong/server.time"); }},
      {"user_gone",
       [&] {
         ControlPost("/webhooks", Json{{"user", 777}, {"code", "gone"}});
         return GetUrl(http(), "/rest/777/gone/server.time");
       }},
      {"scope",
       [&] {
         ControlPost("/webhooks", Json{{"user", 1}, {"code", "im"}, {"scope", "im"}});
         return GetUrl(http(), "/rest/1/im/imbot.v2.Revision.get");
       }},
      {"link_token", [&] { return GetUrl(http(), Url("server.time?token=x")); }},
      {"plain_http",
       [&] {
         ControlPost("/options", Json{{"require_https", true}});
         return Call("server.time", none);
       }},
      {"no_method", [&] { return Call("imbot.nothing", none); }},
      {"v3_no_method", [&] { return GetUrl(http(), "/rest/api/1/simulator/imbot.nothing"); }},
      {"batch_nested",
       [&] {
         ControlPost("/options", Json{{"refuse_batch_whole", true}});
         return Call("batch", Json{{"cmd", {"batch"}}});
       }},
      {"batch_51",
       [&] {
         ControlPost("/options", Json{{"refuse_batch_whole", true}});
         return Call("batch", Json{{"cmd", Json(51, "server.time")}});
       }},
      {"no_dialog",
       [&] {
         MakeWorld();
         return Call("imbot.v2.Chat.get", Json{{"botId", vars_["bot"]}, {"botToken", "token-1"}});
       }},
      {"operating",
       [&] {
         ControlPost("/options", Json{{"operating_limit_ms", 1}, {"per_command_ms", 2}, {"operating_ignored_ms", 0}});
         Call("server.time", none);
         return Call("server.time", none);
       }},
  };
  int met = 0;
  int ordered_only = 0;
  for (const Json& row : Table()["system"]) {
    const std::string by = Text(row, "by");
    if (by.empty()) {
      ++ordered_only;
      continue;
    }
    options_.portal.behave_as_documented = FindSet(row, "documented") != nullptr;
    Restart();
    code_ = "simulator";
    Reply reply;
    if (by == "call") {
      MakeWorld();
      reply = Call(Text(row, "method"), Fill(row["params"]));
    } else {
      ASSERT_TRUE(ways.count(by) > 0) << by;
      EXPECT_EQ(Call("server.time", none).status, 200) << by;
      reply = ways.at(by)();
    }
    const Json document = reply.json();
    const Json* error = Find(document, "error");
    ASSERT_NE(error, nullptr) << by << reply.body;
    EXPECT_EQ(reply.status, row["status"]) << row;
    if (error->is_object()) {
      EXPECT_EQ((*error)["code"], row["code"]);
      EXPECT_EQ((*error)["message"], row["description"]);
    } else {
      EXPECT_EQ(*error, row["code"]) << reply.body;
      if (!Text(row, "description").empty()) EXPECT_EQ(document["error_description"], row["description"]) << row;
    }
    ++met;
  }
  std::printf("errors of the server: %d by a condition, %d by order alone\n", met, ordered_only);
  EXPECT_GE(met, 22);
}

}  // namespace
}  // namespace simulator
