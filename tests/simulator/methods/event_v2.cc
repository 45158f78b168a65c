// imbot.v2.Event.get and im.v2.Event.*: pages api-reference/chat-bots/chat-bots-v2/imbot.v2/events/ and im.v2/events/.
#include <cstdint>
#include <set>
#include <variant>

#include "tests/simulator/methods/methods.h"
#include "tests/simulator/methods/v2_common.h"
#include "tests/simulator/rest/registry.h"

namespace simulator {
namespace {

constexpr int64_t kDefaultLimit = 100;

MethodResult Fetch(Call& call, const std::set<int64_t>& user_ids) {
  const std::variant<int64_t, RestError> offset = IntArgument(call, "offset", 0);
  if (const RestError* error = std::get_if<RestError>(&offset)) return *error;
  const std::variant<int64_t, RestError> limit = IntArgument(call, "limit", kDefaultLimit);
  if (const RestError* error = std::get_if<RestError>(&limit)) return *error;
  if (std::get<int64_t>(offset) > 0) call.Changed();
  return call.portal().events.Fetch(user_ids, std::get<int64_t>(offset), std::get<int64_t>(limit));
}

MethodResult BotGet(Call& call) {
  const std::variant<Bot*, RestError> owned = OwnBotV2(call);
  if (const RestError* error = std::get_if<RestError>(&owned)) return *error;
  std::set<int64_t> user_ids = {std::get<Bot*>(owned)->id};
  if (BoolArgument(call, "withUserEvents")) {
    if (call.caller.scopes.count("im") == 0)
      return RestError{"SCOPE_ERROR", "Scope 'im' is required to fetch user events"};
    if (call.caller.user_id <= 0) return RestError{"AUTH_ERROR", "Authorization required for user events"};
    if (!call.portal().events.IsSubscribed(call.caller.user_id))
      return RestError{"USER_NOT_SUBSCRIBED", "User is not subscribed. Call im.v2.Event.subscribe first"};
    user_ids.insert(call.caller.user_id);
  }
  return Fetch(call, user_ids);
}

MethodResult UserGet(Call& call) {
  return Fetch(call, {call.caller.user_id});
}

MethodResult Subscribe(Call& call) {
  call.portal().events.Subscribe(call.caller.user_id);
  call.Changed();
  return Json(true);
}

MethodResult Unsubscribe(Call& call) {
  call.portal().events.Unsubscribe(call.caller.user_id);
  call.Changed();
  return Json(true);
}

}  // namespace

void RegisterEventV2(Registry* registry) {
  registry->Add("imbot.v2.Event.get", "imbot", BotGet);
  registry->Add("im.v2.Event.get", "im", UserGet);
  registry->Add("im.v2.Event.subscribe", "im", Subscribe);
  registry->Add("im.v2.Event.unsubscribe", "im", Unsubscribe);
}

}  // namespace simulator
