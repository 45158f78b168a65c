// After a restart: asks the portals about the bots whose registration was cut off by the gateway's end, so that nobody
// has to register them again.
//
// A portal that has the bot, as this gateway's own, makes it active. One that has not leaves it pending: only a caller
// decides to create a bot. A portal that does not answer is asked again, ever more slowly.
#ifndef IMBOT_SERVICE_RPC_REGISTRATION_RECOVERY_H_
#define IMBOT_SERVICE_RPC_REGISTRATION_RECOVERY_H_

#include <chrono>
#include <memory>
#include <string>

#include "service/base/clock.h"
#include "service/base/executor.h"
#include "service/base/log.h"
#include "service/credentials/bot_vault.h"
#include "service/portal/registry.h"

namespace imbot::rpc {

// Owned by gateway.cc; destroyed after the registry and the executor have stopped. Thread-safe.
class RegistrationRecovery {
 public:
  struct Dependencies {
    portal::Registry& registry;
    credentials::BotVault& vault;
    base::Executor& executor;  // for its timers
    base::Logger& logger;
    const base::Clock& clock;
  };
  explicit RegistrationRecovery(Dependencies dependencies) : dependencies_(dependencies) {}
  ~RegistrationRecovery();

  // Asks about every pending bot. Does not wait for the answers.
  void Start();

 private:
  void Ask(const credentials::PendingBot& bot, std::chrono::milliseconds pause);
  void OnAnswer(const credentials::PendingBot& bot, std::chrono::milliseconds pause, const portal::Answer& answer);

  const Dependencies dependencies_;
  // Late answers and timers find out that this has gone.
  std::shared_ptr<RegistrationRecovery*> self_ = std::make_shared<RegistrationRecovery*>(this);
};

}  // namespace imbot::rpc

#endif  // IMBOT_SERVICE_RPC_REGISTRATION_RECOVERY_H_
