#include "tests/simulator/rest/rest_server.h"

#include <optional>
#include <utility>

#include "tests/simulator/php/coerce.h"
#include "tests/simulator/rest/auth.h"
#include "tests/simulator/rest/documented_errors.h"
#include "tests/simulator/rest/file_downloads.h"
#include "tests/simulator/rest/open_reply.h"
#include "tests/simulator/rest/replies.h"
#include "tests/simulator/rest/secrets.h"

namespace simulator {
namespace {

constexpr char kBatch[] = "batch";
constexpr char kTimeLimit[] = "request_limit";

Json ErrorJson(const RestError& error) {
  return Json{{"error", error.code}, {"error_description", error.description}};
}

bool HasScope(const Caller& caller, const Method& method) {
  return method.scope.empty() || caller.scopes.count(method.scope) > 0;
}

// The method `batch` is the server's own: its entry in the table has no handler.
Registry WithBatch(Registry registry) {
  registry.Add(kBatch, "", static_cast<Method::Plain>(nullptr));
  return registry;
}

std::string Replaced(std::string text, std::string_view what, const std::string& with) {
  const size_t at = text.find(what);
  return at == std::string::npos ? text : text.replace(at, what.size(), with);
}

bool IsBatch(const Method& method) {
  return method.name == kBatch;
}

}  // namespace

// One HTTP request under way. Owned by the server; its coroutine refers to it.
struct RestServer::Exchange {
  uint64_t request_id = 0;
  HttpRequest http;
  std::shared_ptr<ReplySink> sink;
  std::optional<OpenReply> reply;
  RestRequest rest;
  Portal* portal = nullptr;
  PortalClock::TimePoint started;
  std::string content_type;
  uint64_t executed = 0;      // the last call's number in the ledger
  std::string command;        // the key of the batch's command that is under way
  std::string operating_key;  // of that command
  bool in_batch = false;
  std::optional<EventLoop::TimerId> limit;
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
      registry_(WithBatch(AllMethods())),
      buckets_(options),
      operating_(options) {}

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
  exchange->reply.emplace(ledger_, sink);
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
  if (exchange.limit) loop_->Cancel(*exchange.limit);
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
    exchange.sink->Send(HtmlReply(404), nullptr);
    co_return true;
  }
  if (http.method == "OPTIONS") {
    exchange.sink->Send(JsonReply(*options_, 200, nullptr), nullptr);
    co_return true;
  }
  // The front's business: nothing of the portal has seen the request yet.
  if (!buckets_.Admit(exchange.portal->name(), http.peer, exchange.started)) {
    Refuse(exchange, call, RestError{"QUERY_LIMIT_EXCEEDED", "Too many requests", 503});
    co_return true;
  }
  StartLimit(exchange);
  const Method* const method = exchange.rest.version3 ? nullptr : FindMethod(call.method);
  if (method != nullptr) call.method = method->name;

  const bool authenticating = co_await call.At(Point::kBeforeAuth);
  if (!authenticating) {
    const MethodResult ended = EndedByFault(exchange, call);
    co_return co_await SendFault(exchange, *call.ended_by());
  }
  if (FileDownloads::Answer(*exchange.portal, exchange.rest, http, exchange.sink.get())) co_return true;
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

  MethodResult result = co_await RunMethod(exchange, *method, call);
  if (const RestError* error = std::get_if<RestError>(&result)) {
    exchange.reply->Send(ErrorReply(*options_, *error));
    co_return true;
  }
  if (std::holds_alternative<Aborted>(result)) {
    if (call.ended_by()) co_return co_await SendFault(exchange, *call.ended_by());
    exchange.reply->Drop();
    co_return true;
  }
  HttpResponse response = SuccessReply(*options_, call.caller, std::get<Json>(std::move(result)),
                                       TimeOf(OperatingKey(exchange, call), exchange.started));
  const bool whole = co_await call.At(Point::kDuringReply);
  exchange.reply->NoteFault(call.fault_kind());
  if (!whole && call.ended_by()->action == FaultAction::kCut) {
    exchange.reply->SendHalf(std::move(response));
    co_return true;
  }
  if (!whole) response.body.resize(response.body.size() / 2);
  exchange.reply->Send(std::move(response));
  co_return true;
}

Task<bool> RestServer::SendFault(Exchange& exchange, Fault fault) {
  if (fault.action == FaultAction::kEndless) {
    exchange.reply->BeginEndless(fault.response);
    while (exchange.reply->SendMore(fault.response.body)) co_await loop_->Sleep(fault.delay);
    co_return true;
  }
  if (!fault.location.empty()) {
    const std::string own = (exchange.http.tls ? "https://" : "http://") + exchange.http.host + exchange.http.target;
    fault.response.headers.emplace_back(
        "Location", Replaced(Replaced(std::move(fault.location), "{self}", own), "{target}", exchange.http.target));
  }
  exchange.reply->SendFault(*options_, fault);
  co_return true;
}

