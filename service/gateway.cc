#include "service/gateway.h"

#include <atomic>
#include <chrono>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "google/protobuf/util/time_util.h"
#include "proto/contract.h"
#include "service/base/clock.h"
#include "service/base/host_port.h"
#include "service/base/http_listener.h"
#include "service/base/metrics.h"
#include "service/base/random.h"
#include "service/base/seal.h"
#include "service/base/strings.h"
#include "service/base/worker_thread.h"
#include "service/credentials/bot_vault.h"
#include "service/credentials/webhook_urls.h"
#include "service/gateway_settings.h"
#include "service/portal/key_ledger.h"
#include "service/portal/leaky_bucket.h"
#include "service/portal/portal_metrics.h"
#include "service/portal/portal_url.h"
#include "service/portal/registry.h"
#include "service/rpc/access_log.h"
#include "service/rpc/admin_handler.h"
#include "service/rpc/admin_server.h"
#include "service/rpc/caller_auth.h"
#include "service/rpc/descriptor_index.h"
#include "service/rpc/library_log.h"
#include "service/rpc/method_route.h"
#include "service/rpc/portal_call_handler.h"
#include "service/rpc/raw_call_handler.h"
#include "service/rpc/raw_service.h"
#include "service/rpc/reflection_service.h"
#include "service/rpc/registration_recovery.h"
#include "service/rpc/server.h"
#include "service/rpc/unknown_methods.h"
#include "service/storage/sqlite_store.h"
#include "service/translate/method_table.h"
#include "service/transport/loop_pool.h"
#include "service/transport/resolver.h"

namespace imbot {
namespace {

using config::Config;
using google::protobuf::FileDescriptor;
using google::protobuf::util::TimeUtil;
using std::chrono::milliseconds;

// portal/ asks, credentials/ knows; neither includes the other.
class WebhookCredentials final : public portal::CredentialSource {
 public:
  explicit WebhookCredentials(const credentials::WebhookUrls& urls) : urls_(urls) {}
  absl::StatusOr<base::Secret> UrlFor(std::string_view portal, std::string_view method) override {
    return urls_.UrlFor(portal, method);
  }

 private:
  const credentials::WebhookUrls& urls_;
};

portal::SchedulerMetrics MakeSchedulerMetrics(base::Metrics& metrics) {
  portal::SchedulerMetrics out;
  out.queued_calls = metrics.GetGauge("imbot_portal_queued_calls", "Calls that wait for a portal");
  out.queued_bytes = metrics.GetGauge("imbot_portal_queued_bytes", "Bytes of the calls that wait for a portal");
  out.in_flight = metrics.GetGauge("imbot_portal_in_flight", "Requests to portals that are under way");
  out.requests = metrics.GetCounter("imbot_portal_requests_total", "Requests sent to portals");
  out.failures = metrics.GetCounter("imbot_portal_failures_total", "Requests to portals that brought no reply");
  out.limit_refusals =
      metrics.GetCounter("imbot_portal_limit_refusals_total", "Requests that portals refused for their limit");
  out.superseded = metrics.GetCounter("imbot_portal_superseded_calls_total", "Calls that a later one replaced");
  out.repeats = metrics.GetCounter("imbot_portal_repeats_total", "Attempts of calls after their first");
  out.batch_calls = metrics.GetHistogram("imbot_portal_request_calls", "Calls that left in one request",
                                         {1, 2, 5, 10, 20, 30, 40, 49, 50});
  out.queue_seconds = metrics.GetHistogram("imbot_portal_queue_seconds", "Time a call waited before it was sent",
                                           base::LatencyBuckets());
  out.portal_seconds = metrics.GetHistogram("imbot_portal_request_seconds", "Time from sending a request to its reply",
                                            base::LatencyBuckets());
  return out;
}

imbot::gateway::v1::ListenerStatus StatusOf(imbot::gateway::v1::ListenerKind kind, const std::string& address, int port,
                                            const imbot::gateway::v1::ServerTls* tls) {
  imbot::gateway::v1::ListenerStatus out;
  out.set_kind(kind);
  auto parsed = base::ParseHostPort(address).value_or(base::HostPort());
  parsed.port = static_cast<uint16_t>(port);
  out.set_address(parsed.ToString());
  out.set_tls(tls != nullptr);
  out.set_client_certificates(tls != nullptr && !tls->client_ca_file().empty());
  return out;
}

}  // namespace

// In the order in which they are built, and destroyed in the opposite one: what a part refers to stands above it.
struct Gateway::Parts {
  Parts(std::shared_ptr<const Config> configuration_in, base::Logger& logger_in)
      : configuration(std::move(configuration_in)), logger(logger_in) {}

