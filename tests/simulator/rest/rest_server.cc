#include "tests/simulator/rest/rest_server.h"

#include <cmath>
#include <utility>

#include "tests/simulator/php/coerce.h"
#include "tests/simulator/rest/auth.h"
#include "tests/simulator/rest/secrets.h"

namespace simulator {

// One HTTP request under way. Owned by the server; its coroutine refers to it.
struct RestServer::Exchange {
  uint64_t request_id = 0;
  HttpRequest http;
  std::shared_ptr<ReplySink> sink;
  RestRequest rest;
  Portal* portal = nullptr;
  PortalClock::TimePoint started;
  std::string content_type;
  bool suspended = false;  // the request was not finished within OnRequest
  Task<bool> task;
};

RestServer::RestServer(EventLoop* loop, const PortalOptions* options, PortalClock* clock, Portals* portals,
                       Ledger* ledger, Faults* faults, HeldCalls* held)
    : loop_(loop),
      options_(options),
      clock_(clock),
      portals_(portals),
      ledger_(ledger),
      faults_(faults),
      held_(held),
      registry_(AllMethods()) {}

RestServer::~RestServer() = default;

void RestServer::DropAll() {
  exchanges_.clear();
}

void RestServer::OnRequest(HttpRequest request, std::shared_ptr<ReplySink> sink) {
  ++requests_;
  auto exchange = std::make_unique<Exchange>();
  exchange->request_id = ledger_->NextRequest();
  ledger_->AddReceived(exchange->request_id, request);
  exchange->http = std::move(request);
  exchange->sink = std::move(sink);
  exchange->started = clock_->Now();
  Exchange* const raw = exchange.get();
  const uint64_t id = exchange_id_++;
  exchanges_[id] = std::move(exchange);
  raw->task = Drive(*raw, id);
  raw->task.Start();
  if (raw->task.done()) {
    exchanges_.erase(id);
  } else {
    raw->suspended = true;
  }
}

Task<bool> RestServer::Drive(Exchange& exchange, uint64_t id) {
  const bool result = co_await Run(exchange);
  // A coroutine can't destroy its own frame.
  if (exchange.suspended) {
    loop_->Post([this, id] { exchanges_.erase(id); });
  }
  co_return result;
}

Task<bool> RestServer::Run(Exchange& exchange) {
  const HttpRequest& http = exchange.http;
  exchange.content_type = std::string(FindHeader(http.headers, "Content-Type"));
  exchange.rest = ReadRestRequest(http);
  exchange.portal = &portals_->ForHost(http.host);
  Call call(exchange.portal, loop_, faults_, held_);
  call.method = exchange.rest.method;
  call.params = std::move(exchange.rest.params);

  if (!exchange.rest.found) {
    HttpResponse response;
    response.status = 404;
    response.headers = {{"Content-Type", "text/html; charset=utf-8"}};
    response.body = "<html><head><title>404 Not Found</title></head><body><h1>404 Not Found</h1></body></html>\n";
    exchange.sink->Send(std::move(response), nullptr);
    co_return true;
  }
  if (http.method == "OPTIONS") {
    exchange.sink->Send(JsonResponse(200, nullptr), nullptr);
    co_return true;
  }
  const Method* const method = exchange.rest.version3 ? nullptr : registry_.Find(call.method);
  if (method != nullptr) call.method = method->name;

  const bool authenticating = co_await call.At(Point::kBeforeAuth);
  if (!authenticating) {
    EndByFault(exchange, call, 0);
    co_return true;
  }
  // An unknown method is told apart before any credential is looked at.
  if (method == nullptr) {
    Refuse(exchange, call, RestError{"ERROR_METHOD_NOT_FOUND", "Method not found!", 404});
    co_return true;
  }
  if (exchange.rest.link_token) {
    Refuse(exchange, call, RestError{"ACCESS_DENIED", "Access denied! Link check failed", 403});
    co_return true;
  }
  std::variant<Caller, RestError> caller = Authenticate(*exchange.portal, exchange.rest, http.tls, method->scope);
  if (const RestError* error = std::get_if<RestError>(&caller)) {
    Refuse(exchange, call, *error);
    co_return true;
  }
  call.caller = std::get<Caller>(std::move(caller));

  const bool executing = co_await call.At(Point::kBeforeExecute);
  if (!executing) {
    EndByFault(exchange, call, 0);
    co_return true;
  }
  co_await loop_->Sleep(options_->delay);
  MethodResult result = co_await Execute(*method, call);

  if (const RestError* error = std::get_if<RestError>(&result)) {
    Refuse(exchange, call, *error);
    co_return true;
  }
  if (std::holds_alternative<Aborted>(result)) {
    uint64_t seq = 0;
    if (call.changed()) seq = ledger_->AddExecuted(NewEntry(exchange, call));
    EndByFault(exchange, call, seq);
    co_return true;
  }
  const Json& value = std::get<Json>(result);
  LedgerEntry entry = NewEntry(exchange, call);
  entry.result = WithoutSecrets(value);
  entry.http_status = 200;
  const uint64_t seq = ledger_->AddExecuted(std::move(entry));

  const bool replying = co_await call.At(Point::kBeforeReply);
  if (!replying) {
    EndByFault(exchange, call, seq);
    co_return true;
  }
  HttpResponse response = Success(exchange, call, value);
  const bool whole = co_await call.At(Point::kDuringReply);
  if (!whole) {
    if (LedgerEntry* done = ledger_->executed(seq)) {
      done->delivered = false;
      done->fault = call.fault_kind();
    }
    exchange.sink->SendHalf(std::move(response));
    co_return true;
  }
  if (LedgerEntry* done = ledger_->executed(seq)) done->fault = call.fault_kind();
  Reply(exchange, std::move(response), seq);
  co_return true;
}

Task<MethodResult> RestServer::Execute(const Method& method, Call& call) {
  co_await loop_->Sleep(options_->per_command);
  if (method.plain != nullptr) co_return method.plain(call);
  MethodResult result = co_await method.suspending(call);
  co_return result;
}

LedgerEntry RestServer::NewEntry(const Exchange& exchange, const Call& call) const {
  LedgerEntry entry;
  entry.request = exchange.request_id;
  entry.time = IsoDate(clock_->Now());
  entry.portal = exchange.portal->name();
  entry.method = call.method;
  entry.content_type = exchange.content_type;
  entry.caller = call.caller.key;
  entry.params = WithoutSecrets(call.params);
  entry.changed = call.changed();
  entry.fault = call.fault_kind();
  return entry;
}

void RestServer::Refuse(Exchange& exchange, Call& call, const RestError& error) {
  LedgerEntry entry = NewEntry(exchange, call);
  entry.error = Json{{"error", error.code}, {"error_description", error.description}};
  entry.http_status = error.status;
  const uint64_t seq = ledger_->AddRejected(std::move(entry));
  HttpResponse response;
  if (exchange.rest.version3) {
    Json body = Json::object();
    body["error"] = Json{{"code", "BITRIX_REST_V3_EXCEPTION_METHODNOTFOUNDEXCEPTION"}, {"message", error.description}};
    response = JsonResponse(404, body);
  } else {
    response = Failure(error);
  }
  Ledger* const ledger = ledger_;
  exchange.sink->Send(std::move(response), [ledger, seq](bool delivered) {
    if (LedgerEntry* done = ledger->rejected(seq)) done->delivered = delivered;
  });
}

void RestServer::EndByFault(Exchange& exchange, Call& call, uint64_t executed_seq) {
  const Fault& fault = *call.ended_by();
  RestError error{fault.error, fault.description, fault.response.status};
  const bool responds = fault.action == FaultAction::kRespond || fault.action == FaultAction::kError;
  uint64_t rejected_seq = 0;
  LedgerEntry* entry = ledger_->executed(executed_seq);
  if (executed_seq == 0) {
    rejected_seq = ledger_->AddRejected(NewEntry(exchange, call));
    entry = ledger_->rejected(rejected_seq);
  }
  if (entry != nullptr) {
    entry->fault = fault.kind;
    entry->http_status = responds ? fault.response.status : 0;
    if (fault.action == FaultAction::kError)
      entry->error = Json{{"error", error.code}, {"error_description", error.description}};
    if (!responds) entry->delivered = false;
  }
  switch (fault.action) {
    case FaultAction::kReset:
      exchange.sink->Reset();
      return;
    case FaultAction::kClose:
      exchange.sink->Close();
      return;
    default:
      break;
  }
  HttpResponse response = fault.action == FaultAction::kError ? Failure(error) : fault.response;
  Ledger* const ledger = ledger_;
  exchange.sink->Send(std::move(response), [ledger, executed_seq, rejected_seq](bool delivered) {
    LedgerEntry* done = executed_seq != 0 ? ledger->executed(executed_seq) : ledger->rejected(rejected_seq);
    if (done != nullptr) done->delivered = delivered;
  });
}

void RestServer::Reply(Exchange& exchange, HttpResponse response, uint64_t executed_seq) {
  Ledger* const ledger = ledger_;
  exchange.sink->Send(std::move(response), [ledger, executed_seq](bool delivered) {
    if (LedgerEntry* done = ledger->executed(executed_seq)) done->delivered = delivered;
  });
}

HttpResponse RestServer::JsonResponse(int status, const Json& body) const {
  HttpResponse response;
  response.status = status;
  response.headers = {{"Server", "nginx"},
                      {"Content-Type", "application/json; charset=utf-8"},
                      {"Access-Control-Allow-Origin", "*"},
                      {"Access-Control-Allow-Headers", "origin, content-type, accept"},
                      {"X-Content-Type-Options", "nosniff"}};
  if (!body.is_null())
    response.body = WriteJson(body, options_->behave_as_documented ? EmptyMap::kObject : EmptyMap::kList);
  return response;
}

HttpResponse RestServer::Failure(const RestError& error) const {
  Json body = Json::object();
  body["error"] = error.code;
  body["error_description"] = error.description;
  for (auto it = error.extra.begin(); it != error.extra.end(); ++it) body[it.key()] = it.value();
  return JsonResponse(error.status, body);
}

HttpResponse RestServer::Success(const Exchange& exchange, const Call& call, const Json& result) const {
  Json body = Json::object();
  // `next` and `total` of a list move out of the result (WIRE_FACTS.md 1.4).
  if (result.is_object() && (result.contains("next") || result.contains("total"))) {
    Json rest = result;
    Json next;
    Json total;
    if (const Json* value = FindSet(rest, "next")) next = ToInt(value);
    if (const Json* value = FindSet(rest, "total")) total = ToInt(value);
    rest.erase("next");
    rest.erase("total");
    body["result"] = std::move(rest);
    if (!next.is_null()) body["next"] = next;
    if (!total.is_null()) body["total"] = total;
  } else {
    body["result"] = result;
  }
  body["time"] = Time(exchange);
  HttpResponse response = JsonResponse(200, body);
  // Headers of the cloud (WIRE_FACTS.md 1.4).
  if (!call.caller.client_id.empty()) response.headers.emplace_back("X-Bitrix-Rest-Application", call.caller.client_id);
  for (const char* name : {"X-Bitrix-Rest-Time", "X-Bitrix-Rest-User-Time", "X-Bitrix-Rest-System-Time"}) {
    response.headers.emplace_back(name, "0.0010000000");
  }
  return response;
}

Json RestServer::Time(const Exchange& exchange) const {
  const PortalClock::TimePoint finish = clock_->Now();
  const double start_seconds = UnixSeconds(exchange.started);
  const double finish_seconds = UnixSeconds(finish);
  Json time = Json::object();
  if (options_->behave_as_documented) {
    time["start"] = start_seconds;
    time["finish"] = finish_seconds;
    time["duration"] = finish_seconds - start_seconds;
    time["processing"] = finish_seconds - start_seconds;
  } else {
    // Typed properties of the published source truncate the start: the duration comes out up to a second too long.
    const int64_t start_int = static_cast<int64_t>(std::floor(start_seconds));
    time["start"] = start_int;
    time["finish"] = finish_seconds;
    time["duration"] = finish_seconds - static_cast<double>(start_int);
    time["processing"] = static_cast<int64_t>(finish_seconds) - start_int;
  }
  time["date_start"] = IsoDate(exchange.started);
  time["date_finish"] = IsoDate(finish);
  if (options_->operating) {
    time["operating_reset_at"] = static_cast<int64_t>(finish_seconds) + 600;
    time["operating"] = 0;
  }
  return time;
}

}  // namespace simulator
