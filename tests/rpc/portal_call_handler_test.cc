#include "service/rpc/portal_call_handler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <utility>
#include <vector>

#include "google/protobuf/text_format.h"
#include "google/rpc/error_details.pb.h"
#include "nlohmann/json.hpp"
#include "proto/contract.h"
#include "re2/re2.h"
#include "service/base/error.h"
#include "tests/base/counting_random.h"
#include "tests/credentials/fake_store.h"
#include "tests/credentials/storage_thread.h"
#include "tests/fakes/manual_loop.h"
#include "tests/portal/fake_credentials.h"

namespace imbot::rpc {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using storage::BotRecord;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using Kind = transport::Failure::Kind;

constexpr char kUuidV4[] = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}";
bool IsUuidV4(const std::string& text) {
  return RE2::FullMatch(text, kUuidV4);
}

const translate::MethodSpec& Method(std::string_view name) {
  static const translate::MethodTable* const table = translate::MethodTable::Create(contract::Files())->release();
  const auto* method = table->FindByName(name);
  if (method == nullptr) throw std::logic_error("no method " + std::string(name));
  return *method;
}

// What a call has come to.
struct Outcome {
  int answers = 0;
  absl::Status status = absl::UnknownError("not answered");
  std::unique_ptr<google::protobuf::Message> response;
  CallInfo info;
  std::shared_ptr<CallInProgress> call;

  std::string reason() const { return base::ReasonOf(status); }
  std::string outcome() const { return base::OutcomeOf(status); }
  std::string text() const { return response == nullptr ? "" : response->ShortDebugString(); }
  std::vector<std::string> paths() const {
    std::vector<std::string> out;
    const google::rpc::Status whole = base::ToRpcStatus(status);
    for (const auto& detail : whole.details()) {
      google::rpc::BadRequest bad_request;
      if (!detail.UnpackTo(&bad_request)) continue;
      for (const auto& violation : bad_request.field_violations()) out.push_back(violation.field());
    }
    return out;
  }
};

struct Options {
  std::string caller = "service-a";
  std::string idempotency_key = {};
  base::Duration timeout = 30s;
};

// The handler over a real scheduler, which makes each call once, registry and vault; loop, storage thread, store,
// transport and randomness are fakes.
class PortalCallHandlerTest : public testing::Test {
 protected:
  PortalCallHandlerTest() {
    std::vector<std::unique_ptr<portal::Port>> ports;
    for (const char* name : {"acme", "globex"}) {
      ports.push_back(std::make_unique<portal::Port>(
          name, loop_, loop_.clock(), credentials_, std::make_shared<portal::LeakyBucket>(portal::kUnlimitedPlan),
          portal::SchedulerOptions{.max_attempts = 1}, portal::SchedulerMetrics{}));
    }
    registry_ = std::make_unique<portal::Registry>(std::move(ports));
    Restart();
    Configure({.default_portal = "", .handler_hosts = {"bots.example.com", "127.0.0.1", "::1"}});
  }

  // What is still under way is answered while everything it needs is there.
  void TearDown() override {
    registry_.reset();
    Settle();
    loop_.Stop();
    Settle();
  }

  void Configure(CallPolicy policy, const std::string& template_secret = "stable secret") {
    keys_ = std::make_unique<portal::KeyLedger>(
        portal::KeyLedger::Dependencies{
            .store = store_, .storage_thread = storage_, .random = random_, .clock = loop_.clock()},
        base::Secret(template_secret), portal::KeyLedgerOptions{});
    handler_ = std::make_unique<PortalCallHandler>(
        PortalCallHandler::Dependencies{*registry_, *vault_, *keys_, random_, loop_.clock()}, std::move(policy),
        base::Secret(template_secret));
  }
  // Another vault over the same store.
  void Restart() {
    std::vector<credentials::ConfiguredBot> configured;
    for (const char* portal : {"acme", "globex"})
      configured.push_back(
          {.portal = portal, .name = "support", .id = 456, .secret = base::Secret(std::string(portal) + "-secret")});
    configured.push_back({.portal = "acme", .name = "sales", .id = 457, .secret = base::Secret("sales-secret")});
    vault_ = *credentials::BotVault::Create({store_, storage_, sealer_, random_, loop_.clock()}, std::move(configured));
    if (handler_ != nullptr) Configure({.default_portal = "", .handler_hosts = {"bots.example.com"}});
  }

  // Starts, without turning anything.
  Outcome& Begin(std::string_view method, const std::string& request, const Options& options = {}) {
    Outcome& outcome = *outcomes_.emplace_back(std::make_unique<Outcome>());
    Call call;
    call.method = &Method(method);
    call.request.reset(call.method->request_prototype->New());
    if (!google::protobuf::TextFormat::ParseFromString(request, call.request.get())) throw std::logic_error(request);
    call.caller.name = options.caller;
    call.idempotency_key = options.idempotency_key;
    call.arrived_at = loop_.Now();
    call.deadline = loop_.Now() + options.timeout;
    outcome.call = handler_->Start(
        std::move(call),
        Reply([&outcome](absl::Status status, std::unique_ptr<google::protobuf::Message> response, CallInfo info) {
          ++outcome.answers;
          outcome.status = std::move(status);
          outcome.response = std::move(response);
          outcome.info = std::move(info);
        }));
    return outcome;
  }
  // Until only the portal's answers are missing.
  void Settle() {
    do loop_.Run();
    while (storage_.Run());
  }
  Outcome& Start(std::string_view method, const std::string& request, const Options& options = {}) {
    Outcome& outcome = Begin(method, request, options);
    Settle();
    return outcome;
  }
  // The portal answers the request that was sent last.
  void Answer(const std::string& body, int http_status = 200) {
    loop_.fake().Answer(loop_.fake().sent() - 1, http_status, body);
    Settle();
  }
  void Fail(Kind kind, bool sent) {
    loop_.fake().Fail(loop_.fake().sent() - 1, kind, sent);
    Settle();
  }
  Outcome& StartAndAnswer(std::string_view method, const std::string& request, const std::string& answer,
                          const Options& options = {}) {
    Outcome& outcome = Start(method, request, options);
    Answer(answer);
    return outcome;
  }
  size_t sent() { return loop_.fake().sent(); }
  json SentBody() { return json::parse(loop_.fake().request(sent() - 1).body); }
  std::string SentUrl() { return std::string(loop_.fake().request(sent() - 1).url.Reveal()); }

