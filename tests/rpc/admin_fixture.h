// AdminService's handler over portals whose loop the test turns.
#ifndef IMBOT_TESTS_RPC_ADMIN_FIXTURE_H_
#define IMBOT_TESTS_RPC_ADMIN_FIXTURE_H_

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "service/base/log.h"
#include "service/rpc/admin_handler.h"
#include "tests/base/counting_random.h"
#include "tests/credentials/fake_store.h"
#include "tests/credentials/storage_thread.h"
#include "tests/fakes/manual_clock.h"
#include "tests/fakes/manual_loop.h"
#include "tests/portal/fake_credentials.h"

namespace imbot::rpc_test {

// Answer of a method.
template <typename Response>
struct Answered {
  absl::Status status = absl::UnknownError("no answer yet");
  std::unique_ptr<Response> response;
};

class AdminFixture : public ::testing::Test {
 protected:
  // Portals `name`, on the loop that tests turn; bots of the configuration.
  void Build(const std::vector<std::string>& portals, std::vector<credentials::ConfiguredBot> bots = {}) {
    auto vault = credentials::BotVault::Create({store_, storage_thread_, sealer_, random_, clock_}, std::move(bots));
    ASSERT_TRUE(vault.ok()) << vault.status();
    vault_ = *std::move(vault);
    std::vector<std::unique_ptr<portal::Port>> ports;
    std::vector<rpc::AdminPortal> admin;
    portal::SchedulerOptions options;
    options.max_in_flight = 1;
    for (const std::string& name : portals) {
      ports.push_back(std::make_unique<portal::Port>(name, loop_, loop_.clock(), credentials_,
                                                     std::make_shared<portal::LeakyBucket>(portal::kUnlimitedPlan),
                                                     options, portal::SchedulerMetrics{}));
      ports_.push_back(ports.back().get());
      admin.push_back({name, name + ".example"});
    }
    registry_ = std::make_unique<portal::Registry>(std::move(ports));
    handler_ = std::make_unique<rpc::AdminHandler>(rpc::AdminHandler::Dependencies{.registry = *registry_,
                                                                                   .vault = *vault_,
                                                                                   .callers_gate = gate_,
                                                                                   .state = [this] { return state_; },
                                                                                   .version = "1.2.3",
                                                                                   .logger = logger_,
                                                                                   .clock = clock_},
                                                   std::move(admin));
  }

  template <typename Response, typename Request>
  std::shared_ptr<Answered<Response>> Start(const Request& request) {
    auto answered = std::make_shared<Answered<Response>>();
    rpc::Call call;
    call.request = std::make_unique<Request>(request);
    call.request_id = "request-1";
    call.peer = peer_;
    handler_->Start(
        std::move(call),
        rpc::Reply([answered](absl::Status status, std::unique_ptr<google::protobuf::Message> response, rpc::CallInfo) {
          answered->status = std::move(status);
          answered->response.reset(static_cast<Response*>(response.release()));
        }));
    return answered;
  }
  // Turns the portals' loop.
  template <typename Response, typename Request>
  std::shared_ptr<Answered<Response>> Ask(const Request& request) {
    auto answered = Start<Response>(request);
    loop_.Run();
    return answered;
  }
  // The portal at `port`, in the order of Build(), has room for one call at a time.
  void Submit(
      size_t port, const std::string& body, portal::Done done = [](portal::Answer) {}) {
    portal::Outgoing call;
    call.method = "imbot.v2.Revision.get";
    call.body = [body] { return body; };
    call.bytes = body.size();
    call.deadline = loop_.Now() + std::chrono::seconds(30);
    ports_.at(port)->Submit(std::move(call), std::move(done));
  }

  fakes::ManualClock clock_;
  // What the loop drops at its end may still be written down.
  std::vector<std::string> lines_;
  base::Logger logger_{base::Level::kInfo, [this](std::string_view line) { lines_.emplace_back(line); }, clock_};
  fakes::ManualLoop loop_;
  fakes::FakeCredentials credentials_;
  fakes::FakeStore store_;
  fakes::StorageThread storage_thread_;
  testing_support::CountingRandom random_;
  base::Sealer sealer_{*base::SealKey::Parse(std::string(64, 'a')), {}, random_};
  std::unique_ptr<credentials::BotVault> vault_;
  std::vector<portal::Port*> ports_;
  std::unique_ptr<portal::Registry> registry_;
  rpc::CallGate gate_;
  rpc::Peer peer_{"127.0.0.1:4711", ""};
  imbot::gateway::v1::GatewayState state_ = imbot::gateway::v1::GATEWAY_STATE_SERVING;
  std::unique_ptr<rpc::AdminHandler> handler_;
};

}  // namespace imbot::rpc_test

#endif  // IMBOT_TESTS_RPC_ADMIN_FIXTURE_H_
