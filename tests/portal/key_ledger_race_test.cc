// Many threads ask for the same keys at once, over the real storage thread: of each request one attempt is under way at
// a time, none follows one that was executed, and everybody is told something, once.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "service/base/error.h"
#include "service/base/worker_thread.h"
#include "service/portal/key_ledger.h"
#include "tests/credentials/fake_store.h"

namespace imbot::portal {
namespace {

constexpr int kKeys = 40;
constexpr int kThreads = 4;
constexpr int kAsksEach = 1'500;

struct Key {
  std::atomic<int> under_way = 0;
  std::atomic<int> executed = 0;
  std::atomic<int> overlaps = 0;
  std::atomic<int> late = 0;  // attempts after one that was executed
};

TEST(KeyLedgerRaces, OneAttemptAtATimeAndNoneAfterOneThatWasExecuted) {
  fakes::FakeStore store;
  base::WorkerThread storage_thread("storage"), portal("portal");
  KeyLedger ledger({.store = store,
                    .storage_thread = storage_thread,
                    .random = base::Random::System(),
                    .clock = base::Clock::System()},
                   base::Secret("secret"), {});
  std::array<Key, kKeys> keys;
  std::atomic<int> decided = 0, attempts = 0;
  // The portal: of three attempts one is executed, which is known only late, and two are proved not to be.
  const auto carry_out = [&](int key, const std::shared_ptr<KeyLedger::Attempt>& attempt) {
    Key& state = keys[static_cast<size_t>(key)];
    state.overlaps += state.under_way++ > 0;
    state.late += state.executed > 0;
    portal.Post([&state, attempt = attempt, number = attempts++]() mutable {
      const auto ignore = [](const absl::Status&) {};
      const auto failed = [](base::Outcome outcome) {
        return KeyedOutcome{
            base::Error(absl::StatusCode::kUnavailable, "TRANSPORT_FAILED", "cut").SetOutcome(outcome).Build(), ""};
      };
      --state.under_way;
      if (number % 3 == 0) {
        ++state.executed;
        attempt->End(failed(base::Outcome::kUnknown), ignore);
        attempt->End({absl::OkStatus(), "response"}, ignore);
      } else {
        attempt->End(failed(base::Outcome::kNotExecuted), ignore);
      }
      attempt = nullptr;
    });
  };
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kAsksEach; ++i) {
        const int key = (i * 7 + t) % kKeys;
        const std::string name = std::to_string(key);
        const auto id = ledger.Begin({.caller = "crm",
                                      .portal = "acme",
                                      .bot = "support",
                                      .key = name,
                                      .method = "imbot.v2.Chat.add",
                                      .body = "a text",
                                      .deadline = base::Clock::System().Now() + std::chrono::seconds(60)},
                                     [&, key](KeyLedger::Verdict verdict) {
                                       ++decided;
                                       if (verdict.attempt != nullptr) carry_out(key, verdict.attempt);
                                     });
        if (i % 5 == 0) ledger.Cancel(id);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while ((decided < kThreads * kAsksEach || ledger.under_way() > 0) && std::chrono::steady_clock::now() < give_up)
    std::this_thread::yield();
  EXPECT_EQ(decided, kThreads * kAsksEach);
  EXPECT_EQ(ledger.under_way(), 0u);
  int executed = 0;
  for (const Key& key : keys) {
    EXPECT_EQ(key.overlaps, 0);
    EXPECT_EQ(key.late, 0);
    EXPECT_LE(key.executed, 1);
    executed += key.executed;
  }
  EXPECT_EQ(executed, kKeys);
  EXPECT_GE(attempts, kKeys);
  storage_thread.Stop();
  portal.Stop();
}

}  // namespace
}  // namespace imbot::portal
