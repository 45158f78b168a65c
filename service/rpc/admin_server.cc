#include "service/rpc/admin_server.h"

#include <utility>

#include "proto/contract.h"
#include "service/rpc/admin_service.h"
#include "service/rpc/descriptor_index.h"
#include "service/rpc/unknown_methods.h"

namespace imbot::rpc {

AdminServer::AdminServer(AdminHandler& handler, std::shared_ptr<AccessLog> log)
    : callers_(CallerSet::Anonymous(/*raw_allowed=*/false)),
      environment_(std::make_shared<const CallEnvironment>(CallEnvironment{.handler = handler,
                                                                           .callers = callers_,
                                                                           .gate = gate_,
                                                                           .log = std::move(log),
                                                                           .limits = {},
                                                                           .tells_peers = true})) {}

AdminServer::~AdminServer() = default;

absl::StatusOr<std::unique_ptr<AdminServer>> AdminServer::Create(Listener listener, AdminHandler& handler,
                                                                 std::shared_ptr<AccessLog> log) {
  std::unique_ptr<AdminServer> server(new AdminServer(handler, std::move(log)));
  if (absl::Status status = server->Start(std::move(listener)); !status.ok()) return status;
  return server;
}

absl::Status AdminServer::Start(Listener listener) {
  google::protobuf::FileDescriptorSet described = contract::DescriptorSet();
  ReflectionServices::AppendOwnFiles(&described);
  auto index = DescriptorIndex::Create(
      described, {AdminServiceName(), ReflectionServices::kV1, ReflectionServices::kV1Alpha, Health::kService});
  if (!index.ok()) return index.status();
  reflection_ = std::make_unique<ReflectionServices>(*std::move(index));

  Server::Parts parts;
  AddAdminRoutes(environment_, &parts.routes);
  reflection_->AddTo(&parts.routes);
  AddUnknownRoute(environment_, &parts.routes);
  parts.health_names = {AdminServiceName()};
  parts.gate = &gate_;
  ServerOptions options;
  options.listeners.push_back(std::move(listener));
  auto created = Server::Create(std::move(options), std::move(parts));
  if (!created.ok()) return created.status();
  server_ = *std::move(created);
  return absl::OkStatus();
}

}  // namespace imbot::rpc