const Method* RestServer::FindMethod(const std::string& name) const {
  return options_->v2_any_case ? registry_.FindInAnyCase(name) : registry_.Find(name);
}

Task<MethodResult> RestServer::RunMethod(Exchange& exchange, const Method& method, Call& call) {
  const bool executing = co_await call.At(Point::kBeforeExecute);
  if (!executing) co_return EndedByFault(exchange, call);
  const std::string operating_key = OperatingKey(exchange, call);
  if (operating_.Blocked(operating_key, clock_->Now())) {
    co_return Rejected(exchange, call,
                       RestError{"OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit.", 429});
  }
  if (!exchange.in_batch) co_await loop_->Sleep(options_->delay);

  if (IsBatch(method)) {
    const PortalClock::TimePoint begun = clock_->Now();
    MethodResult result = co_await RunBatch(exchange, call);
    if (options_->operating_bills_batch && !exchange.in_batch)
      operating_.Bill(operating_key, clock_->Now(), clock_->Now() - begun);
    if (!std::holds_alternative<Json>(result)) co_return result;
    const bool replying = co_await call.At(Point::kBeforeReply);
    if (!replying) {
      exchange.reply->NoteFault(call.fault_kind());
      co_return FaultAfter(exchange, call, 0);
    }
    co_return result;
  }

  const PortalClock::TimePoint begun = clock_->Now();
  co_await loop_->Sleep(CommandTime());
  if (exchange.reply->timed_out()) co_return EndedByFault(exchange, call);
  MethodResult result = Aborted{};
  if (method.plain != nullptr) {
    result = method.plain(call);
  } else {
    result = co_await method.suspending(call);
  }
  if (!exchange.in_batch || !options_->operating_bills_batch)
    operating_.Bill(operating_key, clock_->Now(), clock_->Now() - begun);
  if (const RestError* error = std::get_if<RestError>(&result)) co_return Rejected(exchange, call, *error);
  if (std::holds_alternative<Aborted>(result)) co_return EndedByFault(exchange, call);
  Executed(exchange, call, std::get<Json>(result));
  const uint64_t seq = exchange.executed;
  const bool replying = co_await call.At(Point::kBeforeReply);
  if (LedgerEntry* entry = ledger_->executed(seq)) entry->fault = call.fault_kind();
  if (!replying) co_return FaultAfter(exchange, call, seq);
  co_return result;
}

Task<MethodResult> RestServer::RunBatch(Exchange& exchange, Call& call) {
  Batch batch(call.params, options_->sticky_errors);
  if (options_->refuse_batch_whole) {
    for (const Batch::Command& command : batch.commands()) {
      if (!command.refused) continue;
      RestError error = *command.refused;
      error.status = error.code == "ERROR_BATCH_METHOD_NOT_ALLOWED" ? 405 : 400;
      co_return Rejected(exchange, call, error);
    }
  }
  const bool outer_in_batch = std::exchange(exchange.in_batch, true);
  for (const Batch::Command& command : batch.commands()) {
    const PortalClock::TimePoint started = clock_->Now();
    exchange.command = command.key;
    MethodResult result = co_await RunCommand(exchange, batch, command, call);
    if (std::holds_alternative<Aborted>(result)) co_return result;
    if (const RestError* error = std::get_if<RestError>(&result)) {
      batch.Failed(command, *error);
      if (batch.halt()) break;
    } else {
      batch.Succeeded(command, SplitResult(std::get<Json>(std::move(result))), TimeOf(exchange.operating_key, started));
    }
  }
  exchange.in_batch = outer_in_batch;
  co_return std::move(batch).Result();
}

Task<MethodResult> RestServer::RunCommand(Exchange& exchange, const Batch& batch, const Batch::Command& command,
                                          Call& outer) {
  Call call(exchange.portal, loop_, faults_, held_);
  call.method = command.method;
  call.caller = outer.caller;
  if (exchange.reply->timed_out()) co_return EndedByFault(exchange, call);
  call.params = batch.Params(command);
  RemoveReservedNames(&call.params);
  if (command.refused) co_return Rejected(exchange, call, *command.refused);
  // No .json here: inside a batch that is part of the name.
  const Method* const method = FindMethod(call.method);
  if (method == nullptr)
    co_return Rejected(exchange, call, RestError{"ERROR_METHOD_NOT_FOUND", "Method not found!", 404});
  call.method = method->name;
  // Who is asking is settled; what he may call is not. The description is empty here.
  if (!HasScope(call.caller, *method)) {
    co_return Rejected(exchange, call, RestError{"insufficient_scope", "", options_->behave_as_documented ? 403 : 401});
  }
  exchange.operating_key = OperatingKey(exchange, call);
  MethodResult result = co_await RunMethod(exchange, *method, call);
  // The fault ends the whole request: it is the batch's now.
  if (std::holds_alternative<Aborted>(result) && call.ended_by()) outer.EndBy(*call.ended_by());
  co_return result;
}

