// A store in memory that fails when a test says so, and lets the test look, or do something, in the middle of a write.
#ifndef IMBOT_TESTS_CREDENTIALS_FAKE_STORE_H_
#define IMBOT_TESTS_CREDENTIALS_FAKE_STORE_H_

#include <functional>
#include <iterator>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "service/storage/store.h"

namespace imbot::fakes {

class FakeStore final : public storage::Store {
 public:
  absl::StatusOr<std::vector<storage::BotRecord>> LoadBots() override {
    if (!load_status.ok()) return load_status;
    std::vector<storage::BotRecord> out;
    for (const auto& [key, record] : bots) out.push_back(record);
    return out;
  }
  absl::Status PutBot(const storage::BotRecord& record) override {
    ++puts;
    if (const absl::Status status = Next(&put_failures); !status.ok()) return status;
    bots[{record.portal, record.name}] = record;
    return absl::OkStatus();
  }
  absl::Status DeleteBot(std::string_view portal, std::string_view name) override {
    ++deletes;
    if (on_delete) std::exchange(on_delete, nullptr)();
    if (const absl::Status status = Next(&delete_failures); !status.ok()) return status;
    bots.erase({std::string(portal), std::string(name)});
    return absl::OkStatus();
  }
  absl::StatusOr<std::string> GetOrPutValue(std::string_view, std::string_view initial) override {
    return std::string(initial);
  }
  absl::StatusOr<std::optional<storage::KeyRecord>> FindKey(std::string_view key) override {
    if (const absl::Status status = Next(&find_key_failures); !status.ok()) return status;
    const auto it = keys.find(std::string(key));
    return it == keys.end() ? std::nullopt : std::optional(it->second);
  }
  absl::Status PutKeys(std::span<const storage::KeyRecord> records) override {
    key_groups.push_back(records.size());
    if (const absl::Status status = Next(&put_key_failures); !status.ok()) return status;
    for (const storage::KeyRecord& record : records) keys[record.key] = record;
    return absl::OkStatus();
  }
  absl::StatusOr<int64_t> DeleteExpiredKeys(int64_t now_unix_ms, int64_t limit) override {
    int64_t deleted = 0;
    for (auto it = keys.begin(); it != keys.end() && deleted < limit;) {
      const bool expired = it->second.expires_unix_ms < now_unix_ms;
      it = expired ? keys.erase(it) : std::next(it);
      deleted += expired;
    }
    return deleted;
  }
  absl::Status Ping() override { return absl::OkStatus(); }

  std::optional<storage::BotRecord> Record(const std::string& portal, const std::string& name) const {
    const auto it = bots.find({portal, name});
    return it == bots.end() ? std::nullopt : std::optional(it->second);
  }

  std::map<std::pair<std::string, std::string>, storage::BotRecord> bots;
  absl::Status load_status;
  int put_failures = 0;             // so many next writes fail
  int delete_failures = 0;          // so many next deletions fail
  std::function<void()> on_delete;  // runs once, before the next deletion
  std::map<std::string, storage::KeyRecord> keys;
  int find_key_failures = 0;
  int put_key_failures = 0;
  std::vector<size_t> key_groups;  // how many records each PutKeys() had
  int puts = 0;
  int deletes = 0;

 private:
  static absl::Status Next(int* failures) {
    if (*failures == 0) return absl::OkStatus();
    --*failures;
    return absl::UnavailableError("disk full");
  }
};

}  // namespace imbot::fakes

#endif  // IMBOT_TESTS_CREDENTIALS_FAKE_STORE_H_
