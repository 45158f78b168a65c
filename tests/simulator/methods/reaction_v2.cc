// imbot.v2.Chat.Message.Reaction.*: pages
// api-reference/chat-bots/chat-bots-v2/imbot.v2/messages/chat-message-reaction-*.md.
#include <string>
#include <variant>

#include "tests/simulator/methods/methods.h"
#include "tests/simulator/methods/reactions.h"
#include "tests/simulator/methods/v2_common.h"
#include "tests/simulator/php/coerce.h"
#include "tests/simulator/rest/registry.h"

namespace simulator {
namespace {

RestError NotFound() {
  return RestError{"REACTION_NOT_FOUND", "Reaction not found"};
}

MethodResult Change(Call& call, bool add) {
  const std::variant<Bot*, RestError> owned = OwnBotV2(call);
  if (const RestError* error = std::get_if<RestError>(&owned)) return *error;
  const int64_t bot_id = std::get<Bot*>(owned)->id;
  Portal& portal = call.portal();
  const std::variant<Message*, RestError> found = MessageArgument(call, bot_id);
  if (const RestError* error = std::get_if<RestError>(&found)) {
    // The pages know one code for a message that the bot can't see.
    const bool binder = error->code == "100";
    if (portal.options().behave_as_documented && !binder) return RestError{"ACCESS_DENIED", "Access denied"};
    return *error;
  }
  const Json* given = FindSet(call.params, "reaction");
  if (given == nullptr) return RestError{"100", "Could not find value for parameter {reaction}"};
  const std::string reaction = ToString(given);
  if (!IsReaction(reaction)) return NotFound();
  Message* const message = std::get<Message*>(found);
  if (add) {
    if (!SetReaction(portal, message, bot_id, reaction))
      return RestError{"REACTION_ALREADY_SET", "Reaction already set"};
  } else if (!RemoveReaction(portal, message, bot_id, reaction)) {
    return NotFound();
  }
  call.Changed();
  return Json{{"result", true}};
}

MethodResult Add(Call& call) {
  return Change(call, /*add=*/true);
}

MethodResult Delete(Call& call) {
  return Change(call, /*add=*/false);
}

}  // namespace

void RegisterReactionV2(Registry* registry) {
  registry->Add("imbot.v2.Chat.Message.Reaction.add", "imbot", Add);
  registry->Add("imbot.v2.Chat.Message.Reaction.delete", "imbot", Delete);
}

}  // namespace simulator
