// The bots the gateway speaks for, and their secrets.
//
// In memory for every call, in the store for good. A registration is stored as pending, with its secret, before the
// call leaves, and as active once the portal has confirmed; so a gateway killed at any point still knows the secret of
// every bot the portal may have created, and a repeated registration uses that same secret, by which the portal
// recognises the bot as its owner's. Bots of the configuration are there too; they are never written to the store.
// Thread-safe. Reads never block; writes happen on the storage thread and answer through callbacks from there.
#ifndef IMBOT_SERVICE_CREDENTIALS_BOT_VAULT_H_
#define IMBOT_SERVICE_CREDENTIALS_BOT_VAULT_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "service/base/clock.h"
#include "service/base/executor.h"
#include "service/base/mutex.h"
#include "service/base/random.h"
#include "service/base/seal.h"
#include "service/base/secret.h"
#include "service/storage/store.h"

namespace imbot::credentials {

struct Bot {
  int64_t id = 0;
  std::shared_ptr<const base::Secret> secret;  // botToken or CLIENT_ID; empty for a bot of an OAuth application
};

// A bot that the configuration names.
struct ConfiguredBot {
  std::string portal;
  std::string name;
  int64_t id = 0;
  base::Secret secret;
};

// A bot without its secret.
struct BotSummary {
  std::string portal;
  std::string name;
  int64_t id = 0;  // 0 while pending
  bool pending = false;
  bool configured = false;
};

struct PendingBot {
  std::string portal;
  std::string name;
  std::shared_ptr<const base::Secret> secret;
};

class BotVault {
 public:
  struct Dependencies {
    storage::Store& store;
    base::Executor& storage_thread;
    const base::Sealer& sealer;
    base::Random& random;
    const base::Clock& clock;
  };
  // Loads what the store holds. Blocking: at start, before anything else uses the store. DATA_LOSS if a secret can't be
  // opened.
  static absl::StatusOr<std::unique_ptr<BotVault>> Create(Dependencies dependencies,
                                                          std::vector<ConfiguredBot> configured);

  // Error: NOT_FOUND, reason BOT_UNKNOWN; FAILED_PRECONDITION, reason REGISTRATION_PENDING, if a registration was begun
  // and its outcome is not known: registering again settles it.
  absl::StatusOr<Bot> Find(std::string_view portal, std::string_view name) const;

  // Those of all bots of the portal, known and pending: what nobody must be shown.
  std::vector<std::shared_ptr<const base::Secret>> SecretsOf(std::string_view portal) const;

  // Registrations whose outcome is not known.
  std::vector<PendingBot> Pending() const;

  // At most `limit` bots that come after `after` (portal and name) in the order of portal and name. `portal` empty: of
  // all portals.
  std::vector<BotSummary> List(std::string_view portal, const std::pair<std::string, std::string>& after,
                               size_t limit) const;

  // The secret to register with, stored as pending before `done` is called: a new one, or that of the bot, active or
  // pending, of this name.
  using Begun = absl::AnyInvocable<void(absl::StatusOr<std::shared_ptr<const base::Secret>>)>;
  void BeginRegistration(std::string_view portal, std::string_view name, std::string_view method, Begun done);
  // The portal confirmed: the bot is stored as active before `done` is called.
  using Stored = absl::AnyInvocable<void(absl::Status)>;
  void FinishRegistration(std::string_view portal, std::string_view name, int64_t id, Stored done);
  // The same for a pending bot that the portal was asked about, rather than registered again; nothing happens if it is
  // no longer pending.
  void ConfirmPending(std::string_view portal, std::string_view name, int64_t id, Stored done);
  // The registration that was begun ended otherwise. What it left pending is forgotten if it is proved that the portal
  // did nothing (in this attempt and in every other one); else it stays, with its secret.
  void AbandonRegistration(std::string_view portal, std::string_view name, bool proved_not_executed);
  // The portal confirmed that the bot is gone.
  void Remove(std::string_view portal, std::string_view name, Stored done);

  size_t size() const;

 private:
  using Key = std::pair<std::string, std::string>;  // portal, name
  struct Entry {
    storage::BotRecord record;
    std::shared_ptr<const base::Secret> secret;
    bool configured = false;
    bool durable = false;          // the store holds it as pending or active
    int attempts = 0;              // registrations under way
    bool may_be_executed = false;  // some earlier attempt may have reached the portal
  };

  // On the storage thread.
  void StoreActive(const Key& key, int64_t id, Stored done);

  explicit BotVault(Dependencies dependencies) : dependencies_(dependencies) {}
  int64_t NowMs() const;

  const Dependencies dependencies_;
  mutable base::Mutex mutex_;
  std::map<Key, Entry> bots_ IMBOT_GUARDED_BY(mutex_);
};

}  // namespace imbot::credentials

#endif  // IMBOT_SERVICE_CREDENTIALS_BOT_VAULT_H_
