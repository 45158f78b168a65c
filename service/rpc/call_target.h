// Whom a call is for: names as callers write them, and the way to the portal. Stateless; thread-safe.
#ifndef IMBOT_SERVICE_RPC_CALL_TARGET_H_
#define IMBOT_SERVICE_RPC_CALL_TARGET_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "service/portal/registry.h"

namespace imbot::rpc {

struct BotName {
  std::string portal;
  std::string name;
};

// `portal/code`, or `code` of the default portal; `default_portal` is empty if there is none. INVALID_ARGUMENT with a
// violation of the field `bot`.
absl::StatusOr<BotName> ParseBotName(std::string_view bot, std::string_view default_portal);

// `portal`, or else the default one. INVALID_ARGUMENT with a violation of the field `field`.
absl::StatusOr<std::string> PortalOrDefault(std::string_view portal, std::string_view default_portal,
                                            std::string_view field);

// NOT_FOUND, reason PORTAL_UNKNOWN, if no such portal is configured.
absl::StatusOr<portal::Port*> FindPort(const portal::Registry& registry, std::string_view portal);

}  // namespace imbot::rpc

#endif  // IMBOT_SERVICE_RPC_CALL_TARGET_H_
