// imbot.gateway.v1.RawService as gRPC sees it. Owned by whoever owns the server, and outlives it.
#ifndef IMBOT_SERVICE_RPC_RAW_SERVICE_H_
#define IMBOT_SERVICE_RPC_RAW_SERVICE_H_

#include <memory>
#include <string>

#include "service/rpc/call_frame.h"
#include "service/rpc/routes.h"
#include "service/translate/method_table.h"

namespace imbot::rpc {

class RawService {
 public:
  RawService();

  // The environment's handler takes CallRequests: a RawCallHandler.
  void AddTo(Routes* routes, std::shared_ptr<const CallEnvironment> environment) const;
  // Full name, for health and reflection.
  const std::string& name() const { return method_.descriptor->service()->full_name(); }

 private:
  const translate::MethodSpec method_;
};

}  // namespace imbot::rpc

#endif  // IMBOT_SERVICE_RPC_RAW_SERVICE_H_
