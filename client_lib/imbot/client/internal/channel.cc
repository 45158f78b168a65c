// The channel: where to, by which credentials, and gRPC's own settings.
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "imbot/client/internal/core.h"

namespace imbot::client::internal {
namespace {

int Milliseconds(std::chrono::milliseconds time) {
  return static_cast<int>(time.count());
}

absl::StatusOr<std::string> ReadPem(const std::string& path) {
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  if (!in || !(out << in.rdbuf())) {
    return absl::ErrnoToStatus(errno == 0 ? EIO : errno, absl::StrCat("can't read ", path));
  }
  return out.str();
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeCredentials(const Tls& tls) {
  grpc::SslCredentialsOptions ssl;
  for (const auto& [path, pem] :
       {std::pair(&tls.ca_file, &ssl.pem_root_certs), std::pair(&tls.certificate_file, &ssl.pem_cert_chain),
        std::pair(&tls.key_file, &ssl.pem_private_key)}) {
    if (path->empty()) continue;
    absl::StatusOr<std::string> content = ReadPem(*path);
    if (!content.ok()) return content.status();
    if (content->find("-----BEGIN ") == content->npos) {
      return absl::InvalidArgumentError(absl::StrCat(*path, " holds nothing in PEM"));
    }
    *pem = *std::move(content);
  }
  return grpc::SslCredentials(ssl);
}

// gRPC 1.51 ends its callback threads with the last channel or server that has used them, and whoever drops that one
// joins them. With us it may well be a callback that does, of a call that outlives its client: it would wait for
// itself, or pull the queue from under its own feet. So one channel, which leads nowhere, keeps them for ever.
void KeepCallbackThreads() {
  // Used: what is not read would not be stored, and what is not stored counts as lost.
  [[gnu::used]] static const auto* const kept = [] {
    auto* channel = new std::shared_ptr<grpc::Channel>(grpc::CreateChannel("", nullptr));
    struct Call {
      grpc::ClientContext context;
      grpc::Slice nothing;
      grpc::ByteBuffer request{&nothing, 1}, response;
    };
    auto call = std::make_shared<Call>();
    // Fails at once; a channel uses the threads from its first call on.
    grpc::GenericStub(*channel).UnaryCall(&call->context, "/", grpc::StubOptions(), &call->request, &call->response,
                                          [call](const grpc::Status&) {});
    return channel;
  }();
}

}  // namespace

std::string GrpcTarget(const std::string& target) {
  for (const std::string scheme : {"ipv4:", "ipv6:"}) {
    if (target.starts_with(scheme) && !target.starts_with(scheme + "//")) {
      return absl::StrCat(scheme, "///", target.substr(scheme.size()));
    }
  }
  if (target.starts_with("unix:/") && !target.starts_with("unix://")) return absl::StrCat("unix://", target.substr(5));
  return target;
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeChannel(const ClientOptions& options) {
  KeepCallbackThreads();
  grpc::ChannelArguments arguments;
  std::shared_ptr<grpc::ChannelCredentials> credentials = grpc::InsecureChannelCredentials();
  if (const auto* tls = std::get_if<Tls>(&options.security); tls != nullptr) {
    auto made = MakeCredentials(*tls);
    if (!made.ok()) return made.status();
    credentials = *std::move(made);
    if (!tls->server_name.empty()) arguments.SetSslTargetNameOverride(tls->server_name);
  }
  // All addresses in turn, and no policy of a name server's: neither another balancer nor retries beside ours. What
  // gRPC repeats without a policy never reached a server, by HTTP/2's own word.
  arguments.SetServiceConfigJSON(R"({"loadBalancingConfig": [{"round_robin": {}}]})");
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  // Found again soon after it was away: our own pauses are shorter than gRPC's.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 5'000);
  arguments.SetInt(GRPC_ARG_DNS_MIN_TIME_BETWEEN_RESOLUTIONS_MS, 1'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, Milliseconds(options.keepalive_time));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, Milliseconds(options.keepalive_timeout));
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);  // while a call waits for a portal, nothing else passes
  arguments.SetMaxReceiveMessageSize(options.max_message_bytes);
  arguments.SetMaxSendMessageSize(options.max_message_bytes);
  arguments.SetUserAgentPrefix("imbot-client/" IMBOT_CLIENT_VERSION);
  return grpc::CreateCustomChannel(GrpcTarget(options.target), credentials, arguments);
}

}  // namespace imbot::client::internal
