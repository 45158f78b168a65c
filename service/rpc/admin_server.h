// The operator's listener: AdminService with health and reflection of its own, apart from the callers' listeners, so
// that no caller reaches it and it answers while they drain.
//
// Owned by gateway.cc, under the rules of Server. Asks for no token: its address is this machine's, or its TLS asks for
// a client certificate, which the configuration's check ensures.
#ifndef IMBOT_SERVICE_RPC_ADMIN_SERVER_H_
#define IMBOT_SERVICE_RPC_ADMIN_SERVER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "service/rpc/access_log.h"
#include "service/rpc/admin_handler.h"
#include "service/rpc/call_frame.h"
#include "service/rpc/caller_auth.h"
#include "service/rpc/reflection_service.h"
#include "service/rpc/server.h"

namespace imbot::rpc {

class AdminServer {
 public:
  // Serves when it returns. `handler` outlives it. Errors as of Server::Create().
  static absl::StatusOr<std::unique_ptr<AdminServer>> Create(Listener listener, AdminHandler& handler,
                                                             std::shared_ptr<AccessLog> log);
  ~AdminServer();

  int port() const { return server_->ports().at(0); }

 private:
  AdminServer(AdminHandler& handler, std::shared_ptr<AccessLog> log);
  absl::Status Start(Listener listener);

  CallerAuth callers_;
  CallGate gate_;
  const std::shared_ptr<const CallEnvironment> environment_;
  std::unique_ptr<ReflectionServices> reflection_;
  std::unique_ptr<Server> server_;
};

}  // namespace imbot::rpc

#endif  // IMBOT_SERVICE_RPC_ADMIN_SERVER_H_
