#include "service/rpc/admin_handler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "service/base/error.h"
#include "service/base/strings.h"
#include "tests/rpc/admin_fixture.h"
#include "tests/rpc/rpc_harness.h"

namespace imbot::rpc_test {
namespace {

using namespace std::chrono_literals;
using imbot::gateway::v1::GatewayState;
using imbot::gateway::v1::GetStatusRequest;
using imbot::gateway::v1::GetStatusResponse;
using imbot::gateway::v1::ListBotsRequest;
using imbot::gateway::v1::ListBotsResponse;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class AdminHandlerTest : public AdminFixture {
 protected:
  std::shared_ptr<Answered<ListBotsResponse>> List(const ListBotsRequest& request = {}) {
    return Start<ListBotsResponse>(request);
  }
  std::shared_ptr<Answered<GetStatusResponse>> Status(const GetStatusRequest& request = {}) {
    return Ask<GetStatusResponse>(request);
  }
  static std::vector<std::string> Names(const ListBotsResponse& response) {
    std::vector<std::string> names;
    for (const auto& bot : response.bots()) names.push_back(bot.name());
    return names;
  }
  static std::vector<std::string> Names(const GetStatusResponse& response) {
    std::vector<std::string> names;
    for (const auto& portal : response.portals()) names.push_back(portal.name());
    return names;
  }
};

std::vector<credentials::ConfiguredBot> Configured(std::initializer_list<std::pair<const char*, const char*>> names) {
  std::vector<credentials::ConfiguredBot> bots;
  for (const auto& [portal, name] : names) bots.push_back({portal, name, 456, base::Secret("s3cret")});
  return bots;
}

TEST_F(AdminHandlerTest, TellsWhereABotComesFromAndWhetherItCanBeUsed) {
  Build({"acme"}, Configured({{"acme", "support"}}));
  vault_->BeginRegistration("acme", "sales", "imbot.v2.Bot.register", [](auto) {});
  storage_thread_.Run();
  vault_->BeginRegistration("acme", "news", "imbot.v2.Bot.register", [](auto) {});
  vault_->FinishRegistration("acme", "news", 789, [](absl::Status) {});
  storage_thread_.Run();
  const auto answered = List();
  ASSERT_TRUE(answered->status.ok()) << answered->status;
  const auto& bots = answered->response->bots();
  ASSERT_EQ(bots.size(), 3);
  EXPECT_EQ(bots[0].ShortDebugString(),
            "name: \"acme/news\" portal: \"acme\" code: \"news\" bot_id: 789 state: BOT_STATE_ACTIVE "
            "source: BOT_SOURCE_REGISTERED");
  EXPECT_EQ(bots[1].ShortDebugString(),
            "name: \"acme/sales\" portal: \"acme\" code: \"sales\" state: BOT_STATE_REGISTRATION_PENDING "
            "source: BOT_SOURCE_REGISTERED");
  EXPECT_EQ(bots[2].ShortDebugString(),
            "name: \"acme/support\" portal: \"acme\" code: \"support\" bot_id: 456 state: BOT_STATE_ACTIVE "
            "source: BOT_SOURCE_CONFIGURATION");
}

TEST_F(AdminHandlerTest, NeverShowsABotsSecret) {
  Build({"acme"}, Configured({{"acme", "support"}}));
  EXPECT_THAT(List()->response->SerializeAsString(), Not(HasSubstr("s3cret")));
}

TEST_F(AdminHandlerTest, ListsEveryBotOnceOverPages) {
  Build({"acme", "globex"},
        Configured({{"acme", "a"}, {"acme", "b"}, {"acme", "c"}, {"globex", "a"}, {"globex", "b"}}));
  ListBotsRequest request;
  request.set_page_size(2);
  auto page = List(request);
  EXPECT_THAT(Names(*page->response), ElementsAre("acme/a", "acme/b"));
  request.set_page_token(page->response->next_page_token());
  page = List(request);
  EXPECT_THAT(Names(*page->response), ElementsAre("acme/c", "globex/a"));
  request.set_page_token(page->response->next_page_token());
  page = List(request);
  EXPECT_THAT(Names(*page->response), ElementsAre("globex/b"));
  EXPECT_FALSE(page->response->has_next_page_token());
}

TEST_F(AdminHandlerTest, GivesNoTokenWhenThePageEndsWithTheLastBot) {
  Build({"acme"}, Configured({{"acme", "a"}, {"acme", "b"}}));
  ListBotsRequest request;
  request.set_page_size(2);
  EXPECT_FALSE(List(request)->response->has_next_page_token());
}

TEST_F(AdminHandlerTest, ListsTheBotsOfOnePortal) {
  Build({"acme", "globex"}, Configured({{"acme", "a"}, {"globex", "a"}, {"globex", "b"}}));
  ListBotsRequest request;
  request.set_portal("globex");
  EXPECT_THAT(Names(*List(request)->response), ElementsAre("globex/a", "globex/b"));
  request.set_portal("initech");
  EXPECT_EQ(base::ReasonOf(List(request)->status), "PORTAL_UNKNOWN");
}

TEST_F(AdminHandlerTest, RefusesPagesThatAreNone) {
  Build({"acme"});
  ListBotsRequest bots;
  bots.set_page_size(-1);
  EXPECT_THAT(ViolatedFields(List(bots)->status), ElementsAre("pageSize"));
  bots.set_page_size(0);
  bots.set_page_token("nothing");
  EXPECT_THAT(ViolatedFields(List(bots)->status), ElementsAre("pageToken"));
  GetStatusRequest status;
  status.set_page_size(-1);
  EXPECT_THAT(ViolatedFields(Status(status)->status), ElementsAre("pageSize"));
}

TEST_F(AdminHandlerTest, TellsOfTheGatewayItself) {
  Build({"acme", "globex"}, Configured({{"acme", "a"}, {"globex", "a"}}));
  imbot::gateway::v1::ListenerStatus listener;
  listener.set_address("127.0.0.1:50051");
  handler_->SetListeners({listener});
  clock_.Advance(90s);
  gate_.Enter();
  const auto answered = Status();
  ASSERT_TRUE(answered->status.ok()) << answered->status;
  const GetStatusResponse& response = *answered->response;
  EXPECT_EQ(response.version(), "1.2.3");
  EXPECT_EQ(response.state(), GatewayState::GATEWAY_STATE_SERVING);
  EXPECT_EQ(response.uptime().seconds(), 90);
  EXPECT_EQ(response.start_time().seconds(), 1767225600) << "the clock's first moment";
  EXPECT_EQ(response.calls_in_flight(), 1);
  EXPECT_EQ(response.bot_count(), 2);
  EXPECT_EQ(response.portal_count(), 2);
  EXPECT_EQ(response.log_level(), imbot::gateway::v1::LOG_LEVEL_INFO);
  ASSERT_EQ(response.listeners_size(), 1);
  EXPECT_EQ(response.listeners(0).address(), "127.0.0.1:50051");
  state_ = GatewayState::GATEWAY_STATE_DRAINING;
  EXPECT_EQ(Status()->response->state(), GatewayState::GATEWAY_STATE_DRAINING);
  gate_.Leave();
}

TEST_F(AdminHandlerTest, TellsOfEachPortalWhatItsLoopKnows) {
  Build({"globex", "acme"});
  Submit(0, "1");
  Submit(0, "22");
  Submit(0, "333");
  loop_.Run();
  loop_.Advance(1s);
  const auto answered = Status();
  ASSERT_TRUE(answered->status.ok()) << answered->status;
  ASSERT_EQ(answered->response->portals_size(), 2);
  EXPECT_EQ(answered->response->portals(0).ShortDebugString(),
            "name: \"acme\" host: \"acme.example\" queued_calls: 0 queued_bytes: 0 in_flight: 0 queued_bulk_calls: 0 "
            "requests: 0 sent_calls: 0 batches: 0 limit_refusals: 0 intake: PORTAL_INTAKE_OPEN held_method_count: 0 "
            "waiting_to_repeat: 0");
  EXPECT_EQ(
      answered->response->portals(1).ShortDebugString(),
      "name: \"globex\" host: \"globex.example\" queued_calls: 2 queued_bytes: 5 in_flight: 1 queued_bulk_calls: 0 "
      "longest_wait { seconds: 1 } requests: 1 sent_calls: 1 batches: 0 limit_refusals: 0 intake: PORTAL_INTAKE_OPEN "
      "held_method_count: 0 waiting_to_repeat: 0");
}

TEST_F(AdminHandlerTest, WaitsForTheLoopsOfThePortals) {
  Build({"acme"});
  const auto answered = Start<GetStatusResponse>(GetStatusRequest());
  EXPECT_EQ(answered->response, nullptr);
  loop_.Run();
  EXPECT_NE(answered->response, nullptr);
}

TEST_F(AdminHandlerTest, AnswersWithoutNumbersForAPortalWhoseLoopHasStopped) {
  Build({"acme"});
  loop_.Stop();
  const auto answered = Start<GetStatusResponse>(GetStatusRequest());
  ASSERT_NE(answered->response, nullptr);
  EXPECT_EQ(answered->response->portals(0).ShortDebugString(), "name: \"acme\" host: \"acme.example\"");
}

TEST_F(AdminHandlerTest, TellsOfEveryPortalOnceOverPages) {
  Build({"c", "a", "b"});
  GetStatusRequest request;
  request.set_page_size(2);
  auto page = Status(request);
  EXPECT_THAT(Names(*page->response), ElementsAre("a", "b"));
  request.set_page_token(page->response->next_page_token());
  page = Status(request);
  EXPECT_THAT(Names(*page->response), ElementsAre("c"));
  EXPECT_FALSE(page->response->has_next_page_token());
  EXPECT_EQ(page->response->portal_count(), 3);
}

TEST_F(AdminHandlerTest, TellsOfOnePortal) {
  Build({"a", "b", "c"});
  GetStatusRequest request;
  request.set_portal("b");
  const auto answered = Status(request);
  EXPECT_THAT(Names(*answered->response), ElementsAre("b"));
  EXPECT_FALSE(answered->response->has_next_page_token());
  request.set_portal("z");
  EXPECT_EQ(base::ReasonOf(Status(request)->status), "PORTAL_UNKNOWN");
}

// What clients of gRPC take by default, without being told otherwise.
TEST_F(AdminHandlerTest, KeepsAPageOfTenThousandPortalsBelowWhatClientsTake) {
  std::vector<std::string> names;
  for (int i = 0; i < 10'000; ++i) names.push_back(base::StrCat(std::string(55, 'p'), 10'000 + i));
  Build(names);
  GetStatusRequest request;
  request.set_page_size(10'000);
  std::vector<std::string> told;
  do {
    const auto page = Status(request);
    ASSERT_TRUE(page->status.ok());
    EXPECT_LT(page->response->ByteSizeLong(), size_t{1} << 20);
    for (const std::string& name : Names(*page->response)) told.push_back(name);
    request.set_page_token(page->response->next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(told, names);
}

}  // namespace
}  // namespace imbot::rpc_test
