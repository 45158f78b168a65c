#include "service/transport/curl_transport.h"

#include <utility>

namespace imbot::transport {
namespace {

Admission::Limits LimitsOf(const HttpOptions& options) {
  return {.connections_per_host = options.max_connections_per_host,
          .connections = options.max_connections,
          .streams_per_connection = options.max_streams_per_connection,
          .wait_for_multiplex = options.wait_for_multiplex};
}

Result Failed(Failure::Kind kind, bool sent, std::string message) {
  Result result;
  result.failure = Failure{kind, sent, std::move(message)};
  return result;
}

}  // namespace

CurlTransport::CurlTransport(CURLM* multi, CurlEvents& events, const HttpOptions& options, Resolver& resolver,
                             const base::Clock& clock, base::Executor& executor, std::shared_ptr<Inbox> inbox,
                             KeptSockets& sockets)
    : multi_(multi),
      events_(events),
      options_(options),
      resolver_(resolver),
      clock_(clock),
      executor_(executor),
      inbox_(std::move(inbox)),
      proxy_(options.proxy.empty() ? std::nullopt : ParseProxyEndpoint(options.proxy)),
      sockets_(sockets),
      handles_([this](CURL* easy) { return CurlTransfer::Configure(options_, sockets_, easy); }),
      admission_(LimitsOf(options)) {}

CurlTransport::~CurlTransport() = default;

void CurlTransport::FailSoon(Callback done, Failure failure) {
  executor_.Post([done = std::move(done), failure = std::move(failure)]() mutable {
    Result result;
    result.failure = std::move(failure);
    std::move(done)(std::move(result));
  });
}

std::optional<Endpoint> CurlTransport::EndpointOf(const base::Secret& url) {
  constexpr size_t kMost = 4096;
  const std::string_view origin = OriginOf(url.Reveal());
  if (origin.empty()) return ParseEndpoint(url);
  if (const auto found = endpoints_.find(absl::string_view(origin.data(), origin.size())); found != endpoints_.end())
    return found->second;
  std::optional<Endpoint> endpoint = ParseEndpoint(url);
  if (endpoints_.size() >= kMost) endpoints_.clear();
  if (endpoint.has_value()) endpoints_.emplace(std::string(origin), *endpoint);
  return endpoint;
}

void CurlTransport::Send(Request request, Callback done) {
  if (refusing_) return FailSoon(std::move(done), {Failure::Kind::kStopped, false, "the gateway is stopping"});
  std::optional<Endpoint> target = EndpointOf(request.url);
  if (!target.has_value())
    return FailSoon(std::move(done), {Failure::Kind::kBlocked, false, "the URL is not one that can be called"});

  const uint64_t id = ++last_id_;
  auto owned = std::make_unique<Transfer>();
  Transfer& transfer = *owned;
  transfer.request = std::move(request);
  transfer.done = std::move(done);
  transfer.begun = clock_.Now();
  transfer.target = *std::move(target);
  transfer.route.peer = proxy_.value_or(transfer.target);
  transfer.give_up = executor_.PostAt(transfer.request.give_up_at, [this, id] { OnGiveUp(id); });
  transfers_.emplace(id, std::move(owned));

  if (proxy_.has_value() && transfer.target.literal.has_value() &&
      !options_.address_policy(transfer.target.host, *transfer.target.literal)) {
    executor_.Post(
        [this, id] { Finish(id, Failed(Failure::Kind::kBlocked, false, "the address is not an allowed one")); });
    return;
  }
  if (transfer.route.peer.literal.has_value()) {
    OnResolved(id, Resolution{{*transfer.route.peer.literal}, ""});
    return;
  }
  resolver_.Resolve(transfer.route.peer.host, [this, id, inbox = inbox_](const Resolution& resolution) {
    // Off the loop's thread, `this` may be gone: then the inbox is closed.
    if (inbox->InOwnerThread()) {
      OnResolved(id, resolution);
    } else {
      inbox->Post([this, id, resolution] { OnResolved(id, resolution); });
    }
  });
}

// May be inside Send: calls no callback.
void CurlTransport::OnResolved(uint64_t id, const Resolution& resolution) {
  const auto found = transfers_.find(id);
  if (found == transfers_.end()) return;
  Transfer& transfer = *found->second;
  std::vector<Address>& allowed = transfer.route.addresses;
  for (const Address& address : resolution.addresses) {
    if (proxy_.has_value() || options_.address_policy(transfer.target.host, address)) allowed.push_back(address);
  }
  if (!allowed.empty()) return Admit(id, transfer);
  executor_.Post([this, id, unknown = resolution.addresses.empty(), message = resolution.message] {
    Finish(id, unknown ? Failed(Failure::Kind::kDns, false, "the host's name could not be resolved: " + message)
                       : Failed(Failure::Kind::kBlocked, false, "the address is not an allowed one"));
  });
}

void CurlTransport::Admit(uint64_t id, Transfer& transfer) {
  admission_.Add(transfer.target.Key(), id,
                 transfer.target.tls && options_.http2 && options_.max_streams_per_connection > 1);
  transfer.admitted = true;
  StartAdmitted();
}

void CurlTransport::StartAdmitted() {
  while (const std::optional<uint64_t> id = cancelling_ ? std::nullopt : admission_.Next())
    Start(*id, *transfers_.at(*id));
}

void CurlTransport::Start(uint64_t id, Transfer& transfer, bool fresh) {
  CurlTransfer::WantResume want_resume;
  if (transfer.request.source != nullptr || transfer.request.sink != nullptr) {
    // Whoever resumes may outlive the transport: then the inbox is closed.
    want_resume = [this, id, inbox = inbox_] { inbox->Post([this, id] { OnResume(id); }); };
  }
  transfer.curl = std::make_unique<CurlTransfer>(
      options_, transfer.request, transfer.target.tls, sockets_,
      [this, id](bool multiplex) { connected_.emplace_back(id, multiplex); }, std::move(want_resume));
  const bool ready = transfer.curl->Prepare(
      handles_.Get(), transfer.target.tls ? tls_sessions_.For(transfer.target.Key()) : nullptr, transfer.route, fresh);
  if (!ready || curl_multi_add_handle(multi_, transfer.curl->easy()) != CURLM_OK) {
    executor_.Post(
        [this, id] { Finish(id, Failed(Failure::Kind::kConnect, false, "libcurl took no more transfers")); });
    return;
  }
  by_handle_.emplace(transfer.curl->easy(), id);
}

void CurlTransport::Turn() {
  events_.Deliver();
  for (const auto& [id, multiplex] : connected_) admission_.Connected(transfers_.at(id)->target.Key(), multiplex);
  connected_.clear();

  // First everything out of curl, then the callbacks, which may send again.
  std::vector<std::pair<uint64_t, Result>> ended;
  std::vector<uint64_t> again;
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;  // gone after removal
    const uint64_t id = by_handle_.at(message->easy_handle);
    Transfer& transfer = *transfers_.at(id);
    if (transfer.curl->wants_fresh_connection()) {
      RemoveFromCurl(transfer, false);
      again.push_back(id);
      continue;
    }
    ended.emplace_back(id, transfer.curl->TakeResult(code));
    RemoveFromCurl(transfer, code == CURLE_OK);
  }
  // In the place that they already have.
  for (const uint64_t id : again) Start(id, *transfers_.at(id), /*fresh=*/true);
  StartAdmitted();
  for (auto& [id, result] : ended) Finish(id, std::move(result));
}

