#include "tests/simulator/control/control.h"

#include <chrono>
#include <limits>
#include <optional>
#include <set>
#include <utility>

#include "tests/simulator/control/state_json.h"
#include "tests/simulator/control/user_actions.h"
#include "tests/simulator/php/coerce.h"
#include "tests/simulator/php/parse_str.h"

namespace simulator {
namespace {

constexpr size_t kNoLimit = std::numeric_limits<size_t>::max();

size_t Limit(const Json& query) {
  const Json* limit = FindSet(query, "limit");
  return limit == nullptr ? kNoLimit : static_cast<size_t>(ToInt(limit));
}

std::set<std::string> Scopes(const Json& specification) {
  const Json* scopes = FindSet(specification, "scope");
  if (scopes == nullptr) return {"imbot", "im"};
  std::set<std::string> out;
  if (scopes->is_array()) {
    for (const Json& scope : *scopes) out.insert(ToString(&scope));
    return out;
  }
  std::string_view text =
      scopes->is_string() ? std::string_view(scopes->get_ref<const std::string&>()) : std::string_view();
  while (!text.empty()) {
    const size_t comma = text.find(',');
    const std::string scope = Trim(text.substr(0, comma));
    if (!scope.empty()) out.insert(scope);
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
  }
  return out;
}

Json AsList(const Json& body) {
  return body.is_array() ? body : Json::array({body});
}

}  // namespace

Control::Control(const Parts& parts) : parts_(parts) {
  routes_ = {
      {"GET /ledger", &Control::GetLedger},    {"GET /received", &Control::GetReceived},
      {"GET /state", &Control::GetState},      {"GET /stats", &Control::GetStats},
      {"POST /reset", &Control::Reset},        {"POST /webhooks", &Control::AddWebhooks},
      {"POST /tokens", &Control::AddTokens},   {"POST /faults", &Control::AddFaults},
      {"GET /faults", &Control::GetFaults},    {"DELETE /faults", &Control::ClearFaults},
      {"POST /release", &Control::Release},    {"POST /clock", &Control::MoveClock},
      {"POST /options", &Control::SetOptions}, {"GET /health", &Control::GetHealth},
      {"POST /chats", &Control::ChangeChats},  {"POST /users/actions", &Control::PostUserActions},
      {"POST /events", &Control::PostEvents},  {"GET /messenger", &Control::GetMessenger},
  };
}

void Control::OnRequest(HttpRequest request, std::shared_ptr<ReplySink> sink) {
  const size_t question = request.target.find('?');
  const std::string path = request.target.substr(0, question);
  const Json query =
      question == std::string::npos ? Json::object() : ParseStr(std::string_view(request.target).substr(question + 1));
  Answer answer;
  const auto route = routes_.find(request.method + " " + path);
  const std::optional<Json> body = request.body.empty() ? Json::object() : ParseJson(request.body);
  if (route == routes_.end()) {
    Json known = Json::array();
    for (const auto& [name, handler] : routes_) known.push_back(name);
    answer = Answer{404, Json{{"error", "no such route"}, {"routes", known}}};
  } else if (!body) {
    answer = Answer{400, Json{{"error", "the body is not JSON"}}};
  } else {
    answer = (this->*route->second)(query, *body);
  }
  HttpResponse response;
  response.status = answer.status;
  response.headers = {{"Content-Type", "application/json; charset=utf-8"}};
  // Plain JSON, not PHP's: this is no portal speaking.
  response.body = answer.body.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  sink->Send(std::move(response), nullptr);
}

Portal& Control::PortalOf(const Json& query, const Json& body) {
  const Json* name = FindSet(query, "portal");
  if (name == nullptr) name = FindSet(body, "portal");
  return name == nullptr || ToString(name) == Portals::kDefault ? parts_.portals->default_portal()
                                                                : parts_.portals->Named(ToString(name));
}

Control::Answer Control::GetLedger(const Json& query, const Json&) {
  return Answer{200, parts_.ledger->ToJson(static_cast<uint64_t>(ToInt(FindSet(query, "since"))), Limit(query),
                                           ToString(FindSet(query, "method")))};
}

Control::Answer Control::GetReceived(const Json& query, const Json&) {
  return Answer{200, Json{{"received", parts_.ledger->ReceivedToJson(Limit(query))}}};
}

Control::Answer Control::GetState(const Json& query, const Json& body) {
  const Portal& portal = PortalOf(query, body);
  Json state = PortalState(portal);
  state["buckets"] = parts_.server->buckets().ToJson(portal.name(), parts_.clock->Now());
  return Answer{200, std::move(state)};
}

Control::Answer Control::GetStats(const Json&, const Json&) {
  Json json = Json::object();
  json["requests"] = parts_.server->requests();
  json["operating"] = parts_.server->operating().ToJson(parts_.clock->Now());
  json["bucketRefused"] = parts_.server->buckets().refused();
  json["inProgress"] = parts_.server->in_progress();
  json["held"] = parts_.held->size();
  json["connectionsAccepted"] = parts_.net->accepted;
  json["connectionsOpen"] = parts_.net->open;
  json["tlsHandshakes"] = parts_.net->tls_handshakes;
  json["tlsResumed"] = parts_.net->tls_resumed;
  json["tlsFailed"] = parts_.net->tls_failed;
  json["executed"] = parts_.ledger->CountsToJson();
  json["clockOffsetMs"] = parts_.clock->offset().count();
  return Answer{200, std::move(json)};
}

Control::Answer Control::Reset(const Json&, const Json&) {
  // Calls under way refer to their portal: they must end first.
  if (parts_.server->in_progress() > 0) {
    return Answer{409, Json{{"error", "calls are under way or held: POST /release and wait for them"}}};
  }
  parts_.faults->Clear();
  parts_.server->Reset();
  parts_.clock->Reset();
  parts_.portals->Reset();
  parts_.ledger->Reset();
  return Answer{};
}

Control::Answer Control::AddWebhooks(const Json& query, const Json& body) {
  for (const Json& item : AsList(body)) {
    const Json* code = FindSet(item, "code");
    if (code == nullptr || ToString(code).empty())
      return Answer{400, Json{{"error", "a webhook is {user, code, scope, portal}"}}};
    const Json* user = FindSet(item, "user");
    PortalOf(query, item).AddWebhook(user == nullptr ? 1 : ToInt(user), ToString(code), Scopes(item));
  }
  return Answer{};
}

Control::Answer Control::AddTokens(const Json& query, const Json& body) {
  for (const Json& item : AsList(body)) {
    AccessToken token;
    token.token = ToString(FindSet(item, "token"));
    token.client_id = ToString(FindSet(item, "client_id"));
    if (token.token.empty() || token.client_id.empty()) {
      return Answer{400, Json{{"error", "a token is {token, client_id, user, scope, expires_in, portal}"}}};
    }
    const Json* user = FindSet(item, "user");
    token.user_id = user == nullptr ? 1 : ToInt(user);
    token.scopes = Scopes(item);
    if (const Json* expires = FindSet(item, "expires_in"))
      token.expires = parts_.clock->Now() + std::chrono::seconds(ToInt(expires));
    Portal& portal = PortalOf(query, item);
    const std::string key = token.token;
    portal.tokens[key] = std::move(token);
  }
  return Answer{};
}

Control::Answer Control::ChangeChats(const Json& query, const Json& body) {
  for (const Json& item : AsList(body)) {
    Portal& portal = PortalOf(query, item);
    const auto found = portal.chats.find(ToInt(FindSet(item, "id")));
    if (found == portal.chats.end()) return Answer{400, Json{{"error", "there is no such chat"}}};
    Chat& chat = found->second;
    if (const Json* general = FindSet(item, "general")) chat.general = !IsEmpty(general);
    if (const Json* owner = FindSet(item, "owner")) chat.owner = ToInt(owner);
    if (const Json* restricted = FindSet(item, "restricted"); restricted != nullptr && restricted->is_array()) {
      chat.restricted.clear();
      for (const Json& action : *restricted) chat.restricted.insert(ToString(&action));
    }
  }
  return Answer{};
}

Control::Answer Control::AddFaults(const Json&, const Json& body) {
  if (const std::optional<std::string> why = parts_.faults->Add(body)) return Answer{400, Json{{"error", *why}}};
  return Answer{200, Json{{"faults", parts_.faults->ToJson()}}};
}

Control::Answer Control::GetFaults(const Json&, const Json&) {
  return Answer{200, Json{{"faults", parts_.faults->ToJson()}}};
}

Control::Answer Control::ClearFaults(const Json&, const Json&) {
  parts_.faults->Clear();
  return Answer{};
}

Control::Answer Control::Release(const Json&, const Json& body) {
  const Json* count = FindSet(body, "count");
  return Answer{
      200, Json{{"released", parts_.held->Release(count == nullptr ? kNoLimit : static_cast<size_t>(ToInt(count)))}}};
}

Control::Answer Control::MoveClock(const Json&, const Json& body) {
  parts_.clock->Advance(std::chrono::milliseconds(ToInt(FindSet(body, "advance_ms"))));
  return Answer{200, Json{{"offsetMs", parts_.clock->offset().count()}, {"now", IsoDate(parts_.clock->Now())}}};
}

Control::Answer Control::SetOptions(const Json&, const Json& body) {
  PortalOptions& options = *parts_.options;
  for (auto it = body.begin(); it != body.end(); ++it) {
    const std::string& name = it.key();
    if (name == "delay_ms") {
      options.delay = std::chrono::milliseconds(ToInt(&it.value()));
    } else if (name == "per_command_ms") {
      options.per_command = std::chrono::milliseconds(ToInt(&it.value()));
    } else if (name == "per_command_max_ms") {
      options.per_command_max = std::chrono::milliseconds(ToInt(&it.value()));
    } else if (name == "bucket" || name == "bucket_leak") {
      const double number = it.value().is_number() ? it.value().get<double>() : -1;
      if (number < 0 || (name == "bucket_leak" && number == 0))
        return Answer{400, Json{{"error", "'" + name + "' is a number"}}};
      if (name == "bucket") {
        options.bucket = static_cast<int64_t>(number);
      } else {
        options.bucket_leak = number;
      }
      parts_.server->EmptyBuckets();
    } else if (name == "operating_limit_ms") {
      options.operating_limit = std::chrono::milliseconds(ToInt(&it.value()));
    } else if (name == "operating_ignored_ms") {
      options.operating_ignored = std::chrono::milliseconds(ToInt(&it.value()));
    } else if (name == "operating_cost_ms") {
      options.operating_cost = std::chrono::milliseconds(ToInt(&it.value()));
    } else if (name == "operating_bills_batch") {
      options.operating_bills_batch = !IsEmpty(&it.value());
    } else if (name == "documented_statuses") {
      options.documented_statuses = !IsEmpty(&it.value());
    } else if (name == "bucket_per_source") {
      options.bucket_per_source = !IsEmpty(&it.value());
      parts_.server->EmptyBuckets();
    } else if (name == "v2_any_case") {
      options.v2_any_case = !IsEmpty(&it.value());
    } else if (name == "sticky_errors") {
      options.sticky_errors = !IsEmpty(&it.value());
    } else if (name == "request_limit_ms") {
      options.request_limit = std::chrono::milliseconds(ToInt(&it.value()));
    } else if (name == "refuse_batch_whole") {
      options.refuse_batch_whole = !IsEmpty(&it.value());
    } else if (name == "behave_as_documented") {
      options.behave_as_documented = !IsEmpty(&it.value());
    } else if (name == "require_https") {
      options.require_https = !IsEmpty(&it.value());
    } else if (name == "operating") {
      options.operating = !IsEmpty(&it.value());
    } else if (name == "revision") {
      options.revision = static_cast<int>(ToInt(&it.value()));
    } else {
      return Answer{400, Json{{"error", "unknown option '" + name + "'"}}};
    }
  }
  return Answer{};
}

Control::Answer Control::PostUserActions(const Json& query, const Json& body) {
  UserActionAnswer answer = ActAsUser(PortalOf(query, body), body);
  return Answer{answer.status, std::move(answer.body)};
}

Control::Answer Control::PostEvents(const Json& query, const Json& body) {
  UserActionAnswer answer = PutEvents(PortalOf(query, body), body);
  return Answer{answer.status, std::move(answer.body)};
}

Control::Answer Control::GetMessenger(const Json& query, const Json& body) {
  return Answer{200, MessengerState(PortalOf(query, body))};
}

Control::Answer Control::GetHealth(const Json&, const Json&) {
  return Answer{200, Json{{"ok", true}}};
}

}  // namespace simulator
