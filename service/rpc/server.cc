#include "service/rpc/server.h"

#include <grpcpp/ext/channelz_service_plugin.h>
#include <grpcpp/resource_quota.h>

#include <algorithm>
#include <mutex>
#include <thread>
#include <utility>

#include "service/base/strings.h"

namespace imbot::rpc {
namespace {

// Half of what clients are promised (10 s): their timers and the network are not exact, and the third ping that comes
// early costs them the connection.
constexpr int kLeastPingIntervalMs = 5'000;
// What gRPC gets to send its last bytes and to end streams that count no calls: health watchers, reflection.
constexpr std::chrono::milliseconds kFlush{200};

// Streams of each thread for which there is somebody already when they arrive; more of them wait a little longer.
constexpr int kAwaited = 8;

unsigned ThreadsOf(const ServerOptions& options) {
  if (options.completion_threads > 0) return options.completion_threads;
  return std::clamp(std::thread::hardware_concurrency() / 2, 1U, 8U);
}

int Milliseconds(std::chrono::milliseconds time) {
  return static_cast<int>(time.count());
}

}  // namespace

void EnableChannelz() {
  static std::once_flag once;
  std::call_once(once, grpc::channelz::experimental::InitChannelzService);
}

Server::Server(ServerOptions options, Parts parts)
    : options_(std::move(options)),
      parts_(std::move(parts)),
      health_(parts_.health_names),
      unary_service_(AllRoutes()),
      acceptor_(connections_, options_.keepalive_timeout) {}

const Routes& Server::AllRoutes() {
  health_.AddTo(&parts_.routes);
  return parts_.routes;
}

absl::StatusOr<std::unique_ptr<Server>> Server::Create(ServerOptions options, Parts parts) {
  if (options.channelz) EnableChannelz();
  std::unique_ptr<Server> server(new Server(std::move(options), std::move(parts)));
  const ServerOptions& opts = server->options_;

  grpc::ServerBuilder builder;
  absl::Status listens = server->Listen(&builder);
  if (!listens.ok()) {
    server->stopped_ = true;
    return listens;
  }
  builder.RegisterService(&server->unary_service_);
  builder.RegisterAsyncGenericService(&server->stream_service_);
  for (unsigned i = 0; i < ThreadsOf(opts); ++i)
    server->threads_.push_back(std::make_shared<CompletionThread>(builder.AddCompletionQueue(), server->connections_));
  builder.SetMaxReceiveMessageSize(opts.max_receive_bytes);
  builder.SetMaxSendMessageSize(opts.max_send_bytes);
  grpc::ResourceQuota quota("imbot");
  quota.Resize(opts.memory_quota_bytes);
  builder.SetResourceQuota(quota);
  // Only channelz is synchronous; it needs no more. (Its threads wait for no events, since others do.)
  builder.SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MIN_POLLERS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, 2);
  // How far a caller may send ahead of what is read. Left to itself gRPC measures the path and opens the window to
  // megabytes, which an upload to a slow portal then fills.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 512 << 10);
  builder.AddChannelArgument(GRPC_ARG_ENABLE_CHANNELZ, opts.channelz ? 1 : 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, opts.max_concurrent_streams);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, Milliseconds(opts.keepalive_time));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, Milliseconds(opts.keepalive_timeout));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, kLeastPingIntervalMs);
  if (opts.max_connection_age.count() > 0) {
    builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, Milliseconds(opts.max_connection_age));
  }

  server->server_ = builder.BuildAndStart();
  if (server->server_ == nullptr) {
    server->stopped_ = true;
    return absl::UnavailableError("the gRPC library refuses to serve; see its own lines in the log");
  }
  server->Begin();
  return server;
}

absl::Status Server::Listen(grpc::ServerBuilder* builder) {
  using Experimental = grpc::ServerBuilder::experimental_type;
  std::string failed;
  const auto fails = [&failed](const std::string& what) { base::StrAppend(&failed, failed.empty() ? "" : "; ", what); };
  for (const Listener& listener : options_.listeners) {
    const auto credentials = CredentialsOf(listener.tls);
    if (!credentials.ok()) {
      fails(base::StrCat(listener.address, ": ", std::string(credentials.status().message())));
      continue;
    }
    auto port = acceptor_.Listen(listener.address, [to = builder->experimental().AddExternalConnectionAcceptor(
                                                        Experimental::ExternalConnectionType::FROM_FD, *credentials)](
                                                       base::FileDescriptor socket) {
      grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters connection;
      connection.fd = socket.Release();
      to->HandleNewConnection(&connection);
    });
    port.ok() ? ports_.push_back(*port) : fails(std::string(port.status().message()));
  }
  if (failed.empty()) return absl::OkStatus();
  return absl::UnavailableError(base::StrCat("can't listen on ", failed));
}

void Server::Begin() {
  health_.SetServing(true);
  for (const auto& thread : threads_) {
    unary_service_.Begin(thread);
    for (int i = 0; i < kAwaited; ++i) StreamRpc::Await(stream_service_, parts_.routes, thread);
    thread->Start();
  }
  acceptor_.Start();
}

Server::~Server() {
  if (server_ != nullptr) Shutdown(std::chrono::milliseconds(0));
}

void Server::BeginDrain() {
  if (drain_began_.has_value()) return;
  drain_began_ = base::Clock::System().Now();
  health_.SetServing(false);
  if (parts_.gate != nullptr) parts_.gate->Close();
}

bool Server::Shutdown(std::chrono::milliseconds grace) {
  if (std::exchange(stopped_, true)) return true;
  const base::MonoTime give_up = base::Clock::System().Now() + grace;
  BeginDrain();
  std::this_thread::sleep_until(std::min(*drain_began_ + options_.drain_delay, give_up));
  // gRPC's own waiting would take the whole grace if anybody watches our health, since such a stream never ends by
  // itself.
  const bool empty = parts_.gate == nullptr || parts_.gate->WaitUntilEmpty(give_up);
  if (!empty && parts_.answer_all != nullptr) {
    parts_.answer_all();
    parts_.gate->WaitUntilEmpty(base::Clock::System().Now() + kFlush);
  }
  acceptor_.Stop();
  server_->Shutdown(std::chrono::system_clock::now() + kFlush);
  server_->Wait();
  for (const auto& thread : threads_) thread->Stop();
  return empty;
}

}  // namespace imbot::rpc
