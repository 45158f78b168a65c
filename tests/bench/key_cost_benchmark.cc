// What an idempotency key costs: calls that write their key before they leave, and their outcome after, on a real disk,
// by how many are under way at once. One transaction takes all that wait, so that the disk's waits bound the delay of a
// call, not the calls a second.
//
//   key_cost_benchmark [FOLDER]    on that folder's disk instead of the one for temporary files
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <semaphore>
#include <string>
#include <utility>
#include <vector>

#include "service/base/worker_thread.h"
#include "service/portal/key_ledger.h"
#include "service/storage/sqlite_store.h"

namespace imbot {
namespace {

using std::chrono::duration;
using std::chrono::steady_clock;

constexpr duration<double> kTime{3};

// Counts transactions.
class CountingStore final : public storage::Store {
 public:
  explicit CountingStore(storage::Store& store) : store_(store) {}
  absl::StatusOr<std::vector<storage::BotRecord>> LoadBots() override { return store_.LoadBots(); }
  absl::Status PutBot(const storage::BotRecord& record) override { return store_.PutBot(record); }
  absl::Status DeleteBot(std::string_view portal, std::string_view name) override {
    return store_.DeleteBot(portal, name);
  }
  absl::StatusOr<std::string> GetOrPutValue(std::string_view key, std::string_view initial) override {
    return store_.GetOrPutValue(key, initial);
  }
  absl::StatusOr<std::optional<storage::KeyRecord>> FindKey(std::string_view key) override {
    return store_.FindKey(key);
  }
  absl::Status PutKeys(std::span<const storage::KeyRecord> records) override {
    ++transactions;
    return store_.PutKeys(records);
  }
  absl::StatusOr<int64_t> DeleteExpiredKeys(int64_t now_unix_ms, int64_t limit) override {
    return store_.DeleteExpiredKeys(now_unix_ms, limit);
  }
  absl::Status Ping() override { return store_.Ping(); }

  std::atomic<int64_t> transactions = 0;

 private:
  storage::Store& store_;
};

bool Measure(const std::string& folder, bool deduplicated, int at_once) {
  const std::string path = folder + "/keys.db";
  std::filesystem::remove(path);
  auto opened = storage::SqliteStore::Open(path);
  if (!opened.ok()) {
    std::fprintf(stderr, "%s\n", std::string(opened.status().message()).c_str());
    return false;
  }
  CountingStore store(**opened);
  base::WorkerThread storage_thread("storage");
  portal::KeyLedger ledger({.store = store,
                            .storage_thread = storage_thread,
                            .random = base::Random::System(),
                            .clock = base::Clock::System()},
                           base::Secret("secret"), {});
  std::counting_semaphore<> room(at_once);
  std::atomic<int64_t> failed = 0;
  const std::string body(400, 'x');
  int64_t calls = 0;
  const auto begun = steady_clock::now();
  for (; steady_clock::now() - begun < kTime; ++calls) {
    room.acquire();
    const std::string key = "order-" + std::to_string(calls);
    ledger.Begin({.caller = "crm",
                  .portal = "acme",
                  .bot = "support",
                  .key = key,
                  .method = "imbot.v2.Chat.Message.send",
                  .body = body,
                  .deduplicated = deduplicated,
                  .deadline = base::Clock::System().Now() + std::chrono::seconds(30)},
                 [&](portal::KeyLedger::Verdict verdict) {
                   if (verdict.attempt == nullptr) {
                     ++failed;
                     return room.release();
                   }
                   verdict.attempt->End({absl::OkStatus(), "\x08\x95\x06"}, [&](absl::Status stored) {
                     if (!stored.ok()) ++failed;
                     room.release();
                   });
                 });
  }
  for (int i = 0; i < at_once; ++i) room.acquire();
  const duration<double> took = steady_clock::now() - begun;
  storage_thread.Stop();
  const auto per_second = [&](int64_t count) { return static_cast<double>(count) / took.count(); };
  std::printf("| %-36s | %6d | %10.0f | %14.0f | %10.2f |\n",
              deduplicated ? "messages" : "calls that can't be repeated", at_once, per_second(calls),
              per_second(store.transactions), took.count() * 1000 * at_once / static_cast<double>(calls));
  return failed == 0;
}

}  // namespace
}  // namespace imbot

int main(int argc, char** argv) {
  std::string folder =
      (argc > 1 ? std::filesystem::path(argv[1]) : std::filesystem::temp_directory_path()) / "keys.XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) return std::perror(folder.c_str()), 2;
  std::printf(
      "| calls with an idempotency key         | at once| calls a s.  | transactions a s. | ms a call "
      "|\n|---|---|---|---|---|\n");
  bool good = true;
  for (const bool deduplicated : {true, false}) {
    for (const int at_once : {1, 16, 256}) good = imbot::Measure(folder, deduplicated, at_once) && good;
  }
  std::filesystem::remove_all(folder);
  return good ? 0 : 1;
}