  absl::Status Build(const std::vector<const FileDescriptor*>& more_files);
  absl::Status BuildStorage();
  absl::Status BuildPortals();
  absl::Status BuildServer(const std::vector<const FileDescriptor*>& more_files);
  absl::Status BuildHttp();
  absl::Status BuildAdmin();
  std::vector<imbot::gateway::v1::ListenerStatus> ListenerStatuses() const;
  bool Stop();

  const std::shared_ptr<const Config> configuration;
  base::Logger& logger;
  rpc::LibraryLog library_log{logger};  // before anything of gRPC
  const base::Clock& clock = base::Clock::System();
  base::Random& random = base::Random::System();
  base::Metrics metrics;
  std::unique_ptr<translate::MethodTable> methods;

  std::unique_ptr<base::Sealer> sealer;
  std::unique_ptr<storage::Store> store;
  base::WorkerThread storage_thread{"storage"};
  std::unique_ptr<credentials::BotVault> vault;
  base::Secret template_id_secret;  // until the handler takes it
  std::unique_ptr<portal::KeyLedger> keys;

  credentials::WebhookUrls webhook_urls;
  WebhookCredentials credential_source{webhook_urls};
  std::unique_ptr<transport::Resolver> resolver;
  std::unique_ptr<transport::LoopPool> loops;
  std::unique_ptr<portal::Registry> registry;
  std::unique_ptr<rpc::RegistrationRecovery> recovery;

