// One configuration, read, checked and complete: what everything is built from.
//
// An immutable snapshot held by shared_ptr<const Config>; a reload makes another one. Thread-safe, as nothing changes.
// The secrets stand beside the message, never in it, so that the message can be shown.
#ifndef IMBOT_SERVICE_CONFIG_CONFIG_H_
#define IMBOT_SERVICE_CONFIG_CONFIG_H_

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "imbot/gateway/v1/config.pb.h"
#include "service/base/seal.h"
#include "service/base/secret.h"

namespace imbot::config {

using Settings = gateway::v1::Configuration;

// What the files of a listener's TLS hold, in PEM.
struct TlsMaterial {
  std::string certificate_chain;
  base::Secret private_key;
  std::string client_ca;  // empty: clients need no certificate
};

struct Config {
  // As written, with every default filled in and paths joined to the folder of the configuration file.
  Settings settings;

  std::map<std::string, base::Secret, std::less<>> webhook_codes;  // by portal; one for each
  std::map<std::pair<std::string, std::string>, base::Secret>
      bot_secrets;                                   // by portal and name; one for each of settings.bots
  base::Secret proxy;                                // empty: none
  std::vector<std::optional<TlsMaterial>> grpc_tls;  // in the order of settings.listeners.grpc
  std::optional<TlsMaterial> admin_tls;              // of settings.listeners.admin
  std::vector<base::SealKey> seal_keys;              // the first seals, all open

  // What works but deserves a look, one line each: `gateway.yaml:12:5: ...`.
  std::vector<std::string> warnings;
};

}  // namespace imbot::config

#endif  // IMBOT_SERVICE_CONFIG_CONFIG_H_
