#include "service/rpc/tls.h"

#include "service/base/server_certificate.h"

namespace imbot::rpc {

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> CredentialsOf(const std::optional<TlsOptions>& tls) {
  if (!tls.has_value()) return grpc::InsecureServerCredentials();
  if (const auto mistake =
          base::FindCertificateMistake(tls->certificate_chain_pem, tls->private_key_pem, tls->client_ca_pem))
    return absl::InvalidArgumentError(mistake->text);
  grpc::SslServerCredentialsOptions options(tls->client_ca_pem.empty()
                                                ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
                                                : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = tls->client_ca_pem;
  options.pem_key_cert_pairs.push_back({std::string(tls->private_key_pem.Reveal()), tls->certificate_chain_pem});
  return grpc::SslServerCredentials(options);
}

}  // namespace imbot::rpc