void RestServer::Executed(Exchange& exchange, Call& call, const Json& value) {
  RemoveSecrets(&call.params);
  LedgerEntry entry = NewEntry(exchange, call, std::move(call.params));
  entry.result = WithoutSecrets(value);
  entry.http_status = 200;
  exchange.executed = exchange.reply->AddExecuted(std::move(entry));
}

MethodResult RestServer::Rejected(Exchange& exchange, const Call& call, const RestError& given) {
  const RestError error = options_->behave_as_documented ? AsDocumented(call.method, given) : given;
  LedgerEntry entry = NewEntry(exchange, call, WithoutSecrets(call.params));
  entry.error = ErrorJson(error);
  entry.http_status = exchange.in_batch ? 200 : error.status;
  exchange.reply->AddRejected(std::move(entry));
  return error;
}

MethodResult RestServer::EndedByFault(Exchange& exchange, const Call& call) {
  LedgerEntry entry = NewEntry(exchange, call, WithoutSecrets(call.params));
  if (!call.ended_by()) entry.fault = kTimeLimit;
  if (call.changed()) {
    return FaultAfter(exchange, call, exchange.reply->AddExecuted(std::move(entry)));
  }
  const uint64_t seq = exchange.reply->AddRejected(std::move(entry));
  if (!call.ended_by() || call.ended_by()->action != FaultAction::kError) return Aborted{};
  const Fault& fault = *call.ended_by();
  const RestError error{fault.error, fault.description, fault.response.status};
  if (LedgerEntry* written = ledger_->rejected(seq)) {
    written->error = ErrorJson(error);
    written->http_status = exchange.in_batch ? 200 : error.status;
  }
  return error;
}

MethodResult RestServer::FaultAfter(Exchange& exchange, const Call& call, uint64_t seq) {
  const Fault& fault = *call.ended_by();
  if (fault.action != FaultAction::kError) return Aborted{};
  const RestError error{fault.error, fault.description, fault.response.status};
  if (LedgerEntry* entry = ledger_->executed(seq)) {
    entry->error = ErrorJson(error);
    entry->http_status = exchange.in_batch ? 200 : error.status;
  }
  return error;
}

void RestServer::Refuse(Exchange& exchange, const Call& call, const RestError& error) {
  const MethodResult rejected = Rejected(exchange, call, error);
  exchange.reply->Send(exchange.rest.version3 ? ErrorReplyV3(*options_, error) : ErrorReply(*options_, error));
}

void RestServer::StartLimit(Exchange& exchange) {
  if (options_->request_limit.count() <= 0) return;
  Exchange* const raw = &exchange;  // the timer is cancelled before it goes
  exchange.limit = loop_->After(options_->request_limit, [raw] {
    raw->limit.reset();
    raw->reply->TimeOut();
  });
}

std::string RestServer::OperatingKey(const Exchange& exchange, const Call& call) const {
  if (!exchange.in_batch) return OperatingLimiter::Key(exchange.portal->name(), call.caller.key, call.method);
  if (options_->operating_bills_batch) return OperatingLimiter::Key(exchange.portal->name(), call.caller.key, kBatch);
  // The published source knows no webhook's number inside a batch: all of them share.
  const bool webhook = call.caller.kind == Caller::Kind::kWebhook;
  return OperatingLimiter::Key(exchange.portal->name(), webhook ? "webhook:" : call.caller.key, call.method);
}

Json RestServer::TimeOf(const std::string& operating_key, PortalClock::TimePoint started) const {
  const PortalClock::TimePoint now = clock_->Now();
  return TimeMember(*options_, started, now, operating_.State(operating_key, now));
}

LedgerEntry RestServer::NewEntry(const Exchange& exchange, const Call& call, Json params) const {
  LedgerEntry entry;
  entry.request = exchange.request_id;
  const PortalClock::TimePoint now = clock_->Now();
  entry.time = IsoDate(now);
  entry.time_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
  entry.portal = exchange.portal->name();
  entry.method = call.method;
  entry.content_type = exchange.content_type;
  entry.caller = call.caller.key;
  entry.params = std::move(params);
  entry.changed = call.changed();
  entry.fault = call.fault_kind();
  if (exchange.in_batch) entry.command = exchange.command;
  return entry;
}

std::chrono::milliseconds RestServer::CommandTime() {
  const std::chrono::milliseconds shortest = options_->per_command;
  if (options_->per_command_max <= shortest) return shortest;
  std::uniform_int_distribution<int64_t> between(shortest.count(), options_->per_command_max.count());
  return std::chrono::milliseconds(between(random_));
}

}  // namespace simulator