  // Of a send, whatever was sent before.
  std::string TemplateId(const std::string& bot, const Options& options = {}, const std::string& template_id = "") {
    store_.keys.clear();
    StartAndAnswer("imbot.v2.Chat.Message.send",
                   "bot: \"" + bot + "\" dialog_id: \"chat5\" fields { message: \"m\" " +
                       (template_id.empty() ? "" : "template_id: \"" + template_id + "\"") + " }",
                   R"({"result": {"id": 1}})", options);
    return SentBody()["fields"]["templateId"];
  }

  static constexpr char kRegisterV2[] = R"(portal: "acme" fields { code: "newbot" properties { name: "New" } })";
  static constexpr char kRegisteredV2[] = R"({"result": {"bot": {"id": 900, "code": "newbot"}, "users": []}})";
  static constexpr char kRegisterV1[] =
      R"(portal: "acme" code: "newbot" event_handler: "https://bots.example.com/x" properties { name: "New" })";

  fakes::ManualLoop loop_;
  fakes::StorageThread storage_;
  fakes::FakeStore store_;
  fakes::FakeCredentials credentials_;
  testing_support::CountingRandom random_;
  base::Sealer sealer_{*base::SealKey::Parse(std::string(64, 'a')), {}, random_};
  std::unique_ptr<portal::Registry> registry_;
  std::unique_ptr<credentials::BotVault> vault_;
  std::unique_ptr<portal::KeyLedger> keys_;
  std::unique_ptr<PortalCallHandler> handler_;
  std::vector<std::unique_ptr<Outcome>> outcomes_;
};

// --- A call, from its start to its answer ---

TEST_F(PortalCallHandlerTest, CarriesACallToThePortalAndBack) {
  Outcome& outcome = Start("imbot.v2.Chat.Message.get", R"(bot: "acme/support" message_id: 789)");
  ASSERT_EQ(sent(), 1u);
  EXPECT_EQ(SentUrl(), "https://acme.example/rest/1/code/imbot.v2.Chat.Message.get");
  EXPECT_EQ(SentBody(), json::parse(R"({"botId": 456, "botToken": "acme-secret", "messageId": 789})"));
  EXPECT_EQ(outcome.answers, 0);
  Answer(
      R"({"result": {"message": {"id": 789}}, "time": {"duration": 0.25, "operating": 1.5, "operating_reset_at": 1772088716}})");
  EXPECT_EQ(outcome.answers, 1);
  EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_EQ(outcome.text(), "message { id: 789 }");
  EXPECT_EQ(outcome.info.portal, "acme");
  EXPECT_EQ(outcome.info.bot, "acme/support");
  EXPECT_EQ(outcome.info.http_status, 200);
  EXPECT_EQ(outcome.info.attempts, 1);
  EXPECT_EQ(outcome.info.queued, 0us);
  EXPECT_EQ(outcome.info.portal_time, 250ms);
  EXPECT_EQ(outcome.info.operating, 1.5);
  EXPECT_EQ(outcome.info.operating_reset_at, 1772088716);
}

TEST_F(PortalCallHandlerTest, HandsOnWhatThePortalRefused) {
  Outcome& outcome = Start("imbot.v2.Chat.Message.get", R"(bot: "acme/support" message_id: 789)");
  Answer(R"({"error": "MESSAGE_NOT_FOUND", "error_description": "Message not found"})", 400);
  EXPECT_EQ(outcome.reason(), "MESSAGE_NOT_FOUND");
  EXPECT_EQ(outcome.response, nullptr);
  EXPECT_EQ(outcome.info.http_status, 400);
}

TEST_F(PortalCallHandlerTest, SaysThatTheChangeIsProvedWhenTheAnswerCannotBeRead) {
  Outcome& outcome = StartAndAnswer("imbot.v2.Chat.Message.get", R"(bot: "acme/support" message_id: 789)",
                                    R"({"result": "surprise"})");
  EXPECT_EQ(outcome.reason(), "RESULT_UNUSABLE");
  EXPECT_EQ(outcome.outcome(), "EXECUTED");
}

TEST_F(PortalCallHandlerTest, RefusesAnInvalidRequestBeforeAnythingIsSent) {
  Outcome& outcome = Begin("imbot.v2.Chat.Message.get", R"(bot: "acme/support")");
  EXPECT_EQ(outcome.answers, 1) << "at once";
  EXPECT_THAT(outcome.paths(), ElementsAre("messageId"));
  Settle();
  EXPECT_EQ(sent(), 0u);
}

