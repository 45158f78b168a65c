// A key ledger over a store in memory; storage thread and clock are the test's.
#ifndef IMBOT_TESTS_PORTAL_KEY_LEDGER_FIXTURE_H_
#define IMBOT_TESTS_PORTAL_KEY_LEDGER_FIXTURE_H_

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "service/base/error.h"
#include "service/base/metrics.h"
#include "service/portal/key_ledger.h"
#include "tests/base/counting_random.h"
#include "tests/credentials/fake_store.h"
#include "tests/fakes/manual_loop.h"

namespace imbot::portal {

// Class NEVER, unless a test says otherwise.
struct Ask {
  std::string key = "1";
  std::string body = "a text";
  bool deduplicated = false;
  std::string caller = "crm";
  std::string portal = "acme";
  std::string bot = "support";
  std::string method = "imbot.v2.Chat.add";
  base::Duration timeout = std::chrono::seconds(30);
};

class KeyLedgerTest : public testing::Test {
 protected:
  // A call as its caller sees it.
  struct Call {
    KeyLedger::AskId id{};
    int decided = 0;
    std::shared_ptr<KeyLedger::Attempt> attempt;  // it goes out
    std::optional<KeyedOutcome> told;             // it does not

    bool sends() const { return attempt != nullptr; }
    std::string reason() const { return told.has_value() ? base::ReasonOf(told->status) : "not told"; }
    std::string outcome() const { return told.has_value() ? base::OutcomeOf(told->status) : "not told"; }
  };
  KeyLedgerTest() { Restart(); }

  // Attempts tell the ledger that they end.
  void TearDown() override {
    calls_.clear();
    storage_.Run();
  }

  // What was under way is forgotten, as with a killed process.
  void Restart(KeyLedgerOptions options = {}) {
    calls_.clear();
    storage_.Run();
    ledger_ = std::make_unique<KeyLedger>(KeyLedger::Dependencies{.store = store_,
                                                                  .storage_thread = storage_,
                                                                  .random = random_,
                                                                  .clock = clock_,
                                                                  .metrics = KeyLedgerMetrics::From(metrics_)},
                                          base::Secret("stable secret"), options);
  }

  // Asks, without turning the storage thread.
  Call& Start(const Ask& ask = {}) {
    Call& call = *calls_.emplace_back(std::make_unique<Call>());
    call.id = ledger_->Begin({.caller = ask.caller,
                              .portal = ask.portal,
                              .bot = ask.bot,
                              .key = ask.key,
                              .method = ask.method,
                              .body = ask.body,
                              .deduplicated = ask.deduplicated,
                              .deadline = clock_.Now() + ask.timeout},
                             [&call](KeyLedger::Verdict verdict) {
                               ++call.decided;
                               call.attempt = std::move(verdict.attempt);
                               if (call.attempt == nullptr) call.told = std::move(verdict.outcome);
                             });
    return call;
  }
  Call& Begin(const Ask& ask = {}) {
    Call& call = Start(ask);
    storage_.Run();
    return call;
  }
  // The call ends, and nothing more will come. False: the end could not be stored.
  bool End(Call& call, const KeyedOutcome& outcome) {
    bool stored = false;
    call.attempt->End(outcome, [&](const absl::Status& status) { stored = status.ok(); });
    call.attempt = nullptr;
    storage_.Run();
    return stored;
  }
  static KeyedOutcome Done(std::string response = "response") { return {absl::OkStatus(), std::move(response)}; }
  static KeyedOutcome Failed(base::Outcome outcome, std::string message = "made by the test") {
    return {base::Error(absl::StatusCode::kUnavailable, "TRANSPORT_FAILED", std::move(message))
                .SetOutcome(outcome)
                .Metadata("http_status", "502")
                .Build(),
            ""};
  }
  double Count(const char* result) {
    return metrics_.GetCounter("imbot_keyed_calls_total", "", {{"result", result}}).value();
  }
  int64_t NowMs() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(clock_.WallNow().time_since_epoch()).count();
  }
  storage::KeyRecord& OnlyRecord() {
    EXPECT_EQ(store_.keys.size(), 1u);
    return store_.keys.begin()->second;
  }

  fakes::ManualClock clock_;
  fakes::ManualLoop storage_{clock_};
  fakes::FakeStore store_;
  testing_support::CountingRandom random_;
  base::Metrics metrics_;
  std::unique_ptr<KeyLedger> ledger_;
  std::vector<std::unique_ptr<Call>> calls_;
};

}  // namespace imbot::portal

#endif  // IMBOT_TESTS_PORTAL_KEY_LEDGER_FIXTURE_H_
