#include "service/rpc/peer.h"

#include <grpc/grpc_security_constants.h>

#include <memory>
#include <vector>

namespace imbot::rpc {

Peer PeerOf(const grpc::ServerContextBase& context) {
  Peer peer;
  peer.address = PlainAddress(context.peer());
  const std::shared_ptr<const grpc::AuthContext> proved = context.auth_context();
  if (proved == nullptr || !proved->IsPeerAuthenticated()) return peer;
  // Many certificates of services have their name among the alternative ones alone.
  for (const char* const property : {GRPC_X509_SUBJECT_PROPERTY_NAME, GRPC_X509_SAN_PROPERTY_NAME}) {
    for (const grpc::string_ref& value : proved->FindPropertyValues(property)) {
      if (value.empty()) continue;
      if (!peer.certificate.empty()) peer.certificate += "; ";
      peer.certificate.append(value.data(), value.size());
    }
  }
  return peer;
}

std::string PlainAddress(std::string_view uri) {
  for (const std::string_view scheme : {std::string_view("ipv4:"), std::string_view("ipv6:")}) {
    if (uri.starts_with(scheme)) uri.remove_prefix(scheme.size());
  }
  std::string text;
  while (!uri.empty()) {
    if (uri.starts_with("%5B") || uri.starts_with("%5D")) {
      text += uri[2] == 'B' ? '[' : ']';
      uri.remove_prefix(3);
    } else {
      text += uri.front();
      uri.remove_prefix(1);
    }
  }
  return text;
}

}  // namespace imbot::rpc