  std::unique_ptr<rpc::PortalCallHandler> handler;
  std::unique_ptr<rpc::CallerAuth> callers;
  rpc::CallGate gate;
  std::shared_ptr<rpc::AccessLog> access_log;
  std::shared_ptr<const rpc::CallEnvironment> environment;
  std::unique_ptr<rpc::RawCallHandler> raw_handler;
  const rpc::RawService raw_service;
  std::unique_ptr<rpc::ReflectionServices> reflection;
  std::unique_ptr<rpc::Server> server;
  std::atomic<bool> ready{false};
  std::unique_ptr<base::HttpListener> http;
  std::atomic<bool> stopped{false};
  std::unique_ptr<rpc::AdminHandler> admin_handler;
  std::unique_ptr<rpc::AdminServer> admin;
};

absl::Status Gateway::Parts::Build(const std::vector<const FileDescriptor*>& more_files) {
  std::vector<const FileDescriptor*> files = contract::Files();
  files.insert(files.end(), more_files.begin(), more_files.end());
  auto table = translate::MethodTable::Create(files);
  if (!table.ok()) return table.status();
  methods = *std::move(table);
  if (auto status = BuildStorage(); !status.ok()) return status;
  if (auto status = BuildPortals(); !status.ok()) return status;
  if (auto status = BuildServer(more_files); !status.ok()) return status;
  if (auto status = BuildHttp(); !status.ok()) return status;
  if (auto status = BuildAdmin(); !status.ok()) return status;
  recovery = std::make_unique<rpc::RegistrationRecovery>(rpc::RegistrationRecovery::Dependencies{
      .registry = *registry, .vault = *vault, .executor = storage_thread, .logger = logger, .clock = clock});
  recovery->Start();
  ready = true;
  return absl::OkStatus();
}

absl::Status Gateway::Parts::BuildStorage() {
  std::vector<base::SealKey> old_keys;
  for (size_t i = 1; i < configuration->seal_keys.size(); ++i) old_keys.push_back(configuration->seal_keys[i].Copy());
  sealer = std::make_unique<base::Sealer>(configuration->seal_keys.at(0).Copy(), std::move(old_keys), random);
  auto opened = storage::SqliteStore::Open(configuration->settings.storage().sqlite().path());
  if (!opened.ok()) return opened.status();
  store = *std::move(opened);
  std::vector<credentials::ConfiguredBot> bots;
  for (const auto& bot : configuration->settings.bots()) {
    bots.push_back(
        {bot.portal(), bot.name(), bot.bot_id(), configuration->bot_secrets.at({bot.portal(), bot.name()}).Copy()});
  }
  auto created = credentials::BotVault::Create(
      {.store = *store, .storage_thread = storage_thread, .sealer = *sealer, .random = random, .clock = clock},
      std::move(bots));
  if (!created.ok()) return created.status();
  vault = *std::move(created);

  // Made once and kept: the same idempotency key must give the same templateId after a restart.
  constexpr std::string_view kContext = "value/template_id_secret";
  const auto sealed = store->GetOrPutValue("template_id_secret", sealer->Seal(base::SecretToken(random), kContext));
  if (!sealed.ok()) return sealed.status();
  auto template_secret = sealer->Open(*sealed, kContext);
  if (!template_secret.ok()) return template_secret.status();
  template_id_secret = *std::move(template_secret);
  keys = std::make_unique<portal::KeyLedger>(
      portal::KeyLedger::Dependencies{.store = *store,
                                      .storage_thread = storage_thread,
                                      .random = random,
                                      .clock = clock,
                                      .metrics = portal::KeyLedgerMetrics::From(metrics)},
      template_id_secret,
      portal::KeyLedgerOptions{.reply_timeout = SchedulerOptionsFrom(configuration->settings.limits()).reply_timeout});
  return absl::OkStatus();
}

absl::Status Gateway::Parts::BuildPortals() {
  for (const auto& portal : configuration->settings.portals()) {
    webhook_urls.Add(portal.name(), portal.base_url(), portal.webhook().user_id(),
                     configuration->webhook_codes.at(portal.name()));
  }
  auto created = transport::CreateSystemResolver(ResolverOptionsFrom(configuration->settings.transport()), clock);
  if (!created.ok()) return created.status();
  resolver = *std::move(created);
  auto pool =
      transport::LoopPool::Create(LoopCountOf(*configuration), HttpOptionsFrom(*configuration), *resolver, clock);
  if (!pool.ok()) return pool.status();
  loops = *std::move(pool);
  auto options = SchedulerOptionsFrom(configuration->settings.limits());
  const auto scheduler_metrics = MakeSchedulerMetrics(metrics);
  std::vector<std::unique_ptr<portal::Port>> ports;
  // Portals of one host and egress group are counted together, and live on one loop.
  std::map<std::pair<std::string, std::string>, std::shared_ptr<portal::LeakyBucket>> buckets;
  for (const auto& portal : configuration->settings.portals()) {
    const std::string authority = AuthorityOf(portal);
    std::shared_ptr<portal::LeakyBucket>& bucket = buckets[{authority, portal.egress_group()}];
    if (bucket == nullptr) bucket = std::make_shared<portal::LeakyBucket>(RatePlanOf(portal));
    options.operating_limit = OperatingLimitOf(portal);
    ports.push_back(std::make_unique<portal::Port>(portal.name(), loops->For(authority), clock, credential_source,
                                                   bucket, options, scheduler_metrics));
  }
  registry = std::make_unique<portal::Registry>(std::move(ports));
  return absl::OkStatus();
}

absl::Status Gateway::Parts::BuildServer(const std::vector<const FileDescriptor*>& more_files) {
  rpc::CallPolicy policy;
  policy.default_portal = configuration->settings.default_portal();
  for (const auto& host : configuration->settings.handler_hosts()) policy.handler_hosts.insert(base::ToLower(host));
  handler = std::make_unique<rpc::PortalCallHandler>(
      rpc::PortalCallHandler::Dependencies{
          .registry = *registry, .vault = *vault, .keys = *keys, .random = random, .clock = clock, .logger = &logger},
      policy, std::move(template_id_secret));
  raw_handler = std::make_unique<rpc::RawCallHandler>(
      rpc::RawCallHandler::Dependencies{
          .registry = *registry, .vault = *vault, .methods = *methods, .keys = *keys, .logger = &logger},
      std::move(policy));

  std::vector<rpc::CallerSet::Entry> entries;
  for (const auto& caller : configuration->settings.callers()) {
    entries.push_back({{.name = caller.name(), .raw_allowed = caller.raw_allowed()}, caller.token_sha256()});
  }
  auto set = entries.empty() ? rpc::CallerSet::Anonymous(configuration->settings.anonymous_raw_allowed())
                             : rpc::CallerSet::Create(entries);
  if (!set.ok()) return set.status();
  callers = std::make_unique<rpc::CallerAuth>(*std::move(set));
  access_log = std::make_shared<rpc::AccessLog>(logger, metrics);
  const auto environment_for = [this](rpc::CallHandler& to) {
    return std::make_shared<const rpc::CallEnvironment>(
        rpc::CallEnvironment{.handler = to,
                             .callers = *callers,
                             .gate = gate,
                             .log = access_log,
                             .random = random,
                             .clock = clock,
                             .limits = CallLimitsFrom(configuration->settings.limits())});
  };
  environment = environment_for(*handler);

  google::protobuf::FileDescriptorSet described = contract::DescriptorSet();
  for (const FileDescriptor* file : more_files) rpc::AppendLinkedFile(*file, &described);
  rpc::ReflectionServices::AppendOwnFiles(&described);
  std::vector<std::string> served = rpc::ServiceNames(*methods);
  served.push_back(raw_service.name());
  std::vector<std::string> names = served;
  for (const char* name : {rpc::ReflectionServices::kV1, rpc::ReflectionServices::kV1Alpha, rpc::Health::kService,
                           "grpc.channelz.v1.Channelz"}) {
    names.emplace_back(name);
  }
  auto index = rpc::DescriptorIndex::Create(described, std::move(names));
  if (!index.ok()) return index.status();
  reflection = std::make_unique<rpc::ReflectionServices>(*std::move(index));

  rpc::EnableChannelz();
  rpc::Server::Parts parts;
  rpc::AddMethodRoutes(environment, *methods, &parts.routes);
  raw_service.AddTo(&parts.routes, environment_for(*raw_handler));
  reflection->AddTo(&parts.routes);
  rpc::AddUnknownRoute(environment, &parts.routes);
  parts.health_names = std::move(served);
  parts.gate = &gate;
  parts.answer_all = [this] {
    registry->Stop();
    keys->AnswerWaiting();
  };
  auto created = rpc::Server::Create(ServerOptionsFrom(*configuration), std::move(parts));
  if (!created.ok()) return created.status();
  server = *std::move(created);
  return absl::OkStatus();
}

absl::Status Gateway::Parts::BuildHttp() {
  if (!configuration->settings.listeners().has_http()) return absl::OkStatus();
  const auto text = [](int status, std::string body) {
    return base::HttpResponse{.status = status, .body = std::move(body)};
  };
  std::vector<base::HttpRoute> routes;
  routes.push_back({"GET", "/metrics", [this](const base::HttpRequest&) {
                      return base::HttpResponse{.status = 200,
                                                .content_type = base::Metrics::kContentType,
                                                .body = metrics.Expose() + portal::ExposePortals(*registry)};
                    }});
  routes.push_back({"GET", "/healthz", [text](const base::HttpRequest&) { return text(200, "ok\n"); }});
  routes.push_back({"GET", "/readyz", [this, text](const base::HttpRequest&) {
                      return ready ? text(200, "ready\n") : text(503, "not ready: starting or stopping\n");
                    }});
  auto created = base::HttpListener::Create({.address = configuration->settings.listeners().http().address()},
                                            std::move(routes), logger);
  if (!created.ok()) return created.status();
  http = *std::move(created);
  return absl::OkStatus();
}

absl::Status Gateway::Parts::BuildAdmin() {
  if (!configuration->settings.listeners().has_admin()) return absl::OkStatus();
  using imbot::gateway::v1::GatewayState;
  std::vector<rpc::AdminPortal> portals;
  for (const auto& portal : configuration->settings.portals())
    portals.push_back({portal.name(), std::string(portal::Authority(portal.base_url()))});
  admin_handler = std::make_unique<rpc::AdminHandler>(
      rpc::AdminHandler::Dependencies{.registry = *registry,
                                      .vault = *vault,
                                      .callers_gate = gate,
                                      .state =
                                          [this] {
                                            if (stopped) return GatewayState::GATEWAY_STATE_DRAINING;
                                            return ready ? GatewayState::GATEWAY_STATE_SERVING
                                                         : GatewayState::GATEWAY_STATE_STARTING;
                                          },
                                      .version = IMBOT_VERSION,
                                      .logger = logger,
                                      .clock = clock},
      std::move(portals));
  auto created = rpc::AdminServer::Create(
      ListenerFrom(configuration->settings.listeners().admin().address(), configuration->admin_tls), *admin_handler,
      access_log);
  if (!created.ok()) return created.status();
  admin = *std::move(created);
  admin_handler->SetListeners(ListenerStatuses());
  return absl::OkStatus();
}

std::vector<imbot::gateway::v1::ListenerStatus> Gateway::Parts::ListenerStatuses() const {
  using imbot::gateway::v1::ListenerKind;
  const auto& listeners = configuration->settings.listeners();
  const auto tls_of = [](const auto& listener) { return listener.has_tls() ? &listener.tls() : nullptr; };
  std::vector<imbot::gateway::v1::ListenerStatus> out;
  for (int i = 0; i < listeners.grpc_size(); ++i) {
    out.push_back(StatusOf(ListenerKind::LISTENER_KIND_GRPC, listeners.grpc(i).address(),
                           server->ports().at(static_cast<size_t>(i)), tls_of(listeners.grpc(i))));
  }
  if (http != nullptr)
    out.push_back(StatusOf(ListenerKind::LISTENER_KIND_HTTP, listeners.http().address(), http->port(), nullptr));
  out.push_back(StatusOf(ListenerKind::LISTENER_KIND_ADMIN, listeners.admin().address(), admin->port(),
                         tls_of(listeners.admin())));
  return out;
}

bool Gateway::Parts::Stop() {
  if (stopped.exchange(true)) return true;
  ready = false;
  bool whole = true;
  if (server != nullptr) {
    const auto& limits = configuration->settings.limits();
    whole = server->Shutdown(limits.has_shutdown_grace()
                                 ? milliseconds(TimeUtil::DurationToMilliseconds(limits.shutdown_grace()))
                                 : milliseconds(30'000));
  }
  // Up to here it told of the draining.
  admin.reset();
  // What is still under way belongs to callers that have gone.
  if (registry != nullptr) registry->Stop();
  if (loops != nullptr) loops->Stop(milliseconds(0));
  storage_thread.Stop();
  return whole;
}

Gateway::Gateway(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Gateway::~Gateway() {
  parts_->Stop();
}

absl::StatusOr<std::unique_ptr<Gateway>> Gateway::Start(std::shared_ptr<const Config> configuration,
                                                        base::Logger& logger,
                                                        const std::vector<const FileDescriptor*>& more_files) {
  std::unique_ptr<Gateway> gateway(new Gateway(std::make_unique<Parts>(std::move(configuration), logger)));
  if (absl::Status status = gateway->parts_->Build(more_files); !status.ok()) return status;
  return gateway;
}

std::vector<int> Gateway::grpc_ports() const {
  return parts_->server->ports();
}
int Gateway::http_port() const {
  return parts_->http == nullptr ? 0 : parts_->http->port();
}
int Gateway::admin_port() const {
  return parts_->admin == nullptr ? 0 : parts_->admin->port();
}
bool Gateway::Stop() {
  return parts_->Stop();
}

}  // namespace imbot
