// Carries out calls of RawService: checks who may, finds the portal and the bot, encodes, hands the call to the
// portal's scheduler, and gives back what the portal answered as it stands.
//
// Such a call never goes in a batch and is never repeated, since nobody knows what its method does; its idempotency key
// is kept as that of any call that can't be repeated. Thread-safe; its dependencies outlive it and every call it has
// started.
#ifndef IMBOT_SERVICE_RPC_RAW_CALL_HANDLER_H_
#define IMBOT_SERVICE_RPC_RAW_CALL_HANDLER_H_

#include <memory>

#include "service/base/log.h"
#include "service/credentials/bot_vault.h"
#include "service/portal/key_ledger.h"
#include "service/portal/registry.h"
#include "service/rpc/call.h"
#include "service/rpc/portal_call_handler.h"
#include "service/translate/method_table.h"

namespace imbot::rpc {

class RawCallHandler final : public CallHandler {
 public:
  struct Dependencies {
    portal::Registry& registry;
    credentials::BotVault& vault;
    const translate::MethodTable& methods;
    portal::KeyLedger& keys;
    base::Logger* logger = nullptr;  // for lines at level debug; null: none
  };
  RawCallHandler(Dependencies dependencies, CallPolicy policy);

  // `call.request` is an imbot.gateway.v1.CallRequest.
  std::shared_ptr<CallInProgress> Start(Call call, Reply reply) override;

 private:
  class Operation;

  const Dependencies dependencies_;
  const CallPolicy policy_;
};

}  // namespace imbot::rpc

#endif  // IMBOT_SERVICE_RPC_RAW_CALL_HANDLER_H_
