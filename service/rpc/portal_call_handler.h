// Carries a call out: checks it, finds the portal and the bot, encodes, hands it to the portal's scheduler, decodes
// what comes back.
//
// Knows no method by name. The two that change the gateway's own list of bots say so in their options (bot_effect).
// Thread-safe; its dependencies outlive it and every call it has started.
#ifndef IMBOT_SERVICE_RPC_PORTAL_CALL_HANDLER_H_
#define IMBOT_SERVICE_RPC_PORTAL_CALL_HANDLER_H_

#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "service/base/clock.h"
#include "service/base/log.h"
#include "service/base/random.h"
#include "service/base/secret.h"
#include "service/credentials/bot_vault.h"
#include "service/portal/key_ledger.h"
#include "service/portal/registry.h"
#include "service/rpc/call.h"

namespace imbot::rpc {

// What of the configuration concerns a call. Immutable.
struct CallPolicy {
  std::string default_portal;           // empty: the short form of a bot's name is refused
  std::set<std::string> handler_hosts;  // lower case; hosts that handler URLs may name
};

class PortalCallHandler final : public CallHandler {
 public:
  struct Dependencies {
    portal::Registry& registry;
    credentials::BotVault& vault;
    portal::KeyLedger& keys;
    base::Random& random;
    const base::Clock& clock;
    base::Logger* logger = nullptr;  // for lines at level debug; null: none
  };
  // `template_secret`: from which templateIds of keyed sends are made; the same after a restart and on every replica.
  PortalCallHandler(Dependencies dependencies, CallPolicy policy, base::Secret template_secret);

  std::shared_ptr<CallInProgress> Start(Call call, Reply reply) override;

 private:
  class Operation;

  const Dependencies dependencies_;
  const CallPolicy policy_;
  const base::Secret template_secret_;
};

}  // namespace imbot::rpc

#endif  // IMBOT_SERVICE_RPC_PORTAL_CALL_HANDLER_H_
