// Carries out calls of AdminService: what the gateway knows of itself, of its bots and of its portals. Changes are
// admin_changes.h's.
//
// Reads memory, and asks each portal's loop for its numbers; a portal that is being stopped has none. Asks no portal
// over the network, keeps nothing, shows no secret. Thread-safe; never blocks. Its dependencies outlive it and every
// call it has started.
#ifndef IMBOT_SERVICE_RPC_ADMIN_HANDLER_H_
#define IMBOT_SERVICE_RPC_ADMIN_HANDLER_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "imbot/gateway/v1/admin_service.pb.h"
#include "service/base/clock.h"
#include "service/base/log.h"
#include "service/base/mutex.h"
#include "service/credentials/bot_vault.h"
#include "service/portal/registry.h"
#include "service/rpc/admin_changes.h"
#include "service/rpc/admin_status.h"
#include "service/rpc/call.h"
#include "service/rpc/call_gate.h"

namespace imbot::rpc {

class AdminHandler final : public CallHandler {
 public:
  struct Dependencies {
    const portal::Registry& registry;
    const credentials::BotVault& vault;
    const CallGate& callers_gate;  // of the callers' listeners
    std::function<imbot::gateway::v1::GatewayState()> state;
    std::string version;
    base::Logger& logger;  // whose level is told and set; where changes are written down
    const base::Clock& clock = base::Clock::System();
  };
  // Now is the gateway's start.
  AdminHandler(Dependencies dependencies, std::vector<AdminPortal> portals);

  // What GetStatus tells of listeners, none before this: their ports are known only once they are there.
  void SetListeners(std::vector<imbot::gateway::v1::ListenerStatus> listeners) IMBOT_EXCLUDES(mutex_);

  std::shared_ptr<CallInProgress> Start(Call call, Reply reply) override;

  // The most entries in one page: what a page weighs stays far below the 4 MiB that clients of gRPC take.
  static constexpr int kMaxPageSize = 1'000;

 private:
  void ListBots(const imbot::gateway::v1::ListBotsRequest& request, Reply reply) const;
  void GetStatus(const imbot::gateway::v1::GetStatusRequest& request, Reply reply) const IMBOT_EXCLUDES(mutex_);
  absl::Status CheckPortal(const std::string& portal) const;

  const Dependencies dependencies_;
  const std::vector<AdminPortal> portals_;  // by name
  const AdminChanges changes_;
  const base::WallTime started_at_;
  const base::MonoTime started_;

  mutable base::Mutex mutex_;
  std::vector<imbot::gateway::v1::ListenerStatus> listeners_ IMBOT_GUARDED_BY(mutex_);
};

}  // namespace imbot::rpc

#endif  // IMBOT_SERVICE_RPC_ADMIN_HANDLER_H_
