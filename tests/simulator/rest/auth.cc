#include "tests/simulator/rest/auth.h"

#include <string>

namespace simulator {
namespace {

// The published source answers most refusals with 401, the documentation says otherwise.
RestError Refusal(const Portal& portal, const char* code, const char* description, int documented_status) {
  const bool documented = portal.options().behave_as_documented || portal.options().documented_statuses;
  return RestError{code, description, documented ? documented_status : 401};
}

}  // namespace

std::variant<Caller, RestError> Authenticate(const Portal& portal, const RestRequest& request, bool tls,
                                             std::string_view scope) {
  Caller caller;
  caller.origin = (tls ? "https://" : "http://") + request.host;
  if (request.webhook_user && request.webhook_code) {
    if (portal.options().require_https && !tls) return Refusal(portal, "INVALID_REQUEST", "Https required.", 400);
    const Webhook* webhook = portal.FindWebhook(*request.webhook_user, *request.webhook_code);
    if (webhook == nullptr) return Refusal(portal, "INVALID_CREDENTIALS", "Invalid request credentials", 403);
    caller.kind = Caller::Kind::kWebhook;
    caller.user_id = webhook->user_id;
    caller.scopes = webhook->scopes;
    caller.webhook_code = webhook->code;
    caller.key = "webhook:" + std::to_string(webhook->id);
    const User* user = portal.FindUser(webhook->user_id);
    if (user == nullptr || !user->active)
      return Refusal(portal, "authorization_error", "Unable to authorize user", 401);
  } else if (request.access_token && !request.access_token->empty()) {
    if (portal.options().require_https && !tls) return Refusal(portal, "INVALID_REQUEST", "Https required.", 400);
    const auto it = portal.tokens.find(*request.access_token);
    if (it == portal.tokens.end()) return Refusal(portal, "invalid_token", "Unable to get application by token", 401);
    const AccessToken& token = it->second;
    if (token.expires && *token.expires <= portal.Now()) {
      return Refusal(portal, "expired_token", "The access token provided has expired", 401);
    }
    caller.kind = Caller::Kind::kOAuth;
    caller.user_id = token.user_id;
    caller.client_id = token.client_id;
    caller.scopes = token.scopes;
    caller.access_token = token.token;
    caller.key = "oauth:" + token.client_id;
  } else if (request.session && scope == "imbot") {
    // WIRE_FACTS.md 5.1, and the pages of imbot.register and others.
    return RestError{"WRONG_AUTH_TYPE", "Access for this method not allowed by session authorization.", 403};
  } else if (request.guest && scope == "imbot") {
    return RestError{"AUTHORIZE_ERROR", "Method not available for guest session.", 403};
  } else {
    return RestError{"NO_AUTH_FOUND", "Wrong authorization data", 401};
  }
  if (!scope.empty() && caller.scopes.count(std::string(scope)) == 0) {
    return Refusal(portal, "insufficient_scope",
                   caller.kind == Caller::Kind::kWebhook
                       ? "The request requires higher privileges than provided by the webhook token"
                       : "The request requires higher privileges than provided by the access token",
                   403);
  }
  return caller;
}

}  // namespace simulator
