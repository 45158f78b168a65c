#include "tests/rpc/portal_call_fixture.h"

#include <stdexcept>
#include <utility>

#include "google/protobuf/text_format.h"
#include "google/rpc/error_details.pb.h"
#include "proto/contract.h"

namespace imbot::rpc {
namespace {

const translate::MethodSpec& Method(std::string_view name) {
  static const translate::MethodTable* const table = translate::MethodTable::Create(contract::Files())->release();
  const auto* method = table->FindByName(name);
  if (method == nullptr) throw std::logic_error("no method " + std::string(name));
  return *method;
}

}  // namespace

std::vector<std::string> Outcome::paths() const {
  std::vector<std::string> out;
  const google::rpc::Status whole = base::ToRpcStatus(status);
  for (const auto& detail : whole.details()) {
    google::rpc::BadRequest bad_request;
    if (!detail.UnpackTo(&bad_request)) continue;
    for (const auto& violation : bad_request.field_violations()) out.push_back(violation.field());
  }
  return out;
}

PortalCallFixture::PortalCallFixture() {
  std::vector<std::unique_ptr<portal::Port>> ports;
  for (const char* name : {"acme", "globex"}) {
    ports.push_back(std::make_unique<portal::Port>(
        name, loop_, loop_.clock(), credentials_, std::make_shared<portal::LeakyBucket>(portal::kUnlimitedPlan),
        portal::SchedulerOptions{.max_attempts = 1}, portal::SchedulerMetrics{}));
  }
  registry_ = std::make_unique<portal::Registry>(std::move(ports));
  Restart();
  Configure({.default_portal = "", .handler_hosts = {"bots.example.com", "127.0.0.1", "::1"}});
}

void PortalCallFixture::TearDown() {
  registry_.reset();
  Settle();
  loop_.Stop();
  Settle();
}

void PortalCallFixture::Configure(CallPolicy policy, const std::string& template_secret) {
  keys_ = std::make_unique<portal::KeyLedger>(
      portal::KeyLedger::Dependencies{
          .store = store_, .storage_thread = storage_, .random = random_, .clock = loop_.clock()},
      base::Secret(template_secret), portal::KeyLedgerOptions{});
  handler_ = std::make_unique<PortalCallHandler>(
      PortalCallHandler::Dependencies{*registry_, *vault_, *keys_, random_, loop_.clock()}, std::move(policy),
      base::Secret(template_secret));
}

void PortalCallFixture::Restart() {
  std::vector<credentials::ConfiguredBot> configured;
  for (const char* portal : {"acme", "globex"})
    configured.push_back(
        {.portal = portal, .name = "support", .id = 456, .secret = base::Secret(std::string(portal) + "-secret")});
  configured.push_back({.portal = "acme", .name = "sales", .id = 457, .secret = base::Secret("sales-secret")});
  vault_ = *credentials::BotVault::Create({store_, storage_, sealer_, random_, loop_.clock()}, std::move(configured));
  if (handler_ != nullptr) Configure({.default_portal = "", .handler_hosts = {"bots.example.com"}});
}

Outcome& PortalCallFixture::Begin(std::string_view method, const std::string& request, const Options& options) {
  Outcome& outcome = *outcomes_.emplace_back(std::make_unique<Outcome>());
  Call call;
  call.method = &Method(method);
  call.request.reset(call.method->request_prototype->New());
  if (!google::protobuf::TextFormat::ParseFromString(request, call.request.get())) throw std::logic_error(request);
  call.caller.name = options.caller;
  call.idempotency_key = options.idempotency_key;
  call.arrived_at = loop_.Now();
  call.deadline = loop_.Now() + options.timeout;
  outcome.call = handler_->Start(
      std::move(call),
      Reply([&outcome](absl::Status status, std::unique_ptr<google::protobuf::Message> response, CallInfo info) {
        ++outcome.answers;
        outcome.status = std::move(status);
        outcome.response = std::move(response);
        outcome.info = std::move(info);
      }));
  return outcome;
}

void PortalCallFixture::Settle() {
  do loop_.Run();
  while (storage_.Run());
}

Outcome& PortalCallFixture::Start(std::string_view method, const std::string& request, const Options& options) {
  Outcome& outcome = Begin(method, request, options);
  Settle();
  return outcome;
}

void PortalCallFixture::Answer(const std::string& body, int http_status) {
  loop_.fake().Answer(loop_.fake().sent() - 1, http_status, body);
  Settle();
}

void PortalCallFixture::Fail(transport::Failure::Kind kind, bool sent) {
  loop_.fake().Fail(loop_.fake().sent() - 1, kind, sent);
  Settle();
}

Outcome& PortalCallFixture::StartAndAnswer(std::string_view method, const std::string& request,
                                           const std::string& answer, const Options& options) {
  Outcome& outcome = Start(method, request, options);
  Answer(answer);
  return outcome;
}

}  // namespace imbot::rpc
