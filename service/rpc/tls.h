// TLS of a listener. Stateless; thread-safe.
#ifndef IMBOT_SERVICE_RPC_TLS_H_
#define IMBOT_SERVICE_RPC_TLS_H_

#include <grpcpp/security/server_credentials.h>

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "service/base/secret.h"

namespace imbot::rpc {

struct TlsOptions {
  std::string certificate_chain_pem;  // the server's own first
  base::Secret private_key_pem;
  // Set: a client must show a certificate that one of these signed.
  std::string client_ca_pem;
};

// Of a listener; unset: plain text. INVALID_ARGUMENT, saying which part is wrong: gRPC itself says nothing if it can't
// serve with them, and then never answers.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> CredentialsOf(const std::optional<TlsOptions>& tls);

}  // namespace imbot::rpc

#endif  // IMBOT_SERVICE_RPC_TLS_H_
