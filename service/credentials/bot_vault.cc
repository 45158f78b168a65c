#include "service/credentials/bot_vault.h"

#include <algorithm>
#include <chrono>

#include "service/base/error.h"
#include "service/base/strings.h"

namespace imbot::credentials {

using base::Error;
using storage::BotRecord;

namespace {

// Binds a sealed secret to its record: one copied into another record does not open.
std::string SealContext(std::string_view portal, std::string_view name) {
  return base::StrCat("bot/", portal, "/", name);
}

absl::Status StorageFailed(const absl::Status& status) {
  return Error(absl::StatusCode::kUnavailable, "STORAGE_FAILED",
               base::StrCat("the gateway can't store the bot's secret (",
                            std::string_view(status.message().data(), status.message().size()),
                            "); the operator has to look at the storage"))
      .RetryAfter(std::chrono::seconds(5))
      .Build();
}

}  // namespace

absl::StatusOr<std::unique_ptr<BotVault>> BotVault::Create(Dependencies dependencies,
                                                           std::vector<ConfiguredBot> configured) {
  std::unique_ptr<BotVault> vault(new BotVault(dependencies));
  auto records = dependencies.store.LoadBots();
  if (!records.ok()) return records.status();
  base::MutexLock lock(vault->mutex_);
  for (BotRecord& record : *records) {
    auto secret = dependencies.sealer.Open(record.sealed_secret, SealContext(record.portal, record.name));
    if (!secret.ok()) return secret.status();
    Entry entry;
    entry.secret = std::make_shared<const base::Secret>(*std::move(secret));
    entry.durable = true;
    entry.may_be_executed = true;
    Key key(record.portal, record.name);
    entry.record = std::move(record);
    vault->bots_.emplace(std::move(key), std::move(entry));
  }
  for (ConfiguredBot& bot : configured) {
    Entry entry;
    entry.record.portal = bot.portal;
    entry.record.name = bot.name;
    entry.record.state = BotRecord::State::kActive;
    entry.record.bot_id = bot.id;
    entry.secret = std::make_shared<const base::Secret>(std::move(bot.secret));
    entry.configured = true;
    // The configuration wins over what was stored for a bot of the same name.
    vault->bots_.insert_or_assign(Key(bot.portal, bot.name), std::move(entry));
  }
  return vault;
}

absl::StatusOr<Bot> BotVault::Find(std::string_view portal, std::string_view name) const {
  base::MutexLock lock(mutex_);
  const auto it = bots_.find(Key(portal, name));
  if (it == bots_.end()) {
    return Error(absl::StatusCode::kNotFound, "BOT_UNKNOWN",
                 base::StrCat("the gateway knows no bot ", portal, "/", name,
                              ": register it, or add it to the configuration"))
        .Metadata("portal", portal)
        .Build();
  }
  if (it->second.record.state == BotRecord::State::kPending) {
    return Error(absl::StatusCode::kFailedPrecondition, "REGISTRATION_PENDING",
                 base::StrCat("a registration of bot ", portal, "/", name,
                              " was begun and its outcome is not known: register it again"))
        .Metadata("portal", portal)
        .Build();
  }
  return Bot{it->second.record.bot_id, it->second.secret};
}

std::vector<std::shared_ptr<const base::Secret>> BotVault::SecretsOf(std::string_view portal) const {
  base::MutexLock lock(mutex_);
  std::vector<std::shared_ptr<const base::Secret>> secrets;
  for (auto it = bots_.lower_bound(Key(portal, "")); it != bots_.end() && it->first.first == portal; ++it) {
    if (it->second.secret != nullptr && !it->second.secret->empty()) secrets.push_back(it->second.secret);
  }
  return secrets;
}

std::vector<PendingBot> BotVault::Pending() const {
  base::MutexLock lock(mutex_);
  std::vector<PendingBot> pending;
  for (const auto& [key, entry] : bots_) {
    if (entry.record.state == BotRecord::State::kPending) pending.push_back({key.first, key.second, entry.secret});
  }
  return pending;
}

std::vector<BotSummary> BotVault::List(std::string_view portal, const std::pair<std::string, std::string>& after,
                                       size_t limit) const {
  base::MutexLock lock(mutex_);
  std::vector<BotSummary> found;
  // A bot's name is never empty.
  auto it = bots_.upper_bound(std::max(after, Key(portal, "")));
  for (; it != bots_.end() && found.size() < limit && (portal.empty() || it->first.first == portal); ++it) {
    const storage::BotRecord& record = it->second.record;
    found.push_back({.portal = it->first.first,
                     .name = it->first.second,
                     .id = record.bot_id,
                     .pending = record.state == BotRecord::State::kPending,
                     .configured = it->second.configured});
  }
  return found;
}

size_t BotVault::size() const {
  base::MutexLock lock(mutex_);
  return bots_.size();
}

int64_t BotVault::NowMs() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(dependencies_.clock.WallNow().time_since_epoch())
      .count();
}

