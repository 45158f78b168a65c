// A PortalCallHandler with fakes around it, for what it does with one call.
#ifndef IMBOT_TESTS_RPC_PORTAL_CALL_FIXTURE_H_
#define IMBOT_TESTS_RPC_PORTAL_CALL_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "nlohmann/json.hpp"
#include "service/base/error.h"
#include "service/rpc/portal_call_handler.h"
#include "tests/base/counting_random.h"
#include "tests/credentials/fake_store.h"
#include "tests/credentials/storage_thread.h"
#include "tests/fakes/manual_loop.h"
#include "tests/portal/fake_credentials.h"

namespace imbot::rpc {

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
  // Of the fields that are wrong.
  std::vector<std::string> paths() const;
};

struct Options {
  std::string caller = "service-a";
  std::string idempotency_key = {};
  base::Duration timeout = std::chrono::seconds(30);
};

// The handler over a real scheduler, which makes each call once, registry and vault; loop, storage thread, store,
// transport and randomness are fakes.
class PortalCallFixture : public testing::Test {
 protected:
  PortalCallFixture();

  // What is still under way is answered while everything it needs is there.
  void TearDown() override;

  void Configure(CallPolicy policy, const std::string& template_secret = "stable secret");
  // Another vault over the same store.
  void Restart();

  // Starts, without turning anything.
  Outcome& Begin(std::string_view method, const std::string& request, const Options& options = {});
  // Until only the portal's answers are missing.
  void Settle();
  Outcome& Start(std::string_view method, const std::string& request, const Options& options = {});
  // The portal answers the request that was sent last.
  void Answer(const std::string& body, int http_status = 200);
  void Fail(transport::Failure::Kind kind, bool sent);
  Outcome& StartAndAnswer(std::string_view method, const std::string& request, const std::string& answer,
                          const Options& options = {});

  size_t sent() { return loop_.fake().sent(); }
  nlohmann::json SentBody() { return nlohmann::json::parse(loop_.fake().request(sent() - 1).body); }
  std::string SentUrl() { return std::string(loop_.fake().request(sent() - 1).url.Reveal()); }

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

}  // namespace imbot::rpc

#endif  // IMBOT_TESTS_RPC_PORTAL_CALL_FIXTURE_H_
