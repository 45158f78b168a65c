#include "service/rpc/call_target.h"

#include <variant>

#include "service/base/error.h"
#include "service/base/strings.h"

namespace imbot::rpc {

using base::Error;

absl::StatusOr<BotName> ParseBotName(std::string_view bot, std::string_view default_portal) {
  const size_t slash = bot.find('/');
  if (slash == bot.npos && !bot.empty()) {
    if (!default_portal.empty()) return BotName{std::string(default_portal), std::string(bot)};
    return Error(absl::StatusCode::kInvalidArgument, "PORTAL_UNKNOWN",
                 base::StrCat("bot `", bot, "` names no portal, and there is no default portal: write `portal/", bot,
                              "`"))
        .Violation("bot", "must be `portal/code`: the configuration has no default_portal")
        .Build();
  }
  BotName name;
  if (slash != bot.npos) name = {std::string(bot.substr(0, slash)), std::string(bot.substr(slash + 1))};
  if (name.portal.empty() || name.name.empty()) {
    return Error(absl::StatusCode::kInvalidArgument, "VALIDATION_FAILED",
                 base::StrCat("bot `", bot, "` must be `portal/code`"))
        .Violation("bot", "must be `portal/code`")
        .Build();
  }
  return name;
}

absl::StatusOr<std::string> PortalOrDefault(std::string_view portal, std::string_view default_portal,
                                            std::string_view field) {
  if (!portal.empty()) return std::string(portal);
  if (!default_portal.empty()) return std::string(default_portal);
  return Error(absl::StatusCode::kInvalidArgument, "PORTAL_UNKNOWN",
               "no portal is named, and there is no default portal")
      .Violation(field, "is required: the configuration has no default_portal")
      .Build();
}

absl::StatusOr<portal::Port*> FindPort(const portal::Registry& registry, std::string_view portal) {
  const portal::Whereabouts whereabouts = registry.Find(portal);
  if (const auto* here = std::get_if<portal::Here>(&whereabouts)) return here->port;
  return Error(absl::StatusCode::kNotFound, "PORTAL_UNKNOWN",
               base::StrCat("no portal ", portal, " is configured: mend the name, or have the operator add the portal"))
      .Metadata("portal", portal)
      .Build();
}

}  // namespace imbot::rpc