void BotVault::BeginRegistration(std::string_view portal, std::string_view name, std::string_view method, Begun done) {
  Key key(portal, name);
  {
    base::MutexLock lock(mutex_);
    Entry& entry = bots_[key];
    ++entry.attempts;
    if (entry.secret == nullptr) {
      entry.secret = std::make_shared<const base::Secret>(base::SecretToken(dependencies_.random));
      entry.record.portal = portal;
      entry.record.name = name;
      entry.record.state = BotRecord::State::kPending;
      entry.record.sealed_secret = dependencies_.sealer.Seal(*entry.secret, SealContext(portal, name));
      entry.record.method = method;
      entry.record.created_unix_ms = entry.record.updated_unix_ms = NowMs();
    }
  }
  dependencies_.storage_thread.Post([this, key = std::move(key), done = std::move(done)]() mutable {
    // Looked at only now, in the order of the store's own work: another attempt may have stored the record since, even
    // as active, or a removal deleted it. The entry is there as long as this attempt counts.
    BotRecord record;
    std::shared_ptr<const base::Secret> secret;
    bool stored = false;
    {
      base::MutexLock lock(mutex_);
      const Entry& entry = bots_[key];
      record = entry.record;
      secret = entry.secret;
      stored = entry.durable || entry.configured;
    }
    if (stored) return done(std::move(secret));
    if (const absl::Status status = dependencies_.store.PutBot(record); !status.ok()) {
      AbandonRegistration(key.first, key.second, /*proved_not_executed=*/true);
      return done(StorageFailed(status));
    }
    {
      base::MutexLock lock(mutex_);
      bots_[key].durable = true;
    }
    done(std::move(secret));
  });
}

void BotVault::FinishRegistration(std::string_view portal, std::string_view name, int64_t id, Stored done) {
  dependencies_.storage_thread.Post([this, key = Key(portal, name), id, done = std::move(done)]() mutable {
    {
      base::MutexLock lock(mutex_);
      if (const auto it = bots_.find(key); it != bots_.end() && it->second.attempts > 0) --it->second.attempts;
    }
    StoreActive(key, id, std::move(done));
  });
}

void BotVault::ConfirmPending(std::string_view portal, std::string_view name, int64_t id, Stored done) {
  dependencies_.storage_thread.Post([this, key = Key(portal, name), id, done = std::move(done)]() mutable {
    bool pending = false;
    {
      base::MutexLock lock(mutex_);
      const auto it = bots_.find(key);
      pending = it != bots_.end() && it->second.record.state == BotRecord::State::kPending;
    }
    if (!pending) return done(absl::OkStatus());
    StoreActive(key, id, std::move(done));
  });
}

void BotVault::StoreActive(const Key& key, int64_t id, Stored done) {
  BotRecord record;
  bool configured = false;
  bool removed = false;
  {
    base::MutexLock lock(mutex_);
    const auto it = bots_.find(key);
    removed = it == bots_.end();
    if (!removed) {
      configured = it->second.configured;
      record = it->second.record;
      // Whatever happens to the record now, the portal has the bot.
      it->second.may_be_executed = true;
    }
  }
  if (configured || removed) return done(absl::OkStatus());
  record.state = BotRecord::State::kActive;
  record.bot_id = id;
  record.updated_unix_ms = NowMs();
  // On failure the pending record stays: registering again settles it.
  if (const absl::Status status = dependencies_.store.PutBot(record); !status.ok()) return done(StorageFailed(status));
  {
    base::MutexLock lock(mutex_);
    if (const auto it = bots_.find(key); it != bots_.end()) {
      it->second.record = record;
      it->second.durable = true;
    }
  }
  done(absl::OkStatus());
}

void BotVault::AbandonRegistration(std::string_view portal, std::string_view name, bool proved_not_executed) {
  {
    base::MutexLock lock(mutex_);
    const auto it = bots_.find(Key(portal, name));
    if (it == bots_.end()) return;
    Entry& entry = it->second;
    if (entry.attempts > 0) --entry.attempts;
    entry.may_be_executed = entry.may_be_executed || !proved_not_executed;
    if (entry.attempts > 0 || entry.may_be_executed || entry.configured ||
        entry.record.state != BotRecord::State::kPending)
      return;
  }
  dependencies_.storage_thread.Post([this, key = Key(portal, name)] {
    {
      base::MutexLock lock(mutex_);
      const auto it = bots_.find(key);
      if (it == bots_.end()) return;
      const Entry& entry = it->second;
      // Somebody may have begun again since.
      if (entry.attempts > 0 || entry.may_be_executed || entry.record.state != BotRecord::State::kPending) return;
      bots_.erase(it);
    }
    // If this fails, the record comes back at the next start as pending: harmless.
    dependencies_.store.DeleteBot(key.first, key.second).IgnoreError();
  });
}

void BotVault::Remove(std::string_view portal, std::string_view name, Stored done) {
  dependencies_.storage_thread.Post([this, key = Key(portal, name), done = std::move(done)]() mutable {
    std::optional<BotRecord> registering_anew;
    {
      base::MutexLock lock(mutex_);
      const auto it = bots_.find(key);
      if (it == bots_.end() || it->second.configured) return done(absl::OkStatus());
      if (it->second.attempts > 0) {
        registering_anew = it->second.record;
        registering_anew->state = BotRecord::State::kPending;
        registering_anew->bot_id = 0;
      }
    }
    const absl::Status status = registering_anew.has_value() ? dependencies_.store.PutBot(*registering_anew)
                                                             : dependencies_.store.DeleteBot(key.first, key.second);
    if (!status.ok()) return done(StorageFailed(status));
    {
      base::MutexLock lock(mutex_);
      if (const auto it = bots_.find(key); it != bots_.end()) {
        if (registering_anew.has_value()) {
          it->second.record = *registering_anew;
        } else if (it->second.attempts == 0) {
          bots_.erase(it);
        } else {
          // A registration began since: it will find the record gone, and store it anew with the same secret.
          it->second.durable = false;
          it->second.record.state = BotRecord::State::kPending;
          it->second.record.bot_id = 0;
        }
      }
    }
    done(absl::OkStatus());
  });
}

}  // namespace imbot::credentials