TEST_F(PortalCallHandlerTest, AnswersACallThatTheStoppedLoopDropsRatherThanBeSilent) {
  Outcome& outcome = Begin("imbot.v2.Chat.Message.get", R"(bot: "acme/support" message_id: 789)");
  loop_.Stop();
  Outcome& later = Begin("imbot.v2.Chat.Message.get", R"(bot: "acme/support" message_id: 789)");
  later.call.reset();
  EXPECT_EQ(later.answers, 1);
  EXPECT_EQ(later.status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(later.outcome(), "UNKNOWN");
  EXPECT_EQ(outcome.reason(), "SHUTTING_DOWN");
}

// --- Whom it is for ---

TEST_F(PortalCallHandlerTest, TakesTheShortNameOfABotForOneOfTheDefaultPortal) {
  Configure({.default_portal = "globex", .handler_hosts = {}});
  Outcome& outcome = Start("imbot.v2.Chat.Message.get", R"(bot: "support" message_id: 1)");
  EXPECT_EQ(SentBody()["botToken"], "globex-secret");
  Answer(R"({"result": {}})");
  EXPECT_EQ(outcome.info.bot, "globex/support");
}

TEST_F(PortalCallHandlerTest, RefusesTheShortNameWithoutADefaultPortal) {
  Outcome& outcome = Start("imbot.v2.Chat.Message.get", R"(bot: "support" message_id: 1)");
  EXPECT_EQ(outcome.status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(outcome.paths(), ElementsAre("bot"));
  EXPECT_EQ(outcome.outcome(), "NOT_EXECUTED");
  EXPECT_EQ(sent(), 0u);
}

TEST_F(PortalCallHandlerTest, TakesNoPortalForTheDefaultPortal) {
  EXPECT_THAT(Start("imbot.v2.Revision.get", "").paths(), ElementsAre("portal"));
  EXPECT_EQ(sent(), 0u);
  Configure({.default_portal = "globex", .handler_hosts = {}});
  Start("imbot.v2.Revision.get", "");
  EXPECT_EQ(SentUrl(), "https://globex.example/rest/1/code/imbot.v2.Revision.get");
  Answer(R"({"result": {"rest": 36}})");
  Start("imbot.v2.Revision.get", R"(portal: "acme")");
  EXPECT_EQ(SentUrl(), "https://acme.example/rest/1/code/imbot.v2.Revision.get");
  Answer(R"({"result": {"rest": 36}})");
}

TEST_F(PortalCallHandlerTest, RefusesHalfAName) {
  for (const char* bot : {"acme/", "/support", "/"}) {
    Outcome& outcome = Start("imbot.v2.Bot.unregister", std::string("bot: \"") + bot + "\"");
    EXPECT_EQ(outcome.status.code(), absl::StatusCode::kInvalidArgument) << bot;
    EXPECT_THAT(outcome.paths(), ElementsAre("bot")) << bot;
  }
}

TEST_F(PortalCallHandlerTest, KnowsNeitherAStrangePortalNorAStrangeBot) {
  Outcome& portal = Start("imbot.v2.Bot.unregister", R"(bot: "initech/support")");
  EXPECT_EQ(portal.status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(portal.reason(), "PORTAL_UNKNOWN");
  Outcome& bot = Start("imbot.v2.Bot.unregister", R"(bot: "acme/stranger")");
  EXPECT_EQ(bot.status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(bot.reason(), "BOT_UNKNOWN");
  EXPECT_EQ(Start("imbot.v2.Bot.unregister", R"(bot: "acme/a/b")").reason(), "BOT_UNKNOWN");
  EXPECT_EQ(Start("imbot.v2.Bot.unregister", R"(bot: "Acme/support")").reason(), "PORTAL_UNKNOWN");
  EXPECT_EQ(sent(), 0u);
}

TEST_F(PortalCallHandlerTest, RefusesASlashInTheCodeOfANewBot) {
  EXPECT_THAT(
      Start("imbot.v2.Bot.register", R"(portal: "acme" fields { code: "a/b" properties { name: "x" } })").paths(),
      ElementsAre("fields.code"));
  EXPECT_THAT(Start("imbot.register", R"(portal: "acme" code: "a/b" properties { name: "x" })").paths(),
              ElementsAre("CODE"));
  EXPECT_THAT(store_.bots, IsEmpty());
}

// --- Order ---

TEST_F(PortalCallHandlerTest, KeepsTheCallsOfOneBotForOneDialogInOrder) {
  const auto send = [&](const std::string& bot, const std::string& dialog) {
    Start("imbot.v2.Chat.Message.send", "bot: \"" + bot + "\" dialog_id: \"" + dialog + "\" fields { message: \"m\" }");
  };
  send("acme/support", "chat5");
  send("acme/support", "chat5");
  EXPECT_EQ(sent(), 1u);
  send("acme/support", "chat6");
  send("acme/sales", "chat5");
  send("globex/support", "chat5");
  EXPECT_EQ(sent(), 4u);
  loop_.fake().Answer(0, 200, R"({"result": {"id": 1}})");
  EXPECT_EQ(sent(), 5u);
}

// --- Handler URLs ---

std::string RegisterWith(const std::string& url) {
  return R"(portal: "acme" fields { code: "hooked" properties { name: "x" } event_mode: EVENT_MODE_WEBHOOK webhook_url: ")" +
         url + "\" }";
}

TEST_F(PortalCallHandlerTest, LetsOnlyListedHostsReceiveABotsSecret) {
  for (const char* url : {"https://bots.example.com/hook", "https://BOTS.example.com/hook",
                          "https://bots.example.com:8443/hook", "http://127.0.0.1:8080/", "https://[::1]:8443/hook"}) {
    const size_t before = sent();
    Start("imbot.v2.Bot.register", RegisterWith(url));
    EXPECT_EQ(sent(), before + 1) << url;
    Answer(kRegisteredV2);
  }
}

TEST_F(PortalCallHandlerTest, RefusesEveryOtherHostHoweverItIsWritten) {
  for (const char* url :
       {"https://evil.org/hook", "https://bots.example.com.evil.org/", "https://evil.org/bots.example.com",
        "https://sub.bots.example.com/", "https://example.com/", "https://bots.example.com@evil.org/",
        "https://evil.org@bots.example.com/", "https://bots.example.com:80@evil.org/",
        "https://bots.example.com\\\\@evil.org/", "https://bots.example.com\\\\.evil.org/",
        "https://bots.example.com#@evil.org/", "https://bots.example.com?@evil.org/",
        "https://bots.example.com%2eevil.org/", "https://bots.example.com\\t.evil.org/", "https://bоts.example.com/",
        "https://bots.example.com./", "https://2130706433/", "https://[::2]/", "https://"}) {
    Outcome& outcome = Start("imbot.v2.Bot.register", RegisterWith(url));
    EXPECT_FALSE(outcome.status.ok()) << url;
    EXPECT_THAT(outcome.paths(), ElementsAre("fields.webhookUrl")) << url;
    EXPECT_EQ(outcome.outcome(), "NOT_EXECUTED");
  }
  EXPECT_EQ(Start("imbot.v2.Bot.register", RegisterWith("https://evil.org/hook")).reason(), "HANDLER_URL_NOT_ALLOWED");
  EXPECT_EQ(Start("imbot.v2.Bot.register", RegisterWith("https://evil.org/hook")).status.code(),
            absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(sent(), 0u);
  EXPECT_THAT(store_.bots, IsEmpty()) << "nothing is begun either";
}

TEST_F(PortalCallHandlerTest, NamesEveryHandlerThatIsNotAllowed) {
  Outcome& outcome = Start(
      "imbot.register",
      R"(portal: "acme" code: "c" properties { name: "x" } event_handler: "https://bots.example.com/" event_message_add: "https://evil.org/1"
                                                event_welcome_message: "https://evil.org/2")");
  EXPECT_THAT(outcome.paths(), ElementsAre("EVENT_MESSAGE_ADD", "EVENT_WELCOME_MESSAGE"));
  EXPECT_THAT(
      Start(
          "imbot.command.register",
          R"(bot: "acme/support" command: "c" event_command_add: "https://evil.org/" lang { language_id: "en" title: "t" })")
          .paths(),
      ElementsAre("EVENT_COMMAND_ADD"));
  EXPECT_THAT(Start("imbot.update", R"(bot: "acme/support" fields { event_handler: "https://evil.org/" })").paths(),
              ElementsAre("FIELDS.EVENT_HANDLER"));
}

// --- The identifier by which the portal recognises a repeat ---

TEST_F(PortalCallHandlerTest, GivesEverySendALowerCaseUuidOfVersionFour) {
  const std::string first = TemplateId("acme/support"), second = TemplateId("acme/support");
  EXPECT_TRUE(IsUuidV4(first)) << first;
  EXPECT_TRUE(IsUuidV4(second)) << second;
  EXPECT_NE(first, second);
  EXPECT_TRUE(IsUuidV4(TemplateId("acme/support", {.idempotency_key = "k"})));
}

TEST_F(PortalCallHandlerTest, MakesTheSameIdFromTheSameKeyOfOneCallerForOneBot) {
  const Options key{.idempotency_key = "order-7"};
  const std::string id = TemplateId("acme/support", key);
  EXPECT_EQ(TemplateId("acme/support", key), id);
  EXPECT_NE(TemplateId("acme/support", {.idempotency_key = "order-8"}), id);
  EXPECT_NE(TemplateId("acme/sales", key), id);
  EXPECT_NE(TemplateId("globex/support", key), id);
  EXPECT_NE(TemplateId("acme/support", {.caller = "service-b", .idempotency_key = "order-7"}), id)
      << "two services must not swallow each other's messages";
  // The same after a restart; another gateway's is another.
  Restart();
  EXPECT_EQ(TemplateId("acme/support", key), id);
  Configure({.default_portal = "acme", .handler_hosts = {}});
  EXPECT_EQ(TemplateId("support", key), id) << "the short form names the same bot";
  Configure({}, "another secret");
  EXPECT_NE(TemplateId("acme/support", key), id);
}

TEST_F(PortalCallHandlerTest, KeepsThePartsOfTheKeyApart) {
  EXPECT_NE(TemplateId("acme/support", {.caller = "a", .idempotency_key = "bc"}),
            TemplateId("acme/support", {.caller = "ab", .idempotency_key = "c"}));
}

TEST_F(PortalCallHandlerTest, LeavesTheCallersOwnIdentifierAlone) {
  const std::string own = "0b7c2d5e-6f3a-4c1d-9e8f-7a6b5c4d3e2f";
  EXPECT_EQ(TemplateId("acme/support", {}, own), own);
  EXPECT_EQ(TemplateId("acme/support", {.idempotency_key = "k"}, own), own);
}

TEST_F(PortalCallHandlerTest, AddsNoIdentifierWhereThePortalKnowsNone) {
  StartAndAnswer("imbot.message.add", R"(bot: "acme/support" dialog_id: "5" message: "m")", R"({"result": 1})",
                 {.idempotency_key = "k"});
  EXPECT_EQ(SentBody(),
            json::parse(R"({"BOT_ID": 456, "CLIENT_ID": "acme-secret", "DIALOG_ID": "5", "MESSAGE": "m"})"));
}

// --- Idempotency keys ---

constexpr char kAddChat[] = R"(bot: "acme/support" fields { title: "Orders" })";
constexpr char kChatAdded[] = R"({"result": {"chat": {"id": 2725}}})";
const Options kKey{.idempotency_key = "order-7"};

TEST_F(PortalCallHandlerTest, SendsACallWithAKeyOnceTheKeyIsStored) {
  Outcome& outcome = Begin("imbot.v2.Chat.add", kAddChat, kKey);
  loop_.Run();
  EXPECT_EQ(sent(), 0u);
  Settle();
  EXPECT_EQ(sent(), 1u);
  EXPECT_EQ(store_.keys.size(), 1u);
  loop_.fake().Answer(0, 200, kChatAdded);
  EXPECT_EQ(outcome.answers, 0) << "not before the outcome is stored";
  Settle();
  EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_THAT(outcome.text(), HasSubstr("2725"));
  EXPECT_EQ(outcome.info.attempts, 1);
}

TEST_F(PortalCallHandlerTest, TellsARepeatWhatTheFirstWasToldWithoutARequest) {
  Outcome& first = StartAndAnswer("imbot.v2.Chat.add", kAddChat, kChatAdded, kKey);
  Configure({.default_portal = "acme", .handler_hosts = {}});
  Outcome& repeat = Start("imbot.v2.Chat.add", R"(bot: "support" fields { title: "Orders" })", kKey);
  EXPECT_EQ(sent(), 1u) << "the short form names the same bot";
  EXPECT_TRUE(repeat.status.ok()) << repeat.status;
  EXPECT_EQ(repeat.text(), first.text());
  EXPECT_EQ(repeat.info.bot, "acme/support");
  EXPECT_EQ(repeat.info.attempts, 0);
  Outcome& other = Start("imbot.v2.Chat.add", R"(bot: "acme/support" fields { title: "Another" })", kKey);
  EXPECT_EQ(other.reason(), "IDEMPOTENCY_KEY_REUSED");
  EXPECT_THAT(other.paths(), ElementsAre("metadata.idempotency-key"));
  EXPECT_EQ(sent(), 1u);
}

TEST_F(PortalCallHandlerTest, LetsARepeatWaitForTheFirst) {
  Outcome& first = Start("imbot.v2.Chat.add", kAddChat, kKey);
  Outcome& repeat = Start("imbot.v2.Chat.add", kAddChat, kKey);
  Outcome& gone = Start("imbot.v2.Chat.add", kAddChat, kKey);
  gone.call->Cancel();
  EXPECT_EQ(gone.reason(), "CANCELLED_BY_CALLER");
  EXPECT_EQ(gone.outcome(), "UNKNOWN");
  EXPECT_EQ(repeat.answers, 0);
  Answer(kChatAdded);
  EXPECT_EQ(sent(), 1u);
  EXPECT_EQ(repeat.text(), first.text());
}

TEST_F(PortalCallHandlerTest, IgnoresTheKeyOfWhatMayBeRepeatedFreely) {
  StartAndAnswer("imbot.v2.Chat.Message.get", R"(bot: "acme/support" message_id: 789)", R"({"result": {}})", kKey);
  StartAndAnswer("imbot.v2.Chat.Message.get", R"(bot: "acme/support" message_id: 790)", R"({"result": {}})", kKey);
  EXPECT_EQ(sent(), 2u);
  EXPECT_THAT(store_.keys, IsEmpty());
}

TEST_F(PortalCallHandlerTest, SendsAMessageAgainUnderTheSameIdUntilItsEndIsKnown) {
  const std::string send = R"(bot: "acme/support" dialog_id: "chat5" fields { message: "m" })";
  Outcome& first = Start("imbot.v2.Chat.Message.send", send, {.idempotency_key = "k", .timeout = 10s});
  const std::string id = SentBody()["fields"]["templateId"];
  loop_.Advance(10s);
  Settle();
  EXPECT_EQ(first.outcome(), "UNKNOWN");
  Outcome& second = Start("imbot.v2.Chat.Message.send", send, {.idempotency_key = "k"});
  EXPECT_EQ(sent(), 1u) << "the first may be answered yet";
  loop_.fake().Fail(0, Kind::kReset, true);
  Settle();
  ASSERT_EQ(sent(), 2u);
  EXPECT_EQ(SentBody()["fields"]["templateId"], id);
  Answer(R"({"result": {"id": 789}})");
  EXPECT_THAT(second.text(), HasSubstr("789"));
  EXPECT_THAT(Start("imbot.v2.Chat.Message.send", send, {.idempotency_key = "k"}).text(), HasSubstr("789"));
  EXPECT_EQ(sent(), 2u);
}

TEST_F(PortalCallHandlerTest, NeverSendsAnUnrecognisableMessageAgain) {
  for (const auto& [key, field] :
       {std::pair("s", "system: true"),
        std::pair("f", R"(forward_ids { key: "0B7C2D5E-6F3A-4C1D-9E8F-7A6B5C4D3E2F" value: 1 })")}) {
    const std::string send =
        std::string(R"(bot: "acme/support" dialog_id: "chat5" fields { message: "m" )") + field + " }";
    Outcome& first = Start("imbot.v2.Chat.Message.send", send, {.idempotency_key = key});
    const size_t before = sent();
    Fail(Kind::kReset, /*sent=*/true);
    EXPECT_EQ(first.outcome(), "UNKNOWN") << field;
    Outcome& repeat = Start("imbot.v2.Chat.Message.send", send, {.idempotency_key = key});
    EXPECT_EQ(repeat.reason(), first.reason()) << field;
    EXPECT_EQ(repeat.outcome(), "UNKNOWN") << field;
    EXPECT_EQ(sent(), before) << field;
  }
}

TEST_F(PortalCallHandlerTest, LeavesTheKeyFreeForARepeatOfWhatWasNotSent) {
  Outcome& cancelled = Begin("imbot.v2.Chat.add", kAddChat, kKey);
  cancelled.call->Cancel();
  Settle();
  EXPECT_EQ(cancelled.outcome(), "NOT_EXECUTED");
  Start("imbot.v2.Chat.add", kAddChat, kKey);
  EXPECT_EQ(sent(), 1u);
  Fail(Kind::kConnect, /*sent=*/false);
  Outcome& repeat = StartAndAnswer("imbot.v2.Chat.add", kAddChat, kChatAdded, kKey);
  EXPECT_TRUE(repeat.status.ok()) << repeat.status;
}

TEST_F(PortalCallHandlerTest, SaysUnknownOfARepeatThatWasNotSentIfTheFirstMayHaveBeenExecuted) {
  const std::string send = R"(bot: "acme/support" dialog_id: "chat5" fields { message: "m" })";
  Start("imbot.v2.Chat.Message.send", send, kKey);
  Fail(Kind::kReset, /*sent=*/true);
  Outcome& repeat = Begin("imbot.v2.Chat.Message.send", send, kKey);
  repeat.call->Cancel();
  Settle();
  EXPECT_EQ(repeat.reason(), "CANCELLED_BY_CALLER");
  EXPECT_EQ(repeat.outcome(), "UNKNOWN");
}

TEST_F(PortalCallHandlerTest, SendsNothingWhoseKeyCannotBeStored) {
  store_.put_key_failures = 1;
  Outcome& outcome = Start("imbot.v2.Chat.add", kAddChat, kKey);
  EXPECT_EQ(outcome.reason(), "STORAGE_FAILED");
  EXPECT_EQ(outcome.outcome(), "NOT_EXECUTED");
  EXPECT_EQ(sent(), 0u);
}

TEST_F(PortalCallHandlerTest, SaysThatACallWasExecutedThoughItsResultCouldNotBeStored) {
  Outcome& outcome = Start("imbot.v2.Chat.add", kAddChat, kKey);
  store_.put_key_failures = 1;
  Answer(kChatAdded);
  EXPECT_EQ(outcome.reason(), "STORAGE_FAILED");
  EXPECT_EQ(outcome.outcome(), "EXECUTED");
  EXPECT_EQ(Start("imbot.v2.Chat.add", kAddChat, kKey).reason(), "IDEMPOTENCY_KEY_UNRESOLVED");
  EXPECT_EQ(sent(), 1u);
}

// --- Registration ---

TEST_F(PortalCallHandlerTest, RegistersABotUnderASecretThatWasStoredBefore) {
  Outcome& outcome = Begin("imbot.v2.Bot.register", kRegisterV2);
  loop_.Run();
  EXPECT_EQ(sent(), 0u) << "nothing leaves before the secret is stored";
  Settle();
  ASSERT_EQ(sent(), 1u);
  const auto record = store_.Record("acme", "newbot");
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->state, BotRecord::State::kPending);
  EXPECT_EQ(record->method, "imbot.v2.Bot.register");
  const std::string secret = SentBody()["fields"]["botToken"];
  EXPECT_EQ(secret.size(), 40u);
  EXPECT_EQ(sealer_.Open(record->sealed_secret, "bot/acme/newbot")->Reveal(), secret);

  Answer(kRegisteredV2);
  EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_EQ(outcome.text(), R"(bot { id: 900 code: "newbot" })");
  EXPECT_EQ(outcome.info.bot, "acme/newbot");
  EXPECT_EQ(store_.Record("acme", "newbot")->state, BotRecord::State::kActive);

  Start("imbot.v2.Chat.Message.get", R"(bot: "acme/newbot" message_id: 1)");
  EXPECT_EQ(SentBody(), json::parse(R"({"botId": 900, "botToken": ")" + secret + R"(", "messageId": 1})"));
}

TEST_F(PortalCallHandlerTest, AnswersARegistrationOnlyAfterTheBotIsStored) {
  Outcome& outcome = Start("imbot.v2.Bot.register", kRegisterV2);
  loop_.fake().Answer(0, 200, kRegisteredV2);
  EXPECT_EQ(outcome.answers, 0);
  Settle();
  EXPECT_EQ(outcome.answers, 1);
}

TEST_F(PortalCallHandlerTest, RegistersABotOfTheOlderApi) {
  Outcome& outcome = Start("imbot.register", kRegisterV1);
  EXPECT_EQ(SentBody()["CLIENT_ID"].get<std::string>().size(), 40u);
  EXPECT_FALSE(SentBody().contains("BOT_ID"));
  Answer(R"({"result": 39})");
  EXPECT_EQ(outcome.text(), "bot_id: 39");
  EXPECT_EQ(store_.Record("acme", "newbot")->bot_id, 39);
}

TEST_F(PortalCallHandlerTest, NeverAnswersWithTheSecret) {
  Outcome& outcome = Start("imbot.v2.Bot.register", kRegisterV2);
  const std::string secret = SentBody()["fields"]["botToken"];
  Answer(R"({"result": {"bot": {"id": 900, "appId": "custom)" + secret + R"("}}})");
  EXPECT_THAT(outcome.text(), Not(HasSubstr(secret)));
}

TEST_F(PortalCallHandlerTest, RepeatsARegistrationUnderTheSameSecret) {
  Start("imbot.v2.Bot.register", kRegisterV2);
  const std::string secret = SentBody()["fields"]["botToken"];
  Fail(Kind::kReset, /*sent=*/true);
  Outcome& second = Start("imbot.v2.Bot.register", kRegisterV2);
  EXPECT_EQ(SentBody()["fields"]["botToken"], secret);
  Answer(kRegisteredV2);
  EXPECT_TRUE(second.status.ok());
  Start("imbot.v2.Bot.register", kRegisterV2);
  EXPECT_EQ(SentBody()["fields"]["botToken"], secret);
  Answer(kRegisteredV2);
}

TEST_F(PortalCallHandlerTest, RegistersTheSameBotForTwoAtOnceUnderOneSecret) {
  Outcome& first = Start("imbot.v2.Bot.register", kRegisterV2);
  const std::string secret = SentBody()["fields"]["botToken"];
  Outcome& second = Start("imbot.v2.Bot.register", kRegisterV2);
  EXPECT_EQ(SentBody()["fields"]["botToken"], secret);
  loop_.fake().Fail(0, Kind::kConnect, /*sent=*/false);
  Settle();
  EXPECT_FALSE(first.status.ok());
  Answer(kRegisteredV2);
  EXPECT_TRUE(second.status.ok());
  EXPECT_EQ(store_.Record("acme", "newbot")->state, BotRecord::State::kActive);
}

TEST_F(PortalCallHandlerTest, ForgetsTheSecretOfARegistrationThatIsProvedNotToHaveBeenExecuted) {
  Outcome& outcome = Start("imbot.v2.Bot.register", kRegisterV2);
  Fail(Kind::kConnect, /*sent=*/false);
  EXPECT_EQ(outcome.outcome(), "NOT_EXECUTED");
  EXPECT_THAT(store_.bots, IsEmpty());
  EXPECT_EQ(Start("imbot.v2.Chat.Message.get", R"(bot: "acme/newbot" message_id: 1)").reason(), "BOT_UNKNOWN");
}

TEST_F(PortalCallHandlerTest, KeepsTheSecretOfARegistrationWhoseOutcomeIsUnknown) {
  Outcome& outcome = Start("imbot.v2.Bot.register", kRegisterV2);
  Fail(Kind::kReset, /*sent=*/true);
  EXPECT_EQ(outcome.outcome(), "UNKNOWN");
  EXPECT_EQ(store_.Record("acme", "newbot")->state, BotRecord::State::kPending);
  EXPECT_EQ(Start("imbot.v2.Chat.Message.get", R"(bot: "acme/newbot" message_id: 1)").reason(), "REGISTRATION_PENDING");
}

TEST_F(PortalCallHandlerTest, KeepsTheSecretWhenTheAnswerHoldsNoId) {
  for (const auto& [method, request, answer] :
       {std::tuple{"imbot.v2.Bot.register", kRegisterV2, R"({"result": {"users": []}})"},
        std::tuple{"imbot.v2.Bot.register", kRegisterV2, R"({"result": null})"},
        std::tuple{"imbot.v2.Bot.register", kRegisterV2, R"({"result": "x"})"},
        std::tuple{"imbot.register", kRegisterV1, R"({"result": true})"},
        std::tuple{"imbot.register", kRegisterV1, R"({"result": 0})"},
        std::tuple{"imbot.register", kRegisterV1, R"({"result": -1})"}}) {
    Outcome& outcome = StartAndAnswer(method, request, answer);
    EXPECT_EQ(outcome.reason(), "RESULT_UNUSABLE") << answer;
    EXPECT_EQ(outcome.outcome(), "EXECUTED") << answer;
    EXPECT_EQ(outcome.response, nullptr);
    ASSERT_TRUE(store_.Record("acme", "newbot").has_value()) << answer;
    EXPECT_EQ(store_.Record("acme", "newbot")->state, BotRecord::State::kPending) << answer;
  }
}

TEST_F(PortalCallHandlerTest, SendsNothingWhenTheSecretCannotBeStored) {
  store_.put_failures = 1;
  Outcome& outcome = Start("imbot.v2.Bot.register", kRegisterV2);
  EXPECT_EQ(outcome.reason(), "STORAGE_FAILED");
  EXPECT_EQ(outcome.outcome(), "NOT_EXECUTED");
  EXPECT_EQ(sent(), 0u);
}

TEST_F(PortalCallHandlerTest, SaysThatTheBotIsRegisteredThoughItCouldNotBeStored) {
  Outcome& outcome = Start("imbot.v2.Bot.register", kRegisterV2);
  const std::string secret = SentBody()["fields"]["botToken"];
  store_.put_failures = 1;
  Answer(kRegisteredV2);
  EXPECT_EQ(outcome.reason(), "STORAGE_FAILED");
  EXPECT_EQ(outcome.outcome(), "EXECUTED");
  Start("imbot.v2.Bot.register", kRegisterV2);
  EXPECT_EQ(SentBody()["fields"]["botToken"], secret) << "the repeat that the error asks for settles it";
}

TEST_F(PortalCallHandlerTest, RegistersABotOfTheConfigurationUnderItsOwnSecret) {
  StartAndAnswer("imbot.v2.Bot.register", R"(portal: "acme" fields { code: "support" properties { name: "S" } })",
                 R"({"result": {"bot": {"id": 456}}})");
  EXPECT_EQ(SentBody()["fields"]["botToken"], "acme-secret");
  EXPECT_THAT(store_.bots, IsEmpty());
}

// --- Cancellation ---

TEST_F(PortalCallHandlerTest, SendsNothingForARegistrationCancelledWhileItsSecretIsStored) {
  Outcome& outcome = Begin("imbot.v2.Bot.register", kRegisterV2);
  outcome.call->Cancel();
  Settle();
  EXPECT_EQ(outcome.answers, 1);
  EXPECT_EQ(outcome.reason(), "CANCELLED_BY_CALLER");
  EXPECT_EQ(outcome.outcome(), "NOT_EXECUTED");
  EXPECT_EQ(sent(), 0u);
  EXPECT_THAT(store_.bots, IsEmpty());
}

TEST_F(PortalCallHandlerTest, StoresABotWhoseCallerHasGoneMeanwhile) {
  Outcome& outcome = Start("imbot.v2.Bot.register", kRegisterV2);
  outcome.call->Cancel();
  Settle();
  Answer(kRegisteredV2);
  EXPECT_EQ(outcome.answers, 1);
  EXPECT_EQ(store_.Record("acme", "newbot")->state, BotRecord::State::kActive);
}

TEST_F(PortalCallHandlerTest, StoresABotThatThePortalConfirmsAfterTheDeadline) {
  Start("imbot.v2.Bot.register", kRegisterV2, {.timeout = 1s});
  loop_.Advance(10s);
  Answer(kRegisteredV2);
  EXPECT_EQ(store_.Record("acme", "newbot")->state, BotRecord::State::kActive);
}

TEST_F(PortalCallHandlerTest, CancelsACallInFlightAndDiscardsItsReply) {
  Outcome& outcome = Start("imbot.v2.Chat.Message.get", R"(bot: "acme/support" message_id: 789)");
  outcome.call->Cancel();
  Settle();
  EXPECT_EQ(outcome.reason(), "CANCELLED_BY_CALLER");
  EXPECT_EQ(outcome.outcome(), "UNKNOWN");
  Answer(R"({"result": {}})");
  EXPECT_EQ(outcome.answers, 1);
}

TEST_F(PortalCallHandlerTest, CancelsNothingAfterTheAnswer) {
  Outcome& outcome =
      StartAndAnswer("imbot.v2.Chat.Message.get", R"(bot: "acme/support" message_id: 789)", R"({"result": {}})");
  outcome.call->Cancel();
  Settle();
  EXPECT_EQ(outcome.answers, 1);
  EXPECT_TRUE(outcome.status.ok());
}

TEST_F(PortalCallHandlerTest, HoldsNoCallOnceItIsAnsweredAndLetGo) {
  Outcome& outcome =
      StartAndAnswer("imbot.v2.Chat.Message.get", R"(bot: "acme/support" message_id: 789)", R"({"result": {}})");
  EXPECT_EQ(outcome.call.use_count(), 1);
}

// --- Unregistration ---

class UnregisterTest : public PortalCallHandlerTest {
 protected:
  UnregisterTest() {
    StartAndAnswer("imbot.v2.Bot.register", kRegisterV2, kRegisteredV2);
    EXPECT_TRUE(store_.Record("acme", "newbot").has_value());
  }
  Outcome& Unregister() { return Start("imbot.v2.Bot.unregister", R"(bot: "acme/newbot")"); }
  bool known() { return vault_->Find("acme", "newbot").ok(); }
};

TEST_F(UnregisterTest, ForgetsTheBotOnceThePortalConfirms) {
  Outcome& outcome = Unregister();
  EXPECT_TRUE(known());
  Answer(R"({"result": {"result": true}})");
  EXPECT_TRUE(outcome.status.ok());
  EXPECT_EQ(outcome.text(), "result: true");
  EXPECT_FALSE(known());
  EXPECT_THAT(store_.bots, IsEmpty());
}

TEST_F(UnregisterTest, ForgetsABotThatThePortalDoesNotKnowAndSaysWhatThePortalSaid) {
  Outcome& outcome = Unregister();
  Answer(R"({"error": "BOT_NOT_FOUND", "error_description": "Bot not found"})", 400);
  EXPECT_EQ(outcome.reason(), "BOT_NOT_FOUND");
  EXPECT_FALSE(known());
  EXPECT_THAT(store_.bots, IsEmpty());
}

TEST_F(UnregisterTest, KeepsTheBotOnAnyOtherErrorOrFailure) {
  Unregister();
  Answer(R"({"error": "ACCESS_DENIED", "error_description": "Access denied"})", 403);
  EXPECT_TRUE(known());
  Unregister();
  Fail(Kind::kReset, /*sent=*/true);
  EXPECT_TRUE(known());
  Unregister();
  Answer("<html>bad gateway</html>", 502);
  EXPECT_TRUE(known());
}

TEST_F(UnregisterTest, SaysThatTheBotIsGoneThoughItCouldNotBeStored) {
  store_.delete_failures = 1;
  Outcome& outcome = Unregister();
  Answer(R"({"result": true})");
  EXPECT_EQ(outcome.reason(), "STORAGE_FAILED");
  EXPECT_EQ(outcome.outcome(), "EXECUTED");
  EXPECT_TRUE(known());
  // The repeat that the error asks for settles it.
  Unregister();
  Answer(R"({"error": "BOT_NOT_FOUND", "error_description": "Bot not found"})", 400);
  EXPECT_FALSE(known());
}

TEST_F(UnregisterTest, ForgetsTheBotThoughTheCallerHasGone) {
  Outcome& outcome = Unregister();
  outcome.call->Cancel();
  Settle();
  Answer(R"({"result": true})");
  EXPECT_FALSE(known());
}

TEST_F(UnregisterTest, ForgetsABotOfTheOlderApiByItsOwnCode) {
  StartAndAnswer("imbot.register",
                 R"(portal: "acme" code: "old" event_handler: "https://bots.example.com/x" properties { name: "O" })",
                 R"({"result": 39})");
  Start("imbot.unregister", R"(bot: "acme/old")");
  EXPECT_EQ(SentBody()["BOT_ID"], 39);
  Answer(R"({"error": "BOT_ID_ERROR", "error_description": "Bot not found"})", 400);
  EXPECT_EQ(vault_->Find("acme", "old").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(UnregisterTest, LeavesABotOfTheConfigurationInPlace) {
  Outcome& outcome = Start("imbot.v2.Bot.unregister", R"(bot: "acme/support")");
  Answer(R"({"result": true})");
  EXPECT_TRUE(outcome.status.ok());
  EXPECT_TRUE(vault_->Find("acme", "support").ok());
}

}  // namespace
}  // namespace imbot::rpc