void CurlTransport::RemoveFromCurl(Transfer& transfer, bool reusable) {
  by_handle_.erase(transfer.curl->easy());
  curl_multi_remove_handle(multi_, transfer.curl->easy());
  EasyHandle easy = transfer.curl->Release();
  if (reusable) handles_.Put(std::move(easy));
}

void CurlTransport::OnGiveUp(uint64_t id) {
  const auto found = transfers_.find(id);
  if (found == transfers_.end()) return;
  Transfer& transfer = *found->second;
  bool sent = false;
  std::string message = "no answer to the host's name in time";
  if (transfer.curl != nullptr) {
    sent = transfer.curl->may_have_left();
    message = sent ? "no whole reply in time" : "no connection in time";
  } else if (transfer.admitted) {
    message = "no free connection in time";
  }
  Finish(id, Failed(Failure::Kind::kTimeout, sent, std::move(message)));
}

void CurlTransport::OnResume(uint64_t id) {
  const auto found = transfers_.find(id);
  // Between its end and its removal nothing is called back.
  if (found == transfers_.end() || found->second->curl == nullptr || found->second->curl->easy() == nullptr) return;
  found->second->curl->Resume();
}

void CurlTransport::CancelAll() {
  refusing_ = true;
  cancelling_ = true;
  while (!transfers_.empty()) {
    const auto& [id, transfer] = *transfers_.begin();
    Finish(id, Failed(Failure::Kind::kStopped, transfer->curl != nullptr && transfer->curl->may_have_left(),
                      "the gateway is stopping"));
  }
}

void CurlTransport::Finish(uint64_t id, Result result) {
  const auto found = transfers_.find(id);
  if (found == transfers_.end()) return;  // it ended otherwise in the meantime
  const std::unique_ptr<Transfer> transfer = std::move(found->second);
  transfers_.erase(found);
  executor_.CancelTimer(transfer->give_up);
  if (transfer->curl != nullptr && transfer->curl->easy() != nullptr) RemoveFromCurl(*transfer, false);
  if (transfer->admitted) admission_.Remove(transfer->target.Key(), id);
  StartAdmitted();
  result.reply.elapsed = std::chrono::duration_cast<std::chrono::microseconds>(clock_.Now() - transfer->begun);
  if (transfer->curl != nullptr) result.reply.certificate_expires_at = transfer->curl->certificate_expires_at();
  std::move(transfer->done)(std::move(result));
}

}  // namespace imbot::transport
